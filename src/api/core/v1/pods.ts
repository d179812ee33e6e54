// The data of the core group/v1: pods. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { dnsPolicies, inclusionPolicies, nodeOperators, podPhases, preemptionPolicies, qosClasses, restartPolicies, taintEffects, tolerationOperators, unsatisfiableActions } from './enums.ts';
import type * as T from './types.ts';

export const Affinity: Struct<T.Affinity> = {
  fields: {
    nodeAffinity: { n: 1, type: 'NodeAffinity', ptr: true },
    podAffinity: { n: 2, type: 'PodAffinity', ptr: true },
    podAntiAffinity: { n: 3, type: 'PodAntiAffinity', ptr: true },
  },
};

export const Binding: Struct<T.Binding> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    target: { n: 2, type: 'ObjectReference', always: true, required: true },
  },
};

export const HostAlias: Struct<T.HostAlias> = {
  fields: {
    ip: { n: 1, type: 'string', always: true, required: true },
    hostnames: { n: 2, type: '[]string', listType: 'atomic' },
  },
};

export const NodeAffinity: Struct<T.NodeAffinity> = {
  fields: {
    requiredDuringSchedulingIgnoredDuringExecution: { n: 1, type: 'NodeSelector', ptr: true },
    preferredDuringSchedulingIgnoredDuringExecution: { n: 2, type: '[]PreferredSchedulingTerm', listType: 'atomic' },
  },
};

export const NodeSelector: Struct<T.NodeSelector> = {
  mapType: 'atomic',
  fields: {
    nodeSelectorTerms: { n: 1, type: '[]NodeSelectorTerm', always: true, required: true, listType: 'atomic' },
  },
};

export const NodeSelectorRequirement: Struct<T.NodeSelectorRequirement> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    operator: { n: 2, type: 'string', enum: nodeOperators, always: true, required: true },
    values: { n: 3, type: '[]string', listType: 'atomic' },
  },
};

export const NodeSelectorTerm: Struct<T.NodeSelectorTerm> = {
  mapType: 'atomic',
  fields: {
    matchExpressions: { n: 1, type: '[]NodeSelectorRequirement', listType: 'atomic' },
    matchFields: { n: 2, type: '[]NodeSelectorRequirement', listType: 'atomic' },
  },
};

export const Pod: Struct<T.Pod> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PodSpec' },
    status: { n: 3, type: 'PodStatus' },
  },
};

export const PodAffinity: Struct<T.PodAffinity> = {
  fields: {
    requiredDuringSchedulingIgnoredDuringExecution: { n: 1, type: '[]PodAffinityTerm', listType: 'atomic' },
    preferredDuringSchedulingIgnoredDuringExecution: { n: 2, type: '[]WeightedPodAffinityTerm', listType: 'atomic' },
  },
};

export const PodAffinityTerm: Struct<T.PodAffinityTerm> = {
  fields: {
    labelSelector: { n: 1, type: 'meta.v1.LabelSelector', ptr: true },
    namespaces: { n: 2, type: '[]string', listType: 'atomic' },
    topologyKey: { n: 3, type: 'string', always: true, required: true },
    namespaceSelector: { n: 4, type: 'meta.v1.LabelSelector', ptr: true },
    matchLabelKeys: { n: 5, type: '[]string', listType: 'atomic' },
    mismatchLabelKeys: { n: 6, type: '[]string', listType: 'atomic' },
  },
};

export const PodAntiAffinity: Struct<T.PodAntiAffinity> = {
  fields: {
    requiredDuringSchedulingIgnoredDuringExecution: { n: 1, type: '[]PodAffinityTerm', listType: 'atomic' },
    preferredDuringSchedulingIgnoredDuringExecution: { n: 2, type: '[]WeightedPodAffinityTerm', listType: 'atomic' },
  },
};

export const PodAttachOptions: Struct<T.PodAttachOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    stdin: { n: 1, type: 'bool' },
    stdout: { n: 2, type: 'bool' },
    stderr: { n: 3, type: 'bool' },
    tty: { n: 4, type: 'bool' },
    container: { n: 5, type: 'string' },
  },
};

export const PodCondition: Struct<T.PodCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    observedGeneration: { n: 7, type: 'int64' },
    status: { n: 2, type: 'string', always: true, required: true },
    lastProbeTime: { n: 3, type: 'Time' },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string' },
    message: { n: 6, type: 'string' },
  },
};

export const PodDNSConfig: Struct<T.PodDNSConfig> = {
  fields: {
    nameservers: { n: 1, type: '[]string', listType: 'atomic' },
    searches: { n: 2, type: '[]string', listType: 'atomic' },
    options: { n: 3, type: '[]PodDNSConfigOption', listType: 'atomic' },
  },
};

