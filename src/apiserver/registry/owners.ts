/** An owner counts once. */
import { isDeepStrictEqual } from 'node:util';
import type { ApiObject } from '../objects.ts';

const words = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed';
const given = `.metadata.ownerReferences contains duplicate entries; ${words}`;
const admitted = `.metadata.ownerReferences contains duplicate entries after mutating admission happens; ${words}`;

/** Takes out what stands there twice, and warns of it. `afterAdmission`: others have had their say. */
export function dedupeOwners({ metadata }: ApiObject, warnings: string[], afterAdmission: boolean): void {
  const owners = metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: typeof owners = [];
  const twice: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => isDeepStrictEqual(other, owner))) twice.push(owner.uid);
    else kept.push(owner);
  }
  if (twice.length === 0) return;
  warnings.push(`${afterAdmission ? admitted : given}: ${twice.join(', ')}`);
  metadata.ownerReferences = kept;
}
