/** Nothing is created in a namespace that is not there or is going; some namespaces never go. */
import { hasReason, StatusError } from '../../machinery/status.ts';
import type { ApiObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';

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
      if (operation !== 'CREATE' || namespace === '' || (group === 'authorization.k8s.io' && resource === 'localsubjectaccessreviews')) return;
      // What was created a moment ago may not have reached the cache of somebody else's server; ours is always current.
      const found = await storage.find('', namespace, 0);
      if (!found) throw StatusError.notFound(namespaces, namespace);
      const { status, metadata } = found.object as { status?: { phase?: string }; metadata: { deletionTimestamp?: string } };
      if (status?.phase !== 'Terminating' && metadata.deletionTimestamp === undefined) return;
      const error = StatusError.forbidden({ group, resource }, nameOf(request), `unable to create new content in namespace ${namespace} because it is being terminated`);
      error.status.details = { ...error.status.details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }] };
      throw error;
    },
  };
}

/** Whether the request needs a namespace to be there. */
const needs = ({ namespace, group, kind }: AdmissionRequest): boolean => namespace !== '' && !(group === '' && kind === 'Namespace');

export function namespaceExists(storage: Storage): AdmissionPlugin {
  const check = async ({ namespace }: AdmissionRequest): Promise<void> => void (await storage.get('', namespace, 0));
  return { name: 'NamespaceExists', validate: (request) => (needs(request) && request.operation !== 'CONNECT' ? check(request) : undefined) };
}

/** Makes the namespace that something is created in. */
export function namespaceAutoProvision(storage: Storage): AdmissionPlugin {
  const provide = async ({ namespace, now }: AdmissionRequest): Promise<void> => {
    if (await storage.find('', namespace, 0)) return;
    const scope = { now, user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, subresource: '', warnings: [] };
    try {
      await storage.create({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace }, spec: {}, status: {} } as unknown as ApiObject, '', scope);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  };
  return { name: 'NamespaceAutoProvision', mutate: (request) => (request.operation === 'CREATE' && !request.dryRun && needs(request) ? provide(request) : undefined) };
}
