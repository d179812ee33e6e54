/** Pages behind a proxy path: their links, and where they redirect to, lead through the proxy again. */
import { posix } from 'node:path';
import { Transform } from 'node:stream';

export interface Rewriting {
  /** The path up to and with `/proxy`, to stand before absolute paths. */
  readonly prefix: string;
  /** Hosts whose addresses are the page's own: the server behind, and what the client calls this one. */
  readonly hosts: readonly [behind: string, front: string];
}

/** An address as the client is to see it; what is relative, or of another host, stays. */
export function rewriteUrl(text: string, { prefix, hosts: [behind, front] }: Rewriting): string {
  const [, scheme = '', , host = '', path = '', rest = ''] = /^([a-z][a-z0-9+.-]*:)?(\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(text) ?? [];
  if ((host !== '' && host !== behind && host !== front) || !path.startsWith('/')) return text;
  const place = host !== '' && host === front ? `${scheme}//${host}` : '';
  return place + (path.startsWith(prefix) ? path : posix.join(prefix, path)) + rest;
}

const attributesOf: Readonly<Record<string, readonly string[]>> = {
  a: ['href'], applet: ['codebase'], area: ['href'], audio: ['src'], base: ['href'], blockquote: ['cite'], body: ['background'], button: ['formaction'], command: ['icon'], del: ['cite'],
  embed: ['src'], form: ['action'], frame: ['longdesc', 'src'], head: ['profile'], html: ['manifest'], iframe: ['longdesc', 'src'], img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'], ins: ['cite'], link: ['href'], object: ['classid', 'codebase', 'data', 'usemap'], q: ['cite'], script: ['src'], source: ['src'], video: ['poster', 'src'],
};
/** What stands in these is no markup. */
const rawText = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext']);
const longestTag = 64 * 1024;

const attribute = /([^\s"'<>/=]+)(\s*=\s*)("([^"]*)"|'([^']*)'|([^\s"'>]+))/g;

function rewriteTag(tag: string, name: string, rewriting: Rewriting): string {
  const wanted = Object.hasOwn(attributesOf, name) ? attributesOf[name]! : [];
  if (wanted.length === 0) return tag;
  return tag.replace(attribute, (whole, key: string, equals: string, quoted: string, inDouble?: string, inSingle?: string, bare?: string) => {
    const value = inDouble ?? inSingle ?? bare ?? '';
    if (!wanted.includes(key.toLowerCase())) return whole;
    const mark = inSingle === undefined ? '"' : "'";
    const next = rewriteUrl(value, rewriting);
    return next === value ? whole : `${key}${equals}${mark}${next}${mark}`;
  });
}

/** Where the tag that begins at `from` ends, after its `>`; -1: not yet. Quotes may hold a `>`. */
function endOfTag(text: string, from: number): number {
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '>') return i + 1;
  }
  return -1;
}

/** Text that may go on, and what has to wait for more. */
function rewriteText(text: string, state: { raw: string }, rewriting: Rewriting, last: boolean): { done: string; rest: string } {
  let done = '';
  let at = 0;
  const wait = (from: number): { done: string; rest: string } => (last || text.length - from > longestTag ? { done: done + text.slice(at), rest: '' } : { done: done + text.slice(at, from), rest: text.slice(from) });
  for (;;) {
    if (state.raw !== '') {
      const close = new RegExp(`</${state.raw}[\\s/>]`, 'ig');
      close.lastIndex = at;
      const found = close.exec(text);
      // The end may be cut in two.
      if (!found) return wait(Math.max(at, text.length - state.raw.length - 2));
      done += text.slice(at, found.index);
      at = found.index;
      state.raw = '';
    }
    const open = text.indexOf('<', at);
    if (open < 0) return { done: done + text.slice(at), rest: '' };
    if (text.startsWith('<!--', open)) {
      const end = text.indexOf('-->', open + 4);
      if (end < 0) return wait(open);
      done += text.slice(at, end + 3);
      at = end + 3;
      continue;
    }
    if (open + 3 >= text.length && !last) return wait(open);
    const name = /^<([a-z][a-z0-9]*)/i.exec(text.slice(open, open + 32))?.[1]?.toLowerCase();
    if (name === undefined) {
      done += text.slice(at, open + 1);
      at = open + 1;
      continue;
    }
    const end = endOfTag(text, open + 1);
    if (end < 0) return wait(open);
    done += text.slice(at, open) + rewriteTag(text.slice(open, end), name, rewriting);
    at = end;
    if (rawText.has(name) && text[end - 2] !== '/') state.raw = name;
  }
}

/** HTML goes through; bytes that are no markup are not touched. */
export function linkRewriter(rewriting: Rewriting): Transform {
  const state = { raw: '' };
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const { done, rest } = rewriteText(held + chunk.toString('latin1'), state, rewriting, false);
      held = rest;
      callback(null, Buffer.from(done, 'latin1'));
    },
    flush(callback) {
      callback(null, Buffer.from(rewriteText(held, state, rewriting, true).done, 'latin1'));
    },
  });
}
