/** X.509 for the cluster's own authorities: new keys are EC P-256, PEM in and out. Keys are made, and signatures too, in libuv's threads. */
import {
  constants, createHash, createPrivateKey, createPublicKey, generateKeyPair, randomBytes, sign as signBytes, verify as verifyBytes, X509Certificate, type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { systemClock, type Clock } from '../base/clock.ts';
import { bitString, contentOf, contextTag, der, elements, inside, namedBits, oid, one, pem, readBits, readOid, readPem, sequence, tag, time, type Element } from './der.ts';
import { alternativeNames, nameOf, readAlternativeNames, readName, type AlternativeName } from './distinguished.ts';

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

const identifiers = {
  subjectKey: '2.5.29.14', keyUsage: '2.5.29.15', alternativeNames: '2.5.29.17', basicConstraints: '2.5.29.19', authorityKey: '2.5.29.35', extendedKeyUsage: '2.5.29.37',
  requestedExtensions: '1.2.840.113549.1.9.14', pss: '1.2.840.113549.1.1.10',
} as const;
const day = 86_400_000;
/** A clock that is a little behind must not refuse a certificate made this second. */
const backdate = 300_000;

const generate = promisify(generateKeyPair);
const signed = promisify(signBytes);

async function newKey(): Promise<KeyObject> {
  return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicPart(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** How a signature is named, and the digest that is signed. */
interface Algorithm {
  readonly identifier: string;
  readonly digest: string | null;
}

const algorithms: readonly Algorithm[] = [
  { identifier: '1.2.840.10045.4.3.2', digest: 'sha256' }, { identifier: '1.2.840.10045.4.3.3', digest: 'sha384' }, { identifier: '1.2.840.10045.4.3.4', digest: 'sha512' },
  { identifier: '1.2.840.113549.1.1.11', digest: 'sha256' }, { identifier: '1.2.840.113549.1.1.12', digest: 'sha384' }, { identifier: '1.2.840.113549.1.1.13', digest: 'sha512' },
  { identifier: '1.3.101.112', digest: null },
];
const digests: Readonly<Record<string, string>> = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };

/** What a key signs with. */
function algorithmOf(key: KeyObject): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return algorithms[3]!;
  if (type === 'ed25519') return algorithms[6]!;
  if (type !== 'ec') throw new Error(`a key of type ${type} cannot sign certificates`);
  return algorithms[details?.namedCurve === 'secp384r1' ? 1 : details?.namedCurve === 'secp521r1' ? 2 : 0]!;
}

/** `contents` with the signature behind it, which is the form of certificates and of requests. */
async function withSignature(key: KeyObject, contents: (algorithm: Buffer) => Buffer): Promise<Buffer> {
  const { identifier, digest } = algorithmOf(key);
  const algorithm = sequence(oid(identifier), ...(key.asymmetricKeyType === 'rsa' ? [der(tag.null)] : []));
  const bytes = contents(algorithm);
  return sequence(bytes, algorithm, bitString(await signed(digest, bytes, key)));
}

/** Positive, 128 random bits. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes;
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function validity(clock: Clock, days: number): Validity {
  const now = clock.now();
  return { notBefore: new Date(now - backdate), notAfter: new Date(now + days * day) };
}

interface Extension {
  readonly identifier: string;
  readonly critical?: boolean;
  readonly value: Buffer;
}

function extensionsOf(extensions: readonly Extension[]): Buffer {
  return sequence(...extensions.map(({ identifier, critical, value }) => sequence(oid(identifier), ...(critical ? [der(tag.boolean, Buffer.from([0xff]))] : []), der(tag.octetString, value))));
}

interface Contents extends Validity {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly extensions: readonly Extension[];
}

async function certificate(key: KeyObject, { issuer, subject, publicKey, notBefore, notAfter, extensions }: Contents): Promise<string> {
  const version3 = der(contextTag(0, true), der(tag.integer, Buffer.from([2])));
  const bytes = await withSignature(key, (algorithm) =>
    sequence(version3, der(tag.integer, serialNumber()), algorithm, issuer, sequence(time(notBefore), time(notAfter)), subject, publicKey, der(contextTag(3, true), extensionsOf(extensions))));
  return pem('CERTIFICATE', bytes);
}

/** By which authorities are found: the digest of the bare key. */
function keyIdentifier(publicKey: Buffer): Buffer {
  return createHash('sha1').update(readBits(inside(one(publicKey))[1])).digest();
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

/** A self-signed certificate authority. */
export async function createAuthority(options: { commonName: string; days?: number; clock?: Clock }): Promise<Credential> {
  const key = await newKey();
  const publicKey = publicPart(key);
  const name = nameOf([], options.commonName);
  const usage = keyUsages['cert sign']! | keyUsages['digital signature']! | keyUsages['key encipherment']!;
  const certPem = await certificate(key, {
    issuer: name, subject: name, publicKey, ...validity(options.clock ?? systemClock, options.days ?? 3650),
    extensions: [
      { identifier: identifiers.basicConstraints, critical: true, value: sequence(der(tag.boolean, Buffer.from([0xff]))) },
      { identifier: identifiers.keyUsage, critical: true, value: namedBits(usage) },
      { identifier: identifiers.subjectKey, value: der(tag.octetString, keyIdentifier(publicKey)) },
    ],
  });
  return { certPem, keyPem: pkcs8(key) };
}

/** Of an authority's certificate: what a certificate that it signs repeats of it. */
function issuerOf(authority: X509Certificate): { readonly name: Buffer; readonly key: Buffer } {
  const fields = inside(inside(one(authority.raw))[0]);
  // Only certificates of the first version have none before the serial number.
  const at = fields[0]?.type === contextTag(0, true) ? 1 : 0;
  const extensions = fields.find(({ type }) => type === contextTag(3, true));
  const own = extensions && readExtensions(elements(extensions.content)).get(identifiers.subjectKey);
  return { name: fields[at + 4]!.whole, key: own ? contentOf(one(own), tag.octetString) : keyIdentifier(fields[at + 5]!.whole) };
}

interface Wanted extends Validity {
  /** A name as it stands in certificates. */
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly names: readonly AlternativeName[];
  readonly purposes: readonly string[];
}

async function sign(authority: Credential, { subject, publicKey, names, purposes, notBefore, notAfter }: Wanted): Promise<string> {
  const own = new X509Certificate(authority.certPem);
  const issuer = issuerOf(own);
  const ends = own.validToDate;
  const unknown = purposes.find((purpose) => !(purpose in keyUsages) && !(purpose in extendedKeyUsages));
  if (unknown !== undefined) throw new Error(`unrecognized usage: ${unknown}`);
  const flags = purposes.reduce((sum, purpose) => sum | (keyUsages[purpose] ?? 0), 0);
  const extended = [...new Set(purposes.flatMap((purpose) => extendedKeyUsages[purpose] ?? []))];
  return certificate(createPrivateKey(authority.keyPem), {
    issuer: issuer.name, subject, publicKey, notBefore, notAfter: notAfter < ends ? notAfter : ends,
    extensions: [
      { identifier: identifiers.basicConstraints, critical: true, value: sequence() },
      ...(flags ? [{ identifier: identifiers.keyUsage, critical: true, value: namedBits(flags) }] : []),
      ...(extended.length > 0 ? [{ identifier: identifiers.extendedKeyUsage, value: sequence(...extended.map(oid)) }] : []),
      { identifier: identifiers.authorityKey, value: sequence(der(contextTag(0, false), issuer.key)) },
      ...(names.length > 0 ? [{ identifier: identifiers.alternativeNames, value: alternativeNames(names) }] : []),
    ],
  });
}

function namesOf(subject: Subject): AlternativeName[] {
  return [...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })), ...(subject.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value }))];
}

