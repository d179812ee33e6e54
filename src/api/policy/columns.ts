import { columnList } from '../../schema/table.ts';
import type * as T from './v1/types.ts';

export const podDisruptionBudgetColumns = columnList<T.PodDisruptionBudget>(({ column, integer, nameColumn, ageColumn }) => [
  nameColumn,
  column('Min Available', 'Pods that must stay.', (b) => String(b.spec?.minAvailable ?? 'N/A')),
  column('Max Unavailable', 'Pods that may be missing.', (b) => String(b.spec?.maxUnavailable ?? 'N/A')),
  integer('Allowed Disruptions', 'Pods that may be evicted now.', (b) => b.status?.disruptionsAllowed ?? 0),
  ageColumn,
]);
