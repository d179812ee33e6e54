/** Rules of leases. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { invalid, nonNegative, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { leaseCandidateColumns, leaseColumns } from './columns.ts';
import type { LeaseCandidate } from './v1beta1/types.ts';
import type { Lease } from './v1/types.ts';

function validateLease(l: DeepReadonly<Lease>): FieldError[] {
  const seconds = l.spec?.leaseDurationSeconds;
  return [
    ...(seconds !== undefined && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : []),
    ...nonNegative('spec.leaseTransitions', l.spec?.leaseTransitions),
  ];
}

function validateCandidate(c: DeepReadonly<LeaseCandidate>): FieldError[] {
  const out: FieldError[] = [];
  for (const key of ['leaseName', 'binaryVersion', 'strategy'] as const) if (!c.spec?.[key]) out.push(required(`spec.${key}`));
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Lease: { validate: validateLease, columns: leaseColumns },
  LeaseCandidate: { validate: validateCandidate, columns: leaseCandidateColumns },
};
