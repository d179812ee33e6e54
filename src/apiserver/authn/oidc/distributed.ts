/** A claim that an issuer leaves to somebody else (OpenID Connect Core, 5.6.2): fetched from where the token says, as a token of its own. */
import type { Surroundings } from '../../../base/surroundings.ts';
import type { JsonObject, JsonValue } from '../../../machinery/json.ts';
import { parseJwt, type Jwt } from '../jwt.ts';
import { Provider } from './provider.ts';

interface Source {
  readonly endpoint?: string;
  readonly access_token?: string;
}

export interface DistributedOptions {
  /** The one that is looked for elsewhere. */
  readonly claim: string;
  readonly authority?: string;
  /** Throws for a token that is not good. */
  readonly verify: (jwt: Jwt, provider: Provider) => Promise<void>;
  readonly surroundings: Surroundings;
}

export class DistributedClaim {
  readonly #options: DistributedOptions;
  /** Whose keys are known; made when a token first names them. */
  readonly #issuers = new Map<string, Provider>();
  #fetcher: Provider | undefined;

  constructor(options: DistributedOptions) {
    this.#options = options;
  }

  close(): void {
    this.#fetcher?.close();
    for (const provider of this.#issuers.values()) provider.close();
  }

  /** The claims with that one among them. */
  async expand(claims: JsonObject): Promise<JsonObject> {
    const { claim } = this.#options;
    const { _claim_names: names, _claim_sources: sources } = claims;
    if (claims[claim] !== undefined || names === undefined) return claims;
    const name = members(names, 'oidc: error parsing distributed claim names')[claim];
    if (sources === undefined) throw new Error('oidc: no claim sources');
    const all = members(sources, 'oidc: could not parse claim sources');
    if (name === undefined) return claims;
    const source = all[name as string] as Source | undefined;
    if (!source) throw new Error(`id token _claim_names contained a source ${String(name)} missing in _claims_sources`);
    // Perhaps it stands in the token itself, which is not looked at.
    if (!source.endpoint) return claims;
    return { ...claims, [claim]: await this.#resolve(source.endpoint, source.access_token) };
  }

  async #resolve(endpoint: string, token: string | undefined): Promise<JsonValue> {
    const { claim, verify } = this.#options;
    let text: string;
    try {
      text = await (this.#fetcher ??= this.#provider('')).text(endpoint, token ? { authorization: `Bearer ${token}` } : {}, (status, words) => new Error(`error while getting distributed claim JWT: ${status} ${words}`));
    } catch (error) {
      throw new Error(`while getting distributed claim ${JSON.stringify(claim)}: ${(error as Error).message}`, { cause: error });
    }
    const jwt = parseJwt(text);
    const issuer = jwt?.claims['iss'];
    if (!jwt || typeof issuer !== 'string') throw new Error(`getting untrusted issuer from endpoint ${endpoint} failed for claim ${JSON.stringify(claim)}: malformed token`);
    let provider = this.#issuers.get(issuer);
    if (!provider) {
      this.#issuers.set(issuer, (provider = this.#provider(issuer)));
      provider.start();
    }
    if (!provider.ready) throw new Error(`verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${JSON.stringify(issuer)}`);
    try {
      await verify(jwt, provider);
    } catch (error) {
      throw new Error(`verify distributed claim token: ${(error as Error).message}`, { cause: error });
    }
    const value = jwt.claims[claim];
    if (value === undefined) throw new Error(`jwt returned by distributed claim endpoint ${JSON.stringify(endpoint)} did not contain claim: ${claim}`);
    return value;
  }

  #provider(issuer: string): Provider {
    const { authority, surroundings } = this.#options;
    return new Provider({ issuer, ...(authority ? { authority } : {}), surroundings });
  }
}

function members(value: JsonValue, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Error(`${what}: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value`);
}
