/** The flags of kube-apiserver about its port: TLS, HTTP/2, browsers, sharing. */
import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { ApiServerConfig, ListeningConfig } from '../../apiserver/config.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { listed, readNamed } from './program.ts';

export const servingFlags: FlagSet = {
  'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
  'secure-port': { type: 'int', default: 6443, help: 'The port for HTTPS' },
  'cert-dir': { type: 'string', default: '/var/run/kubernetes', help: 'Where apiserver.crt and apiserver.key are looked for, and made when they are missing' },
  'tls-cert-file': { type: 'string', help: 'The certificate for HTTPS, followed by those of its authorities' },
  'tls-private-key-file': { type: 'string', help: 'Its key' },
  'tls-sni-cert-key': { type: 'strings', help: 'certificate,key[:name,…] for single server names; may be given several times' },
  'tls-min-version': { type: 'string', help: 'VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13; VersionTLS12 if absent' },
  'tls-cipher-suites': { type: 'strings', help: "Which suites up to TLS 1.2 are offered, in Go's names" },
  'disable-http2-serving': { type: 'bool', help: 'Speak HTTP/1.1 only' },
  'http2-max-streams-per-connection': { type: 'int', help: 'How many requests may be under way on one connection; 0 for the default of 1000' },
  'permit-port-sharing': { type: 'bool', help: 'Let several processes listen on the port' },
  'permit-address-sharing': { type: 'bool', help: 'Addresses are always shared' },
  'cors-allowed-origins': { type: 'strings', help: 'Expressions for origins of pages that may read answers' },
  'strict-transport-security-directives': { type: 'strings', help: 'For the header Strict-Transport-Security: max-age=…, includeSubDomains, preload' },
  'external-hostname': { type: 'string', help: 'Under which name clients know this server' },
  'debug-socket-path': { type: 'string', help: 'A unix socket with profiles, for whoever can reach it' },
};

const versions: Readonly<Record<string, ListeningConfig['minVersion']>> = { VersionTLS10: 'TLSv1', VersionTLS11: 'TLSv1.1', VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' };

/** Go's names; TLS 1.3's own suites are always offered, as with Go. Those without a counterpart in OpenSSL's default build are not there. */
const suites: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: '', TLS_AES_256_GCM_SHA384: '', TLS_CHACHA20_POLY1305_SHA256: '',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA', TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA', TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256', TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256', TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305', TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305', TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA', TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA', TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256', TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256', TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
};

export function servingConfig(flags: Flags): Pick<ApiServerConfig, 'listening' | 'front' | 'externalHost'> {
  const byName = flags.list('tls-sni-cert-key').map(namedPair);
  const [minVersion, ciphers] = [minimum(flags), offered(flags)];
  const profileSocket = flags.text('debug-socket-path');
  // What an earlier process left behind would be in the way.
  if (profileSocket) rmSync(profileSocket, { force: true });
  const maxStreams = flags.number('http2-max-streams-per-connection');
  if (maxStreams < 0) throw new CommandError('--http2-max-streams-per-connection can not be a negative value');
  return {
    listening: {
      http2: !flags.flag('disable-http2-serving'), sharePort: flags.flag('permit-port-sharing'),
      ...(maxStreams > 0 ? { maxStreams } : {}), ...(byName.length > 0 ? { byName } : {}), ...(minVersion ? { minVersion } : {}), ...(ciphers ? { ciphers } : {}), ...(profileSocket ? { profileSocket } : {}),
    },
    front: { allowedOrigins: origins(flags), strictTransport: directives(flags) },
    externalHost: flags.text('external-hostname'),
  };
}

function minimum(flags: Flags): ListeningConfig['minVersion'] {
  const name = flags.text('tls-min-version');
  if (name !== '' && !Object.hasOwn(versions, name)) throw new CommandError(`unknown tls version ${JSON.stringify(name)}`);
  return versions[name];
}

function offered(flags: Flags): string | undefined {
  const names = listed(flags, 'tls-cipher-suites');
  const unknown = names.find((name) => !Object.hasOwn(suites, name));
  if (unknown !== undefined) throw new CommandError(`Cipher suite ${unknown} not supported or doesn't exist`);
  const chosen = names.map((name) => suites[name]!).filter(Boolean);
  if (names.length === 0) return undefined;
  return ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', ...chosen].join(':');
}

function namedPair(text: string): { names: readonly string[]; cert: string; key: string } {
  const colon = text.indexOf(':');
  const files = (colon < 0 ? text : text.slice(0, colon)).split(',');
  if (files.length !== 2) throw new CommandError(`invalid argument ${JSON.stringify(text)} for "--tls-sni-cert-key" flag: expected comma separated certificate and key file paths`);
  const [cert, key] = files.map((file) => readNamed(file, 'tls-sni-cert-key')) as [string, string];
  return { names: colon < 0 ? namesIn(cert) : text.slice(colon + 1).split(','), cert, key };
}

/** Those that the certificate is for. */
function namesIn(pem: string): string[] {
  const certificate = new X509Certificate(pem);
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice('DNS:'.length));
  const common = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  return names.length > 0 || common === undefined ? names : [common];
}

function origins(flags: Flags): string[] {
  const given = flags.list('cors-allowed-origins').flatMap((text) => text.split(','));
  for (const text of given) {
    if (text === '') throw new CommandError('empty value in --cors-allowed-origins');
    const refuse = (why: string): never => {
      throw new CommandError(`--cors-allowed-origins has an invalid regular expression: ${why}`);
    };
    try {
      void new RegExp(text);
    } catch (error) {
      refuse((error as Error).message);
    }
    if (!/\^|\/\//.test(text) || !/[$:]/.test(text)) refuse('regular expression does not pin to start/end of host in the origin header');
  }
  return given;
}

function directives(flags: Flags): string[] {
  const given = flags.list('strict-transport-security-directives').flatMap((text) => text.split(','));
  for (const text of given) {
    if (text.trim() === '') throw new CommandError('empty value in strict-transport-security-directives');
    if (text !== 'includeSubDomains' && text !== 'preload' && !/^max-age=[^=]*$/.test(text)) {
      throw new CommandError('--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information');
    }
  }
  return given;
}
