/** Removes finished jobs when their time after finishing is over. */
import { parseTime } from '../../base/clock.ts';
import { hasReason } from '../../machinery/status.ts';
import { jobs } from '../../api/batch/v1/index.ts';
import { keyOf } from '../../client/informer.ts';
import type { Controller, Reconciled } from '../harness/controller.ts';
import { condition, type JobView } from '../job/outcome.ts';

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  setup: (context) => {
    const informer = context.informer(jobs);
    const due = (job: JobView): number | undefined => {
      const ttl = job.spec?.ttlSecondsAfterFinished;
      const ended = condition(job, 'Complete') ?? condition(job, 'Failed');
      if (ttl === undefined || !ended || job.metadata.deletionTimestamp) return undefined;
      return parseTime(ended.lastTransitionTime ?? '') + ttl * 1000;
    };
    const queue = context.queue(async (key): Promise<Reconciled> => {
      const job = informer.getByKey(key);
      const at = job && due(job);
      if (!job || at === undefined) return;
      const wait = at - context.surroundings.clock.now();
      if (wait > 0) return wait;
      const { name, namespace = '', uid, resourceVersion } = job.metadata;
      try {
        await context.client.delete(jobs, name, { namespace, propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }, 2);
    const enqueue = (job: JobView): void => {
      if (due(job) !== undefined) queue.add(keyOf(job));
    };
    informer.on({ added: enqueue, updated: enqueue });
  },
};
