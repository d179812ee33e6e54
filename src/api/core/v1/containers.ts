// The data of the core group/v1: containers. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { fsGroupChangePolicies, procMounts, profileTypes, protocols, pullPolicies, signals, supplementalGroupsPolicies, terminationMessagePolicies, uriSchemes } from './enums.ts';
import type * as T from './types.ts';

export const AppArmorProfile: Struct<T.AppArmorProfile> = {
  unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }],
  fields: {
    type: { n: 1, type: 'string', enum: profileTypes, always: true, required: true },
    localhostProfile: { n: 2, type: 'string', ptr: true },
  },
};

export const Capabilities: Struct<T.Capabilities> = {
  fields: {
    add: { n: 1, type: '[]string', listType: 'atomic' },
    drop: { n: 2, type: '[]string', listType: 'atomic' },
  },
};

export const ConfigMapEnvSource: Struct<T.ConfigMapEnvSource> = {
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    optional: { n: 2, type: 'bool', ptr: true },
  },
};

export const ConfigMapKeySelector: Struct<T.ConfigMapKeySelector> = {
  mapType: 'atomic',
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    key: { n: 2, type: 'string', always: true, required: true },
    optional: { n: 3, type: 'bool', ptr: true },
  },
};

export const Container: Struct<T.Container> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    image: { n: 2, type: 'string' },
    command: { n: 3, type: '[]string', listType: 'atomic' },
    args: { n: 4, type: '[]string', listType: 'atomic' },
    workingDir: { n: 5, type: 'string' },
    ports: { n: 6, type: '[]ContainerPort', listType: 'map', listMapKeys: ['containerPort', 'protocol'], patchStrategy: 'merge', patchMergeKey: 'containerPort' },
    envFrom: { n: 19, type: '[]EnvFromSource', listType: 'atomic' },
    env: { n: 7, type: '[]EnvVar', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    resources: { n: 8, type: 'ResourceRequirements' },
    resizePolicy: { n: 23, type: '[]ContainerResizePolicy', listType: 'atomic' },
    restartPolicy: { n: 24, type: 'string', ptr: true },
    restartPolicyRules: { n: 25, type: '[]ContainerRestartRule', listType: 'atomic' },
    volumeMounts: { n: 9, type: '[]VolumeMount', listType: 'map', listMapKeys: ['mountPath'], patchStrategy: 'merge', patchMergeKey: 'mountPath' },
    volumeDevices: { n: 21, type: '[]VolumeDevice', listType: 'map', listMapKeys: ['devicePath'], patchStrategy: 'merge', patchMergeKey: 'devicePath' },
    livenessProbe: { n: 10, type: 'Probe', ptr: true },
    readinessProbe: { n: 11, type: 'Probe', ptr: true },
    startupProbe: { n: 22, type: 'Probe', ptr: true },
    lifecycle: { n: 12, type: 'Lifecycle', ptr: true },
    terminationMessagePath: { n: 13, type: 'string', default: '/dev/termination-log' },
    terminationMessagePolicy: { n: 20, type: 'string', enum: terminationMessagePolicies, default: 'File' },
    imagePullPolicy: { n: 14, type: 'string', enum: pullPolicies },
    securityContext: { n: 15, type: 'SecurityContext', ptr: true },
    stdin: { n: 16, type: 'bool' },
    stdinOnce: { n: 17, type: 'bool' },
    tty: { n: 18, type: 'bool' },
  },
};

export const ContainerExtendedResourceRequest: Struct<T.ContainerExtendedResourceRequest> = {
  fields: {
    containerName: { n: 1, type: 'string', always: true, required: true },
    resourceName: { n: 2, type: 'string', always: true, required: true },
    requestName: { n: 3, type: 'string', always: true, required: true },
  },
};

export const ContainerImage: Struct<T.ContainerImage> = {
  fields: {
    names: { n: 1, type: '[]string', always: true, listType: 'atomic' },
    sizeBytes: { n: 2, type: 'int64' },
  },
};

export const ContainerPort: Struct<T.ContainerPort> = {
  fields: {
    name: { n: 1, type: 'string' },
    hostPort: { n: 2, type: 'int32' },
    containerPort: { n: 3, type: 'int32', always: true, required: true },
    protocol: { n: 4, type: 'string', enum: protocols, default: 'TCP', told: true },
    hostIP: { n: 5, type: 'string' },
  },
};

