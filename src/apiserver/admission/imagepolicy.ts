/** ImagePolicyWebhook: another server says which images may be run. */
import type { Pod } from '../../api/core/v1/types.ts';
import { Remembered } from '../../base/remembered.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import { formatGoDuration } from '../../machinery/goduration.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { readKubeconfig } from '../files/kubeconfig.ts';
import { Remote } from '../files/remote.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';
import { ConfigurationMistake, type AdmissionConfiguration } from './configuration.ts';

const plugin = 'ImagePolicyWebhook';
const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/';
const failedOpen = 'alpha.image-policy.k8s.io/failed-open';
/** Of a pod, those that it says to the webhook contain this. */
const spoken = '.image-policy.k8s.io/';
const remembered = 1024;
const timeoutMs = 30_000;

interface Review {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string; readonly auditAnnotations?: Readonly<Record<string, string>> };
}

interface Settings {
  readonly kubeConfigFile: string;
  readonly allowMs: number;
  readonly denyMs: number;
  readonly backoffMs: number;
  readonly defaultAllow: boolean;
}

function settingsOf(configuration: AdmissionConfiguration): Settings {
  const section = (configuration.get(plugin)?.['imagePolicy'] ?? {}) as { kubeConfigFile?: string; allowTTL?: number; denyTTL?: number; retryBackoff?: number; defaultAllow?: boolean };
  if (!configuration.has(plugin)) throw new ConfigurationMistake(plugin, 'no config specified');
  if (!section.kubeConfigFile) throw new ConfigurationMistake(plugin, 'imagePolicy.kubeConfigFile is missing');
  /** -1: none; 0: as usual. */
  const milliseconds = (value: number | undefined, scale: number, usual: number, least: number, most: number): number => {
    if (value === -1) return 0;
    if (!value) return usual;
    const ms = value * scale;
    if (ms < least || ms > most) throw new ConfigurationMistake(plugin, `valid value is between ${formatGoDuration(least)} and ${formatGoDuration(most)}, got ${formatGoDuration(ms)}`);
    return ms;
  };
  return {
    kubeConfigFile: section.kubeConfigFile, defaultAllow: section.defaultAllow === true,
    allowMs: milliseconds(section.allowTTL, 1000, 300_000, 1000, 1_800_000), denyMs: milliseconds(section.denyTTL, 1000, 30_000, 1000, 1_800_000),
    backoffMs: milliseconds(section.retryBackoff, 1, 500, 1e-6, 300_000),
  };
}

/** Undefined: nothing of the request is about images. */
function imagesOf({ group, resource, subresource, object }: AdmissionRequest): string[] | undefined {
  if (group !== '' || resource !== 'pods' || !object) return undefined;
  const { containers, initContainers = [], ephemeralContainers = [] } = (object as unknown as DeepReadonly<Pod>).spec;
  if (subresource === '') return [...containers, ...initContainers].map(({ image }) => image ?? '');
  return subresource === 'ephemeralcontainers' ? ephemeralContainers.map(({ image }) => image ?? '') : undefined;
}

export function imagePolicy(configuration: AdmissionConfiguration, surroundings: Surroundings): AdmissionPlugin {
  const settings = settingsOf(configuration);
  const remote = new Remote(readKubeconfig(settings.kubeConfigFile), surroundings, settings.backoffMs);
  const answers = new Remembered<NonNullable<Review['status']>>(surroundings.clock, remembered);
  const forbid = (request: AdmissionRequest, why: string): StatusError => StatusError.forbidden({ group: '', resource: 'pods' }, nameOf(request), why);

  const ask = async (spec: object): Promise<NonNullable<Review['status']>> => {
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    if (known) return known;
    const review = { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: { creationTimestamp: null }, spec, status: { allowed: false } };
    const { status = {} } = (await remote.post(review, timeoutMs)) as unknown as Review;
    const ms = status.allowed ? settings.allowMs : settings.denyMs;
    if (ms > 0) answers.set(key, status, ms);
    return status;
  };
  /** The webhook could not be asked. */
  const unanswered = (request: AdmissionRequest, error: Error): void => {
    surroundings.log.debug('The webhook for images could not be asked', { error: error.message });
    if (!settings.defaultAllow) throw forbid(request, error.message);
    request.notes?.annotate(`${auditPrefix}failed-open`, 'true');
    const { metadata } = request.object!;
    metadata.annotations = { ...metadata.annotations, [failedOpen]: 'true' };
  };
  const judge = async (request: AdmissionRequest, images: readonly string[]): Promise<void> => {
    const annotations = Object.fromEntries(Object.entries(request.object!.metadata.annotations ?? {}).filter(([key]) => key.includes(spoken)));
    let status: NonNullable<Review['status']>;
    try {
      status = await ask({
        ...(images.length > 0 ? { containers: images.map((image) => (image ? { image } : {})) } : {}),
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}), ...(request.namespace ? { namespace: request.namespace } : {}),
      });
    } catch (error) {
      return unanswered(request, error as Error);
    }
    for (const [key, value] of Object.entries(status.auditAnnotations ?? {})) request.notes?.annotate(`${auditPrefix}${key}`, value);
    if (!status.allowed) throw forbid(request, status.reason ? `image policy webhook backend denied one or more images: ${status.reason}` : 'one or more images rejected by webhook backend');
  };
  return {
    name: plugin,
    validate(request) {
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return undefined;
      const images = imagesOf(request);
      return images && judge(request, images);
    },
  };
}
