/** Rules of API priority and fairness. */
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import { flowSchemaColumns, priorityLevelColumns } from './columns.ts';
import { validateLevel, validateLevelStatus, validateSchema, validateSchemaStatus } from './validation.ts';
import type * as T from './v1/types.ts';

function onUpdate<K>(main: (object: K) => FieldError[], status: (object: K) => FieldError[]): (object: K, old: K, context: RuleContext) => FieldError[] {
  return (object, _old, context) => (context.subresource === 'status' ? status(object) : main(object));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  FlowSchema: { ...specAndStatus<T.FlowSchema>({ keepMetadata: true }), validate: validateSchema, validateUpdate: onUpdate(validateSchema, validateSchemaStatus), generation: 'spec', columns: flowSchemaColumns },
  PriorityLevelConfiguration: { ...specAndStatus<T.PriorityLevelConfiguration>({ keepMetadata: true }), validate: validateLevel, validateUpdate: onUpdate(validateLevel, validateLevelStatus), generation: 'spec', columns: priorityLevelColumns },
};
