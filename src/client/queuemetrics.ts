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
  const depth = gauge('depth', 'Items that wait in the queue.');
  const unfinished = gauge('unfinished_work_seconds', 'Seconds spent so far on items in work, together; it keeps growing where work is stuck.');
  const longest = gauge('longest_running_processor_seconds', 'Seconds that the item longest in work has taken so far.');
  const adds = metrics.counter({ name: 'workqueue_adds_total', labels, help: '[ALPHA] Items that were put into the queue.' });
  const retries = metrics.counter({ name: 'workqueue_retries_total', labels, help: '[ALPHA] Items that were put back to be tried again.' });
  const waits = metrics.histogram({ name: 'workqueue_queue_duration_seconds', labels, buckets, help: '[ALPHA] Seconds that an item waited in the queue.' });
  const works = metrics.histogram({ name: 'workqueue_work_duration_seconds', labels, buckets, help: '[ALPHA] Seconds that the work on an item took.' });
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
