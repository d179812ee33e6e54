/** The real kubectl through the API server to containers: logs, exec, cp, port-forward, attach. Needs root and containerd. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { realProgram } from '../kubectl.ts';
import { createPod, podWhere, shell, skip, testNode, until, type TestNode } from './kubeletnode.ts';

describe('kubectl and the node agent', { skip, concurrency: 1 }, () => {
  let on: TestNode;
  let kubeconfig: string;
  before(async () => {
    on = await testNode('kubectl');
    await on.startAgent();
    kubeconfig = join(on.node.directory, 'kubeconfig');
    const data = (text: string): string => Buffer.from(text).toString('base64');
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'test', contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      clusters: [{ name: 'test', cluster: { server: on.api.url, 'certificate-authority-data': data(on.authority.certPem) } }],
      users: [{ name: 'admin', user: { 'client-certificate-data': data(on.admin.certPem), 'client-key-data': data(on.admin.keyPem) } }],
    }));
    await createPod(on, 'web', {
      terminationGracePeriodSeconds: 1,
      containers: [shell('c', 'mkdir /w; echo served > /w/index.html; httpd -p 8080 -h /w; echo started; while read line; do echo "got $line"; done; sleep 1000', { stdin: true })] as never,
    });
    await podWhere(on, 'web', 'ready', (p) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
  });
  after(() => on?.stop());

  function kubectl(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
    return new Promise((resolve) => {
      const child = execFile(realProgram('kubectl'), args, { env: { KUBECONFIG: kubeconfig, HOME: on.node.directory, PATH: process.env['PATH'] ?? '' }, timeout: 30_000 }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }));
      child.stdin!.end(input);
    });
  }

  test('logs', async () => {
    await until('the log', async () => (await kubectl(['logs', 'web'])).out === 'started\n');
    assert.match((await kubectl(['logs', 'web', '--timestamps', '--tail=1'])).out, /^\S+Z started\n$/);
    const follow = spawn(realProgram('kubectl'), ['logs', '-f', 'web'], { env: { KUBECONFIG: kubeconfig, HOME: on.node.directory } });
    let heard = '';
    follow.stdout.on('data', (chunk) => (heard += String(chunk)));
    await until('the log to be followed', async () => heard.includes('started'));
    assert.equal((await kubectl(['attach', '-i', 'web', '-c', 'c'], 'hello\n')).code, 0);
    await until('what was typed to be logged', async () => heard.includes('got hello\n'));
    follow.kill();
  });

  test('exec gives output, exit codes and takes input', async () => {
    assert.deepEqual(await kubectl(['exec', 'web', '--', 'sh', '-c', 'echo out; exit 7']), { code: 7, out: 'out\n', err: 'command terminated with exit code 7\n' });
    const many = 'line of text\n'.repeat(20_000);
    assert.equal((await kubectl(['exec', '-i', 'web', '--', 'cat'], many)).out, many);
    assert.match((await kubectl(['exec', 'web', '--', 'nosuch'])).err, /executable file not found/);
  });

  test('cp both ways', async () => {
    const local = join(on.node.directory, 'local.txt');
    writeFileSync(local, 'copied'.repeat(50_000));
    // kubectl takes a colon in a path for a pod.
    const there = await kubectl(['cp', local, 'web:/w/there.txt']);
    assert.equal(there.code, 0, there.err);
    const back = await kubectl(['cp', 'web:/w/there.txt', `${local}.back`]);
    assert.equal(back.code, 0, back.err);
    assert.equal(readFileSync(`${local}.back`, 'utf8'), 'copied'.repeat(50_000));
  });

  test('port-forward', async () => {
    const forward = spawn(realProgram('kubectl'), ['port-forward', 'web', ':8080'], { env: { KUBECONFIG: kubeconfig, HOME: on.node.directory } });
    let said = '';
    for (const stream of [forward.stdout, forward.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    const port = await until('the port', async () => /127\.0\.0\.1:(\d+) -> 8080/.exec(said)?.[1]);
    for (let i = 0; i < 3; i++) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end('GET / HTTP/1.0\r\n\r\n');
      let answer = '';
      socket.on('data', (chunk) => (answer += String(chunk)));
      await once(socket, 'close');
      assert.match(answer, /served\n$/, said);
    }
    forward.kill();
  });
});
