/** How code names a resource with its type: `client.get(core.pods, 'x', { namespace })` returns a Pod. */
export interface ResourceRef<T> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries T for the type checker. */
  readonly _type?: T;
}
