/**
 * The generic registry of one stored kind: create, update and delete with everything that all kinds share.
 * It sees objects in their stored version; what clients send and see in other versions is the business of views.
 */
import { nameSuffix } from '../../base/ids.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { sameValue } from '../../machinery/fieldpath.ts';
import { sameJson, sameMembers, thaw, type JsonObject } from '../../machinery/json.ts';
import { StatusError, type FieldError, type QualifiedResource } from '../../machinery/status.ts';
import type { Notes } from '../../serving/request.ts';
import type { KindRules, RuleContext } from '../../schema/vocabulary.ts';
import type { AdmissionChain, AdmissionRequest, Operation } from '../admission/chain.ts';
import type { Cacher, CacherCodec } from '../cacher/cacher.ts';
import type { ApiObject, ReadonlyObject, Stored } from '../objects.ts';
import { checkPreconditions, isReleased, planDeletion, type DeletionOptions, type DeletionPlan } from './deletion.ts';
import { fromStore, isConflict, reading } from './errors.ts';
import { dedupeOwners } from './owners.ts';
import type { View } from './views.ts';

export interface WriteScope extends RuleContext {
  readonly warnings: string[];
  /** How the writer sees the object. */
  readonly view?: View;
  /** Of the operation, as the client gave them: field manager, grace period and the like. */
  readonly options?: JsonObject;
  /** For the audit log; absent: nobody keeps one of this request. */
  readonly notes?: Notes;
  /** Admission has judged what leads to this write; it is not asked again. */
  readonly admitted?: true;
}

/** What a kind does beyond its pure rules: allocation and the like. */
export interface KindHooks {
  /** Both run between preparation and validation, and may allocate and fill in. */
  beforeCreate?(object: ApiObject, scope: WriteScope): Promise<Reservation | void>;
  beforeUpdate?(object: ApiObject, old: ReadonlyObject, scope: WriteScope): Promise<Reservation | void>;
  /** What is wrong with an object that its rules, which look at nothing else, cannot know; told before what they find. */
  findings?(object: ReadonlyObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<readonly FieldError[]> | readonly FieldError[];
  /** Instead of the usual plan. */
  planDeletion?(object: ReadonlyObject, now: number): DeletionPlan | undefined;
  /** More than finalizers and grace may hold an object. */
  isReleased?(object: ReadonlyObject): boolean;
  afterRemove?(object: ReadonlyObject): Promise<void>;
}

/** What a hook holds for a write that is not yet done. */
export interface Reservation {
  /** The write failed, or was only tried. */
  undo(): Promise<void> | void;
  /** The write is in the store: what the old object held and the new one does not may go. */
  done?(): Promise<void> | void;
}

export interface StorageOptions {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
  readonly rules: KindRules<ApiObject>;
  /** Metadata and the kind's own rules; with `old` those of an update. */
  validate(object: ReadonlyObject, old: ReadonlyObject | undefined, scope: WriteScope): readonly FieldError[];
  /** The object as the schema writes it: what defaults, rules and admission added is in its place, and so is what is always written. */
  canonical(object: ApiObject): ApiObject;
  /** What does not outlive being stored. */
  dropEmpty?(object: ApiObject): void;
  /** The same of metadata alone, where nothing else has changed. */
  canonicalMetadata(metadata: ApiObject['metadata']): ApiObject['metadata'];
  /** The kind in its other versions, by apiVersion; absent where reading in them needs others. */
  versions?(apiVersion: string): View | undefined;
  readonly createOnUpdate: boolean;
  readonly unconditionalUpdate: boolean;
  /** Deleting answers the object, not a Status. */
  readonly returnsDeleted: boolean;
  readonly orphanByDefault: boolean;
  readonly cacher: Cacher<ApiObject>;
  readonly codec: CacherCodec<ApiObject>;
  readonly admission: AdmissionChain;
  readonly surroundings: Surroundings;
}

/** Makes the new object from the present one; called again when another write came first. */
export type Transform = (current: Stored | undefined) => Promise<ApiObject> | ApiObject;

export interface UpdateOptions {
  /** Creates what is not there, whatever the kind says. */
  readonly forceCreate?: boolean;
  /** The transform starts from the newest state itself, so a write that came first is no conflict. */
  readonly retryConflicts?: boolean;
}

const generatedNameAttempts = 8;
const longestGeneratedBase = 58;

export class Storage {
  readonly options: StorageOptions;
  readonly resource: QualifiedResource;
  readonly cacher: Cacher<ApiObject>;
  hooks: KindHooks = {};

