import type { Cached } from './cached.ts';
import type { Attributes, Selection } from './cacher.ts';

/** What an index or a set of watchers is keyed by: `field spec.nodeName`, `label app`, `owner`. */
export interface Trait {
  readonly kind: 'field' | 'label' | 'owner';
  readonly path: string;
}

export function traitName(trait: Trait): string {
  return `${trait.kind} ${trait.path}`;
}

export function valuesOf(trait: Trait, attributes: Attributes): readonly string[] {
  if (trait.kind === 'owner') return attributes.owners ?? [];
  if (trait.kind === 'field') return [fieldOf(attributes, trait.path)];
  const value = attributes.labels[trait.path];
  return value === undefined ? [] : [value];
}

function fieldOf(attributes: Attributes, path: string): string {
  if (path === 'metadata.name') return attributes.name;
  if (path === 'metadata.namespace') return attributes.namespace;
  return attributes.fields[path] ?? '';
}

/** The equality of a selection that leaves the fewest objects; undefined when it has none. */
export function bestTrait(selection: Selection): { readonly trait: Trait; readonly value: string } | undefined {
  if (selection.owner !== undefined) return { trait: { kind: 'owner', path: '' }, value: selection.owner };
  // An empty value is what most objects have.
  const field = selection.fields?.find(([, value]) => value !== '');
  if (field) return { trait: { kind: 'field', path: field[0] }, value: field[1] };
  const label = selection.labels?.[0];
  return label && { trait: { kind: 'label', path: label[0] }, value: label[1] };
}

/** The keys that a selection can match at all. */
export function keyRange(prefix: string, selection: Selection): { readonly start: string; readonly end: string; readonly single: boolean } {
  const scope = selection.namespace === undefined ? prefix : `${prefix}${selection.namespace}/`;
  if (selection.name !== undefined) return { start: scope + selection.name, end: `${scope}${selection.name}\0`, single: true };
  return { start: scope, end: `${scope}\uffff`, single: false };
}

/** Whether nothing but the key decides. */
export function byKeyOnly(selection: Selection): boolean {
  return !selection.matches && !selection.owner && !selection.labels?.length && !selection.fields?.length;
}

/** The whole test of one object. */
export function matcher(prefix: string, selection: Selection): (item: Cached<unknown>) => boolean {
  const { start, end } = keyRange(prefix, selection);
  const everywhere = start === prefix;
  const inRange = (key: string): boolean => everywhere || (key >= start && key < end);
  if (byKeyOnly(selection)) return (item) => inRange(item.key);
  const { fields = [], labels = [], owner, matches } = selection;
  return (item) => {
    if (!inRange(item.key)) return false;
    const attributes = item.attributes;
    for (const [path, value] of fields) if (fieldOf(attributes, path) !== value) return false;
    for (const [name, value] of labels) if (attributes.labels[name] !== value) return false;
    if (owner !== undefined && !attributes.owners?.includes(owner)) return false;
    return matches === undefined || matches(attributes);
  };
}
