/** Which of the names that a definition asks for it gets, and whether it may be served. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { CustomResourceDefinitionCondition, CustomResourceDefinitionNames, CustomResourceDefinitionStatus } from '../../api/apiextensions/v1/types.ts';
import { thaw } from '../../machinery/json.ts';
import type { Definition } from './model.ts';

type Condition = CustomResourceDefinitionCondition;

export function hasCondition(crd: Definition, type: string, status = 'True'): boolean {
  return (crd.status.conditions ?? []).some((c) => c.type === type && c.status === status);
}

/** The conditions with this one set; its time changes with its status. */
export function withCondition(conditions: readonly Condition[], next: Omit<Condition, 'lastTransitionTime'>, now: string): Condition[] {
  const present = conditions.find((c) => c.type === next.type);
  const made: Condition = { ...next, lastTransitionTime: present?.status === next.status ? (present.lastTransitionTime ?? now) : now };
  return present ? conditions.map((c) => (c === present ? made : c)) : [...conditions, made];
}

/** The status with names and conditions as they should be now; `others` are the other definitions of the group. */
export function namedStatus(crd: Definition, others: Iterable<Definition>, now: string): CustomResourceDefinitionStatus {
  const asked = thaw<CustomResourceDefinitionNames>(crd.spec.names);
  const had = thaw<CustomResourceDefinitionNames>(crd.status.acceptedNames ?? { plural: '', kind: '' });
  const { accepted, conflict } = acceptNames(asked, had, others);
  let conditions = thaw<Condition[]>(crd.status.conditions ?? []);
  conditions = withCondition(conditions, conflict
    ? { type: 'NamesAccepted', status: 'False', ...conflict }
    : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }, now);
  if (!hasCondition(crd, 'Established')) {
    conditions = withCondition(conditions, conflict
      ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
      : { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }, now);
  }
  return { conditions, acceptedNames: accepted, storedVersions: [...(crd.status.storedVersions ?? [])] };
}

function acceptNames(asked: CustomResourceDefinitionNames, had: CustomResourceDefinitionNames, others: Iterable<Definition>): { accepted: CustomResourceDefinitionNames; conflict: { reason: string; message: string } | undefined } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const names = status.acceptedNames;
    for (const name of [names?.plural, names?.singular, ...(names?.shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [names?.kind, names?.listKind]) if (name) kinds.add(name);
  }
  const accepted = { ...had };
  let conflict: { reason: string; message: string } | undefined;
  const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
  for (const [key, used, reason] of [['plural', resources, 'PluralConflict'], ['singular', resources, 'SingularConflict'], ['kind', kinds, 'KindConflict'], ['listKind', kinds, 'ListKindConflict']] as const) {
    const name = asked[key] ?? '';
    if (key === 'kind') {
      // Short names are judged between singular and kind; the last conflict is the one that is told.
      const taken = isDeepStrictEqual(asked.shortNames, had.shortNames) ? [] : (asked.shortNames ?? []).filter((s) => !had.shortNames?.includes(s) && resources.has(s));
      if (taken.length > 0) conflict = { reason: 'ShortNamesConflict', message: taken.length === 1 ? inUse(taken[0]!) : `[${taken.map(inUse).join(', ')}]` };
      else if (asked.shortNames) accepted.shortNames = asked.shortNames;
      else delete accepted.shortNames;
    }
    if (name !== had[key] && used.has(name)) conflict = { reason, message: inUse(name) };
    else if (name !== '') accepted[key] = name;
  }
  if (asked.categories) accepted.categories = asked.categories;
  else delete accepted.categories;
  return { accepted, conflict };
}
