/** /healthz, /livez and /readyz with named checks, `?verbose`, `?exclude=` and one path a check. */
import type { Clock } from '../base/clock.ts';
import type { ServingRequest } from './request.ts';
import { sendText } from './respond.ts';

/** Throws (or rejects) when it fails. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

/** A check that holds for `ms` from now on, whatever it would say: what has just begun may be unfinished. */
export function afterGrace(check: HealthCheck, clock: Clock, ms: number): HealthCheck {
  const until = clock.monotonic() + ms;
  return { name: check.name, check: () => (clock.monotonic() < until ? undefined : check.check()) };
}

/** Is told how each check of a whole group went; `type`: the group, as healthz. */
export type Observe = (name: string, type: string, holds: boolean) => void;

export const ping: HealthCheck = { name: 'ping', check() {} };

export class Health {
  readonly #groups: Readonly<Record<string, readonly HealthCheck[]>>;
  readonly #observe: Observe | undefined;

  /** By path, e.g. `{ '/livez': [ping], '/readyz': [ping, informers] }`. */
  constructor(groups: Readonly<Record<string, readonly HealthCheck[]>>, observe?: Observe) {
    this.#groups = groups;
    this.#observe = observe;
  }

  /** All of them, those of single checks too. */
  paths(): string[] {
    return Object.entries(this.#groups).flatMap(([path, checks]) => [path, ...checks.map((check) => `${path}/${check.name}`)]);
  }

  /** Answers when the path is one of health; false: somebody else's. */
  async handle(request: ServingRequest): Promise<boolean> {
    const second = request.path.indexOf('/', 1);
    const root = second < 0 ? request.path : request.path.slice(0, second);
    const checks = this.#groups[root];
    if (!checks) return false;
    const single = second < 0 ? '' : request.path.slice(second + 1);
    if (single !== '') {
      const chosen = checks.filter((c) => c.name === single);
      if (chosen.length === 0) return false;
      await answer(request, root.slice(1), chosen, true);
      return true;
    }
    await answer(request, root.slice(1), checks, false, this.#observe);
    return true;
  }
}

async function answer(request: ServingRequest, name: string, checks: readonly HealthCheck[], single: boolean, observe?: Observe): Promise<void> {
  const excluded = new Set(request.query.getAll('exclude'));
  const lines: string[] = [];
  const failed: string[] = [];
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok\n`);
      continue;
    }
    try {
      await check.check();
      observe?.(check.name, name, true);
      lines.push(`[+]${check.name} ok\n`);
    } catch {
      observe?.(check.name, name, false);
      // Reasons stay inside: the path is open to everybody.
      lines.push(`[-]${check.name} failed: reason withheld\n`);
      failed.push(check.name);
    }
  }
  if (excluded.size > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].map((e) => JSON.stringify(e)).join(',')}\n`);
  if (failed.length > 0) {
    sendText(request, 500, single ? `internal server error: ${failed[0]} failed\n` : `${lines.join('')}${name} check failed\n`);
    return;
  }
  sendText(request, 200, request.query.has('verbose') && !single ? `${lines.join('')}${name} check passed\n` : 'ok');
}
