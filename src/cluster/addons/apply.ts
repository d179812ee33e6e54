/** Brings the objects of add-ons into the cluster, and takes them out. */
import { createHash } from 'node:crypto';
import { resources } from '../../api/catalog.ts';
import type { ResourceRef } from '../../api/reference.ts';
import type { Client } from '../../client/client.ts';
import { hasReason } from '../../machinery/status.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { addonImageName, addonPaths } from '../machine/images/addon.ts';
import type { ProfileConfig, ProfilePaths } from '../profile.ts';
import { productVersion } from '../version.ts';
import type { AddonEnvironment } from './addon.ts';
import { addons } from './index.ts';

type KubeObject = JsonObject & { apiVersion: string; kind: string; metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: JsonObject; annotations?: JsonObject } };

/** Says from which text an object was made: only another text replaces what the cluster has, so that edits stay. */
const originAnnotation = 'addons.k7s.dev/origin';
const addonLabel = 'addons.k7s.dev/name';

export function environmentOf(paths: ProfilePaths, config: ProfileConfig): AddonEnvironment {
  return {
    image: addonImageName(productVersion),
    command: [addonPaths.node, `${addonPaths.bundle}/k7s.js`],
    mounts: [
      { name: 'node', hostPath: `${paths.program}/node`, mountPath: addonPaths.node },
      { name: 'k7s', hostPath: paths.program, mountPath: addonPaths.bundle },
    ],
    clusterDNS: config.clusterDNS,
    clusterDomain: config.clusterDomain,
  };
}

function objectsOf(name: string, environment: AddonEnvironment): KubeObject[] {
  return addons[name]!.manifests(environment).map((manifest) => {
    const object = manifest as KubeObject;
    const origin = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [addonLabel]: name }, annotations: { ...metadata.annotations, [originAnnotation]: origin } } };
  });
}

function refOf(object: KubeObject): ResourceRef<KubeObject> {
  const slash = object.apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', object.apiVersion] : [object.apiVersion.slice(0, slash), object.apiVersion.slice(slash + 1)];
  const found = resources.find((resource) => resource.group === group && resource.version === version && resource.kind === object.kind);
  if (!found) throw new Error(`no resource of kind ${object.kind} in ${object.apiVersion}`);
  return { group, version, kind: object.kind, resource: found.resource, namespaced: found.namespaced };
}

export async function applyEnabledAddons(paths: ProfilePaths, config: ProfileConfig, client: Client): Promise<void> {
  const environment = environmentOf(paths, config);
  await Promise.all(config.addons.filter((name) => name in addons).map((name) => applyAddon(name, environment, client)));
}

export async function applyAddon(name: string, environment: AddonEnvironment, client: Client): Promise<void> {
  for (const object of objectsOf(name, environment)) await put(object, client);
}

async function put(object: KubeObject, client: Client): Promise<void> {
  const ref = refOf(object);
  const options = { fieldManager: 'k7s-addons', ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}) };
  // Asked for first: making a service again would be refused for its address, not for its name.
  const present = await client.get(ref, object.metadata.name, options).catch((error: unknown) => {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  });
  if (!present) await client.create(ref, object as never, options);
  else if (present.metadata.annotations?.[originAnnotation] !== object.metadata.annotations?.[originAnnotation]) {
    await client.update(ref, { ...object, metadata: { ...object.metadata, resourceVersion: present.metadata.resourceVersion! } }, options);
  }
}

/** In the reverse order: what announces a service goes before the service. */
export async function removeAddon(name: string, environment: AddonEnvironment, client: Client): Promise<void> {
  for (const object of objectsOf(name, environment).toReversed()) {
    try {
      await client.delete(refOf(object), object.metadata.name, { ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}), propagationPolicy: 'Background' });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}
