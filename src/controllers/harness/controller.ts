/**
 * How a controller is written: it names itself, asks for informers, and gives a function that brings one key to the desired state.
 * Reconciling is level-based: the function looks at what is, not at what happened; it may be called at any time, and again.
 */
import type { Logger } from '../../base/log.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Informer, Informers, KubeObject, Selection } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import type { ResourceRef } from '../../api/reference.ts';

/** Milliseconds after which the key wants to be looked at again, where time alone changes what is right. */
export type Reconciled = number | void;

export interface ControllerContext {
  /** Acts as the controller's own service account, or as the manager. */
  readonly client: Client;
  readonly events: EventRecorder;
  readonly surroundings: Surroundings;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly options: ControllerOptions;
  /** Shared between controllers. Only to be called in `setup`; reconciling begins when all that were asked for are synced. */
  informer<T extends KubeObject>(ref: ResourceRef<T>, selection?: Selection): Informer<T>;
  /** For informers that come and go with what the server serves; they are the asker's to wait for and to stop. */
  readonly informers: Informers;
  /** A queue and its workers. A key whose reconcile rejects comes back with growing delays. */
  queue(reconcile: (key: string) => Promise<Reconciled>, workers?: number): WorkQueue;
  /** Runs now (when synced) and then again and again; a failure is logged. */
  every(ms: number, task: () => Promise<void>): void;
  /** Runs once when the informers are synced, until the signal fires. */
  background(task: () => Promise<void>): void;
}

export interface Controller {
  /** As upstream's `--controllers` names it, e.g. `replicaset-controller`. */
  readonly name: string;
  /** Its account in kube-system where that is not the name. */
  readonly account?: string;
  /** Acts with the rights of the manager, as upstream's do that accounts depend on. */
  readonly asManager?: true;
  /** The component in its events where that is not the name. */
  readonly source?: string;
  setup(context: ControllerContext): void;
}

/** What the cluster tells its controllers. */
export interface ControllerOptions {
  /** PEM of the authority that clients should trust, published as kube-root-ca.crt in every namespace. */
  readonly rootCa?: string;
  /** PEM of the key that signs service accounts' tokens in Secrets; without it such Secrets stay as they are. */
  readonly serviceAccountKey?: string;
  /** Pod addresses of the cluster; nodes get parts of it. Empty: nodes bring their own. */
  readonly clusterCidr?: string;
  /** 24 for IPv4, as upstream. */
  readonly nodeCidrMaskSize?: number;
  readonly nodeMonitorPeriodMs?: number;
  readonly nodeMonitorGracePeriodMs?: number;
  readonly terminatedPodThreshold?: number;
  readonly autoscaler?: AutoscalerOptions;
  /** The folder of this machine in which volumes are made; without it none are. Simulated pods need no real ones. */
  readonly hostPathVolumes?: { readonly folder: string; readonly simulated?: boolean };
  /** How long a token that was made for an account on its own may go unused, and then stay marked as invalid; default a year. */
  readonly legacyTokenCleanUpMs?: number;
  /** Signs certificate requests: PEM of the authority and its key. */
  readonly signing?: { readonly certPem: string; readonly keyPem: string };
  /** Leave out by name, or run only these; `*` is all. */
  readonly controllers?: readonly string[];
}

/** Horizontal pod autoscaling; what is left out is as upstream. */
export interface AutoscalerOptions {
  readonly syncPeriodMs?: number;
  readonly downscaleStabilizationMs?: number;
  readonly tolerance?: number;
  /** An autoscaler may have tolerances of its own: the gate HPAConfigurableTolerance. */
  readonly configurableTolerance?: boolean;
  readonly cpuInitializationPeriodMs?: number;
  readonly initialReadinessDelayMs?: number;
}
