/** Whether a certificate and a key, both as PEM, belong together: in the words of Go's crypto/tls. */
import { X509Certificate, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

interface Block {
  readonly type: string;
  readonly text: string;
}

function blocksOf(pem: string): Block[] {
  return [...pem.matchAll(/-----BEGIN ([^\n]*?)-----\r?\n[^]*?-----END \1-----/g)].map(([text, type]) => ({ type: type!, text }));
}

/** Undefined: they do. */
export function keyPairComplaint(certificate: string, key: string): string | undefined {
  const certificates = blocksOf(certificate);
  const leaf = certificates.find((b) => b.type === 'CERTIFICATE');
  if (!leaf) {
    const skipped = certificates.map((b) => b.type);
    if (skipped.length === 0) return 'tls: failed to find any PEM data in certificate input';
    if (skipped.length === 1 && skipped[0]!.endsWith('PRIVATE KEY')) return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`;
  }
  const keys = blocksOf(key);
  const secret = keys.find((b) => b.type.endsWith('PRIVATE KEY'));
  if (!secret) {
    const skipped = keys.map((b) => b.type);
    if (skipped.length === 0) return 'tls: failed to find any PEM data in key input';
    if (skipped.length === 1 && skipped[0] === 'CERTIFICATE') return 'tls: found a certificate rather than a key in the PEM for the private key';
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`;
  }
  const [publicKey, privateKey] = [attempt(() => new X509Certificate(leaf.text).publicKey), attempt(() => createPrivateKey(secret.text))];
  if (!publicKey) return 'x509: malformed certificate';
  if (!privateKey) return 'tls: failed to parse private key';
  if (publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return createPublicKey(privateKey).equals(publicKey) ? undefined : 'tls: private key does not match public key';
}

function attempt(make: () => KeyObject): KeyObject | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