/** A new key and a certificate for it, signed by the authority. */
export async function issue(authority: Credential, options: IssueOptions): Promise<Credential> {
  const key = await newKey();
  const purposes = ['digital signature', 'key encipherment', ...options.usages.map((usage) => `${usage} auth`)];
  const subject = nameOf(options.organizations ?? [], options.commonName);
  const certPem = await sign(authority, { subject, publicKey: publicPart(key), names: namesOf(options), purposes, ...validity(options.clock ?? systemClock, options.days ?? 365) });
  return { certPem, keyPem: pkcs8(key) };
}

/** A new key and a PKCS #10 request for it. */
export async function createSigningRequest(subject: Subject): Promise<{ requestPem: string; keyPem: string }> {
  const key = await newKey();
  const names = namesOf(subject);
  const extensions = names.length > 0 ? [sequence(oid(identifiers.requestedExtensions), der(tag.set, extensionsOf([{ identifier: identifiers.alternativeNames, value: alternativeNames(names) }])))] : [];
  const bytes = await withSignature(key, () =>
    sequence(der(tag.integer, Buffer.from([0])), nameOf(subject.organizations ?? [], subject.commonName), publicPart(key), der(contextTag(0, true), ...extensions)));
  return { requestPem: pem('CERTIFICATE REQUEST', bytes), keyPem: pkcs8(key) };
}

