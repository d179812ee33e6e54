/** What pods are given on their way in: an account with its token, a priority, tolerations. */
import type { Container, Pod, ServiceAccount, Toleration, Volume } from '../../api/core/v1/types.ts';
import type { PriorityClass } from '../../api/scheduling/v1/types.ts';
import type { Random } from '../../base/ids.ts';
import { nameSuffix } from '../../base/ids.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

const pods = { group: '', resource: 'pods' };
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const tokenVolumePrefix = 'kube-api-access-';

function podOf(request: AdmissionRequest): Pod | undefined {
  return request.group === '' && request.resource === 'pods' && request.operation === 'CREATE' && request.subresource === '' ? (request.object as unknown as Pod) : undefined;
}

export function serviceAccount(accounts: Storage, random: Random): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    async mutate(request) {
      const pod = podOf(request);
      if (!pod) return;
      if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return refuseForMirror(pod);
      const { spec } = pod;
      spec.serviceAccountName ||= 'default';
      const found = await accounts.find(request.namespace, spec.serviceAccountName, 0);
      if (!found) {
        throw StatusError.forbidden(pods, pod.metadata.name, `error looking up service account ${request.namespace}/${spec.serviceAccountName}: serviceaccount ${JSON.stringify(spec.serviceAccountName)} not found`);
      }
      const account = found.object as unknown as DeepReadonly<ServiceAccount>;
      spec.serviceAccount = spec.serviceAccountName;
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) spec.imagePullSecrets = account.imagePullSecrets.map((s) => ({ ...s }));
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, random);
    },
  };
}

function refuseForMirror(pod: Pod): void {
  const refuse = (why: string): never => {
    throw StatusError.forbidden(pods, pod.metadata.name, why);
  };
  if (pod.spec.serviceAccountName) refuse('a mirror pod may not reference service accounts');
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret) refuse('a mirror pod may not reference secrets');
    if (volume.projected?.sources?.some((s) => s.serviceAccountToken)) refuse('a mirror pod may not use ServiceAccountToken volume projections');
  }
}

function mountToken(pod: Pod, random: Random): void {
  const { spec } = pod;
  const present = spec.volumes?.find((v) => v.name.startsWith(tokenVolumePrefix) && v.projected?.sources?.some((s) => s.serviceAccountToken));
  const name = present?.name ?? tokenVolumePrefix + nameSuffix(random);
  let needed = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((m) => m.mountPath === tokenPath)) return;
    (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: tokenPath });
    needed = true;
  };
  spec.initContainers?.forEach(mount);
  spec.containers.forEach(mount);
  if (needed && !present) (spec.volumes ??= []).push(tokenVolume(name));
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: 0o644,
    },
  };
}

export function priority(classes: Storage): AdmissionPlugin {
  const all = async (): Promise<DeepReadonly<PriorityClass>[]> => (await classes.cacher.list({ notOlderThan: 0 })).items.map((i) => i.object as unknown as DeepReadonly<PriorityClass>);
  return {
    name: 'Priority',
    async mutate(request) {
      const pod = podOf(request);
      if (!pod) return;
      const { spec } = pod;
      if (!spec.priorityClassName && pod.metadata.annotations?.[mirrorAnnotation] !== undefined) spec.priorityClassName = 'system-node-critical';
      let chosen: DeepReadonly<PriorityClass> | undefined;
      if (spec.priorityClassName) {
        const found = await classes.find('', spec.priorityClassName, 0);
        if (!found) throw StatusError.forbidden(pods, pod.metadata.name, `no PriorityClass with name ${spec.priorityClassName} was found`);
        chosen = found.object as unknown as DeepReadonly<PriorityClass>;
      } else {
        // Several may say they are the default; the least of them is.
        for (const c of await all()) if (c.globalDefault && (!chosen || c.value < chosen.value)) chosen = c;
        if (chosen) spec.priorityClassName = chosen.metadata.name;
      }
      const value = chosen?.value ?? 0;
      if (spec.priority !== undefined && spec.priority !== value) {
        throw StatusError.forbidden(pods, pod.metadata.name, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
      }
      spec.priority = value;
      const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
        throw StatusError.forbidden(pods, pod.metadata.name, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`);
      }
      spec.preemptionPolicy = policy;
    },
    async validate(request) {
      if (request.resource !== 'priorityclasses' || request.operation === 'DELETE') return;
      const wanted = request.object as unknown as PriorityClass;
      if (!wanted.globalDefault) return;
      const other = (await all()).find((c) => c.globalDefault && c.metadata.name !== wanted.metadata.name);
      if (other) throw StatusError.forbidden({ group: request.group, resource: request.resource }, request.name, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
    },
  };
}

const graceTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  mutate(request) {
    const pod = podOf(request);
    if (!pod) return;
    for (const key of graceTaints) {
      const tolerated = (pod.spec.tolerations ?? []).some((t: Toleration) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect));
      if (!tolerated) (pod.spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
    }
  },
};
