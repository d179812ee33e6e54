/** Another server is asked, by SubjectAccessReview; its answers are remembered for a while. */
import type { Metrics } from '../../../base/metrics.ts';
import { Remembered } from '../../../base/remembered.ts';
import type { Surroundings } from '../../../base/surroundings.ts';
import { evaluate, type Program } from '../../../machinery/cel/cel.ts';
import { CelError } from '../../../machinery/cel/values.ts';
import type { SubjectAccessReview } from '../../../api/authorization/v1/types.ts';
import type { Attributes, Authorizer, Decision } from '../../../serving/identity.ts';
import type { RemoteConfig } from '../../files/kubeconfig.ts';
import type { RulingAuthorizer } from '../chain.ts';
import { Remote } from '../../files/remote.ts';

export interface AuthorizationWebhookOptions {
  readonly remote: RemoteConfig;
  /** Of authorization.k8s.io. */
  readonly version: string;
  /** 0: not remembered. */
  readonly authorizedMs: number;
  readonly unauthorizedMs: number;
  readonly timeoutMs: number;
  /** What is decided when it cannot be asked, or answers nonsense. */
  readonly onError: 'none' | 'deny';
  /** All must hold, or it is not asked. */
  readonly conditions: readonly Program[];
  readonly surroundings: Surroundings;
  /** As metrics call it. */
  readonly name: string;
  readonly meter: WebhookMeter;
}

/** Counts for all webhooks that authorize, from when there is somebody to count for. */
export class WebhookMeter {
  #families: ReturnType<typeof familiesOf> | undefined;

  instrument(metrics: Metrics): void {
    this.#families = familiesOf(metrics);
  }

  /** `result`: success, timeout, error or canceled. */
  asked(name: string, result: string, milliseconds: number, failedOpen: boolean): void {
    const families = this.#families;
    families?.evaluations.inc(1, name, result);
    families?.duration.observe(milliseconds / 1000, name, result);
    if (failedOpen) families?.failOpen.inc(1, name, result);
  }

  judged(name: string, outcome: boolean | 'error', milliseconds: number): void {
    const families = this.#families;
    families?.conditionTime.observe(milliseconds / 1000, 'Webhook', name);
    if (outcome === 'error') families?.conditionErrors.inc(1, 'Webhook', name);
    else if (!outcome) families?.exclusions.inc(1, 'Webhook', name);
  }
}

function familiesOf(metrics: Metrics) {
  const prefix = 'apiserver_authorization_';
  const [labels, kinds] = [['name', 'result'], ['type', 'name']];
  return {
    evaluations: metrics.counter({ name: `${prefix}webhook_evaluations_total`, labels, help: '[ALPHA] Questions that an authorization webhook was asked.' }),
    duration: metrics.histogram({ name: `${prefix}webhook_duration_seconds`, labels, help: '[ALPHA] Seconds that an authorization webhook took to answer.' }),
    failOpen: metrics.counter({ name: `${prefix}webhook_evaluations_fail_open_total`, labels, help: '[ALPHA] Questions that stayed open because the webhook failed.' }),
    conditionTime: metrics.histogram({ name: `${prefix}match_condition_evaluation_seconds`, labels: kinds, buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25], help: '[ALPHA] Seconds that the match conditions of an authorizer took.' }),
    conditionErrors: metrics.counter({ name: `${prefix}match_condition_evaluation_errors_total`, labels: kinds, help: '[ALPHA] Match conditions of an authorizer that failed.' }),
    exclusions: metrics.counter({ name: `${prefix}match_condition_exclusions_total`, labels: kinds, help: '[ALPHA] Requests that match conditions kept from an authorizer.' }),
  };
}

const remembered = 8192;
/** Parts of requests that are longer would fill the memory with one user's inventions. */
const longestRemembered = 10_000;

type Spec = SubjectAccessReview['spec'];

