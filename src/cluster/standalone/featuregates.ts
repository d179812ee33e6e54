/** Feature gates of this API level: which there are, at which stage, and which of them the API server can switch. */
import type { Logger } from '../../base/log.ts';
import { CommandError } from '../../kubectl/errors.ts';

export interface FeatureGate {
  /** Empty: general availability. */
  readonly stage: 'ALPHA' | 'BETA' | 'DEPRECATED' | '';
  readonly on: boolean;
  readonly locked: boolean;
}

const table: readonly (FeatureGate & { readonly names: string })[] = [
  { stage: 'ALPHA', on: false, locked: false, names: `
    APIServingWithRoutine AllAlpha AllowUnsafeMalformedObjectDeletion CBORServingAndStorage CPUManagerPolicyAlphaOptions CSIVolumeHealth
    ClearingNominatedNodeNameAfterBinding ClientsAllowCBOR ClientsPreferCBOR CloudControllerManagerWebhook ComponentFlagz ComponentStatusz
    ContainerRestartRules ContainerStopSignals CrossNamespaceVolumeDataSource CustomCPUCFSQuotaPeriod DRAConsumableCapacity DRADeviceBindingConditions
    DRADeviceTaints DRAExtendedResource DRAPartitionableDevices DeploymentReplicaSetTerminatingReplicas EnvFiles EventedPLEG HPAConfigurableTolerance
    HPAScaleToZero HostnameOverride InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory InTreePluginPortworxUnregister
    InformerResourceVersion KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletInUserNamespace LoggingAlphaOptions
    MaxUnavailableStatefulSet MemoryQoS NominatedNodeNameForExpectation PodAndContainerStatsFromCRI PodCertificateRequest PodLogsQuerySplitStreams
    PodTopologyLabelsAdmission QOSReserved ReduceDefaultCrashLoopBackOffDecay RelaxedServiceNameValidation ResourceHealthStatus
    RuntimeClassInImageCriApi StorageCapacityScoring StorageVersionAPI StorageVersionMigrator StrictIPCIDRValidation TopologyManagerPolicyAlphaOptions
    UnknownVersionInteroperabilityProxy UserNamespacesPodSecurityStandards WindowsCPUAndMemoryAffinity` },
  { stage: 'BETA', on: false, locked: false, names: `
    AllBeta ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection DeclarativeValidationTakeover
    ImageVolume LocalStorageCapacityIsolationFSQuotaMonitoring MutableCSINodeAllocatableCount MutatingAdmissionPolicy SELinuxMount
    SchedulerAsyncAPICalls WatchCacheInitializationPostStartHook WatchListClient` },
  { stage: 'BETA', on: true, locked: false, names: `
    APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth CPUManagerPolicyBetaOptions ContainerCheckpoint ContextualLogging
    DRAAdminAccess DRAPrioritizedList DRAResourceClaimDeviceStatus DRASchedulerFilterTimeout DeclarativeValidation DetectCacheInconsistency
    DisableCPUQuotaWithExclusiveCPUs ExternalServiceAccountTokenSigner GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority ImageMaximumGCAge
    InOrderInformers InPlacePodVerticalScaling JobManagedBy KubeletFineGrainedAuthz KubeletPSI KubeletPodResourcesDynamicResources
    KubeletPodResourcesGet KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions
    MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge NodeLogQuery OpenAPIEnums PodDeletionCost PodLevelResources
    PodObservedGenerationTracking PodReadyToStartContainersCondition PortForwardWebsockets PreferSameTrafficDistribution PreventStaticPodAPIReferences
    ProcMountType ReloadKubeletServerCertificateFile RemoteRequestHeaderUID RotateKubeletServerCertificate SELinuxChangePolicy
    SELinuxMountReadWriteOncePod SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction SizeBasedListCostEstimate
    StatefulSetSemanticRevisionComparison StorageVersionHash StructuredAuthenticationConfigurationEgressSelector SupplementalGroupsPolicy
    SystemdWatchdog TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests
    UnauthenticatedHTTP2DOSMitigation UserNamespacesSupport WatchList WindowsGracefulNodeShutdown` },
  { stage: 'DEPRECATED', on: false, locked: false, names: `
    AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests AllowOverwriteTerminationGracePeriodSeconds GitRepoVolumeDriver
    InPlacePodVerticalScalingAllocatedStatus KMSv1 KubeletRegistrationGetOnExistsOnly SeparateCacheWatchRPC WindowsHostNetwork` },
  { stage: 'DEPRECATED', on: false, locked: true, names: `
    AllowServiceLBStatusOnNonLB WatchFromStorageWithoutResourceVersion` },
  { stage: 'DEPRECATED', on: true, locked: false, names: `
    AggregatedDiscoveryRemoveBetaType DisableNodeKubeProxyVersion KubeletPodResourcesListUseActivePods StorageNamespaceIndex` },
  { stage: '', on: true, locked: false, names: `
    DisableAllocatorDualWrite DynamicResourceAllocation ExecProbeTimeout TopologyManagerPolicyOptions VolumeAttributesClass` },
  { stage: '', on: true, locked: true, names: `
    APIServerTracing AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors AuthorizeWithSelectors BtreeWatchCache
    CPUManagerPolicyOptions CRDValidationRatcheting CSIMigrationPortworx ComponentSLIs ConsistentListFromCache CronJobsScheduledAnnotation
    CustomResourceFieldSelectors HonorPVReclaimPolicy JobBackoffLimitPerIndex JobPodReplacementPolicy JobSuccessPolicy KubeletCgroupDriverFromCRI
    KubeletTracing LoadBalancerIPMode LogarithmicScaleDown MatchLabelKeysInPodAffinity MemoryManager MultiCIDRServiceAllocator NFTablesProxyMode
    NodeInclusionPolicyInPodTopologySpread NodeSwap OrderedNamespaceDeletion PodIndexLabel PodLifecycleSleepAction PodLifecycleSleepActionAllowZero
    PodSchedulingReadiness ProbeHostPodSecurityStandards RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedDNSSearchValidation
    RelaxedEnvironmentVariableValidation ResilientWatchCacheInitialization RetryGenerateName SchedulerQueueingHints SeparateTaintEvictionController
    ServiceAccountTokenJTI ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation ServiceAccountTokenPodNodeInfo
    ServiceTrafficDistribution SidecarContainers SizeMemoryBackedVolumes StatefulSetAutoDeletePVC StreamingCollectionEncodingToJSON
    StreamingCollectionEncodingToProtobuf StrictCostEnforcementForVAP StrictCostEnforcementForWebhooks StructuredAuthenticationConfiguration
    StructuredAuthorizationConfiguration TopologyAwareHints WinDSR WinOverlay` },
];

