/** Another server is asked, by SubjectAccessReview; its answers are remembered for a while. */
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
}

const remembered = 8192;
/** Parts of requests that are longer would fill the memory with one user's inventions. */
const longestRemembered = 10_000;

type Spec = SubjectAccessReview['spec'];

export function authorizationWebhook(options: AuthorizationWebhookOptions): RulingAuthorizer & { close(): void } {
  const { version, surroundings, conditions, onError } = options;
  const remote = new Remote(options.remote, surroundings);
  const answers = new Remembered<SubjectAccessReview['status']>(surroundings.clock, remembered);
  const failed = (error: unknown): Decision => {
    surroundings.log.error('Failed to make webhook authorizer request', error);
    return { decision: onError, reason: '' };
  };
  const ask = async (spec: Spec, key: string, memorable: boolean): Promise<SubjectAccessReview['status']> => {
    const review = { apiVersion: `authorization.k8s.io/${version}`, kind: 'SubjectAccessReview', metadata: { creationTimestamp: null }, spec: version === 'v1beta1' ? renamed(spec) : spec, status: { allowed: false } };
    const { status = { allowed: false } } = (await remote.post(review, options.timeoutMs)) as unknown as Partial<Pick<SubjectAccessReview, 'status'>>;
    const ms = status.allowed ? options.authorizedMs : options.unauthorizedMs;
    if (ms > 0 && memorable) answers.set(key, status, ms);
    return status;
  };
  const authorize: Authorizer = async (a) => {
    const spec = specOf(a);
    try {
      if (!holds(conditions, spec)) return { decision: 'none', reason: '' };
      const key = JSON.stringify(spec);
      const { allowed, denied, reason = '' } = answers.get(key) ?? (await ask(spec, key, sizeOf(a) < longestRemembered));
      if (denied && allowed) surroundings.log.error('webhook subject access review returned both allow and deny response', undefined);
      return { decision: denied ? 'deny' : allowed ? 'allow' : 'none', reason };
    } catch (error) {
      return failed(error);
    }
  };
  return { authorize, rulesOf: () => ({ rules: [], incomplete: true, error: 'webhook authorizer does not support user rule resolution' }), close: () => remote.close() };
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