export const ContainerResizePolicy: Struct<T.ContainerResizePolicy> = {
  fields: {
    resourceName: { n: 1, type: 'string', always: true, required: true },
    restartPolicy: { n: 2, type: 'string', always: true, required: true },
  },
};

export const ContainerRestartRule: Struct<T.ContainerRestartRule> = {
  fields: {
    action: { n: 1, type: 'string', required: true },
    exitCodes: { n: 2, type: 'ContainerRestartRuleOnExitCodes', ptr: true },
  },
};

export const ContainerRestartRuleOnExitCodes: Struct<T.ContainerRestartRuleOnExitCodes> = {
  fields: {
    operator: { n: 1, type: 'string', required: true },
    values: { n: 2, type: '[]int32', listType: 'set' },
  },
};

export const ContainerState: Struct<T.ContainerState> = {
  fields: {
    waiting: { n: 1, type: 'ContainerStateWaiting', ptr: true },
    running: { n: 2, type: 'ContainerStateRunning', ptr: true },
    terminated: { n: 3, type: 'ContainerStateTerminated', ptr: true },
  },
};

export const ContainerStateRunning: Struct<T.ContainerStateRunning> = {
  fields: {
    startedAt: { n: 1, type: 'Time' },
  },
};

export const ContainerStateTerminated: Struct<T.ContainerStateTerminated> = {
  fields: {
    exitCode: { n: 1, type: 'int32', always: true, required: true },
    signal: { n: 2, type: 'int32' },
    reason: { n: 3, type: 'string' },
    message: { n: 4, type: 'string' },
    startedAt: { n: 5, type: 'Time' },
    finishedAt: { n: 6, type: 'Time' },
    containerID: { n: 7, type: 'string' },
  },
};

export const ContainerStateWaiting: Struct<T.ContainerStateWaiting> = {
  fields: {
    reason: { n: 1, type: 'string' },
    message: { n: 2, type: 'string' },
  },
};

export const ContainerStatus: Struct<T.ContainerStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    state: { n: 2, type: 'ContainerState' },
    lastState: { n: 3, type: 'ContainerState' },
    ready: { n: 4, type: 'bool', always: true, required: true },
    restartCount: { n: 5, type: 'int32', always: true, required: true },
    image: { n: 6, type: 'string', always: true, required: true },
    imageID: { n: 7, type: 'string', always: true, required: true },
    containerID: { n: 8, type: 'string' },
    started: { n: 9, type: 'bool', ptr: true },
    allocatedResources: { n: 10, type: 'map:Quantity' },
    resources: { n: 11, type: 'ResourceRequirements', ptr: true },
    volumeMounts: { n: 12, type: '[]VolumeMountStatus', listType: 'map', listMapKeys: ['mountPath'], patchStrategy: 'merge', patchMergeKey: 'mountPath' },
    user: { n: 13, type: 'ContainerUser', ptr: true },
    allocatedResourcesStatus: { n: 14, type: '[]ResourceStatus', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    stopSignal: { n: 15, type: 'string', enum: signals, ptr: true },
  },
};

export const ContainerUser: Struct<T.ContainerUser> = {
  fields: {
    linux: { n: 1, type: 'LinuxContainerUser', ptr: true },
  },
};

export const EnvFromSource: Struct<T.EnvFromSource> = {
  fields: {
    prefix: { n: 1, type: 'string' },
    configMapRef: { n: 2, type: 'ConfigMapEnvSource', ptr: true },
    secretRef: { n: 3, type: 'SecretEnvSource', ptr: true },
  },
};

export const EnvVar: Struct<T.EnvVar> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string' },
    valueFrom: { n: 3, type: 'EnvVarSource', ptr: true },
  },
};

export const EnvVarSource: Struct<T.EnvVarSource> = {
  fields: {
    fieldRef: { n: 1, type: 'ObjectFieldSelector', ptr: true },
    resourceFieldRef: { n: 2, type: 'ResourceFieldSelector', ptr: true },
    configMapKeyRef: { n: 3, type: 'ConfigMapKeySelector', ptr: true },
    secretKeyRef: { n: 4, type: 'SecretKeySelector', ptr: true },
    fileKeyRef: { n: 5, type: 'FileKeySelector', ptr: true },
  },
};

