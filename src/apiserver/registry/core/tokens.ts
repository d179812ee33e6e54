/** POST serviceaccounts/x/token: a token bound to the account and, if asked, to a pod, secret or node. */
import type { TokenRequest } from '../../../api/authentication/v1/types.ts';
import type { Pod } from '../../../api/core/v1/types.ts';
import { timestamp } from '../../../base/clock.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { BoundObjects, BoundTo, ServiceAccountTokens } from '../../authn/serviceaccount.ts';
import type { ApiObject } from '../../objects.ts';
import type { Creator } from '../../resources.ts';

const shortestSeconds = 600;
const longestSeconds = 2 ** 32;
/** Tokens of pods are asked for with this odd lifetime; they live for a year, for clients that never read the file again. */
const projectedSeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;

export function tokenCreator(tokens: ServiceAccountTokens, objects: BoundObjects): Creator {
  return async (object, { namespace, name }, scope) => {
    const request = object as unknown as TokenRequest;
    const account = await objects.find('serviceaccounts', namespace, name);
    if (!account) throw StatusError.notFound({ group: '', resource: 'serviceaccounts' }, name);
    const { expirationSeconds = 3600, boundObjectRef: ref } = request.spec;
    // Absent lists come as null.
    const audiences = request.spec.audiences ?? [];
    const errors = [];
    if (expirationSeconds < shortestSeconds) errors.push({ type: 'FieldValueInvalid' as const, field: 'spec.expirationSeconds', detail: `Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes` });
    if (expirationSeconds > longestSeconds) errors.push({ type: 'FieldValueInvalid' as const, field: 'spec.expirationSeconds', detail: `Invalid value: ${expirationSeconds}: may not specify a duration larger than 2^32 seconds` });
    if (errors.length > 0) throw StatusError.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, errors);
    const bound: BoundTo = {
      namespace, serviceaccount: { name, uid: account.object.metadata.uid! },
      ...(ref ? await boundTo(objects, namespace, name, ref) : {}),
    };
    const projected = expirationSeconds === projectedSeconds && ref?.kind === 'Pod' && audiences.length === 0;
    const { token, expires } = scope.dryRun
      ? { token: '', expires: 0 }
      : tokens.issue(bound, audiences, projected ? extendedSeconds : expirationSeconds, projected ? projectedSeconds : undefined);
    const answer: TokenRequest = {
      ...request,
      metadata: { ...request.metadata, name, namespace, creationTimestamp: scope.now },
      spec: { ...request.spec, audiences: audiences.length > 0 ? audiences : [...tokens.audiences], expirationSeconds },
      // Clients refresh after what they asked for, however long it really lives.
      status: { token, expirationTimestamp: timestamp((projected ? expires - extendedSeconds + projectedSeconds : expires) * 1000) },
    };
    return answer as unknown as ApiObject;
  };
}

async function boundTo(objects: BoundObjects, namespace: string, account: string, ref: NonNullable<TokenRequest['spec']['boundObjectRef']>): Promise<Partial<BoundTo>> {
  const { kind = '', name = '', uid } = ref;
  const resources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;
  if (!(kind in resources)) throw StatusError.badRequest(`cannot bind token to object of type ${ref.apiVersion ?? ''}, Kind=${kind}`);
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
  return { pod: identity, ...(node ? { node: { name: pod.spec.nodeName!, uid: node.object.metadata.uid! } } : {}) };
}
