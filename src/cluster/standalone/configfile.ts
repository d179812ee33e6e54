/** Configuration files of components: YAML of a known kind, where what is not supported is refused by name. */
import { load } from 'js-yaml';
import { CommandError } from '../../kubectl/errors.ts';
import { readNamed } from './program.ts';

export type Section = Readonly<Record<string, unknown>>;

/** A leaf takes the value; a nested record goes down. */
export interface Readers {
  readonly [field: string]: Readers | ((value: unknown, path: string) => void);
}

/** For fields that have nothing to change here. */
export const indifferent = (): void => {};

/** For fields of which only this value can be had. */
export const only = (...possible: readonly unknown[]) => (value: unknown, path: string): void => {
  if (!possible.includes(value)) throw new CommandError(`${path}: ${JSON.stringify(value)} is not supported; only ${possible.map((one) => JSON.stringify(one)).join(' or ')}`);
};

export function readConfigFile(file: string, expected: { readonly apiVersion: string; readonly kind: string }, readers: Readers): void {
  let content: unknown;
  try {
    content = load(readNamed(file, 'config'));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`--config: ${file} is no valid YAML: ${(error as Error).message}`);
  }
  const { apiVersion, kind, ...rest } = (content ?? {}) as Section;
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) throw new CommandError(`--config: ${file} must be of apiVersion ${expected.apiVersion} and kind ${expected.kind}`);
  walk(rest, readers, '');
}

function walk(section: Section, readers: Readers, prefix: string): void {
  for (const [name, value] of Object.entries(section)) {
    const path = prefix + name;
    const reader = Object.hasOwn(readers, name) ? readers[name]! : undefined;
    if (reader === undefined) throw new CommandError(`--config: the field "${path}" is not supported`);
    if (typeof reader === 'function') reader(value, `--config: ${path}`);
    else if (value !== null && typeof value === 'object' && !Array.isArray(value)) walk(value as Section, reader, `${path}.`);
    else if (value !== null) throw new CommandError(`--config: ${path} must be an object`);
  }
}
