/** Flags of kube-apiserver about who asks. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiServerConfig, FrontProxyConfig, ServiceAccountConfig } from '../../apiserver/config.ts';
import type { AuthenticationConfiguration, JWTAuthenticator } from '../../apiserver/files/authentication.ts';
import { ConfigurationError } from '../../apiserver/files/load.ts';
import { staticTokens, type TokenAuthenticator } from '../../apiserver/authn/tokens.ts';
import { defaultIssuer } from '../../apiserver/authn/serviceaccount.ts';
import type { Timer } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { formatGoDuration } from '../../machinery/goduration.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { duration, fileOf, listed, pairOf, readNamed } from './program.ts';

const oidcFlags: FlagSet = {
  'oidc-issuer-url': { type: 'string', help: 'An issuer of OpenID tokens' },
  'oidc-client-id': { type: 'string', help: 'The audience of its tokens' },
  'oidc-ca-file': { type: 'string', help: "Whose certificate the issuer must have; the system's authorities if absent" },
  'oidc-username-claim': { type: 'string', default: 'sub', help: 'The claim that is the name of the user' },
  'oidc-username-prefix': { type: 'string', help: 'What is put before names; the issuer and # if absent (but not for email); - for nothing' },
  'oidc-groups-claim': { type: 'string', help: "The claim that has the user's groups" },
  'oidc-groups-prefix': { type: 'string', help: 'What is put before groups' },
  'oidc-signing-algs': { type: 'strings', default: ['RS256'], help: 'Algorithms that may sign its tokens' },
  'oidc-required-claim': { type: 'strings', help: 'A key=value that its tokens must claim; may be given several times' },
};

export const authenticationFlags: FlagSet = {
  ...oidcFlags,
  'authentication-config': { type: 'string', help: 'An AuthenticationConfiguration: whose tokens count, and where nobody may ask' },
  'authentication-token-webhook-config-file': { type: 'string', help: 'A kubeconfig that names the server that judges tokens' },
  'authentication-token-webhook-version': { type: 'string', default: 'v1beta1', help: 'The version of authentication.k8s.io that it speaks' },
  'authentication-token-webhook-cache-ttl': { type: 'duration', default: '2m0s', help: 'How long its answers are remembered' },
  'client-ca-file': { type: 'string', help: 'Whose client certificates are believed' },
  'anonymous-auth': { type: 'bool', default: true, help: 'Serve those who do not say who they are as system:anonymous' },
  'enable-bootstrap-token-auth': { type: 'bool', help: 'Secrets of type bootstrap.kubernetes.io/token in kube-system hold tokens with which nodes join' },
  'token-auth-file': { type: 'string', help: 'Lines of token,user,uid,"group1,group2"' },
  'service-account-issuer': { type: 'strings', help: 'The issuer in service-account tokens; tokens of further ones count too' },
  'service-account-jwks-uri': { type: 'string', help: 'Where others find the keys, in the discovery document' },
  'service-account-key-file': { type: 'strings', help: 'Keys or certificates that verify service-account tokens' },
  'service-account-signing-key-file': { type: 'string', help: 'The key that signs service-account tokens' },
  'service-account-signing-endpoint': { type: 'string', help: 'The unix socket of who signs service-account tokens (@ begins an abstract one), in place of a key' },
  'service-account-max-token-expiration': { type: 'duration', default: '0s', help: 'No service-account token lives longer' },
  'service-account-extend-token-expiration': { type: 'bool', default: true, help: 'Tokens of pods live for a year, though they are to be refreshed earlier' },
  'api-audiences': { type: 'strings', help: 'Audiences of service-account tokens that this server accepts; the issuers if absent' },
  'requestheader-client-ca-file': { type: 'string', help: 'Whose front proxies are believed about users' },
  'requestheader-allowed-names': { type: 'strings', help: 'Common names of which a front proxy must have one' },
  'requestheader-username-headers': { type: 'strings', help: 'Where it says the name, such as X-Remote-User' },
  'requestheader-uid-headers': { type: 'strings', help: 'Where it says the uid, such as X-Remote-Uid' },
  'requestheader-group-headers': { type: 'strings', help: 'Where it says the groups, such as X-Remote-Group' },
  'requestheader-extra-headers-prefix': { type: 'strings', help: 'How headers with more about the user begin, such as X-Remote-Extra-' },
  'proxy-client-cert-file': { type: 'string', help: 'The certificate that is shown to extension servers' },
  'proxy-client-key-file': { type: 'string', help: 'Its key' },
};

type Parts = Pick<ApiServerConfig, 'instruments' | 'clientAuthority' | 'tokenFile' | 'anonymous' | 'bootstrapTokens' | 'tokens' | 'serviceAccounts' | 'frontProxy'>;

export interface Authentication {
  readonly config: Parts;
  close(): void;
}

export async function authenticationOf(given: Flags, alwaysAllows: boolean, surroundings: Surroundings): Promise<Authentication> {
  const closers: (() => void)[] = [];
  const tokens: TokenAuthenticator[] = [];
  try {
    const { accounts, instruments } = await accountsOf(given, surroundings, closers);
    const others = await configured(given, accounts, surroundings, closers);
    if (others.tokens) tokens.push(others.tokens);
    const webhook = await webhookOf(given, surroundings, closers);
    if (webhook) tokens.push(webhook);
    const clientAuthority = fileOf(given, 'client-ca-file');
    return {
      config: {
        serviceAccounts: accounts, instruments: [...instruments, ...(others.instruments ?? [])], frontProxy: frontProxy(given), tokens, bootstrapTokens: given.flag('enable-bootstrap-token-auth'),
        anonymous: anonymousOf(given, others.anonymous, alwaysAllows, surroundings),
        ...(clientAuthority ? { clientAuthority } : {}), ...tokenFile(given),
      },
      close: () => closers.forEach((close) => close()),
    };
  } catch (error) {
    closers.forEach((close) => close());
    if (error instanceof ConfigurationError) throw new CommandError(error.message);
    throw error;
  }
}

function anonymousOf(given: Flags, fromFile: AuthenticationConfiguration['anonymous'], alwaysAllows: boolean, { log }: Surroundings): boolean | string[] {
  if (fromFile && given.has('anonymous-auth')) throw new CommandError('anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file');
  const anonymous = fromFile ? (fromFile.enabled ?? false) && (fromFile.conditions?.length ? fromFile.conditions.map((c) => c.path ?? '') : true) : given.flag('anonymous-auth');
  if (anonymous === false || fromFile || !alwaysAllows) return anonymous;
  log.warn('--anonymous-auth is off, because --authorization-mode allows everything to everybody');
  return false;
}

function tokenFile(given: Flags): { tokenFile?: string } {
  const text = fileOf(given, 'token-auth-file');
  if (text === undefined) return {};
  try {
    staticTokens(text);
  } catch (error) {
    throw new CommandError(`--token-auth-file: ${(error as Error).message}`);
  }
  return { tokenFile: text };
}

/** Issuers of tokens by a file, which may change, or by flags. */
async function configured(given: Flags, accounts: ServiceAccountConfig, surroundings: Surroundings, closers: (() => void)[]): Promise<{ tokens?: TokenAuthenticator; instruments?: ApiServerConfig['instruments']; anonymous?: AuthenticationConfiguration['anonymous'] }> {
  const file = given.text('authentication-config');
  const byFlags = Object.keys(oidcFlags).some((name) => given.has(name));
  if (file && byFlags) throw new CommandError('authentication-config file and oidc-* flags are mutually exclusive');
  if (!file && !byFlags) return {};
  const { Issuers, readAuthentication } = await import('../../apiserver/authn/oidc/oidc.ts');
  const disallowedIssuers = accounts.issuers ?? [defaultIssuer];
  if (!file) {
    const issuers = new Issuers({ disallowedIssuers, algorithms: signingAlgorithms(given), surroundings });
    issuers.use({ jwt: [issuerByFlags(given)] });
    closers.push(() => issuers.close());
    return { tokens: issuers.authenticate, instruments: [(metrics) => issuers.instrument(metrics)] };
  }
  const { followFile, Reloads } = await import('../../apiserver/files/follow.ts');
  const text = readNamed(file, 'authentication-config');
  const read = (content: string): DeepReadonly<AuthenticationConfiguration> => {
    try {
      return readAuthentication(content);
    } catch (error) {
      throw new ConfigurationError(`failed to load authentication configuration from file ${JSON.stringify(file)}: ${(error as Error).message}`, { cause: error });
    }
  };
  const first = read(text);
  const reloads = new Reloads('authentication');
  const issuers = new Issuers({ disallowedIssuers, surroundings });
  issuers.use(first);
  const follower: Timer = followFile(file, text, async (content) => {
    const next = read(content);
    if (JSON.stringify(next.anonymous) !== JSON.stringify(first.anonymous)) throw new ConfigurationError('anonymous: Forbidden: changed from initial configuration file');
    issuers.use(next);
  }, 'authentication config', surroundings, reloads.count);
  const instruments: ApiServerConfig['instruments'] = [(metrics) => issuers.instrument(metrics), (metrics) => reloads.instrument(metrics, surroundings.clock)];
  closers.push(() => follower.cancel(), () => issuers.close());
  return { tokens: issuers.authenticate, instruments, ...(first.anonymous ? { anonymous: first.anonymous as AuthenticationConfiguration['anonymous'] } : {}) };
}

const oidcAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];

function signingAlgorithms(given: Flags): string[] {
  const wanted = listed(given, 'oidc-signing-algs');
  const unknown = wanted.find((name) => !oidcAlgorithms.includes(name));
  if (unknown !== undefined) throw new CommandError(`oidc: unsupported signing alg: ${JSON.stringify(unknown)}`);
  return wanted;
}

function issuerByFlags(given: Flags): JWTAuthenticator {
  const [url, client] = [given.text('oidc-issuer-url'), given.text('oidc-client-id')];
  if (url === '' || client === '') throw new CommandError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  const claim = given.text('oidc-username-claim');
  const prefix = given.text('oidc-username-prefix');
  const ca = fileOf(given, 'oidc-ca-file');
  const groups = given.text('oidc-groups-claim');
  return {
    issuer: { url, audiences: [client], ...(ca === undefined ? {} : { certificateAuthority: ca }) },
    claimMappings: {
      username: { claim, prefix: prefix === '-' ? '' : prefix === '' && claim !== 'email' ? `${url}#` : prefix },
      ...(groups === '' ? {} : { groups: { claim: groups, prefix: given.text('oidc-groups-prefix') } }),
    },
    claimValidationRules: given.list('oidc-required-claim').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 0) throw new CommandError(`invalid argument ${JSON.stringify(pair)} for "--oidc-required-claim" flag: malformed pair, expect string=string`);
      return { claim: pair.slice(0, at).trim(), requiredValue: pair.slice(at + 1).trim() };
    }),
  };
}

