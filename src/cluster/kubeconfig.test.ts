import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load } from 'js-yaml';
import { systemClock } from '../base/clock.ts';
import { configuredServer, mergeKubeconfig, readKubeconfig, removeFromKubeconfig } from './kubeconfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-kubeconfig-'));
after(() => rmSync(folder, { recursive: true }));
const access = { name: 'dev', server: 'https://192.168.49.1:8443', caPem: 'CA', certPem: 'CERT', keyPem: 'KEY' };

test('a new file is made, for its owner only', async () => {
  const env = { KUBECONFIG: join(folder, 'new/config') };
  assert.equal(await mergeKubeconfig(access, systemClock, env), env.KUBECONFIG);
  assert.equal(statSync(env.KUBECONFIG).mode & 0o777, 0o600);
  assert.deepEqual(readKubeconfig(env.KUBECONFIG), { server: access.server, ca: 'CA', cert: 'CERT', key: 'KEY' });
  assert.equal(configuredServer('dev', env), access.server);
  assert.equal(configuredServer('other', env), undefined);
});

test('other entries and unknown fields stay; delete takes only its own', async () => {
  const file = join(folder, 'config');
  const before = {
    apiVersion: 'v1', kind: 'Config', 'current-context': 'prod', extensions: [{ name: 'x', extension: { y: 1 } }],
    clusters: [{ name: 'prod', cluster: { server: 'https://prod' } }], users: [{ name: 'prod', user: { token: 't' } }],
    contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'prod' } }],
  };
  writeFileSync(file, JSON.stringify(before));
  const env = { KUBECONFIG: `${join(folder, 'absent')}:${file}` };
  assert.equal(await mergeKubeconfig(access, systemClock, env), file);
  const merged = load(readFileSync(file, 'utf8')) as typeof before;
  assert.equal(merged['current-context'], 'dev');
  assert.deepEqual(merged.extensions, before.extensions);
  assert.deepEqual(merged.clusters.map((cluster) => cluster.name), ['prod', 'dev']);
  await mergeKubeconfig({ ...access, server: 'https://192.168.58.1:8443' }, systemClock, env);
  assert.equal(configuredServer('dev', env), 'https://192.168.58.1:8443');
  await removeFromKubeconfig('dev', systemClock, env);
  const left = load(readFileSync(file, 'utf8')) as typeof before;
  assert.deepEqual(left.clusters, before.clusters);
  assert.deepEqual(left.users, before.users);
  assert.deepEqual(left.contexts, before.contexts);
  assert.equal(left['current-context'], '');
  assert.ok(!existsSync(`${file}.lock`));
});

test('a broken file is named, and left alone', async () => {
  const file = join(folder, 'broken');
  writeFileSync(file, 'a: [');
  await assert.rejects(mergeKubeconfig(access, systemClock, { KUBECONFIG: file }), /broken is no valid YAML/);
  assert.equal(readFileSync(file, 'utf8'), 'a: [');
});
