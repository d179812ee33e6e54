import { columnList } from '../../schema/table.ts';
import type { LeaseCandidate } from './v1beta1/types.ts';
import type { Lease } from './v1/types.ts';

export const leaseColumns = columnList<Lease>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Holder', 'Who holds the lease.', (l) => l.spec?.holderIdentity ?? ''), ageColumn]);

export const leaseCandidateColumns = columnList<LeaseCandidate>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  column('LeaseName', 'The lease that it stands for.', (c) => c.spec?.leaseName ?? ''),
  column('BinaryVersion', 'Version of the program.', (c) => c.spec?.binaryVersion ?? ''),
  column('EmulationVersion', 'Version that it behaves as.', (c) => c.spec?.emulationVersion ?? ''),
  ageColumn,
]);
