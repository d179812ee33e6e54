import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import type { APIService } from './v1/types.ts';

function availability(a: DeepReadonly<APIService>): string {
  const c = a.status?.conditions?.find((x) => x.type === 'Available');
  if (!c) return 'Unknown';
  return c.status !== 'True' && c.reason ? `${c.status} (${c.reason})` : c.status;
}

export const apiServiceColumns = columnList<APIService>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('Service', 'The service that answers, or Local.', (a) => (a.spec?.service ? `${a.spec.service.namespace ?? ''}/${a.spec.service.name ?? ''}` : 'Local')),
  column('Available', 'Whether it answers.', availability),
  ageColumn,
]);
