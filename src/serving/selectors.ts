/** Selectors of requests as authorization sees them, read only when somebody looks. */
import { parseFieldSelector, parseLabelSelector, type Operator } from '../machinery/selectors.ts';
import type { SelectorRequirement, Selectors } from './identity.ts';

const none: readonly SelectorRequirement[] = [];
const operators: Partial<Record<Operator, SelectorRequirement['operator']>> = { 'in': 'In', '=': 'In', '==': 'In', 'notin': 'NotIn', '!=': 'NotIn', 'exists': 'Exists', '!': 'DoesNotExist' };

export class SentSelectors implements Selectors {
  readonly #sent: { readonly fieldSelector?: string; readonly labelSelector?: string };
  #fields: readonly SelectorRequirement[] | undefined;
  #labels: readonly SelectorRequirement[] | undefined;

  constructor(sent: { readonly fieldSelector?: string; readonly labelSelector?: string }) {
    this.#sent = sent;
  }

  get fields(): readonly SelectorRequirement[] {
    return (this.#fields ??= read(this.#sent.fieldSelector, (text) => parseFieldSelector(text).terms.map(({ field, operator, value }) => ({ key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] }))));
  }

  get labels(): readonly SelectorRequirement[] {
    return (this.#labels ??= read(this.#sent.labelSelector, (text) => parseLabelSelector(text).requirements.flatMap(({ key, operator, values }) => {
      const known = operators[operator];
      return known ? [{ key, operator: known, ...(values.length > 0 ? { values } : {}) }] : [];
    })));
  }
}

function read(text: string | undefined, parse: (text: string) => readonly SelectorRequirement[]): readonly SelectorRequirement[] {
  if (!text) return none;
  try {
    return parse(text);
  } catch {
    // It will be refused as what it is; until then it narrows nothing.
    return none;
  }
}
