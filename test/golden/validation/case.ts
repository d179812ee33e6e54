/**
 * What a server says to a request that differs from a good one in a field or two. The inputs and a reference server's answers are in the
 * files beside this one; `node tools/record-validation.ts` asks a reference server again.
 */

/** Paths as in messages: `spec.containers[0].image`, `metadata.labels[app]`; null takes a field away. */
export type Change = Readonly<Record<string, unknown>>;

/** Base, operation (`create`, `update`, or a subresource that is put), what is changed, what came back. */
export type Case = readonly [base: string, operation: string, change: Change, answer?: Answer];

export interface Answer {
  /** Absent: 200 or 201. */
  code?: number;
  /** `Reason field: message` of each cause. */
  causes?: string[];
  /** Where the message of the Status is not what follows from the causes. */
  message?: string;
  /** Of a success: what differs from the answer to the base itself, without what the case changed. */
  shown?: Change;
  warnings?: string[];
}

export interface Base {
  /** Path of the collection. */
  readonly path: string;
  readonly object: Record<string, unknown>;
  /** Put to the status subresource once the object is there; only then updates are tried on it. */
  readonly status?: Record<string, unknown>;
  /** Of a definition that later bases are objects of: it is made at once, and waited for until this path answers. */
  readonly serves?: string;
}

export interface CaseFile {
  readonly bases: Readonly<Record<string, Base>>;
  /** Answers to the creation of each base. */
  readonly made: Record<string, unknown>;
  /** Long texts; `~7` at the end of a text stands for the one of that index. */
  readonly words: readonly string[];
  readonly cases: readonly Case[];
  /** Where k7s is known to answer otherwise. */
  readonly differs: readonly Case[];
}

function foldText(words: readonly string[], text: string): string {
  const index = words.findIndex((w) => text.endsWith(w));
  return index < 0 ? text : `${text.slice(0, -words[index]!.length)}~${index}`;
}

/** The answer as it stands in a file. */
export function folded(answer: Answer, words: readonly string[]): Answer {
  const fold = (list: readonly string[]): string[] => list.map((text) => foldText(words, text));
  return { ...answer, ...(answer.causes ? { causes: fold(answer.causes) } : {}), ...(answer.warnings ? { warnings: fold(answer.warnings) } : {}) };
}

