/** `kubectl scale`. */
import type { JsonObject } from '../../machinery/json.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { hasReason } from '../../machinery/status.ts';
import { changeFlags, dryRunOf, resultPrinter } from '../changes.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { pathOf, type Mapping } from '../discovery.ts';
import { filenameFlags, infosOfFiles, metadataOf, selectorFlags, targetsOf } from '../resources.ts';
import type { Session } from '../session.ts';

const retryMs = 1000;
const retryForMs = 5 * 60_000;

export const scale: Command = {
  name: 'scale',
  use: 'scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)',
  short: 'Set a new size for a deployment, replica set, or replication controller',
  flags: {
    ...changeFlags,
    ...filenameFlags,
    ...selectorFlags,
    all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types' },
    replicas: { type: 'int', default: -1, help: 'The new desired number of replicas. Required.' },
    'current-replicas': { type: 'int', default: -1, help: 'Precondition for current size.' },
    'resource-version': { type: 'string', help: 'Precondition for resource version.' },
    timeout: { type: 'duration', default: '0s', help: 'The length of time to wait before giving up on a scale operation, zero means don\'t wait.' },
  },
  run: async (session, args) => {
    const { flags } = session;
    if (!flags.has('replicas')) throw new CommandError('required flag(s) "replicas" not set');
    if (flags.number('replicas') < 0) throw new CommandError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    if (flags.number('current-replicas') < -1) throw new CommandError('The --current-replicas must specify an integer of -1 or greater');
    const objects = await chosenObjects(session, args).catch((error: unknown) => {
      throw hasReason(error, 'NotFound') ? new CommandError(`no objects passed to scale ${(error as Error).message}`) : error;
    });
    if (objects.length === 0) throw new CommandError('no objects passed to scale');
    if (flags.text('resource-version') && objects.length > 1) throw new CommandError('cannot use --resource-version with multiple resources');
    const print = resultPrinter(session, 'scaled');
    for (const { mapping, object } of objects) {
      if (dryRunOf(flags) !== 'client') await scaleOne(session, mapping, object);
      print(object);
    }
  },
};

/** What the arguments, a selector or files choose, as it stands in the cluster. */
export async function chosenObjects(session: Session, args: readonly string[], selector = session.flags.text('selector')): Promise<{ mapping: Mapping; object: JsonObject }[]> {
  const { flags } = session;
  if (flags.list('filename').length) {
    const infos = await infosOfFiles(session);
    return Promise.all(infos.map(async ({ mapping, namespace, name }) => ({ mapping, object: await session.json(pathOf(mapping, namespace, name)) })));
  }
  const all = selector !== '' || flags.flag('all');
  const targets = await targetsOf(session, args, { allowCollections: all });
  const out: { mapping: Mapping; object: JsonObject }[] = [];
  for (const { mapping, name } of targets) {
    if (name !== undefined) out.push({ mapping, object: await session.json(pathOf(mapping, session.namespace, name)) });
    else {
      const list = await session.json(pathOf(mapping, session.namespace), { query: { labelSelector: selector } });
      const typeMeta = { apiVersion: list['apiVersion']!, kind: mapping.kind };
      for (const item of (list['items'] ?? []) as JsonObject[]) out.push({ mapping, object: { ...typeMeta, ...item } });
    }
  }
  return out;
}

interface Scale extends JsonObject {
  metadata: JsonObject;
  spec: { replicas?: number };
  status: { replicas: number };
}

async function scaleOne(session: Session, mapping: Mapping, object: JsonObject): Promise<void> {
  const { flags, surroundings } = session;
  const { name, namespace } = metadataOf(object);
  const path = pathOf(mapping, namespace, name!, 'scale');
  const replicas = flags.number('replicas');
  const query = { fieldManager: flags.text('field-manager'), ...(dryRunOf(flags) === 'server' ? { dryRun: 'All' } : {}) };
  const expected = flags.number('current-replicas');
  const version = flags.text('resource-version');
  const deadline = surroundings.clock.monotonic() + retryForMs;
  for (;;) {
    try {
      if (expected === -1 && !version) await session.json(path, { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { replicas } }, query });
      else {
        const current = (await session.json(path)) as Scale;
        const size = current.spec.replicas ?? 0;
        if (expected !== -1 && size !== expected) throw new CommandError(`Expected replicas to be ${expected}, was ${size}`);
        const found = String(metadataOf(current).resourceVersion);
        if (version && found !== version) throw new CommandError(`Expected resource version to be ${version}, was ${found}`);
        await session.json(path, { method: 'PUT', body: { ...current, spec: { ...current.spec, replicas } }, query });
      }
      break;
    } catch (error) {
      if (!hasReason(error, 'Conflict') || surroundings.clock.monotonic() > deadline) throw error;
      await surroundings.clock.sleep(retryMs, session.signal);
    }
  }
  const timeout = parseGoDuration(flags.text('timeout'));
  if (timeout > 0 && dryRunOf(flags) === 'none') await waitForSize(session, path, name!, replicas, surroundings.clock.monotonic() + timeout);
}

async function waitForSize(session: Session, path: string, name: string, replicas: number, deadline: number): Promise<void> {
  const { clock } = session.surroundings;
  for (;;) {
    const scale = (await session.json(path)) as Scale;
    const wanted = scale.spec.replicas ?? 0;
    if (wanted !== replicas || scale.status.replicas === replicas) return;
    if (clock.monotonic() > deadline) throw new CommandError(`timed out waiting for ${JSON.stringify(name)} to be synced`);
    await clock.sleep(retryMs, session.signal);
  }
}
