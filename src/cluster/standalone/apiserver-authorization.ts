/** Flags of kube-apiserver about what may be done. */
import type { AuthorizationChoice, AuthorizationMode, AuthorizerChoice } from '../../apiserver/authz/chain.ts';
import type { WebhookMeter } from '../../apiserver/authz/webhook/webhook.ts';
import type { ApiServerConfig } from '../../apiserver/config.ts';
import type { AuthorizationConfiguration, AuthorizerConfiguration, WebhookConfiguration } from '../../apiserver/files/authorization.ts';
import { aggregate, ConfigurationError } from '../../apiserver/files/load.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Program } from '../../machinery/cel/cel.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { duration, fileOf, listed, readNamed } from './program.ts';

const legacyFlags: FlagSet = {
  'authorization-mode': { type: 'strings', default: ['AlwaysAllow'], help: 'AlwaysAllow, AlwaysDeny, ABAC, Webhook, RBAC, Node; asked in this order' },
  'authorization-webhook-config-file': { type: 'string', help: 'A kubeconfig that names the server that is asked, for the mode Webhook' },
  'authorization-webhook-version': { type: 'string', default: 'v1beta1', help: 'The version of authorization.k8s.io that it speaks' },
  'authorization-webhook-cache-authorized-ttl': { type: 'string', default: '5m0s', help: 'How long its permissions are remembered' },
  'authorization-webhook-cache-unauthorized-ttl': { type: 'string', default: '30s', help: 'How long its refusals are remembered' },
};

export const authorizationFlags: FlagSet = {
  ...legacyFlags,
  'authorization-policy-file': { type: 'string', help: 'One policy a line, for the mode ABAC' },
  'authorization-config': { type: 'string', help: 'An AuthorizationConfiguration, in place of the modes and the flags of their webhook' },
};

export interface Authorization {
  readonly choice: AuthorizationChoice;
  readonly instruments: NonNullable<ApiServerConfig['instruments']>;
  /** Everything is allowed to everybody. */
  readonly alwaysAllows: boolean;
  close(): void;
}

const modes = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'];

export async function authorizationOf(given: Flags, surroundings: Surroundings): Promise<Authorization> {
  try {
    const file = given.text('authorization-config');
    return file ? await byFile(file, given, surroundings) : await byModes(given, surroundings);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandError(error.message);
    throw error;
  }
}

