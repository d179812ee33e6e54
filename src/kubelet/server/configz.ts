/** `/configz`: what the agent runs with, as the KubeletConfiguration that would make it so. Only what it has a setting for is told. */
import { defaults, type KubeletConfig } from '../config.ts';

export function configz(config: KubeletConfig): object {
  const { server } = config;
  return {
    kubeletconfig: {
      kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1',
      ...(server ? { address: server.host, port: server.port, ...(server.readOnlyPort ? { readOnlyPort: server.readOnlyPort } : {}) } : {}),
      authentication: { webhook: { enabled: true }, anonymous: { enabled: false } },
      authorization: { mode: 'Webhook' },
      clusterDomain: config.clusterDomain, clusterDNS: config.clusterDNS,
      nodeStatusUpdateFrequency: seconds(defaults.nodeStatusPollMs), nodeStatusReportFrequency: seconds(config.nodeStatusPeriodMs ?? defaults.nodeStatusPeriodMs),
      nodeLeaseDurationSeconds: config.leaseDurationSeconds ?? defaults.leaseDurationSeconds,
      syncFrequency: seconds(config.syncPeriodMs ?? defaults.syncPeriodMs),
      cgroupRoot: config.cgroupRoot, cgroupDriver: 'cgroupfs',
      maxPods: config.maxPods ?? defaults.maxPods, ...(config.podCIDR ? { podCIDR: config.podCIDR } : {}),
      resolvConf: config.resolvConf ?? '/etc/resolv.conf',
      containerLogMaxSize: String(config.containerLogMaxSize ?? defaults.containerLogMaxSize), containerLogMaxFiles: config.containerLogMaxFiles ?? defaults.containerLogMaxFiles,
      ...(config.systemReserved ? { systemReserved: config.systemReserved } : {}), ...(config.taints?.length ? { registerWithTaints: config.taints } : {}),
      ...(config.providerID ? { providerID: config.providerID } : {}),
      containerRuntimeEndpoint: config.containerRuntimeEndpoint, ...(config.imageServiceEndpoint ? { imageServiceEndpoint: config.imageServiceEndpoint } : {}),
      podLogsDir: config.podLogsDir, registerNode: config.registerNode ?? true,
    },
  };
}

/** As Go writes durations: `5m0s`. */
function seconds(ms: number): string {
  const all = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}
