/** An API server on the durable store in the folder of the first argument; prints how to reach it as one line of JSON. */
import { startApiServer } from '../../src/apiserver/server.ts';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { embeddedStore } from '../../src/store/embedded.ts';
import { createAuthority, issue } from '../../src/wire/certificates.ts';

const surroundings = systemSurroundings();
const authority = await createAuthority({ commonName: 'test-ca' });
const server = await issue(authority, { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'], usages: ['server'] });
const store = await embeddedStore({ folder: process.argv[2]!, surroundings, limits: { segmentBytes: 200_000, garbageBytes: 400_000 } });
const api = await startApiServer(
  { store, tls: { cert: server.certPem, key: server.keyPem }, tokenFile: 'secret,tester,1,"system:masters"\n' },
  surroundings,
);
process.stdout.write(`${JSON.stringify({ url: api.url, authority: authority.certPem })}\n`);