export const PodDNSConfigOption: Struct<T.PodDNSConfigOption> = {
  fields: {
    name: { n: 1, type: 'string' },
    value: { n: 2, type: 'string', ptr: true },
  },
};

export const PodExecOptions: Struct<T.PodExecOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    stdin: { n: 1, type: 'bool' },
    stdout: { n: 2, type: 'bool' },
    stderr: { n: 3, type: 'bool' },
    tty: { n: 4, type: 'bool' },
    container: { n: 5, type: 'string' },
    command: { n: 6, type: '[]string', always: true },
  },
};

export const PodIP: Struct<T.PodIP> = {
  fields: {
    ip: { n: 1, type: 'string', always: true, required: true },
  },
};

export const PodLogOptions: Struct<T.PodLogOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    container: { n: 1, type: 'string' },
    follow: { n: 2, type: 'bool' },
    previous: { n: 3, type: 'bool' },
    sinceSeconds: { n: 4, type: 'int64', ptr: true },
    sinceTime: { n: 5, type: 'Time', ptr: true },
    timestamps: { n: 6, type: 'bool' },
    tailLines: { n: 7, type: 'int64', ptr: true },
    limitBytes: { n: 8, type: 'int64', ptr: true },
    insecureSkipTLSVerifyBackend: { n: 9, type: 'bool' },
    stream: { n: 10, type: 'string', ptr: true, default: 'All' },
  },
};

export const PodOS: Struct<T.PodOS> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};

export const PodPortForwardOptions: Struct<T.PodPortForwardOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    ports: { n: 1, type: '[]int32' },
  },
};

export const PodProxyOptions: Struct<T.PodProxyOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    path: { n: 1, type: 'string' },
  },
};

export const PodReadinessGate: Struct<T.PodReadinessGate> = {
  fields: {
    conditionType: { n: 1, type: 'string', always: true, required: true },
  },
};

export const PodSchedulingGate: Struct<T.PodSchedulingGate> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};

