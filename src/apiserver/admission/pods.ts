/** What pods are given on their way in: an account with its token, a priority, tolerations. */
import type { Container, Pod, ServiceAccount, Toleration, Volume } from '../../api/core/v1/types.ts';
import type { PriorityClass } from '../../api/scheduling/v1/types.ts';
import type { Random } from '../../base/ids.ts';
import { nameSuffix } from '../../base/ids.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { ApiServerConfig } from '../config.ts';
import type { Storage } from '../registry/storage.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';

const pods = { group: '', resource: 'pods' };
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const tokenVolumePrefix = 'kube-api-access-';

function podOf(request: AdmissionRequest): Pod | undefined {
  return request.group === '' && request.resource === 'pods' && request.operation === 'CREATE' && request.subresource === '' ? (request.object as unknown as Pod) : undefined;
}

/** The account of a namespace that was made a moment ago may be on its way. */
const patience = { attempts: 10, ms: 150 };

export function serviceAccount(accounts: Storage, { random, clock }: Pick<Surroundings, 'random' | 'clock'>): AdmissionPlugin {
  const find = async (namespace: string, name: string): Promise<Account> => {
    for (let attempt = 1; ; attempt++) {
      const found = await accounts.find(namespace, name, 0);
      if (found) return found.object as unknown as Account;
      if (name !== 'default' || attempt === patience.attempts) throw new StatusError({ status: 'Failure', code: 404, reason: 'NotFound', message: `serviceaccount ${JSON.stringify(name)} not found` });
      await clock.sleep(patience.ms);
    }
  };
  const accountOf = async (request: AdmissionRequest, name: string): Promise<Account> => {
    try {
      return await find(request.namespace, name);
    } catch (error) {
      throw StatusError.forbidden(pods, nameOf(request), `error looking up service account ${request.namespace}/${name}: ${(error as Error).message}`);
    }
  };
  const give = async (request: AdmissionRequest, pod: Pod): Promise<void> => {
    if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return refuseForMirror(pod);
    const { spec } = pod;
    spec.serviceAccountName ||= 'default';
    const account = await accountOf(request, spec.serviceAccountName);
    spec.serviceAccount = spec.serviceAccountName;
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) spec.imagePullSecrets = account.imagePullSecrets.map((s) => ({ ...s }));
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, random);
  };
  const check = async (request: AdmissionRequest, pod: Pod): Promise<void> => {
    if (request.operation === 'CREATE' && pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return refuseForMirror(pod);
    const { serviceAccountName: name } = pod.spec;
    if (!name) throw StatusError.forbidden(pods, nameOf(request), `no service account specified for pod ${request.namespace}/${pod.metadata.name}`);
    const account = await accountOf(request, name);
    if (!/^(1|t|true)$/i.test(account.metadata.annotations?.[mountableAnnotation] ?? '')) return;
    const why = foreignSecret(pod, account, request.operation === 'CREATE');
    if (why !== undefined) throw StatusError.forbidden(pods, nameOf(request), why);
  };
  return {
    name: 'ServiceAccount',
    mutate: (request) => {
      const pod = podOf(request);
      return pod && give(request, pod);
    },
    validate: (request) => {
      const ephemeral = request.group === '' && request.resource === 'pods' && request.subresource === 'ephemeralcontainers' && request.operation === 'UPDATE';
      const pod = ephemeral ? (request.object as unknown as Pod) : podOf(request);
      return pod && check(request, pod);
    },
  };
}

type Account = DeepReadonly<ServiceAccount>;
const mountableAnnotation = 'kubernetes.io/enforce-mountable-secrets';

/** The first secret that the pod uses and its account does not list. */
function foreignSecret({ spec }: Pod, account: Account, isNew: boolean): string | undefined {
  const own = new Set((account.secrets ?? []).map((s) => s.name));
  const not = `is not allowed because service account ${account.metadata.name} does not reference that secret`;
  const ofContainers = (list: readonly Pick<Container, 'name' | 'env' | 'envFrom'>[] | undefined, what: string): string | undefined => {
    for (const { name, env, envFrom } of list ?? []) {
      for (const { name: variable, valueFrom } of env ?? []) {
        const secret = valueFrom?.secretKeyRef?.name;
        if (secret !== undefined && !own.has(secret)) return `${what} ${name} with envVar ${variable} referencing secret.secretName="${secret}" ${not}`;
      }
      for (const { secretRef } of envFrom ?? []) if (secretRef && !own.has(secretRef.name)) return `${what} ${name} with envFrom referencing secret.secretName="${secretRef.name}" ${not}`;
    }
    return undefined;
  };
  if (!isNew) return ofContainers(spec.ephemeralContainers, 'ephemeral container');
  for (const { secret } of spec.volumes ?? []) if (secret && !own.has(secret.secretName)) return `volume with secret.secretName="${secret.secretName}" ${not}`;
  const found = ofContainers(spec.initContainers, 'init container') ?? ofContainers(spec.containers, 'container');
  if (found !== undefined) return found;
  const pull = new Set((account.imagePullSecrets ?? []).map((s) => s.name));
  const i = (spec.imagePullSecrets ?? []).findIndex((s) => !pull.has(s.name));
  return i < 0 ? undefined : `imagePullSecrets[${i}].name="${spec.imagePullSecrets![i]!.name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}

function refuseForMirror(pod: Pod): void {
  const refuse = (why: string): never => {
    throw StatusError.forbidden(pods, pod.metadata.name, why);
  };
  const { spec } = pod;
  if (spec.serviceAccountName) refuse('a mirror pod may not reference service accounts');
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const ofContainers = containers.some((c) => c.env?.some((e) => e.valueFrom?.secretKeyRef) || c.envFrom?.some((e) => e.secretRef));
  const ofVolumes = spec.volumes?.some((v) => v.secret || v.azureFile || v.projected?.sources?.some((s) => s.secret)) === true;
  if (spec.imagePullSecrets?.length || ofContainers || ofVolumes) refuse('a mirror pod may not reference secrets');
  if (spec.volumes?.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken))) refuse('a mirror pod may not use ServiceAccountToken volume projections');
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
  // Validation, which refuses a pod without containers, comes later.
  (spec.containers as Container[] | null)?.forEach(mount);
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

const usualGrace = 300;

export function defaultTolerationSeconds({ notReady = usualGrace, unreachable = usualGrace }: NonNullable<ApiServerConfig['tolerationSeconds']>): AdmissionPlugin {
  const graces = [['node.kubernetes.io/not-ready', notReady], ['node.kubernetes.io/unreachable', unreachable]] as const;
  return { name: 'DefaultTolerationSeconds', mutate: (request) => tolerate(podOf(request), graces) };
}

function tolerate(pod: Pod | undefined, graces: readonly (readonly [key: string, seconds: number])[]): void {
  if (!pod) return;
  for (const [key, tolerationSeconds] of graces) {
    const tolerated = (pod.spec.tolerations ?? []).some((t: Toleration) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect));
    if (!tolerated) (pod.spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds });
  }
}
