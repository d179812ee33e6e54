/** Signing JSON web tokens: who holds a private key writes tokens that whoever has the public one can check. */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export interface SignatureAlgorithm {
  readonly alg: string;
  readonly hash: string;
}

/** Follows from the key, as with upstream. */
export function algorithmOf(key: KeyObject): SignatureAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS256', hash: 'sha256' };
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'secp384r1': return { alg: 'ES384', hash: 'sha384' };
    case 'secp521r1': return { alg: 'ES512', hash: 'sha512' };
    default: return { alg: 'ES256', hash: 'sha256' };
  }
}

/** The name of a public key in the headers of tokens. */
export function keyId(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64url');
}

/** Makes tokens of claims, with a private key in PEM. */
export function tokenSigner(pem: string): (claims: object) => string {
  const key = createPrivateKey(pem);
  const { alg, hash } = algorithmOf(key);
  const header = encode({ alg, kid: keyId(createPublicKey(key)) });
  return (claims) => {
    const text = `${header}.${encode(claims)}`;
    return `${text}.${sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
}
