/** Nothing is created in a namespace that is not there or is going; some namespaces never go. */
import { StatusError } from '../../machinery/status.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin } from './chain.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces' };

export function namespaceLifecycle(storage: Storage): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    async mutate(request) {
      const { operation, namespace, resource, group } = request;
      if (group === '' && resource === 'namespaces') {
        if (operation === 'DELETE' && immortal.has(request.name)) throw StatusError.forbidden(namespaces, request.name, 'this namespace may not be deleted');
        return;
      }
      if (operation !== 'CREATE' || namespace === '') return;
      // What was created a moment ago may not have reached the cache of somebody else's server; ours is always current.
      const found = await storage.find('', namespace, 0);
      if (!found) throw StatusError.notFound(namespaces, namespace);
      const { status, metadata } = found.object as { status?: { phase?: string }; metadata: { deletionTimestamp?: string } };
      if (status?.phase !== 'Terminating' && metadata.deletionTimestamp === undefined) return;
      const error = StatusError.forbidden({ group, resource }, request.name, `unable to create new content in namespace ${namespace} because it is being terminated`);
      error.status.details = { ...error.status.details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }] };
      throw error;
    },
  };
}
