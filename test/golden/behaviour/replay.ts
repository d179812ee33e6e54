/** Asks a server what a file of cases says, and makes of what it answers something that two servers can have in common. */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Case {
  /** Method and path; `${name}` stands for what an earlier case kept. */
  readonly ask: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON, a string as it is. */
  readonly body?: unknown;
  /** Names for values of the answer, for later cases: a path of fields. */
  readonly keep?: Readonly<Record<string, string>>;
  /** A stream is read until it has given so many lines. */
  readonly lines?: number;
  /** Asked again until it is answered with this status: what a server does in its own time. */
  readonly until?: number;
  /** Only these fields of the answer count, or all; an empty list leaves the status. */
  readonly show?: readonly string[];
  readonly answer?: Reply;
  /** Ours is another answer, as far as it is known; a case that no longer differs is to lose this. */
  readonly differs?: true;
}

export interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly warnings?: readonly string[];
  readonly body?: unknown;
}

export interface Target {
  readonly url: string;
  readonly token: string;
}

interface Raw {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

/** Sends the cases one after the other and gives their answers. */
export async function replay(cases: readonly Case[], target: Target): Promise<Reply[]> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const kept = new Map<string, string>();
  const fill = (text: string): string => text.replace(/\$\{(\w+)\}/g, (whole, name: string) => kept.get(name) ?? whole);
  const replies: Reply[] = [];
  try {
    for (const one of cases) {
      const [method = '', path = ''] = fill(one.ask).split(/ (.*)/s);
      const body = one.body === undefined ? undefined : fill(typeof one.body === 'string' ? one.body : JSON.stringify(one.body));
      const headers = Object.fromEntries(Object.entries(one.headers ?? {}).map(([name, value]) => [name, fill(value)]));
      const ask = (): Promise<Raw> => send(agent, target, { method, path, body, headers, lines: one.lines });
      let raw = await ask();
      for (let again = 0; one.until !== undefined && raw.status !== one.until && again < 200; again++) {
        await sleep(100);
        raw = await ask();
      }
      const parsed = parse(raw.text, one.lines);
      for (const [name, field] of Object.entries(one.keep ?? {})) kept.set(name, String(at(parsed, field)));
      replies.push(reply(raw, parsed, one));
    }
  } finally {
    agent.destroy();
  }
  return replies;
}

function send(agent: Agent, { url, token }: Target, { method, path, body, headers, lines }: { method: string; path: string; body: string | undefined; headers: Record<string, string>; lines: number | undefined }): Promise<Raw> {
  const { hostname, port } = new URL(url);
  const all = { authorization: `Bearer ${token}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, agent, headers: all });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let text = '';
      const done = (): void => resolve({ status: incoming.statusCode ?? 0, rawHeaders: incoming.rawHeaders, text });
      // A stream that says less than was expected is judged by what it said.
      setTimeout(() => (done(), outgoing.destroy()), lines === undefined ? 5000 : 12_000).unref();
      incoming.setEncoding('utf8').on('error', done).on('end', done);
      incoming.on('data', (part: string) => {
        text += part;
        if (lines === undefined || text.split('\n').length <= lines) return;
        done();
        outgoing.destroy();
      });
    });
    outgoing.end(body);
  });
}

function parse(text: string, lines: number | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (lines === undefined || !text.startsWith('{"type"')) return text;
    // What was cut off, or has come beyond what was asked for, is left out.
    return text.split('\n').slice(0, -1).slice(0, lines).map((line) => JSON.parse(line) as unknown);
  }
}

function reply({ status, rawHeaders }: Raw, parsed: unknown, { show, body: given }: Case): Reply {
  const header = (name: string): string[] => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
  const warnings = header('warning');
  if (show?.length === 0) return { status };
  const body = show ? Object.fromEntries(show.map((field) => [field, at(parsed, field)]).filter(([, value]) => value !== undefined)) : parsed;
  const [type] = header('content-type');
  return { status, ...(type === undefined || type === 'application/json' ? {} : { type }), ...(warnings.length > 0 ? { warnings } : {}), body: ungenerated(common(body), (given as { readonly metadata?: { readonly generateName?: string } } | undefined)?.metadata?.generateName) };
}

/** Whatever ends a name that a server has made. */
function ungenerated(value: unknown, base: string | undefined): unknown {
  if (!base) return value;
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) => (typeof item === 'string' ? item.replaceAll(new RegExp(`${base}[a-z0-9]{5}`, 'g'), `${base}<generated>`) : item)) as unknown;
}

function at(value: unknown, field: string): unknown {
  return field.split('/').reduce((now: unknown, name) => (typeof now === 'object' && now !== null ? (now as Record<string, unknown>)[name] : undefined), value);
}

const sortedKeys = (value: object): [string, unknown][] => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

/** Without what no two servers have in common: ids, times, revisions, tokens, ends of generated names. */
function common(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    if (value === '') return value;
    if (name === 'resourceVersion') return /^\d+$/.test(value) ? (value === '0' ? '0' : '<revision>') : value;
    if (name.endsWith('continue')) return '<token>';
    return value
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replace(/(resourceVersion\\*"?: ?\\*")\d+/g, '$1<revision>')
      .replace(/(current: |ResourceVersion in record \()\d+/g, '$1<revision>')
      // Upstream says keys with and without its prefix.
      .replace('Key: /registry/', 'Key: /')
      .replace(/^kube-api-access-[a-z0-9]{5}$/, 'kube-api-access-<suffix>')
      .replace(/^\d+[smhd](\d+[smh])?$/, '<age>')
      // Within a message managers stand in the order of their times, which is chance.
      .replace(/(managedFields\\*":)\[[^\]]+\]/g, name === 'message' ? '$1[<managers>]' : '$&')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>');
  }
  if (Array.isArray(value)) return value.map((item) => common(item));
  if (typeof value !== 'object' || value === null) return value;
  // Descriptions of columns are in our own words.
  return Object.fromEntries(sortedKeys(value).filter(([key]) => !(key === 'description' && 'priority' in value)).map(([key, item]) => [key, common(item, key)]));
}
