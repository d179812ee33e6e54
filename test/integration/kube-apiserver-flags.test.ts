/** Flags of `k7s kube-apiserver` about audit and limits, in a process of its own. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { get as httpGet } from 'node:http';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
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
  const named = await issue(await createAuthority({ commonName: 'other' }), { commonName: 'named', dnsNames: ['named.example.com'], usages: ['server'] });
  const flags = [
    `--data-dir=${folder}/data`, `--cert-dir=${folder}`, '--bind-address=127.0.0.1', '--secure-port=0', '--authorization-mode=RBAC', `--token-auth-file=${file('tokens', 'root,root,1,system:masters')}`,
    `--audit-policy-file=${file('policy.yaml', 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]')}`, `--audit-log-path=${log}`, '--audit-log-format=legacy', '--audit-log-maxage=3',
    '--max-requests-inflight=40', '--max-mutating-requests-inflight=20', '--request-timeout=30s', '--shutdown-delay-duration=100ms', '--shutdown-send-retry-after', '--livez-grace-period=10s', '--goaway-chance=0.01',
    '--cors-allowed-origins=//example\\.com$', '--strict-transport-security-directives=max-age=60,includeSubDomains', '--external-hostname=api.example.com', `--debug-socket-path=${folder}/debug.sock`, '--disable-http2-serving', '--tls-min-version=VersionTLS13',
    `--tls-sni-cert-key=${file('named.crt', named.certPem)},${file('named.key', named.keyPem)}`, '--feature-gates=ComponentFlagz=true,ComponentStatusz=true,HPAConfigurableTolerance=true', '--disabled-metrics=apiserver_audit_event_total',
    '--allow-metric-labels=apiserver_request_total,verb=LIST', '--permit-port-sharing', '--shutdown-watch-termination-grace-period=1s', '--vmodule=apiserver=4',
  ];
  child = spawn(process.execPath, [...program, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, K7S_HOME: folder } });
  let said = '';
  child.stderr!.on('data', (chunk) => (said += String(chunk)));
  const url = await eventually(() => {
    assert.equal(child!.exitCode, null, said);
    return /Serving url="([^"]+)"/.exec(said)?.[1];
  }, 'the API server', 60);
  assert.match((await call(url, { path: '/metrics', token: 'root' })).text, /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} 25$/m);
  const root = (path: string, headers: Record<string, string> = {}, method = 'GET') => call(url, { path, token: 'root', headers, method });
  const shared = await root('/version', { origin: 'https://example.com' });
  assert.deepEqual([shared.headers['access-control-allow-origin'], shared.headers['access-control-expose-headers'], shared.headers['strict-transport-security']], ['https://example.com', 'Date', 'max-age=60; includeSubDomains']);
  assert.equal((await root('/version', { origin: 'https://example.com.evil.org' })).headers['access-control-allow-origin'], undefined);
  assert.equal((await call(url, { path: '/version', method: 'OPTIONS', headers: { origin: 'https://example.com' } })).status, 204);
  assert.match((await root('/api')).text, /"serverAddress":"api\.example\.com:\d+"/);
  assert.deepEqual(await handshake(Number(new URL(url).port), 'named.example.com'), { subject: 'named', protocol: 'TLSv1.3', alpn: 'http/1.1' });
  assert.notEqual((await handshake(Number(new URL(url).port), 'localhost')).subject, 'named');
  const flagz = await root('/flagz', { accept: 'text/plain' });
  assert.match(flagz.text, /^\nkube-apiserver flags\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only\.\n\n[^]*\nexternal-hostname(:|: |=| )api\.example\.com\n/);
  assert.equal((await root('/flagz', { accept: 'application/json' })).status, 406);
  assert.match((await root('/statusz', { accept: '*/*' })).text, /^\napiserver statusz\nWarning: [^]*\nUp(:|: |=| ) 0 hr 00 min \d\d sec\n[^]*\nBinary version(:|: |=| ) 1\.34\.\d+\nEmulation version(:|: |=| ) 1\.34\nPaths(:|: |=| ) {2}.*\/flagz .*\/statusz/);
  await root('/api/v1/pods');
  await root('/api/v1/namespaces/default');
  const metrics = (await root('/metrics')).text;
  assert.doesNotMatch(metrics, /apiserver_audit_event_total/);
  assert.match(metrics, /^apiserver_request_total\{verb="LIST",.*resource="pods"/m);
  assert.match(metrics, /^apiserver_request_total\{verb="unexpected",.*resource="namespaces"/m);
  assert.match(metrics, /^cardinality_enforcement_unexpected_categorizations_total [1-9]/m);
  assert.match(await profileIndex(join(folder, 'debug.sock')), /\/debug\/pprof/);
  const line = await eventually(() => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').find((text) => text.includes('uri="/metrics"')) : undefined), 'the event');
  assert.match(line, /^\d{4}-\S+ AUDIT: id="[^"]+" stage="ResponseComplete" ip="127\.0\.0\.1" method="get" user="root" groups="\\"system:masters\\",\\"system:authenticated\\"" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="\/metrics" response="200"$/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

/** What a server shows to those who ask for a name. */
function handshake(port: number, servername: string): Promise<{ subject: string; protocol: string | null; alpn: string | false | null }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      resolve({ subject: socket.getPeerCertificate().subject.CN as string, protocol: socket.getProtocol(), alpn: socket.alpnProtocol });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function profileIndex(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    httpGet({ socketPath, path: '/debug/pprof/' }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

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
