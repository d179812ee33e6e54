// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface IPAddress {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: IPAddressSpec;
}

export interface IPAddressSpec {
  parentRef?: ParentReference;
}

export interface ParentReference {
  group?: string;
  resource: string;
  namespace?: string;
  name: string;
}

export interface ServiceCIDR {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: ServiceCIDRSpec;
  status: ServiceCIDRStatus;
}

export interface ServiceCIDRSpec {
  cidrs?: string[];
}

export interface ServiceCIDRStatus {
  conditions?: metaV1.Condition[];
}

export interface IPAddressList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: IPAddress[];
}

export interface ServiceCIDRList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ServiceCIDR[];
}
