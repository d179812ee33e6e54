/** componentstatuses: made when somebody asks, of what the parts of the control plane say of themselves. */
import type { ComponentStatus } from '../../../api/core/v1/types.ts';
import { hostAndPort } from '../../proxy/unreachable.ts';
import { ask } from '../../proxy/forward.ts';
import type { ReadonlyObject } from '../../objects.ts';

export interface Component {
  readonly name: string;
  /** What it says when it is well; throws what is wrong with it. */
  check(signal: AbortSignal): Promise<string>;
}

const patienceMs = 20_000;
const longest = 10 * 1024;

/** A component of its own on this machine, where it serves its health by default. */
function local(name: string, port: number): Component {
  const target = { host: '127.0.0.1', port, path: '/healthz', tls: { insecure: true } };
  return {
    name,
    async check(signal) {
      const url = `https://${hostAndPort(target)}${target.path}`;
      const response = await ask(target, signal).catch((error: Error) => {
        throw new Error(`Get ${JSON.stringify(url)}: ${signal.aborted ? 'context deadline exceeded' : error.message}`, { cause: error });
      });
      let text = '';
      for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
        text += part;
        if (text.length > longest) break;
      }
      if (response.statusCode !== 200) throw new Error(text);
      return text;
    },
  };
}

export const localComponents: readonly Component[] = [local('scheduler', 10_259), local('controller-manager', 10_257)];

export function componentStatuses(components: readonly Component[]): () => Promise<readonly ReadonlyObject[]> {
  return () => Promise.all(components.map(async ({ name, check }) => {
    const signal = AbortSignal.timeout(patienceMs);
    const [status, message] = await check(signal).then((said) => ['True', said] as const, (error: Error) => ['False', error.message] as const);
    const object: ComponentStatus = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name } as ComponentStatus['metadata'], conditions: [{ type: 'Healthy', status, message }] };
    return object as unknown as ReadonlyObject;
  }));
}