export function authorizationWebhook(options: AuthorizationWebhookOptions): RulingAuthorizer & { close(): void } {
  const { version, surroundings, conditions, onError, name, meter } = options;
  const { clock } = surroundings;
  const remote = new Remote(options.remote, surroundings);
  const answers = new Remembered<SubjectAccessReview['status']>(surroundings.clock, remembered);
  const failed = (error: unknown): Decision => {
    surroundings.log.error('Failed to make webhook authorizer request', error);
    return { decision: onError, reason: '' };
  };
  const ask = async (spec: Spec, key: string, memorable: boolean): Promise<SubjectAccessReview['status']> => {
    const review = { apiVersion: `authorization.k8s.io/${version}`, kind: 'SubjectAccessReview', metadata: { creationTimestamp: null }, spec: version === 'v1beta1' ? renamed(spec) : spec, status: { allowed: false } };
    const since = clock.monotonic();
    let result = 'success';
    let answer: Partial<Pick<SubjectAccessReview, 'status'>>;
    try {
      answer = (await remote.post(review, options.timeoutMs)) as unknown as typeof answer;
    } catch (error) {
      result = clock.monotonic() - since >= options.timeoutMs ? 'timeout' : 'error';
      throw error;
    } finally {
      meter.asked(name, result, clock.monotonic() - since, result !== 'success' && onError === 'none');
    }
    const { status = { allowed: false } } = answer;
    const ms = status.allowed ? options.authorizedMs : options.unauthorizedMs;
    if (ms > 0 && memorable) answers.set(key, status, ms);
    return status;
  };
  const judged = (spec: Spec): boolean => {
    const since = clock.monotonic();
    let outcome: boolean | 'error' = 'error';
    try {
      return (outcome = holds(conditions, spec));
    } finally {
      meter.judged(name, outcome, clock.monotonic() - since);
    }
  };
  const authorize: Authorizer = async (a) => {
    const spec = specOf(a);
    try {
      if (conditions.length > 0 && !judged(spec)) return { decision: 'none', reason: '' };
      const key = JSON.stringify(spec);
      const { allowed, denied, reason = '' } = answers.get(key) ?? (await ask(spec, key, sizeOf(a) < longestRemembered));
      if (denied && allowed) surroundings.log.error('webhook subject access review returned both allow and deny response', undefined);
      return { decision: denied ? 'deny' : allowed ? 'allow' : 'none', reason };
    } catch (error) {
      return failed(error);
    }
  };
  return { type: 'Webhook', name, authorize, rulesOf: () => ({ rules: [], incomplete: true, error: 'webhook authorizer does not support user rule resolution' }), close: () => remote.close() };
}

function sizeOf(a: Attributes): number {
  return [a.namespace, a.verb, a.group, a.version, a.resource, a.subresource, a.name, a.path].reduce((sum, part) => sum + part.length, 0);
}

function specOf(a: Attributes): Spec {
  const { user, selectors } = a;
  const shared = { user: user.name, groups: [...user.groups], ...(user.uid ? { uid: user.uid } : {}), ...(user.extra ? { extra: user.extra as Record<string, string[]> } : {}) };
  if (!a.isResource) return { ...shared, nonResourceAttributes: { path: a.path, verb: a.verb } };
  const filled = Object.fromEntries(Object.entries({ namespace: a.namespace, verb: a.verb, group: a.group, version: a.version, resource: a.resource, subresource: a.subresource, name: a.name }).filter(([, value]) => value !== ''));
  return {
    ...shared,
    resourceAttributes: {
      ...filled,
      ...(selectors?.fields.length ? { fieldSelector: { requirements: selectors.fields as never } } : {}),
      ...(selectors?.labels.length ? { labelSelector: { requirements: selectors.labels as never } } : {}),
    },
  };
}

/** The old version calls groups by another name. */
function renamed({ groups, ...rest }: Spec): object {
  return { ...rest, ...(groups ? { group: groups } : {}) };
}

const blank = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };

function holds(conditions: readonly Program[], spec: Spec): boolean {
  if (conditions.length === 0) return true;
  const { resourceAttributes } = spec;
  const request = { uid: '', extra: {}, ...spec, ...(resourceAttributes ? { resourceAttributes: { ...blank, ...resourceAttributes } } : {}) };
  const errors: string[] = [];
  for (const program of conditions) {
    const { value } = evaluate(program, { request: { json: request } });
    if (value === false) return false;
    if (value instanceof CelError) errors.push(`cel evaluation error: expression '${program.source}' resulted in error: ${value.message}`);
  }
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  return true;
}
