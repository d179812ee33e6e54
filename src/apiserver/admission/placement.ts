/** Where a namespace's pods may run: PodNodeSelector and PodTolerationRestriction, both off unless asked for. */
import type { Pod, Toleration } from '../../api/core/v1/types.ts';
import { qosClass } from '../../api/core/qos.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import { unexplained, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';
import { ConfigurationMistake, sectionOf, type AdmissionConfiguration } from './configuration.ts';

type Labels = Readonly<Record<string, string>>;

const pods = { group: '', resource: 'pods' };
const isPod = ({ group, resource, subresource, operation }: AdmissionRequest, ...operations: AdmissionRequest['operation'][]): boolean =>
  group === '' && resource === 'pods' && subresource === '' && operations.includes(operation);
const podOf = ({ object }: AdmissionRequest): Pod => object as unknown as Pod;

/** `a=b,c=d` */
function labelsOf(text: string): Labels {
  const out: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [key, value, ...more] = part.split('=');
    if (value === undefined || more.length > 0) throw unexplained(`invalid selector: [${part.trim()}]`);
    out[key!.trim()] = value.trim();
  }
  return out;
}

const conflicts = (a: Labels, b: Labels): boolean => Object.keys(a).some((key) => b[key] !== undefined && b[key] !== a[key]);

const selectorAnnotation = 'scheduler.alpha.kubernetes.io/node-selector';

export function podNodeSelector(namespaces: Storage, all: AdmissionConfiguration): AdmissionPlugin {
  const configured = (all.get('PodNodeSelector')?.['podNodeSelectorPluginConfig'] ?? {}) as Labels;
  const ofNamespace = async (name: string): Promise<Labels> => {
    const { annotations } = (await namespaces.get('', name, 0)).object.metadata;
    return labelsOf(annotations?.[selectorAnnotation] ?? configured['clusterDefaultNodeSelector'] ?? '');
  };
  const check = async (request: AdmissionRequest, give: boolean): Promise<void> => {
    const { spec, metadata } = podOf(request);
    const wanted = await ofNamespace(request.namespace);
    if (conflicts(wanted, spec.nodeSelector ?? {})) throw StatusError.forbidden(pods, metadata.name, 'pod node label selector conflicts with its namespace node label selector');
    if (give && Object.keys(wanted).length > 0) spec.nodeSelector = { ...wanted, ...spec.nodeSelector };
    const allowed = labelsOf(configured[request.namespace] ?? '');
    const selected = Object.entries(spec.nodeSelector ?? {});
    if (Object.keys(allowed).length > 0 && !selected.every(([key, value]) => allowed[key] === value)) {
      throw StatusError.forbidden(pods, metadata.name, 'pod node label selector labels conflict with its namespace whitelist');
    }
  };
  return {
    name: 'PodNodeSelector',
    mutate: (request) => (isPod(request, 'CREATE') ? check(request, true) : undefined),
    validate: (request) => (isPod(request, 'CREATE') ? check(request, false) : undefined),
  };
}

type Tolerations = readonly DeepReadonly<Toleration>[];

/** Whether every taint that `small` tolerates is one that `big` tolerates. */
function covers(big: DeepReadonly<Toleration>, small: DeepReadonly<Toleration>): boolean {
  if (big.key !== small.key && (big.key || big.operator !== 'Exists')) return false;
  if (big.effect && big.effect !== small.effect) return false;
  const seconds = big.tolerationSeconds;
  if (big.effect === 'NoExecute' && seconds !== undefined && (small.tolerationSeconds === undefined || small.tolerationSeconds > seconds)) return false;
  return (big.operator || 'Equal') === 'Equal' ? (small.operator || 'Equal') === 'Equal' && (big.value ?? '') === (small.value ?? '') : true;
}

/** Without those that another one of them makes superfluous. */
function merged(first: Tolerations, second: Tolerations): Toleration[] {
  const all = [...first, ...second];
  return all.filter((t, i) => !all.some((other, j) => i !== j && covers(other, t) && (!covers(t, other) || j < i))).map((t) => ({ ...t }));
}

const defaultAnnotation = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const allowedAnnotation = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';

export function podTolerationRestriction(namespaces: Storage, all: AdmissionConfiguration): AdmissionPlugin {
  const section = sectionOf(all, 'PodTolerationRestriction', 'Configuration', ['podtolerationrestriction.admission.k8s.io/v1alpha1']) as { default?: Tolerations; whitelist?: Tolerations } | undefined;
  const listOf = async (namespace: string, annotation: string): Promise<Tolerations | undefined> => {
    const text = (await namespaces.get('', namespace, 0)).object.metadata.annotations?.[annotation];
    if (text === undefined || text === '') return text === undefined ? undefined : [];
    try {
      return JSON.parse(text) as Tolerations;
    } catch (error) {
      throw unexplained((error as Error).message);
    }
  };
  const check = async (request: AdmissionRequest): Promise<void> => {
    const { spec } = podOf(request);
    if (!spec.tolerations?.length) return;
    const own = await listOf(request.namespace, allowedAnnotation);
    const allowed = own ?? section?.whitelist ?? [];
    if (allowed.length > 0 && !spec.tolerations.every((t) => allowed.some((a) => covers(a, t)))) {
      throw unexplained(`pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own ? 'namespace' : 'cluster'} whitelist`);
    }
  };
  const give = async (request: AdmissionRequest): Promise<void> => {
    const { spec } = podOf(request);
    const extra = request.operation === 'CREATE' ? [...((await listOf(request.namespace, defaultAnnotation)) ?? section?.default ?? [])] : [];
    if (qosClass(spec) !== 'BestEffort') extra.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' });
    if (extra.length > 0) spec.tolerations = merged(spec.tolerations ?? [], extra);
    return check(request);
  };
  return {
    name: 'PodTolerationRestriction',
    mutate: (request) => (isPod(request, 'CREATE', 'UPDATE') ? give(request) : undefined),
    validate: (request) => (isPod(request, 'CREATE', 'UPDATE') ? check(request) : undefined),
  };
}

const limitTypes = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;

export interface EventLimit {
  readonly type: (typeof limitTypes)[number];
  readonly qps: number;
  readonly burst: number;
  readonly cacheSize?: number;
}

/** Throws for what is no configuration of EventRateLimit. */
export function eventLimits(all: AdmissionConfiguration): readonly EventLimit[] {
  const section = sectionOf(all, 'EventRateLimit', 'Configuration', ['eventratelimit.admission.k8s.io/v1alpha1']) as { limits?: readonly EventLimit[] } | undefined;
  if (!section?.limits?.length) throw new ConfigurationMistake('EventRateLimit', 'limits: Required value');
  for (const limit of section.limits) {
    if (!limitTypes.includes(limit.type)) throw new ConfigurationMistake('EventRateLimit', `type: Unsupported value: ${JSON.stringify(limit.type)}: supported values: ${limitTypes.map((t) => JSON.stringify(t)).join(', ')}`);
    if (!(limit.burst > 0) || !(limit.qps > 0)) throw new ConfigurationMistake('EventRateLimit', 'burst and qps must be positive');
  }
  return section.limits;
}
