/** Values on their way between a store of ours and one that upstream's servers use. */
import { packages, resources } from '../../api/catalog.ts';
import { normalise } from '../../schema/json.ts';
import { storedKinds } from '../install.ts';
import type { ApiObject } from '../objects.ts';
import { Schema } from './engines.ts';
import { ownForm, upstreamForm, type StoredForm, type StoredKind } from './stored.ts';

export interface Transfer {
  /** The same object in upstream's form. */
  toUpstream(key: string, value: Uint8Array): Uint8Array;
  /** The same object in our own. */
  toOwn(key: string, value: Uint8Array): Uint8Array;
}

const registryPrefix = '/registry/';
const enciphered = 'k8s:enc:';

/** Another form's value; fields in order, with the place that resourceVersion has. */
function reencode({ registry, stored }: StoredKind, object: ApiObject, form: StoredForm): Uint8Array {
  object.metadata.resourceVersion = '0';
  const canonical = normalise(registry, stored.type, object) as unknown as ApiObject;
  canonical.metadata.resourceVersion = '';
  return form.encode(canonical);
}

/** Custom resources, and what else stands below the prefix, are the same bytes on both sides. */
export function transfer(): Transfer {
  const kinds = storedKinds({ registry: new Schema(packages), definitions: resources, packages: new Map(packages.map((pkg) => [pkg.name, pkg])) });
  const forms = new Map([...kinds].map(([prefix, kind]) => [prefix, { kind, own: ownForm(kind), upstream: upstreamForm(kind) }]));
  const formsOf = (key: string, value: Uint8Array): ReturnType<(typeof forms)['get']> => {
    if (Buffer.from(value.buffer, value.byteOffset, enciphered.length).toString('latin1') === enciphered) throw new Error(`${key} is enciphered; have the API server rewrite it with the identity provider first`);
    for (let end = key.indexOf('/', registryPrefix.length); end > 0; end = key.indexOf('/', end + 1)) {
      const found = forms.get(key.slice(0, end + 1));
      if (found) return found;
    }
    return undefined;
  };
  return {
    toUpstream: (key, value) => {
      const found = formsOf(key, value);
      return found ? reencode(found.kind, found.own.decode(value), found.upstream) : value;
    },
    toOwn: (key, value) => {
      const found = formsOf(key, value);
      return found ? reencode(found.kind, found.upstream.decode(value), found.own) : value;
    },
  };
}
