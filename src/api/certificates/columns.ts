import { humanDuration } from '../../machinery/duration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { columnList } from '../../schema/table.ts';
import { none } from '../columns.ts';
import type { ClusterTrustBundle } from './v1beta1/types.ts';
import type * as T from './v1/types.ts';

function condition(r: DeepReadonly<T.CertificateSigningRequest>): string {
  const has = (type: string): boolean => r.status?.conditions?.some((c) => c.type === type) ?? false;
  let text = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  if (has('Failed')) text += ',Failed';
  return r.status?.certificate ? `${text},Issued` : text;
}

export const certificateSigningRequestColumns = columnList<T.CertificateSigningRequest>(({ column, nameColumn, ageColumn }) => [
  nameColumn,
  ageColumn,
  column('SignerName', 'Who is asked to sign.', (r) => r.spec.signerName || none),
  column('Requestor', 'Who asked.', (r) => r.spec.username ?? ''),
  column('RequestedDuration', 'How long it shall be valid.', (r) => (r.spec.expirationSeconds === undefined ? none : humanDuration(r.spec.expirationSeconds * 1000))),
  column('Condition', 'What was decided.', condition),
]);

export const clusterTrustBundleColumns = columnList<ClusterTrustBundle>(({ column, nameColumn }) => [nameColumn, column('SignerName', 'Signer that the bundle belongs to.', (b) => b.spec.signerName || none)]);
