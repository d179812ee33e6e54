import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSchedule } from './schedule.ts';

function next(schedule: string, after: string, timeZone?: string): string | undefined {
  const time = parseSchedule(schedule, timeZone).next(Date.parse(after));
  return time === undefined ? undefined : new Date(time).toISOString().replace('.000Z', 'Z');
}

test('the next time of a schedule', () => {
  const cases: [schedule: string, after: string, expected: string | undefined][] = [
    ['* * * * *', '2025-01-01T00:00:30Z', '2025-01-01T00:01:00Z'],
    ['*/15 * * * *', '2025-01-01T00:15:00Z', '2025-01-01T00:30:00Z'],
    ['5,10-12 3 * * *', '2025-01-01T03:10:00Z', '2025-01-01T03:11:00Z'],
    ['0 0 29 2 *', '2025-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['0 0 31 2 *', '2025-01-01T00:00:00Z', undefined],
    ['30 9 * * mon-fri', '2025-01-03T09:30:00Z', '2025-01-06T09:30:00Z'],
    ['0 0 1 * sun', '2025-01-02T00:00:00Z', '2025-01-05T00:00:00Z'],
    ['0 0 * jan,JUL 7', '2025-02-01T00:00:00Z', '2025-07-06T00:00:00Z'],
    ['@hourly', '2025-01-01T00:00:00Z', '2025-01-01T01:00:00Z'],
    ['@weekly', '2025-01-01T00:00:00Z', '2025-01-05T00:00:00Z'],
    ['@every 90s', '2025-01-01T00:00:00Z', '2025-01-01T00:01:30Z'],
  ];
  for (const [schedule, after, expected] of cases) assert.equal(next(schedule, after), expected, schedule);
});

test('time zones, and the hours in which clocks change', () => {
  assert.equal(next('0 9 * * *', '2025-01-01T00:00:00Z', 'Asia/Tokyo'), '2025-01-02T00:00:00Z');
  assert.equal(next('0 9 * * *', '2025-07-01T00:00:00Z', 'Europe/Berlin'), '2025-07-01T07:00:00Z');
  assert.equal(next('30 2 * * *', '2025-03-30T00:00:00Z', 'Europe/Berlin'), '2025-03-31T00:30:00Z', 'there is no half past two that night');
});

test('what is no schedule says why', () => {
  assert.throws(() => parseSchedule('* * * *'), /expected exactly 5 fields, found 4/);
  assert.throws(() => parseSchedule('60 * * * *'), /out of range/);
  assert.throws(() => parseSchedule('a * * * *'), /failed to parse int from a/);
  assert.throws(() => parseSchedule('*/0 * * * *'), /positive/);
});
