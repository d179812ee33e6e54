import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import { CelError, CelList, CelMap, CelOpaque } from '../values.ts';

/** An absolute URI or an absolute path, in the parts that requests are made of. */
class Url extends CelOpaque {
  readonly typeName = 'kubernetes.URL';
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly #text: string;

  constructor(parts: { scheme: string; host: string; path: string; query: string }, text: string) {
    super();
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.query = parts.query;
    this.#text = text;
  }

  equals(other: Url): boolean {
    return this.#text === other.#text;
  }

  hostname(): string {
    const closing = this.host.indexOf(']');
    if (this.host.startsWith('[') && closing > 0) return this.host.slice(1, closing);
    return this.host.replace(/:\d*$/, '');
  }

  port(): string {
    return /:(\d*)$/.exec(this.host)?.[1] ?? '';
  }
}

/** What is wrong with a text that should be a URL of a request. */
export function urlComplaint(text: string): string | undefined {
  const parsed = parse(text);
  return typeof parsed === 'string' ? `parse ${JSON.stringify(text)}: ${parsed}` : undefined;
}

function parse(text: string): Url | string {
  if (text === '') return 'empty url';
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL';
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
  if (scheme === '' && text.startsWith(':')) return 'missing protocol scheme';
  const fragment = text.indexOf('#');
  const plain = fragment < 0 ? text : text.slice(0, fragment);
  let rest = scheme === '' ? plain : plain.slice(scheme.length + 1);
  const mark = rest.indexOf('?');
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  if (mark >= 0) rest = rest.slice(0, mark);
  const lower = scheme.toLowerCase();
  if (!rest.startsWith('/')) return scheme === '' ? 'invalid URI for request' : new Url({ scheme: lower, host: '', path: '', query }, text);
  let host = '';
  if (scheme !== '' && rest.startsWith('//')) {
    const end = rest.indexOf('/', 2);
    const authority = rest.slice(2, end < 0 ? undefined : end);
    rest = end < 0 ? '' : rest.slice(end);
    host = authority.slice(authority.lastIndexOf('@') + 1);
    const complaint = hostComplaint(host);
    if (complaint) return complaint;
  }
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(rest);
  if (escape) return `invalid URL escape ${JSON.stringify(escape[0])}`;
  return new Url({ scheme: lower, host, path: escapedPath(rest), query }, text);
}

function hostComplaint(host: string): string | undefined {
  if (host.startsWith('[')) {
    const closing = host.lastIndexOf(']');
    if (closing < 0) return "missing ']' in host";
    const port = host.slice(closing + 1);
    return /^(:\d*)?$/.test(port) ? undefined : `invalid port ${JSON.stringify(port)} after host`;
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${JSON.stringify(host.slice(colon))} after host`;
  const bad = /[ \\^`{}|]/.exec(host.replaceAll(/%[0-9a-fA-F]{2}/g, ''));
  return bad ? `invalid character ${JSON.stringify(bad[0])} in host name` : undefined;
}

/** A path that is escaped already stays as it is. */
function escapedPath(path: string): string {
  if (/^[A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]*$/.test(path)) return path;
  return [...Buffer.from(decoded(path))].map((byte) => (/[A-Za-z0-9\-._~$&+,/:;=@]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('');
}

function decoded(text: string): Buffer {
  return Buffer.concat(text.split(/(%[0-9a-fA-F]{2})/).map((part, i) => (i % 2 === 1 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part))));
}

function queryOf(url: Url): CelMap {
  const found = new Map<string, string[]>();
  for (const pair of url.query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![0-9a-fA-F]{2})/.test(pair)) continue;
    const at = pair.indexOf('=');
    const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    const name = decoded(key.replaceAll('+', ' ')).toString();
    const values = found.get(name) ?? [];
    values.push(decoded(value.replaceAll('+', ' ')).toString());
    found.set(name, values);
  }
  return CelMap.of(Array.from(found, ([key, values]) => [key, new CelList(values)]));
}

export const urls: readonly Overload[] = [
  define('string_to_url', 'url(string) kubernetes.URL', (text: string) => {
    const parsed = parse(text);
    return typeof parsed === 'string' ? new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${parsed}`) : parsed;
  }),
  define('is_url_string', 'isURL(string) bool', (text: string) => typeof parse(text) !== 'string'),
  method('url_get_scheme', 'kubernetes.URL.getScheme() string', (url: Url) => url.scheme),
  method('url_get_host', 'kubernetes.URL.getHost() string', (url: Url) => url.host),
  method('url_get_hostname', 'kubernetes.URL.getHostname() string', (url: Url) => url.hostname()),
  method('url_get_port', 'kubernetes.URL.getPort() string', (url: Url) => url.port()),
  method('url_get_escaped_path', 'kubernetes.URL.getEscapedPath() string', (url: Url) => url.path),
  method('url_get_query', 'kubernetes.URL.getQuery() map<string, list<string>>', queryOf),
];
