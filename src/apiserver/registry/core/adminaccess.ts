/** Devices that are in use may be looked at by claims of namespaces that have been set apart for it. */
import type { ResourceClaim, ResourceClaimTemplate } from '../../../api/resource/v1beta2/types.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { forbidden } from '../../../machinery/fieldpath.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type { ReadonlyObject } from '../../objects.ts';
import type { KindHooks, Storage } from '../storage.ts';

const label = 'resource.kubernetes.io/admin-access';

type Claim = DeepReadonly<ResourceClaim>;

function asked(object: ReadonlyObject): string | undefined {
  const { spec } = object as unknown as Claim | DeepReadonly<ResourceClaimTemplate>;
  const claim = 'spec' in spec ? spec.spec : spec;
  const index = (claim.devices?.requests ?? []).findIndex((r) => r.exactly?.adminAccess);
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`;
}

function given(object: ReadonlyObject): string | undefined {
  const index = ((object as unknown as Claim).status?.allocation?.devices?.results ?? []).findIndex((r) => r.adminAccess);
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`;
}

export function adminAccessHooks(namespaces: Storage): KindHooks {
  const check = async (path: string, namespace: string): Promise<FieldError[]> => {
    const { object } = await namespaces.get('', namespace, 0);
    if (object.metadata.labels?.[label] === 'true') return [];
    return [forbidden(path, `admin access to devices requires the \`${label}: true\` label on the containing namespace`)];
  };
  return {
    findings(object, old, { subresource }) {
      // What a claim asks for never changes, and neither does what it has been given.
      const path = old === undefined ? asked(object) : subresource === 'status' && given(old) === undefined ? given(object) : undefined;
      return path === undefined ? [] : check(path, object.metadata.namespace ?? '');
    },
  };
}
