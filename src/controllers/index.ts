/** All controllers, and running them. */
import { deploymentController } from './deployment/deployment.ts';
import { endpointsController } from './endpoints/endpoints.ts';
import { endpointSliceController } from './endpoints/endpointslice.ts';
import type { Controller } from './harness/controller.ts';
import { run, type HarnessConfig } from './harness/run.ts';
import { namespaceController } from './namespace/namespace.ts';
import { replicaSetController, replicationController } from './replicaset/replicaset.ts';
import { rootCaPublisher, serviceAccountController } from './serviceaccount/serviceaccount.ts';

export type { ControllerOptions } from './harness/controller.ts';
export type { HarnessConfig };

export const controllers: readonly Controller[] = [
  namespaceController, serviceAccountController, rootCaPublisher, replicaSetController, replicationController, deploymentController,
  endpointSliceController, endpointsController,
];

/** Resolves when the signal has fired and all controllers have come to rest. */
export function runControllers(config: HarnessConfig): Promise<void> {
  return run(controllers, config);
}
