/** Aligns tab-terminated cells: a column is as wide as its widest cell in a run of lines that have it. */
const minWidth = 6;
const padding = 3;

export class TabWriter {
  readonly #write: (text: string) => void;
  /** Columns never become narrower than they were in an earlier flush, so that watched tables stay straight. */
  readonly #remembered: number[] = [];
  #text = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  write(text: string): void {
    this.#text += text;
  }

  row(cells: readonly string[]): void {
    this.#text += `${cells.join('\t')}\n`;
  }

  flush(): void {
    const lines = this.#text.split('\n').map((line) => line.split('\t'));
    this.#text = '';
    const out: string[] = [];
    this.#format(lines, 0, lines.length, [], out);
    const text = out.join('\n');
    if (text) this.#write(text);
  }

  /** Forgets the widths of what was printed before. */
  reset(): void {
    this.#remembered.length = 0;
  }

  #format(lines: readonly (readonly string[])[], from: number, to: number, widths: number[], out: string[]): void {
    const column = widths.length;
    let start = from;
    for (let at = from; at < to; at++) {
      if (column >= lines[at]!.length - 1) continue;
      for (; start < at; start++) out.push(aligned(lines[start]!, widths));
      let width = minWidth;
      let end = at;
      for (; end < to && column < lines[end]!.length - 1; end++) width = Math.max(width, Array.from(lines[end]![column]!).length + padding);
      width = Math.max(width, this.#remembered[column] ?? 0);
      this.#remembered[column] = width;
      widths.push(width);
      this.#format(lines, at, end, widths, out);
      widths.pop();
      start = end;
      at = end - 1;
    }
    for (; start < to; start++) out.push(aligned(lines[start]!, widths));
  }
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => (i < widths.length && i < cells.length - 1 ? cell + ' '.repeat(Math.max(0, widths[i]! - Array.from(cell).length)) : cell)).join('');
}
