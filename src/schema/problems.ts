/**
 * The slow second look at a value that did not decode cleanly: walks it as upstream's decoder does and says what that would have
 * said. It sees the text as it was written, so that keys that occur twice and numbers like 1.0 are seen as well.
 */
import { quoted } from '../machinery/fieldpath.ts';
import type { JsonNode } from '../machinery/jsontree.ts';
import { canonicalQuantity } from '../machinery/quantity.ts';
import { canonicalMicroTime, canonicalTime, parseDuration } from '../machinery/time.ts';
import { goName, goNameOfField, goNameOfItem } from './gonames.ts';
import type { StructType, Type } from './registry.ts';

export interface Problems {
  /** `unknown field "spec.foo"`, `duplicate field "metadata.name"`: in the order of the text, each once. */
  strict: string[];
  /** In the words of upstream's decoder, without the envelope. */
  mismatch: string | undefined;
}

interface Place {
  /** With keys of maps and indices, for what is unknown or there twice. */
  readonly path: string;
  /** Without, for wrong types: `spec.containers.image`. */
  readonly fieldPath: string;
  /** The struct that holds the field. */
  readonly holder: string;
}

/** What does not fit: a kind of JSON value and the Go type that wanted another, or a sentence. */
type Misfit = { readonly what: string; readonly type: string } | { readonly text: string };

/** Upstream stops counting here. */
const maxStrict = 100;
const root: Place = { path: '', fieldPath: '', holder: '' };

export function explain(struct: StructType, node: JsonNode): Problems {
  return explainAs({ kind: 'struct', struct }, node);
}

export function explainAs(type: Type, node: JsonNode): Problems {
  const look = new Look();
  look.walk(type, node, root, goName(type));
  return look.problems();
}

/** What is there twice in a value that no schema describes. */
export function duplicatesIn(node: JsonNode): string[] {
  const look = new Look();
  look.free(node, '');
  return look.problems().strict;
}

/** A decoder of its own that does not go on after the first thing it dislikes. */
class Fatal extends Error {
  readonly misfit: Misfit;

  constructor(misfit: Misfit) {
    super('misfit');
    this.misfit = misfit;
  }
}

class Look {
  readonly #strict = new Set<string>();
  #saved: { misfit: Misfit; place: Place } | undefined;
  #fatal: { misfit: Misfit; place: Place } | undefined;

