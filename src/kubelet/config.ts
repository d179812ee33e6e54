import type { Draft } from '../machinery/json.ts';
import type { Taint } from '../api/core/v1/types.ts';

/** A part of the control plane that lives in a process of the machine and shows as a pod. */
export interface StaticPart {
  readonly name: string;
  readonly namespace?: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly pid: () => number | undefined;
  /** Path below the hierarchy's mount point, for statistics. */
  readonly cgroup?: string;
  readonly logFile?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubeletServerConfig {
  readonly host: string;
  /** 10250 by custom; 0: any free one. */
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** PEM of who may vouch for clients; empty: nobody, they show tokens. */
  readonly clientAuthority: string;
  /** 10255 by custom: statistics, metrics and pods for whoever can reach it, without TLS. Absent or 0: closed. */
  readonly readOnlyPort?: number;
}

export interface KubeletConfig {
  readonly nodeName: string;
  /** The first is the node's InternalIP. */
  readonly nodeIPs: readonly string[];
  /** Default: the node's name. */
  readonly hostname?: string;
  readonly containerRuntimeEndpoint: string;
  readonly imageServiceEndpoint?: string;
  /** Volumes and the rest of the pods' state; short, absolute. */
  readonly rootDir: string;
  readonly podLogsDir: string;
  /** Path of the node's cgroup below the hierarchy's mount point, e.g. `/k7s/dev/node1`. */
  readonly cgroupRoot: string;
  readonly cgroupMount?: string;
  /** Where agent and runtime run together, which the summary calls `misc`. Absent: the agent's own cgroup is looked up, and is `kubelet`. */
  readonly systemCgroup?: string;
  /** Whose figures are the node's: `/` (the default) where the node is the machine, its own cgroup where it shares one. */
  readonly statsCgroup?: string;
  /** Where the runtime keeps images, for the figures of its file system. */
  readonly imageDir?: string;
  readonly server?: KubeletServerConfig;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** Where nameservers of the outside are named; default /etc/resolv.conf. */
  readonly resolvConf?: string;
  readonly podCIDR?: string;
  readonly maxPods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Draft<Taint>[];
  readonly registerNode?: boolean;
  readonly providerID?: string;
  readonly staticParts?: readonly StaticPart[];
  /** Kept from pods: `{ cpu: '100m', memory: '100Mi' }`. */
  readonly systemReserved?: Readonly<Record<string, string>>;
  readonly imagePullTimeoutMs?: number;
  readonly containerLogMaxSize?: number;
  readonly containerLogMaxFiles?: number;
  readonly nodeStatusPeriodMs?: number;
  readonly leaseDurationSeconds?: number;
  /** How often the runtime is asked what it has, where it sends no events. */
  readonly relistPeriodMs?: number;
  /** How often a pod is looked at though nothing happened. */
  readonly syncPeriodMs?: number;
}

export const defaults = {
  maxPods: 110,
  imagePullTimeoutMs: 120_000,
  containerLogMaxSize: 10 << 20,
  containerLogMaxFiles: 5,
  nodeStatusPeriodMs: 300_000,
  nodeStatusPollMs: 10_000,
  leaseDurationSeconds: 40,
  relistPeriodMs: 1_000,
  syncPeriodMs: 60_000,
} as const;
