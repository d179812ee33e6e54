/** The scale subresource of a custom kind: sizes and selector at the paths that its definition names. */
import type { Scale } from '../../api/autoscaling/v1/types.ts';
import { validateScale } from '../../api/autoscaling/scale.ts';
import type { CustomResourceSubresourceScale } from '../../api/apiextensions/v1/types.ts';
import { invalid } from '../../machinery/fieldpath.ts';
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { StatusError, type FieldError } from '../../machinery/status.ts';
import { isMembers, type Members } from '../../schema/structural/schema.ts';
import type { ApiObject, ReadonlyObject } from '../objects.ts';
import { scaleView } from '../registry/scale.ts';
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

/** `main`: the view of the version that the subresource belongs to. */
export function customScaleView(paths: Paths, main: View): View {
  return {
    ...scaleView,
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
      const scale = object as unknown as Scale;
      const errors = validateScale(scale);
      if (errors.length > 0) throw StatusError.invalid({ group: 'autoscaling', kind: 'Scale' }, scale.metadata.name, errors);
      const next = thaw<ApiObject>(main.read(current!));
      put(next, paths.specReplicasPath, scale.spec?.replicas ?? 0);
      next.metadata.resourceVersion = scale.metadata.resourceVersion || current!.metadata.resourceVersion!;
      return main.write(next, current);
    },
  };
}

const largest = 2_147_483_647;

/** What stands at the paths must be what a Scale can say. */
export function validateScalePaths(object: ReadonlyObject, paths: Paths | undefined, withSpec: boolean): FieldError[] {
  if (!paths) return [];
  const size = (path: string): FieldError[] => {
    const value = at(object, path);
    if (value === undefined) return [];
    if (typeof value !== 'number' || !Number.isInteger(value)) return [invalid(path, 0, `${path} accessor error: ${JSON.stringify(value)} is of the type ${typeof value}, expected int64`)];
    if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
    return value > largest ? [invalid(path, value, `should be less than or equal to ${largest}`)] : [];
  };
  const selector = paths.labelSelectorPath ? at(object, paths.labelSelectorPath) : undefined;
  return [
    ...(withSpec ? size(paths.specReplicasPath) : []),
    ...size(paths.statusReplicasPath),
    ...(selector === undefined || typeof selector === 'string' ? [] : [invalid(paths.labelSelectorPath!, '', `${paths.labelSelectorPath} accessor error: ${JSON.stringify(selector)} is of the type ${typeof selector}, expected string`)]),
  ];
}