export const EphemeralContainer: Struct<T.EphemeralContainer> = {
  fields: {
    name: { path: [1, 1], type: 'string', always: true, required: true },
    image: { path: [1, 2], type: 'string' },
    command: { path: [1, 3], type: '[]string', listType: 'atomic' },
    args: { path: [1, 4], type: '[]string', listType: 'atomic' },
    workingDir: { path: [1, 5], type: 'string' },
    ports: { path: [1, 6], type: '[]ContainerPort', listType: 'map', listMapKeys: ['containerPort', 'protocol'], patchStrategy: 'merge', patchMergeKey: 'containerPort' },
    envFrom: { path: [1, 19], type: '[]EnvFromSource', listType: 'atomic' },
    env: { path: [1, 7], type: '[]EnvVar', listType: 'map', listMapKeys: ['name'], patchStrategy: 'merge', patchMergeKey: 'name' },
    resources: { path: [1, 8], type: 'ResourceRequirements' },
    resizePolicy: { path: [1, 23], type: '[]ContainerResizePolicy', listType: 'atomic' },
    restartPolicy: { path: [1, 24], type: 'string', ptr: true },
    restartPolicyRules: { path: [1, 25], type: '[]ContainerRestartRule', listType: 'atomic' },
    volumeMounts: { path: [1, 9], type: '[]VolumeMount', listType: 'map', listMapKeys: ['mountPath'], patchStrategy: 'merge', patchMergeKey: 'mountPath' },
    volumeDevices: { path: [1, 21], type: '[]VolumeDevice', listType: 'map', listMapKeys: ['devicePath'], patchStrategy: 'merge', patchMergeKey: 'devicePath' },
    livenessProbe: { path: [1, 10], type: 'Probe', ptr: true },
    readinessProbe: { path: [1, 11], type: 'Probe', ptr: true },
    startupProbe: { path: [1, 22], type: 'Probe', ptr: true },
    lifecycle: { path: [1, 12], type: 'Lifecycle', ptr: true },
    terminationMessagePath: { path: [1, 13], type: 'string', default: '/dev/termination-log' },
    terminationMessagePolicy: { path: [1, 20], type: 'string', enum: terminationMessagePolicies, default: 'File' },
    imagePullPolicy: { path: [1, 14], type: 'string', enum: pullPolicies },
    securityContext: { path: [1, 15], type: 'SecurityContext', ptr: true },
    stdin: { path: [1, 16], type: 'bool' },
    stdinOnce: { path: [1, 17], type: 'bool' },
    tty: { path: [1, 18], type: 'bool' },
    targetContainerName: { n: 2, type: 'string' },
  },
};

export const ExecAction: Struct<T.ExecAction> = {
  fields: {
    command: { n: 1, type: '[]string', listType: 'atomic' },
  },
};

export const FileKeySelector: Struct<T.FileKeySelector> = {
  mapType: 'atomic',
  fields: {
    volumeName: { n: 1, type: 'string', always: true, required: true },
    path: { n: 2, type: 'string', always: true, required: true },
    key: { n: 3, type: 'string', always: true, required: true },
    optional: { n: 4, type: 'bool', ptr: true, told: true },
  },
};

export const GRPCAction: Struct<T.GRPCAction> = {
  fields: {
    port: { n: 1, type: 'int32', always: true, required: true },
    service: { n: 2, type: 'string', ptr: true, always: true, default: '', told: true },
  },
};

export const HTTPGetAction: Struct<T.HTTPGetAction> = {
  fields: {
    path: { n: 1, type: 'string', default: '/' },
    port: { n: 2, type: 'IntOrString', always: true, required: true },
    host: { n: 3, type: 'string' },
    scheme: { n: 4, type: 'string', enum: uriSchemes, default: 'HTTP' },
    httpHeaders: { n: 5, type: '[]HTTPHeader', listType: 'atomic' },
  },
};

export const HTTPHeader: Struct<T.HTTPHeader> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string', always: true, required: true },
  },
};

