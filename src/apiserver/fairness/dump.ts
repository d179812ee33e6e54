/** /debug/api_priority_and_fairness/dump_*: levels, queues and requests as tables. */
import type { Clock } from '../../base/clock.ts';
import { apiVersionOf } from '../objects.ts';
import type { Level } from './level.ts';
import type { Turn } from './turn.ts';

/** Cells end in commas and are padded to the widest of their column. */
function table(rows: readonly (readonly (string | number | boolean)[])[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? String(cell) : `${cell},`)));
  const widths = cells[0]!.map((_, column) => Math.max(7, ...cells.map((row) => row[column]?.length ?? 0)) + 1);
  return cells.map((row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('')}\n`).join('');
}

export function dumpLevels(levels: readonly Level[]): string {
  return table([
    ['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
    ...levels.map((l) => [l.name, l.queues.filter((q) => q.waiting.length > 0).length, l.idle, l.quiescing, l.waiting, l.executing, l.tally.dispatched, l.tally.rejected, l.tally.timedOut, l.tally.cancelled]),
  ]);
}

const seatSeconds = (value: number): string => `${value.toFixed(8)}ss`;

export function dumpQueues(levels: readonly Level[]): string {
  const rows = levels.flatMap((level) =>
    level.queues.map((q) => [
      level.name, q.index, q.waiting.length, q.executing, q.seatsInUse, seatSeconds(q.nextStart),
      q.waiting.reduce((sum, turn) => sum + turn.work.seats, 0), q.waiting.reduce((sum, turn) => sum + turn.width, 0), seatSeconds(q.waitingWork),
    ]));
  return table([['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR', 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'], ...rows]);
}

export function dumpRequests(levels: readonly Level[], details: boolean, clock: Clock): string {
  const at = (monotonic: number): string => (monotonic === 0 ? '0001-01-01T00:00:00Z' : new Date(clock.now() - (clock.monotonic() - monotonic)).toISOString());
  const row = (turn: Turn, queue: number, index: number): (string | number)[] => {
    const { flow, work, user, info } = turn;
    const basic = [flow.level.name, flow.schema, queue, index, flow.distinguisher, at(turn.arrivedAt), work.seats, work.finalSeats, `${work.finalMs}ms`.replace(/^0ms$/, '0s'), at(turn.startedAt)];
    return details ? [...basic, user.name, info.verb, info.path, info.namespace, info.name, info.isResource ? apiVersionOf(info.group, info.version) : '', info.resource, info.subresource] : basic;
  };
  const rows = levels.flatMap((level) => [
    ...level.queues.flatMap((q) => q.waiting.map((turn, i) => row(turn, q.index, i))),
    ...[...level.running].map((turn) => row(turn, turn.queue?.index ?? -1, -1)),
  ]);
  const head = ['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'];
  return table([details ? [...head, 'UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'] : head, ...rows]);
}
