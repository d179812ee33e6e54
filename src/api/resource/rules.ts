/** Rules of dynamic resource allocation. */
import { sameValue } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { AnyKindRules, KindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import { validateClaim, validateClaimUpdate, validateClass, validateClassUpdate, validateTemplate, validateTemplateUpdate } from './claims.ts';
import * as columns from './columns.ts';
import { dropDeallocated, dropOfClaim, dropOfClass, dropOfRequests, dropOfSlice } from './disabled.ts';
import { validateSlice, validateSliceUpdate, validateTaintRule } from './slices.ts';
import type { DeviceTaintRule } from './v1alpha3/types.ts';
import type * as T from './v1beta2/types.ts';

const parts = specAndStatus<T.ResourceClaim>({ keepMetadata: true });

const claimRules: KindRules<T.ResourceClaim> = {
  prepareCreate(c, context) {
    parts.prepareCreate(c, context);
    dropOfClaim(c);
  },
  prepareUpdate(c, old, context) {
    parts.prepareUpdate(c, old, context);
    if (context.subresource === 'status') dropDeallocated(c, old);
    dropOfClaim(c, old);
  },
  validate: validateClaim,
  validateUpdate: (c, old, context) => validateClaimUpdate(c, old, context.subresource),
  metadataChecks: [4, 3],
  columns: columns.resourceClaimColumns,
};

const templateRules: KindRules<T.ResourceClaimTemplate> = {
  prepareCreate: (t) => dropOfRequests(t.spec?.spec?.devices),
  validate: validateTemplate,
  validateUpdate: validateTemplateUpdate,
  metadataChecks: [4, 3],
  columns: columns.resourceClaimTemplateColumns,
};

const sliceRules: KindRules<T.ResourceSlice> = {
  prepareCreate(s) {
    s.metadata.generation = 1;
    dropOfSlice(s);
  },
  prepareUpdate(s, old) {
    // What is not kept counts too.
    s.metadata.generation = (old.metadata.generation ?? 0) + (sameValue(s.spec, old.spec) ? 0 : 1);
    dropOfSlice(s, old);
  },
  validate: validateSlice,
  validateUpdate: validateSliceUpdate,
  columns: columns.resourceSliceColumns,
  selectable: { 'spec.nodeName': (s) => s.spec.nodeName ?? '', 'spec.driver': (s) => s.spec.driver },
  unselectable: (field, apiVersion) => `field label not supported for ${apiVersion}, Kind=ResourceSlice: ${field}`,
};

const classRules: KindRules<T.DeviceClass> = {
  prepareCreate: (c) => dropOfClass(c),
  prepareUpdate: (c, old) => dropOfClass(c, old),
  validate: validateClass,
  validateUpdate: validateClassUpdate,
  metadataChecks: [4, 3],
  generation: 'spec',
  columns: columns.deviceClassColumns,
};

/** A taint without a time is of now. */
function dateTaint(r: DeviceTaintRule, now: string): void {
  if (r.spec.taint) r.spec.taint.timeAdded ??= now;
}

const taintRules: KindRules<DeviceTaintRule> = {
  prepareCreate: (r, { now }) => dateTaint(r, now),
  prepareUpdate: (r: DeviceTaintRule, _old: DeepReadonly<DeviceTaintRule>, { now }) => dateTaint(r, now),
  validate: validateTaintRule,
  generation: 'spec',
  columns: columns.deviceTaintRuleColumns,
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  DeviceClass: classRules,
  ResourceClaim: claimRules,
  ResourceClaimTemplate: templateRules,
  ResourceSlice: sliceRules,
  DeviceTaintRule: taintRules,
};
