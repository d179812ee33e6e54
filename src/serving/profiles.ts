/** Profiles of the process at /debug/pprof/, in the forms that V8 gives and Chromium's tools open. */
import { Session } from 'node:inspector/promises';
import { getHeapSnapshot } from 'node:v8';
import type { Clock } from '../base/clock.ts';
import { StatusError } from '../machinery/status.ts';
import type { ServingRequest } from './request.ts';
import { sendText } from './respond.ts';

const profilesRoot = '/debug/pprof';
const defaultSeconds = 30;
const longestSeconds = 600;

const kinds = {
  cmdline: 'The command line of the process',
  heap: 'A snapshot of the heap (.heapsnapshot); the process stands still while it is taken',
  profile: 'Where CPU time goes (.cpuprofile), for ?seconds= seconds',
} as const;

/** Answers the paths of profiles; false: somebody else's. Who may is the caller's business. */
export async function serveProfiles(request: ServingRequest, clock: Clock): Promise<boolean> {
  const { path } = request;
  if (path !== profilesRoot && !path.startsWith(`${profilesRoot}/`)) return false;
  if (path === profilesRoot) {
    request.send(302, { location: `${profilesRoot}/`, 'content-type': 'text/html; charset=utf-8' }, `<a href="${profilesRoot}/">Found</a>.\n\n`);
    return true;
  }
  switch (path.slice(profilesRoot.length + 1)) {
    case '':
      request.send(200, { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' }, index());
      return true;
    case 'cmdline':
      sendText(request, 200, [process.execPath, ...process.execArgv, ...process.argv.slice(1)].join('\u0000'));
      return true;
    case 'profile':
      await sendProfile(request, clock);
      return true;
    case 'heap':
      await sendHeap(request);
      return true;
    default:
      return false;
  }
}

function index(): string {
  const rows = Object.entries(kinds).map(([name, about]) => `<tr><td><a href="${name}">${name}</a></td><td>${about}</td></tr>`);
  return `<html>\n<head>\n<title>${profilesRoot}/</title>\n</head>\n<body>\n${profilesRoot}/\n<table>\n${rows.join('\n')}\n</table>\n</body>\n</html>\n`;
}

async function sendProfile(request: ServingRequest, clock: Clock): Promise<void> {
  const asked = request.query.get('seconds');
  const seconds = asked === null ? defaultSeconds : Number(asked);
  if (!(seconds > 0 && seconds <= longestSeconds)) throw StatusError.badRequest(`seconds must be more than 0 and at most ${longestSeconds}`);
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await clock.sleep(seconds * 1000, request.signal);
    const { profile } = await session.post('Profiler.stop');
    request.send(200, { 'content-type': 'application/json', 'content-disposition': 'attachment; filename="profile.cpuprofile"', 'x-content-type-options': 'nosniff' }, JSON.stringify(profile));
  } finally {
    session.disconnect();
  }
}

async function sendHeap(request: ServingRequest): Promise<void> {
  const body = request.stream(200, { 'content-type': 'application/json', 'content-disposition': 'attachment; filename="heap.heapsnapshot"', 'x-content-type-options': 'nosniff' });
  for await (const part of getHeapSnapshot() as AsyncIterable<Buffer>) if (!body.write(part)) await body.drained();
  body.end();
}
