/**
 * Writes, and reads, a bbolt database: buckets of sorted keys, in pages of 4 KiB. Two meta pages, a list of free pages (none), then for each bucket its leaves and
 * the branches over them, and last the leaf that names the buckets. Numbers are little endian.
 */
export interface BoltItem {
  readonly key: Buffer;
  readonly size: number;
  /** `size` bytes. */
  value(): Buffer;
}

const pageBytes = 4096;
const headBytes = 16;
const elementBytes = 16;
const flag = { branch: 1, leaf: 2, meta: 4, freelist: 16 } as const;
const magic = 0xed0cdaed;
const mostElements = 0xffff;

export interface BoltFile {
  readonly bytes: number;
  pages(): Generator<Buffer, void, void>;
}

/** Buckets are written in the order of their names, whatever order they are given in; the items of each must be sorted. */
export function boltFile(buckets: Readonly<Record<string, readonly BoltItem[]>>): BoltFile {
  const trees: Tree[] = [];
  let next = 3;
  const names: BoltItem[] = [];
  for (const name of Object.keys(buckets).sort()) {
    const tree = plan(buckets[name]!, next);
    trees.push(tree);
    next = tree.next;
    const head = Buffer.alloc(16);
    head.writeBigUInt64LE(BigInt(tree.root));
    names.push({ key: Buffer.from(name), size: head.length, value: () => head });
  }
  const root = plan(names, next, 1);
  trees.push(root);
  return {
    bytes: root.next * pageBytes,
    *pages() {
      yield metaPage(0, root);
      yield metaPage(1, root);
      yield page(2, flag.freelist, 0, Buffer.alloc(0));
      for (const tree of trees) yield* tree.pages();
    },
  };
}

interface Tree {
  readonly root: number;
  /** The first page behind it. */
  readonly next: number;
  pages(): Generator<Buffer, void, void>;
}

interface Node {
  readonly page: number;
  readonly items: readonly BoltItem[];
  readonly kind: number;
}

const childItem = (key: Buffer): BoltItem => ({ key, size: 0, value: () => Buffer.alloc(0) });

function plan(items: readonly BoltItem[], first: number, elementFlags = 0): Tree {
  const nodes: (Node & { readonly children?: readonly Node[] })[] = [];
  let next = first;
  const add = (kind: number, content: readonly BoltItem[], children?: readonly Node[]): void => {
    nodes.push({ page: next, items: content, kind, ...(children ? { children } : {}) });
    next += Math.max(1, Math.ceil(sizeOf(content) / pageBytes));
  };
  for (const [from, to] of divide(items)) add(flag.leaf, items.slice(from, to));
  for (let level = nodes.slice(); level.length > 1;) {
    const keys = level.map((node) => childItem(node.items[0]!.key));
    const start = nodes.length;
    for (const [from, to] of divide(keys)) add(flag.branch, keys.slice(from, to), level.slice(from, to));
    level = nodes.slice(start);
  }
  return {
    root: nodes.at(-1)!.page, next,
    *pages() {
      for (const { page: id, items: content, kind, children } of nodes) yield page(id, kind, content.length, children ? branch(content, children) : leaf(content, elementFlags));
    },
  };
}

function sizeOf(items: readonly BoltItem[]): number {
  return items.reduce((sum, { key, size }) => sum + elementBytes + key.length + size, headBytes);
}

/** As many as fit into a page, at least one; nothing at all makes one empty page. */
function divide(items: readonly BoltItem[]): [from: number, to: number][] {
  const out: [number, number][] = [];
  let from = 0;
  let size = headBytes;
  for (const [i, { key, size: value }] of items.entries()) {
    const more = elementBytes + key.length + value;
    if (i > from && (size + more > pageBytes || i - from === mostElements)) {
      out.push([from, i]);
      from = i;
      size = headBytes;
    }
    size += more;
  }
  out.push([from, items.length]);
  return out;
}

