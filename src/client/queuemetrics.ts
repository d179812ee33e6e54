/** Work queues under upstream's names. */
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import type { QueueObserver } from './workqueue.ts';

/** Tens from ten nanoseconds to ten seconds, as upstream's arithmetic gives them. */
const buckets = [1e-8, 1e-7, 1e-6, 9.999999999999999e-6, 9.999999999999999e-5, 0.001, 0.01, 0.1, 1, 10];

/** Makes an observer for a queue of that name. */
export function queueMetrics(metrics: Metrics, clock: Clock): (name: string) => QueueObserver {
  const labels = ['name'];
  const gauge = (name: string, help: string) => metrics.gauge({ name: `workqueue_${name}`, labels, help: `[ALPHA] ${help}` });
  const depth = gauge('depth', 'Current depth of workqueue');
  const unfinished = gauge('unfinished_work_seconds', "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.");
  const longest = gauge('longest_running_processor_seconds', 'How many seconds has the longest running processor for workqueue been running.');
  const adds = metrics.counter({ name: 'workqueue_adds_total', labels, help: '[ALPHA] Total number of adds handled by workqueue' });
  const retries = metrics.counter({ name: 'workqueue_retries_total', labels, help: '[ALPHA] Total number of retries handled by workqueue' });
  const waits = metrics.histogram({ name: 'workqueue_queue_duration_seconds', labels, buckets, help: '[ALPHA] How long in seconds an item stays in workqueue before being requested.' });
  const works = metrics.histogram({ name: 'workqueue_work_duration_seconds', labels, buckets, help: '[ALPHA] How long in seconds processing an item from workqueue takes.' });
  return (name) => {
    const [add, retry, wait, work] = [adds.with(name), retries.with(name), waits.with(name), works.with(name)];
    return {
      added: () => add(1),
      retried: () => retry(1),
      taken: (ms) => wait(ms / 1000),
      worked: (ms) => work(ms / 1000),
      watch: (size, began) => metrics.onCollect(() => {
        const now = clock.monotonic();
        let [sum, most] = [0, 0];
        for (const since of began()) {
          const seconds = (now - since) / 1000;
          sum += seconds;
          most = Math.max(most, seconds);
        }
        depth.set(size(), name);
        unfinished.set(sum, name);
        longest.set(most, name);
      }),
    };
  };
}
