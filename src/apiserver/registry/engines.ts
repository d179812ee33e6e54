/** The schema engines as the registry uses them, in one place. */
import type { JsonObject } from '../../machinery/json.ts';
import type { Registry } from '../../schema/registry.ts';
import type { ApiObject } from '../objects.ts';

export function applyDefaults(_registry: Registry, _type: string, _object: ApiObject): void {}

export function rulesFor(_group: string, _kind: string): undefined {
  return undefined;
}
export type { JsonObject };