async function webhookOf(given: Flags, surroundings: Surroundings, closers: (() => void)[]): Promise<TokenAuthenticator | undefined> {
  const file = given.text('authentication-token-webhook-config-file');
  if (!file) return undefined;
  const version = given.text('authentication-token-webhook-version');
  if (version !== 'v1' && version !== 'v1beta1') throw new CommandError(`unsupported authentication webhook version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`);
  const { readKubeconfig } = await import('../../apiserver/files/kubeconfig.ts');
  const { tokenWebhook } = await import('../../apiserver/authn/webhook.ts');
  const webhook = tokenWebhook({ remote: readKubeconfig(file), version, cacheMs: duration(given, 'authentication-token-webhook-cache-ttl'), surroundings });
  closers.push(webhook.close);
  return webhook.authenticate;
}

function frontProxy(given: Flags): FrontProxyConfig {
  const authority = fileOf(given, 'requestheader-client-ca-file');
  return {
    ...pairOf(given, 'proxy-client-cert-file', 'proxy-client-key-file'),
    ...(authority ? { authority } : {}),
    allowedNames: listed(given, 'requestheader-allowed-names'),
    usernameHeaders: listed(given, 'requestheader-username-headers'),
    uidHeaders: listed(given, 'requestheader-uid-headers'),
    groupHeaders: listed(given, 'requestheader-group-headers'),
    extraHeaderPrefixes: listed(given, 'requestheader-extra-headers-prefix'),
  };
}

