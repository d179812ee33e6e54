/** What the workers of all pods share. */
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { KubeletConfig } from '../config.ts';
import type { Runtime } from '../cri/client.ts';
import type { ImageManager } from '../images/manager.ts';
import type { Measures } from '../measures.ts';
import type { ProbeManager } from '../probes/manager.ts';
import type { StatusWriter } from '../status/writer.ts';
import type { VolumeManager } from '../volumes/manager.ts';
import type { BackoffTable } from './backoff.ts';
import type { PodCgroups } from './cgroups.ts';
import type { Lookup } from './environment.ts';
import type { Pod } from './model.ts';

export interface Agent {
  readonly config: KubeletConfig;
  readonly client: Client;
  readonly surroundings: Surroundings;
  readonly runtime: Runtime;
  readonly measures: Measures;
  readonly images: ImageManager;
  readonly volumes: VolumeManager;
  readonly probes: ProbeManager;
  readonly statuses: StatusWriter;
  readonly cgroups: PodCgroups;
  /** Of containers that ended, by pod, container and image. */
  readonly backoff: BackoffTable;
  readonly lookup: Lookup;
  /** Services whose variables a pod of this namespace gets. */
  services(pod: Pod): readonly DeepReadonly<core.Service>[];
  allocatable(): Readonly<Record<string, string>>;
  readonly nodeMemory: number;
  note(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
  /** Why the node does not take the pod. */
  refuse(pod: Pod): { reason: string; message: string } | undefined;
  /** The pod's worker has done all and may be forgotten. */
  gone(uid: string): void;
}
