/** All controllers, and running them. */
import { clusterRoleAggregationController } from './aggregation/clusterroles.ts';
import { certificateApprover, certificateCleaner, certificateSigner } from './certificates/certificates.ts';
import { cronJobController } from './cronjob/cronjob.ts';
import { daemonSetController } from './daemonset/daemonset.ts';
import { deploymentController } from './deployment/deployment.ts';
import { disruptionController } from './disruption/disruption.ts';
import { endpointsController } from './endpoints/endpoints.ts';
import { endpointSliceController } from './endpoints/endpointslice.ts';
import { endpointSliceMirroringController } from './endpoints/mirroring.ts';
import { garbageCollector } from './garbagecollector/garbagecollector.ts';
import type { Controller } from './harness/controller.ts';
import { run, type HarnessConfig } from './harness/run.ts';
import { horizontalPodAutoscalerController } from './horizontalpodautoscaler/horizontalpodautoscaler.ts';
import { jobController } from './job/job.ts';
import { namespaceController } from './namespace/namespace.ts';
import { taintEvictionController } from './node/eviction.ts';
import { nodeLifecycleController } from './node/health.ts';
import { nodeIpamController } from './node/ipam.ts';
import { podGarbageCollector } from './podgc/podgc.ts';
import { policyStatusController } from './policystatus/policystatus.ts';
import { resourceQuotaController } from './quota/quota.ts';
import { replicaSetController, replicationController } from './replicaset/replicaset.ts';
import { rootCaPublisher, serviceAccountController } from './serviceaccount/serviceaccount.ts';
import { legacyTokenCleaner } from './serviceaccount/cleaner.ts';
import { serviceAccountTokenController } from './serviceaccount/tokens.ts';
import { statefulSetController } from './statefulset/statefulset.ts';
import { ttlAfterFinishedController } from './ttl/ttl.ts';
import { persistentVolumeBinder } from './volumes/binder.ts';
import { ephemeralVolumeController } from './volumes/ephemeral.ts';
import { hostPathProvisioner } from './volumes/hostpath.ts';
import { attributesClassProtection, claimProtection, volumeProtection } from './volumes/protection.ts';

export type { ControllerOptions } from './harness/controller.ts';
export type { HarnessConfig };

export const controllers: readonly Controller[] = [
  garbageCollector, namespaceController, serviceAccountController, serviceAccountTokenController, rootCaPublisher, replicaSetController, replicationController, deploymentController,
  daemonSetController, statefulSetController, jobController, cronJobController, endpointSliceController, endpointsController, endpointSliceMirroringController, nodeIpamController, nodeLifecycleController, taintEvictionController, podGarbageCollector,
  ttlAfterFinishedController, horizontalPodAutoscalerController, disruptionController, resourceQuotaController, clusterRoleAggregationController, policyStatusController,
  certificateApprover, certificateSigner, certificateCleaner, persistentVolumeBinder, hostPathProvisioner, claimProtection, volumeProtection, attributesClassProtection, ephemeralVolumeController, legacyTokenCleaner,
];

/** Resolves when the signal has fired and all controllers have come to rest. */
export function runControllers(config: HarnessConfig): Promise<void> {
  return run(controllers, config);
}
