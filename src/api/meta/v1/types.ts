// Printed by `npm run generate` from the schema beside it. Do not edit.
import type { JsonObject } from '../../../machinery/json.ts';

export interface APIGroup {
  kind?: string;
  apiVersion?: string;
  name: string;
  versions: GroupVersionForDiscovery[];
  preferredVersion: GroupVersionForDiscovery;
  serverAddressByClientCIDRs?: ServerAddressByClientCIDR[];
}

export interface APIGroupList {
  kind?: string;
  apiVersion?: string;
  groups: APIGroup[];
}

export interface APIResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  storageVersionHash?: string;
}

export interface APIResourceList {
  kind?: string;
  apiVersion?: string;
  groupVersion: string;
  resources: APIResource[];
}

export interface APIVersions {
  kind?: string;
  apiVersion?: string;
  versions: string[];
  serverAddressByClientCIDRs: ServerAddressByClientCIDR[];
}

export interface ApplyOptions {
  kind?: string;
  apiVersion?: string;
  dryRun?: string[];
  force: boolean;
  fieldManager: string;
}

export interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

export interface CreateOptions {
  kind?: string;
  apiVersion?: string;
  dryRun?: string[];
  fieldManager?: string;
  fieldValidation?: string;
}

export interface DeleteOptions {
  kind?: string;
  apiVersion?: string;
  gracePeriodSeconds?: number;
  preconditions?: Preconditions;
  orphanDependents?: boolean;
  propagationPolicy?: string;
  dryRun?: string[];
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}

export interface FieldSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface GetOptions {
  kind?: string;
  apiVersion?: string;
  resourceVersion?: string;
}

export interface GroupVersionForDiscovery {
  groupVersion: string;
  version: string;
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export interface GroupVersionResource {
  group: string;
  version: string;
  resource: string;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface ListMeta {
  selfLink?: string;
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface ListOptions {
  kind?: string;
  apiVersion?: string;
  labelSelector?: string;
  fieldSelector?: string;
  watch?: boolean;
  allowWatchBookmarks?: boolean;
  resourceVersion?: string;
  resourceVersionMatch?: string;
  timeoutSeconds?: number;
  limit?: number;
  continue?: string;
  sendInitialEvents?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: JsonObject;
  subresource?: string;
}

/** What every stored object has. */
export interface ObjectMeta {
  /** Name of the object, unique among those of its kind and namespace at one time. */
  name: string;
  /** Beginning of a name that the server completes when none is given. */
  generateName?: string;
  /** Namespace within which the name is unique. */
  namespace?: string;
  /** No longer set by the server. */
  selfLink?: string;
  /** Distinguishes the object from all others of its name, earlier and later ones too. */
  uid: string;
  /** Changes with every write; opaque to clients. */
  resourceVersion: string;
  /** Counts the changes of what is wanted. */
  generation?: number;
  /** CreationTimestamp is a timestamp of the server's clock at the creation. */
  creationTimestamp: string;
  /** When the object is to be gone, once somebody has asked for it. */
  deletionTimestamp?: string;
  /** How long the object may take to end, once somebody has asked for it. */
  deletionGracePeriodSeconds?: number;
  /** Keys and values that selectors choose by. */
  labels?: Record<string, string>;
  /** Keys and values for tools; nothing selects by them. */
  annotations?: Record<string, string>;
  /** Objects with which this one goes when all of them are gone. */
  ownerReferences?: OwnerReference[];
  /** Who still has to act before the object may go. */
  finalizers?: string[];
  /** Who answers for which fields. */
  managedFields?: ManagedFieldsEntry[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface PartialObjectMetadata {
  kind?: string;
  apiVersion?: string;
  metadata: ObjectMeta;
}

export interface Patch {
}

export interface PatchOptions {
  kind?: string;
  apiVersion?: string;
  dryRun?: string[];
  force?: boolean;
  fieldManager?: string;
  fieldValidation?: string;
}

export interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

export interface ServerAddressByClientCIDR {
  clientCIDR: string;
  serverAddress: string;
}

export interface Status {
  kind?: string;
  apiVersion?: string;
  metadata: ListMeta;
  status?: string;
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface TableOptions {
  kind?: string;
  apiVersion?: string;
  includeObject?: string;
}

export interface UpdateOptions {
  kind?: string;
  apiVersion?: string;
  dryRun?: string[];
  fieldManager?: string;
  fieldValidation?: string;
}

export interface WatchEvent {
  type: string;
  object: JsonObject;
}

export interface PartialObjectMetadataList {
  kind?: string;
  apiVersion?: string;
  metadata: ListMeta;
  items: PartialObjectMetadata[];
}
