/** Where privileged containers are not allowed at all (`--allow-privileged=false`), whoever asks. */
import type { PodSpec } from '../../../api/core/v1/types.ts';
import { forbidden } from '../../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { KindHooks } from '../storage.ts';

/** Where the kinds that have pods, or make them, have the pod's spec. */
export const podSpecPaths: Readonly<Record<string, readonly string[]>> = {
  'pods': ['spec'], 'podtemplates': ['template', 'spec'], 'replicationcontrollers': ['spec', 'template', 'spec'],
  'deployments.apps': ['spec', 'template', 'spec'], 'replicasets.apps': ['spec', 'template', 'spec'], 'statefulsets.apps': ['spec', 'template', 'spec'], 'daemonsets.apps': ['spec', 'template', 'spec'],
  'jobs.batch': ['spec', 'template', 'spec'], 'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

const containerFields = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** `created`: a pod that is there already stays as it is. */
export function unprivilegedHooks(at: readonly string[], created: boolean): KindHooks {
  return {
    findings: (object, old) => (created && old ? [] : findings(specAt(object, at), at.join('.'))),
  };
}

function specAt(object: ReadonlyObject, at: readonly string[]): DeepReadonly<PodSpec> | undefined {
  let value: unknown = object;
  for (const field of at) value = (value as Record<string, unknown> | undefined)?.[field];
  return value as DeepReadonly<PodSpec> | undefined;
}

function findings(spec: DeepReadonly<PodSpec> | undefined, path: string): FieldError[] {
  const out: FieldError[] = [];
  let hosted = spec?.securityContext?.windowsOptions?.hostProcess === true;
  for (const field of containerFields) {
    for (const [i, { securityContext }] of (spec?.[field] ?? []).entries()) {
      if (securityContext?.privileged) out.push(forbidden(`${path}.${field}[${i}].securityContext.privileged`, 'disallowed by cluster policy'));
      hosted ||= securityContext?.windowsOptions?.hostProcess === true;
    }
  }
  if (hosted) out.push(forbidden(path, 'hostProcess containers are disallowed by cluster policy'));
  return out;
}