function leaf(items: readonly BoltItem[], flags: number): Buffer {
  const out = Buffer.alloc(sizeOf(items) - headBytes);
  let at = items.length * elementBytes;
  for (const [i, item] of items.entries()) {
    const element = i * elementBytes;
    out.writeUInt32LE(flags, element);
    out.writeUInt32LE(at - element, element + 4);
    out.writeUInt32LE(item.key.length, element + 8);
    out.writeUInt32LE(item.size, element + 12);
    out.set(item.key, at);
    out.set(item.value(), at + item.key.length);
    at += item.key.length + item.size;
  }
  return out;
}

function branch(items: readonly BoltItem[], children: readonly Node[]): Buffer {
  const out = Buffer.alloc(sizeOf(items) - headBytes);
  let at = items.length * elementBytes;
  for (const [i, { key }] of items.entries()) {
    const element = i * elementBytes;
    out.writeUInt32LE(at - element, element);
    out.writeUInt32LE(key.length, element + 4);
    out.writeBigUInt64LE(BigInt(children[i]!.page), element + 8);
    out.set(key, at);
    at += key.length;
  }
  return out;
}

function page(id: number, kind: number, count: number, body: Buffer): Buffer {
  const pages = Math.max(1, Math.ceil((headBytes + body.length) / pageBytes));
  const out = Buffer.alloc(pages * pageBytes);
  out.writeBigUInt64LE(BigInt(id), 0);
  out.writeUInt16LE(kind, 8);
  out.writeUInt16LE(count, 10);
  out.writeUInt32LE(pages - 1, 12);
  out.set(body, headBytes);
  return out;
}

function metaPage(transaction: number, root: Tree): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(magic, 0);
  body.writeUInt32LE(2, 4);
  body.writeUInt32LE(pageBytes, 8);
  body.writeBigUInt64LE(BigInt(root.root), 16);
  body.writeBigUInt64LE(2n, 32);
  body.writeBigUInt64LE(BigInt(root.next), 40);
  body.writeBigUInt64LE(BigInt(transaction), 48);
  body.writeBigUInt64LE(fnv1a(body.subarray(0, 56)), 56);
  return page(transaction, flag.meta, 0, body);
}

function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** The keys and values of one bucket, in order; none where there is no such bucket. Throws where the file is no database. */
export function* boltBucket(file: Buffer, name: string): Generator<{ readonly key: Buffer; readonly value: Buffer }, void, void> {
  const { size, root } = newestMeta(file);
  for (const { key, value } of readTree(file, size, root)) {
    if (key.toString() !== name) continue;
    const first = Number(value.readBigUInt64LE(0));
    // A small bucket stands in its place in the list of buckets.
    if (first === 0) yield* readPage(file, size, value.subarray(headBytes));
    else yield* readTree(file, size, first);
  }
}

function newestMeta(file: Buffer): { readonly size: number; readonly root: number } {
  let newest: { size: number; root: number; transaction: bigint } | undefined;
  // The second one stands a page behind the first, whatever a page is.
  for (const at of [0, 4096, 8192, 16384, 65536]) {
    const meta = file.subarray(at + headBytes, at + headBytes + 64);
    if (meta.length < 64 || meta.readUInt32LE(0) !== magic || meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) continue;
    const transaction = meta.readBigUInt64LE(48);
    if (!newest || transaction > newest.transaction) newest = { size: meta.readUInt32LE(8), root: Number(meta.readBigUInt64LE(16)), transaction };
  }
  if (!newest) throw new Error("this is no database file of etcd's");
  return newest;
}

function* readTree(file: Buffer, size: number, id: number): Generator<{ readonly key: Buffer; readonly value: Buffer }, void, void> {
  yield* readPage(file, size, file.subarray(id * size));
}

function* readPage(file: Buffer, size: number, bytes: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }, void, void> {
  const [kind, count] = [bytes.readUInt16LE(8), bytes.readUInt16LE(10)];
  for (let i = 0, element = headBytes; i < count; i++, element += elementBytes) {
    if (kind === flag.branch) yield* readTree(file, size, Number(bytes.readBigUInt64LE(element + 8)));
    else if (kind === flag.leaf) {
      const start = element + bytes.readUInt32LE(element + 4);
      const end = start + bytes.readUInt32LE(element + 8);
      yield { key: bytes.subarray(start, end), value: bytes.subarray(end, end + bytes.readUInt32LE(element + 12)) };
    } else throw new Error('the file is damaged: a page that is none');
  }
}
