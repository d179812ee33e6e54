/** The API server is killed under load again and again; whatever it has answered for is there afterwards. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/base/ids.ts';

/** More for a thorough run; each costs about a second. */
const kills = Number(process.env['K7S_KILLS'] ?? (process.env['CI'] === 'true' ? 50 : 10));
const program = fileURLToPath(new URL('apiserver-child.ts', import.meta.url));

interface Life {
  readonly child: ChildProcess;
  call(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly object: { metadata: { resourceVersion: string }; data: { n: string }; items: unknown[] } }>;
}

async function begin(folder: string): Promise<Life> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const { url, authority } = JSON.parse(line) as { url: string; authority: string };
  const agent = new Agent({ keepAlive: true, ca: authority });
  return {
    child,
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const sent = request(url + path, { method, agent, headers: { authorization: 'Bearer secret', 'content-type': 'application/json' } }, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', reject);
          answer.on('end', () => {
            try {
              resolve({ status: answer.statusCode ?? 0, object: JSON.parse(Buffer.concat(parts).toString()) });
            } catch (error) {
              reject(error as Error);
            }
          });
        });
        sent.on('error', reject);
        sent.end(body ? JSON.stringify(body) : undefined);
      }),
  };
}

const path = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, n: number): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: String(n) } });

test(`${kills} kill -9s of the server under writes lose none that was acknowledged`, { timeout: 900_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'k7s-kill-'));
  const random = seededRandom(Number(process.env['K7S_SEED'] ?? 7));
  const acknowledged = new Map<string, { readonly n: number; readonly revision: number }>();
  let [n, newest] = [0, 0];
  const check = async (life: Life): Promise<void> => {
    for (const [name, { n: expected, revision }] of acknowledged) {
      const { status, object } = await life.call('GET', `${path}/${name}`);
      assert.equal(status, 200, `${name} is gone`);
      assert.ok(Number(object.data.n) >= expected && Number(object.metadata.resourceVersion) >= revision, `${name}: ${object.data.n} at ${object.metadata.resourceVersion}, acknowledged ${expected} at ${revision}`);
    }
  };
  try {
    for (let kill = 0; kill < kills; kill++) {
      const life = await begin(folder);
      const exited = once(life.child, 'exit');
      await life.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
      let left = 50 + Math.floor(random.next() * 200);
      const write = async (lane: number): Promise<void> => {
        for (;;) {
          const [name, value] = [`lane-${lane}`, ++n];
          const fresh = !acknowledged.has(name);
          const { status, object } = await life.call(fresh ? 'POST' : 'PUT', fresh ? path : `${path}/${name}`, configMap(name, value));
          if (fresh && status === 409) acknowledged.set(name, { n: 0, revision: 0 });
          if (status >= 300) continue;
          const revision = Number(object.metadata.resourceVersion);
          newest = Math.max(newest, revision);
          acknowledged.set(name, { n: value, revision });
          if (--left === 0) life.child.kill('SIGKILL');
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: 16 }, (_, lane) => write(lane)));
      for (const lane of lanes) assert.ok(lane.status === 'rejected' && !(lane.reason instanceof assert.AssertionError), String(lane.status === 'rejected' && lane.reason));
      await exited;
    }
    const life = await begin(folder);
    try {
      await check(life);
      const { object } = await life.call('GET', path);
      assert.ok(Number(object.metadata.resourceVersion) >= newest);
    } finally {
      life.child.kill('SIGKILL');
    }
    assert.equal(acknowledged.size, 16);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
