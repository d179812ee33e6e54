/** JSON web tokens in compact form: taken apart, and their signatures checked. Whom the claims bind is the business of others. */
import { constants, verify, type KeyObject } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.ts';

export interface Jwt {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: JsonObject;
  /** What was signed, and the signature. */
  readonly text: Buffer;
  readonly signature: Buffer;
}

/** Undefined for whatever is none. */
export function parseJwt(token: string): Jwt | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: unknown; kid?: unknown };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
    if (typeof alg !== 'string' || typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
    return { algorithm: alg, keyId: typeof kid === 'string' ? kid : undefined, claims: claims as JsonObject, text: Buffer.from(`${header}.${payload}`), signature: Buffer.from(signature, 'base64url') };
  } catch {
    return undefined;
  }
}

interface Algorithm {
  readonly hash: string;
  /** Of the key. */
  readonly type: 'rsa' | 'ec';
  readonly curve?: string;
  readonly pss?: true;
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', type: 'rsa' }, RS384: { hash: 'sha384', type: 'rsa' }, RS512: { hash: 'sha512', type: 'rsa' },
  PS256: { hash: 'sha256', type: 'rsa', pss: true }, PS384: { hash: 'sha384', type: 'rsa', pss: true }, PS512: { hash: 'sha512', type: 'rsa', pss: true },
  ES256: { hash: 'sha256', type: 'ec', curve: 'prime256v1' }, ES384: { hash: 'sha384', type: 'ec', curve: 'secp384r1' }, ES512: { hash: 'sha512', type: 'ec', curve: 'secp521r1' },
};

/** All of them asymmetric: a public key never counts as a secret. */
export const signingAlgorithms: readonly string[] = Object.keys(algorithms);

export function signatureFits({ algorithm, text, signature }: Jwt, key: KeyObject): boolean {
  const how = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm]! : undefined;
  if (!how || key.asymmetricKeyType !== how.type) return false;
  if (how.type === 'ec') return key.asymmetricKeyDetails?.namedCurve === how.curve && verify(how.hash, text, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return verify(how.hash, text, how.pss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : key, signature);
}
