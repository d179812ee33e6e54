/** What the kubelet knows and the statistics need: which cgroup, process and folder belongs to which pod and container. */
export interface ContainerSource {
  readonly name: string;
  readonly id: string;
  readonly image: string;
  /** Name of the cgroup, e.g. `/k7s/p/n/kubepods/burstable/pod1234/abcd`. */
  readonly cgroup: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly running: boolean;
  /** Folders whose file system (and use, where known) is shown; absent where unknown. */
  readonly logPath?: string;
  readonly rootfsPath?: string;
}

export interface PodSource {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly cgroup: string;
  readonly startedAt: number;
  readonly containers: readonly ContainerSource[];
  /** The pause container: it counts for the pod's cgroup, never as a container. */
  readonly sandbox?: { readonly id: string; readonly cgroup: string; readonly image: string; readonly pid?: number };
  readonly hostNetwork: boolean;
  /** `ephemeral`: the node's disk holds it for the pod's life, which secrets, tmpfs and claims are not. */
  readonly volumes: readonly { readonly name: string; readonly path: string; readonly ephemeral: boolean; readonly claim?: { readonly name: string; readonly namespace: string } }[];
}

export interface NodeSource {
  readonly name: string;
  /** The cgroup whose figures are the node's: `/` for a machine, the node's parent where several nodes share one. */
  readonly cgroup: string;
  readonly startedAt: number;
  readonly rootDir: string;
  readonly imageDir: string;
  readonly systemContainers: readonly { readonly name: 'kubelet' | 'runtime' | 'pods' | 'misc'; readonly cgroup: string; readonly startedAt: number }[];
}

export interface StatsSource {
  node(): NodeSource;
  pods(): readonly PodSource[];
}
