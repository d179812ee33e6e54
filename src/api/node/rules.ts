/** Rules of runtime classes. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { immutable, invalid } from '../../machinery/fieldpath.ts';
import { labelComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabels } from '../../schema/metadata.ts';
import { columnList } from '../../schema/table.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { checkAmount, checkResourceName } from '../core/validation/resources.ts';
import { checkTolerations } from '../core/validation/scheduling.ts';
import type { RuntimeClass } from './v1/types.ts';

type Class = DeepReadonly<RuntimeClass>;

function validate(c: Class): FieldError[] {
  const out: FieldError[] = [];
  for (const complaint of labelComplaints(c.handler)) out.push(invalid('handler', c.handler, complaint));
  for (const [name, amount] of Object.entries(c.overhead?.podFixed ?? {})) {
    checkResourceName(name, `overhead.podFixed[${name}]`, out);
    checkAmount(name, amount, `overhead.podFixed[${name}]`, out);
  }
  checkLabels(c.scheduling?.nodeSelector, 'scheduling.nodeSelector', out);
  checkTolerations(c.scheduling?.tolerations, 'scheduling.tolerations.tolerations', out);
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  RuntimeClass: {
    metadataChecks: [4, 3],
    anyFinalizers: true,
    validate,
    validateUpdate: (c: Class, old: Class) => immutable('handler', c.handler, old.handler),
    columns: columnList<RuntimeClass>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Handler', 'What the runtime calls it.', (c) => c.handler), ageColumn]),
  },
};
