/** What deleting an object comes to: removal, a mark with a time to go, or waiting for what holds it. Pure. */
import { parseTime, timestamp } from '../../base/clock.ts';
import { notSupported } from '../../machinery/fieldpath.ts';
import { StatusError, type QualifiedResource } from '../../machinery/status.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';

export interface DeletionOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  /** The older spelling of Orphan and Background. */
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type DeletionPlan =
  /** What it is marked with is its last state. */
  | { readonly action: 'remove'; apply?(object: ApiObject): void }
  /** Already on its way, nothing to write. */
  | { readonly action: 'wait' }
  | { readonly action: 'mark'; apply(object: ApiObject): void };

export function checkDeletionOptions(options: Record<string, unknown>): void {
  const dryRun = options['dryRun'] as readonly string[] | undefined;
  if (dryRun?.some((d) => d !== 'All')) throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [notSupported('dryRun', dryRun, ['All'])]);
  const policy = options['propagationPolicy'];
  if (policy !== undefined && options['orphanDependents'] !== undefined) {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      { type: 'FieldValueInvalid', field: 'propagationPolicy', detail: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set` },
    ]);
  }
  if (policy !== undefined && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      { type: 'FieldValueNotSupported', field: 'propagationPolicy', detail: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"` },
    ]);
  }
}

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

export function checkPreconditions(object: ReadonlyObject, options: DeletionOptions, resource: QualifiedResource): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const meta = object.metadata;
  if (uid !== undefined && uid !== meta.uid) {
    throw StatusError.conflict(resource, meta.name ?? '', `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    throw StatusError.conflict(resource, meta.name ?? '', `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`);
  }
}

/** Which finalizers the garbage collector's policies put on the object; undefined: as they are. */
function finalizersFor(object: ReadonlyObject, options: DeletionOptions, orphanByDefault: boolean): string[] | undefined {
  const present = object.metadata.finalizers ?? [];
  const { propagationPolicy, orphanDependents } = options;
  let orphan: boolean;
  let foreground: boolean;
  if (orphanDependents !== undefined) {
    orphan = orphanDependents;
    foreground = false;
  } else if (propagationPolicy !== undefined) {
    orphan = propagationPolicy === 'Orphan';
    foreground = propagationPolicy === 'Foreground';
  } else {
    orphan = present.includes(orphanFinalizer) || (orphanByDefault && !present.includes(foregroundFinalizer));
    foreground = present.includes(foregroundFinalizer);
  }
  const wanted = present.filter((f) => f !== orphanFinalizer && f !== foregroundFinalizer);
  if (orphan) wanted.push(orphanFinalizer);
  if (foreground) wanted.push(foregroundFinalizer);
  const same = wanted.length === present.length && wanted.every((f) => present.includes(f));
  return same ? undefined : wanted;
}

function markNow(meta: ApiObject['metadata'], now: number): void {
  if (!meta.deletionTimestamp && (meta.generation ?? 0) > 0) meta.generation = meta.generation! + 1;
  if (!meta.deletionTimestamp || parseTime(meta.deletionTimestamp) > now) meta.deletionTimestamp = timestamp(now);
  meta.deletionGracePeriodSeconds = 0;
}

interface Grace {
  readonly graceful: boolean;
  readonly pending: boolean;
  readonly seconds: number;
  readonly deletionTimestamp?: string;
}

const atOnce: Grace = { graceful: false, pending: false, seconds: 0 };

/** `period`: what the kind's rules make of the requested grace; undefined: the kind knows none. */
function graceOf(object: ReadonlyObject, requested: number | undefined, period: number | undefined, supported: boolean, now: number): Grace {
  if (!supported) return atOnce;
  const meta = object.metadata;
  const asked = requested !== undefined && requested < 0 ? 1 : requested;
  if (meta.deletionTimestamp) {
    const left = meta.deletionGracePeriodSeconds ?? 0;
    if (left === 0) return atOnce;
    if (asked === undefined || asked >= left) return { graceful: false, pending: true, seconds: left };
    // Only a shorter time may be asked for now; it counts from the first request.
    let due = parseTime(meta.deletionTimestamp) - left * 1000 + asked * 1000;
    let seconds = asked;
    if (due < now) {
      due = now;
      if (seconds !== 0) seconds = 1;
    }
    return { graceful: true, pending: false, seconds, deletionTimestamp: timestamp(due) };
  }
  if (period === undefined) return atOnce;
  return { graceful: true, pending: false, seconds: period, deletionTimestamp: timestamp(now + period * 1000) };
}

export function planDeletion(
  object: ReadonlyObject,
  options: DeletionOptions,
  rules: { gracePeriod?(object: ReadonlyObject, requested: number | undefined): number | undefined; readonly orphanByDefault?: boolean },
  now: number,
): DeletionPlan {
  const requested = options.gracePeriodSeconds;
  const period = rules.gracePeriod?.(object, requested !== undefined && requested < 0 ? 1 : requested);
  const grace = graceOf(object, requested, period, rules.gracePeriod !== undefined, now);
  if (grace.pending) return { action: 'wait' };
  const finalizers = finalizersFor(object, options, rules.orphanByDefault === true);
  const held = (finalizers ?? object.metadata.finalizers ?? []).length > 0;
  if (!held && !grace.graceful) return { action: 'remove' };
  if (!grace.graceful && finalizers === undefined && object.metadata.deletionTimestamp && object.metadata.deletionGracePeriodSeconds === 0) return { action: 'wait' };
  return {
    action: !held && grace.seconds === 0 ? 'remove' : 'mark',
    apply: ({ metadata }) => {
      if (finalizers) {
        if (finalizers.length > 0) metadata.finalizers = finalizers;
        else delete metadata.finalizers;
      }
      if (!grace.graceful) return markNow(metadata, now);
      if (!metadata.deletionTimestamp && (metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
      metadata.deletionTimestamp = grace.deletionTimestamp!;
      metadata.deletionGracePeriodSeconds = grace.seconds;
    },
  };
}

/** An object that was only held by finalizers or a grace period, and no longer is. */
export function isReleased(object: ReadonlyObject): boolean {
  const meta = object.metadata;
  return meta.deletionTimestamp !== undefined && !meta.finalizers?.length && (meta.deletionGracePeriodSeconds ?? 0) === 0;
}
