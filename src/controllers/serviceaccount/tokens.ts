/**
 * Secrets of type `kubernetes.io/service-account-token`: filled with a token of the account that they name, and deleted with it.
 * Such tokens do not expire; they count for as long as their Secret holds them.
 */
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { secrets, serviceaccounts, type Secret, type ServiceAccount } from '../../api/core/v1/index.ts';
import { keyOf } from '../../client/informer.ts';
import { tokenSigner } from '../../wire/jwt.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';

export const tokenSecretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
const byAccount = 'account';
const workers = 5;

type SecretView = DeepReadonly<Secret>;
type AccountView = DeepReadonly<ServiceAccount>;

export const serviceAccountTokenController: Controller = {
  name: 'serviceaccount-token-controller',
  asManager: true,
  setup: (context) => {
    const { serviceAccountKey } = context.options;
    if (serviceAccountKey) fill(context, tokenSigner(serviceAccountKey));
  },
};

function accountNamed(secret: SecretView): string {
  return secret.metadata.annotations?.[nameAnnotation] ?? '';
}

function fill(context: ControllerContext, sign: (claims: object) => string): void {
  const { client } = context;
  const rootCa = context.options.rootCa === undefined ? undefined : base64(context.options.rootCa);
  const accounts = context.informer(serviceaccounts);
  const held = context.informer(secrets, { fieldSelector: `type=${tokenSecretType}` });
  held.addIndex(byAccount, (secret) => [`${secret.metadata.namespace}/${accountNamed(secret)}`]);

  /** The account of a Secret. The informer may be behind, so that "gone" is asked of the server. */
  const accountOf = async (secret: SecretView): Promise<AccountView | undefined> => {
    const [namespace, uid] = [secret.metadata.namespace!, secret.metadata.annotations?.[uidAnnotation]];
    const fits = (account: AccountView | undefined): boolean => account !== undefined && (!uid || account.metadata.uid === uid);
    const known = accounts.get(accountNamed(secret), namespace);
    if (fits(known)) return known;
    const live = await unlessGone(client.get(serviceaccounts, accountNamed(secret), { namespace }));
    return fits(live) ? live : undefined;
  };

  const queue = context.queue(async (key) => {
    const [namespace, name] = key.split('/') as [string, string];
    const secret = held.get(name, namespace);
    if (!secret || secret.metadata.deletionTimestamp) return;
    const account = await accountOf(secret);
    if (!account) {
      const preconditions = { uid: secret.metadata.uid };
      await client.delete(secrets, name, { namespace, preconditions }).catch(unlessMovedOn);
      return;
    }
    const wanted = filled(secret, account, rootCa, sign);
    // The informer's copy carries its version: a newer one in the store is a conflict, and comes here by itself.
    if (wanted) await client.update(secrets, wanted).catch(unlessMovedOn);
  }, workers);

  /** Keys are `namespace/account/secret`: Secrets that went while accounts still list them. */
  const references = context.queue(async (key) => {
    const [namespace, name, secret] = key.split('/') as [string, string, string];
    if (held.get(secret, namespace) || !accounts.get(name, namespace)) return;
    const account = await unlessGone(client.get(serviceaccounts, name, { namespace }));
    if (!account?.secrets?.some((reference) => reference.name === secret)) return;
    await unlessGone(client.update(serviceaccounts, { ...account, secrets: account.secrets.filter((reference) => reference.name !== secret) }));
  });

  held.on({
    added: (secret) => queue.add(keyOf(secret)),
    updated: (secret) => queue.add(keyOf(secret)),
    deleted: (secret) => references.add(`${secret.metadata.namespace}/${accountNamed(secret)}/${secret.metadata.name}`),
  });
  accounts.on({ deleted: (account) => held.by(byAccount, keyOf(account)).forEach((secret) => queue.add(keyOf(secret))) });
}

/** What the Secret should be; undefined: it is. */
function filled(secret: SecretView, account: AccountView, rootCa: string | undefined, sign: (claims: object) => string): SecretView | undefined {
  const { namespace, name } = secret.metadata;
  const data: Record<string, string> = { ...secret.data };
  const lacking = { ca: rootCa !== undefined && data['ca.crt'] !== rootCa, namespace: !data['namespace'], token: !data['token'] };
  if (!lacking.ca && !lacking.namespace && !lacking.token) return undefined;
  if (lacking.ca) data['ca.crt'] = rootCa!;
  if (lacking.namespace) data['namespace'] = base64(namespace!);
  if (lacking.token) {
    const of = 'kubernetes.io/serviceaccount/';
    data['token'] = base64(sign({
      iss: 'kubernetes/serviceaccount',
      [`${of}namespace`]: namespace, [`${of}secret.name`]: name, [`${of}service-account.name`]: account.metadata.name, [`${of}service-account.uid`]: account.metadata.uid,
      sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
    }));
  }
  const annotations = { ...secret.metadata.annotations, [nameAnnotation]: account.metadata.name, [uidAnnotation]: account.metadata.uid! };
  return { ...secret, metadata: { ...secret.metadata, annotations }, data };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Somebody was quicker: what they did is seen as an event of its own. */
function unlessMovedOn(error: unknown): void {
  if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
}
