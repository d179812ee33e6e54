/** An API server on the durable store in a process of its own; prints how to reach it as one line of JSON, runs until its input ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '../src/apiserver/server.ts';
import { systemSurroundings } from '../src/base/surroundings.ts';
import { embeddedStore } from '../src/store/embedded.ts';
import { createAuthority, issue } from '../src/wire/certificates.ts';

export interface BenchServer {
  readonly url: string;
  readonly authority: string;
  readonly token: string;
  readonly pid: number;
  readonly startMs: number;
}

const surroundings = systemSurroundings({ component: 'bench' });
const folder = await mkdtemp(join(process.env['K7S_BENCH_DIR'] ?? tmpdir(), 'k7s-bench-'));
const authority = await createAuthority({ commonName: 'bench-ca' });
const server = await issue(authority, { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'], dnsNames: ['localhost'], usages: ['server'] });
const signer = await createAuthority({ commonName: 'service-accounts' });
const token = surroundings.random.uuid();
const store = await embeddedStore({ folder, surroundings });
const api = await startApiServer(
  {
    store,
    tls: { cert: server.certPem, key: server.keyPem },
    clientAuthority: authority.certPem,
    serviceAccounts: { signingKey: signer.keyPem },
    tokenFile: `${token},bench,1,"system:masters"\n`,
  },
  surroundings,
);
const line: BenchServer = { url: api.url, authority: authority.certPem, token, pid: process.pid, startMs: Math.round(performance.now()) };
process.stdout.write(`${JSON.stringify(line)}\n`);
for await (const _ of process.stdin);
await api.close();
await store.close();
await rm(folder, { recursive: true, force: true });
process.exit(0);
