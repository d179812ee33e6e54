/** What the cluster commands say to a person: one line a step, and one line when it fails. */
import type { Clock } from '../base/clock.ts';

/** Ends the command with one line that says what is wrong and how to mend it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, options: { mend?: string; exitCode?: number; cause?: unknown } = {}) {
    super(options.mend ? `${message}. ${options.mend}` : message, options.cause === undefined ? {} : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

export interface Output {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Progress {
  /** A line of its own. */
  say(text: string): void;
  /** Runs one step and prints its line, with the time it took. Steps may overlap. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
}

export function progress(output: Output, clock: Clock): Progress {
  const { stdout } = output;
  /** On a terminal the steps under way share the last line. */
  const underWay: string[] = [];
  const draw = (): void => {
    if (stdout.isTTY) stdout.write(`\r\x1b[K${underWay.length > 0 ? `* ${underWay.join(', ')} ...` : ''}`);
  };
  const line = (text: string): void => {
    stdout.write(`${stdout.isTTY ? '\r\x1b[K' : ''}${text}\n`);
    draw();
  };
  return {
    say: (text) => line(`* ${text}`),
    step: async (text, work) => {
      const start = clock.monotonic();
      underWay.push(text);
      draw();
      try {
        const result = await work();
        underWay.splice(underWay.indexOf(text), 1);
        line(`* ${text} (${((clock.monotonic() - start) / 1000).toFixed(2)} s)`);
        return result;
      } catch (error) {
        underWay.splice(underWay.indexOf(text), 1);
        line(`X ${text} (${((clock.monotonic() - start) / 1000).toFixed(2)} s)`);
        throw error;
      }
    },
  };
}

/** Columns in a box, as minikube draws its tables. */
export function boxedTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)));
  const rule = (left: string, middle: string, right: string): string => left + widths.map((w) => '─'.repeat(w + 2)).join(middle) + right;
  const row = (cells: readonly string[]): string => `│ ${widths.map((w, i) => (cells[i] ?? '').padEnd(w)).join(' │ ')} │`;
  const head = `│ ${header.map((cell, i) => cell.padStart(Math.floor((widths[i]! + cell.length) / 2)).padEnd(widths[i]!)).join(' │ ')} │`;
  return [rule('┌', '┬', '┐'), head, rule('├', '┼', '┤'), ...rows.map(row), rule('└', '┴', '┘')].join('\n');
}