async function byModes(given: Flags, surroundings: Surroundings): Promise<Authorization> {
  const wanted = listed(given, 'authorization-mode');
  const [policyFile, webhookFile] = [given.text('authorization-policy-file'), given.text('authorization-webhook-config-file')];
  const errors = wanted.length === 0 ? ['at least one authorization-mode must be passed'] : [];
  for (const mode of wanted) {
    if (!modes.includes(mode)) errors.push(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`);
    if (mode === 'ABAC' && policyFile === '') errors.push("authorization-mode ABAC's authorization policy file not passed");
    if (mode === 'Webhook' && webhookFile === '') errors.push("authorization-mode Webhook's authorization config file not passed");
  }
  if (policyFile !== '' && !wanted.includes('ABAC')) errors.push('cannot specify --authorization-policy-file without mode ABAC');
  if (webhookFile !== '' && !wanted.includes('Webhook')) errors.push('cannot specify --authorization-webhook-config-file without mode Webhook');
  if (new Set(wanted).size < wanted.length) errors.push(`authorization-mode [${wanted.map((m) => JSON.stringify(m)).join(' ')}] has mode specified more than once`);
  if (errors.length > 0) throw new CommandError(errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
  const closers: (() => void)[] = [];
  const choice: AuthorizerChoice[] = [];
  const meter = wanted.includes('Webhook') ? await webhookMeter() : undefined;
  for (const mode of wanted) {
    if (mode === 'ABAC') choice.push(await abac(given));
    else if (mode === 'Webhook') choice.push(await webhookOf(webhookByFlags(given, webhookFile), { name: 'default', meter, conditions: [], surroundings, closers }));
    else choice.push(mode as AuthorizationMode);
  }
  return { choice, instruments: meter ? [(metrics) => meter.instrument(metrics)] : [], alwaysAllows: wanted.includes('AlwaysAllow'), close: () => closers.forEach((close) => close()) };
}

async function byFile(file: string, given: Flags, surroundings: Surroundings): Promise<Authorization> {
  if (Object.keys(legacyFlags).some((name) => given.has(name))) throw new CommandError('--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined');
  const { followFile, Reloads } = await import('../../apiserver/files/follow.ts');
  const text = readNamed(file, 'authorization-config');
  const reloads = new Reloads('authorization');
  const meter = await webhookMeter();
  let open: (() => void)[] = [];
  const chainOf = async (content: string, started?: ReadonlySet<string>): Promise<AuthorizerChoice[]> => {
    const closers: (() => void)[] = [];
    const { authorizers, conditions } = await readAuthorizers(content);
    const choice: AuthorizerChoice[] = [];
    for (const [i, one] of authorizers.entries()) {
      const type = one.type!;
      if (started && (type === 'ABAC' || type === 'RBAC' || type === 'Node') && !started.has(type)) throw new ConfigurationError(`authorizer type ${type} is not allowed if it was not enabled at initial server startup`);
      if (type === 'Webhook') choice.push(await webhookOf(one.webhook!, { name: one.name ?? '', meter, conditions: conditions[i]!, surroundings, closers }));
      else choice.push(type === 'ABAC' ? await abac(given) : (type as AuthorizationMode));
    }
    open.forEach((close) => close());
    open = closers;
    return choice;
  };
  let choice = await chainOf(text);
  const started = new Set((await readAuthorizers(text)).authorizers.map((one) => one.type!));
  const follower = followFile(file, text, async (content) => {
    choice = await chainOf(content, started);
  }, 'authorization config', surroundings, reloads.count);
  return {
    choice: () => choice, alwaysAllows: false, instruments: [(metrics) => meter.instrument(metrics), (metrics) => reloads.instrument(metrics, surroundings.clock)],
    close: () => {
      follower.cancel();
      open.forEach((close) => close());
    },
  };
}

async function readAuthorizers(content: string): Promise<{ authorizers: DeepReadonly<AuthorizerConfiguration[]>; conditions: readonly (readonly Program[])[] }> {
  const { readConfiguration } = await import('../../apiserver/files/load.ts');
  const { authorizationPackages } = await import('../../apiserver/files/authorization.ts');
  const { misnamed, validateAuthorization } = await import('../../apiserver/authz/webhook/validate.ts');
  let config: DeepReadonly<AuthorizationConfiguration>;
  try {
    ({ config } = readConfiguration<AuthorizationConfiguration>(content, 'AuthorizationConfiguration', authorizationPackages));
  } catch (error) {
    throw new ConfigurationError(`failed to load AuthorizationConfiguration from file: ${(error as Error).message}`, { cause: error });
  }
  const { errors, conditions } = validateAuthorization(config);
  if (errors.length > 0) throw new ConfigurationError(aggregate(errors));
  const authorizers = config.authorizers ?? [];
  const names = authorizers.map(misnamed).filter((one) => one !== undefined);
  if (names.length > 0) throw new ConfigurationError(names.length === 1 ? names[0]! : `[${names.join(', ')}]`);
  return { authorizers, conditions };
}

async function abac(given: Flags): Promise<AuthorizerChoice> {
  const text = fileOf(given, 'authorization-policy-file');
  if (text === undefined) throw new CommandError("authorization-mode ABAC's authorization policy file not passed");
  const { abacAuthorizer, readPolicies } = await import('../../apiserver/authz/abac.ts');
  try {
    return abacAuthorizer(readPolicies(text, given.text('authorization-policy-file')));
  } catch (error) {
    throw new ConfigurationError((error as Error).message, { cause: error });
  }
}

function webhookByFlags(given: Flags, kubeConfigFile: string): WebhookConfiguration {
  const version = given.text('authorization-webhook-version');
  if (version !== 'v1' && version !== 'v1beta1') throw new CommandError(`unsupported webhook authorizer version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`);
  const [authorized, unauthorized] = ['authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl'].map((name) => duration(given, name)) as [number, number];
  return {
    authorizedTTL: `${authorized}ms`, cacheAuthorizedRequests: authorized !== 0, unauthorizedTTL: `${unauthorized}ms`, cacheUnauthorizedRequests: unauthorized !== 0,
    timeout: '30s', failurePolicy: 'NoOpinion', subjectAccessReviewVersion: version, connectionInfo: { type: 'KubeConfigFile', kubeConfigFile },
  };
}

async function webhookMeter(): Promise<WebhookMeter> {
  const { WebhookMeter: Meter } = await import('../../apiserver/authz/webhook/webhook.ts');
  return new Meter();
}

interface WebhookParts {
  readonly name: string;
  readonly meter: WebhookMeter | undefined;
  readonly conditions: readonly Program[];
  readonly surroundings: Surroundings;
  readonly closers: (() => void)[];
}

async function webhookOf(config: DeepReadonly<WebhookConfiguration>, { name, meter, conditions, surroundings, closers }: WebhookParts): Promise<AuthorizerChoice> {
  const { readKubeconfig } = await import('../../apiserver/files/kubeconfig.ts');
  const { authorizationWebhook } = await import('../../apiserver/authz/webhook/webhook.ts');
  const { authorizedTTL = '5m', cacheAuthorizedRequests = true, unauthorizedTTL = '30s', cacheUnauthorizedRequests = true } = config;
  const webhook = authorizationWebhook({
    remote: readKubeconfig(config.connectionInfo!.kubeConfigFile!), version: config.subjectAccessReviewVersion!, conditions, surroundings, name, meter: meter ?? (await webhookMeter()),
    authorizedMs: cacheAuthorizedRequests ? parseGoDuration(authorizedTTL) : 0, unauthorizedMs: cacheUnauthorizedRequests ? parseGoDuration(unauthorizedTTL) : 0,
    timeoutMs: parseGoDuration(config.timeout!), onError: config.failurePolicy === 'Deny' ? 'deny' : 'none',
  });
  closers.push(() => webhook.close());
  return webhook;
}
