/** Containers of every sort. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../../../machinery/fieldpath.ts';
import { portNameComplaints, portNumberComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabel } from '../../../schema/metadata.ts';
import { mountPropagations, protocols, pullPolicies, terminationMessagePolicies } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';
import { checkEnv, checkEnvFrom } from './env.ts';
import { checkLifecycle, checkProbe } from './handlers.ts';
import { checkNoBacksteps, checkRelativePath } from './paths.ts';
import { checkResourceRequirements } from './resources.ts';
import { checkSecurityContext } from './security.ts';

type Container = DeepReadonly<T.Container>;

/** What the containers of one pod are checked against. */
export interface PodScope {
  readonly volumes: ReadonlyMap<string, DeepReadonly<T.Volume>>;
  readonly claims: ReadonlySet<string>;
  readonly gracePeriod: number | undefined;
  readonly restartPolicy: string | undefined;
  readonly hostUsers: boolean;
  /** A pod, not a template of pods. */
  readonly isPod: boolean;
}


function checkPorts(ports: DeepReadonly<T.ContainerPort[]> | undefined, path: string, out: FieldError[]): void {
  const names = new Set<string>();
  for (const [i, p] of (ports ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (p.name) {
      const complaints = portNameComplaints(p.name);
      for (const c of complaints) out.push(invalid(`${at}.name`, p.name, c));
      if (complaints.length === 0 && names.has(p.name)) out.push(duplicate(`${at}.name`, p.name));
      names.add(p.name);
    }
    if (!p.containerPort) out.push(required(`${at}.containerPort`));
    else for (const c of portNumberComplaints(p.containerPort)) out.push(invalid(`${at}.containerPort`, p.containerPort, c));
    if (p.hostPort) for (const c of portNumberComplaints(p.hostPort)) out.push(invalid(`${at}.hostPort`, p.hostPort, c));
    if (!p.protocol) out.push(required(`${at}.protocol`));
    else if (!protocols.includes(p.protocol)) out.push(notSupported(`${at}.protocol`, p.protocol, protocols));
  }
}

function checkMounts(c: Container, scope: PodScope, path: string, out: FieldError[]): void {
  const points = new Set<string>();
  const devices = new Map((c.volumeDevices ?? []).map((d) => [d.name, d.devicePath]));
  const devicePaths = new Set(devices.values());
  for (const [i, m] of (c.volumeMounts ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!m.name) out.push(required(`${at}.name`));
    const volume = scope.volumes.get(m.name);
    if (!volume) out.push(notFound(`${at}.name`, m.name));
    if (!m.mountPath) out.push(required(`${at}.mountPath`));
    if (points.has(m.mountPath)) out.push(invalid(`${at}.mountPath`, m.mountPath, 'must be unique'));
    points.add(m.mountPath);
    if (devices.has(m.name)) out.push(invalid(`${at}.name`, m.name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(m.mountPath)) out.push(invalid(`${at}.mountPath`, m.mountPath, 'must not already exist as a path in volumeDevices'));
    if (m.subPath) checkRelativePath(m.subPath, `${path}.subPath`, out);
    if (m.subPathExpr) {
      if (m.subPath) out.push(invalid(`${at}.subPathExpr`, m.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      checkRelativePath(m.subPathExpr, `${path}.subPathExpr`, out);
    }
    checkPropagation(m, c, path, out);
  }
}

function checkPropagation(m: DeepReadonly<T.VolumeMount>, c: Container, path: string, out: FieldError[]): void {
  if (m.mountPropagation !== undefined) {
    if (!mountPropagations.includes(m.mountPropagation)) out.push(notSupported(`${path}.mountPropagation`, m.mountPropagation, mountPropagations));
    if (m.mountPropagation === 'Bidirectional' && !c.securityContext?.privileged) {
      out.push(forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
    }
  }
  if (m.recursiveReadOnly === undefined || m.recursiveReadOnly === 'Disabled') return;
  const at = `${path}.recursiveReadOnly`;
  if (m.recursiveReadOnly !== 'Enabled' && m.recursiveReadOnly !== 'IfPossible') return void out.push(notSupported(at, m.recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']));
  if (!m.readOnly) out.push(forbidden(at, 'may only be specified when readOnly is true'));
  if (m.mountPropagation && m.mountPropagation !== 'None') out.push(forbidden(at, 'may only be specified when mountPropagation is None or not specified'));
}

function checkDevices(c: Container, scope: PodScope, path: string, out: FieldError[]): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [i, d] of (c.volumeDevices ?? []).entries()) {
    const at = `${path}[${i}]`;
    const volume = scope.volumes.get(d.name);
    if (!d.name) out.push(required(`${at}.name`));
    if (names.has(d.name)) out.push(invalid(`${at}.name`, d.name, 'must be unique'));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) out.push(invalid(`${at}.name`, d.name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (!volume) out.push(notFound(`${at}.name`, d.name));
    if (!d.devicePath) out.push(required(`${at}.devicePath`));
    if (paths.has(d.devicePath)) out.push(invalid(`${at}.devicePath`, d.devicePath, 'must be unique'));
    const backsteps: FieldError[] = [];
    checkNoBacksteps(d.devicePath ?? '', at, backsteps);
    if (backsteps.length > 0) out.push(invalid(`${at}.devicePath`, d.devicePath, "can not contain backsteps ('..')"));
    names.add(d.name);
    paths.add(d.devicePath);
  }
}

function checkResizePolicy(c: Container, scope: PodScope, path: string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, p] of (c.resizePolicy ?? []).entries()) {
    if (seen.has(p.resourceName)) out.push(duplicate(`${path}[${i}]`, p.resourceName));
    seen.add(p.resourceName);
    if (!p.resourceName) out.push(required(path));
    else if (p.resourceName !== 'cpu' && p.resourceName !== 'memory') out.push(notSupported(path, p.resourceName, ['cpu', 'memory']));
    if (!p.restartPolicy) out.push(required(path));
    else if (p.restartPolicy !== 'NotRequired' && p.restartPolicy !== 'RestartContainer') out.push(notSupported(path, p.restartPolicy, ['NotRequired', 'RestartContainer']));
    if (scope.restartPolicy === 'Never' && p.restartPolicy !== 'NotRequired') out.push(invalid(path, p.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  }
}

/** What holds for every container, whatever its sort. */
function checkCommon(c: Container, scope: PodScope, path: string, out: FieldError[]): void {
  if (!c.name) out.push(required(`${path}.name`));
  else checkLabel(c.name, `${path}.name`, out);
  if (!c.image) out.push(required(`${path}.image`));
  if (!c.terminationMessagePolicy) out.push(required(`${path}.terminationMessagePolicy`));
  else if (!terminationMessagePolicies.includes(c.terminationMessagePolicy)) out.push(notSupported(`${path}.terminationMessagePolicy`, c.terminationMessagePolicy, terminationMessagePolicies));
  checkPorts(c.ports, `${path}.ports`, out);
  checkEnv(c.env, `${path}.env`, out);
  checkEnvFrom(c.envFrom, `${path}.envFrom`, out);
  checkMounts(c, scope, `${path}.volumeMounts`, out);
  checkDevices(c, scope, `${path}.volumeDevices`, out);
  if (!c.imagePullPolicy) out.push(required(`${path}.imagePullPolicy`));
  else if (!pullPolicies.includes(c.imagePullPolicy)) out.push(notSupported(`${path}.imagePullPolicy`, c.imagePullPolicy, pullPolicies));
  checkResourceRequirements(c.resources, scope.claims, `${path}.resources`, out);
  checkResizePolicy(c, scope, `${path}.resizePolicy`, out);
  checkSecurityContext(c.securityContext, `${path}.securityContext`, scope.hostUsers, out);
}

function checkProbes(c: Container, scope: PodScope, path: string, out: FieldError[]): void {
  checkLifecycle(c.lifecycle, scope.gracePeriod, `${path}.lifecycle`, out);
  checkProbe(c.livenessProbe, 'liveness', `${path}.livenessProbe`, out);
  checkProbe(c.readinessProbe, 'readiness', `${path}.readinessProbe`, out);
  checkProbe(c.startupProbe, 'startup', `${path}.startupProbe`, out);
}

function checkHostPorts(containers: readonly Container[], path: (index: number) => string, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, c] of containers.entries()) {
    for (const [j, p] of (c.ports ?? []).entries()) {
      if (!p.hostPort) continue;
      const key = `${p.protocol ?? ''}/${p.hostIP ?? ''}/${p.hostPort}`;
      if (seen.has(key)) out.push(duplicate(`${path(i)}.ports[${j}].hostPort`, key));
      seen.add(key);
    }
  }
}

export function checkContainers(list: readonly Container[] | undefined, scope: PodScope, path: string, out: FieldError[]): void {
  const containers = list ?? [];
  if (containers.length === 0) return void out.push(required(path));
  const names = new Set<string>();
  for (const [i, c] of containers.entries()) {
    const at = `${path}[${i}]`;
    checkCommon(c, scope, at, out);
    if (names.has(c.name)) out.push(duplicate(`${at}.name`, c.name));
    names.add(c.name);
    checkProbes(c, scope, at, out);
    if (c.restartPolicy !== undefined) out.push(forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers'));
  }
  checkHostPorts(containers, (i) => `${path}[${i}]`, out);
}

export function checkInitContainers(list: readonly Container[] | undefined, regular: readonly Container[] | undefined, scope: PodScope, path: string, out: FieldError[]): void {
  const names = new Set((regular ?? []).map((c) => c.name));
  for (const [i, c] of (list ?? []).entries()) {
    const at = `${path}[${i}]`;
    checkCommon(c, scope, at, out);
    if (c.restartPolicy !== undefined && c.restartPolicy !== 'Always') out.push(notSupported(`${at}.restartPolicy`, c.restartPolicy, ['Always']));
    if (names.has(c.name)) out.push(duplicate(`${at}.name`, c.name));
    else if (c.name) names.add(c.name);
    checkHostPorts([c], () => at, out);
    if (c.restartPolicy === 'Always') {
      checkProbes(c, scope, at, out);
      continue;
    }
    for (const key of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (c[key] !== undefined) out.push(forbidden(`${at}.${key}`, 'may not be set for init containers without restartPolicy=Always'));
    }
  }
}

const refusedForEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const;

export function checkEphemeralContainers(spec: DeepReadonly<T.PodSpec>, scope: PodScope, path: string, out: FieldError[]): void {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name));
  const names = new Set(others);
  for (const [i, c] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}[${i}]`;
    checkCommon(c as Container, scope, at, out);
    checkImageSpaces(c as Container, at, out);
    if (names.has(c.name)) out.push(duplicate(`${at}.name`, c.name));
    names.add(c.name);
    if (c.targetContainerName && !others.has(c.targetContainerName)) out.push(notFound(`${at}.targetContainerName`, c.targetContainerName));
    for (const key of refusedForEphemeral) {
      const value: unknown = c[key];
      const isEmpty = value === undefined || (Array.isArray(value) ? value.length === 0 : key === 'resources' && Object.keys(value as object).length === 0);
      if (!isEmpty) out.push(forbidden(`${at}.${key}`, 'cannot be set for an Ephemeral Container'));
    }
    for (const [j, m] of (c.volumeMounts ?? []).entries()) {
      if (m.subPath) out.push(forbidden(`${at}.volumeMounts[${j}].subPath`, 'cannot be set for an Ephemeral Container'));
      if (m.subPathExpr) out.push(forbidden(`${at}.volumeMounts[${j}].subPathExpr`, 'cannot be set for an Ephemeral Container'));
    }
  }
}

/** Templates tolerate spaces around an image for old times' sake, pods do not. */
export function checkImageSpaces(c: Container, path: string, out: FieldError[]): void {
  if ((c.image ?? '').trim() !== (c.image ?? '')) out.push(invalid(`${path}.image`, c.image, 'must not have leading or trailing whitespace'));
}