export const PodSpec: Struct<T.PodSpec> = {
  fields: {
    volumes: { n: 1, type: '[]Volume', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
    initContainers: { n: 20, type: '[]Container', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    containers: { n: 2, type: '[]Container', always: true, required: true, listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    ephemeralContainers: { n: 34, type: '[]EphemeralContainer', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    restartPolicy: { n: 3, type: 'string', enum: restartPolicies, default: 'Always' },
    terminationGracePeriodSeconds: { n: 4, type: 'int64', ptr: true, default: 30 },
    activeDeadlineSeconds: { n: 5, type: 'int64', ptr: true },
    dnsPolicy: { n: 6, type: 'string', enum: dnsPolicies, default: 'ClusterFirst' },
    nodeSelector: { n: 7, type: 'map:string', mapType: 'atomic' },
    serviceAccountName: { n: 8, type: 'string' },
    serviceAccount: { n: 9, type: 'string' },
    automountServiceAccountToken: { n: 21, type: 'bool', ptr: true },
    nodeName: { n: 10, type: 'string' },
    hostNetwork: { n: 11, type: 'bool' },
    hostPID: { n: 12, type: 'bool' },
    hostIPC: { n: 13, type: 'bool' },
    shareProcessNamespace: { n: 27, type: 'bool', ptr: true },
    securityContext: { n: 14, type: 'PodSecurityContext', ptr: true },
    imagePullSecrets: { n: 15, type: '[]LocalObjectReference', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    hostname: { n: 16, type: 'string' },
    subdomain: { n: 17, type: 'string' },
    affinity: { n: 18, type: 'Affinity', ptr: true },
    schedulerName: { n: 19, type: 'string', default: 'default-scheduler' },
    tolerations: { n: 22, type: '[]Toleration', listType: 'atomic' },
    hostAliases: { n: 23, type: '[]HostAlias', listType: 'map', listMapKeys: ['ip'], patchStrategy: 'merge', patchMergeKey: 'ip' },
    priorityClassName: { n: 24, type: 'string' },
    priority: { n: 25, type: 'int32', ptr: true },
    dnsConfig: { n: 26, type: 'PodDNSConfig', ptr: true },
    readinessGates: { n: 28, type: '[]PodReadinessGate', listType: 'atomic' },
    runtimeClassName: { n: 29, type: 'string', ptr: true },
    enableServiceLinks: { n: 30, type: 'bool', ptr: true },
    preemptionPolicy: { n: 31, type: 'string', enum: preemptionPolicies, ptr: true },
    overhead: { n: 32, type: 'map:Quantity' },
    topologySpreadConstraints: { n: 33, type: '[]TopologySpreadConstraint', listType: 'map', listMapKeys: ['topologyKey', 'whenUnsatisfiable'], patchStrategy: 'merge', patchMergeKey: 'topologyKey' },
    setHostnameAsFQDN: { n: 35, type: 'bool', ptr: true },
    os: { n: 36, type: 'PodOS', ptr: true },
    hostUsers: { n: 37, type: 'bool', ptr: true },
    schedulingGates: { n: 38, type: '[]PodSchedulingGate', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    resourceClaims: { n: 39, type: '[]PodResourceClaim', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
    resources: { n: 40, type: 'ResourceRequirements', ptr: true },
    hostnameOverride: { n: 41, type: 'string', ptr: true },
  },
};

export const PodStatus: Struct<T.PodStatus> = {
  fields: {
    observedGeneration: { n: 17, type: 'int64' },
    phase: { n: 1, type: 'string', enum: podPhases },
    conditions: { n: 2, type: '[]PodCondition', listType: 'map', listMapKeys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type' },
    message: { n: 3, type: 'string' },
    reason: { n: 4, type: 'string' },
    nominatedNodeName: { n: 11, type: 'string' },
    hostIP: { n: 5, type: 'string' },
    hostIPs: { n: 16, type: '[]HostIP', listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'ip' },
    podIP: { n: 6, type: 'string' },
    podIPs: { n: 12, type: '[]PodIP', listType: 'map', listMapKeys: ['ip'], patchStrategy: 'merge', patchMergeKey: 'ip' },
    startTime: { n: 7, type: 'Time', ptr: true },
    initContainerStatuses: { n: 10, type: '[]ContainerStatus', listType: 'atomic' },
    containerStatuses: { n: 8, type: '[]ContainerStatus', listType: 'atomic' },
    qosClass: { n: 9, type: 'string', enum: qosClasses },
    ephemeralContainerStatuses: { n: 13, type: '[]ContainerStatus', listType: 'atomic' },
    resize: { n: 14, type: 'string' },
    resourceClaimStatuses: { n: 15, type: '[]PodResourceClaimStatus', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
    extendedResourceClaimStatus: { n: 18, type: 'PodExtendedResourceClaimStatus', ptr: true },
  },
};

export const PodTemplate: Struct<T.PodTemplate> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    template: { n: 2, type: 'PodTemplateSpec' },
  },
};

export const PodTemplateSpec: Struct<T.PodTemplateSpec> = {
  fields: {
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'PodSpec' },
  },
};

export const PreferredSchedulingTerm: Struct<T.PreferredSchedulingTerm> = {
  fields: {
    weight: { n: 1, type: 'int32', always: true, required: true },
    preference: { n: 2, type: 'NodeSelectorTerm', always: true, required: true },
  },
};

export const SessionAffinityConfig: Struct<T.SessionAffinityConfig> = {
  fields: {
    clientIP: { n: 1, type: 'ClientIPConfig', ptr: true },
  },
};

export const Sysctl: Struct<T.Sysctl> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string', always: true, required: true },
  },
};

export const Toleration: Struct<T.Toleration> = {
  fields: {
    key: { n: 1, type: 'string' },
    operator: { n: 2, type: 'string', enum: tolerationOperators },
    value: { n: 3, type: 'string' },
    effect: { n: 4, type: 'string', enum: taintEffects },
    tolerationSeconds: { n: 5, type: 'int64', ptr: true },
  },
};

export const TopologySelectorLabelRequirement: Struct<T.TopologySelectorLabelRequirement> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    values: { n: 2, type: '[]string', always: true, required: true, listType: 'atomic' },
  },
};

export const TopologySelectorTerm: Struct<T.TopologySelectorTerm> = {
  mapType: 'atomic',
  fields: {
    matchLabelExpressions: { n: 1, type: '[]TopologySelectorLabelRequirement', listType: 'atomic' },
  },
};

export const TopologySpreadConstraint: Struct<T.TopologySpreadConstraint> = {
  fields: {
    maxSkew: { n: 1, type: 'int32', always: true, required: true },
    topologyKey: { n: 2, type: 'string', always: true, required: true },
    whenUnsatisfiable: { n: 3, type: 'string', enum: unsatisfiableActions, always: true, required: true },
    labelSelector: { n: 4, type: 'meta.v1.LabelSelector', ptr: true },
    minDomains: { n: 5, type: 'int32', ptr: true },
    nodeAffinityPolicy: { n: 6, type: 'string', enum: inclusionPolicies, ptr: true },
    nodeTaintsPolicy: { n: 7, type: 'string', enum: inclusionPolicies, ptr: true },
    matchLabelKeys: { n: 8, type: '[]string', listType: 'atomic' },
  },
};

export const WeightedPodAffinityTerm: Struct<T.WeightedPodAffinityTerm> = {
  fields: {
    weight: { n: 1, type: 'int32', always: true, required: true },
    podAffinityTerm: { n: 2, type: 'PodAffinityTerm', always: true, required: true },
  },
};
