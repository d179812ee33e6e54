/** How long small requests take while large lists are made, and while a watcher does not read. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Connection } from './connection.ts';
import { fill, namespaceFor, pod, startTarget, times, type Target, type Times } from './target.ts';

export interface Interference {
  readonly objects: number;
  readonly alone: Times;
  readonly whileLists: Record<string, Times>;
  readonly whileWatcherStalls: { readonly get: Times; readonly create: Times };
}

const forms = {
  json: 'application/json', protobuf: 'application/vnd.kubernetes.protobuf', metadata: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', table: 'application/json;as=Table;v=v1;g=meta.k8s.io',
};

export async function benchInterference(target: Target, options: { readonly quick?: boolean } = {}): Promise<Interference> {
  const objects = options.quick ? 1000 : 5000;
  const requests = options.quick ? 200 : 1000;
  const path = await namespaceFor(target, 'interference');
  await fill(target, path, 0, objects);
  const small = await Connection.open(target);
  const measure = async (n: number, one: (i: number) => Promise<unknown>): Promise<Times> => {
    const all: number[] = [];
    for (let i = 0; i < n; i++) {
      const start = performance.now();
      await one(i);
      all.push(performance.now() - start);
    }
    return times(all);
  };
  const get = (i: number): Promise<unknown> => small.request('GET', `${path}/f-${i % objects}`);
  const alone = await measure(requests, get);
  const whileLists: Record<string, Times> = {};
  for (const [form, accept] of Object.entries(forms)) {
    // A thread of its own: reading lists must not delay the one who measures.
    const { url, authority, token } = target;
    const lister = new Worker(import.meta.filename, { workerData: { target: { url, authority, token }, path, accept } });
    await once(lister, 'message');
    whileLists[form] = await measure(requests, get);
    await lister.terminate();
  }
  const stalled = await Connection.open(target);
  stalled.request('GET', `${path}?watch=1`).catch(() => {});
  stalled.pause();
  const create = await measure(requests, (i) => small.request('POST', path, pod(`s-${i}`)));
  const afterwards = await measure(requests, get);
  for (const connection of [small, stalled]) connection.close();
  return { objects, alone, whileLists, whileWatcherStalls: { get: afterwards, create } };
}

async function listWithoutEnd(): Promise<void> {
  const { target, path, accept } = workerData as { readonly target: Target; readonly path: string; readonly accept: string };
  const connection = await Connection.open(target);
  for (;;) {
    await connection.request('GET', path, undefined, undefined, accept);
    parentPort!.postMessage('listed');
  }
}

if (!isMainThread) await listWithoutEnd();
else if (import.meta.main) {
  const target = await startTarget();
  process.stdout.write(`${JSON.stringify({ interference: await benchInterference(target, { quick: process.argv.includes('--quick') }) }, undefined, 2)}\n`);
  await target.stop();
}
