/** Pod addresses of simulated nodes: out of the node's range, or, where it has none, out of one made up for the node. */
export class AddressBook {
  readonly #nodes = new Map<string, { readonly used: Set<string>; readonly fallback: string }>();
  readonly #pods = new Map<string, { readonly node: string; readonly address: string }>();

  take(uid: string, nodeName: string, podCidr: string | undefined): string {
    const known = this.#pods.get(uid);
    if (known) return known.address;
    const node = this.#node(nodeName);
    const [base = '', length = '24'] = (podCidr && !podCidr.includes(':') ? podCidr : node.fallback).split('/');
    const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - Number(length));
    for (let i = 2; i < size - 1; i++) {
      const value = start + i;
      const address = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
      if (node.used.has(address)) continue;
      this.keep(uid, nodeName, address);
      return address;
    }
    throw new Error(`no pod address is left on ${nodeName}`);
  }

  /** An address that the pod has already, from an earlier run. */
  keep(uid: string, nodeName: string, address: string): void {
    this.#node(nodeName).used.add(address);
    this.#pods.set(uid, { node: nodeName, address });
  }

  release(uid: string): void {
    const known = this.#pods.get(uid);
    if (!known) return;
    this.#pods.delete(uid);
    this.#nodes.get(known.node)?.used.delete(known.address);
  }

  #node(name: string): { readonly used: Set<string>; readonly fallback: string } {
    let node = this.#nodes.get(name);
    if (!node) {
      const n = this.#nodes.size;
      this.#nodes.set(name, (node = { used: new Set(), fallback: `10.${128 + ((n >> 8) & 127)}.${n & 255}.0/24` }));
    }
    return node;
  }
}
