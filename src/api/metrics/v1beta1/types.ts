// Printed by `npm run generate` from the schema beside it. Do not edit.
import type * as metaV1 from '../../meta/v1/types.ts';

export interface ContainerMetrics {
  name: string;
  usage: Record<string, string>;
}

export interface NodeMetrics {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  timestamp: string;
  window: string;
  usage: Record<string, string>;
}

export interface PodMetrics {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ObjectMeta;
  timestamp: string;
  window: string;
  containers: ContainerMetrics[];
}

export interface NodeMetricsList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: NodeMetrics[];
}

export interface PodMetricsList {
  kind?: string;
  apiVersion?: string;
  metadata: metaV1.ListMeta;
  items: PodMetrics[];
}