export interface Reply {
  readonly code: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

export type Ask = (method: string, path: string, body?: unknown, accept?: string) => Promise<Reply>;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function steps(path: string): string[] {
  return [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map((m) => m[1] ?? m[0]);
}

/** `object` with the changes made; structs and list items on the way are added. */
export function changed<T>(object: T, change: Change): T {
  const copy = structuredClone(object);
  for (const [path, value] of Object.entries(change)) {
    const way = steps(path);
    let at = copy as Json;
    for (const [i, step] of way.slice(0, -1).entries()) {
      at[step] ??= /^\d+$/.test(way[i + 1]!) ? [] : {};
      at = at[step] as Json;
    }
    const last = way.at(-1)!;
    if (value !== null) at[last] = structuredClone(value);
    else if (Array.isArray(at)) at.splice(Number(last), 1);
    else delete at[last];
  }
  return copy;
}

/** The paths at which `now` is not what `before` is. */
export function difference(before: unknown, now: unknown, path = ''): Change {
  if (isObject(before) && isObject(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return Object.assign({}, ...keys.map((key) => difference(before[key], now[key], /^[A-Za-z]\w*$/.test(key) ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`))) as Change;
  }
  if (Array.isArray(before) && Array.isArray(now) && before.length === now.length) {
    return Object.assign({}, ...before.map((item, i) => difference(item, now[i], `${path}[${i}]`))) as Change;
  }
  return JSON.stringify(before) === JSON.stringify(now) ? {} : { [path]: now ?? null };
}

const hourMs = 3_600_000;

/** Without what differs from one server and one day to the next. */
function settled(body: unknown, request: unknown): unknown {
  const asked = JSON.stringify(request);
  const unlessAsked = (mask: string) => (text: string) => (asked.includes(text) ? text : mask);
  const text = JSON.stringify(body, (key, value: unknown) => {
    if (key === 'managedFields' || key === 'resourceVersion') return undefined;
    if ((key === 'nodePort' || key === 'healthCheckNodePort') && !asked.includes(String(value))) return '<port>';
    return value;
  });
  return JSON.parse(text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
    // A moment ago is the server's doing, even where a request made of an earlier answer says it too.
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => (Math.abs(Date.now() - Date.parse(time)) < hourMs ? '<time>' : unlessAsked('<time>')(time)))
    .replace(/10\.(9[6-9]|10\d|11[01])\.\d+\.\d+/g, unlessAsked('<ip>'))) as unknown;
}

/** Nothing of what follows a line break: there, upstream prints a difference of its internal types. */
const firstLine = (text: string): string => text.split('\n')[0]!;

/** Large values are shown in the form of upstream's internal types: that they are shown counts, not how. */
export function shortened(text: string): string {
  return text.replace(/Invalid value: \{.{200,}\}(?=: )/s, 'Invalid value: {…}').replace(/Invalid value: \[\{.{150,}\}\](?=: )/s, 'Invalid value: […]');
}

interface StatusBody {
  message?: string;
  details?: { causes?: { reason?: string; field?: string; message?: string }[] };
}

function answerOf(reply: Reply, request: unknown, before: unknown, change: Change): Answer {
  const answer: Answer = {};
  const body = settled(reply.body, request);
  if (reply.warnings.length > 0) answer.warnings = reply.warnings.map((w) => JSON.parse(JSON.stringify(w)) as string);
  if (reply.code < 300) {
    const shown = difference(changed(before, change), body);
    if (Object.keys(shown).length > 0) answer.shown = shown;
    return answer;
  }
  answer.code = reply.code;
  const { message = '', details } = body as StatusBody;
  const lines = (details?.causes ?? []).map((c) => ({ reason: c.reason ?? '', text: `${c.field ?? ''}: ${firstLine(c.message ?? '')}` }));
  if (lines.length > 0) answer.causes = lines.map((l) => shortened(`${l.reason.replace(/^FieldValue/, '')} ${l.text}`));
  // Findings with the same words are said once.
  const words = [...new Set(lines.map((l) => l.text))];
  const expected = words.length === 1 ? words[0]! : `[${words.join(', ')}]`;
  const said = message.replace(/\n[^]*?(?=, [a-z]+[.:]|\]$|$)/g, '');
  if (!said.endsWith(` is invalid: ${expected}`)) answer.message = said;
  return answer;
}

export interface Asked {
  readonly made: unknown;
  answer(operation: string, change: Change): Promise<Answer>;
}

/** The name of a definition ends in its group. */
function groupOf({ object }: Base, end: string): Change {
  return object['kind'] === 'CustomResourceDefinition' ? { 'spec.group': `${String((object['spec'] as Json)['group'])}${end}` } : {};
}

/** The object once `path` is served; its own status says so by then. */
async function served(ask: Ask, path: string, one: string): Promise<Json> {
  const deadline = Date.now() + 60_000;
  for (; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if ((await ask('GET', path)).code === 200) return (await ask('GET', one)).body as Json;
  }
  throw new Error(`${path} is not served`);
}

/** Makes the base's object where it has a status or an update is asked for, and answers cases about it. */
export async function prepare(ask: Ask, base: Base): Promise<Asked> {
  const name = (base.object['metadata'] as Json)['name'] as string;
  const trial = changed(base.object, { 'metadata.name': `${name}-trial`, ...groupOf(base, '-trial') });
  const reply = await ask('POST', `${base.path}?dryRun=All`, trial);
  const made = reply.code < 300 ? settled(reply.body, trial) : reply;
  const one = `${base.path}/${name}`;
  let live: Json | undefined;
  const create = async (): Promise<Json> => {
    const left = await ask('GET', one);
    if (left.code === 200) {
      if (((left.body as Json)['metadata'] as Json)['finalizers']) await ask('PUT', one, changed(left.body as Json, { 'metadata.finalizers': null }));
      await ask('DELETE', one, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
      if (base.path === '/api/v1/namespaces') await ask('PUT', `${one}/finalize`, { ...base.object, spec: { finalizers: [] } });
    }
    const created = await ask('POST', base.path, base.object);
    if (created.code >= 300) throw new Error(`${one}: ${JSON.stringify(created.body)}`);
    if (base.serves) return await served(ask, base.serves, one);
    if (!base.status) return created.body as Json;
    const put = await ask('PUT', `${one}/status`, { ...(created.body as Json), status: base.status });
    if (put.code >= 300) throw new Error(`${one}/status: ${JSON.stringify(put.body)}`);
    return put.body as Json;
  };
  const revision = async (path: string): Promise<unknown> => (((await ask('GET', path)).body as Json)['metadata'] as Json | undefined)?.['resourceVersion'];
  if (base.serves) live = await create();
  return {
    made,
    async answer(operation, change) {
      if (operation === 'create') {
        const request = changed(trial, change);
        return answerOf(await ask('POST', `${base.path}?dryRun=All`, request), request, made, change);
      }
      live ??= await create();
      for (;;) {
        const request = changed(live, change);
        const reply = await ask('PUT', `${one}${operation === 'update' ? '' : `/${operation}`}?dryRun=All`, request);
        const answer = answerOf(reply, request, settled(live, request), change);
        const now = answer.code === 409 && answer.message?.includes('the object has been modified') ? await revision(one) : undefined;
        if (now === undefined || now === (live['metadata'] as Json)['resourceVersion']) return answer;
        // The server's own controllers wrote in between.
        live = changed(live, { 'metadata.resourceVersion': now });
      }
    },
  };
}
