/** A trusted front proxy vouches for the user in X-Remote-* headers; its own certificate proves that it is one. */
import type { Authenticator, User } from './identity.ts';
import { subjectValues, type ClientCertificates } from './x509.ts';

export interface RequestHeaderOptions {
  /** Checked against the front proxy's authority. */
  readonly certificates: ClientCertificates;
  /** Empty: any name that the authority signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders?: readonly string[];
  readonly uidHeaders?: readonly string[];
  readonly groupHeaders?: readonly string[];
  readonly extraHeaderPrefixes?: readonly string[];
}

export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const { usernameHeaders = ['X-Remote-User'], uidHeaders = ['X-Remote-Uid'], groupHeaders = ['X-Remote-Group'], extraHeaderPrefixes = ['X-Remote-Extra-'] } = options;
  return (request): User | undefined => {
    const name = usernameHeaders.flatMap((h) => request.headerValues(h))[0];
    if (!name) return undefined;
    const { certificate } = options.certificates.of(request);
    if (!certificate) return undefined;
    if (options.allowedNames.length > 0 && !subjectValues(certificate, 'CN').some((cn) => options.allowedNames.includes(cn))) return undefined;
    const extra: Record<string, string[]> = {};
    for (const header of Object.keys(request.headers)) {
      const prefix = extraHeaderPrefixes.find((p) => header.startsWith(p.toLowerCase()));
      if (prefix) extra[decodeURIComponent(header.slice(prefix.length))] = request.headerValues(header);
    }
    const uid = uidHeaders.flatMap((h) => request.headerValues(h))[0];
    return {
      name,
      ...(uid ? { uid } : {}),
      groups: groupHeaders.flatMap((h) => request.headerValues(h)),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    };
  };
}
