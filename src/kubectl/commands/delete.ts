/** `kubectl delete`. */
import type { JsonObject } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type { Command } from '../command.ts';
import { dryRunOf } from '../changes.ts';
import { CommandError, throwAll } from '../errors.ts';
import { pathOf, type Mapping } from '../discovery.ts';
import type { FlagSet } from '../flags.ts';
import { kindPrefix } from '../printers/table.ts';
import { filenameFlags, infosOfFiles, metadataOf, selectorFlags, targetsOf } from '../resources.ts';
import type { Session } from '../session.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { waitUntilGone } from '../waiting.ts';

const flags: FlagSet = {
  ...filenameFlags,
  ...selectorFlags,
  'field-selector': { type: 'string', help: 'Selector (field query) to filter on.' },
  all: { type: 'bool', help: 'Delete all resources, in the namespace of the specified resource types.' },
  'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
  cascade: { type: 'string', default: 'background', alone: 'background', help: 'Must be "background", "orphan", or "foreground".' },
  force: { type: 'bool', help: 'If true, immediately remove resources from API and bypass graceful deletion.' },
  'grace-period': { type: 'int', default: -1, help: 'Period of time in seconds given to the resource to terminate gracefully.' },
  'ignore-not-found': { type: 'bool', help: 'Treat "resource not found" as a successful delete.' },
  interactive: { type: 'bool', short: 'i', help: 'If true, delete resource only when user confirms.' },
  now: { type: 'bool', help: 'If true, resources are signaled for immediate shutdown (same as --grace-period=1).' },
  output: { type: 'string', short: 'o', help: 'Output mode. Use "-o name" for shorter output (resource/name).' },
  timeout: { type: 'duration', default: '0s', help: 'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object' },
  wait: { type: 'bool', default: true, help: 'If true, wait for resources to be gone before returning.' },
  'dry-run': { type: 'string', default: 'none', alone: 'unchanged', help: 'Must be "none", "server", or "client".' },
  raw: { type: 'string', help: 'Raw URI to DELETE to the server.' },
};

interface Doomed {
  readonly mapping: Mapping;
  readonly namespace: string | undefined;
  readonly name: string;
}

export const deleteCommand: Command = {
  name: 'delete',
  use: 'delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [flags]',
  short: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  flags,
  run: async (session, args) => {
    const f = session.flags;
    if (f.text('raw')) {
      session.out(await session.text(f.text('raw'), { method: 'DELETE' }));
      return;
    }
    if (f.flag('all') && f.text('selector')) throw new CommandError("setting 'all' parameter but found a non empty selector. ");
    if (f.flag('all') && f.text('field-selector')) throw new CommandError("setting 'all' parameter but found a non empty selector. ");
    if (f.has('grace-period') && f.flag('now')) throw new CommandError('--now and --grace-period cannot be specified together');
    const gracePeriod = f.flag('now') ? 1 : f.flag('force') && !f.has('grace-period') ? 0 : f.number('grace-period');
    if (f.flag('force') && gracePeriod > 0) throw new CommandError('--force and --grace-period greater than 0 cannot be specified together');
    const collection = f.flag('all') || f.text('selector') !== '' || f.text('field-selector') !== '';
    const { found, errors } = await whatToDelete(session, args, collection);
    if (f.flag('force') && gracePeriod === 0 && found.length) session.errorLine('Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.');
    const deleted: (Doomed & { uid: string | undefined })[] = [];
    for (const doomed of found) {
      try {
        deleted.push({ ...doomed, uid: await remove(session, doomed, gracePeriod) });
      } catch (error) {
        if (!(f.flag('ignore-not-found') && hasReason(error, 'NotFound')) && !(collection && hasReason(error, 'NotFound'))) errors.push(error);
      }
    }
    if (found.length === 0 && errors.length === 0 && !f.flag('ignore-not-found')) session.line('No resources found');
    throwAll(errors);
    if (f.flag('wait') && dryRunOf(f) === 'none') await waitForAll(session, deleted);
  },
};

async function whatToDelete(session: Session, args: readonly string[], collection: boolean): Promise<{ found: Doomed[]; errors: unknown[] }> {
  const f = session.flags;
  if (f.list('filename').length) return { found: await infosOfFiles(session), errors: [] };
  if (args.length === 0) throw new CommandError('You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   \'-f rsrc.yaml\'\n   \'--filename=rsrc.json\'\n   \'<resource> <name>\'\n   \'<resource>\'');
  const targets = await targetsOf(session, args, { allowCollections: collection });
  const found: Doomed[] = [];
  for (const { mapping, name } of targets) {
    const namespace = mapping.namespaced ? session.namespace : undefined;
    if (name !== undefined) {
      if (collection) throw new CommandError('name cannot be provided when a selector is specified');
      found.push({ mapping, namespace, name });
      continue;
    }
    const list = await session.json(pathOf(mapping, f.flag('all-namespaces') ? undefined : namespace), { query: { labelSelector: f.text('selector'), fieldSelector: f.text('field-selector'), limit: 500 } });
    for (const item of (list['items'] ?? []) as JsonObject[]) found.push({ mapping, namespace: metadataOf(item).namespace, name: metadataOf(item).name! });
  }
  return { found, errors: [] };
}

/** Deletes one object and says so; gives its uid. */
async function remove(session: Session, { mapping, namespace, name }: Doomed, gracePeriod: number): Promise<string | undefined> {
  const f = session.flags;
  const dryRun = dryRunOf(f);
  const policies: Record<string, string> = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan', true: 'Background', false: 'Orphan' };
  const propagationPolicy = policies[f.text('cascade')];
  if (!propagationPolicy) throw new CommandError(`invalid cascade value (${f.text('cascade')}). Must be "background", "foreground", or "orphan"`);
  let answer: JsonObject = {};
  if (dryRun === 'client') await session.json(pathOf(mapping, namespace, name));
  else {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...(gracePeriod >= 0 ? { gracePeriodSeconds: gracePeriod } : {}), propagationPolicy, ...(dryRun === 'server' ? { dryRun: ['All'] } : {}) };
    answer = await session.json(pathOf(mapping, namespace, name), { method: 'DELETE', body });
  }
  if (f.text('output') === 'name') session.line(`${kindPrefix(mapping)}/${name}`);
  else {
    const operation = gracePeriod === 0 && f.flag('force') ? 'force deleted' : 'deleted';
    const where = namespace && mapping.namespaced ? ` from ${namespace} namespace` : '';
    session.line(`${kindPrefix(mapping)} ${JSON.stringify(name)} ${operation}${where}${dryRun === 'client' ? ' (dry run)' : dryRun === 'server' ? ' (server dry run)' : ''}`);
  }
  const { details } = answer as { details?: { uid?: string } };
  return details?.uid ?? metadataOf(answer).uid;
}

async function waitForAll(session: Session, deleted: readonly (Doomed & { uid: string | undefined })[]): Promise<void> {
  const timeout = parseGoDuration(session.flags.text('timeout'));
  const deadline = session.surroundings.clock.monotonic() + (timeout || 7 * 24 * 3_600_000);
  for (const { mapping, namespace, name, uid } of deleted) {
    if (!mapping.verbs.includes('get')) continue;
    await waitUntilGone(session, mapping, namespace, name, uid, deadline);
  }
}
