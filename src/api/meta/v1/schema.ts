// The data of meta.k8s.io/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import type * as T from './types.ts';

export const APIGroup: Struct<T.APIGroup> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    name: { n: 1, type: 'string', always: true, required: true },
    versions: { n: 2, type: '[]GroupVersionForDiscovery', always: true, required: true, listType: 'atomic' },
    preferredVersion: { n: 3, type: 'GroupVersionForDiscovery' },
    serverAddressByClientCIDRs: { n: 4, type: '[]ServerAddressByClientCIDR', listType: 'atomic' },
  },
};

export const APIGroupList: Struct<T.APIGroupList> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    groups: { n: 1, type: '[]APIGroup', always: true, required: true, listType: 'atomic' },
  },
};

export const APIResource: Struct<T.APIResource> = {
  fields: {
    name: { n: 1, type: 'string', always: true, required: true },
    singularName: { n: 6, type: 'string', always: true, required: true },
    namespaced: { n: 2, type: 'bool', always: true, required: true },
    group: { n: 8, type: 'string' },
    version: { n: 9, type: 'string' },
    kind: { n: 3, type: 'string', always: true, required: true },
    verbs: { path: [4, 1], type: '[]string', always: true, required: true },
    shortNames: { n: 5, type: '[]string', listType: 'atomic' },
    categories: { n: 7, type: '[]string', listType: 'atomic' },
    storageVersionHash: { n: 10, type: 'string' },
  },
};

export const APIResourceList: Struct<T.APIResourceList> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    groupVersion: { n: 1, type: 'string', always: true, required: true },
    resources: { n: 2, type: '[]APIResource', always: true, required: true, listType: 'atomic' },
  },
};

export const APIVersions: Struct<T.APIVersions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    versions: { n: 1, type: '[]string', always: true, required: true, listType: 'atomic' },
    serverAddressByClientCIDRs: { n: 2, type: '[]ServerAddressByClientCIDR', always: true, required: true, listType: 'atomic' },
  },
};

export const ApplyOptions: Struct<T.ApplyOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    dryRun: { n: 1, type: '[]string' },
    force: { n: 2, type: 'bool', always: true },
    fieldManager: { n: 3, type: 'string', always: true },
  },
};

export const Condition: Struct<T.Condition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    observedGeneration: { n: 3, type: 'int64' },
    lastTransitionTime: { n: 4, type: 'Time', always: true, required: true },
    reason: { n: 5, type: 'string', always: true, required: true },
    message: { n: 6, type: 'string', always: true, required: true },
  },
};

export const CreateOptions: Struct<T.CreateOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    dryRun: { n: 1, type: '[]string' },
    fieldManager: { n: 3, type: 'string' },
    fieldValidation: { n: 4, type: 'string' },
  },
};

export const DeleteOptions: Struct<T.DeleteOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    gracePeriodSeconds: { n: 1, type: 'int64', ptr: true },
    preconditions: { n: 2, type: 'Preconditions', ptr: true },
    orphanDependents: { n: 3, type: 'bool', ptr: true },
    propagationPolicy: { n: 4, type: 'string', ptr: true },
    dryRun: { n: 5, type: '[]string', listType: 'atomic' },
    ignoreStoreReadErrorWithClusterBreakingPotential: { n: 6, type: 'bool', ptr: true },
  },
};

export const FieldSelectorRequirement: Struct<T.FieldSelectorRequirement> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    operator: { n: 2, type: 'string', always: true, required: true },
    values: { n: 3, type: '[]string', listType: 'atomic' },
  },
};

export const GetOptions: Struct<T.GetOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    resourceVersion: { n: 1, type: 'string' },
  },
};

export const GroupVersionForDiscovery: Struct<T.GroupVersionForDiscovery> = {
  fields: {
    groupVersion: { n: 1, type: 'string', always: true, required: true },
    version: { n: 2, type: 'string', always: true, required: true },
  },
};

export const GroupVersionKind: Struct<T.GroupVersionKind> = {
  fields: {
    group: { n: 1, type: 'string', always: true },
    version: { n: 2, type: 'string', always: true },
    kind: { n: 3, type: 'string', always: true },
  },
};

export const GroupVersionResource: Struct<T.GroupVersionResource> = {
  fields: {
    group: { n: 1, type: 'string', always: true },
    version: { n: 2, type: 'string', always: true },
    resource: { n: 3, type: 'string', always: true },
  },
};

export const LabelSelector: Struct<T.LabelSelector> = {
  mapType: 'atomic',
  fields: {
    matchLabels: { n: 1, type: 'map:string' },
    matchExpressions: { n: 2, type: '[]LabelSelectorRequirement', listType: 'atomic' },
  },
};

export const LabelSelectorRequirement: Struct<T.LabelSelectorRequirement> = {
  fields: {
    key: { n: 1, type: 'string', always: true, required: true },
    operator: { n: 2, type: 'string', always: true, required: true },
    values: { n: 3, type: '[]string', listType: 'atomic' },
  },
};

export const ListMeta: Struct<T.ListMeta> = {
  fields: {
    selfLink: { n: 1, type: 'string' },
    resourceVersion: { n: 2, type: 'string' },
    continue: { n: 3, type: 'string' },
    remainingItemCount: { n: 4, type: 'int64', ptr: true },
  },
};

export const ListOptions: Struct<T.ListOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    labelSelector: { n: 1, type: 'string' },
    fieldSelector: { n: 2, type: 'string' },
    watch: { n: 3, type: 'bool' },
    allowWatchBookmarks: { n: 9, type: 'bool' },
    resourceVersion: { n: 4, type: 'string' },
    resourceVersionMatch: { n: 10, type: 'string' },
    timeoutSeconds: { n: 5, type: 'int64', ptr: true },
    limit: { n: 7, type: 'int64' },
    continue: { n: 8, type: 'string' },
    sendInitialEvents: { n: 11, type: 'bool', ptr: true },
  },
};

