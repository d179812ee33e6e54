/** The group of the history, as metrics-server's discovery lists it. */
import type { ServedGroup } from '../metrics-server/discovery.ts';
import { group, version } from './api.ts';

const prefix = 'io.k7s.metrics.history.v1alpha1.';

export const historyGroup: ServedGroup = {
  group, version,
  resources: [{ name: 'nodes', kind: 'NodeHistory', namespaced: false }, { name: 'pods', kind: 'PodHistory', namespaced: true }],
  schemas: (ref) => {
    const string = (description: string) => ({ type: 'string', description });
    const numbers = (description: string) => ({ type: 'array', description, items: { type: 'integer', format: 'int64', nullable: true } });
    const usage = { cpu: numbers('Nanocores, one for each time; null where nothing was measured. The mean of the step.'), memory: numbers('Bytes of working set, one for each time; null where nothing was measured. The most of the step.') };
    const common = {
      apiVersion: string('Version of this form of the object.'), kind: string('Kind of the object.'), metadata: { type: 'object' },
      step: string('The shortest time between two points.'), times: { type: 'array', description: 'When each point was collected, in seconds since the epoch.', items: { type: 'integer', format: 'int64' } },
    };
    const object = (properties: object, kind?: string) => ({ type: 'object', properties, ...(kind ? { 'x-kubernetes-group-version-kind': [{ group, version, kind }] } : {}) });
    const list = (kind: string) => object({ apiVersion: common.apiVersion, kind: common.kind, metadata: common.metadata, items: { type: 'array', items: { $ref: `${ref}${prefix}${kind}` } } }, `${kind}List`);
    return {
      [`${prefix}ContainerHistory`]: object({ name: string('Name of the container.'), ...usage }),
      [`${prefix}NodeHistory`]: object({ ...common, ...usage }, 'NodeHistory'),
      [`${prefix}NodeHistoryList`]: list('NodeHistory'),
      [`${prefix}PodHistory`]: object({ ...common, containers: { type: 'array', items: { $ref: `${ref}${prefix}ContainerHistory` } } }, 'PodHistory'),
      [`${prefix}PodHistoryList`]: list('PodHistory'),
    };
  },
};