export const Lifecycle: Struct<T.Lifecycle> = {
  fields: {
    postStart: { n: 1, type: 'LifecycleHandler', ptr: true },
    preStop: { n: 2, type: 'LifecycleHandler', ptr: true },
    stopSignal: { n: 3, type: 'string', enum: signals, ptr: true },
  },
};

export const LifecycleHandler: Struct<T.LifecycleHandler> = {
  fields: {
    exec: { n: 1, type: 'ExecAction', ptr: true },
    httpGet: { n: 2, type: 'HTTPGetAction', ptr: true },
    tcpSocket: { n: 3, type: 'TCPSocketAction', ptr: true },
    sleep: { n: 4, type: 'SleepAction', ptr: true },
  },
};

export const NodeRuntimeHandler: Struct<T.NodeRuntimeHandler> = {
  fields: {
    name: { n: 1, type: 'string', always: true },
    features: { n: 2, type: 'NodeRuntimeHandlerFeatures', ptr: true },
  },
};

export const NodeRuntimeHandlerFeatures: Struct<T.NodeRuntimeHandlerFeatures> = {
  fields: {
    recursiveReadOnlyMounts: { n: 1, type: 'bool', ptr: true },
    userNamespaces: { n: 2, type: 'bool', ptr: true },
  },
};

export const ObjectFieldSelector: Struct<T.ObjectFieldSelector> = {
  mapType: 'atomic',
  fields: {
    apiVersion: { n: 1, type: 'string', default: 'v1' },
    fieldPath: { n: 2, type: 'string', always: true, required: true },
  },
};

export const PodExtendedResourceClaimStatus: Struct<T.PodExtendedResourceClaimStatus> = {
  fields: {
    requestMappings: { n: 1, type: '[]ContainerExtendedResourceRequest', always: true, required: true, listType: 'atomic' },
    resourceClaimName: { n: 2, type: 'string', always: true, required: true },
  },
};

export const PodResourceClaim: Struct<T.PodResourceClaim> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    resourceClaimName: { n: 3, type: 'string', ptr: true },
    resourceClaimTemplateName: { n: 4, type: 'string', ptr: true },
  },
};

export const PodResourceClaimStatus: Struct<T.PodResourceClaimStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    resourceClaimName: { n: 2, type: 'string', ptr: true },
  },
};

export const PodSecurityContext: Struct<T.PodSecurityContext> = {
  fields: {
    seLinuxOptions: { n: 1, type: 'SELinuxOptions', ptr: true },
    windowsOptions: { n: 8, type: 'WindowsSecurityContextOptions', ptr: true },
    runAsUser: { n: 2, type: 'int64', ptr: true },
    runAsGroup: { n: 6, type: 'int64', ptr: true },
    runAsNonRoot: { n: 3, type: 'bool', ptr: true },
    supplementalGroups: { n: 4, type: '[]int64', listType: 'atomic' },
    supplementalGroupsPolicy: { n: 12, type: 'string', enum: supplementalGroupsPolicies, ptr: true },
    fsGroup: { n: 5, type: 'int64', ptr: true },
    sysctls: { n: 7, type: '[]Sysctl', listType: 'atomic' },
    fsGroupChangePolicy: { n: 9, type: 'string', enum: fsGroupChangePolicies, ptr: true },
    seccompProfile: { n: 10, type: 'SeccompProfile', ptr: true },
    appArmorProfile: { n: 11, type: 'AppArmorProfile', ptr: true },
    seLinuxChangePolicy: { n: 13, type: 'string', ptr: true },
  },
};

export const Probe: Struct<T.Probe> = {
  fields: {
    exec: { path: [1, 1], type: 'ExecAction', ptr: true },
    httpGet: { path: [1, 2], type: 'HTTPGetAction', ptr: true },
    tcpSocket: { path: [1, 3], type: 'TCPSocketAction', ptr: true },
    grpc: { path: [1, 4], type: 'GRPCAction', ptr: true },
    initialDelaySeconds: { n: 2, type: 'int32' },
    timeoutSeconds: { n: 3, type: 'int32', default: 1 },
    periodSeconds: { n: 4, type: 'int32', default: 10 },
    successThreshold: { n: 5, type: 'int32', default: 1 },
    failureThreshold: { n: 6, type: 'int32', default: 3 },
    terminationGracePeriodSeconds: { n: 7, type: 'int64', ptr: true },
  },
};

