/** Beyond upstream: columns that are printed behind the real kubectl's when their flag is given, and the data behind them for programs. */
import { CommandError } from '../errors.ts';
import type { FlagSet } from '../flags.ts';
import type { Session } from '../session.ts';
import { historyColumns } from './history.ts';
import { networkColumns, pressureColumns, storageColumns, throttlingColumns } from './kubelet.ts';
import { utilizationColumns } from './utilization.ts';
import type { Columns, ColumnSource, Scene } from './scene.ts';

export const nodeColumnFlags: FlagSet = {
  history: { type: 'bool', help: 'Also print what was used lately: a line of it on a terminal, and least, mean and most.' },
  since: { type: 'string', help: 'How far back --history goes, e.g. 10m; all that is kept by default.' },
  storage: { type: 'bool', help: 'Also print the use of disks, as the kubelet measures it.' },
  network: { type: 'bool', help: 'Also print bytes received and sent, and with --watch their rate.' },
  pressure: { type: 'bool', help: 'Also print the share of the last 10s in which tasks waited for CPU, memory, or I/O.' },
  output: { type: 'string', short: 'o', help: "All of it as 'json' or 'yaml'." },
};

export const podColumnFlags: FlagSet = {
  ...nodeColumnFlags,
  utilization: { type: 'bool', help: 'Also print the percentage of requests and limits that is used.' },
  throttling: { type: 'bool', help: 'Also print how often CPU limits held containers back: since their start, and with --watch since the last print.' },
};

/** In the order of their columns. What needs two readings remembers the first. */
export function columnSources(session: Session, of: 'pod' | 'node'): ColumnSource[] {
  const { flags } = session;
  const out: ColumnSource[] = [];
  if (of === 'pod' && flags.flag('utilization')) out.push(utilizationColumns(session));
  if (flags.flag('history') || flags.text('since')) out.push(historyColumns(session, of));
  if (flags.flag('storage')) out.push(storageColumns(session, of));
  if (flags.flag('network')) out.push(networkColumns(session, of));
  if (flags.flag('pressure')) out.push(pressureColumns(session, of));
  if (of === 'pod' && flags.flag('throttling')) out.push(throttlingColumns(session));
  return out;
}

/** All the columns of one print as one. */
export async function readColumns(sources: readonly ColumnSource[], scene: Scene): Promise<Columns> {
  const all = await Promise.all(sources.map((source) => source(scene)));
  return {
    headers: all.flatMap((c) => c.headers),
    cells: (of) => all.flatMap((c) => c.cells(of)),
    data: (of) => Object.assign({}, ...all.map((c) => c.data(of))) as Record<string, unknown>,
  };
}

/** `json`, `yaml`, or undefined for the table. */
export function outputFormat(session: Session): 'json' | 'yaml' | undefined {
  const format = session.flags.text('output');
  if (format === '') return undefined;
  if (format !== 'json' && format !== 'yaml') throw new CommandError(`unable to match a printer suitable for the output format "${format}", allowed formats are: json,yaml`);
  return format;
}
