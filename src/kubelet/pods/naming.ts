/** Names, DNS and hosts of a pod, and where its things lie on the node. */
import { join } from 'node:path';
import type { KubeletConfig } from '../config.ts';
import type { DNSConfig } from '../cri/types.ts';
import type { Pod } from './model.ts';

export const podDir = (config: KubeletConfig, uid: string): string => join(config.rootDir, 'pods', uid);
export const podLogDir = (config: KubeletConfig, pod: Pod): string =>
  join(config.podLogsDir, `${pod.metadata.namespace ?? ''}_${pod.metadata.name}_${pod.metadata.uid}`);
export const volumeDir = (config: KubeletConfig, uid: string, plugin: string, name: string): string =>
  join(podDir(config, uid), 'volumes', `kubernetes.io~${plugin}`, name);

/** What `hostname` says inside, and the fully qualified name where the pod has a subdomain. */
export function podHostname(pod: Pod, config: KubeletConfig): { hostname: string; domain: string } {
  if (pod.spec.hostnameOverride) return { hostname: pod.spec.hostnameOverride, domain: '' };
  const short = pod.spec.hostname || pod.metadata.name.slice(0, 63).replace(/[-.]+$/, '');
  const domain = pod.spec.subdomain ? `${pod.spec.subdomain}.${pod.metadata.namespace ?? ''}.svc.${config.clusterDomain}` : '';
  return { hostname: short, domain };
}

export function sandboxHostname(pod: Pod, config: KubeletConfig): string {
  if (pod.spec.hostNetwork) return '';
  const { hostname, domain } = podHostname(pod, config);
  return pod.spec.setHostnameAsFQDN && domain ? `${hostname}.${domain}` : hostname;
}

interface Resolver {
  servers: string[];
  searches: string[];
  options: string[];
}

export function parseResolvConf(text: string): Resolver {
  const out: Resolver = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) out.servers.push(rest[0]);
    else if (word === 'search') out.searches = rest.filter((s) => s !== '.');
    else if (word === 'options') out.options = rest;
  }
  return out;
}

export function podDns(pod: Pod, config: KubeletConfig, outside: Resolver): DNSConfig {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  const ofCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec.hostNetwork);
  let dns: Resolver;
  if (policy === 'None') dns = { servers: [], searches: [], options: [] };
  else if (ofCluster && config.clusterDNS.length > 0) {
    const domain = config.clusterDomain;
    const own = [`${pod.metadata.namespace ?? ''}.svc.${domain}`, `svc.${domain}`, domain];
    dns = { servers: [...config.clusterDNS], searches: [...new Set([...own, ...outside.searches])], options: ['ndots:5'] };
  } else dns = { servers: [...outside.servers], searches: [...outside.searches], options: [...outside.options] };
  const extra = pod.spec.dnsConfig;
  if (!extra) return dns;
  const options = new Map(dns.options.map((o) => [o.split(':')[0]!, o]));
  for (const { name = '', value } of extra.options ?? []) options.set(name, value === undefined ? name : `${name}:${value}`);
  return {
    servers: [...new Set([...dns.servers, ...(extra.nameservers ?? [])])],
    searches: [...new Set([...dns.searches, ...(extra.searches ?? [])])],
    options: [...options.values()],
  };
}

export function hostsFile(pod: Pod, config: KubeletConfig, podIPs: readonly string[], hostsOfNode: string): string {
  const lines: string[] = [];
  if (pod.spec.hostNetwork) lines.push('# Kubernetes-managed hosts file (host network).', hostsOfNode.trimEnd());
  else {
    lines.push(
      '# Kubernetes-managed hosts file.', '127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet', 'fe00::0\tip6-mcastprefix', 'fe00::1\tip6-allnodes', 'fe00::2\tip6-allrouters',
    );
    const { hostname, domain } = podHostname(pod, config);
    for (const ip of podIPs) lines.push(domain ? `${ip}\t${hostname}.${domain}\t${hostname}` : `${ip}\t${hostname}`);
  }
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.');
  for (const { ip, hostnames } of aliases) lines.push(`${ip}\t${(hostnames ?? []).join('\t')}`);
  return `${lines.join('\n')}\n`;
}
