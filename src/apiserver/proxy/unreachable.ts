/** Why another server could not be reached, in the words that clients of upstream know. */
import { getServers } from 'node:dns';

const unknownAuthority = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT']);
const ofConnect: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ENETUNREACH: 'network is unreachable', ETIMEDOUT: 'connection timed out', EINVAL: 'invalid argument', EACCES: 'permission denied',
};

interface NodeError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  /** Of several addresses of one name. */
  readonly errors?: readonly NodeError[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function hostAndPort({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function noSuchHost(host: string): string {
  const [server] = getServers();
  const asked = server === undefined ? '' : ` on ${/:.*:/.test(server) && !server.startsWith('[') ? `[${server}]:53` : /:\d+$/.test(server) ? server : `${server}:53`}`;
  return `lookup ${host}${asked}: no such host`;
}

export function unreachable(error: Error, target: Address): string {
  const { code = '', syscall, address, port, errors } = error as NodeError;
  const [first] = errors ?? [];
  if (first) return unreachable(first, target);
  if (code === 'ENOTFOUND') return `dial tcp: ${noSuchHost(target.host)}`;
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${target.host}: server misbehaving`;
  const why = ofConnect[code];
  if (why !== undefined && syscall !== 'read' && syscall !== 'write') return `dial tcp ${hostAndPort({ host: address ?? target.host, port: port ?? target.port })}: connect: ${why}`;
  if (code === 'ECONNRESET') return error.message === 'socket hang up' ? 'EOF' : `read tcp ${hostAndPort(target)}: read: connection reset by peer`;
  if (unknownAuthority.has(code)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${error.message}`;
  if (code === 'EPROTO' && error.message.includes('wrong version number')) return 'http: server gave HTTP response to HTTPS client';
  return error.message;
}
