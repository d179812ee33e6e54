/** What a GET, a create, an update and a watch event cost the server, in milliseconds of CPU, as the number of objects grows. */
import { Connection } from './connection.ts';
import { cpuMs, fill, namespaceFor, pod, residentMib, startTarget, times, type Target } from './target.ts';

export async function benchScale(target: Target, options: { readonly quick?: boolean } = {}): Promise<unknown[]> {
  const sizes = options.quick ? [1000, 5000] : [1000, 10_000, 50_000, 150_000];
  const requests = options.quick ? 300 : 1000;
  const path = await namespaceFor(target, 'scale');
  const figures: unknown[] = [];
  let filled = 0;
  for (const objects of sizes) {
    await fill(target, path, filled, objects);
    filled = objects;
    const connection = await Connection.open(target);
    const made: string[] = [];
    const name = (i: number): string => `m${objects}-${i}`;
    const measure = async (one: (i: number) => Promise<{ readonly status: number }>): Promise<unknown> => {
      const all: number[] = [];
      const before = cpuMs(target);
      for (let i = 0; i < requests; i++) {
        const start = performance.now();
        const { status } = await one(i);
        if (status >= 300) throw new Error(`${status}`);
        all.push(performance.now() - start);
      }
      return { cpuMs: Math.round((cpuMs(target) - before) / requests * 1000) / 1000, ...times(all) };
    };
    const get = await measure((i) => connection.request('GET', `${path}/f-${(i * 7919) % objects}`));
    const create = await measure(async (i) => {
      const answer = await connection.request('POST', path, pod(name(i)));
      made[i] = answer.body.toString();
      return answer;
    });
    const update = await measure((i) => connection.request('PUT', `${path}/${name(i)}`, made[i]!.replace('"metadata":{', '"metadata":{"annotations":{"put":"1"},')));
    const event = await watchEvents(target, connection, path, `w${objects}`, Math.min(200, requests));
    for (let i = 0; i < requests; i++) await connection.request('DELETE', `${path}/${name(i)}?gracePeriodSeconds=0`);
    connection.close();
    figures.push({ objects, residentMib: residentMib(target), get, create, update, event });
  }
  return figures;
}

/** From sending a create to having its event, with one watcher; CPU of both. */
async function watchEvents(target: Target, writer: Connection, path: string, prefix: string, count: number): Promise<unknown> {
  const { metadata } = JSON.parse((await writer.request('GET', `${path}?limit=1`)).body.toString()) as { metadata: { resourceVersion: string } };
  const watcher = await Connection.open(target);
  const all: number[] = [];
  let sent = 0;
  let seen: () => void = () => {};
  watcher.onPart = (part) => {
    if (!part.includes('"ADDED"')) return;
    all.push(performance.now() - sent);
    seen();
  };
  watcher.request('GET', `${path}?watch=1&resourceVersion=${metadata.resourceVersion}`).catch(() => {});
  const before = cpuMs(target);
  for (let i = 0; i < count; i++) {
    const arrived = new Promise<void>((resolve) => (seen = resolve));
    sent = performance.now();
    await writer.request('POST', path, pod(`${prefix}-${i}`));
    await arrived;
  }
  watcher.close();
  return { cpuMs: Math.round((cpuMs(target) - before) / count * 1000) / 1000, ...times(all) };
}

if (import.meta.main) {
  const target = await startTarget();
  process.stdout.write(`${JSON.stringify({ scale: await benchScale(target, { quick: process.argv.includes('--quick') }) }, undefined, 2)}\n`);
  await target.stop();
}
