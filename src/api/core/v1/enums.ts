// The closed sets of values of core.v1, in the order of messages: fields name them, validation judges by them.

export const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const claimPhases: readonly string[] = ['Bound', 'Lost', 'Pending'];
export const diskCachingModes: readonly string[] = ['None', 'ReadOnly', 'ReadWrite'];
export const diskKinds: readonly string[] = ['Dedicated', 'Managed', 'Shared'];
export const dnsPolicies: readonly string[] = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
export const fsGroupChangePolicies: readonly string[] = ['Always', 'OnRootMismatch'];
export const hostPathTypes: readonly string[] = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
export const inclusionPolicies: readonly string[] = ['Honor', 'Ignore'];
export const ipFamilies: readonly string[] = ['', 'IPv4', 'IPv6'];
export const ipFamilyPolicies: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
export const modifyStates: readonly string[] = ['InProgress', 'Infeasible', 'Pending'];
export const mountPropagations: readonly string[] = ['Bidirectional', 'HostToContainer', 'None'];
export const namespacePhases: readonly string[] = ['Active', 'Terminating'];
export const nodeOperators: readonly string[] = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'];
export const nodePhases: readonly string[] = ['Pending', 'Running', 'Terminated'];
export const podPhases: readonly string[] = ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'];
export const preemptionPolicies: readonly string[] = ['PreemptLowerPriority', 'Never'];
export const procMounts: readonly string[] = ['Default', 'Unmasked'];
export const profileTypes: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined'];
export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
export const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never'];
export const qosClasses: readonly string[] = ['BestEffort', 'Burstable', 'Guaranteed'];
export const quotaScopes: readonly string[] = ['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'PriorityClass', 'Terminating', 'VolumeAttributesClass'];
export const reclaimPolicies: readonly string[] = ['Delete', 'Recycle', 'Retain'];
export const resizeStates: readonly string[] = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];
export const restartPolicies: readonly string[] = ['Always', 'OnFailure', 'Never'];
export const scopeOperators: readonly string[] = ['DoesNotExist', 'Exists', 'In', 'NotIn'];
export const serviceTypes: readonly string[] = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
export const sessionAffinities: readonly string[] = ['ClientIP', 'None'];
export const signals: readonly string[] = [
  'SIGABRT', 'SIGALRM', 'SIGBUS', 'SIGCHLD', 'SIGCLD', 'SIGCONT', 'SIGFPE', 'SIGHUP', 'SIGILL', 'SIGINT', 'SIGIO', 'SIGIOT', 'SIGKILL', 'SIGPIPE',
  'SIGPOLL', 'SIGPROF', 'SIGPWR', 'SIGQUIT', 'SIGRTMAX', 'SIGRTMAX-1', 'SIGRTMAX-10', 'SIGRTMAX-11', 'SIGRTMAX-12', 'SIGRTMAX-13', 'SIGRTMAX-14',
  'SIGRTMAX-2', 'SIGRTMAX-3', 'SIGRTMAX-4', 'SIGRTMAX-5', 'SIGRTMAX-6', 'SIGRTMAX-7', 'SIGRTMAX-8', 'SIGRTMAX-9', 'SIGRTMIN', 'SIGRTMIN+1',
  'SIGRTMIN+10', 'SIGRTMIN+11', 'SIGRTMIN+12', 'SIGRTMIN+13', 'SIGRTMIN+14', 'SIGRTMIN+15', 'SIGRTMIN+2', 'SIGRTMIN+3', 'SIGRTMIN+4', 'SIGRTMIN+5',
  'SIGRTMIN+6', 'SIGRTMIN+7', 'SIGRTMIN+8', 'SIGRTMIN+9', 'SIGSEGV', 'SIGSTKFLT', 'SIGSTOP', 'SIGSYS', 'SIGTERM', 'SIGTRAP', 'SIGTSTP', 'SIGTTIN',
  'SIGTTOU', 'SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGVTALRM', 'SIGWINCH', 'SIGXCPU', 'SIGXFSZ',
];
export const supplementalGroupsPolicies: readonly string[] = ['Merge', 'Strict'];
export const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
export const terminationMessagePolicies: readonly string[] = ['File', 'FallbackToLogsOnError'];
export const tolerationOperators: readonly string[] = ['Equal', 'Exists'];
export const trafficPolicies: readonly string[] = ['Cluster', 'Local'];
export const unsatisfiableActions: readonly string[] = ['DoNotSchedule', 'ScheduleAnyway'];
export const uriSchemes: readonly string[] = ['HTTP', 'HTTPS'];
export const volumeModes: readonly string[] = ['Block', 'Filesystem'];
export const volumePhases: readonly string[] = ['Available', 'Bound', 'Failed', 'Pending', 'Released'];
