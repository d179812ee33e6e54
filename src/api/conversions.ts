/** How a served version that is not the stored one is read and written. */
import type { JsonObject } from '../machinery/json.ts';
import * as autoscaling from './autoscaling/conversion.ts';
import { packages } from './catalog.ts';
import * as events from './events/conversion.ts';
import * as resource from './resource/conversion.ts';

export interface Conversion {
  /** Both answer with an object of their own; normalise it before it is encoded. */
  toStored(object: JsonObject): JsonObject;
  fromStored(stored: JsonObject): JsonObject;
}

const written: Readonly<Record<string, { toStored(object: never): unknown; fromStored(stored: never): unknown }>> = {
  'autoscaling.v1.HorizontalPodAutoscaler>autoscaling.v2': autoscaling,
  'events.v1.Event>core.v1': events,
  'resource.v1beta1.DeviceClass>resource.v1beta2': resource.deviceClass,
  'resource.v1beta1.ResourceClaim>resource.v1beta2': resource.claim,
  'resource.v1beta1.ResourceClaimTemplate>resource.v1beta2': resource.template,
  'resource.v1beta1.ResourceSlice>resource.v1beta2': resource.slice,
};

/** Versions whose fields are the same. */
const sameShape: ReadonlySet<string> = new Set([
  'admissionregistration.v1beta1>admissionregistration.v1alpha1', 'certificates.v1alpha1>certificates.v1beta1', 'coordination.v1alpha2>coordination.v1beta1',
  'networking.v1beta1>networking.v1', 'resource.v1>resource.v1beta2', 'storage.v1>storage.v1beta1', 'storage.v1alpha1>storage.v1beta1',
]);

function apiVersionOf(packageName: string): string {
  const pkg = packages.find((p) => p.name === packageName);
  if (!pkg) throw new Error(`no package ${packageName}`);
  return pkg.group === '' ? pkg.version : `${pkg.group}/${pkg.version}`;
}

/** Undefined where nobody has written it: such a version is not served. */
export function conversionOf(served: string, kind: string, stored: string): Conversion | undefined {
  if (served === stored) return { toStored: (o) => o, fromStored: (o) => o };
  const own = written[`${served}.${kind}>${stored}`];
  if (own) return own as unknown as Conversion;
  if (!sameShape.has(`${served}>${stored}`)) return undefined;
  const [from, to] = [apiVersionOf(served), apiVersionOf(stored)];
  return { toStored: (o) => ({ ...o, apiVersion: to }), fromStored: (o) => ({ ...o, apiVersion: from }) };
}