  constructor(options: StorageOptions) {
    this.options = options;
    this.resource = { group: options.group, resource: options.resource };
    this.cacher = options.cacher;
  }

  key(namespace: string, name: string): string {
    return this.options.namespaced ? `${this.cacher.prefix}${namespace}/${name}` : `${this.cacher.prefix}${name}`;
  }

  async get(namespace: string, name: string, notOlderThan?: number): Promise<Stored> {
    const found = await this.find(namespace, name, notOlderThan);
    if (!found) throw StatusError.notFound(this.resource, name);
    return found;
  }

  find(namespace: string, name: string, notOlderThan?: number): Promise<Stored | undefined> {
    return reading(this.resource, this.cacher.get(this.key(namespace, name), notOlderThan === undefined ? {} : { notOlderThan }));
  }

  async create(given: ApiObject, namespace: string, scope: WriteScope): Promise<Stored> {
    const generated = !given.metadata.name && !!given.metadata.generateName;
    if (given.metadata.resourceVersion) throw new StatusError({ status: 'Failure', code: 500, message: 'resourceVersion should not be set on objects to be created' });
    const uid = this.options.surroundings.random.uuid();
    this.#beginCreate(given, namespace, uid, scope);
    await this.#mutate('CREATE', given, undefined, scope);
    this.#beginCreate(given, namespace, uid, scope);
    this.#prepareCreate(given, scope);
    const reservation = await this.hooks.beforeCreate?.(given, scope);
    try {
      const object = this.#canonical(given);
      await this.#checkCreate(object, scope);
      this.options.dropEmpty?.(object);
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#settled(reservation, scope, this.#put(object, 0, scope.dryRun));
        } catch (error) {
          if (!isConflict(error)) throw error;
          if (!generated || attempt === generatedNameAttempts) throw generated ? this.#generatedNameTaken(object) : await this.#taken(object);
          object.metadata.name = this.#generateName(object.metadata.generateName!);
        }
      }
    } catch (error) {
      await reservation?.undo();
      throw fromStore(error, this.resource);
    }
  }

  async update(namespace: string, name: string, transform: Transform, scope: WriteScope, options: UpdateOptions = {}): Promise<{ stored: Stored; created: boolean }> {
    for (;;) {
      const current = await this.find(namespace, name);
      if (!current) {
        if (!this.options.createOnUpdate && !options.forceCreate) throw StatusError.notFound(this.resource, name);
        const object = await transform(undefined);
        delete object.metadata.resourceVersion;
        try {
          return { stored: await this.create(object, namespace, scope), created: true };
        } catch (error) {
          if (error instanceof StatusError && error.reason === 'AlreadyExists') continue;
          throw error;
        }
      }
      const object = await transform(current);
      const stored = await this.#replace(current, object, scope, options.retryConflicts === true);
      if (stored) return { stored, created: false };
    }
  }

  /** Undefined: another write came first, try again. */
  async #replace(current: Stored, given: ApiObject, scope: WriteScope, retryConflicts: boolean): Promise<Stored | undefined> {
    const conditional = this.#matchRevision(current, given) && !retryConflicts;
    const old = current.object;
    if (!retryConflicts && given.metadata.uid && old.metadata.uid && given.metadata.uid !== old.metadata.uid) {
      throw StatusError.conflict(this.resource, old.metadata.name!, `StorageError: invalid object, Code: 4, Key: ${this.key(old.metadata.namespace ?? '', old.metadata.name!).replace(/^\/registry/, '')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${old.metadata.uid}`);
    }
    if (scope.subresource === 'scale' && given.metadata.uid !== old.metadata.uid) {
      throw StatusError.conflict(this.resource, old.metadata.name!, `Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${old.metadata.uid}`);
    }
    await this.#mutate('UPDATE', given, old, scope);
    this.#prepareUpdate(given, old, scope);
    const reservation = await this.hooks.beforeUpdate?.(given, old, scope);
    try {
      const object = this.#canonical(given);
      await this.#checkUpdate(object, old, scope);
      if (!scope.admitted) await this.options.admission.validate(this.#admission('UPDATE', object, old, scope));
      this.options.dropEmpty?.(object);
      if ((this.hooks.isReleased ?? isReleased)(object) && old.metadata.deletionTimestamp !== undefined) {
        return scope.dryRun ? this.#detached(object) : await this.#remove(current, object);
      }
      if (sameObject(object, old) && !this.cacher.outdated(current)) {
        await reservation?.undo();
        return current;
      }
      return await this.#settled(reservation, scope, this.#put(object, current.revision, scope.dryRun));
    } catch (error) {
      await reservation?.undo();
      if (!isConflict(error)) throw fromStore(error, this.resource);
      if (conditional) throw StatusError.objectModified(this.resource, old.metadata.name!);
      return undefined;
    }
  }

  async delete(namespace: string, name: string, options: DeletionOptions, scope: WriteScope): Promise<{ stored: Stored; removed: boolean }> {
    for (;;) {
      const current = await this.get(namespace, name);
      checkPreconditions(current.object, options, { group: this.options.group, resource: this.options.kind });
      await this.#admitDelete(current.object, scope);
      const now = this.options.surroundings.clock.now();
      const own = this.hooks.planDeletion?.(current.object, now);
      const plan = own ?? planDeletion(current.object, options, this.#deletionRules(), now);
      try {
        if (plan.action === 'wait') return { stored: current, removed: false };
        if (plan.action === 'mark') {
          const object = this.#marked(current.object, plan, own !== undefined);
          return { stored: await this.#noted(scope.notes, this.#put(object, current.revision, scope.dryRun)), removed: false };
        }
        const last = plan.apply && this.#marked(current.object, plan, own !== undefined);
        if (scope.dryRun) return { stored: last ? this.#detached(last, current.revision) : current, removed: true };
        return { stored: await this.#noted(scope.notes, this.#remove(current, last, true)), removed: true };
      } catch (error) {
        if (!isConflict(error)) throw fromStore(error, this.resource);
      }
    }
  }

  /** What a plan makes of an object. Usually that is some metadata: everything else is shared with what there was. */
  #marked(object: ReadonlyObject, { apply }: Extract<DeletionPlan, { apply?: unknown }>, wholly: boolean): ApiObject {
    if (wholly) {
      const copy = thaw<ApiObject>(object);
      apply?.(copy);
      return this.#canonical(copy);
    }
    const marked = { ...object, metadata: thaw<ApiObject['metadata']>(object.metadata) } as ApiObject;
    apply?.(marked);
    marked.metadata.resourceVersion ||= '0';
    marked.metadata = this.options.canonicalMetadata(marked.metadata);
    return marked;
  }

  #deletionRules(): Parameters<typeof planDeletion>[2] {
    const { rules, orphanByDefault } = this.options;
    return rules.gracePeriod ? { gracePeriod: (object, requested) => rules.gracePeriod!(object, requested), orphanByDefault } : { orphanByDefault };
  }

  async #remove(current: Stored, last?: ApiObject, differs = false): Promise<Stored> {
    let revision = current.revision;
    // What the last update changed is part of the state that watchers see go.
    if (last && (differs || !sameObject(last, current.object))) revision = (await this.#put(last, revision, false)).revision;
    const removed = await this.cacher.delete(current.key, revision);
    await this.hooks.afterRemove?.(removed.object);
    return removed;
  }

  async #settled(reservation: Reservation | void, { dryRun, notes }: WriteScope, write: Promise<Stored>): Promise<Stored> {
    const stored = await (notes ? this.#noted(notes, write) : write);
    if (reservation) await (dryRun ? reservation.undo() : reservation.done?.());
    return stored;
  }

  /** How long the store took is part of what is known of the request. */
  async #noted(notes: Notes | undefined, write: Promise<Stored>): Promise<Stored> {
    if (!notes) return write;
    const { clock } = this.options.surroundings;
    const since = clock.monotonic();
    try {
      return await write;
    } finally {
      notes.spent('etcd', clock.monotonic() - since);
    }
  }

  /** With a place for resourceVersion, which the store fills. */
  #canonical(object: ApiObject): ApiObject {
    object.metadata.resourceVersion ||= '0';
    return this.options.canonical(object);
  }

  async #put(object: ApiObject, expect: number, dryRun: boolean): Promise<Stored> {
    const key = this.key(object.metadata.namespace ?? '', object.metadata.name!);
    object.metadata.resourceVersion = '';
    if (!dryRun) return this.cacher.put(key, object, expect);
    if (expect === 0) {
      if (await this.cacher.get(key)) throw await this.#taken(object);
    }
    return this.#detached(object, expect);
  }

  /** There is one already; it may be on its way out. */
  async #taken({ metadata: { namespace = '', name } }: ApiObject): Promise<StatusError> {
    const present = await this.cacher.get(this.key(namespace, name!));
    return StatusError.alreadyExists(this.resource, name!, present !== undefined && present.object.metadata.deletionTimestamp !== undefined);
  }

  /** An object that is not in the store, with the face of one that is. */
  #detached(object: ApiObject, revision = 0): Stored {
    const { codec } = this.options;
    const shown = revision === 0 ? (delete object.metadata.resourceVersion, object) : codec.withRevision(object, revision);
    return {
      key: this.key(object.metadata.namespace ?? '', object.metadata.name!),
      revision,
      object: shown,
      get attributes() {
        return codec.attributes(shown);
      },
      encoding: (version, mediaType) => codec.encode(shown, version, mediaType),
      splice: () => undefined,
      glance: () => shown,
      derived: (_name, _variant, make) => make(shown).made,
      endedAt: (later) => this.#detached(thaw<ApiObject>(shown), later),
    };
  }

  #generateName(base: string): string {
    return base.slice(0, longestGeneratedBase) + nameSuffix(this.options.surroundings.random);
  }

  #generatedNameTaken(object: ApiObject): StatusError {
    const { name = '' } = object.metadata;
    return new StatusError({
      status: 'Failure', code: 409, reason: 'AlreadyExists',
      message: `${this.resource.resource}${this.resource.group ? `.${this.resource.group}` : ''} "${name}" already exists, the server was not able to generate a unique name for the object`,
      details: { name, ...(this.resource.group ? { group: this.resource.group } : {}), kind: this.resource.resource, retryAfterSeconds: 1 },
    });
  }

  /** Metadata that the server decides. Safe to run again after mutating admission. */
  #beginCreate(object: ApiObject, namespace: string, uid: string, scope: WriteScope): void {
    const meta = object.metadata;
    if (this.options.namespaced) {
      if (meta.namespace && meta.namespace !== namespace) throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
      meta.namespace = namespace;
    } else if (meta.namespace) {
      throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    if (!meta.name && meta.generateName) meta.name = this.#generateName(meta.generateName);
    delete meta.deletionTimestamp;
    delete meta.deletionGracePeriodSeconds;
    delete meta.selfLink;
    meta.uid = uid;
    meta.creationTimestamp = scope.now;
  }

  #prepareCreate(object: ApiObject, scope: WriteScope): void {
    const { rules } = this.options;
    rules.prepareCreate?.(object, scope);
    if (rules.generation) object.metadata.generation = 1;
  }

  async #findings(object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<readonly FieldError[]> {
    const own = this.options.validate(object, old, scope);
    return this.hooks.findings ? [...await this.hooks.findings(object, old, scope), ...own] : own;
  }

  async #checkCreate(object: ApiObject, scope: WriteScope): Promise<void> {
    const { rules } = this.options;
    const errors = await this.#findings(object, undefined, scope);
    if (errors.length > 0) throw this.#invalid(object, errors);
    for (const text of rules.warnings?.(object, undefined, scope) ?? []) scope.warnings.push(text);
    if (!scope.admitted) await this.options.admission.validate(this.#admission('CREATE', object, undefined, scope));
  }

  #prepareUpdate(object: ApiObject, old: ReadonlyObject, scope: WriteScope): void {
    const { rules, namespaced } = this.options;
    const meta = object.metadata;
    if (namespaced) meta.namespace ??= old.metadata.namespace!;
    if ((meta.namespace ?? '') !== (old.metadata.namespace ?? '')) throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request');
    keep(meta, 'generation', old.metadata.generation);
    rules.prepareUpdate?.(object, old, scope);
    meta.uid ||= old.metadata.uid!;
    keep(meta, 'creationTimestamp', old.metadata.creationTimestamp);
    if (old.metadata.deletionTimestamp !== undefined) meta.deletionTimestamp = old.metadata.deletionTimestamp;
    if (old.metadata.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds ??= old.metadata.deletionGracePeriodSeconds;
    delete meta.selfLink;
  }

  async #checkUpdate(object: ApiObject, old: ReadonlyObject, scope: WriteScope): Promise<void> {
    const { rules } = this.options;
    // Both are in canonical form, so that only what has a meaning makes a difference.
    // Who is bound is as it was asked for.
    if (rules.generation && scope.subresource !== 'status' && scope.subresource !== 'binding' && generationGrows(rules.generation, object, old)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    const errors = await this.#findings(object, old, scope);
    if (errors.length > 0) throw this.#invalid(object, errors);
    for (const text of rules.warnings?.(object, old, scope) ?? []) scope.warnings.push(text);
  }

  #invalid(object: ApiObject, errors: readonly FieldError[]): StatusError {
    return StatusError.invalid({ group: this.options.group, kind: this.options.kind }, object.metadata.name ?? '', errors);
  }

  /** True when the writer insists on the revision that it saw. */
  #matchRevision(current: Stored, object: ApiObject): boolean {
    const asked = object.metadata.resourceVersion;
    const present = String(current.revision);
    if (!asked || asked === '0') {
      if (!this.options.unconditionalUpdate) {
        throw StatusError.invalid({ group: this.options.group, kind: this.options.resource }, current.object.metadata.name!, [
          { type: 'FieldValueInvalid', field: 'metadata.resourceVersion', detail: 'Invalid value: 0: must be specified for an update' },
        ]);
      }
      object.metadata.resourceVersion = present;
      return false;
    }
    if (!/^\d+$/.test(asked) || BigInt.asUintN(64, BigInt(asked)) !== BigInt(asked)) {
      throw new StatusError({ status: 'Failure', message: `strconv.ParseUint: parsing ${JSON.stringify(asked)}: ${/^\d+$/.test(asked) ? 'value out of range' : 'invalid syntax'}`, code: 500 });
    }
    if (asked !== present) throw StatusError.objectModified(this.resource, current.object.metadata.name!);
    return true;
  }

  #admission(operation: Operation, object: ApiObject | undefined, old: ReadonlyObject | undefined, scope: WriteScope): AdmissionRequest {
    const { group, version, kind, resource } = this.options;
    const meta = (object ?? old!).metadata;
    return {
      operation, group, version, kind, resource, namespace: meta.namespace ?? '', name: meta.name ?? '',
      ...(object ? { object } : {}), ...(old ? { old } : {}),
      now: scope.now, user: scope.user, dryRun: scope.dryRun, subresource: scope.subresource, warnings: scope.warnings,
      ...(scope.view ? { view: scope.view } : {}), ...(scope.options ? { options: scope.options } : {}), ...(scope.notes ? { notes: scope.notes } : {}),
    };
  }

  async #mutate(operation: Operation, object: ApiObject, old: ReadonlyObject | undefined, scope: WriteScope): Promise<void> {
    if (!scope.admitted) await this.options.admission.mutate(this.#admission(operation, object, old, scope));
    dedupeOwners(object, scope.warnings, true);
  }

  async #admitDelete(object: ReadonlyObject, scope: WriteScope): Promise<void> {
    if (scope.admitted) return;
    const request = this.#admission('DELETE', undefined, object, scope);
    await this.options.admission.mutate(request);
    await this.options.admission.validate(request);
  }
}

