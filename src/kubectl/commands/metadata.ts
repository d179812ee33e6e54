/** `kubectl label`, `annotate` and `patch`. */
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { readFileSync } from 'node:fs';
import { changeFlags, dryRunOf, resultPrinter, writeQuery } from '../changes.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import type { FlagSet } from '../flags.ts';
import { filenameFlags, metadataOf, selectorFlags } from '../resources.ts';
import type { Session } from '../session.ts';
import { Builtins } from '../builtin.ts';
import { chosenObjects } from './scale.ts';

const flags: FlagSet = {
  ...changeFlags,
  ...filenameFlags,
  ...selectorFlags,
  all: { type: 'bool', help: 'Select all resources, in the namespace of the specified resource types' },
  'all-namespaces': { type: 'bool', short: 'A', help: 'If true, check the specified action in all namespaces.' },
  list: { type: 'bool', help: 'If true, display the labels or annotations for a given resource.' },
  overwrite: { type: 'bool', help: 'If true, allow to be overwritten, otherwise reject updates that overwrite existing ones.' },
  'resource-version': { type: 'string', help: 'If non-empty, the update will only succeed if this is the current resource-version for the object.' },
};

interface Words {
  readonly name: 'label' | 'annotate';
  readonly field: 'labels' | 'annotations';
  readonly one: string;
  readonly done: string;
  readonly undone: string;
  readonly not: string;
}

function split(args: readonly string[], words: Words): { resources: string[]; set: Map<string, string>; remove: string[] } {
  const first = args.findIndex((arg) => arg.includes('=') || arg.endsWith('-'));
  const changes = first < 0 ? [] : args.slice(first);
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const change of changes) {
    const equals = change.indexOf('=');
    if (equals > 0) set.set(change.slice(0, equals), change.slice(equals + 1));
    else if (change.endsWith('-') && equals < 0) remove.push(change.slice(0, -1));
    else throw new CommandError(equals < 0 ? `all resources must be specified before ${words.one} changes: ${change}` : `unknown ${words.one} spec: ${change}`);
  }
  for (const key of remove) if (set.has(key)) throw new CommandError(`can not both modify and remove ${words.one === 'label' ? 'a label' : 'an annotation'} in the same command`);
  return { resources: [...(first < 0 ? args : args.slice(0, first))], set, remove };
}

function changing(words: Words): Command {
  return {
    name: words.name,
    use: words.name === 'label' ? 'label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]' : 'annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]',
    short: `Update the ${words.field} on a resource`,
    flags,
    run: async (session, args) => {
      const { resources, set, remove } = split(args, words);
      const f = session.flags;
      if (set.size === 0 && remove.length === 0 && !f.flag('list')) throw new CommandError(`at least one ${words.one} update is required`);
      if (resources.length === 0 && !f.list('filename').length) throw new CommandError('one or more resources must be specified as <resource> <name> or <resource>/<name>');
      for (const chosen of await chosenObjects(session, resources)) await change(session, chosen, words, set, remove);
    },
  };
}

async function change(session: Session, { mapping, object }: Awaited<ReturnType<typeof chosenObjects>>[number], words: Words, set: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void> {
  const f = session.flags;
  const { name = '', namespace } = metadataOf(object);
  const before = metadataOf(object)[words.field] ?? {};
  if (f.flag('list')) {
    for (const [key, value] of Object.entries(before).sort()) session.line(`${key}=${value}`);
    return;
  }
  const clash = [...set].find(([key, value]) => before[key] !== undefined && (words.name === 'annotate' || before[key] !== value));
  if (clash && !f.flag('overwrite')) {
    throw new CommandError(words.name === 'label' ? `'${clash[0]}' already has a value (${before[clash[0]]}), and --overwrite is false` : `--overwrite is false but found the following declared annotation(s): '${clash[0]}' already has a value (${before[clash[0]]})`);
  }
  for (const key of remove) if (before[key] === undefined && words.name === 'label') session.line(`label ${JSON.stringify(key)} not found.`);
  const after = { ...before, ...Object.fromEntries(set) };
  for (const key of remove) delete after[key];
  const same = JSON.stringify(Object.entries(after).sort()) === JSON.stringify(Object.entries(before).sort());
  const operation = words.name === 'annotate' ? words.done : same ? words.not : set.size === 0 ? words.undone : words.done;
  const print = resultPrinter(session, operation);
  if (dryRunOf(f) === 'client') return print({ ...object, metadata: { ...(object['metadata'] as JsonObject), [words.field]: after } });
  if (same && words.name === 'label') return print(object);
  const version = f.text('resource-version');
  const body = { metadata: { [words.field]: { ...Object.fromEntries(set), ...Object.fromEntries(remove.map((key) => [key, null])) }, ...(version ? { resourceVersion: version } : {}) } };
  print(await session.json(pathOf(mapping, namespace, name), { method: 'PATCH', type: 'application/merge-patch+json', body, query: writeQuery(session, `kubectl-${words.name}`) }));
}

export const label = changing({ name: 'label', field: 'labels', one: 'label', done: 'labeled', undone: 'unlabeled', not: 'not labeled' });
export const annotate = changing({ name: 'annotate', field: 'annotations', one: 'annotation', done: 'annotated', undone: 'annotated', not: 'annotated' });

const patchTypes: Readonly<Record<string, string>> = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json' };

export const patch: Command = {
  name: 'patch',
  use: 'patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]',
  short: 'Update fields of a resource',
  flags: {
    ...changeFlags,
    ...filenameFlags,
    patch: { type: 'string', short: 'p', help: 'The patch to be applied to the resource JSON file.' },
    'patch-file': { type: 'string', help: 'A file containing a patch to be applied to the resource.' },
    type: { type: 'string', default: 'strategic', help: 'The type of patch being provided; one of [json merge strategic]' },
    subresource: { type: 'string', help: 'If specified, patch will operate on the subresource of the requested object.' },
    selector: { type: 'string' },
    all: { type: 'bool' },
  },
  run: async (session, args) => {
    const f = session.flags;
    if (!f.has('patch') && !f.has('patch-file')) throw new CommandError('must specify --patch or --patch-file containing the contents of the patch');
    if (f.has('patch') && f.has('patch-file')) throw new CommandError('cannot specify --patch and --patch-file together');
    const type = patchTypes[f.text('type')];
    if (!type) throw new CommandError(`--type must be one of [json merge strategic], not ${JSON.stringify(f.text('type'))}`);
    let body: JsonValue;
    try {
      body = parseYaml(f.has('patch') ? f.text('patch') : readFileSync(f.text('patch-file'), 'utf8')).value;
    } catch (error) {
      throw new CommandError(`unable to parse ${JSON.stringify(f.text('patch') || f.text('patch-file'))}: ${(error as Error).message}`);
    }
    const builtins = new Builtins();
    for (const { mapping, object } of await chosenObjects(session, args)) {
      const { name = '', namespace, resourceVersion } = metadataOf(object);
      if (type === patchTypes['strategic'] && !builtins.struct(mapping)) throw new CommandError('application/strategic-merge-patch+json is not supported by the resource, try --type merge');
      const path = pathOf(mapping, namespace, name, f.text('subresource'));
      const patched = dryRunOf(f) === 'client' ? object : await session.json(path, { method: 'PATCH', type, body, query: writeQuery(session, 'kubectl-patch') });
      resultPrinter(session, metadataOf(patched).resourceVersion === resourceVersion && dryRunOf(f) === 'none' ? 'patched (no change)' : 'patched')(patched);
    }
  },
};
