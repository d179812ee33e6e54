/** Service-account tokens: signed JSON web tokens, bound to what they were made for, alive as long as it is. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/ids.ts';
import type { User } from '../../serving/identity.ts';
import type { ServiceAccountConfig } from '../config.ts';
import type { Stored } from '../objects.ts';

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

/** Looks up what tokens are bound to; undefined: gone. */
export interface BoundObjects {
  find(kind: 'serviceaccounts' | 'pods' | 'secrets' | 'nodes', namespace: string, name: string): Promise<Stored | undefined>;
}

export type Verified = { readonly user: User; readonly audiences: readonly string[] };

const rememberedTokens = 4096;
export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function publicKey(pem: string): KeyObject {
  return createPublicKey(pem);
}

function keyId(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64url');
}

function algorithmOf(key: KeyObject): { alg: string; hash: string } {
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS256', hash: 'sha256' };
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'secp384r1': return { alg: 'ES384', hash: 'sha384' };
    case 'secp521r1': return { alg: 'ES512', hash: 'sha512' };
    default: return { alg: 'ES256', hash: 'sha256' };
  }
}

export class ServiceAccountTokens {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly #signer: KeyObject;
  readonly #header: string;
  readonly #verifiers = new Map<string, KeyObject>();
  readonly #objects: BoundObjects;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Signatures that were found good; what the token is bound to is looked at each time. */
  readonly #good = new Map<string, Claims>();

  constructor(config: ServiceAccountConfig, objects: BoundObjects, clock: Clock, random: Random) {
    this.issuer = config.issuer ?? defaultIssuer;
    this.audiences = config.audiences ?? [this.issuer];
    this.#signer = createPrivateKey(config.signingKey);
    for (const pem of [config.signingKey, ...(config.verifyingKeys ?? [])]) {
      const key = publicKey(pem);
      this.#verifiers.set(keyId(key), key);
    }
    const id = this.#verifiers.keys().next().value!;
    this.#header = encode({ alg: algorithmOf(this.#signer).alg, kid: id });
    this.#objects = objects;
    this.#clock = clock;
    this.#random = random;
  }

  /** A token that lives for `seconds`. */
  issue(bound: BoundTo, audiences: readonly string[], seconds: number, warnAfterSeconds?: number): { token: string; expires: number } {
    const now = Math.floor(this.#clock.now() / 1000);
    const claims: Claims = {
      aud: audiences.length > 0 ? audiences : this.audiences,
      exp: now + seconds, iat: now, iss: this.issuer, jti: this.#random.uuid(),
      'kubernetes.io': { ...bound, ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }) },
      nbf: now,
      sub: `system:serviceaccount:${bound.namespace}:${bound.serviceaccount.name}`,
    };
    const text = `${this.#header}.${encode(claims)}`;
    const { hash } = algorithmOf(this.#signer);
    const signature = sign(hash, Buffer.from(text), { key: this.#signer, dsaEncoding: 'ieee-p1363' });
    return { token: `${text}.${signature.toString('base64url')}`, expires: claims.exp };
  }

  /** Undefined: not a token of this issuer, or a bad one. */
  async verify(token: string, audiences: readonly string[] = this.audiences): Promise<Verified | undefined> {
    const claims = this.#claims(token);
    const bound = claims?.['kubernetes.io'];
    if (!claims || !bound) return undefined;
    const now = this.#clock.now() / 1000;
    if (claims.exp <= now || (claims.nbf ?? 0) > now + 60) return undefined;
    const has = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
    const common = audiences.filter((a) => has.includes(a));
    if (common.length === 0) return undefined;
    const { namespace, serviceaccount, pod, secret, node } = bound;
    if (claims.sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`) return undefined;
    if (!(await this.#alive('serviceaccounts', namespace, serviceaccount))) return undefined;
    if (pod && !(await this.#alive('pods', namespace, pod))) return undefined;
    if (secret && !(await this.#alive('secrets', namespace, secret))) return undefined;
    if (node && !pod && !(await this.#alive('nodes', '', node))) return undefined;
    return { user: userOf(claims, bound), audiences: common };
  }

  async #alive(kind: Parameters<BoundObjects['find']>[0], namespace: string, bound: ObjectName): Promise<boolean> {
    const found = await this.#objects.find(kind, namespace, bound.name);
    return found !== undefined && found.object.metadata.uid === bound.uid;
  }

  #claims(token: string): Claims | undefined {
    const known = this.#good.get(token);
    if (known) return known;
    const [header, payload, signature, ...rest] = token.split('.');
    if (!header || !payload || !signature || rest.length > 0) return undefined;
    try {
      const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: string; kid?: string };
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      if (claims.iss !== this.issuer) return undefined;
      const candidates = kid !== undefined && this.#verifiers.has(kid) ? [this.#verifiers.get(kid)!] : [...this.#verifiers.values()];
      const text = Buffer.from(`${header}.${payload}`);
      const bytes = Buffer.from(signature, 'base64url');
      const good = candidates.some((key) => algorithmOf(key).alg === alg && verify(algorithmOf(key).hash, text, { key, dsaEncoding: 'ieee-p1363' }, bytes));
      if (!good) return undefined;
      if (this.#good.size >= rememberedTokens) this.#good.delete(this.#good.keys().next().value!);
      this.#good.set(token, claims);
      return claims;
    } catch {
      // Whatever cannot be read is nobody's token.
      return undefined;
    }
  }

  /** The public keys, as the issuer discovery document's JSON web key set names them. */
  keySet(): { keys: unknown[] } {
    return { keys: [...this.#verifiers].map(([kid, key]) => ({ use: 'sig', kid, alg: algorithmOf(key).alg, ...key.export({ format: 'jwk' }) })) };
  }

  signingAlgorithms(): string[] {
    return [...new Set([...this.#verifiers.values()].map((key) => algorithmOf(key).alg))];
  }
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
