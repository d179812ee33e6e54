/** What pods have beyond the generic registry: binding to a node. */
import type { Binding, Pod } from '../../../api/core/v1/types.ts';
import { bindPod } from '../../../api/core/pod.ts';
import { StatusError } from '../../../machinery/status.ts';
import { quoted } from '../../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import type { ApiObject } from '../../objects.ts';
import type { Creator } from '../../resources.ts';
import type { Storage } from '../storage.ts';

function success(): ApiObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

const resource = { group: '', resource: 'pods' };

/** POST pods/x/binding, and the older POST bindings where the name stands in the body. */
export function binder(pods: Storage): Creator {
  return async (object, { namespace, name: asked }, scope) => {
    const binding = object as unknown as Binding;
    const name = asked || binding.metadata.name;
    if (!name) throw StatusError.badRequest('Name parameter required.');
    if (binding.metadata.name !== name) throw StatusError.badRequest('name in URL does not match name in Binding object');
    const { kind, name: node } = binding.target;
    const errors: string[] = [];
    if (kind && kind !== 'Node') errors.push(`target.kind: Unsupported value: ${quoted(kind)}: supported values: "Node", "<empty>"`);
    if (!node) errors.push('target.name: Required value');
    // Upstream's findings are a plain error here.
    if (errors.length > 0) throw new StatusError({ status: 'Failure', code: 500, message: errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]! });
    await pods.update(namespace, name, (current) => {
      const pod = current!.object as unknown as DeepReadonly<Pod>;
      if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid) {
        throw StatusError.conflict(resource, name, `StorageError: invalid object, Code: 4, Key: ${pods.key(namespace, name).replace(/^\/registry/, '')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`);
      }
      return bindPod(pod, binding, scope.now) as unknown as ApiObject;
    }, { ...scope, subresource: 'binding' }, { retryConflicts: true });
    return success();
  };
}
