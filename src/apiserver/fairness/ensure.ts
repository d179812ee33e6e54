/** Keeps the server's own flow schemas and levels as they should be, and says of every schema whether its level is there. */
import { isDeepStrictEqual } from 'node:util';
import { flowschemas, prioritylevelconfigurations } from '../../api/flowcontrol/v1/index.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/types.ts';
import type { ResourceRef } from '../../api/reference.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { thaw, type DeepReadonly, type Draft } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import { autoUpdate, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas, type Configured } from './bootstrap.ts';

type Kind = FlowSchema | PriorityLevelConfiguration;
type Present<T> = DeepReadonly<T>;

const producer = { fieldManager: 'api-priority-and-fairness-config-producer-v1' };
const consumer = { fieldManager: 'api-priority-and-fairness-config-consumer-v1' };

/** `present`: what there is, by name. */
export async function ensureConfiguration(client: Client, present: { readonly levels: ReadonlyMap<string, Present<PriorityLevelConfiguration>>; readonly schemas: ReadonlyMap<string, Present<FlowSchema>> }): Promise<void> {
  await Promise.all([...suggestedLevels.map((one) => ensure(client, prioritylevelconfigurations, one, present.levels, false)), ...mandatoryLevels.map((one) => ensure(client, prioritylevelconfigurations, one, present.levels, true))]);
  await Promise.all([...suggestedSchemas.map((one) => ensure(client, flowschemas, one, present.schemas, false)), ...mandatorySchemas.map((one) => ensure(client, flowschemas, one, present.schemas, true))]);
  await removeForgotten(client, flowschemas, present.schemas, [...suggestedSchemas, ...mandatorySchemas]);
  await removeForgotten(client, prioritylevelconfigurations, present.levels, [...suggestedLevels, ...mandatoryLevels]);
}

async function ensure<T extends Kind>(client: Client, ref: ResourceRef<T>, wanted: Configured<unknown>, present: ReadonlyMap<string, Present<T>>, mandatory: boolean): Promise<void> {
  const now = present.get(wanted.metadata.name);
  try {
    if (!now) {
      await client.create(ref, structuredClone(wanted) as unknown as Draft<T>, producer);
      return;
    }
    const annotation = now.metadata.annotations?.[autoUpdate];
    const update = mandatory || (parseBool(annotation) ?? now.metadata.generation === 1);
    const specDiffers = update && !isDeepStrictEqual(specOf(now), specOf(wanted, now));
    if (!specDiffers && parseBool(annotation) === update) return;
    const next = thaw<T>(now) as { metadata: T['metadata']; spec: unknown };
    next.metadata.annotations = { ...next.metadata.annotations, [autoUpdate]: String(update) };
    if (specDiffers) next.spec = structuredClone(specOf(wanted, now));
    await client.update(ref, next as T, producer);
  } catch (error) {
    // Somebody else was faster; the next round looks again.
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'Conflict')) throw error;
  }
}

/** Of the exempt level its shares may be chosen freely. */
function specOf(object: { readonly metadata: { readonly name?: string }; readonly spec?: unknown }, now?: { readonly spec?: unknown }): unknown {
  if (object.metadata.name !== 'exempt' || !now) return object.spec;
  const mine = object.spec as { exempt?: unknown };
  const theirs = (now.spec as { exempt?: unknown } | undefined)?.exempt;
  return mine.exempt !== undefined && theirs !== undefined ? { ...mine, exempt: theirs } : mine;
}

function parseBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(1|t|T|true|True|TRUE)$/.test(text)) return true;
  return /^(0|f|F|false|False|FALSE)$/.test(text) ? false : undefined;
}

/** What an older release brought with it and this one does not. */
async function removeForgotten<T extends Kind>(client: Client, ref: ResourceRef<T>, present: ReadonlyMap<string, Present<T>>, wanted: readonly Configured<unknown>[]): Promise<void> {
  const names = new Set(wanted.map((one) => one.metadata.name));
  for (const [name, object] of present) {
    if (names.has(name) || parseBool(object.metadata.annotations?.[autoUpdate]) !== true) continue;
    await client.delete(ref, name).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  }
}

/** Writes the Dangling condition of those schemas in which it is not what it should be. */
export async function tellDangling(client: Client, schemas: Iterable<Present<FlowSchema>>, levels: ReadonlySet<string>, clock: Clock): Promise<void> {
  for (const schema of schemas) {
    const name = schema.metadata.name!;
    const level = schema.spec.priorityLevelConfiguration.name;
    const found = levels.has(level);
    const wanted = {
      type: 'Dangling', status: found ? 'False' : 'True', reason: found ? 'Found' : 'NotFound',
      message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${found ? 'and it exists' : 'but there is no such object'}`,
    };
    const now = schema.status?.conditions?.find((c) => c.type === 'Dangling');
    if (now && now.status === wanted.status && now.reason === wanted.reason && now.message === wanted.message) continue;
    const lastTransitionTime = now?.status === wanted.status && now.lastTransitionTime ? now.lastTransitionTime : timestamp(clock.now());
    const body = { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', metadata: { name }, status: { conditions: [{ ...wanted, lastTransitionTime }] } };
    try {
      await client.patch(flowschemas, name, { type: 'application/apply-patch+yaml', body, force: true }, { ...consumer, subresource: 'status' });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}
