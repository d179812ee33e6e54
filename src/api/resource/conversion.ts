/** v1beta1 to the stored version: an exact request and a basic device were not structs of their own there. */
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import type * as Old from './v1beta1/types.ts';
import type * as Stored from './v1beta2/types.ts';

const [oldVersion, storedVersion] = ['resource.k8s.io/v1beta1', 'resource.k8s.io/v1beta2'];
const ofRequest = ['deviceClassName', 'selectors', 'allocationMode', 'count', 'adminAccess', 'tolerations', 'capacity'] as const;

function requestToStored(r: Old.DeviceRequest): Stored.DeviceRequest {
  const { name, firstAvailable, ...main } = r;
  const given = ofRequest.some((key) => main[key] !== undefined && main[key] !== '' && main[key] !== 0);
  return { name, ...(given ? { exactly: main } : {}), ...(firstAvailable ? { firstAvailable } : {}) };
}

function requestFromStored({ name, exactly, firstAvailable }: Stored.DeviceRequest): Old.DeviceRequest {
  return { name, ...(exactly ?? { deviceClassName: '' }), ...(firstAvailable ? { firstAvailable } : {}) };
}

interface Requests<R> {
  devices?: { requests?: R[] | null };
}

function mapRequests<A, B>(spec: Requests<A> | undefined, map: (request: A) => B): void {
  const devices = spec?.devices as Requests<A | B>['devices'];
  if (devices?.requests) devices.requests = devices.requests.map((r) => map(r as A));
}

function converter<A extends object, B extends object>(apiVersion: string, change: (object: A) => void): (object: DeepReadonly<A>) => B {
  return (object) => {
    const made = thaw<A>(object);
    change(made);
    return { ...made, apiVersion } as unknown as B;
  };
}

type Both<A extends object, B extends object> = { toStored(object: DeepReadonly<A>): B; fromStored(object: DeepReadonly<B>): A };

function both<A extends object, B extends object>(toStored: (object: A) => void, fromStored: (object: B) => void): Both<A, B> {
  return { toStored: converter<A, B>(storedVersion!, toStored), fromStored: converter<B, A>(oldVersion!, fromStored) };
}

export const deviceClass = both<Old.DeviceClass, Stored.DeviceClass>(() => undefined, () => undefined);

export const claim = both<Old.ResourceClaim, Stored.ResourceClaim>((c) => mapRequests(c.spec, requestToStored), (c) => mapRequests(c.spec, requestFromStored));

export const template = both<Old.ResourceClaimTemplate, Stored.ResourceClaimTemplate>((t) => mapRequests(t.spec?.spec, requestToStored), (t) => mapRequests(t.spec?.spec, requestFromStored));

export const slice = both<Old.ResourceSlice, Stored.ResourceSlice>(
  (s) => {
    const { spec } = s;
    if (!spec) return;
    // There, none and an empty one are the same.
    if (!spec.nodeName) delete spec.nodeName;
    if (!spec.allNodes) delete spec.allNodes;
    if (spec.devices) (spec as unknown as Stored.ResourceSliceSpec).devices = spec.devices.map(({ name, basic }) => ({ name, ...basic }));
  },
  ({ spec }) => {
    if (spec?.devices) (spec as unknown as Old.ResourceSliceSpec).devices = spec.devices.map(({ name, ...basic }) => ({ name, basic }));
  },
);
