/** Objects of one version as objects of another: by name alone, or by the webhook that the definition names. */
import { timestamp } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { thaw, type JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Registry } from '../../schema/registry.ts';
import { isMembers } from '../../schema/structural/schema.ts';
import { apiVersionOf, parseApiVersion, type ApiObject, type ReadonlyObject } from '../objects.ts';
import type { Resolver } from '../proxy/resolve.ts';
import { callWebhook } from '../proxy/webhook.ts';
import type { ConversionFailure, ConversionMeter } from './metrics.ts';
import { customModel, inVersion, schemaOf, sorted, type Definition, type Version } from './model.ts';

export interface Converter {
  /** The webhook has to be asked, so that an object has to be prepared before it can be read in another version. */
  readonly asks: boolean;
  /** Asks for all objects that are not of the version yet. */
  prepare(objects: Iterable<ApiObject | ReadonlyObject>, version: Version): Promise<void>;
  /** What is known without asking. */
  read(object: ApiObject | ReadonlyObject, version: Version): ReadonlyObject;
}

export interface ConverterOptions {
  readonly registry: Registry;
  readonly surroundings: Surroundings;
  readonly resolver: Resolver;
  readonly conversions: ConversionMeter;
}

const timeoutMs = 30_000;

export function converterOf(options: ConverterOptions, crd: Definition): Converter {
  const { group } = crd.spec;
  if (crd.spec.conversion?.strategy !== 'Webhook') {
    return {
      asks: false,
      prepare: async () => {},
      read: (object, version) => {
        const apiVersion = apiVersionOf(group, version.name);
        return object.apiVersion === apiVersion ? (object as ReadonlyObject) : inVersion(object as ReadonlyObject, apiVersion, schemaOf(version));
      },
    };
  }
  const known = new WeakMap<object, Map<string, ReadonlyObject>>();
  return {
    asks: true,
    async prepare(objects, version) {
      const apiVersion = apiVersionOf(group, version.name);
      const missing = [...objects].filter((o) => o.apiVersion !== apiVersion && !known.get(o)?.has(apiVersion));
      if (missing.length === 0) return;
      const converted = await ask(options, crd, missing, version);
      for (const [i, object] of missing.entries()) {
        const made = known.get(object) ?? new Map<string, ReadonlyObject>();
        made.set(apiVersion, converted[i]!);
        known.set(object, made);
      }
    },
    read(object, version) {
      const apiVersion = apiVersionOf(group, version.name);
      if (object.apiVersion === apiVersion) return object as ReadonlyObject;
      const made = known.get(object)?.get(apiVersion);
      if (!made) throw StatusError.internal(`${crd.spec.names.kind} ${object.metadata.name ?? ''} is not converted to ${apiVersion}`);
      return made;
    },
  };
}

async function ask(options: ConverterOptions, crd: Definition, objects: readonly (ApiObject | ReadonlyObject)[], version: Version): Promise<ReadonlyObject[]> {
  const done = options.conversions.begin(crd.metadata.name, parseApiVersion(objects[0]!.apiVersion ?? '').version, version.name);
  let stage: ConversionFailure | undefined = 'conversion_webhook_call_failure';
  try {
    const made = await convert(options, crd, objects, version, (next) => (stage = next));
    stage = undefined;
    return made;
  } finally {
    done(stage);
  }
}

/** `came`: told how far it came. */
async function convert({ registry, surroundings, resolver }: ConverterOptions, crd: Definition, objects: readonly (ApiObject | ReadonlyObject)[], version: Version, came: (next: ConversionFailure) => void): Promise<ReadonlyObject[]> {
  const { clientConfig, conversionReviewVersions = [] } = crd.spec.conversion!.webhook ?? {};
  const apiVersion = apiVersionOf(crd.spec.group, version.name);
  const kind = crd.spec.names.kind;
  const what = `conversion webhook for ${objects[0]!.apiVersion}, Kind=${kind}`;
  const failed = (why: string): StatusError => StatusError.internal(`${what} failed: ${why}`);
  const review = conversionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1');
  if (!clientConfig || !review) throw failed('no supported conversion review versions');
  const uid = surroundings.random.uuid();
  const abort = new AbortController();
  const timer = surroundings.clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs / 1000}s of ${timestamp(surroundings.clock.now())}`)));
  let answer: JsonObject;
  try {
    answer = await callWebhook(clientConfig, resolver, {
      kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${review}`, request: { uid, desiredAPIVersion: apiVersion, objects: objects.map(sorted) },
    }, abort.signal);
  } catch (error) {
    throw failed((error as Error).message);
  } finally {
    timer.cancel();
  }
  came('conversion_webhook_malformed_response_failure');
  const response = answer['response'];
  if (!isMembers(response)) throw failed('no response provided');
  if (review === 'v1' && (answer['kind'] !== 'ConversionReview' || answer['apiVersion'] !== 'apiextensions.k8s.io/v1')) {
    throw failed(`expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${String(answer['apiVersion'] ?? '')}, Kind=${String(answer['kind'] ?? '')}`);
  }
  if (review === 'v1' && response['uid'] !== uid) throw failed(`expected response.uid="${uid}", got ${JSON.stringify(response['uid'] ?? '')}`);
  const result = isMembers(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') throw failed(typeof result['message'] === 'string' && result['message'] ? result['message'] : `response.result.status was '${String(result['status'] ?? '')}', not 'Success'`);
  const converted = Array.isArray(response['convertedObjects']) ? response['convertedObjects'] : [];
  if (converted.length !== objects.length) came('conversion_webhook_partial_response_failure');
  if (converted.length !== objects.length) throw StatusError.internal(`${what} returned ${converted.length} objects, expected ${objects.length}`);
  came('conversion_webhook_invalid_converted_object_failure');
  const model = customModel(registry, crd, version);
  return objects.map((object, i) => {
    const bad = (why: string): StatusError => StatusError.internal(`${what} returned invalid converted object at index ${i}: ${why}`);
    const made = converted[i] as unknown;
    if (!isMembers(made)) throw bad('not an object');
    if (made['apiVersion'] !== apiVersion) throw bad(`invalid groupVersion (expected ${apiVersion}, received ${String(made['apiVersion'] ?? '')})`);
    if (made['kind'] !== kind) throw bad(`invalid kind (expected ${kind}, received ${String(made['kind'] ?? '')})`);
    return restored(model.decode(made).object as unknown as ApiObject, object as ReadonlyObject, bad);
  });
}

/** Of metadata a webhook may change labels and annotations, nothing else. */
function restored(converted: ApiObject, original: ReadonlyObject, bad: (why: string) => StatusError): ApiObject {
  for (const key of ['name', 'namespace', 'uid'] as const) {
    if ((converted.metadata[key] ?? '') !== (original.metadata[key] ?? '')) throw bad(`invalid metadata: metadata.${key} must not be changed`);
  }
  const { labels, annotations } = converted.metadata;
  const { labels: _labels, annotations: _annotations, ...kept } = thaw<ApiObject['metadata']>(original.metadata);
  converted.metadata = { ...kept, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  return converted;
}
