// The data of resource.k8s.io/v1alpha3. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { taintEffects } from '../v1/enums.ts';
import type * as T from './types.ts';

export const CELDeviceSelector: Struct<T.CELDeviceSelector> = {
  fields: {
    expression: { n: 1, type: 'string', always: true, required: true },
  },
};

export const DeviceSelector: Struct<T.DeviceSelector> = {
  fields: {
    cel: { n: 1, type: 'CELDeviceSelector', ptr: true },
  },
};

export const DeviceTaint: Struct<T.DeviceTaint> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    value: { n: 2, type: 'string' },
    effect: { n: 3, type: 'string', enum: taintEffects, always: true, required: true },
    timeAdded: { n: 4, type: 'Time', ptr: true },
  },
};

export const DeviceTaintRule: Struct<T.DeviceTaintRule> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'DeviceTaintRuleSpec', always: true, required: true },
  },
};

export const DeviceTaintRuleSpec: Struct<T.DeviceTaintRuleSpec> = {
  fields: {
    deviceSelector: { n: 1, type: 'DeviceTaintSelector', ptr: true },
    taint: { n: 2, type: 'DeviceTaint', required: true },
  },
};

export const DeviceTaintSelector: Struct<T.DeviceTaintSelector> = {
  fields: {
    deviceClassName: { n: 1, type: 'string', ptr: true },
    driver: { n: 2, type: 'string', ptr: true },
    pool: { n: 3, type: 'string', ptr: true },
    device: { n: 4, type: 'string', ptr: true },
    selectors: { n: 5, type: '[]DeviceSelector', listType: 'atomic' },
  },
};
