/** Runs controllers: one identity each, informers shared by all. */
import { aborted } from '../../base/abort.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Client } from '../../client/client.ts';
import { eventRecorder } from '../../client/events.ts';
import { Informers, type Informer, type KubeObject } from '../../client/informer.ts';
import { queueMetrics } from '../../client/queuemetrics.ts';
import { defaultRetry, WorkQueue } from '../../client/workqueue.ts';
import { StatusError, hasReason } from '../../machinery/status.ts';
import type { Controller, ControllerContext, ControllerOptions, Reconciled } from './controller.ts';

export interface HarnessConfig {
  /** Lists and watches for all of them (upstream: system:kube-controller-manager). */
  readonly client: Client;
  /** Acts for one of them, as `system:serviceaccount:kube-system:<account>`. */
  readonly clientFor: (account: string) => Client;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
  readonly options?: ControllerOptions;
  /** Where queues are counted. */
  readonly metrics?: Metrics;
}

/** Resolves when the signal has fired and everything has come to rest. */
export async function run(controllers: readonly Controller[], config: HarnessConfig): Promise<void> {
  const { surroundings, signal, client } = config;
  const informers = new Informers(client, surroundings, signal);
  const wanted = config.options?.controllers ?? ['*'];
  const chosen = controllers.filter((c) => !wanted.includes(`-${c.name}`) && (wanted.includes('*') || wanted.includes(c.name)));
  await Promise.all([...chosen.map((controller) => runOne(controller, informers, config)), aborted(signal)]);
  await informers.stopped();
}

async function runOne(controller: Controller, informers: Informers, config: HarnessConfig): Promise<void> {
  const { signal } = config;
  const surroundings = { ...config.surroundings, log: config.surroundings.log.named(controller.name) };
  const client = controller.asManager ? config.client : config.clientFor(controller.account ?? controller.name);
  const observe = config.metrics && queueMetrics(config.metrics, surroundings.clock);
  let queues = 0;
  const asked: Informer<KubeObject>[] = [];
  const tasks: (() => Promise<void>)[] = [];
  const context: ControllerContext = {
    client, surroundings, signal, informers,
    log: surroundings.log,
    options: config.options ?? {},
    events: eventRecorder(client, { component: controller.source ?? controller.name }, surroundings, signal),
    informer: (ref, selection) => {
      const informer = informers.of(ref, selection);
      asked.push(informer as unknown as Informer<KubeObject>);
      return informer;
    },
    queue: (reconcile, workers = 1) => {
      const queue = new WorkQueue(surroundings.clock, defaultRetry, observe?.(queueName(controller.name, queues++)));
      signal.addEventListener('abort', () => queue.close(), { once: true });
      for (let i = 0; i < workers; i++) tasks.push(() => work(queue, reconcile, context));
      return queue;
    },
    every: (ms, task) => tasks.push(() => repeat(ms, task, context)),
    background: (task) => tasks.push(task),
  };
  controller.setup(context);
  try {
    await Promise.all(asked.map((informer) => informer.synced(signal)));
    await Promise.all(tasks.map((task) => task()));
  } catch (error) {
    if (!signal.aborted) surroundings.log.error('The controller ended', error);
  }
}

/** As upstream calls the first queue of each; further ones of ours are numbered. */
const queueNames: Readonly<Record<string, string>> = {
  'deployment-controller': 'deployment', 'replicaset-controller': 'replicaset', 'replicationcontroller-controller': 'replicationmanager', 'daemonset-controller': 'daemonset', 'statefulset-controller': 'statefulset',
  'job-controller': 'job', 'cronjob-controller': 'cronjob', 'namespace-controller': 'namespace', 'serviceaccount-controller': 'serviceaccount', 'endpoints-controller': 'endpoint', 'endpointslice-controller': 'endpoint_slice',
  'endpointslice-mirroring-controller': 'endpoint_slice_mirroring', 'disruption-controller': 'disruption', 'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaler', 'resourcequota-controller': 'resourcequota_primary',
  'garbage-collector-controller': 'garbage_collector_attempt_to_delete', 'ttl-after-finished-controller': 'ttl_jobs_to_delete', 'clusterrole-aggregation-controller': 'ClusterRoleAggregator', 'certificatesigningrequest-approving-controller': 'certificate',
  'certificatesigningrequest-signing-controller': 'certificate', 'root-ca-certificate-publisher-controller': 'root_ca_cert_publisher', 'persistentvolumeclaim-protection-controller': 'pvcprotection', 'persistentvolume-protection-controller': 'pvprotection',
  'persistentvolume-binder-controller': 'claims', 'node-lifecycle-controller': 'node_lifecycle_controller',
};

function queueName(controller: string, before: number): string {
  const name = queueNames[controller] ?? controller;
  return before === 0 ? name : `${name}_${before + 1}`;
}

async function work(queue: WorkQueue, reconcile: (key: string) => Promise<Reconciled>, { log, signal }: ControllerContext): Promise<void> {
  for (;;) {
    const key = await queue.take();
    if (key === undefined) return;
    try {
      const again = await reconcile(key);
      queue.forget(key);
      if (typeof again === 'number') queue.addAfter(key, again);
    } catch (error) {
      if (signal.aborted) return;
      queue.addRateLimited(key);
      // Somebody else was quicker: it is looked at again with the newer state.
      if (hasReason(error, 'Conflict')) log.debug('Conflict, trying again', { key, err: error });
      else if (error instanceof StatusError && queue.failures(key) < 3) log.debug('Reconciling failed, trying again', { key, err: error });
      else log.error('Reconciling failed', error, { key, failures: queue.failures(key) });
    } finally {
      queue.done(key);
    }
  }
}

const firstRetryMs = 500;

/** What failed is tried again sooner than its time. */
async function repeat(ms: number, task: () => Promise<void>, { surroundings: { clock }, log, signal }: ControllerContext): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await task();
      failures = 0;
    } catch (error) {
      failures++;
      if (!signal.aborted) log.error('A periodic task failed', error);
    }
    try {
      await clock.sleep(failures > 0 ? Math.min(ms, firstRetryMs * 2 ** (failures - 1)) : ms, signal);
    } catch {
      return; // the signal fired
    }
  }
}
