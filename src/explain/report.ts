/** The answer to "why does kubectl top say that", as data: for programs as it is, for people by `text.ts`. */
import { figures, type MemoryFacts } from './facts.ts';
import { oomDistance, sampleDifferences, views, waterfall, type OomDistance, type SampleDifference, type Step, type View } from './views.ts';

export interface SampleAge {
  /** RFC 3339: the end of metrics-server's window. */
  readonly timestamp: string;
  readonly window: string;
  readonly ageSeconds: number;
}

export interface ContainerReport {
  readonly container: string;
  readonly facts: MemoryFacts;
  readonly waterfall: readonly Step[];
  readonly views: readonly View[];
  readonly oom?: OomDistance;
  readonly samples: readonly SampleDifference[];
}

/** What the node's working set is made of, as far as pods go. */
export interface NodePods {
  /** Sum of what kubectl top shows for the node's pods. */
  readonly containers: number;
  /** Working set of the cgroup that all pods are in; absent where it is not known. */
  readonly cgroup?: { readonly name: string; readonly workingSet: number };
  /** The node's own working set. */
  readonly node: number;
}

export interface MemoryReport {
  /** `pod/NAME`, `node/NAME`, or the folder of a recording. */
  readonly subject: string;
  /** RFC 3339: when the files were read. */
  readonly time?: string;
  readonly containers: readonly ContainerReport[];
  readonly pause?: { readonly usage: number; readonly workingSet: number };
  /** Of the pod's cgroup, where it has a limit of its own: the sum of its containers counts there, with pause and shared volumes. */
  readonly podOom?: OomDistance;
  readonly sample?: SampleAge;
  /** The stations of the sample, from the cgroup to kubectl. */
  readonly path?: readonly string[];
  /** Set when kubectl top has no figure: which command says why. */
  readonly noSample?: true;
  /** For a node: what its pods add up to. */
  readonly podsTotal?: number;
  readonly pods?: NodePods;
}

export function containerReport(container: string, facts: MemoryFacts): ContainerReport {
  const oom = oomDistance(facts);
  return { container, facts, waterfall: waterfall(facts), views: views(facts), samples: sampleDifferences(facts), ...(oom ? { oom } : {}) };
}

/** Plain data: maps become objects. */
export function reportJson(report: MemoryReport): unknown {
  const { containers, ...rest } = report;
  return {
    ...rest,
    containers: containers.map((c) => ({
      container: c.container, ...(c.facts.cgroup === undefined ? {} : { cgroup: c.facts.cgroup }), cgroupVersion: c.facts.cgroupVersion, figures: figures(c.facts), waterfall: c.waterfall, views: c.views, samples: c.samples,
      ...(c.oom ? { oom: c.oom } : {}), ...(c.facts.swap === undefined ? {} : { swap: c.facts.swap }), processes: c.facts.processes ?? [],
    })),
  };
}
