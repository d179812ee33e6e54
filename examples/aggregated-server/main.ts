/** node main.ts --kubeconfig FILE --port PORT [--host ADDRESS] [--tls-cert-file FILE --tls-private-key-file FILE] */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { silent } from '../../src/base/log.ts';
import { httpClient } from '../../src/client/http.ts';
import { kubeconfigFiles, readKubeconfig } from '../../src/cluster/kubeconfig.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';
import { serveNotes } from './server.ts';

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' }, port: { type: 'string', default: '9443' }, host: { type: 'string', default: '0.0.0.0' },
    'tls-cert-file': { type: 'string' }, 'tls-private-key-file': { type: 'string' },
  },
});
const surroundings = { clock: systemClock, random: systemRandom, log: silent };
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

async function tls(): Promise<{ cert: string; key: string }> {
  const { 'tls-cert-file': cert, 'tls-private-key-file': key } = values;
  if (cert && key) return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const own = await issue(await createAuthority({ commonName: 'notes' }), { commonName: 'notes.default.svc', dnsNames: ['notes.default.svc'], usages: ['server'] });
  return { cert: own.certPem, key: own.keyPem };
}

const client = httpClient(readKubeconfig(values.kubeconfig ?? kubeconfigFiles()[0]!));
const serving = await serveNotes({ client, tls: await tls(), host: values.host, port: Number(values.port), surroundings, signal: stop.signal });
process.stdout.write(`notes are served at ${serving.url}\n`);
