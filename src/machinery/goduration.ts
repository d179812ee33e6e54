/** Durations as flags and metav1.Duration write them: `15s`, `1m0.5s`, `1h0m0s`, `250ms`. Here they are milliseconds. */
const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Throws when the text is no duration. */
export function parseGoDuration(text: string): number {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match && text !== '0') throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)) total += Number(number) * units[unit!]!;
  return text.startsWith('-') ? -total : total;
}

export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const abs = Math.abs(ms);
  const trim = (n: number): string => String(Number(n.toFixed(9)));
  if (abs < 1e-3) return `${sign}${trim(abs * 1e6)}ns`;
  if (abs < 1) return `${sign}${trim(abs * 1e3)}µs`;
  if (abs < 1000) return `${sign}${trim(abs)}ms`;
  const hours = Math.floor(abs / 3_600_000);
  const minutes = Math.floor((abs % 3_600_000) / 60_000);
  const seconds = trim((abs % 60_000) / 1000);
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`;
}
