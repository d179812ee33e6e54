/** Rules of the core kinds. Pods and services have files of their own. */
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { andTemplate, keep, specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import { dropDisabledOfTemplate } from './disabled.ts';
import { podRules } from './pod.ts';
import { serviceRules } from './service.ts';
import { validateEvent, validateEventUpdate } from './validation/events.ts';
import * as check from './validation/objects.ts';
import * as quotas from './validation/quotas.ts';
import * as storage from './validation/storage.ts';
import * as warn from './warnings/objects.ts';
import { templateRule } from './warnings/pod.ts';
import { nameIsLabel, nameIsPathSegment } from '../../machinery/names.ts';
import type * as T from './v1/types.ts';

const namespaceLabel = 'kubernetes.io/metadata.name';

function labelWithName(n: T.Namespace): void {
  if (n.metadata.name) (n.metadata.labels ??= {})[namespaceLabel] = n.metadata.name;
}

const namespaceRules: KindRules<T.Namespace> = {
  prepareCreate(n) {
    n.status = { phase: 'Active' };
    n.spec.finalizers = [...new Set([...(n.spec.finalizers ?? []), 'kubernetes'])];
    labelWithName(n);
  },
  prepareUpdate(n, old, context) {
    labelWithName(n);
    switch (context.subresource) {
      case 'status':
        keep(n, old, 'spec');
        break;
      case 'finalize':
        keep(n, old, 'status');
        break;
      default:
        keep(n, old, 'status');
        keep(n.spec, old.spec, 'finalizers');
    }
  },
  nameRule: nameIsLabel,
  metadataChecks: [4, 3],
  validate: check.validateNamespace,
  validateUpdate: (n, old, context) => check.validateNamespaceUpdate(n, old, context.subresource),
  columns: columns.namespaceColumns,
  selectable: { 'status.phase': (n) => n.status?.phase ?? '' },
};

const nodeParts = specAndStatus<T.Node>();

/** Nodes are not configured through the API any more. */
function dropNodeConfig(n: T.Node): void {
  delete n.spec.configSource;
  delete n.status?.config;
}

/** A kubelet registers its node with a status, so a creator may set it. */
const nodeRules: KindRules<T.Node> = {
  prepareCreate: dropNodeConfig,
  prepareUpdate(n, old, context) {
    nodeParts.prepareUpdate(n, old, context);
    if (!old.spec.configSource && !old.status?.config) dropNodeConfig(n);
  },
  metadataChecks: [4, 3],
  validate: check.validateNode,
  validateUpdate: check.validateNodeUpdate,
  warnings: (n, _old, { subresource }) => (subresource === 'status' ? [] : warn.nodeWarnings(n)),
  columns: columns.nodeColumns,
  selectable: { 'spec.unschedulable': (n) => String(n.spec.unschedulable ?? false) },
};

const reference: readonly (keyof T.ObjectReference)[] = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** The object that an event is about, selectable by the name that core has for it and by that of events.k8s.io. */
function aboutFields(prefix: string): Record<string, (e: DeepReadonly<T.Event>) => string> {
  return Object.fromEntries(reference.map((key) => [`${prefix}.${key}`, (e: DeepReadonly<T.Event>) => e.involvedObject[key] ?? '']));
}

const eventRules: KindRules<T.Event> = {
  nameRule: nameIsPathSegment,
  metadataChecks: [2, 2],
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
  columns: columns.eventColumns,
  selectable: {
    ...aboutFields('involvedObject'),
    ...aboutFields('regarding'),
    reason: (e) => e.reason ?? '',
    reportingComponent: (e) => e.reportingComponent ?? '',
    reportingController: (e) => e.reportingComponent ?? '',
    source: (e) => e.source?.component || e.reportingComponent || '',
    type: (e) => e.type ?? '',
  },
  selectableIn: (field, apiVersion) => !(apiVersion === 'v1' ? /^(regarding\.|reportingController$)/ : /^(involvedObject\.|reportingComponent$|source$)/).test(field),
};

const replicationControllerRules: KindRules<T.ReplicationController> = {
  ...andTemplate(specAndStatus<T.ReplicationController>(), (r) => r.spec.template, dropDisabledOfTemplate),
  warnings: templateRule<T.ReplicationController>((r) => r.spec.template, 'spec.template', true),
  generation: 'spec',
  metadataChecks: [4, 3],
  validate: check.validateReplicationController,
  validateUpdate: (r, _old, context) => (context.subresource === 'status' ? check.validateReplicationController(r) : check.validateReplicationControllerUpdate(r)),
  columns: columns.replicationControllerColumns,
  selectable: { 'status.replicas': (r) => String(r.status?.replicas ?? 0) },
};

const persistentVolumeRules: KindRules<T.PersistentVolume> = {
  prepareCreate(v, context) {
    v.status = { phase: 'Pending', lastPhaseTransitionTime: context.now };
  },
  prepareUpdate(v, old, context) {
    if (context.subresource !== 'status') {
      keep(v, old, 'status');
      return;
    }
    keep(v, old, 'spec');
    if (v.status.phase !== old.status.phase && (!v.status.lastPhaseTransitionTime || v.status.lastPhaseTransitionTime === old.status.lastPhaseTransitionTime)) {
      v.status.lastPhaseTransitionTime = context.now;
    }
  },
  metadataChecks: [4, 3],
  validate: storage.validateVolume,
  validateUpdate: (v, old, context) => storage.validateVolumeUpdate(v, old, context.subresource),
  warnings: (v, _old, { subresource }) => (subresource === 'status' ? [] : warn.volumeWarnings(v)),
  columns: columns.persistentVolumeColumns,
};

const claimParts = specAndStatus<T.PersistentVolumeClaim>({ initial: () => ({ phase: 'Pending' }) });

function isOldSource(source: T.TypedLocalObjectReference): boolean {
  return (source.kind === 'PersistentVolumeClaim' && !source.apiGroup) || (source.kind === 'VolumeSnapshot' && source.apiGroup === 'snapshot.storage.k8s.io');
}

/** dataSource and dataSourceRef say the same; the older field only knows claims and snapshots. References into other namespaces are behind a gate that is off. */
function settleSources(spec: T.PersistentVolumeClaimSpec, old?: DeepReadonly<T.PersistentVolumeClaimSpec>): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  if (!old?.dataSource && !old?.dataSourceRef && !spec.dataSourceRef && spec.dataSource && !isOldSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { namespace: _elsewhere, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

const persistentVolumeClaimRules: KindRules<T.PersistentVolumeClaim> = {
  prepareCreate(claim, context) {
    claimParts.prepareCreate(claim, context);
    settleSources(claim.spec);
  },
  prepareUpdate(claim, old, context) {
    claimParts.prepareUpdate(claim, old, context);
    if (context.subresource === '') settleSources(claim.spec, old.spec);
  },
  metadataChecks: [5, 3],
  validate: storage.validateClaim,
  validateUpdate: (c, old, context) => storage.validateClaimUpdate(c, old, context.subresource),
  warnings: (c, _old, { subresource }) => (subresource === 'status' ? [] : warn.claimWarnings(c)),
  columns: columns.persistentVolumeClaimColumns,
};

/** Of its secrets, an account knows the names. */
function onlyNames(account: T.ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  Pod: podRules,
  Service: serviceRules,
  Namespace: namespaceRules,
  Node: nodeRules,
  Event: eventRules,
  ReplicationController: replicationControllerRules,
  PersistentVolume: persistentVolumeRules,
  PersistentVolumeClaim: persistentVolumeClaimRules,
  ResourceQuota: {
    ...specAndStatus<T.ResourceQuota>(),
    validate: quotas.validateResourceQuota,
    validateUpdate: (q: T.ResourceQuota, old: T.ResourceQuota, context: RuleContext) => quotas.validateResourceQuotaUpdate(q, old, context.subresource),
    columns: columns.resourceQuotaColumns,
  },
  LimitRange: { validate: quotas.validateLimitRange },
  ConfigMap: { metadataChecks: [4, 3], validate: check.validateConfigMap, validateUpdate: check.validateConfigMapUpdate, columns: columns.configMapColumns },
  Secret: { metadataChecks: [4, 3], validate: check.validateSecret, validateUpdate: check.validateSecretUpdate, warnings: warn.secretWarnings, columns: columns.secretColumns, selectable: { type: (s: T.Secret) => s.type ?? '' } },
  ServiceAccount: { metadataChecks: [4, 3], prepareCreate: onlyNames, prepareUpdate: onlyNames, warnings: warn.serviceAccountWarnings, columns: columns.serviceAccountColumns },
  Endpoints: { metadataChecks: [4, 3], validate: check.validateEndpoints, warnings: warn.endpointsWarnings, columns: columns.endpointsColumns },
  PodTemplate: { validate: check.validatePodTemplate, prepareCreate: (t: T.PodTemplate) => dropDisabledOfTemplate(t.template), prepareUpdate: (t: T.PodTemplate, old: DeepReadonly<T.PodTemplate>) => dropDisabledOfTemplate(t.template, old.template), warnings: templateRule<T.PodTemplate>((t) => t.template, 'template', false), columns: columns.podTemplateColumns, generation: 'all-but-metadata-and-status' },
  ComponentStatus: { columns: columns.componentStatusColumns },
};
