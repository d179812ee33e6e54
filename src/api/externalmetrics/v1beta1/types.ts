// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface ExternalMetricValue {
  kind?: string;
  apiVersion?: string;
  metricName: string;
  metricLabels: Record<string, string>;
  timestamp: string;
  window?: number;
  value: string;
}

export interface ExternalMetricValueList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: ExternalMetricValue[];
}
