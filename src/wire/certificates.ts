/**
 * X.509 for the cluster's own authorities: EC P-256 keys, PEM in and out.
 * The ASN.1 library is loaded on first use, so that processes which only read PEM files never pay for it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { JsonName, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { systemClock, type Clock } from '../base/clock.ts';

export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
}

export type CertificateUsage = 'server' | 'client';

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface IssueOptions extends Subject {
  readonly usages: readonly CertificateUsage[];
  readonly days?: number;
  readonly clock?: Clock;
}

export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

const subjectAlternativeName = '2.5.29.17';
const day = 86_400_000;
/** A clock that is a little behind must not refuse a certificate made this second. */
const backdate = 300_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function library(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function importPrivate(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']);
}

function importPublic(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', createPublicKey(key).export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']);
}

/** RFC 4514 order is the reverse of the one on the wire; the JSON form keeps ours: organizations, then common name. */
function nameOf(subject: Pick<Subject, 'commonName' | 'organizations'>): Record<string, string[]>[] {
  return [...(subject.organizations ?? []).map((o) => ({ O: [o] })), ...(subject.commonName ? [{ CN: [subject.commonName] }] : [])];
}

function alternatives(subject: Subject): { type: 'dns' | 'ip'; value: string }[] {
  return [
    ...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(subject.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
}

/** Positive, 128 random bits. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes.toString('hex');
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.now();
  return { notBefore: new Date(now - backdate), notAfter: new Date(now + days * day) };
}

/** A self-signed certificate authority. */
export async function createAuthority(options: { commonName: string; days?: number; clock?: Clock }): Promise<Credential> {
  const x509 = await library();
  const key = newKey();
  const publicKey = await importPublic(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf(options),
    ...validity(options.clock ?? systemClock, options.days ?? 3650),
    signingAlgorithm: algorithm,
    keys: { privateKey: await importPrivate(key), publicKey },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: pkcs8(key) };
}

interface Contents {
  readonly subject: JsonName;
  readonly names: { readonly type: 'dns' | 'ip' | 'email' | 'url'; readonly value: string }[];
  readonly purposes: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Bits of the key usage and identifiers of the extended one, by the words that certificate requests use. */
const keyUsages: Readonly<Record<string, number>> = {
  signing: 1, 'digital signature': 1, 'content commitment': 2, 'key encipherment': 4, 'data encipherment': 8, 'key agreement': 16, 'cert sign': 32, 'crl sign': 64,
  'encipher only': 128, 'decipher only': 256,
};
const extendedKeyUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0', 'server auth': '1.3.6.1.5.5.7.3.1', 'client auth': '1.3.6.1.5.5.7.3.2', 'code signing': '1.3.6.1.5.5.7.3.3', 'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4', 'ipsec end system': '1.3.6.1.5.5.7.3.5', 'ipsec tunnel': '1.3.6.1.5.5.7.3.6', 'ipsec user': '1.3.6.1.5.5.7.3.7', timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9', 'microsoft sgc': '1.3.6.1.4.1.311.10.3.3', 'netscape sgc': '2.16.840.1.113730.4.1',
};

async function sign(authority: Credential, publicKey: webcrypto.CryptoKey, { subject, names, purposes, notBefore, notAfter }: Contents): Promise<string> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certPem);
  const unknown = purposes.find((purpose) => !(purpose in keyUsages) && !(purpose in extendedKeyUsages));
  if (unknown !== undefined) throw new Error(`unrecognized usage: ${unknown}`);
  const flags = purposes.reduce((sum, purpose) => sum | (keyUsages[purpose] ?? 0), 0);
  const extended = [...new Set(purposes.flatMap((purpose) => extendedKeyUsages[purpose] ?? []))];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.subjectName.toJSON(),
    notBefore, notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: await importPrivate(createPrivateKey(authority.keyPem)),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
      ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** A new key and a certificate for it, signed by the authority. */
export async function issue(authority: Credential, options: IssueOptions): Promise<Credential> {
  const key = newKey();
  const purposes = ['digital signature', 'key encipherment', ...options.usages.map((usage) => `${usage} auth`)];
  const contents = { subject: nameOf(options), names: alternatives(options), purposes, ...validity(options.clock ?? systemClock, options.days ?? 365) };
  return { certPem: await sign(authority, await importPublic(key), contents), keyPem: pkcs8(key) };
}

/** A new key and a PKCS #10 request for it. */
export async function createSigningRequest(subject: Subject): Promise<{ requestPem: string; keyPem: string }> {
  const x509 = await library();
  const key = newKey();
  const names = alternatives(subject);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(subject),
    keys: { privateKey: await importPrivate(key), publicKey: await importPublic(key) },
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return { requestPem: `${request.toString('pem')}\n`, keyPem: pkcs8(key) };
}

/** What a request asks for; throws when it is no PEM request or its own signature is wrong. */
export async function readSigningRequest(requestPem: string): Promise<SigningRequest> {
  const x509 = await library();
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  if (!(await request.verify())) throw new Error('the signature of the certificate request is not valid');
  const extension = request.getExtension(subjectAlternativeName) as SubjectAlternativeNameExtension | null;
  const names = extension?.names.items ?? [];
  const of = (type: string): string[] => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    emailAddresses: of('email'),
    uris: of('url'),
  };
}

/**
 * Signs a request with exactly the subject and the names it asks for; the caller has approved them. `purposes` are key usages and
 * extended ones in words, e.g. `digital signature` and `client auth`. Gives the certificate as PEM, never outliving the authority.
 */
export async function signRequest(
  authority: Credential,
  requestPem: string,
  options: { readonly purposes: readonly string[]; readonly seconds?: number; readonly clock?: Clock },
): Promise<string> {
  const x509 = await library();
  const wanted = await readSigningRequest(requestPem);
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  const publicKey = await request.publicKey.export();
  const names = [...alternatives(wanted), ...wanted.emailAddresses.map((value) => ({ type: 'email' as const, value })), ...wanted.uris.map((value) => ({ type: 'url' as const, value }))];
  const days = (options.seconds ?? 365 * 86_400) / 86_400;
  const contents = { subject: request.subjectName.toJSON(), names, purposes: options.purposes, ...validity(options.clock ?? systemClock, days) };
  return sign(authority, publicKey as webcrypto.CryptoKey, contents);
}

/** True when the certificate was signed by this authority, ends later than `until`, and is for all of these names. */
export function stillGood(credential: Credential, authority: Credential, until: number, subject: Subject): boolean {
  const certificate = new X509Certificate(credential.certPem);
  const issuer = new X509Certificate(authority.certPem);
  if (!certificate.verify(issuer.publicKey)) return false;
  if (Date.parse(certificate.validTo) <= until) return false;
  const has = (name: string): boolean => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' })) !== undefined;
  return [...(subject.dnsNames ?? []), ...(subject.ipAddresses ?? [])].every(has);
}
