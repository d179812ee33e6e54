/** What a request may change of an object: the parts that most kinds share. */
import { thaw, type DeepReadonly } from '../machinery/json.ts';
import type { KindRules, RuleContext } from '../schema/vocabulary.ts';

interface Parts {
  spec?: unknown;
  status?: unknown;
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string>; finalizers?: string[]; ownerReferences?: unknown };
}

/** Copies one part of the old object over the new one; removes it where the old has none. */
export function keep<T extends object>(object: T, old: DeepReadonly<T>, ...keys: (keyof T & string)[]): void {
  const from = old as Readonly<Record<string, unknown>>;
  const to = object as Record<string, unknown>;
  for (const key of keys) {
    if (from[key] === undefined) delete to[key];
    else to[key] = thaw(from[key]);
  }
}

export interface StatusOptions {
  /** The status of a new object; empty when absent. */
  readonly initial?: (object: never) => unknown;
  /** Labels do not change through /status. */
  readonly keepLabels?: true;
  /** Neither do annotations, finalizers and owners. */
  readonly keepMetadata?: true;
}

const ofMetadata = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Creators set no status, main updates keep it, status updates change nothing else but metadata. */
export function specAndStatus<T extends object>(options: StatusOptions = {}): Required<Pick<KindRules<T>, 'prepareCreate' | 'prepareUpdate'>> {
  return {
    prepareCreate(object: T): void {
      (object as Parts).status = options.initial?.(object as never) ?? {};
    },
    prepareUpdate(object: T, old: DeepReadonly<T>, context: RuleContext): void {
      if (context.subresource !== 'status') {
        keep(object, old, 'status' as keyof T & string);
        return;
      }
      keep(object, old, 'spec' as keyof T & string);
      if (options.keepMetadata) {
        const { metadata } = object as Parts;
        if (metadata) keep(metadata, (old as DeepReadonly<Parts>).metadata ?? {}, ...ofMetadata);
        return;
      }
      if (!options.keepLabels) return;
      const parts = object as Parts;
      const labels = (old as Parts).metadata?.labels;
      if (parts.metadata === undefined) return;
      if (labels === undefined) delete parts.metadata.labels;
      else parts.metadata.labels = { ...labels };
    },
  };
}

/** The same, where a template of pods stands in the spec: `drop` takes away what is not kept of it. */
export function andTemplate<T, P>(parts: Required<Pick<KindRules<T>, 'prepareCreate' | 'prepareUpdate'>>, templateOf: (object: T) => P, drop: (template: P, old?: DeepReadonly<P>) => void): typeof parts {
  return {
    prepareCreate(object, context) {
      parts.prepareCreate(object, context);
      drop(templateOf(object));
    },
    prepareUpdate(object, old, context) {
      parts.prepareUpdate(object, old, context);
      if (context.subresource === '') drop(templateOf(object), templateOf(old as T) as DeepReadonly<P>);
    },
  };
}

/** Both hooks, one after the other. */
export function both<T>(first: KindRules<T>['prepareCreate'], second: NonNullable<KindRules<T>['prepareCreate']>): NonNullable<KindRules<T>['prepareCreate']> {
  return (object, context) => {
    first?.(object, context);
    second(object, context);
  };
}
