/** Notes by namespace and name, and what happened to them lately. */
import { timestamp } from '../../src/base/clock.ts';
import type { Surroundings } from '../../src/base/surroundings.ts';
import { StatusError } from '../../src/machinery/status.ts';

export const group = 'notes.example.com';
export const version = 'v1';
export const apiVersion = `${group}/${version}`;
const resource = { group, resource: 'notes' };

export interface Note {
  apiVersion?: string;
  kind?: string;
  metadata: { name?: string; namespace?: string; uid?: string; creationTimestamp?: string; resourceVersion?: string; labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: unknown };
  spec?: { text?: string };
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Note;
  readonly revision: number;
}

/** A watch that asks for an older state than this has to list anew. */
const remembered = 1000;

export class Notes {
  readonly #surroundings: Surroundings;
  readonly #all = new Map<string, Note>();
  readonly #past: Change[] = [];
  readonly #followers = new Set<(change: Change) => void>();
  #revision = 1;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  get revision(): string {
    return String(this.#revision);
  }

  list(namespace: string): Note[] {
    return [...this.#all.values()].filter((note) => namespace === '' || note.metadata.namespace === namespace);
  }

  get(namespace: string, name: string): Note {
    const found = this.#all.get(`${namespace}/${name}`);
    if (!found) throw StatusError.notFound(resource, name);
    return found;
  }

  create(namespace: string, note: Note): Note {
    const { clock, random } = this.#surroundings;
    const { name } = note.metadata;
    if (!name) throw StatusError.invalid({ group, kind: 'Note' }, '', [{ type: 'FieldValueRequired', field: 'metadata.name', detail: 'Required value: name or generateName is required' }]);
    if (this.#all.has(`${namespace}/${name}`)) throw StatusError.alreadyExists(resource, name);
    return this.#put('ADDED', { ...note, apiVersion, kind: 'Note', metadata: { ...note.metadata, namespace, uid: random.uuid(), creationTimestamp: timestamp(clock.now()) } });
  }

  update(namespace: string, name: string, note: Note): Note {
    const { uid, creationTimestamp, resourceVersion } = this.get(namespace, name).metadata;
    const seen = note.metadata.resourceVersion;
    if (seen && seen !== resourceVersion) throw StatusError.objectModified(resource, name);
    return this.#put('MODIFIED', { ...note, apiVersion, kind: 'Note', metadata: { ...note.metadata, name, namespace, uid: uid!, creationTimestamp: creationTimestamp! } });
  }

  delete(namespace: string, name: string): Note {
    const note = this.get(namespace, name);
    this.#all.delete(`${namespace}/${name}`);
    return this.#tell('DELETED', note);
  }

  /** `since`: the revision that the client has seen; what came after it is told at once. Answers how to stop. */
  follow(since: number, tell: (change: Change) => void): () => void {
    const oldest = this.#past[0]?.revision ?? this.#revision + 1;
    if (since + 1 < oldest && since < this.#revision) throw StatusError.expired(`too old resource version: ${since} (${oldest - 1})`);
    for (const change of this.#past) if (change.revision > since) tell(change);
    this.#followers.add(tell);
    return () => void this.#followers.delete(tell);
  }

  #put(type: Change['type'], note: Note): Note {
    const told = this.#tell(type, note);
    this.#all.set(`${note.metadata.namespace}/${note.metadata.name}`, told);
    return told;
  }

  #tell(type: Change['type'], note: Note): Note {
    const revision = ++this.#revision;
    const object = { ...note, metadata: { ...note.metadata, resourceVersion: String(revision) } };
    this.#past.push({ type, object, revision });
    if (this.#past.length > remembered) this.#past.shift();
    for (const tell of this.#followers) tell({ type, object, revision });
    return object;
  }
}
