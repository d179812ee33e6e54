// The data of discovery.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { addressTypes } from './enums.ts';
import { protocols } from '../../core/v1/enums.ts';
import type * as T from './types.ts';

export const Endpoint: Struct<T.Endpoint> = {
  fields: {
    addresses: { n: 1, type: '[]string', always: true, required: true, listType: 'set' },
    conditions: { n: 2, type: 'EndpointConditions' },
    hostname: { n: 3, type: 'string', ptr: true },
    targetRef: { n: 4, type: 'core.v1.ObjectReference', ptr: true },
    deprecatedTopology: { n: 5, type: 'map:string' },
    nodeName: { n: 6, type: 'string', ptr: true },
    zone: { n: 7, type: 'string', ptr: true },
    hints: { n: 8, type: 'EndpointHints', ptr: true },
  },
};

export const EndpointConditions: Struct<T.EndpointConditions> = {
  fields: {
    ready: { n: 1, type: 'bool', ptr: true },
    serving: { n: 2, type: 'bool', ptr: true },
    terminating: { n: 3, type: 'bool', ptr: true },
  },
};

export const EndpointHints: Struct<T.EndpointHints> = {
  fields: {
    forZones: { n: 1, type: '[]ForZone', listType: 'atomic' },
    forNodes: { n: 2, type: '[]ForNode', listType: 'atomic' },
  },
};

export const EndpointPort: Struct<T.EndpointPort> = {
  mapType: 'atomic',
  fields: {
    name: { n: 1, type: 'string', ptr: true, default: '' },
    protocol: { n: 2, type: 'string', enum: protocols, ptr: true, default: 'TCP' },
    port: { n: 3, type: 'int32', ptr: true },
    appProtocol: { n: 4, type: 'string', ptr: true },
  },
};

export const EndpointSlice: Struct<T.EndpointSlice> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    addressType: { n: 4, type: 'string', enum: addressTypes, always: true, required: true },
    endpoints: { n: 2, type: '[]Endpoint', always: true, required: true, listType: 'atomic' },
    ports: { n: 3, type: '[]EndpointPort', always: true, listType: 'atomic' },
  },
};

export const ForNode: Struct<T.ForNode> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};

export const ForZone: Struct<T.ForZone> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
  },
};
