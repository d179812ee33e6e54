/** All ways to say who one is, in their order. */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { StatusError } from '../../machinery/status.ts';
import { bearerToken } from '../../serving/delegated.ts';
import { anonymous, authenticated, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { requestHeaderAuthenticator } from '../../serving/requestheader.ts';
import { ClientCertificates, x509Authenticator } from '../../serving/x509.ts';
import type { FrontProxyConfig } from '../config.ts';
import { BadToken, type Tokens } from './tokens.ts';

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly clientAuthority?: string;
  readonly frontProxy?: FrontProxyConfig;
  readonly tokens: Tokens;
  /** Called for each request that a certificate authenticates. */
  readonly certificateShown?: (certificate: X509Certificate) => void;
  /** Whether those who say nothing are served; a list: for these paths alone. */
  readonly anonymous: boolean | readonly string[];
}

const webSocketToken = 'base64url.bearer.authorization.k8s.io.';

/** Browsers cannot set headers of a WebSocket: the token stands among its protocols, and goes no further. */
function protocolToken(request: ServingRequest): string | undefined {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined || !header.includes(webSocketToken)) return undefined;
  const protocols = header.split(',').map((p) => p.trim());
  const token = protocols.find((p) => p.startsWith(webSocketToken))!;
  const rest = protocols.filter((p) => p !== token);
  if (rest.length > 0) request.headers['sec-websocket-protocol'] = rest.join(',');
  else delete request.headers['sec-websocket-protocol'];
  return Buffer.from(token.slice(webSocketToken.length), 'base64url').toString();
}

/** What it makes gives undefined for who does not say who they are, where such are not served. */
export function authenticator(options: AuthenticationOptions): (request: ServingRequest) => Promise<User | undefined> {
  const { clientAuthority, frontProxy, clock, tokens } = options;
  const proxied = frontProxy?.authority === undefined ? undefined : requestHeaderAuthenticator({
    ...frontProxy, certificates: new ClientCertificates(() => frontProxy.authority!, clock), allowedNames: frontProxy.allowedNames ?? [],
  });
  const certificates = clientAuthority === undefined ? undefined : new ClientCertificates(() => clientAuthority, clock);
  const certificate = certificates && x509Authenticator(certificates);
  /** One object for each certificate, so that what is derived from a user can be kept with it. */
  const known = new WeakMap<User, User>();
  const open = new Set(typeof options.anonymous === 'boolean' ? [] : options.anonymous);
  return async (request) => {
    const vouched = proxied && (await proxied(request));
    if (vouched) return authenticated(vouched);
    const shown = certificate && (certificate(request) as User | undefined);
    if (shown) {
      const own = certificates?.of(request).certificate;
      if (own) options.certificateShown?.(own);
      let user = known.get(shown);
      if (!user) known.set(shown, (user = authenticated(shown)));
      return user;
    }
    const token = bearerToken(request) ?? protocolToken(request);
    if (token !== undefined) {
      try {
        return (await tokens.authenticate(token)).user;
      } catch (error) {
        if (error instanceof BadToken) throw StatusError.unauthorized();
        throw error;
      }
    }
    // Who has shown a certificate wants to be somebody: nobody is what he must not become.
    if (certificates?.of(request).sent) throw StatusError.unauthorized();
    return options.anonymous === true || open.has(request.path) ? anonymous : undefined;
  };
}