export const ResourceClaim: Struct<T.ResourceClaim> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    request: { n: 2, type: 'string' },
  },
};

export const ResourceFieldSelector: Struct<T.ResourceFieldSelector> = {
  mapType: 'atomic',
  fields: {
    containerName: { n: 1, type: 'string' },
    resource: { n: 2, type: 'string', always: true, required: true },
    divisor: { n: 3, type: 'Quantity' },
  },
};

export const ResourceHealth: Struct<T.ResourceHealth> = {
  fields: {
    resourceID: { n: 1, type: 'string', always: true, required: true },
    health: { n: 2, type: 'string' },
  },
};

export const ResourceRequirements: Struct<T.ResourceRequirements> = {
  fields: {
    limits: { n: 1, type: 'map:Quantity' },
    requests: { n: 2, type: 'map:Quantity' },
    claims: { n: 3, type: '[]ResourceClaim', listType: 'map', listMapKeys: ['name'] },
  },
};

export const ResourceStatus: Struct<T.ResourceStatus> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    resources: { n: 2, type: '[]ResourceHealth', listType: 'map', listMapKeys: ['resourceID'] },
  },
};

export const SELinuxOptions: Struct<T.SELinuxOptions> = {
  fields: {
    user: { n: 1, type: 'string' },
    role: { n: 2, type: 'string' },
    type: { n: 3, type: 'string' },
    level: { n: 4, type: 'string' },
  },
};

export const SeccompProfile: Struct<T.SeccompProfile> = {
  unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }],
  fields: {
    type: { n: 1, type: 'string', enum: profileTypes, always: true, required: true },
    localhostProfile: { n: 2, type: 'string', ptr: true },
  },
};

export const SecretEnvSource: Struct<T.SecretEnvSource> = {
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    optional: { n: 2, type: 'bool', ptr: true },
  },
};

export const SecretKeySelector: Struct<T.SecretKeySelector> = {
  mapType: 'atomic',
  fields: {
    name: { path: [1, 1], type: 'string', told: true },
    key: { n: 2, type: 'string', always: true, required: true },
    optional: { n: 3, type: 'bool', ptr: true },
  },
};

export const SecurityContext: Struct<T.SecurityContext> = {
  fields: {
    capabilities: { n: 1, type: 'Capabilities', ptr: true },
    privileged: { n: 2, type: 'bool', ptr: true },
    seLinuxOptions: { n: 3, type: 'SELinuxOptions', ptr: true },
    windowsOptions: { n: 10, type: 'WindowsSecurityContextOptions', ptr: true },
    runAsUser: { n: 4, type: 'int64', ptr: true },
    runAsGroup: { n: 8, type: 'int64', ptr: true },
    runAsNonRoot: { n: 5, type: 'bool', ptr: true },
    readOnlyRootFilesystem: { n: 6, type: 'bool', ptr: true },
    allowPrivilegeEscalation: { n: 7, type: 'bool', ptr: true },
    procMount: { n: 9, type: 'string', enum: procMounts, ptr: true },
    seccompProfile: { n: 11, type: 'SeccompProfile', ptr: true },
    appArmorProfile: { n: 12, type: 'AppArmorProfile', ptr: true },
  },
};

export const SleepAction: Struct<T.SleepAction> = {
  fields: {
    seconds: { n: 1, type: 'int64', always: true, required: true },
  },
};

export const TCPSocketAction: Struct<T.TCPSocketAction> = {
  fields: {
    port: { n: 1, type: 'IntOrString', always: true, required: true },
    host: { n: 2, type: 'string' },
  },
};

export const WindowsSecurityContextOptions: Struct<T.WindowsSecurityContextOptions> = {
  fields: {
    gmsaCredentialSpecName: { n: 1, type: 'string', ptr: true },
    gmsaCredentialSpec: { n: 2, type: 'string', ptr: true },
    runAsUserName: { n: 3, type: 'string', ptr: true },
    hostProcess: { n: 4, type: 'bool', ptr: true },
  },
};
