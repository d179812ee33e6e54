/**
 * What one request costs in the server, in microseconds of CPU: the whole pipeline on the memory store, from the request's head to the bytes of
 * the answer, over HTTP in memory, without TLS, sockets and disk. CPU time of the cheapest of several rounds, so that company on the machine matters little.
 */
import type { Client } from '../src/client/client.ts';
import { startApiServer } from '../src/apiserver/server.ts';
import { silent } from '../src/base/log.ts';
import { systemSurroundings } from '../src/base/surroundings.ts';
import { memoryStore } from '../src/store/memory.ts';
import { createAuthority, issue } from '../src/wire/certificates.ts';

const namespace = '/api/v1/namespaces/bench';
const pods = `${namespace}/pods`;
const roundsOf = { quick: 6, usual: 25 };
const requests = 200;

type Call = (i: number) => { readonly method: string; readonly path: string; readonly body?: string; readonly type?: string };

export async function benchPipeline(options: { readonly quick?: boolean } = {}): Promise<Record<string, number>> {
  const surroundings = { ...systemSurroundings(), log: silent };
  const authority = await createAuthority({ commonName: 'bench-ca' });
  const { certPem: cert, keyPem: key } = await issue(authority, { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const api = await startApiServer({ store: memoryStore({ clock: surroundings.clock }), tls: { cert, key } }, surroundings);
  const client = api.client({ name: 'bench', groups: ['system:masters'] });
  const figures: Record<string, number> = {};
  try {
    await call(client, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: 'bench' } }) });
    await call(client, { method: 'POST', path: `${namespace}/serviceaccounts`, body: JSON.stringify({ metadata: { name: 'default' } }) });
    const rounds = options.quick ? roundsOf.quick : roundsOf.usual;
    const pod = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'load' } }, spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] } });
    const patch = (label: string): string => JSON.stringify({ metadata: { labels: { [label]: label } } });
    const best = { create: Infinity, get: Infinity, strategicPatch: Infinity, mergePatch: Infinity, apply: Infinity, delete: Infinity };
    for (let round = 0; round < rounds; round++) {
      const name = (i: number): string => `p${round}-${i}`;
      const calls: Record<keyof typeof best, Call> = {
        create: (i) => ({ method: 'POST', path: pods, body: pod(name(i)) }),
        get: (i) => ({ method: 'GET', path: `${pods}/${name(i)}` }),
        strategicPatch: (i) => ({ method: 'PATCH', path: `${pods}/${name(i)}`, body: patch('s'), type: 'application/strategic-merge-patch+json' }),
        mergePatch: (i) => ({ method: 'PATCH', path: `${pods}/${name(i)}`, body: patch('m'), type: 'application/merge-patch+json' }),
        apply: (i) => ({
          method: 'PATCH', path: `${pods}/${name(i)}?fieldManager=bench&force=true`, type: 'application/apply-patch+yaml',
          body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: name(i), labels: { applied: 'yes' } } }),
        }),
        delete: (i) => ({ method: 'DELETE', path: `${pods}/${name(i)}?gracePeriodSeconds=0` }),
      };
      for (const [what, make] of Object.entries(calls) as [keyof typeof best, Call][]) {
        const before = process.cpuUsage();
        for (let i = 0; i < requests; i++) await call(client, make(i));
        const { user, system } = process.cpuUsage(before);
        best[what] = Math.min(best[what], (user + system) / requests);
      }
    }
    for (const [what, microseconds] of Object.entries(best)) figures[what] = Math.round(microseconds);
  } finally {
    await api.close();
  }
  return figures;
}

async function call(client: Client, { method, path, body, type }: ReturnType<Call>): Promise<void> {
  const answer = await client.raw({ method, path, headers: { 'content-type': type ?? 'application/json' }, ...(body === undefined ? {} : { body: Buffer.from(body) }) });
  for await (const _ of answer.body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
}

if (import.meta.main) process.stdout.write(`${JSON.stringify({ pipelineMicroseconds: await benchPipeline({ quick: process.argv.includes('--quick') }) }, undefined, 2)}\n`);
