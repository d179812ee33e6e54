/** `k7s dns`: the cluster's name server. */
import { httpClient } from '../../client/http.ts';
import { runDns } from '../../network/dns/dns.ts';
import { connection } from './connection.ts';
import type { Program } from './program.ts';

export const dns: Program = {
  name: 'dns',
  about: 'Answers the names of services and pods, and asks the name servers of the machine for all others.',
  flags: {
    domain: { type: 'string', default: 'cluster.local', help: 'The domain of the cluster' },
    'bind-address': { type: 'string', default: '0.0.0.0', help: 'Where to listen' },
    port: { type: 'int', default: 53, help: 'The port, UDP and TCP' },
    kubeconfig: { type: 'string', help: 'How to reach the API server; as a pod does if absent' },
  },
  run: async (flags, surroundings, signal) => {
    const client = httpClient({ ...connection(flags.text('kubeconfig')), userAgent: 'coredns', surroundings });
    try {
      await runDns({
        client, domain: flags.text('domain'), listen: { host: flags.text('bind-address'), port: flags.number('port') },
        ports: { health: 8080, ready: 8181, metrics: 9153 }, surroundings, signal,
      });
    } finally {
      client.close();
    }
  },
};
