import { columnList } from '../../schema/table.ts';
import { none } from '../columns.ts';
import type * as T from './v1/types.ts';

export const flowSchemaColumns = columnList<T.FlowSchema>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('PriorityLevel', 'Level that its requests are queued at.', (f) => f.spec?.priorityLevelConfiguration.name ?? ''),
  column('MatchingPrecedence', 'Lower ones are tried first.', (f) => f.spec?.matchingPrecedence ?? 0),
  column('DistinguisherMethod', 'How requests are told apart.', (f) => f.spec?.distinguisherMethod?.type ?? none),
  ageColumn,
  column('MissingPL', 'Whether the priority level is missing.', (f) => f.status?.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?'),
]);

export const priorityLevelColumns = columnList<T.PriorityLevelConfiguration>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Type', 'Exempt or Limited.', (p) => p.spec?.type ?? ''),
  column('NominalConcurrencyShares', 'Its share of the server.', (p) => (p.spec?.limited ? (p.spec.limited.nominalConcurrencyShares ?? null) : none)),
  column('Queues', 'Number of queues.', (p) => p.spec?.limited?.limitResponse.queuing?.queues ?? none),
  column('HandSize', 'Queues that one flow may use.', (p) => p.spec?.limited?.limitResponse.queuing?.handSize ?? none),
  column('QueueLengthLimit', 'Requests that may wait in one queue.', (p) => p.spec?.limited?.limitResponse.queuing?.queueLengthLimit ?? none),
  ageColumn,
]);
