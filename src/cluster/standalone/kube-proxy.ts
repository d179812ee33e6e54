/** `k7s kube-proxy`: the service proxy of the node whose network namespace it runs in. */
import { hostname } from 'node:os';
import { nodes } from '../../api/core/v1/index.ts';
import { httpClient } from '../../client/http.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { Flags } from '../../kubectl/flags.ts';
import { runProxy } from '../../network/proxy/proxy.ts';
import { indifferent, only, readConfigFile } from './configfile.ts';
import { connection } from './connection.ts';
import { ignored, listed, type Program } from './program.ts';

export const kubeProxy: Program = {
  name: 'kube-proxy',
  about: 'Brings the addresses of services to their endpoints, by nftables.',
  flags: {
    config: { type: 'string', help: 'A KubeProxyConfiguration; flags win over it' },
    kubeconfig: { type: 'string', help: 'How to reach the API server; as a pod does if absent' },
    'hostname-override': { type: 'string', help: "The node's name; the machine's if absent" },
    'cluster-cidr': { type: 'strings', help: 'Addresses of pods' },
    'proxy-mode': { type: 'string', default: 'nftables', help: 'Only nftables' },
    'healthz-bind-address': { type: 'string', default: '0.0.0.0:10256', help: 'Where health is told; the port counts' },
    'metrics-bind-address': { type: 'string', default: '127.0.0.1:10249', help: 'Where metrics are told; the port counts' },
    ...ignored('string', 'bind-address', 'conntrack-max-per-core', 'conntrack-min', 'kube-api-qps', 'kube-api-burst', 'min-sync-period', 'sync-period'),
  },
  run: async (flags, surroundings, signal) => {
    readConfig(flags);
    const mode = flags.text('proxy-mode');
    if (mode !== 'nftables' && mode !== '') throw new CommandError(`--proxy-mode: ${JSON.stringify(mode)} is not available; leave it out: it is nftables`);
    const client = httpClient({ ...connection(flags.text('kubeconfig')), userAgent: 'kube-proxy', surroundings });
    try {
      const nodeName = (flags.text('hostname-override') || hostname()).trim().toLowerCase();
      const node = await client.get(nodes, nodeName, { signal });
      const nodeIPs = (node.status?.addresses ?? []).filter((address) => address.type === 'InternalIP').map((address) => address.address);
      await runProxy({
        client, nodeName, nodeIPs, clusterCIDRs: listed(flags, 'cluster-cidr'),
        healthPort: portOf(flags, 'healthz-bind-address'), metricsPort: portOf(flags, 'metrics-bind-address'), surroundings, signal,
      });
    } finally {
      client.close();
    }
  },
};

function portOf(flags: Flags, name: string): number {
  const match = /^(?:.*:)?(\d+)$/.exec(flags.text(name));
  if (!match) throw new CommandError(`--${name}: ${JSON.stringify(flags.text(name))} is not address:port`);
  return Number(match[1]);
}

function readConfig(flags: Flags): void {
  if (!flags.has('config')) return;
  const open = (flag: string): boolean => !flags.has(flag);
  const set = (flag: string) => (value: unknown): void => {
    if (value !== '' && open(flag)) flags.set(flag, String(value), `--${flag}`);
  };
  readConfigFile(flags.text('config'), { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }, {
    clientConnection: { kubeconfig: set('kubeconfig'), acceptContentTypes: indifferent, contentType: indifferent, qps: indifferent, burst: indifferent },
    mode: set('proxy-mode'), clusterCIDR: set('cluster-cidr'), hostnameOverride: set('hostname-override'), bindAddress: indifferent,
    healthzBindAddress: set('healthz-bind-address'), metricsBindAddress: set('metrics-bind-address'),
    conntrack: indifferent, configSyncPeriod: indifferent, enableProfiling: indifferent, detectLocalMode: only('', 'ClusterCIDR'), portRange: only(''),
  });
}