export const ManagedFieldsEntry: Struct<T.ManagedFieldsEntry> = {
  fields: {
    manager: { n: 1, type: 'string' },
    operation: { n: 2, type: 'string' },
    apiVersion: { n: 3, type: 'string' },
    time: { n: 4, type: 'Time', ptr: true },
    fieldsType: { n: 6, type: 'string' },
    fieldsV1: { n: 7, type: 'FieldsV1', ptr: true },
    subresource: { n: 8, type: 'string' },
  },
};

export const ObjectMeta: Struct<T.ObjectMeta> = {
  doc: 'What every stored object has.',
  fields: {
    name: { n: 1, type: 'string', doc: 'Name of the object, unique among those of its kind and namespace at one time.' },
    generateName: { n: 2, type: 'string', doc: 'Beginning of a name that the server completes when none is given.' },
    namespace: { n: 3, type: 'string', doc: 'Namespace within which the name is unique.' },
    selfLink: { n: 4, type: 'string', doc: 'No longer set by the server.' },
    uid: { n: 5, type: 'string', doc: 'Distinguishes the object from all others of its name, earlier and later ones too.' },
    resourceVersion: { n: 6, type: 'string', doc: 'Changes with every write; opaque to clients.' },
    generation: { n: 7, type: 'int64', doc: 'Counts the changes of what is wanted.' },
    creationTimestamp: { n: 8, type: 'Time', omitzero: true, doc: "CreationTimestamp is a timestamp of the server's clock at the creation." },
    deletionTimestamp: { n: 9, type: 'Time', ptr: true, doc: 'When the object is to be gone, once somebody has asked for it.' },
    deletionGracePeriodSeconds: { n: 10, type: 'int64', ptr: true, doc: 'How long the object may take to end, once somebody has asked for it.' },
    labels: { n: 11, type: 'map:string', doc: 'Keys and values that selectors choose by.' },
    annotations: { n: 12, type: 'map:string', doc: 'Keys and values for tools; nothing selects by them.' },
    ownerReferences: { n: 13, type: '[]OwnerReference', listType: 'map', listMapKeys: ['uid'], patchStrategy: 'merge', patchMergeKey: 'uid', doc: 'Objects with which this one goes when all of them are gone.' },
    finalizers: { n: 14, type: '[]string', listType: 'set', patchStrategy: 'merge', doc: 'Who still has to act before the object may go.' },
    managedFields: { n: 17, type: '[]ManagedFieldsEntry', listType: 'atomic', doc: 'Who answers for which fields.' },
  },
};

export const OwnerReference: Struct<T.OwnerReference> = {
  mapType: 'atomic',
  fields: {
    apiVersion: { n: 5, type: 'string', always: true, required: true },
    kind: { n: 1, type: 'string', always: true, required: true },
    name: { n: 3, type: 'string', always: true, required: true },
    uid: { n: 4, type: 'string', always: true, required: true },
    controller: { n: 6, type: 'bool', ptr: true },
    blockOwnerDeletion: { n: 7, type: 'bool', ptr: true },
  },
};

export const PartialObjectMetadata: Struct<T.PartialObjectMetadata> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'ObjectMeta' },
  },
};

export const Patch: Struct<T.Patch> = {
  fields: {},
};

export const PatchOptions: Struct<T.PatchOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    dryRun: { n: 1, type: '[]string' },
    force: { n: 2, type: 'bool', ptr: true },
    fieldManager: { n: 3, type: 'string' },
    fieldValidation: { n: 4, type: 'string' },
  },
};

export const Preconditions: Struct<T.Preconditions> = {
  fields: {
    uid: { n: 1, type: 'string', ptr: true },
    resourceVersion: { n: 2, type: 'string', ptr: true },
  },
};

export const ServerAddressByClientCIDR: Struct<T.ServerAddressByClientCIDR> = {
  fields: {
    clientCIDR: { n: 1, type: 'string', always: true, required: true },
    serverAddress: { n: 2, type: 'string', always: true, required: true },
  },
};

export const Status: Struct<T.Status> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'ListMeta' },
    status: { n: 2, type: 'string' },
    message: { n: 3, type: 'string' },
    reason: { n: 4, type: 'string' },
    details: { n: 5, type: 'StatusDetails', ptr: true, listType: 'atomic' },
    code: { n: 6, type: 'int32' },
  },
};

export const StatusCause: Struct<T.StatusCause> = {
  fields: {
    reason: { n: 1, type: 'string' },
    message: { n: 2, type: 'string' },
    field: { n: 3, type: 'string' },
  },
};

export const StatusDetails: Struct<T.StatusDetails> = {
  fields: {
    name: { n: 1, type: 'string' },
    group: { n: 2, type: 'string' },
    kind: { n: 3, type: 'string' },
    uid: { n: 6, type: 'string' },
    causes: { n: 4, type: '[]StatusCause', listType: 'atomic' },
    retryAfterSeconds: { n: 5, type: 'int32' },
  },
};

export const TableOptions: Struct<T.TableOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    includeObject: { n: 1, type: 'string' },
  },
};

export const UpdateOptions: Struct<T.UpdateOptions> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    dryRun: { n: 1, type: '[]string' },
    fieldManager: { n: 2, type: 'string' },
    fieldValidation: { n: 3, type: 'string' },
  },
};

export const WatchEvent: Struct<T.WatchEvent> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    object: { n: 2, type: 'RawExtension', always: true, required: true },
  },
};
