/** Fields of features that are off in this version: a writer who sets them is not refused, they are just not kept. What is stored may stay. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as T from './v1/types.ts';

type AnyContainer = T.Container | T.EphemeralContainer;
type Spec = DeepReadonly<T.PodSpec>;

function eachContainer(spec: T.PodSpec, visit: (container: AnyContainer) => void): void {
  for (const c of spec.containers ?? []) visit(c);
  for (const c of spec.initContainers ?? []) visit(c);
  for (const c of spec.ephemeralContainers ?? []) visit(c);
}

function allContainers(spec: Spec | undefined): DeepReadonly<AnyContainer>[] {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
}

function dropImageVolumes(spec: T.PodSpec): void {
  const names = new Set(spec.volumes!.filter((v) => v.image).map((v) => v.name));
  spec.volumes = spec.volumes!.filter((v) => !v.image);
  if (spec.volumes.length === 0) delete spec.volumes;
  eachContainer(spec, (c) => {
    if (!c.volumeMounts) return;
    c.volumeMounts = c.volumeMounts.filter((m) => !names.has(m.name));
    if (c.volumeMounts.length === 0) delete c.volumeMounts;
  });
}

function dropVolumes(spec: T.PodSpec, old: Spec | undefined): void {
  if (!spec.volumes) return;
  for (const source of spec.volumes.flatMap((v) => v.projected?.sources ?? [])) {
    for (const key of ['clusterTrustBundle', 'podCertificate'] as const) {
      if (source[key] && !old?.volumes?.some((v) => v.projected?.sources?.some((s) => s[key]))) delete source[key];
    }
  }
  if (spec.volumes.some((v) => v.image) && !old?.volumes?.some((v) => v.image)) dropImageVolumes(spec);
}

function hasRestartRules(spec: Spec | undefined): boolean {
  return allContainers(spec).some((c) => c.restartPolicyRules?.length || (c.restartPolicy !== undefined && c.restartPolicy !== 'Always')) || (spec?.containers ?? []).some((c) => c.restartPolicy !== undefined);
}

function dropRestartRules(spec: T.PodSpec): void {
  eachContainer(spec, (c) => {
    delete c.restartPolicyRules;
    if (c.restartPolicy !== 'Always' || !spec.initContainers?.includes(c as T.Container)) delete c.restartPolicy;
  });
}

function dropOfContainers(spec: T.PodSpec, old: Spec | undefined): void {
  let rules = false;
  let files = false;
  let signals = false;
  eachContainer(spec, (c) => {
    rules ||= c.restartPolicy !== undefined || c.restartPolicyRules !== undefined;
    files ||= c.env?.some((e) => e.valueFrom?.fileKeyRef) ?? false;
    signals ||= c.lifecycle?.stopSignal !== undefined;
  });
  if (rules && !hasRestartRules(old)) dropRestartRules(spec);
  if (files && !allContainers(old).some((c) => c.env?.some((e) => e.valueFrom?.fileKeyRef))) {
    eachContainer(spec, (c) => {
      for (const e of c.env ?? []) delete e.valueFrom?.fileKeyRef;
    });
  }
  if (!signals || allContainers(old).some((c) => c.lifecycle?.stopSignal !== undefined)) return;
  eachContainer(spec, (c) => {
    if (c.lifecycle?.stopSignal === undefined) return;
    delete c.lifecycle.stopSignal;
    if (!c.lifecycle.postStart && !c.lifecycle.preStop) delete c.lifecycle;
  });
}

/** Devices for extended resources and the health of devices: what features that are off would say. */
export function dropDisabledOfStatus(status: T.PodStatus, old: DeepReadonly<T.PodStatus>): void {
  if (old.extendedResourceClaimStatus === undefined) delete status.extendedResourceClaimStatus;
  const lists = (s: DeepReadonly<T.PodStatus>): DeepReadonly<T.ContainerStatus>[] => [...(s.containerStatuses ?? []), ...(s.initContainerStatuses ?? []), ...(s.ephemeralContainerStatuses ?? [])];
  if (lists(old).some((c) => c.allocatedResourcesStatus !== undefined)) return;
  for (const container of lists(status) as T.ContainerStatus[]) delete container.allocatedResourcesStatus;
}

/** `old`: the spec that an update replaces. */
export function dropDisabled(spec: T.PodSpec, old?: Spec): void {
  dropVolumes(spec, old);
  dropOfContainers(spec, old);
  if (spec.hostnameOverride !== undefined && old?.hostnameOverride === undefined) delete spec.hostnameOverride;
}

export function dropDisabledOfTemplate(template: T.PodTemplateSpec | undefined, old?: DeepReadonly<T.PodTemplateSpec>): void {
  if (template?.spec) dropDisabled(template.spec, old?.spec);
}
