/** Service-account tokens: signed JSON web tokens, bound to what they were made for, alive as long as it is. */
import { createPublicKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { parseTime, timestamp, type Clock } from '../../base/clock.ts';
import type { Counter, Metrics } from '../../base/metrics.ts';
import type { Random } from '../../base/ids.ts';
import type { User } from '../../serving/identity.ts';
import { algorithmOf, keyId, tokenSigner } from '../../wire/jwt.ts';
import type { ServiceAccountConfig } from '../config.ts';
import type { Stored } from '../objects.ts';
import { parseJwt, signatureFits } from './jwt.ts';
import type { TokenAnswer } from './tokens.ts';

export interface ObjectName {
  readonly name: string;
  readonly uid: string;
}

export interface BoundTo {
  readonly namespace: string;
  readonly serviceaccount: ObjectName;
  readonly pod?: ObjectName;
  readonly secret?: ObjectName;
  readonly node?: ObjectName;
}

interface Claims {
  readonly aud: readonly string[] | string;
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  readonly iss: string;
  readonly jti?: string;
  readonly sub: string;
  readonly 'kubernetes.io'?: BoundTo & { readonly warnafter?: number };
}

/** What stands in tokens that are kept in Secrets; they never expire, and name no audience. */
interface LegacyClaims {
  readonly sub?: string;
  readonly 'kubernetes.io/serviceaccount/namespace'?: string;
  readonly 'kubernetes.io/serviceaccount/secret.name'?: string;
  readonly 'kubernetes.io/serviceaccount/service-account.name'?: string;
  readonly 'kubernetes.io/serviceaccount/service-account.uid'?: string;
}

const legacyIssuer = 'kubernetes/serviceaccount';
export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
/** What is being deleted still counts for so long. */
const leewayMs = 60_000;

/** Looks up what tokens are bound to; undefined: gone. */
export interface BoundObjects {
  find(kind: 'serviceaccounts' | 'pods' | 'secrets' | 'nodes', namespace: string, name: string): Promise<Stored | undefined>;
  /** Writes into the label of a legacy token's Secret when it was last used; absent: nobody keeps track. */
  used?(namespace: string, secret: string, day: string): void;
}

/** A public key of a signer outside of this server. */
export interface SignerKey {
  readonly id: string;
  readonly key: KeyObject;
  /** It counts, but is not told to others. */
  readonly hidden: boolean;
}

/** Who signs in place of this server. */
export interface ExternalSigner {
  readonly keys: readonly SignerKey[];
  /** The token of claims in base64url. */
  sign(claims: string): Promise<string>;
  /** Asks for the keys that count now. */
  refresh(): Promise<void>;
}

const rememberedTokens = 4096;
export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

export class ServiceAccountTokens {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keySetUrl: string | undefined;
  /** Tokens of all of them count; the first one signs. */
  readonly #issuers: ReadonlySet<string>;
  readonly #sign: (claims: object) => string | Promise<string>;
  readonly #signer: ExternalSigner | undefined;
  readonly #verifiers = new Map<string, KeyObject>();
  readonly #objects: BoundObjects;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Signatures that were found good; what the token is bound to is looked at each time. */
  readonly #good = new Map<string, Claims>();
  readonly #uses = { valid: 0, stale: 0, legacy: 0, manual: 0, auto: 0, invalid: 0 };

  constructor(config: ServiceAccountConfig, objects: BoundObjects, clock: Clock, random: Random) {
    const issuers = config.issuers ?? [config.issuer ?? defaultIssuer];
    this.issuer = issuers[0]!;
    this.#issuers = new Set(issuers);
    this.audiences = config.audiences ?? issuers;
    this.keySetUrl = config.keySetUrl;
    const { signer, signingKey } = config;
    this.#signer = signer;
    if (!signer && signingKey === undefined) throw new TypeError('nobody signs tokens of service accounts');
    this.#sign = signer ? (claims) => signer.sign(Buffer.from(JSON.stringify(claims)).toString('base64url')) : tokenSigner(signingKey!);
    for (const pem of [...(signer || signingKey === undefined ? [] : [signingKey]), ...(config.verifyingKeys ?? [])]) {
      const key = createPublicKey(pem);
      this.#verifiers.set(keyId(key), key);
    }
    this.#objects = objects;
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts what became of tokens. */
  instrument(metrics: Metrics): void {
    const counter = (name: string, help: string): Counter => metrics.counter({ name: `serviceaccount_${name}`, help: `[ALPHA] ${help}` });
    const all = {
      valid: counter('valid_tokens_total', 'Uses of tokens that are bound to an audience and a time.'), stale: counter('stale_tokens_total', 'Uses of bound tokens that should have been renewed.'),
      legacy: counter('legacy_tokens_total', 'Uses of tokens that are kept in secrets.'), manual: counter('legacy_manual_token_uses_total', 'Uses of tokens in secrets that somebody made by hand.'),
      auto: counter('legacy_auto_token_uses_total', 'Uses of tokens in secrets that a controller made.'), invalid: counter('invalid_legacy_auto_token_uses_total', 'Uses of tokens in secrets that a controller made and that are no longer valid.'),
    };
    metrics.onCollect(() => {
      for (const [name, one] of Object.entries(all)) one.to(this.#uses[name as keyof typeof all]);
    });
  }

  /** A token that lives for `seconds`. */
  async issue(bound: BoundTo, audiences: readonly string[], seconds: number, warnAfterSeconds?: number): Promise<{ token: string; expires: number }> {
    const now = Math.floor(this.#clock.now() / 1000);
    const claims: Claims = {
      aud: audiences.length > 0 ? audiences : this.audiences,
      exp: now + seconds, iat: now, iss: this.issuer, jti: this.#random.uuid(),
      'kubernetes.io': { ...bound, ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }) },
      nbf: now,
      sub: `system:serviceaccount:${bound.namespace}:${bound.serviceaccount.name}`,
    };
    return { token: await this.#sign(claims), expires: claims.exp };
  }

  /** Undefined: not a token of these issuers. Throws, in upstream's words, for one that is but does not count. */
  async verify(token: string, audiences: readonly string[] = this.audiences): Promise<TokenAnswer | undefined> {
    const claims = await this.#claims(token);
    if (!claims) return undefined;
    if (claims.iss === legacyIssuer) return this.#legacy(token, claims as unknown as LegacyClaims, audiences);
    const bound = claims['kubernetes.io'];
    if (!bound) return undefined;
    const named = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? this.audiences);
    const common = named.filter((a) => audiences.includes(a));
    if (common.length === 0) throw new Error(`token audiences ${quotedList(named)} is invalid for the target audiences ${quotedList(audiences)}`);
    const now = this.#clock.now() / 1000;
    if (claims.exp <= now - leewayMs / 1000) throw new Error('service account token has expired');
    if ((claims.nbf ?? 0) > now + leewayMs / 1000) throw new Error('service account token is not valid yet');
    await this.#demandAll(bound);
    if (bound.warnafter !== undefined && bound.warnafter < now) this.#uses.stale++;
    this.#uses.valid++;
    return { user: userOf(claims, bound), audiences: common };
  }

  async #demandAll({ namespace, serviceaccount, pod, secret, node }: BoundTo): Promise<void> {
    await this.#demand('serviceaccounts', namespace, serviceaccount, 'service account', `service account ${namespace}/${serviceaccount.name} has been deleted`);
    const gone = 'service account token has been invalidated';
    if (secret) await this.#demand('secrets', namespace, secret, 'secret', gone);
    if (pod) await this.#demand('pods', namespace, pod, 'pod', gone);
    else if (node) await this.#demand('nodes', '', node, 'node', gone);
  }

  async #demand(kind: Parameters<BoundObjects['find']>[0], namespace: string, bound: ObjectName, what: string, deleted: string): Promise<void> {
    const found = (await this.#objects.find(kind, namespace, bound.name))?.object.metadata;
    if (!found) throw new Error(kind === 'serviceaccounts' ? `serviceaccounts ${JSON.stringify(bound.name)} not found` : 'service account token has been invalidated');
    if (found.uid !== bound.uid) throw new Error(`${what} UID (${found.uid}) does not match ${kind === 'serviceaccounts' ? '' : `service account ${what} ref `}claim (${bound.uid})`);
    if (found.deletionTimestamp && parseTime(found.deletionTimestamp) < this.#clock.now() - leewayMs) throw new Error(deleted);
  }

  async #legacy(token: string, claims: LegacyClaims, audiences: readonly string[]): Promise<TokenAnswer> {
    const common = this.audiences.filter((a) => audiences.includes(a));
    if (common.length === 0) throw new Error(`token audiences ${quotedList(this.audiences)} is invalid for the target audiences ${quotedList(audiences)}`);
    const claim = (name: 'namespace' | 'secret.name' | 'service-account.name' | 'service-account.uid', called: string): string => {
      const value = claims[`kubernetes.io/serviceaccount/${name}`];
      if (!value) throw new Error(`${called} claim is missing`);
      return value;
    };
    if (!claims.sub) throw new Error('sub claim is missing');
    const [namespace, secretName] = [claim('namespace', 'namespace'), claim('secret.name', 'secretName')];
    const [name, uid] = [claim('service-account.name', 'serviceAccountName'), claim('service-account.uid', 'serviceAccountUID')];
    if (claims.sub !== `system:serviceaccount:${namespace}:${name}`) throw new Error('sub claim is invalid');
    const secret = (await this.#objects.find('secrets', namespace, secretName))?.object;
    if (!secret || secret.metadata.deletionTimestamp) throw new Error('Token has been invalidated');
    if (!sameText(Buffer.from((secret['data'] as Record<string, string> | undefined)?.['token'] ?? '', 'base64'), Buffer.from(token))) throw new Error("Token does not match server's copy");
    const owner = (await this.#objects.find('serviceaccounts', namespace, name))?.object;
    const account = owner?.metadata;
    if (!account) throw new Error(`serviceaccounts ${JSON.stringify(name)} not found`);
    const auto = (owner['secrets'] as readonly { readonly name?: string }[] | undefined)?.some((ref) => ref.name === secretName) === true;
    if (account.deletionTimestamp) throw new Error(`ServiceAccount ${namespace}/${name} has been deleted`);
    if (account.uid !== uid) throw new Error(`ServiceAccount UID (${account.uid}) does not match claim (${uid})`);
    const labels = secret.metadata.labels ?? {};
    const [today, tomorrow] = [0, 86_400_000].map((ms) => timestamp(this.#clock.now() + ms).slice(0, 10));
    if (labels[lastUsedLabel] !== today && labels[lastUsedLabel] !== tomorrow) this.#objects.used?.(namespace, secretName, today!);
    if (labels[invalidSinceLabel]) {
      if (auto) this.#uses.invalid++;
      throw new Error(`the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`);
    }
    this.#uses.legacy++;
    this.#uses[auto ? 'auto' : 'manual']++;
    return { user: { name: claims.sub, uid, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] }, audiences: common };
  }

  async #claims(token: string): Promise<Claims | undefined> {
    const known = this.#good.get(token);
    if (known) return known;
    const jwt = parseJwt(token);
    const claims = jwt?.claims as unknown as Claims | undefined;
    if (!jwt || !claims || !(this.#issuers.has(claims.iss) || claims.iss === legacyIssuer)) return undefined;
    if (!this.#keysFor(jwt.keyId).some((key) => signatureFits(jwt, key))) {
      // The signer may have new keys; a token that names one of those that are known is just bad.
      const known = this.#signer?.keys.some((one) => one.id === jwt.keyId) ?? true;
      if (known) throw new Error('invalid signature');
      await this.#signer!.refresh();
      if (!this.#keysFor(jwt.keyId).some((key) => signatureFits(jwt, key))) throw new Error('invalid signature');
    }
    if (this.#good.size >= rememberedTokens) this.#good.delete(this.#good.keys().next().value!);
    this.#good.set(token, claims);
    return claims;
  }

  /** That of the name where there is one, else all. */
  #keysFor(id: string | undefined): KeyObject[] {
    const all = [...this.#verifiers, ...(this.#signer?.keys ?? []).map(({ id: own, key }) => [own, key] as const)];
    const named = id === undefined ? [] : all.filter(([own]) => own === id);
    return (named.length > 0 ? named : all).map(([, key]) => key);
  }

  /** Those that others may know. */
  #shown(): [string, KeyObject][] {
    return [...this.#verifiers, ...(this.#signer?.keys ?? []).flatMap(({ id, key, hidden }) => (hidden ? [] : [[id, key] as [string, KeyObject]]))];
  }

  /** The public keys, as the issuer discovery document's JSON web key set names them. */
  keySet(): { keys: unknown[] } {
    return { keys: this.#shown().map(([kid, key]) => ({ use: 'sig', kid, alg: algorithmOf(key).alg, ...key.export({ format: 'jwk' }) })) };
  }

  signingAlgorithms(): string[] {
    return [...new Set(this.#shown().map(([, key]) => algorithmOf(key).alg))].sort();
  }
}

function quotedList(values: readonly string[]): string {
  return `[${values.map((v) => JSON.stringify(v)).join(' ')}]`;
}

function sameText(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function userOf(claims: Claims, bound: BoundTo): User {
  const extra: Record<string, string[]> = {};
  if (claims.jti) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
  if (bound.pod) {
    extra['authentication.kubernetes.io/pod-name'] = [bound.pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [bound.pod.uid];
  }
  if (bound.node) {
    extra['authentication.kubernetes.io/node-name'] = [bound.node.name];
    if (bound.node.uid) extra['authentication.kubernetes.io/node-uid'] = [bound.node.uid];
  }
  return {
    name: claims.sub, uid: bound.serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${bound.namespace}`],
    extra,
  };
}
