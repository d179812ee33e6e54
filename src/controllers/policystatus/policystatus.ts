/** Says in a policy's status what of its expressions does not fit the types that it is for. */
import { validatingadmissionpolicies } from '../../api/admissionregistration/v1/index.ts';
import { keyOf } from '../../client/informer.ts';
import { celTypeOf, type SchemaLike } from '../../machinery/cel/schema.ts';
import type { CelType } from '../../machinery/cel/types.ts';
import { celTypeOfStruct } from '../../schema/celtypes.ts';
import { Registry } from '../../schema/registry.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { typeWarnings, type Kind, type Types } from './typecheck.ts';

const name = 'validatingadmissionpolicy-status-controller';
const apply = 'application/apply-patch+yaml';

export const policyStatusController: Controller = {
  name,
  setup: (context) => {
    const informer = context.informer(validatingadmissionpolicies);
    const types = knownTypes(context);
    const queue = context.queue(async (key) => {
      const policy = informer.getByKey(key);
      const generation = policy?.metadata.generation ?? 0;
      if (!policy || generation <= (policy.status?.observedGeneration ?? 0)) return;
      const expressionWarnings = await typeWarnings(policy, types);
      const body = {
        apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: policy.metadata.name },
        status: { observedGeneration: generation, typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {} },
      };
      await context.client.patch(validatingadmissionpolicies, policy.metadata.name, { type: apply, body, force: true }, { subresource: 'status', fieldManager: name });
    }, 1);
    const enqueue = (policy: Parameters<typeof keyOf>[0]): void => queue.add(keyOf(policy));
    informer.on({ added: enqueue, updated: enqueue });
  },
};

/** Of the catalog, which is only loaded when there is a policy; of all others what the server says of them, asked for each time, as policies are few. */
function knownTypes({ client, signal }: ControllerContext): Types {
  let catalog: Promise<{ kinds: ReadonlyMap<string, Kind>; struct(kind: Kind): CelType | undefined }> | undefined;
  const load = async () => {
    const { packages, resources } = await import('../../api/catalog.ts');
    const registry = new Registry(packages);
    const byKind = new Map(resources.map((r) => [`${r.group}/${r.version}/${r.kind}`, `${r.package}.${r.kind}`]));
    return {
      kinds: new Map(resources.map((r) => [`${r.group}/${r.version}/${r.resource}`, { group: r.group, version: r.version, kind: r.kind }])),
      struct(kind: Kind): CelType | undefined {
        const type = byKind.get(`${kind.group}/${kind.version}/${kind.kind}`);
        return type === undefined ? undefined : celTypeOfStruct(registry.struct(type));
      },
    };
  };
  const document = async <T>(path: string): Promise<T | undefined> => {
    const response = await client.raw({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
    const parts: Uint8Array[] = [];
    for await (const part of response.body) parts.push(part);
    return response.status === 200 ? (JSON.parse(Buffer.concat(parts).toString()) as T) : undefined;
  };
  return {
    async kindOf(group, version, resource) {
      const known = (await (catalog ??= load())).kinds.get(`${group}/${version}/${resource}`);
      if (known) return known;
      const list = await document<{ resources?: readonly { name: string; kind: string }[] }>(`/apis/${group}/${version}`);
      const found = list?.resources?.find((r) => r.name === resource);
      return found && { group, version, kind: found.kind };
    },
    async typeOf(kind) {
      const known = (await (catalog ??= load())).struct(kind);
      if (known || kind.group === '') return known;
      const openapi = await document<{ components?: { schemas?: Schemas } }>(`/openapi/v3/apis/${kind.group}/${kind.version}`);
      const schemas = openapi?.components?.schemas ?? {};
      const found = Object.values(schemas).find((s) => s['x-kubernetes-group-version-kind']?.some((k) => k.group === kind.group && k.version === kind.version && k.kind === kind.kind));
      return found && celTypeOf(whole(found, schemas, deepest), { name: kind.kind });
    },
  };
}

type Described = SchemaLike & { readonly $ref?: string; readonly allOf?: readonly Described[]; readonly 'x-kubernetes-group-version-kind'?: readonly Kind[] };
type Schemas = Readonly<Record<string, Described>>;

/** Types that contain themselves end somewhere. */
const deepest = 32;
const here = '#/components/schemas/';

/** With what it refers to in its place. */
function whole(schema: Described, schemas: Schemas, depth: number): SchemaLike {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]!.$ref : undefined);
  const named = ref?.startsWith(here) ? schemas[ref.slice(here.length)] : undefined;
  if (depth === 0) return {};
  if (named) return whole(named, schemas, depth - 1);
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, whole(inner, schemas, depth - 1)])) } : {}),
    ...(items ? { items: whole(items, schemas, depth - 1) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: whole(additionalProperties, schemas, depth - 1) } : {}),
  };
}
