import type { JsonObject } from '../../machinery/json.ts';

/** What add-ons are told about the cluster and the image in which they run. */
export interface AddonEnvironment {
  readonly image: string;
  /** Starts k7s inside the image: the component's name and flags follow. */
  readonly command: readonly string[];
  /** What the image needs of the host, read-only. */
  readonly mounts: readonly { readonly name: string; readonly hostPath: string; readonly mountPath: string }[];
  readonly clusterDNS: string;
  readonly clusterDomain: string;
}

/** A part of the cluster that is a workload of it, and can be switched on and off. */
export interface Addon {
  readonly description: string;
  readonly enabledByDefault: boolean;
  manifests(environment: AddonEnvironment): JsonObject[];
}