/** Nothing in an API server asks for them: they are for kubelets, schedulers, controllers and clients, which are often given the same list. */
const elsewhere = words(`
  AllowDNSOnlyNodeCSR AllowOverwriteTerminationGracePeriodSeconds CPUManagerPolicyAlphaOptions CPUManagerPolicyBetaOptions CSIVolumeHealth
  CloudControllerManagerWebhook ContainerCheckpoint CustomCPUCFSQuotaPeriod DRASchedulerFilterTimeout DisableCPUQuotaWithExclusiveCPUs
  DisableNodeKubeProxyVersion EventedPLEG ExecProbeTimeout GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority ImageMaximumGCAge
  InPlacePodVerticalScalingAllocatedStatus InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory
  InTreePluginPortworxUnregister KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletInUserNamespace KubeletPSI
  KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletPodResourcesListUseActivePods KubeletRegistrationGetOnExistsOnly
  KubeletSeparateDiskGC LocalStorageCapacityIsolationFSQuotaMonitoring MemoryQoS NodeLogQuery NominatedNodeNameForExpectation
  PodAndContainerStatsFromCRI PodReadyToStartContainersCondition PreventStaticPodAPIReferences QOSReserved ReduceDefaultCrashLoopBackOffDecay
  ReloadKubeletServerCertificateFile RotateKubeletServerCertificate RuntimeClassInImageCriApi SchedulerAsyncAPICalls SchedulerAsyncPreemption
  SchedulerPopFromBackoffQ StorageCapacityScoring SystemdWatchdog TopologyManagerPolicyAlphaOptions TopologyManagerPolicyBetaOptions
  TopologyManagerPolicyOptions WindowsCPUAndMemoryAffinity WindowsGracefulNodeShutdown WindowsHostNetwork
  ClientsAllowCBOR ClientsPreferCBOR ContextualLogging InOrderInformers InformerResourceVersion WatchListClient`);

/** Both ways of them are there. */
const switchable = words('ClusterTrustBundle ComponentFlagz ComponentStatusz HPAConfigurableTolerance LoggingAlphaOptions LoggingBetaOptions MutatingAdmissionPolicy PodCertificateRequest StorageVersionMigrator');

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter(Boolean));
}

export function knownGates(): Map<string, FeatureGate> {
  return new Map(table.flatMap(({ names, ...gate }) => [...words(names)].map((name) => [name, gate] as const)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Features {
  /** Those that are on though their default is off. */
  readonly on: readonly string[];
  /** Every one with its state. */
  readonly all: ReadonlyMap<string, FeatureGate & { readonly enabled: boolean }>;
}

/** Pairs `[component:]name=value`, the later ones before the earlier; upstream's words for those that are none. */
export function readFeatures(pairs: readonly string[], log: Logger): Features {
  const known = knownGates();
  const given = new Map<string, boolean>();
  const components = new Set<string>();
  for (const pair of pairs) {
    const [, component = '', name = '', value] = /^(?:([^:=]*):)?([^=]*)(?:=(.*))?$/s.exec(pair)!;
    components.add(component);
    given.set(name.trim(), judge(pair, component, name.trim(), value?.trim(), known, log));
  }
  if (components.has('') && components.has('kube')) throw new CommandError('set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use');
  const all = new Map([...known].map(([name, gate]) => [name, { ...gate, enabled: given.get(name) ?? gate.on }]));
  return { on: [...all].filter(([, gate]) => gate.enabled && !gate.on).map(([name]) => name), all };
}

function judge(pair: string, component: string, name: string, text: string | undefined, known: ReadonlyMap<string, FeatureGate>, log: Logger): boolean {
  if (component !== '' && component !== 'kube') throw new CommandError(`component not registered: ${component}`);
  if (text === undefined) throw new CommandError(`missing bool value for ${name}`);
  if (!/^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(text)) throw new CommandError(`invalid value of ${name}=${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = /^[1tT]/.test(text);
  const gate = known.get(name);
  if (!gate) {
    log.warn(`unrecognized feature gate: ${name}`);
    return value;
  }
  if (gate.on === value) return value;
  if (gate.locked) throw new CommandError(`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.on}`);
  if (switchable.has(name) || elsewhere.has(name)) return value;
  throw new CommandError(`invalid argument ${JSON.stringify(pair)} for "--feature-gates" flag: ${name} cannot be switched ${value ? 'on' : 'off'} in this server`);
}
