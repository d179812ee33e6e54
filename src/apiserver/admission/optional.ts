/** Plugins that are off unless asked for. */
import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, Service } from '../../api/core/v1/types.ts';
import { notSupported } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Authorizer } from '../../serving/identity.ts';
import { nameOf, type AdmissionPlugin, type AdmissionRequest } from './chain.ts';

function isPod({ group, resource, subresource, operation }: AdmissionRequest, operations: readonly string[]): boolean {
  return group === '' && resource === 'pods' && subresource === '' && operations.includes(operation);
}

const containersOf = (pod: DeepReadonly<Pod>): readonly (readonly [path: string, container: DeepReadonly<Pick<Container, 'image' | 'imagePullPolicy'>>])[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) => (pod.spec[list] ?? []).map((c, i) => [`spec.${list}[${i}]`, c] as const));

/** An update that brings no image along is left alone. */
function bringsImages({ object, old }: AdmissionRequest): boolean {
  if (!old) return true;
  const before = new Set(containersOf(old as unknown as DeepReadonly<Pod>).map(([, c]) => c.image));
  return containersOf(object as unknown as Pod).some(([, c]) => !before.has(c.image));
}

export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  mutate(request) {
    if (!isPod(request, ['CREATE', 'UPDATE']) || !bringsImages(request)) return;
    const { spec } = request.object as unknown as Pod;
    for (const container of [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) container.imagePullPolicy = 'Always';
    for (const { image } of spec.volumes ?? []) if (image) image.pullPolicy = 'Always';
  },
  validate(request) {
    if (!isPod(request, ['CREATE', 'UPDATE']) || !bringsImages(request)) return;
    const pod = request.object as unknown as Pod;
    const found = [
      ...containersOf(pod).filter(([, c]) => c.imagePullPolicy !== 'Always').map(([path, c]) => notSupported(`${path}.imagePullPolicy`, c.imagePullPolicy ?? '', ['Always'])),
      ...(pod.spec.volumes ?? []).flatMap((v, i) => (v.image && v.image.pullPolicy !== 'Always' ? [notSupported(`spec.volumes[${i}].image.pullPolicy`, v.image.pullPolicy ?? '', ['Always'])] : [])),
    ];
    if (found.length > 0) throw StatusError.forbidden({ group: '', resource: 'pods' }, nameOf(request), found.map((e) => `${e.field}: ${e.detail}`).join(', '));
  },
};

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' };

export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  mutate(request) {
    throw StatusError.forbidden({ group: request.group, resource: request.resource }, nameOf(request), 'admission control is denying all modifications');
  },
};

export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate(request) {
    const { group, resource, subresource, operation } = request;
    if (group !== '' || resource !== 'services' || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const [next, old] = [request.object, request.old] as unknown as (DeepReadonly<Service> | undefined)[];
    const before = new Set(old?.spec?.externalIPs ?? []);
    if (next?.spec?.externalIPs?.some((ip) => !before.has(ip))) throw StatusError.forbidden({ group, resource }, nameOf(request), 'Use of external IPs is denied by admission control');
  },
};

const hostname = 'kubernetes.io/hostname';

export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(request) {
    if (!isPod(request, ['CREATE', 'UPDATE'])) return;
    const pod = request.object as unknown as Pod;
    const term = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.find((t) => t.topologyKey !== hostname);
    if (term) throw StatusError.forbidden({ group: '', resource: 'pods' }, pod.metadata.name, `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${term.topologyKey} but only key ${hostname} is allowed`);
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
      if (!spec.tolerations?.some((t) => t.key === key && t.operator === 'Exists' && (t.effect ?? '') === 'NoSchedule')) (spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoSchedule' });
    }
  },
};

type Owner = { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string; readonly blockOwnerDeletion?: boolean };

/** Who names an owner must be allowed to delete the object, and to hold the owner's deletion up. `resourceOf`: the resource of an owner's kind. */
export function ownerReferencesPermission(authorize: Authorizer, resourceOf: (apiVersion: string, kind: string) => { readonly group: string; readonly version: string; readonly resource: string } | undefined): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, what: { group: string; version: string; resource: string; subresource: string; name: string; namespace?: string }): Promise<boolean> =>
    (await authorize({ user: request.user, verb, isResource: true, namespace: request.namespace, path: '', ...what })).decision === 'allow';
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    async validate(request) {
      const { operation, group, version, resource, subresource, name } = request;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || (group === '' && resource === 'pods' && subresource === 'status')) return;
      const owners = (request.object?.metadata?.ownerReferences ?? []) as readonly Owner[];
      const before = (request.old?.metadata.ownerReferences ?? []) as readonly Owner[];
      if (isDeepStrictEqual(owners, before)) return;
      const refuse = (why: string): never => {
        throw StatusError.forbidden({ group, resource }, name, why);
      };
      // Who creates could as well not create; to hold an owner up is another matter.
      if (operation !== 'CREATE' && !(await may(request, 'delete', { group, version, resource, subresource, name }))) refuse("cannot set an ownerRef on a resource you can't delete: , <nil>");
      const blocking = owners.filter((o) => o.blockOwnerDeletion === true && !before.some((b) => b.uid === o.uid && b.blockOwnerDeletion === true));
      if (blocking.length === 0 || (await may(request, 'update', { group: '*', version: '*', resource: '*', subresource: 'finalizers', name: '*', namespace: '' }))) return;
      for (const owner of blocking) {
        const found = resourceOf(owner.apiVersion, owner.kind);
        if (!found) return refuse(`cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`);
        if (!(await may(request, 'update', { ...found, subresource: 'finalizers', name: owner.name }))) refuse("cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>");
      }
    },
  };
}
