/** Rules of runtime classes. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, immutable, invalid } from '../../machinery/fieldpath.ts';
import { labelComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabels } from '../../schema/metadata.ts';
import { internalForm } from '../../schema/internalform.ts';
import { columnList } from '../../schema/table.ts';
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { checkResourceRequirements } from '../core/validation/resources.ts';
import { checkTolerations } from '../core/validation/scheduling.ts';
import { coreV1 } from '../core/v1/package.ts';
import type { RuntimeClass } from './v1/types.ts';

type Class = DeepReadonly<RuntimeClass>;

function validate(c: Class): FieldError[] {
  const out: FieldError[] = [];
  for (const complaint of labelComplaints(c.handler)) out.push(invalid('handler', c.handler, complaint));
  // Upstream judges it as a container's limits.
  if (c.overhead?.podFixed) checkResourceRequirements({ limits: c.overhead.podFixed }, new Set(), 'overhead', out);
  checkLabels(c.scheduling?.nodeSelector, 'scheduling.nodeSelector', out);
  const tolerations = c.scheduling?.tolerations ?? [];
  checkTolerations(tolerations, 'scheduling.tolerations.tolerations', out);
  const seen = new Set<string>();
  for (const [i, t] of tolerations.entries()) {
    const key = JSON.stringify([t.key, t.operator, t.value, t.effect]);
    if (seen.has(key)) out.push(duplicate(`scheduling.tolerations[${i}]`, internalForm(t, coreV1, 'Toleration')));
    seen.add(key);
  }
  return out;
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  RuntimeClass: {
    metadataChecks: [4, 3],
    anyFinalizers: true,
    validate,
    validateUpdate: (c: Class, old: Class) => [...validate(c), ...immutable('handler', c.handler, old.handler)],
    columns: columnList<RuntimeClass>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Handler', 'What the runtime calls it.', (c) => c.handler), ageColumn]),
  },
};
