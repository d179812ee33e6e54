// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as coreV1 from '../../core/v1/types.ts';
import type * as metaV1 from '../../meta/v1/types.ts';

export interface MetricListOptions {
  kind?: string;
  apiVersion?: string;
  labelSelector?: string;
  metricLabelSelector?: string;
}

export interface MetricValue {
  kind?: string;
  apiVersion?: string;
  describedObject: coreV1.ObjectReference;
  metricName: string;
  timestamp: string;
  window?: number;
  value: string;
  selector?: metaV1.LabelSelector;
}

export interface MetricValueList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: MetricValue[];
}
