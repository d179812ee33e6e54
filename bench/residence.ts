/** Memory of this process: what it has for itself, and pages of files, which are nearly all Node.js' own code and shared by every Node.js of the machine. */
import { readFileSync } from 'node:fs';

export interface Residence {
  readonly residentMib: number;
  readonly ownMib: number;
  readonly filesMib: number;
}

export function residence(): Residence {
  const text = readFileSync('/proc/self/status', 'latin1');
  const of = (key: string): number => Math.round(Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 102.4) / 10;
  return { residentMib: of('VmRSS'), ownMib: of('RssAnon'), filesMib: of('RssFile') };
}
