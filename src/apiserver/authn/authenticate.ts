/** All ways to say who one is, in their order. */
import type { Clock } from '../../base/clock.ts';
import { StatusError } from '../../machinery/status.ts';
import { bearerToken } from '../../serving/delegated.ts';
import { anonymous, authenticated, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { requestHeaderAuthenticator } from '../../serving/requestheader.ts';
import { ClientCertificates, x509Authenticator } from '../../serving/x509.ts';
import type { TokenAuthenticator } from './tokens.ts';

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly clientAuthority?: string;
  readonly frontProxyAuthority?: string;
  readonly frontProxyNames?: readonly string[];
  readonly tokens: readonly TokenAuthenticator[];
  readonly anonymous: boolean;
}

/** The user behind a token; undefined: nobody's. Includes the group of all who have proved who they are. */
export async function tokenUser(tokens: readonly TokenAuthenticator[], token: string): Promise<User | undefined> {
  for (const authenticate of tokens) {
    const user = await authenticate(token);
    if (user) return authenticated(user);
  }
  return undefined;
}

export function authenticator(options: AuthenticationOptions): (request: ServingRequest) => Promise<User> {
  const { clientAuthority, frontProxyAuthority, clock } = options;
  const frontProxy = frontProxyAuthority === undefined ? undefined : requestHeaderAuthenticator({
    certificates: new ClientCertificates(() => frontProxyAuthority, clock), allowedNames: options.frontProxyNames ?? [],
  });
  const certificate = clientAuthority === undefined ? undefined : x509Authenticator(new ClientCertificates(() => clientAuthority, clock));
  /** One object for each certificate, so that what is derived from a user can be kept with it. */
  const known = new WeakMap<User, User>();
  return async (request) => {
    if (frontProxy && request.headers['x-remote-user'] !== undefined) {
      const user = await frontProxy(request);
      if (user) return authenticated(user);
    }
    const shown = certificate && (certificate(request) as User | undefined);
    if (shown) {
      let user = known.get(shown);
      if (!user) known.set(shown, (user = authenticated(shown)));
      return user;
    }
    const token = bearerToken(request);
    if (token !== undefined) {
      const user = await tokenUser(options.tokens, token);
      if (!user) throw StatusError.unauthorized();
      return user;
    }
    if (!options.anonymous || request.headers.authorization !== undefined) throw StatusError.unauthorized();
    return anonymous;
  };
}
