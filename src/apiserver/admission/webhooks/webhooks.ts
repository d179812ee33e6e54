/** MutatingAdmissionWebhook and ValidatingAdmissionWebhook: other servers that change or refuse what is about to be written. */
import { isDeepStrictEqual } from 'node:util';
import type { Surroundings } from '../../../base/surroundings.ts';
import { StatusError } from '../../../machinery/status.ts';
import { applyJsonPatch } from '../../../schema/patch/jsonpatch.ts';
import type { ApiObject } from '../../objects.ts';
import type { Schema } from '../../registry/engines.ts';
import type { Storage } from '../../registry/storage.ts';
import { decodeObject } from '../../registry/write.ts';
import type { ResourceTable } from '../../resources.ts';
import { become, type AdmissionPlugin, type AdmissionRequest } from '../chain.ts';
import { CallFailed, type Caller } from './call.ts';
import type { Conditions } from './conditions.ts';
import { Hooks, type Hook, type Webhook } from './hooks.ts';
import { isExempt, placeFor, placesOf, seen, selected, type Place } from '../matching.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import { turnOf } from '../reinvocation.ts';
import { denial, readAnswer, reviewOf, type Answer } from './review.ts';

export interface WebhookOptions {
  readonly table: ResourceTable;
  readonly registry: Schema;
  readonly namespaces: Storage;
  readonly caller: Caller;
  readonly conditions: Conditions;
  readonly metrics: AdmissionMetrics;
  readonly surroundings: Surroundings;
}

interface Question {
  readonly hook: Hook;
  readonly request: AdmissionRequest;
  /** All places of the request, and the one in which this webhook sees it. */
  readonly places: readonly Place[];
  readonly place: Place;
}

/** Undefined: its match conditions do not hold. Throws what the client gets where it refuses, and CallFailed where it could not be asked. */
async function answerOf(options: WebhookOptions, question: Question, mutating: boolean): Promise<Answer | undefined> {
  const { hook: { webhook }, request } = question;
  const observer = options.metrics.webhook(webhook.name, mutating, request.operation);
  let answer: Answer | undefined;
  const since = request.notes ? options.surroundings.clock.monotonic() : 0;
  try {
    answer = await ask(options, question, mutating);
  } catch (error) {
    const called = error instanceof CallFailed;
    const open = called && webhook.failurePolicy === 'Ignore';
    observer.asked(called ? error.code : 0, !open, called ? 'calling_webhook_error' : 'apiserver_internal_error');
    if (open) observer.passedOver();
    throw error;
  } finally {
    request.notes?.spent(mutating ? 'mutating-webhook' : 'validating-webhook', options.surroundings.clock.monotonic() - since);
  }
  if (!answer) return undefined;
  if (answer.allowed) {
    observer.asked(200, false);
    return answer;
  }
  const refusal = denial(webhook.name, answer.status);
  observer.asked(refusal.code ?? 400, true, 'no_error');
  throw refusal;
}

/** Undefined: its match conditions do not hold. */
async function ask(options: WebhookOptions, { hook, request, places, place }: Question, mutating: boolean): Promise<Answer | undefined> {
  const { webhook } = hook;
  const { name, sideEffects } = webhook;
  const uid = options.surroundings.random.uuid();
  const shown = { object: await seen(place.view, request.object), oldObject: await seen(place.view, request.old) };
  const review = reviewOf(webhook, request, places, place, uid, shown);
  if (webhook.matchConditions?.length && !(await options.conditions.hold(webhook, mutating, request, review))) return undefined;
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') throw StatusError.badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  const value = await options.caller.call(webhook, review);
  let answer: Answer;
  try {
    answer = readAnswer(webhook, uid, value, mutating);
  } catch (error) {
    throw new CallFailed(name, `received invalid webhook response: ${(error as Error).message}`, error, 503);
  }
  request.warnings.push(...answer.warnings);
  if (request.notes) for (const [key, value] of Object.entries(answer.auditAnnotations)) request.notes.annotate(`${name}/${key}`, String(value));
  return answer;
}

/** Throws what the client gets, unless the webhook may be passed over when it cannot be asked. */
function passOver(error: unknown, webhook: Webhook, { log }: Surroundings): void {
  if (!(error instanceof CallFailed)) throw error;
  if (webhook.failurePolicy !== 'Ignore') throw StatusError.internal(error.message);
  log.warn('Failed calling webhook, failing open', { webhook: webhook.name, error: error.message });
}

interface Listener {
  /** Among all webhooks of its sort. */
  readonly index: number;
  readonly hook: Hook;
  readonly place: Place;
}

