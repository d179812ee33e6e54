/** A line as the runtime writes it: `<RFC3339Nano> stdout|stderr F|P <text>`. */
export interface LogLine {
  readonly time: string;
  readonly stream: string;
  readonly partial: boolean;
  /** With its newline unless the line is partial. */
  readonly content: Buffer;
}

const space = 0x20;
const newline = 0x0a;

/** `undefined` for what is no such line. */
export function parseLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const partial = line[second + 1] === 0x50;
  const end = partial && line.at(-1) === newline ? line.length - 1 : line.length;
  return {
    time: line.toString('latin1', 0, first),
    stream: line.toString('latin1', first + 1, second),
    partial,
    content: line.subarray(third + 1, end),
  };
}
