/**
 * The one face of the API for every component: the same calls in process (loopback) and over HTTPS.
 * Errors are StatusError. Objects returned are shared and read-only.
 */
import type { DeepReadonly, Draft } from '../machinery/json.ts';
import type { Status } from '../machinery/status.ts';
import type { ResourceRef } from '../api/reference.ts';

export interface ReadOptions {
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly limit?: number;
  readonly continue?: string;
  /** Only the objects' metadata need be sent; a client in process may well give the whole. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends ListOptions {
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WriteOptions {
  readonly namespace?: string;
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly namespace?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export type PatchType = 'application/json-patch+json' | 'application/merge-patch+json' | 'application/strategic-merge-patch+json' | 'application/apply-patch+yaml';

export interface Patch {
  readonly type: PatchType;
  readonly body: unknown;
  /** Server-side apply only. */
  readonly force?: boolean;
}

export interface ObjectList<T> {
  readonly items: readonly DeepReadonly<T>[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: DeepReadonly<T> }
  /** Only metadata.resourceVersion (and the annotation that ends the initial events) is set. */
  | { readonly type: 'BOOKMARK'; readonly object: { readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> } } };

export interface RawRequest {
  readonly method: string;
  /** With the query, e.g. `/api/v1/namespaces/x/pods/y/log?follow=true`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Client {
  get<T>(ref: ResourceRef<T>, name: string, options?: ReadOptions): Promise<DeepReadonly<T>>;
  list<T>(ref: ResourceRef<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Ends when the server ends it; an ERROR event is thrown as StatusError (Expired for 410). */
  watch<T>(ref: ResourceRef<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** The namespace is options.namespace, else the object's own. */
  create<T>(ref: ResourceRef<T>, object: Draft<T>, options?: WriteOptions): Promise<DeepReadonly<T>>;
  update<T>(ref: ResourceRef<T>, object: DeepReadonly<T> | T, options?: WriteOptions): Promise<DeepReadonly<T>>;
  patch<T>(ref: ResourceRef<T>, name: string, patch: Patch, options?: WriteOptions): Promise<DeepReadonly<T>>;
  /** The object with its deletionTimestamp, or a Status when it is gone. */
  delete<T>(ref: ResourceRef<T>, name: string, options?: DeleteOptions): Promise<DeepReadonly<T> | Status>;
  deleteCollection<T>(ref: ResourceRef<T>, options?: ListOptions & DeleteOptions): Promise<void>;
  /**
   * A subresource whose body is of another kind: `post(pods, 'x', 'binding', binding)`, eviction, token;
   * answers what the server answers.
   */
  post<R>(ref: ResourceRef<unknown>, name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R>;
  /** Any path, any bytes: logs, metrics, non-resource paths, aggregated servers. Never throws for a status >= 400. */
  raw(request: RawRequest): Promise<RawResponse>;
}
