/** Durations as flags and metav1.Duration write them (`15s`, `1m0.5s`), in milliseconds; `time.ts` has them to the nanosecond. */
import { formatDuration, parseDuration } from './time.ts';

/** Throws when the text is no duration. */
export function parseGoDuration(text: string): number {
  return Number(parseDuration(text)) / 1e6;
}

export function formatGoDuration(ms: number): string {
  return formatDuration(BigInt(Math.round(ms * 1e6)));
}