interface ParsedRequest {
  readonly subject: Element;
  readonly publicKey: Buffer;
  readonly names: readonly AlternativeName[];
}

/** Throws when it is no PEM request or its own signature is wrong. */
function parseRequest(requestPem: string): ParsedRequest {
  const [contents, algorithm, signature] = inside(one(readPem('CERTIFICATE REQUEST', requestPem)));
  const [, subject, publicKey, ...attributes] = inside(contents);
  const key = createPublicKey({ key: inside(contents)[2]!.whole, format: 'der', type: 'spki' });
  if (!signatureHolds(inside(algorithm), contents!.whole, key, readBits(signature))) throw new Error('the signature of the certificate request is not valid');
  const names: AlternativeName[] = [];
  for (const attribute of attributes.flatMap((element) => elements(element.content))) {
    const [name, values] = inside(attribute);
    if (readOid(name) !== identifiers.requestedExtensions) continue;
    const value = readExtensions(inside(values, tag.set)).get(identifiers.alternativeNames);
    if (value) names.push(...readAlternativeNames(one(value)));
  }
  return { subject: subject!, publicKey: publicKey!.whole, names };
}

function signatureHolds([name, parameters]: readonly Element[], contents: Buffer, key: KeyObject, signature: Buffer): boolean {
  const identifier = readOid(name);
  const known = algorithms.find((algorithm) => algorithm.identifier === identifier);
  if (known) return verifyBytes(known.digest, contents, key, signature);
  if (identifier !== identifiers.pss) throw new Error('x509: cannot verify signature: algorithm unimplemented');
  const hash = inside(parameters).find(({ type }) => type === contextTag(0, true));
  const digest = digests[readOid(hash && inside(elements(hash.content)[0])[0])];
  if (!digest) throw new Error('x509: cannot verify signature: algorithm unimplemented');
  return verifyBytes(digest, contents, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
}

/** Values by their identifier; the list of extensions is in the first element. */
function readExtensions([list]: readonly Element[]): Map<string, Buffer> {
  return new Map(inside(list).map((extension) => {
    const parts = inside(extension);
    return [readOid(parts[0]), contentOf(parts.at(-1), tag.octetString)];
  }));
}

/** What a request asks for; rejects when it is no PEM request or its own signature is wrong. */
export async function readSigningRequest(requestPem: string): Promise<SigningRequest> {
  const { subject, names } = parseRequest(requestPem);
  const of = (type: AlternativeName['type']): string[] => names.filter((name) => name.type === type).map((name) => name.value);
  return { ...readName(subject), dnsNames: of('dns'), ipAddresses: of('ip'), emailAddresses: of('email'), uris: of('uri') };
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
  const { subject, publicKey, names } = parseRequest(requestPem);
  const days = (options.seconds ?? 365 * 86_400) / 86_400;
  return sign(authority, { subject: subject.whole, publicKey, names, purposes: options.purposes, ...validity(options.clock ?? systemClock, days) });
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