  problems(): Problems {
    const worst = this.#fatal ?? this.#saved;
    return { strict: [...this.#strict], mismatch: worst && wording(worst.misfit, worst.place) };
  }

  /** What ends the walk counts before what was noted on the way. */
  get misfit(): Misfit | undefined {
    return (this.#fatal ?? this.#saved)?.misfit;
  }

  struct(struct: StructType, node: JsonNode, place: Place, name: string): void {
    if (node.kind === 'null' || this.#fatal) return;
    if (node.kind !== 'object') return this.#wrong(node, name, place);
    const seen = new Set<string>();
    for (const [key, item] of node.members) {
      const path = joined(place.path, key);
      const field = struct.field(key);
      if (field === undefined) {
        this.#note(`unknown field ${quoted(path)}`);
        continue;
      }
      if (seen.has(key)) this.#note(`duplicate field ${quoted(path)}`);
      seen.add(key);
      this.walk(field.resolved, item, { path, fieldPath: joined(place.fieldPath, key), holder: struct.local }, goNameOfField(struct, field));
    }
  }

  free(node: JsonNode, path: string): void {
    if (node.kind === 'array') node.items.forEach((item, i) => this.free(item, `${path}[${i}]`));
    if (node.kind !== 'object') return;
    this.#keys(node.members, path, (item, inner) => this.free(item, inner));
  }

  #keys(members: (JsonNode & { kind: 'object' })['members'], path: string, each: (item: JsonNode, path: string) => void): void {
    const seen = new Set<string>();
    for (const [key, item] of members) {
      const inner = joined(path, key);
      if (seen.has(key)) this.#note(`duplicate field ${quoted(inner)}`);
      seen.add(key);
      each(item, inner);
    }
  }

  walk(type: Type, node: JsonNode, place: Place, name: string): void {
    if (node.kind === 'null' || this.#fatal) return;
    switch (type.kind) {
      case 'struct':
        return this.struct(type.struct, node, place, name);
      case 'list':
        if (node.kind !== 'array') return this.#wrong(node, name, place);
        return node.items.forEach((item, i) => this.walk(type.of, item, { ...place, path: `${place.path}[${i}]` }, goNameOfItem(name, type.of)));
      case 'map':
        if (node.kind !== 'object') return this.#wrong(node, name, place);
        return this.#keys(node.members, place.path, (item, path) => this.walk(type.of, item, { ...place, path }, goNameOfItem(name, type.of)));
      case 'special':
        try {
          checkSpecial(type, node);
        } catch (error) {
          this.#fatal = { misfit: error instanceof Fatal ? error.misfit : { text: (error as Error).message }, place };
        }
        return;
      case 'scalar':
        if (type.name === 'bytes' && node.kind === 'string') {
          const at = badBase64(node.text);
          if (at >= 0) this.#saved ??= { misfit: { text: `illegal base64 data at input byte ${at}` }, place };
        } else if (!fits(type.name, node)) this.#wrong(node, name, place, type.name);
    }
  }

  #note(finding: string): void {
    if (this.#strict.size < maxStrict) this.#strict.add(finding);
  }

  #wrong(node: JsonNode, type: string, place: Place, scalar = ''): void {
    this.#saved ??= { misfit: { what: kindOf(node, scalar), type }, place };
  }
}

function joined(path: string, key: string): string {
  return path ? `${path}.${key}` : key;
}

function wording(misfit: Misfit, place: Place): string {
  if ('text' in misfit) return misfit.text;
  return `json: cannot unmarshal ${misfit.what} into ${place.fieldPath ? `Go struct field ${place.holder}.${place.fieldPath}` : 'Go value'} of type ${misfit.type}`;
}

/** A number is shown where another one would have done. */
function kindOf(node: JsonNode, scalar = ''): string {
  return node.kind === 'number' && /^(int|double)/.test(scalar) ? `number ${node.text}` : node.kind;
}

/** Types that read themselves. Throws what they say. */
function checkSpecial(type: Type & { kind: 'special' }, node: JsonNode): void {
  const inner = type.schema;
  if (inner) return checkSchema(type.name, inner, node);
  const text = (): string => {
    if (node.kind !== 'string') throw new Fatal({ what: node.kind, type: 'string' });
    return node.text;
  };
  if (type.name === 'Quantity') canonicalQuantity(node.kind === 'string' || node.kind === 'number' ? node.text.trim() : node.kind === 'bool' ? String(node.value) : '{}');
  else if (type.name === 'Time') canonicalTime(text());
  else if (type.name === 'MicroTime') canonicalMicroTime(text());
  else if (type.name === 'Duration') parseDuration(text());
  else if (type.name === 'IntOrString' && node.kind !== 'string' && !fits('int32', node)) throw new Fatal({ what: kindOf(node, 'int32'), type: 'int32' });
}

/** A schema, or something in its place. Within it nobody looks for fields that are unknown or there twice. */
function checkSchema(name: string, schema: StructType, node: JsonNode): void {
  const look = new Look();
  if (node.kind === 'object') look.struct(schema, node, root, goName({ kind: 'struct', struct: schema }));
  else if (name === 'JSONSchemaPropsOrBool') {
    if (node.kind !== 'bool') throw new Fatal({ text: 'boolean or JSON schema expected' });
  } else if (node.kind === 'array') {
    for (const item of node.items) {
      if (name === 'JSONSchemaPropsOrArray') look.struct(schema, item, root, goName({ kind: 'struct', struct: schema }));
      else if (item.kind !== 'string' && item.kind !== 'null') throw new Fatal({ what: item.kind, type: 'string' });
    }
  }
  if (look.misfit) throw new Fatal(look.misfit);
}

function fits(name: string, node: JsonNode): boolean {
  switch (name) {
    case 'string':
      return node.kind === 'string';
    case 'bool':
      return node.kind === 'bool';
    case 'int32':
    case 'int64': {
      if (node.kind !== 'number' || !/^-?\d+$/.test(node.text)) return false;
      const value = BigInt(node.text);
      return BigInt.asIntN(name === 'int32' ? 32 : 64, value) === value;
    }
    case 'double':
      return node.kind === 'number';
    default:
      return false;
  }
}

/** Index of the byte at which upstream's reader of base64 gives up, or -1. Line breaks are nothing. */
function badBase64(value: string): number {
  const bytes = Buffer.from(value);
  let at = 0;
  const next = (): string | undefined => {
    while (bytes[at] === 10 || bytes[at] === 13) at++;
    return at < bytes.length ? String.fromCharCode(bytes[at++]!) : undefined;
  };
  for (;;) {
    for (let digit = 0; digit < 4; digit++) {
      const c = next();
      if (c === undefined) return digit === 0 ? -1 : at - digit;
      if (c === '=') {
        if (digit < 2) return at - 1;
        if (digit === 2) {
          const second = next();
          if (second === undefined) return bytes.length;
          if (second !== '=') return at - 1;
        }
        return next() === undefined ? -1 : at - 1;
      }
      if (!/[A-Za-z0-9+/]/.test(c)) return at - 1;
    }
  }
}
