/** Rules of dynamic resource allocation. */
import type { AnyKindRules } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import * as columns from './columns.ts';
import type * as T from './v1/types.ts';

export const rules: Readonly<Record<string, AnyKindRules>> = {
  DeviceClass: { generation: 'spec', columns: columns.deviceClassColumns },
  ResourceClaim: { ...specAndStatus<T.ResourceClaim>(), columns: columns.resourceClaimColumns },
  ResourceClaimTemplate: { columns: columns.resourceClaimTemplateColumns },
  ResourceSlice: {
    generation: 'spec',
    columns: columns.resourceSliceColumns,
    selectable: { 'spec.nodeName': (s: T.ResourceSlice) => s.spec.nodeName ?? '', 'spec.driver': (s: T.ResourceSlice) => s.spec.driver },
  },
};