function keep<K extends keyof ApiObject['metadata']>(meta: ApiObject['metadata'], key: K, value: ApiObject['metadata'][K] | undefined): void {
  if (value === undefined) delete meta[key];
  else meta[key] = value;
}

const metadataOnly: ReadonlySet<string> = new Set(['metadata']);
const metadataAndStatus: ReadonlySet<string> = new Set(['metadata', 'status']);

function generationGrows(rule: NonNullable<KindRules['generation']>, object: ApiObject, old: ReadonlyObject): boolean {
  if (object.metadata.deletionTimestamp !== undefined && old.metadata.deletionTimestamp === undefined) return true;
  if (rule === 'all-but-metadata-and-status' || rule === 'all-but-metadata') {
    const ignored = rule === 'all-but-metadata' ? metadataOnly : metadataAndStatus;
    const rest = (o: ReadonlyObject): unknown => ({ ...o, metadata: undefined, ...(rule === 'all-but-metadata' ? {} : { status: undefined }) });
    return !sameMembers(object, old, ignored) && !sameValue(rest(object), rest(old));
  }
  if (rule === 'spec-and-annotations' && !sameJson(object.metadata.annotations ?? {}, old.metadata.annotations ?? {})) return true;
  // A list without items is like none.
  return !sameJson(object['spec'], old['spec']) && !sameValue(object['spec'], old['spec']);
}

const changesAlways: ReadonlySet<string> = new Set(['resourceVersion', 'managedFields']);
const timeOnly: ReadonlySet<string> = new Set(['time']);

/** Equal but for the times of managed fields, which alone are no change. */
function sameObject(object: ApiObject, old: ReadonlyObject): boolean {
  if (!sameMembers(object.metadata as Record<string, unknown>, old.metadata as Record<string, unknown>, changesAlways)) return false;
  if (!sameMembers(object, old, metadataOnly)) return false;
  const [now, before] = [object.metadata.managedFields ?? [], old.metadata.managedFields ?? []];
  return now.length === before.length && now.every((entry, i) => sameMembers(entry as Record<string, unknown>, before[i] as Record<string, unknown>, timeOnly));
}