/** With a signer of its own, or one behind a socket. */
async function accountsOf(given: Flags, surroundings: Surroundings, closers: (() => void)[]): Promise<{ accounts: ServiceAccountConfig; instruments: NonNullable<ApiServerConfig['instruments']> }> {
  const endpoint = given.text('service-account-signing-endpoint');
  if (endpoint === '') return { accounts: serviceAccounts(given), instruments: [] };
  if (given.text('service-account-signing-key-file') || given.list('service-account-key-file').length > 0) {
    throw new CommandError("can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)");
  }
  if (endpoint.startsWith('@') && !/^@([a-zA-Z0-9_-]+\.)*[a-zA-Z0-9_-]+$/.test(endpoint)) throw new CommandError(`invalid value ${JSON.stringify(endpoint)} passed for \`--service-account-signing-endpoint\`, when prefixed with @ must be a valid abstract socket name`);
  if (given.list('service-account-issuer').length === 0) throw new CommandError('service-account-issuer is a required flag');
  // Who has a key never pays for gRPC.
  const { connectSigner } = await import('../../apiserver/authn/externalsigner.ts');
  const { signer, longestSeconds } = await connectSigner(endpoint, surroundings).catch((error: unknown) => {
    throw new CommandError(`while setting up external-jwt-signer: ${(error as Error).message}`);
  });
  closers.push(() => signer.close());
  const { signingKey: _own, ...accounts } = serviceAccounts(given, true);
  const most = accounts.maxTokenSeconds ?? 0;
  if (most > longestSeconds) {
    throw new CommandError(`service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: ${formatGoDuration(most * 1000)} > ${formatGoDuration(longestSeconds * 1000)}`);
  }
  return { accounts: { ...accounts, signer, longestSeconds, maxTokenSeconds: most || longestSeconds }, instruments: [(metrics) => signer.instrument(metrics)] };
}

/** `elsewhere`: somebody else signs. */
function serviceAccounts(given: Flags, elsewhere = false): ServiceAccountConfig {
  const issuers = given.list('service-account-issuer');
  const signingKey = fileOf(given, 'service-account-signing-key-file');
  const verifyingKeys = listed(given, 'service-account-key-file').flatMap((file) => pemBlocks(readNamed(file, 'service-account-key-file')));
  if (signingKey === undefined && verifyingKeys.length > 0) throw new CommandError('--service-account-signing-key-file and --service-account-issuer are required flags');
  if (signingKey !== undefined && issuers.length === 0) throw new CommandError('service-account-issuer is a required flag');
  issuers.forEach((issuer, i) => {
    if (issuer === '') throw new CommandError('service-account-issuer should not be an empty string');
    if (issuer.includes(':') && !URL.canParse(issuer)) throw new CommandError(`service-account-issuer ${JSON.stringify(issuer)} contained a ':' but was not a valid URL`);
    if (issuers.indexOf(issuer) < i) throw new CommandError(`service-account-issuer ${JSON.stringify(issuer)} is already specified`);
  });
  const keySetUrl = given.text('service-account-jwks-uri');
  if (keySetUrl !== '' && !keySetUrl.startsWith('https://')) throw new CommandError(`service-account-jwks-uri requires https scheme, parsed as: ${keySetUrl}`);
  const audiences = listed(given, 'api-audiences');
  return {
    ...(elsewhere ? {} : { signingKey: signingKey ?? ownSigningKey(given.text('cert-dir')) }),
    verifyingKeys, maxTokenSeconds: maxTokenSeconds(given), extendTokens: given.flag('service-account-extend-token-expiration'),
    ...(issuers.length > 0 ? { issuers } : {}),
    ...(keySetUrl ? { keySetUrl } : {}),
    ...(audiences.length > 0 ? { audiences } : {}),
  };
}

function maxTokenSeconds(given: Flags): number {
  const seconds = duration(given, 'service-account-max-token-expiration') / 1000;
  if (seconds !== 0 && (seconds < 3600 || seconds > 2 ** 32)) throw new CommandError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return seconds;
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN ((?:RSA |EC )?(?:PUBLIC|PRIVATE) KEY|CERTIFICATE)-----[\s\S]*?-----END \1-----/g) ?? [];
}

/** None was given: one is made, and kept where certificates are, so that tokens outlive a restart. */
function ownSigningKey(folder: string): string {
  const file = join(folder, 'sa.key');
  if (folder && existsSync(file)) return readFileSync(file, 'utf8');
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, key, { mode: 0o600 });
  }
  return key;
}
