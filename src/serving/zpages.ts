/** /flagz and /statusz: what a process was told, and how it is; for people, in a form that no program should rely on. */
import type { ServingRequest } from './request.ts';
import { sendText } from './respond.ts';
import { kubernetesVersion } from './version.ts';

const warning = 'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
const separators = [':', ': ', '=', ' '];
/** Whole halves of the API, which nobody debugs by. */
const unlisted: ReadonlySet<string> = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known']);

export interface ZPageOptions {
  readonly component: string;
  /** 0 to 1: upstream's separators change at random, so that nobody parses them. */
  readonly random: () => number;
}

function acceptsText({ headers: { accept } }: ServingRequest): boolean {
  return (accept ?? '').split(',').some((part) => /^\s*(text|\*)\/(plain|\*)\s*(;\s*(charset=utf-8|q=[\d.]+)\s*)*$/i.test(part));
}

function page(request: ServingRequest, text: string): void {
  if (acceptsText(request)) sendText(request, 200, text);
  else sendText(request, 406, 'media type not acceptable, must be: text/plain\n');
}

export function flagzPage(flags: readonly (readonly [string, string])[], { component, random }: ZPageOptions): (request: ServingRequest) => void {
  const separator = separators[Math.floor(random() * separators.length)]!;
  const text = `\n${component} flags\n${warning}\n\n${flags.map(([name, value]) => `${name}${separator}${value}\n`).join('')}`;
  return (request) => page(request, text);
}

/** `paths`: what the server lists at its root. `started`, `now`: milliseconds. */
export function statuszPage(started: number, now: () => number, paths: () => readonly string[], { component, random }: ZPageOptions): (request: ServingRequest) => void {
  return (request) => {
    const separator = separators[Math.floor(random() * separators.length)]!;
    const up = Math.floor((now() - started) / 1000);
    const two = (n: number): string => String(n).padStart(2, '0');
    const version = kubernetesVersion.slice(1);
    const folders = [...new Set(paths().map((path) => `/${path.split('/')[1]}`))].filter((folder) => !unlisted.has(folder)).sort();
    const lines = [
      ['Started', unixDate(started)], ['Up', `${Math.floor(up / 3600)} hr ${two(Math.floor(up / 60) % 60)} min ${two(up % 60)} sec`], ['Go version', `node${process.versions.node}`],
      ['Binary version', version], ['Emulation version', version.replace(/\.\d+$/, '')], ['Paths', ` ${folders.join(' ')}`],
    ];
    page(request, `\n${component} statusz\n${warning}\n\n${lines.map(([name, value]) => `${name}${separator} ${value}\n`).join('')}`);
  };
}

/** `Mon Jan  2 15:04:05 UTC 2006` */
function unixDate(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ') as [string, string, string, string, string];
  return `${day} ${month} ${String(Number(date)).padStart(2, ' ')} ${time} UTC ${year}`;
}
