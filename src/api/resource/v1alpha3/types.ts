// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface CELDeviceSelector {
  expression: string;
}

export interface DeviceSelector {
  cel?: CELDeviceSelector;
}

export interface DeviceTaint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}

export interface DeviceTaintRule {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  spec: DeviceTaintRuleSpec;
}

export interface DeviceTaintRuleSpec {
  deviceSelector?: DeviceTaintSelector;
  taint: DeviceTaint;
}

export interface DeviceTaintSelector {
  deviceClassName?: string;
  driver?: string;
  pool?: string;
  device?: string;
  selectors?: DeviceSelector[];
}

export interface DeviceTaintRuleList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: DeviceTaintRule[];
}
