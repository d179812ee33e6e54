/** Text of a configuration file to the kind that it must be, strictly. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { FieldError } from '../../machinery/status.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { decode } from '../../schema/json.ts';
import { Registry } from '../../schema/registry.ts';
import type { Package } from '../../schema/vocabulary.ts';

/** Thrown for whatever is wrong with a file. */
export class ConfigurationError extends Error {}

/** The kind, in one of the packages that have it. Throws ConfigurationError. */
export function readConfiguration<T>(text: string, kind: string, packages: readonly Package[]): { readonly apiVersion: string; readonly config: DeepReadonly<T> } {
  let parsed: ReturnType<typeof parseYaml>;
  try {
    parsed = parseYaml(text, { duplicates: true });
  } catch (error) {
    throw new ConfigurationError(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  const value = (parsed.value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigurationError("couldn't get version/kind; json parse error: the file has to be an object");
  if (!value.kind) throw new ConfigurationError("Object 'Kind' is missing");
  if (!value.apiVersion) throw new ConfigurationError("Object 'apiVersion' is missing");
  const pkg = packages.find((p) => `${p.group}/${p.version}` === value.apiVersion);
  if (!pkg || value.kind !== kind) throw new ConfigurationError(`no kind ${JSON.stringify(value.kind)} is registered for version ${JSON.stringify(value.apiVersion)}`);
  let decoded: ReturnType<typeof decode>;
  try {
    decoded = decode(new Registry([pkg]), `${pkg.name}.${kind}`, parsed.value);
  } catch (error) {
    throw new ConfigurationError((error as Error).message.replace(/^.*? cannot be handled as an? \w+: /, ''), { cause: error });
  }
  const problems = [...parsed.duplicates.map((one) => `yaml: unmarshal errors:\n  ${one}`), ...decoded.strict];
  if (problems.length > 0) throw new ConfigurationError(`strict decoding error: ${problems.join(', ')}`);
  return { apiVersion: String(value.apiVersion), config: decoded.object as unknown as DeepReadonly<T> };
}

/** Findings in one line, as upstream joins them. */
export function aggregate(errors: readonly Pick<FieldError, 'field' | 'detail'>[]): string {
  const lines = [...new Set(errors.map((e) => `${e.field}: ${e.detail}`))];
  return lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
}
