/** Flags of `k7s kube-apiserver` about audit and limits, in a process of its own. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually, run } from '../apiserver.ts';
import { call } from '../http.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-flags-'));
const program = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../src/cluster/main.ts'), 'kube-apiserver'];
let child: ChildProcess | undefined;
after(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

void test('audit and limits as flags say; a signal ends the server when it has finished', async () => {
  const log = join(folder, 'logs/audit.log');
  const flags = [
    `--data-dir=${folder}/data`, `--cert-dir=${folder}`, '--bind-address=127.0.0.1', '--secure-port=0', '--authorization-mode=RBAC', `--token-auth-file=${file('tokens', 'root,root,1,system:masters')}`,
    `--audit-policy-file=${file('policy.yaml', 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]')}`, `--audit-log-path=${log}`, '--audit-log-format=legacy', '--audit-log-maxage=3',
    '--max-requests-inflight=40', '--max-mutating-requests-inflight=20', '--request-timeout=30s', '--shutdown-delay-duration=100ms', '--shutdown-send-retry-after', '--livez-grace-period=10s', '--goaway-chance=0.01', '--profiling=false',
  ];
  child = spawn(process.execPath, [...program, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, K7S_HOME: folder } });
  let said = '';
  child.stderr!.on('data', (chunk) => (said += String(chunk)));
  const url = await eventually(() => {
    assert.equal(child!.exitCode, null, said);
    return /Serving url="([^"]+)"/.exec(said)?.[1];
  }, 'the API server', 60);
  assert.match((await call(url, { path: '/metrics', token: 'root' })).text, /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} 25$/m);
  assert.equal((await call(url, { path: '/debug/pprof/', token: 'root' })).status, 404);
  const line = await eventually(() => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').find((text) => text.includes('uri="/metrics"')) : undefined), 'the event');
  assert.match(line, /^\d{4}-\S+ AUDIT: id="[^"]+" stage="ResponseComplete" ip="127\.0\.0\.1" method="get" user="root" groups="\\"system:masters\\",\\"system:authenticated\\"" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="\/metrics" response="200"$/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

void test('what flags may not say', async () => {
  for (const [flag, why] of [
    ['--livez-grace-period=-1s', '--livez-grace-period can not be a negative value'],
    ['--goaway-chance=0.5', '--goaway-chance can not be less than 0 or greater than 0.02'], ['--max-requests-inflight=-1', '--max-requests-inflight can not be negative value'],
    [`--audit-policy-file=${file('bad.yaml', 'kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: Loud}]')}`, 'rules[0].level: Unsupported value: "Loud"'],
  ] as const) {
    const { code, stderr } = await run(process.execPath, [...program, `--data-dir=${folder}/none`, '--bind-address=127.0.0.1', `--cert-dir=${folder}`, flag], { env: { K7S_HOME: folder } });
    assert.equal(code, 1, flag);
    assert.ok(stderr.includes(why), stderr);
  }
});
