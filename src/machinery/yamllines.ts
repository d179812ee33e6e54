/** Where in a YAML text each field stands, for messages about what is wrong in it. */
import { EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';

interface Open {
  readonly path: string;
  readonly isMap: boolean;
  /** The key that waits for its value. */
  key: string | undefined;
  index: number;
}

/** By paths such as `rules[0].name.matches`: the line, counted from 1. Of a text that can be read. */
export function yamlLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => {
    let [low, high] = [0, starts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const open: Open[] = [];
  /** The path of a value that begins here; undefined for a key. */
  const place = (offset: number, scalar: () => string): string | undefined => {
    const parent = open.at(-1);
    if (!parent) return '';
    if (!parent.isMap) {
      const path = `${parent.path}[${parent.index++}]`;
      lines.set(path, lineOf(offset));
      return path;
    }
    if (parent.key === undefined) {
      parent.key = scalar();
      lines.set(joined(parent.path, parent.key), lineOf(offset));
      return undefined;
    }
    const path = joined(parent.path, parent.key);
    parent.key = undefined;
    return path;
  };
  for (const event of parseEvents(text, { maxDepth: 1000 })) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        open.push({ path: '', isMap: false, key: undefined, index: 0 });
        break;
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        const path = open.length === 1 ? '' : place(event.start, () => '?');
        open.push({ path: path ?? '?', isMap: event.type === EVENT_ID.MAPPING, key: undefined, index: 0 });
        break;
      }
      case EVENT_ID.SCALAR:
        place(event.valueStart, () => getScalarValue(text, event));
        break;
      case EVENT_ID.ALIAS:
        place(event.anchorStart, () => '*');
        break;
      case EVENT_ID.POP:
        open.pop();
    }
  }
  return lines;
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
