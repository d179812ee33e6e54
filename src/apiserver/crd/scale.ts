/** The scale subresource of a custom kind: sizes and selector at the paths that its definition names. */
import type { Scale } from '../../api/autoscaling/v1/types.ts';
import type { CustomResourceSubresourceScale } from '../../api/apiextensions/v1/types.ts';
import { invalid } from '../../machinery/fieldpath.ts';
import { thaw, type DeepReadonly, type JsonValue } from '../../machinery/json.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';
import { goType, shown } from '../../schema/patch/strategy.ts';
import { isMembers, type Members } from '../../schema/structural/schema.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { scaleFacts } from '../registry/scale.ts';
import type { View } from '../registry/views.ts';

type Paths = DeepReadonly<CustomResourceSubresourceScale>;

function partsOf(path: string): string[] {
  return path.replace(/^\./, '').split('.');
}

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const part of partsOf(path)) value = isMembers(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

function put(object: Members, path: string, value: unknown): void {
  const parts = partsOf(path);
  const last = parts.pop()!;
  let place = object;
  for (const part of parts) {
    if (!isMembers(place[part])) place[part] = {};
    place = place[part] as Members;
  }
  place[last] = value;
}

/** `main`: the view of the version that the subresource belongs to. `all`: where each version has its size, if it has a scale. */
export function customScaleView(paths: Paths, main: View, all: ReadonlyMap<string, Paths | undefined>): View {
  const { noteManagers, ...facts } = scaleFacts(main.apiVersion, new Map([...all].map(([version, of]) => [version, of && partsOf(of.specReplicasPath).map((part) => `f:${part}`)])));
  return {
    ...facts,
    undecodable: 'no kind is registered for the type v1.Scale in scheme "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:730"',
    ...(main.prepare ? { prepare: main.prepare } : {}),
    read(stored) {
      const object = main.read(stored);
      const replicas = at(object, paths.specReplicasPath);
      if (replicas === undefined) throw StatusError.internal(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`);
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
      const selector = paths.labelSelectorPath ? at(object, paths.labelSelectorPath) : undefined;
      return {
        kind: 'Scale', apiVersion: 'autoscaling/v1',
        metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
        spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
        status: { replicas: Number(at(object, paths.statusReplicasPath) ?? 0), ...(typeof selector === 'string' && selector ? { selector } : {}) },
      } as unknown as ReadonlyObject;
    },
    write(object, current) {
      // Its size is judged with the object.
      const scale = object as unknown as Scale;
      const next = thaw<ApiObject>(main.read(current!));
      put(next, paths.specReplicasPath, scale.spec?.replicas ?? 0);
      next.metadata.resourceVersion = scale.metadata.resourceVersion || current!.metadata.resourceVersion!;
      if (scale.metadata.uid) next.metadata.uid = scale.metadata.uid;
      noteManagers(next, scale);
      return main.write(next, current);
    },
  };
}

const largest = 2_147_483_647;

/** Why what stands at a path is not what it should be; undefined where it is, or where nothing stands. */
function misfit(object: unknown, path: string, type: 'int64' | 'string'): string | undefined {
  let value = object;
  for (const part of partsOf(path)) {
    if (value === undefined) return undefined;
    if (!isMembers(value)) return `${path} accessor error: ${shown(value as JsonValue)} is of the type ${goType(value as JsonValue)}, expected map[string]interface{}`;
    value = Object.hasOwn(value, part) ? value[part] : undefined;
  }
  if (value === undefined || goType(value as JsonValue) === type) return undefined;
  return `${path} accessor error: ${shown(value as JsonValue)} is of the type ${goType(value as JsonValue)}, expected ${type}`;
}

/** What stands at the paths must be what a Scale can say. */
export function validateScalePaths(object: ReadonlyObject, paths: Paths | undefined, withSpec: boolean): FieldError[] {
  if (!paths) return [];
  const size = (path: string): FieldError[] => {
    const wrong = misfit(object, path, 'int64');
    if (wrong !== undefined) return [invalid(path, 0, wrong)];
    const value = at(object, path);
    if (typeof value !== 'number') return [];
    if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
    return value > largest ? [invalid(path, value, `should be less than or equal to ${largest}`)] : [];
  };
  const selector = paths.labelSelectorPath && misfit(object, paths.labelSelectorPath, 'string');
  return [
    ...(withSpec ? size(paths.specReplicasPath) : []),
    ...size(paths.statusReplicasPath),
    ...(selector ? [invalid(paths.labelSelectorPath!, '', selector)] : []),
  ];
}
