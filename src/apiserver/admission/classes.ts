/** What a class brings with it: the overhead and placement of a RuntimeClass, the class that an Ingress did not name. */
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../api/core/v1/types.ts';
import type { Ingress } from '../../api/networking/v1/types.ts';
import type { RuntimeClass } from '../../api/node/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

/** Of several that call themselves the default the newest is; of equals the first by name. */
export function newestDefault(all: readonly ReadonlyObject[], isDefault: (annotations: Readonly<Record<string, string>> | undefined) => boolean): ReadonlyObject | undefined {
  const order = (a: ReadonlyObject, b: ReadonlyObject): number => {
    const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
    return x === y ? (a.metadata.name! < b.metadata.name! ? -1 : 1) : x > y ? -1 : 1;
  };
  return all.filter((object) => isDefault(object.metadata.annotations)).sort(order)[0];
}

export function defaultIngressClass(classes: Storage): AdmissionPlugin {
  const give = async (ingress: Ingress): Promise<void> => {
    const { items } = await classes.cacher.list({ notOlderThan: 0 });
    const chosen = newestDefault(items.map((i) => i.object), (annotations) => annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true');
    if (chosen) ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata.name! };
  };
  return {
    name: 'DefaultIngressClass',
    mutate: (request) => {
      if (request.group !== 'networking.k8s.io' || request.resource !== 'ingresses' || request.operation !== 'CREATE' || request.subresource !== '') return undefined;
      const ingress = request.object as unknown as Ingress;
      return ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined ? undefined : give(ingress);
    },
  };
}

const pods = { group: '', resource: 'pods' };
const isPodCreate = ({ group, resource, operation, subresource }: AdmissionRequest): boolean => group === '' && resource === 'pods' && operation === 'CREATE' && subresource === '';

export function runtimeClass(classes: Storage): AdmissionPlugin {
  const classOf = async (request: AdmissionRequest): Promise<DeepReadonly<RuntimeClass> | undefined> => {
    const name = (request.object as unknown as Pod).spec.runtimeClassName;
    if (name === undefined) return undefined;
    const found = await classes.find('', name, 0);
    if (!found) throw StatusError.forbidden(pods, request.name, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found.object as unknown as DeepReadonly<RuntimeClass>;
  };
  const give = async (request: AdmissionRequest): Promise<void> => {
    const chosen = await classOf(request);
    if (chosen) bring(chosen, request.object as unknown as Pod);
  };
  const check = async (request: AdmissionRequest): Promise<void> => {
    if ((await classOf(request))?.overhead) return;
    throw StatusError.forbidden(pods, request.name, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  };
  const named = (request: AdmissionRequest): boolean => isPodCreate(request) && (request.object as unknown as Pod).spec.runtimeClassName !== undefined;
  return {
    name: 'RuntimeClass',
    mutate: (request) => (named(request) ? give(request) : undefined),
    validate: (request) => (isPodCreate(request) && (request.object as unknown as Pod).spec.overhead ? check(request) : undefined),
  };
}

function bring(chosen: DeepReadonly<RuntimeClass>, { metadata: { name }, spec }: Pod): void {
  if (chosen.overhead) {
    if (spec.overhead && !isDeepStrictEqual({ ...spec.overhead }, { ...chosen.overhead.podFixed })) {
      throw StatusError.forbidden(pods, name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    spec.overhead = { ...chosen.overhead.podFixed };
  }
  for (const [key, value] of Object.entries(chosen.scheduling?.nodeSelector ?? {})) {
    const present = spec.nodeSelector?.[key];
    if (present !== undefined && present !== value) throw StatusError.forbidden(pods, name, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${present}`);
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  for (const toleration of chosen.scheduling?.tolerations ?? []) {
    if (!spec.tolerations?.some((t) => isDeepStrictEqual(t, { ...toleration }))) (spec.tolerations ??= []).push({ ...toleration });
  }
}
