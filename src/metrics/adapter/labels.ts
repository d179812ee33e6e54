/** Which label of a series names an object of which resource, both ways, as one rule sees it. */
import { parseGoTemplate } from '../../machinery/gotemplate.ts';
import type { ResourceMapping } from './config.ts';
import { resourceKey, type MappedResource, type ResourceMapper } from './mapper.ts';
import { goRegex } from './regex.ts';

export class LabelMapping {
  readonly #mapper: ResourceMapper;
  readonly #overrides = new Map<string, MappedResource>();
  readonly #labels = new Map<string, string>();
  readonly #template: ((value: { Group: string; Resource: string }) => string) | undefined;
  readonly #pattern: RegExp | undefined;

  /** Throws when an override names a resource that the cluster does not have. */
  constructor(mapping: ResourceMapping | undefined, mapper: ResourceMapper) {
    this.#mapper = mapper;
    if (mapping?.template) {
      const render = parseGoTemplate(mapping.template, ['<<', '>>']);
      this.#template = (value) => render(value);
      this.#pattern = goRegex(`^${render({ Group: '(?P<group>.+?)', Resource: '(?P<resource>.+?)' })}$`);
    }
    for (const [label, { group = '', resource }] of Object.entries(mapping?.overrides ?? {})) {
      try {
        const found = mapper.require(group, resource);
        this.#overrides.set(label, found);
        this.#labels.set(resourceKey(found), label);
      } catch (error) {
        throw new Error(`unable to normalize group-resource {${group} ${resource}}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  resourceOf(label: string): MappedResource | undefined {
    const fixed = this.#overrides.get(label);
    if (fixed || !this.#pattern) return fixed;
    const groups = this.#pattern.exec(label)?.groups;
    if (!groups) return undefined;
    const { group = '', resource = '' } = groups;
    // In a label the parts of a group are set apart as group and resource are: then each resource is asked how it would be written.
    return this.#mapper.find(group, resource) ?? (group === '' ? undefined : this.#mapper.all().find((r) => this.#written(r) === label));
  }

  /** Throws when the rule does not say. */
  labelOf(resource: MappedResource): string {
    const fixed = this.#labels.get(resourceKey(resource));
    if (fixed !== undefined) return fixed;
    const fail = (why: string): never => {
      throw new Error(`unable to convert resource ${resourceKey(resource)} into label: ${why}`);
    };
    if (!this.#template) return fail('no generic resource label form specified for this metric');
    const label = this.#written(resource);
    return label === '' ? fail('empty label produced by label template') : label;
  }

  #written(resource: MappedResource): string {
    return this.#template?.({ Group: resource.group.replaceAll(/[.-]/g, '_'), Resource: resource.singular }) ?? '';
  }
}
