/**
 * Field selectors of kinds whose versions a webhook converts: what a selector sees is known only when the object has been
 * converted, so the watch cache chooses by everything else, and the fields are tested on what it answers.
 */
import { FieldSelector, parseFieldSelector } from '../../machinery/selectors.ts';
import type { CacherEvent, CacherWatch, ChangeType, ListPage, ListRequest, WatchRequest } from '../cacher/cacher.ts';
import { SharedPiece } from '../../serving/piece.ts';
import type { ApiObject, ReadonlyObject, Stored } from '../objects.ts';
import { frame } from './codec.ts';
import type { Selectable } from './selection.ts';
import type { Storage } from './storage.ts';

const atOnce = 500;

type ObjectEvent = Exclude<CacherEvent<ApiObject>, { readonly type: 'BOOKMARK' }>;

/** Converts objects all together and answers which of them are selected. */
type Select = (objects: readonly ReadonlyObject[]) => Promise<readonly boolean[]>;

/** Undefined where the watch cache can select alone. */
export function convertedSelection(kind: Selectable, fieldSelector: string | undefined): Select | undefined {
  const { fieldsOf, prepare } = kind.view ?? {};
  if (!fieldSelector || !fieldsOf) return undefined;
  const terms = parseFieldSelector(fieldSelector).terms.filter((t) => kind.fields.has(t.field));
  if (terms.length === 0) return undefined;
  const selector = new FieldSelector(terms);
  return async (objects) => {
    await prepare?.(objects);
    return objects.map((object) => {
      const fields = fieldsOf(object);
      return selector.matches((field) => fields[field] ?? '');
    });
  };
}

export async function listConverted({ cacher }: Storage, select: Select, { limit = Infinity, ...request }: ListRequest): Promise<ListPage<ApiObject>> {
  const items: Stored[] = [];
  for (let next: ListRequest = request; ;) {
    const page = await cacher.list({ ...next, limit: atOnce });
    const selected = await select(page.items.map((item) => item.object));
    for (const [i, item] of page.items.entries()) {
      if (!selected[i]) continue;
      if (items.length === limit) return { items, revision: page.revision, next: items.at(-1)!.key };
      items.push(item);
    }
    if (page.next === undefined) return { items, revision: page.revision };
    const { notOlderThan: _, ...rest } = request;
    next = { ...rest, exact: page.revision, startAfter: page.next };
  }
}

export async function watchConverted(storage: Storage, select: Select, request: WatchRequest): Promise<CacherWatch<ApiObject>> {
  // What the watcher has seen last of each object that is selected.
  const seen = new Map<string, Stored>();
  if (request.from !== 'state') {
    const { selection = {}, from, signal } = request;
    for (const item of (await listConverted(storage, select, { selection, exact: from, signal })).items) seen.set(item.key, item);
  }
  return narrowed(await storage.cacher.watch(request), select, seen);
}

async function* narrowed(events: CacherWatch<ApiObject>, select: Select, seen: Map<string, Stored>): AsyncGenerator<readonly CacherEvent<ApiObject>[], void, void> {
  for await (const batch of events) {
    const changed = batch.filter((event): event is ObjectEvent => event.type === 'ADDED' || event.type === 'MODIFIED');
    const selected = await select(changed.map((event) => event.item.object));
    const chosen = new Set<CacherEvent<ApiObject>>(changed.filter((_, i) => selected[i]));
    const out = batch.flatMap((event) => (event.type === 'BOOKMARK' ? [event] : (seenAs(event, chosen.has(event), seen) ?? [])));
    if (out.length > 0) yield out;
  }
}

function seenAs(event: ObjectEvent, selected: boolean, seen: Map<string, Stored>): CacherEvent<ApiObject> | undefined {
  const { item, revision } = event;
  const before = seen.get(item.key);
  if (selected) {
    seen.set(item.key, item);
    return eventOf(before ? 'MODIFIED' : 'ADDED', item);
  }
  if (!before) return undefined;
  seen.delete(item.key);
  return eventOf('DELETED', before.endedAt(revision));
}

function eventOf(type: ChangeType, item: Stored): CacherEvent<ApiObject> {
  return { type, revision: item.revision, item, frame: (version, mediaType) => new SharedPiece(frame(type, item.encoding(version, mediaType), mediaType)) };
}
