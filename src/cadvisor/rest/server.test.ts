import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { serveCadvisor } from './server.ts';

const recorded = join(import.meta.dirname, '../../../test/golden/cgroup/v1');

test('the REST API answers what the recorded files say, and 404 names what is not there', async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { port } = await serveCadvisor({ port: 0, clock: systemClock, signal: stop.signal, cgroupRoot: recorded });
  const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  const one = (await (await get('/api/v1.3/containers/pod/c1')).json()) as { name: string; spec: { memory: { limit: number } }; stats: { memory: Record<string, number>; cpu: { usage: { total: number } } }[] };
  assert.equal(one.name, '/pod/c1');
  assert.equal(one.spec.memory.limit, 5368709120);
  assert.equal(one.stats[0]!.memory['working_set'], 5309456384 - 32800768);
  assert.equal(one.stats[0]!.cpu.usage.total, 123456789000);
  const root = (await (await get('/api/v1.3/containers/')).json()) as { subcontainers: { name: string }[] };
  assert.deepEqual(root.subcontainers, [{ name: '/pod' }]);
  const older = (await (await get('/api/v2.0/stats/?recursive=true')).json()) as Record<string, unknown[]>;
  assert.deepEqual(Object.keys(older), ['/', '/pod', '/pod/c1']);
  const all = (await (await get('/api/v2.1/stats/?recursive=true&count=1')).json()) as Record<string, { spec: { memory: { limit: number } }; stats: { memory: { usage: number } }[] }>;
  assert.deepEqual(Object.keys(all), ['/pod', '/pod/c1'], 'the root is under machinestats');
  assert.equal(all['/pod/c1']!.spec.memory.limit, 5368709120);
  assert.deepEqual(all['/pod/c1']!.stats.map((s) => s.memory.usage), [5309456384]);
  assert.equal(((await (await get('/api/v2.1/machinestats')).json()) as unknown[]).length > 0, true);
  assert.deepEqual(Object.keys((await (await get('/api/v2.1/spec/pod/c1')).json()) as object), ['/pod/c1']);
  assert.ok(((await (await get('/api/v2.1/attributes')).json()) as { memory_capacity: number }).memory_capacity > 0);
  assert.ok(((await (await get('/api/v2.1/storage')).json()) as { capacity: number }[])[0]!.capacity > 0);
  assert.ok(((await (await get('/api/v1.3/machine')).json()) as { num_cores: number }).num_cores > 0);
  assert.match(await (await get('/metrics')).text(), /^container_memory_working_set_bytes\{id="\/pod\/c1",image="",name=""\} 5276655616 \d+$/m);
  assert.match(await (await get('/containers/pod/c1')).text(), /<title>Containers<\/title>/);
  const gone = await get('/api/v1.3/containers/nothing');
  assert.equal(gone.status, 404);
  assert.match(await gone.text(), /unknown container "\/nothing"/);
});
