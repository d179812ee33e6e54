import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const home = mkdtempSync(join(tmpdir(), 'k7s-cli-'));
after(() => rmSync(home, { recursive: true, force: true }));

function k7s(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts'), ...args], {
    encoding: 'utf8', env: { ...process.env, K7S_HOME: home, KUBECONFIG: join(home, 'kubeconfig'), K7S_PROFILE: '' },
  });
  return { code: status, stdout, stderr };
}

test('the profile may be named behind any word', () => {
  for (const args of [['-p', 'dev', 'addons', 'list'], ['addons', '-p', 'dev', 'list'], ['addons', 'list', '-p', 'dev'], ['kubectl', '-p', 'dev', '--', 'get', 'pods'], ['node', '--profile=dev', 'list']]) {
    assert.deepEqual(k7s(...args), { code: 85, stdout: '', stderr: 'k7s: Profile "dev" not found. To start a cluster, run: "k7s start -p dev"\n' }, args.join(' '));
  }
});

test('a wrong word or flag is told apart from a failure', () => {
  assert.equal(k7s('nonsense').code, 64);
  assert.equal(k7s('start', '--nodes', 'many').code, 64);
  assert.equal(k7s('start', '--runtime', 'docker').code, 64);
  assert.equal(k7s('--help').code, 0);
});
