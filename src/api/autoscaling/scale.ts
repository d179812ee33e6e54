/** The scale subresource of whatever has spec.replicas. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { nonNegative } from '../../machinery/fieldpath.ts';
import { selectorFromObject, selectorFromSet, type LabelSelectorObject } from '../../machinery/selectors.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { ObjectMeta } from '../meta/v1/types.ts';
import type { Scale } from './v1/types.ts';

/** Deployment, ReplicaSet, StatefulSet, ReplicationController. */
export interface Scalable {
  metadata: ObjectMeta;
  spec: { replicas?: number; selector?: unknown };
  status?: { replicas?: number };
}

export function toScale(object: DeepReadonly<Scalable>): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = object.spec.selector as LabelSelectorObject | Readonly<Record<string, string>> | undefined;
  const isObject = selector !== undefined && ('matchLabels' in selector || 'matchExpressions' in selector) && typeof selector['matchLabels'] !== 'string';
  const text = isObject ? selectorFromObject(selector as LabelSelectorObject).toString() : selectorFromSet(selector as Readonly<Record<string, string>> | undefined).toString();
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: object.spec.replicas ? { replicas: object.spec.replicas } : {},
    status: { replicas: object.status?.replicas ?? 0, ...(text ? { selector: text } : {}) },
  };
}

/** Writes the wanted size into the object; its resourceVersion and uid become the update's preconditions. */
export function applyScale(object: Scalable, scale: DeepReadonly<Scale>): void {
  object.spec.replicas = scale.spec?.replicas ?? 0;
  if (scale.metadata.resourceVersion) object.metadata.resourceVersion = scale.metadata.resourceVersion;
  if (scale.metadata.uid) object.metadata.uid = scale.metadata.uid;
}

export function validateScale(scale: DeepReadonly<Scale>): FieldError[] {
  return nonNegative('spec.replicas', scale.spec?.replicas);
}
