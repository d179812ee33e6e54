/** Client certificates: chain of trust, and the identity that the subject names (CN the user, O the groups). */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { StatusError } from '../machinery/status.ts';
import type { Authenticator, User } from './identity.ts';
import type { ServingRequest } from './request.ts';

const clientAuthUsage = '1.3.6.1.5.5.7.3.2';
/** Upstream's own attribute of a subject. */
const uidAttribute = '1.3.6.1.4.1.57683.2';
const maxChain = 8;

/** The certificates of a PEM bundle. */
export function parseBundle(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function isCurrent(certificate: X509Certificate, now: number): boolean {
  return now >= certificate.validFromDate.getTime() && now <= certificate.validToDate.getTime();
}

/** True when the chain ends at one of the authorities, every link is signed and current, and the leaf may act as a client. */
export function verifyClient(leaf: X509Certificate, intermediates: readonly X509Certificate[], authorities: readonly X509Certificate[], now: number): boolean {
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages && !usages.includes(clientAuthUsage)) return false;
  let current = leaf;
  for (let depth = 0; depth < maxChain; depth++) {
    if (!isCurrent(current, now)) return false;
    const signs = (issuer: X509Certificate): boolean => current.checkIssued(issuer) && current.verify(issuer.publicKey);
    if (authorities.some((authority) => authority.fingerprint256 === current.fingerprint256 || (signs(authority) && isCurrent(authority, now)))) return true;
    const next = intermediates.find((candidate) => candidate !== current && candidate.ca && signs(candidate));
    if (!next) return false;
    current = next;
  }
  return false;
}

/** What the client sent, leaf first. */
export function peerChain(request: ServingRequest): X509Certificate[] {
  const socket = request.socket;
  if (typeof socket.getPeerX509Certificate !== 'function') return [];
  const chain: X509Certificate[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate && chain.length < maxChain && !chain.some((c) => c.fingerprint256 === certificate!.fingerprint256)) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** Values of one attribute of a subject, in order. */
export function subjectValues(certificate: X509Certificate, attribute: string): string[] {
  const values: string[] = [];
  for (const line of certificate.subject?.split('\n') ?? []) {
    if (line.startsWith(`${attribute}=`)) values.push(line.slice(attribute.length + 1).replace(/\\(.)/g, '$1'));
  }
  return values;
}

export function certificateUser(certificate: X509Certificate): User | undefined {
  const [name] = subjectValues(certificate, 'CN');
  if (!name) return undefined;
  const credential = `X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`;
  const uids = subjectValues(certificate, uidAttribute);
  // A uid that is not one is no identity.
  if (uids.length > 1 || uids[0] === '') throw StatusError.unauthorized();
  return { name, ...(uids[0] === undefined ? {} : { uid: uids[0] }), groups: subjectValues(certificate, 'O'), extra: { 'authentication.kubernetes.io/credential-id': [credential] } };
}

/** The verified leaf of each connection, worked out once for it. */
export class ClientCertificates {
  readonly #authorities: () => string;
  readonly #clock: Clock;
  #pem = '';
  #parsed: X509Certificate[] = [];
  #verified = new WeakMap<object, { readonly certificate: X509Certificate | undefined; readonly sent: boolean }>();

  /** `authorities` gives the PEM bundle that counts now; a change of it is noticed. */
  constructor(authorities: () => string, clock: Clock) {
    this.#authorities = authorities;
    this.#clock = clock;
  }

  /** The client's certificate when it is trusted; `sent` tells one that is not from none. */
  of(request: ServingRequest): { readonly certificate: X509Certificate | undefined; readonly sent: boolean } {
    const pem = this.#authorities();
    if (pem !== this.#pem) {
      this.#pem = pem;
      this.#parsed = parseBundle(pem);
      this.#verified = new WeakMap();
    }
    const connection = request.connection;
    let known = this.#verified.get(connection);
    if (!known) {
      const [leaf, ...rest] = peerChain(request);
      const trusted = leaf !== undefined && verifyClient(leaf, rest, this.#parsed, this.#clock.now());
      known = { certificate: trusted ? leaf : undefined, sent: leaf !== undefined };
      this.#verified.set(connection, known);
    }
    // A connection may outlive the certificate that opened it.
    if (known.certificate && this.#clock.now() > known.certificate.validToDate.getTime()) throw StatusError.unauthorized();
    return known;
  }
}

/** CN is the user, O the groups. */
export function x509Authenticator(certificates: ClientCertificates): Authenticator {
  const users = new WeakMap<X509Certificate, User>();
  return (request) => {
    const { certificate } = certificates.of(request);
    if (!certificate) return undefined;
    let user = users.get(certificate);
    if (!user) {
      user = certificateUser(certificate);
      if (user) users.set(certificate, user);
    }
    return user;
  };
}
