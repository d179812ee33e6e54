import { standardClass } from '../../controllers/volumes/hostpath.ts';
import { prometheusAdapterManifests } from '../../metrics/adapter/manifests.ts';
import { heapsterManifests } from '../../metrics/heapster/manifests.ts';
import { leanHeap, leanMalloc, metricsServerManifests } from '../../metrics/metrics-server/manifests.ts';
import type { Addon } from './addon.ts';
import { corednsManifests } from './coredns.ts';

export const addons: Readonly<Record<string, Addon>> = {
  coredns: { description: 'Names of services and pods', enabledByDefault: true, manifests: corednsManifests },
  'default-storageclass': { description: 'Volumes for claims, as folders of this machine', enabledByDefault: true, manifests: () => [standardClass] },
  'metrics-server': {
    description: 'What kubectl top and autoscalers read',
    enabledByDefault: true,
    manifests: ({ command: [node, ...program], ...environment }) => metricsServerManifests({ ...environment, command: [node!, ...leanHeap, ...program, 'metrics-server'], env: [leanMalloc] }),
  },
  heapster: {
    description: 'What clients of old ask for metrics',
    enabledByDefault: false,
    manifests: (environment) => heapsterManifests({ ...environment, command: [...environment.command, 'heapster'] }),
  },
  'prometheus-adapter': {
    description: 'Custom and external metrics from a Prometheus, for autoscalers',
    enabledByDefault: false,
    manifests: (environment) => prometheusAdapterManifests({ ...environment, command: [...environment.command, 'prometheus-adapter'] }),
  },
};

export const defaultAddons: readonly string[] = Object.entries(addons)
  .filter(([, addon]) => addon.enabledByDefault)
  .map(([name]) => name);
