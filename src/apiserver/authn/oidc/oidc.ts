/** Tokens of other issuers, as an AuthenticationConfiguration (or the --oidc-* flags) describes them. */
import { createHash } from 'node:crypto';
import { timestamp } from '../../../base/clock.ts';
import type { Metrics } from '../../../base/metrics.ts';
import type { Surroundings } from '../../../base/surroundings.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { User } from '../../../serving/identity.ts';
import { aggregate, ConfigurationError, readConfiguration } from '../../files/load.ts';
import { authenticationPackages, type AuthenticationConfiguration, type JWTAuthenticator } from '../../files/authentication.ts';
import { parseJwt, signingAlgorithms, type Jwt } from '../jwt.ts';
import type { TokenAnswer, TokenAuthenticator } from '../tokens.ts';
import { userOfClaims } from './claims.ts';
import { DistributedClaim } from './distributed.ts';
import { Provider } from './provider.ts';
import { validateAuthentication, type Mappings } from './validate.ts';

export interface OidcOptions {
  /** Those of this server's own tokens, which nobody else may claim. */
  readonly disallowedIssuers: readonly string[];
  /** Default: all that are known. */
  readonly algorithms?: readonly string[];
  readonly surroundings: Surroundings;
}

interface Trusted {
  readonly config: DeepReadonly<JWTAuthenticator>;
  readonly mappings: Mappings;
  readonly provider: Provider;
  /** Of the claim with the groups, which issuers may leave to others. */
  readonly elsewhere: DistributedClaim | undefined;
}

/** What reads an AuthenticationConfiguration's text. Throws ConfigurationError. */
export function readAuthentication(text: string): DeepReadonly<AuthenticationConfiguration> {
  if (text === '') throw new ConfigurationError('empty config data');
  return readConfiguration<AuthenticationConfiguration>(text, 'AuthenticationConfiguration', authenticationPackages).config;
}

function closeAll(trusted: ReadonlyMap<string, Trusted>): void {
  for (const { provider, elsewhere } of trusted.values()) {
    provider.close();
    elsewhere?.close();
  }
}

export class Issuers {
  readonly #options: OidcOptions;
  #trusted: ReadonlyMap<string, Trusted> = new Map();
  #took: ((result: 'success' | 'failure', issuer: string, milliseconds: number) => void) | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  /** From now on these count. Throws ConfigurationError, and leaves things as they are, when something is wrong with them. */
  use(config: DeepReadonly<AuthenticationConfiguration>): void {
    const { errors, mappings } = validateAuthentication(config, this.#options.disallowedIssuers);
    if (errors.length > 0) throw new ConfigurationError(`invalid authentication configuration: ${aggregate(errors)}`);
    const before = this.#trusted;
    this.#trusted = new Map((config.jwt ?? []).map((one, i) => [one.issuer!.url!, { config: one, mappings: mappings[i]!, provider: this.#providerOf(one), elsewhere: this.#elsewhereOf(one) }]));
    closeAll(before);
  }

  close(): void {
    closeAll(this.#trusted);
    this.#trusted = new Map();
  }

  /** Counts how long tokens of each issuer took. */
  instrument(metrics: Metrics): void {
    const latency = metrics.histogram({ name: 'apiserver_authentication_jwt_authenticator_latency_seconds', labels: ['result', 'jwt_issuer_hash'], buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], help: '[ALPHA] Seconds that verifying a JWT took that was not remembered.' });
    this.#took = (result, issuer, milliseconds) => latency.observe(milliseconds / 1000, result, `sha256:${createHash('sha256').update(issuer).digest('hex')}`);
  }

  readonly authenticate: TokenAuthenticator = async (token): Promise<TokenAnswer | undefined> => {
    if (this.#trusted.size === 0) return undefined;
    const jwt = parseJwt(token);
    const issuer = jwt?.claims['iss'];
    const trusted = typeof issuer === 'string' ? this.#trusted.get(issuer) : undefined;
    if (!jwt || !trusted) return undefined;
    if (!trusted.provider.ready) throw new Error('oidc: authenticator not initialized');
    const { clock } = this.#options.surroundings;
    const since = clock.monotonic();
    let result: 'success' | 'failure' = 'failure';
    try {
      const user = await this.#userOf(jwt, trusted);
      result = 'success';
      return { user };
    } finally {
      this.#took?.(result, issuer as string, clock.monotonic() - since);
    }
  };

  async #userOf(jwt: Jwt, trusted: Trusted): Promise<User> {
    try {
      await this.#verify(jwt, trusted.config, trusted.provider);
    } catch (error) {
      throw new Error(`oidc: verify token: ${(error as Error).message}`, { cause: error });
    }
    let { claims } = jwt;
    try {
      if (trusted.elsewhere) claims = await trusted.elsewhere.expand(claims);
    } catch (error) {
      throw new Error(`oidc: could not expand distributed claims: ${(error as Error).message}`, { cause: error });
    }
    return userOfClaims(claims, trusted.config, trusted.mappings);
  }

  #providerOf({ issuer }: DeepReadonly<JWTAuthenticator>): Provider {
    const { url = '', discoveryURL, certificateAuthority } = issuer ?? {};
    const provider = new Provider({ issuer: url, ...(discoveryURL ? { discoveryUrl: discoveryURL } : {}), ...(certificateAuthority ? { authority: certificateAuthority } : {}), surroundings: this.#options.surroundings });
    provider.start();
    return provider;
  }

  #elsewhereOf(config: DeepReadonly<JWTAuthenticator>): DistributedClaim | undefined {
    const claim = config.claimMappings?.groups?.claim;
    if (!claim) return undefined;
    const authority = config.issuer?.certificateAuthority;
    return new DistributedClaim({ claim, ...(authority ? { authority } : {}), verify: (jwt, provider) => this.#verify(jwt, config, provider), surroundings: this.#options.surroundings });
  }

  async #verify(jwt: Jwt, config: DeepReadonly<JWTAuthenticator>, provider: Provider): Promise<void> {
    const { aud, exp, nbf } = jwt.claims;
    const meant = Array.isArray(aud) ? aud : [aud];
    const wanted = config.issuer?.audiences ?? [];
    if (!meant.some((a) => wanted.includes(a as string))) {
      const list = (values: readonly unknown[]): string => `[${values.map((v) => JSON.stringify(v)).join(' ')}]`;
      throw new Error(`oidc: expected audience in ${list([...wanted].sort())} got ${list(meant.filter((a) => a !== undefined))}`);
    }
    const now = this.#options.surroundings.clock.now() / 1000;
    if (typeof exp !== 'number' || exp < now) throw new Error(`oidc: token is expired (Token Expiry: ${typeof exp === 'number' ? timestamp(exp * 1000) : 'none'})`);
    if (typeof nbf === 'number' && nbf > now + 300) throw new Error('oidc: current time before the nbf (not before) time');
    const algorithms = this.#options.algorithms ?? signingAlgorithms;
    if (!algorithms.includes(jwt.algorithm)) throw new Error(`oidc: id token signed with unsupported algorithm, expected ${JSON.stringify(algorithms)} got ${JSON.stringify(jwt.algorithm)}`);
    await provider.verify(jwt);
  }
}
