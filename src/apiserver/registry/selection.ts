/** Label and field selectors of a request as the watch cache takes them: equalities for its indexes, a test for the rest. */
import { StatusError } from '../../machinery/status.ts';
import { FieldSelector, parseFieldSelector, parseLabelSelector, type Selector } from '../../machinery/selectors.ts';
import type { Attributes, Selection } from '../cacher/cacher.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { View } from './views.ts';

export interface Selectors {
  readonly namespace?: string;
  /** A single object, as watches of one name ask for. */
  readonly name?: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface Selectable {
  readonly apiVersion: string;
  readonly resource: string;
  readonly namespaced: boolean;
  readonly fields: ReadonlySet<string>;
  readonly rules?: { unselectable?(field: string, apiVersion: string): string };
  /** Kinds of definitions have a model. */
  readonly view?: Partial<Pick<View, 'model' | 'prepare' | 'fieldsOf'>>;
}

export function fieldValue(attributes: Attributes, field: string): string {
  if (field === 'metadata.name') return attributes.name;
  if (field === 'metadata.namespace') return attributes.namespace;
  return attributes.fields[field] ?? '';
}

export function selectionOf(kind: Selectable, request: Selectors): Selection {
  const labels: Selector | undefined = request.labelSelector ? parseLabelSelector(request.labelSelector) : undefined;
  const fields = request.fieldSelector ? knownFields(kind, parseFieldSelector(request.fieldSelector)) : undefined;
  let namespace = request.namespace;
  let name = request.name;
  const fieldTerms: [string, string][] = [];
  let fieldsLeft = false;
  for (const term of fields?.terms ?? []) {
    if (term.operator === '!=') fieldsLeft = true;
    else if (term.field === 'metadata.name') {
      if (name !== undefined && name !== term.value) return nothing;
      name = term.value;
    } else if (term.field === 'metadata.namespace') {
      if (!kind.namespaced) fieldsLeft = true;
      else if (namespace !== undefined && namespace !== term.value) return nothing;
      else namespace = term.value;
    } else fieldTerms.push([term.field, term.value]);
  }
  if (kind.namespaced && name !== undefined && namespace === undefined) {
    // The name alone names no key.
    name = undefined;
    fieldsLeft = true;
  }
  const labelTerms: [string, string][] = [];
  let labelsLeft = false;
  for (const r of labels?.requirements ?? []) {
    const value = r.values[0];
    if ((r.operator === '=' || r.operator === '==' || r.operator === 'in') && r.values.length === 1 && value !== undefined) labelTerms.push([r.key, value]);
    else labelsLeft = true;
  }
  const matches =
    labelsLeft || fieldsLeft
      ? (a: Attributes): boolean => (!labelsLeft || labels!.matches(a.labels)) && (!fieldsLeft || fields!.matches((field) => fieldValue(a, field)))
      : undefined;
  return {
    ...(namespace !== undefined ? { namespace } : {}),
    ...(name !== undefined ? { name } : {}),
    ...(labelTerms.length > 0 ? { labels: labelTerms } : {}),
    ...(fieldTerms.length > 0 ? { fields: fieldTerms } : {}),
    ...(matches ? { matches } : {}),
  };
}

/** The test of what is in no cache. */
export function selects(kind: Selectable, { labelSelector, fieldSelector }: Pick<Selectors, 'labelSelector' | 'fieldSelector'>): (object: ReadonlyObject) => boolean {
  const labels = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const fields = fieldSelector ? parseFieldSelector(fieldSelector) : undefined;
  if (fields) checkFields(kind, fields);
  return ({ metadata: { name = '', namespace = '', labels: own = {} } }) =>
    (labels?.matches(own) ?? true) && (fields?.matches((field) => fieldValue({ name, namespace, labels: own, fields: {} }, field)) ?? true);
}

const nothing: Selection = { matches: () => false };

/** Those that are known without converting anything (`converted.ts` has the others). */
function knownFields(kind: Selectable, fields: FieldSelector): FieldSelector {
  checkFields(kind, fields);
  return kind.view?.fieldsOf ? new FieldSelector(fields.terms.filter((t) => !kind.fields.has(t.field))) : fields;
}

function checkFields(kind: Selectable, fields: FieldSelector): void {
  // Only kinds with fields of their own say so in their own words.
  const own = kind.fields.size > 0 || kind.view?.model !== undefined;
  for (const { field } of fields.terms) {
    if (field === 'metadata.name' || (field === 'metadata.namespace' && (kind.namespaced || !own)) || kind.fields.has(field)) continue;
    const words = kind.rules?.unselectable?.(field, kind.apiVersion);
    throw StatusError.badRequest(words ?? (own ? `field label not supported: ${field}` : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`));
  }
}
