/** Rules of priority classes. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, immutable, notSupported, required } from '../../machinery/fieldpath.ts';
import type { FieldError } from '../../machinery/status.ts';
import { columnList } from '../../schema/table.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import type { PriorityClass } from './v1/types.ts';
import { preemptionPolicies } from '../core/v1/enums.ts';

type Class = DeepReadonly<PriorityClass>;

/** The classes that the cluster brings itself. */
export const systemPriorityClasses: readonly { readonly name: string; readonly value: number; readonly description: string }[] = [
  { name: 'system-node-critical', value: 2000001000, description: 'Used for system critical pods that must not be moved from their current node.' },
  { name: 'system-cluster-critical', value: 2000000000, description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.' },
];

const highestUser = 1_000_000_000;

function validate(c: Class): FieldError[] {
  const out: FieldError[] = [];
  const known = systemPriorityClasses.find((s) => s.name === c.metadata.name);
  if (c.metadata.name?.startsWith('system-')) {
    const words = (why: string): string => `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`;
    if (!known) out.push(forbidden('metadata.name', words(`${c.metadata.name} is not a known system priority class`)));
    else if (known.value !== c.value) out.push(forbidden('metadata.name', words(`value of ${c.metadata.name} PriorityClass must be ${known.value}`)));
    else if (c.globalDefault) out.push(forbidden('metadata.name', words(`globalDefault of ${c.metadata.name} PriorityClass must be false`)));
  } else if (c.value > highestUser) {
    out.push(forbidden('value', `maximum allowed value of a user defined priority is ${highestUser}`));
  }
  if (c.preemptionPolicy === '') out.push(required('preemptionPolicy'));
  else if (c.preemptionPolicy !== undefined && !preemptionPolicies.includes(c.preemptionPolicy)) out.push(notSupported('preemptionPolicy', c.preemptionPolicy, preemptionPolicies));
  return out;
}

function validateUpdate(c: Class, old: Class): FieldError[] {
  return [
    ...(c.value === old.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', c.preemptionPolicy, old.preemptionPolicy),
  ];
}

const columns = columnList<PriorityClass>(({ column, integer, nameColumn, ageColumn }) => [
  nameColumn,
  integer('Value', 'Higher ones go first.', (p) => p.value),
  column('Global-Default', 'Whether pods without a class get this one.', (p) => p.globalDefault ?? false, { type: 'boolean' }),
  ageColumn,
  column('PreemptionPolicy', 'Whether others may be evicted for it.', (p) => p.preemptionPolicy ?? ''),
]);

export const rules: Readonly<Record<string, AnyKindRules>> = {
  PriorityClass: {
    // Upstream counts no further.
    prepareCreate(c: PriorityClass) {
      c.metadata.generation = 1;
    },
    validate, validateUpdate, columns,
  },
};
