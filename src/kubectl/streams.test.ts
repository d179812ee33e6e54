import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { main } from './main.ts';

let server: Server;
let url: string;
let requested: URL | undefined;

/** Answers like an API server in front of one pod whose `sh` echoes its input in capitals. */
before(async () => {
  const pod = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default' }, spec: { containers: [{ name: 'one' }, { name: 'two' }] }, status: { phase: 'Running' } };
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url!.includes('/log?')) return void response.setHeader('content-type', 'text/plain').end('line 1\nline 2\n');
    if (request.url === '/api/v1/namespaces/default/pods/a') return void response.end(JSON.stringify(pod));
    response.statusCode = 404;
    response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: 'pods "b" not found', code: 404 }));
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
  server.on('upgrade', (request, socket, head) => {
    requested = new URL(request.url!, url);
    if (requested.searchParams.get('container') === 'two') {
      const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message: 'no exec for you', code: 403 });
      return void socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
    sockets.handleUpgrade(request, socket, head, (ws) => echo(ws, requested!.searchParams.getAll('command')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => void server.close());

function echo(ws: WebSocket, command: readonly string[]): void {
  const send = (channel: number, text: string): void => ws.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  const exit = (code: number): void => {
    const status = code === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'NonZeroExitCode', message: `command terminated with non-zero exit code: exit status ${code}`, details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
    send(3, JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...status }));
    ws.close(1000);
  };
  if (command[0] === 'false') {
    send(2, 'it failed\n');
    return exit(3);
  }
  if (requested!.searchParams.get('stdin') !== 'true') {
    send(1, `${command.join(' ')}\n`);
    return exit(0);
  }
  ws.on('message', (data: Buffer) => {
    if (data[0] === 0) send(1, data.subarray(1).toString().toUpperCase());
    else if (data[0] === 255) exit(0);
  });
}

async function kubectl(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const got = { out: '', err: '' };
  const sink = (name: 'out' | 'err'): Writable => new Writable({ write: (chunk: Buffer, _encoding, done) => ((got[name] += chunk.toString()), done()) });
  const code = await main(['-s', url, ...args], { stdin: Readable.from([Buffer.from(input)]), stdout: sink('out'), stderr: sink('err') }, { KUBECONFIG: '/nonexistent/config' });
  return { code, ...got };
}

test('exec passes output, error output and the exit code', async () => {
  assert.deepEqual(await kubectl(['exec', 'a', '-c', 'one', '--', 'echo', 'x']), { code: 0, out: 'echo x\n', err: '' });
  assert.deepEqual(await kubectl(['exec', 'a', '-c', 'one', '--', 'false']), { code: 3, out: '', err: 'it failed\ncommand terminated with exit code 3\n' });
  assert.equal(requested!.pathname, '/api/v1/namespaces/default/pods/a/exec');
});

test('exec passes input, and its end', async () => {
  assert.deepEqual(await kubectl(['exec', '-i', 'a', '-c', 'one', '--', 'sh'], 'hello\n'), { code: 0, out: 'HELLO\n', err: '' });
});

test('a container is chosen aloud, and a refusal is told as the server worded it', async () => {
  assert.equal((await kubectl(['exec', 'a', '--', 'echo'])).err, 'Defaulted container "one" out of: one, two\n');
  assert.deepEqual(await kubectl(['exec', 'a', '-c', 'two', '--', 'echo']), { code: 1, out: '', err: 'Error from server (Forbidden): no exec for you\n' });
  assert.deepEqual(await kubectl(['exec', 'b', '--', 'echo']), { code: 1, out: '', err: 'Error from server (NotFound): pods "b" not found\n' });
});

test('logs come as they are, or with where they come from', async () => {
  assert.deepEqual(await kubectl(['logs', 'a', '-c', 'two']), { code: 0, out: 'line 1\nline 2\n', err: '' });
  assert.equal((await kubectl(['logs', 'a', '--all-containers', '--prefix'])).out, '[pod/a/one] line 1\n[pod/a/one] line 2\n[pod/a/two] line 1\n[pod/a/two] line 2\n');
});
