/** Rules of leases. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, immutable, invalid, nonNegative, notSupported, required } from '../../machinery/fieldpath.ts';
import { configKeyComplaints, qualifiedNameComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { leaseCandidateColumns, leaseColumns } from './columns.ts';
import type { LeaseCandidate } from './v1beta1/types.ts';
import type { Lease } from './v1/types.ts';

const oldest = 'OldestEmulationVersion';

/** Our own ones have a domain. */
function checkStrategy(strategy: string, path: string, out: FieldError[]): void {
  if (!strategy.includes('/')) {
    if (strategy !== oldest) out.push(notSupported(`${path}.strategy`, strategy, [oldest]));
    return;
  }
  for (const c of qualifiedNameComplaints(strategy)) out.push(invalid(`${path}.strategy`, strategy, c));
}

function validateLease({ spec }: DeepReadonly<Lease>): FieldError[] {
  const seconds = spec?.leaseDurationSeconds;
  const out: FieldError[] = seconds !== undefined && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : [];
  out.push(...nonNegative('spec.leaseTransitions', spec?.leaseTransitions));
  if (spec?.strategy !== undefined) checkStrategy(spec.strategy, 'spec.strategy', out);
  if (spec?.preferredHolder && !spec.strategy) out.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  return out;
}

const versionForm = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** The three numbers; undefined for what is no semantic version. What comes after them is not compared. */
function numbersOf(version: string): readonly number[] | undefined {
  const match = versionForm.exec(version);
  return match ? match.slice(1, 4).map(Number) : undefined;
}

function less(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((n, k) => n !== b[k]);
  return i >= 0 && a[i]! < b[i]!;
}

function validateCandidate({ spec }: DeepReadonly<LeaseCandidate>): FieldError[] {
  const out: FieldError[] = [];
  const zero = [0, 0, 0];
  if (!spec?.leaseName) out.push(required('spec.leaseName'));
  const emulated = spec?.emulationVersion ? numbersOf(spec.emulationVersion) : zero;
  if (!emulated) out.push(invalid('spec.emulationVersion', spec!.emulationVersion, 'must be a valid semantic version'));
  const binary = spec?.binaryVersion ? numbersOf(spec.binaryVersion) : zero;
  if (!spec?.binaryVersion) out.push(required('spec.binaryVersion'));
  else if (!binary) out.push(invalid('spec.binaryVersion', spec.binaryVersion, 'must be a valid semantic version'));
  if (spec?.binaryVersion && spec.emulationVersion && less(binary ?? zero, emulated ?? zero)) out.push(invalid('spec.binaryVersion', spec.binaryVersion, 'must be greater than or equal to `emulationVersion`'));
  if (!spec?.strategy) return [...out, required('spec.strategy')];
  if (spec.strategy === oldest && !less(zero, emulated ?? zero)) out.push(required('spec.emulationVersion', "must be specified when `strategy` is 'OldestEmulationVersion'"));
  checkStrategy(spec.strategy, 'spec.strategy', out);
  return out;
}

/** Coordinated election of leaders is off in this version: what it needs is not kept, unless it is stored already. */
function dropCoordination(l: Lease, old?: DeepReadonly<Lease>): void {
  if (!l.spec || old?.spec?.strategy || old?.spec?.preferredHolder) return;
  delete l.spec.strategy;
  delete l.spec.preferredHolder;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Lease: {
    anyFinalizers: true,
    prepareCreate: (l: Lease) => dropCoordination(l),
    prepareUpdate: (l: Lease, old: DeepReadonly<Lease>) => dropCoordination(l, old),
    validate: validateLease, columns: leaseColumns,
  },
  LeaseCandidate: {
    anyFinalizers: true,
    nameRule: configKeyComplaints,
    validate: validateCandidate,
    validateUpdate: (c: DeepReadonly<LeaseCandidate>, old: DeepReadonly<LeaseCandidate>) => [...validateCandidate(c), ...immutable('spec.leaseName', c.spec?.leaseName ?? '', old.spec?.leaseName)],
    columns: leaseCandidateColumns,
  },
};
