/** POST serviceaccounts/x/token: a token bound to the account and, if asked, to a pod, secret or node. */
import type { TokenRequest } from '../../../api/authentication/v1/types.ts';
import type { Pod } from '../../../api/core/v1/types.ts';
import { timestamp } from '../../../base/clock.ts';
import { invalid } from '../../../machinery/fieldpath.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { BoundObjects, BoundTo, ServiceAccountTokens } from '../../authn/serviceaccount.ts';
import type { ServiceAccountConfig } from '../../config.ts';
import type { ApiObject } from '../../objects.ts';
import type { Creator } from '../../resources.ts';

const group = 'authentication.k8s.io';
const shortestSeconds = 600;
const longestSeconds = 2 ** 32;
/** Tokens of pods are asked for with this odd lifetime; they live for a year, for clients that never read the file again. */
const projectedSeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;

export type TokenLimits = Pick<ServiceAccountConfig, 'maxTokenSeconds' | 'extendTokens' | 'longestSeconds'>;

export function tokenCreator(tokens: ServiceAccountTokens, objects: BoundObjects, { maxTokenSeconds = 0, extendTokens = true, longestSeconds: longestLife = Infinity }: TokenLimits = {}): Creator {
  return async (object, { namespace, name }, scope) => {
    const request = object as unknown as TokenRequest;
    demandOwnName(request, namespace, name);
    const account = await objects.find('serviceaccounts', namespace, name);
    if (!account) throw StatusError.notFound({ group: '', resource: 'serviceaccounts' }, name);
    const accountUid = account.object.metadata.uid!;
    if (request.metadata.uid && request.metadata.uid !== accountUid) {
      throw StatusError.conflict({ group, resource: 'TokenRequest' }, name, `the UID in the token request (${request.metadata.uid}) does not match the UID of the service account (${accountUid})`);
    }
    // Absent lists come as null.
    const audiences = request.spec.audiences?.length ? request.spec.audiences : [...tokens.audiences];
    const { expirationSeconds: asked = 3600, boundObjectRef: ref } = request.spec;
    const errors = [];
    if (asked < shortestSeconds) errors.push(invalid('spec.expirationSeconds', asked, 'may not specify a duration less than 10 minutes'));
    if (asked > longestSeconds) errors.push(invalid('spec.expirationSeconds', asked, 'may not specify a duration larger than 2^32 seconds'));
    if (errors.length > 0) throw StatusError.invalid({ group, kind: 'TokenRequest' }, '', errors);
    const bound: BoundTo = { namespace, serviceaccount: { name, uid: accountUid }, ...(ref ? await boundTo(objects, namespace, name, ref) : {}) };
    const seconds = maxTokenSeconds > 0 ? Math.min(asked, maxTokenSeconds) : asked;
    if (seconds < asked) scope.warnings.push(`requested expiration of ${asked} seconds shortened to ${seconds} seconds`);
    const projected = extendTokens && bound.pod !== undefined && seconds === projectedSeconds && audiences.every((a) => tokens.audiences.includes(a));
    const life = projected ? Math.min(extendedSeconds, longestLife) : seconds;
    const { token, expires } = await tokens.issue(bound, audiences, life, projected ? projectedSeconds : undefined).catch((error: unknown) => {
      throw StatusError.internal(`failed to generate token: ${(error as Error).message}`);
    });
    const answer: TokenRequest = {
      ...request,
      metadata: { ...request.metadata, name, namespace, uid: accountUid, creationTimestamp: scope.now },
      spec: { ...request.spec, audiences, expirationSeconds: seconds },
      // Clients refresh after what they asked for, however long it really lives.
      status: { token, expirationTimestamp: timestamp((projected ? expires - life + projectedSeconds : expires) * 1000) },
    };
    return answer as unknown as ApiObject;
  };
}

function demandOwnName({ metadata }: TokenRequest, namespace: string, name: string): void {
  const refuse = (field: string, value: string, what: string): never => {
    throw StatusError.invalid({ group, kind: 'TokenRequest' }, name, [invalid(`metadata.${field}`, value, `must match the service account ${what} if specified`)]);
  };
  if (metadata.name && metadata.name !== name) refuse('name', metadata.name, 'name');
  if (metadata.namespace && metadata.namespace !== namespace) refuse('namespace', metadata.namespace, 'namespace');
}

async function boundTo(objects: BoundObjects, namespace: string, account: string, ref: NonNullable<TokenRequest['spec']['boundObjectRef']>): Promise<Partial<BoundTo>> {
  const { kind = '', name = '', uid } = ref;
  const resources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;
  const { apiVersion = '' } = ref;
  if (!(kind in resources) || apiVersion.includes('/')) throw StatusError.badRequest(`cannot bind token to object of type ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  const resource = resources[kind as keyof typeof resources];
  const found = await objects.find(resource, resource === 'nodes' ? '' : namespace, name);
  if (!found) throw StatusError.notFound({ group: '', resource }, name);
  const identity = { name, uid: found.object.metadata.uid! };
  if (uid && uid !== identity.uid) {
    throw StatusError.conflict({ group: '', resource: kind }, name, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  }
  if (resource !== 'pods') return resource === 'secrets' ? { secret: identity } : { node: identity };
  const pod = found.object as unknown as DeepReadonly<Pod>;
  if (pod.spec.serviceAccountName !== account) {
    throw StatusError.badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`);
  }
  const node = pod.spec.nodeName ? await objects.find('nodes', '', pod.spec.nodeName) : undefined;
  return { pod: identity, ...(pod.spec.nodeName ? { node: { name: pod.spec.nodeName, uid: node?.object.metadata.uid ?? '' } } : {}) };
}
