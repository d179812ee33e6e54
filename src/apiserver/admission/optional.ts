/** Plugins that are off unless asked for. */
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../api/core/v1/types.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Authorizer } from '../../serving/identity.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

function isPod({ group, resource, subresource, operation }: AdmissionRequest, operations: readonly string[]): boolean {
  return group === '' && resource === 'pods' && subresource === '' && operations.includes(operation);
}

export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  mutate(request) {
    if (!isPod(request, ['CREATE', 'UPDATE'])) return;
    const { spec } = request.object as unknown as Pod;
    for (const container of [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) container.imagePullPolicy = 'Always';
  },
};

const native = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('hugepages-');

export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  mutate(request) {
    if (!isPod(request, ['CREATE'])) return;
    const { spec } = request.object as unknown as Pod;
    const names = new Set([...spec.containers, ...(spec.initContainers ?? [])].flatMap((c) => Object.keys(c.resources?.requests ?? {})).filter((name) => !native(name)));
    for (const key of [...names].sort()) {
      if (!spec.tolerations?.some((t) => t.key === key && t.operator === 'Exists')) (spec.tolerations ??= []).push({ key, operator: 'Exists' });
    }
  },
};

type Owner = { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string; readonly blockOwnerDeletion?: boolean };

/** Who names an owner must be allowed to delete the object, and to hold the owner's deletion up. `resourceOf`: the resource of an owner's kind. */
export function ownerReferencesPermission(authorize: Authorizer, resourceOf: (apiVersion: string, kind: string) => { readonly group: string; readonly version: string; readonly resource: string } | undefined): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, what: { group: string; version: string; resource: string; subresource: string; name: string }): Promise<boolean> =>
    (await authorize({ user: request.user, verb, isResource: true, namespace: request.namespace, path: '', ...what })).decision === 'allow';
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    async validate(request) {
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
      const { group, version, resource, subresource, name } = request;
      const owners = (request.object?.metadata.ownerReferences ?? []) as readonly Owner[];
      const before = (request.old?.metadata.ownerReferences ?? []) as readonly Owner[];
      if (isDeepStrictEqual(owners, before)) return;
      const refuse = (why: string): never => {
        throw StatusError.forbidden({ group, resource }, name, why);
      };
      const changesOwners = !isDeepStrictEqual(owners.map((o) => o.uid), before.map((o) => o.uid));
      if (changesOwners && !(await may(request, 'delete', { group, version, resource, subresource: '', name }))) refuse("cannot set an ownerRef on a resource you can't delete: , <nil>");
      const blocking = owners.filter((o) => o.blockOwnerDeletion === true && !before.some((b) => b.uid === o.uid && b.blockOwnerDeletion === true));
      if (subresource !== '' && subresource !== 'status') return;
      for (const owner of blocking) {
        const found = resourceOf(owner.apiVersion, owner.kind);
        if (!found) return refuse(`cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}`);
        if (!(await may(request, 'update', { ...found, subresource: 'finalizers', name: owner.name }))) refuse("cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>");
      }
    },
  };
}
