// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface APIGroupDiscovery {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  versions?: APIVersionDiscovery[];
}

export interface APIResourceDiscovery {
  resource: string;
  responseKind?: metaV1.GroupVersionKind;
  scope: string;
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: APISubresourceDiscovery[];
}

export interface APISubresourceDiscovery {
  subresource: string;
  responseKind?: metaV1.GroupVersionKind;
  acceptedTypes?: metaV1.GroupVersionKind[];
  verbs: string[];
}

export interface APIVersionDiscovery {
  version: string;
  resources?: APIResourceDiscovery[];
  freshness?: string;
}

export interface APIGroupDiscoveryList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: APIGroupDiscovery[];
}