/** The webhooks that are to hear of the request, with the place in which each sees it. */
async function listeners(options: WebhookOptions, hooks: Hooks, request: AdmissionRequest): Promise<{ places: Place[]; found: Listener[] }> {
  const places = placesOf(options.table, request);
  const found: Listener[] = [];
  for (const [index, hook] of (await hooks.all()).entries()) {
    const place = placeFor(hook, request, places);
    if (place) found.push({ index, hook, place });
  }
  return { places, found };
}

export function validatingWebhooks(options: WebhookOptions, configurations: Storage): AdmissionPlugin {
  const hooks = new Hooks(configurations);
  const run = async (request: AdmissionRequest): Promise<void> => {
    const { places, found } = await listeners(options, hooks, request);
    const results = await Promise.allSettled(found.map(async ({ hook, place }) => {
      if (!(await selected(hook, request, options.namespaces))) return;
      try {
        await answerOf(options, { hook, request, places, place }, false);
      } catch (error) {
        passOver(error, hook.webhook, options.surroundings);
      }
    }));
    const failed = results.find((r) => r.status === 'rejected');
    if (failed) throw failed.reason;
  };
  return {
    name: 'ValidatingAdmissionWebhook',
    validate: (request) => (hooks.none || isExempt(request) ? undefined : run(request)),
  };
}

export function mutatingWebhooks(options: WebhookOptions, configurations: Storage): AdmissionPlugin {
  const hooks = new Hooks(configurations);
  const run = async (request: AdmissionRequest): Promise<void> => {
    const turn = turnOf('MutatingAdmissionWebhook', request);
    const { places, found } = await listeners(options, hooks, request);
    for (const { index, hook, place } of found) {
      const note = (prefix: string, value: string): void => request.notes?.annotate(`${prefix}mutation.webhook.admission.k8s.io/round_${request.reinvocation?.round ?? 0}_index_${index}`, value);
      const noteMutation = (mutated: boolean): void => note('', JSON.stringify({ configuration: hook.id.slice(0, hook.id.indexOf('/')), webhook: hook.webhook.name, mutated }));
      if (!turn.due(hook.id) || !(await selected(hook, request, options.namespaces))) continue;
      try {
        const answer = await answerOf(options, { hook, request, places, place }, true);
        if (!answer) continue;
        const mutated = answer.patch !== undefined && (await applyPatch(options, hook.webhook, request, place, answer.patch));
        if (mutated) turn.changed();
        if (answer.patch !== undefined && request.notes) notePatch(request, hook, index, answer.patch);
        noteMutation(mutated);
      } catch (error) {
        noteMutation(false);
        passOver(error, hook.webhook, options.surroundings);
        note('failed-open.', hook.webhook.name);
      }
      turn.asked(hook.id, hook.webhook.reinvocationPolicy === 'IfNeeded');
    }
    turn.end();
  };
  return {
    name: 'MutatingAdmissionWebhook',
    mutate: (request) => (hooks.none || isExempt(request) ? undefined : run(request)),
  };
}

/** What a webhook changed is part of the objects: it is written down where those are. */
function notePatch({ notes, reinvocation }: AdmissionRequest, { id, webhook }: Hook, index: number, text: string): void {
  const operations = JSON.parse(text) as readonly object[];
  if (operations.length === 0) return;
  const patch = operations.map((one) => Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))));
  const value = { configuration: id.slice(0, id.indexOf('/')), webhook: webhook.name, patch, patchType: 'JSONPatch' };
  notes?.annotate(`patch.webhook.admission.k8s.io/round_${reinvocation?.round ?? 0}_index_${index}`, JSON.stringify(value), 'Request');
}

/** True when the object is another one now. */
async function applyPatch({ registry }: WebhookOptions, { name }: Webhook, request: AdmissionRequest, { view }: Place, text: string): Promise<boolean> {
  let patch: unknown;
  try {
    patch = JSON.parse(text);
    if (!Array.isArray(patch)) throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw new CallFailed(name, `received undecodable patch in webhook response: ${(error as Error).message}`, error);
  }
  if ((patch as unknown[]).length === 0) return false;
  const { object } = request;
  if (!object) throw StatusError.internal(`admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`);
  let changed: ApiObject;
  try {
    const value = applyJsonPatch(await seen(view, object), patch);
    changed = await view.write(decodeObject(registry, view, value, { validation: 'Ignore', warnings: [] }), object);
  } catch (error) {
    const cause = error instanceof StatusError && error.cause instanceof Error ? error.cause : (error as Error);
    throw StatusError.internal(cause.message);
  }
  if (isDeepStrictEqual(changed, object)) return false;
  become(object, changed);
  return true;
}
