/**
 * Tokens in Secrets that were made for accounts on their own, as long ago was usual: those that nobody has used for long are marked as
 * invalid, and deleted when nobody has missed them for as long again.
 */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { configmaps, pods, secrets, serviceaccounts, type Pod, type Secret, type ServiceAccount } from '../../api/core/v1/index.ts';
import { refersTo } from '../../api/core/podreferences.ts';
import { parseTime } from '../../base/clock.ts';
import { byNamespace, type Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { tokenSecretType } from './tokens.ts';

const dayMs = 24 * 3_600_000;
const yearMs = 365 * dayMs;
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const tracking = 'kube-apiserver-legacy-service-account-token-tracking';

type SecretView = DeepReadonly<Secret>;

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
const isDay = (text: string | undefined): text is string => text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && day(Date.parse(text)) === text;

export const legacyTokenCleaner: Controller = {
  name: 'legacy-serviceaccount-token-cleaner-controller', account: 'legacy-service-account-token-cleaner',
  setup: (context) => {
    const tokens = context.informer(secrets, { fieldSelector: `type=${tokenSecretType}` });
    const accounts = context.informer(serviceaccounts);
    const users = context.informer(pods);
    context.every(dayMs, () => clean(context, tokens, accounts, users));
  },
};

async function clean(context: ControllerContext, tokens: Informer<Secret>, accounts: Informer<ServiceAccount>, users: Informer<Pod>): Promise<void> {
  const { client, log, options, surroundings: { clock } } = context;
  const now = clock.now();
  const since = now - (options.legacyTokenCleanUpMs ?? yearMs);
  const { data } = await client.get(configmaps, tracking, { namespace: 'kube-system' });
  const tracked = data?.['since'];
  if (!isDay(tracked)) throw new Error(`${tracking} does not say since when uses of tokens are noted`);
  // The day on which it began was not a whole one.
  if (Date.parse(tracked) + dayMs > since) return;
  for (const secret of tokens.list()) {
    if (!isUnused(secret, since) || !belongsTo(accounts, secret)) continue;
    const { name, namespace = '', uid, resourceVersion, labels } = secret.metadata;
    if (users.by(byNamespace, namespace).some((pod) => refersTo(pod.spec, 'secrets', name))) continue;
    const invalid = labels?.[invalidSinceLabel];
    try {
      if (!isDay(invalid)) {
        log.info('A token of a service account that nobody uses is no longer valid', { secret: `${namespace}/${name}` });
        await client.patch(secrets, name, { type: 'application/merge-patch+json', body: { metadata: { uid, labels: { [invalidSinceLabel]: day(now) } } } }, { namespace });
      } else if (invalid < day(since)) {
        log.info('A token of a service account that was marked as invalid long ago is deleted', { secret: `${namespace}/${name}` });
        await client.delete(secrets, name, { namespace, preconditions: { ...(resourceVersion === undefined ? {} : { resourceVersion }) } });
      }
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }
}

/** Old, and since then not used as far as its label tells. */
function isUnused({ metadata }: SecretView, since: number): boolean {
  if (metadata.deletionTimestamp !== undefined || parseTime(metadata.creationTimestamp ?? '') >= since) return false;
  const used = metadata.labels?.[lastUsedLabel];
  return used === undefined || (isDay(used) && used < day(since));
}

/** Only those that an account lists were made on their own; what people made for themselves stays. */
function belongsTo(accounts: Informer<ServiceAccount>, { metadata: { name, namespace, annotations } }: SecretView): boolean {
  const account = accounts.get(annotations?.['kubernetes.io/service-account.name'] ?? '', namespace);
  const uid = annotations?.['kubernetes.io/service-account.uid'];
  return account !== undefined && (!uid || uid === account.metadata.uid) && account.secrets?.some((ref) => ref.name === name) === true;
}
