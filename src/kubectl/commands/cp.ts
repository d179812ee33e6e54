/** `kubectl cp`: files to and from containers that have tar. */
import { createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { usageError, type Command } from '../command.ts';
import { CommandError, Exit } from '../errors.ts';
import { containerOf, getPod } from '../pods.ts';
import type { Session } from '../session.ts';
import { runStreams } from '../streams.ts';
import { packTar, unpackTar } from '../tar.ts';

interface Spec {
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly path: string;
}

/** `PATH`, `POD:PATH`, `NAMESPACE/POD:PATH` */
function parseSpec(text: string): Spec {
  const colon = text.indexOf(':');
  if (colon === 0) throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  if (colon < 0) return { namespace: undefined, pod: undefined, path: text };
  const parts = text.slice(0, colon).split('/');
  if (parts.length > 2) throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  return { namespace: parts.length === 2 ? parts[0] : undefined, pod: parts.at(-1), path: text.slice(colon + 1) };
}

export const cp: Command = {
  name: 'cp',
  use: 'cp <file-spec-src> <file-spec-dest>',
  short: 'Copy files and directories to and from containers',
  flags: {
    container: { type: 'string', short: 'c', help: 'Container name.' },
    'no-preserve': { type: 'bool', help: "The copied file/directory's ownership and permissions will not be preserved in the container" },
    retries: { type: 'int', help: 'Set number of retries to complete a copy operation from a container.' },
  },
  run: async (session, args) => {
    if (args.length !== 2) usageError('source and destination are required', 'cp');
    const [from, to] = args.map(parseSpec) as [Spec, Spec];
    if (from.pod && to.pod) throw new CommandError('one of src or dest must be a local file specification');
    if (!from.path || !to.path) throw new CommandError('filepath can not be empty');
    if (from.pod) return download(session, from, to.path);
    if (to.pod) return upload(session, from.path, to);
    usageError('one of src or dest must be a remote file specification', 'cp');
  },
};

interface Streams {
  readonly input?: AsyncIterable<Uint8Array>;
  readonly output?: Writable;
}

/** Runs a command in the container and gives its exit code. */
async function runIn(session: Session, spec: Spec, command: readonly string[], streams: Streams): Promise<number> {
  const namespace = spec.namespace ?? session.namespace;
  const pod = spec.namespace ? ((await session.json(`/api/v1/namespaces/${namespace}/pods/${spec.pod}`)) as unknown as Awaited<ReturnType<typeof getPod>>) : await getPod(session, spec.pod!);
  const container = containerOf(session, pod, session.flags.text('container'));
  return runStreams(session, `/api/v1/namespaces/${namespace}/pods/${spec.pod}/exec`, { container, command }, { stdin: streams.input !== undefined, tty: false, ...streams });
}

async function remote(session: Session, spec: Spec, command: readonly string[], streams: Streams): Promise<void> {
  const code = await runIn(session, spec, command, streams);
  if (code === 0) return;
  session.errorLine(`command terminated with exit code ${code}`);
  throw new Exit(code);
}

async function upload(session: Session, source: string, target: Spec): Promise<void> {
  if (!existsSync(source)) throw new CommandError(`${source} doesn't exist in local filesystem`);
  let path = target.path;
  const isFolder = (await runIn(session, target, ['test', '-d', path], { output: new PassThrough().resume() })) === 0;
  if (isFolder) path = posix.join(path, basename(resolve(source)));
  const folder = posix.dirname(path);
  const preserve = session.flags.flag('no-preserve') ? ['--no-same-permissions', '--no-same-owner'] : [];
  await remote(session, target, ['tar', ...preserve, '-xmf', '-', ...(folder === '.' ? [] : ['-C', folder])], { input: Readable.from(packTar(source, posix.basename(path))) });
}

async function download(session: Session, source: Spec, target: string): Promise<void> {
  const archive = new PassThrough();
  const unpacked = unpackInto(session, source, archive, target);
  const copied = remote(session, source, ['tar', 'cf', '-', source.path], { output: archive }).finally(() => archive.end());
  await Promise.all([copied, unpacked]);
}

/** Nothing may be written outside of the target, whatever the names in the archive say. */
async function unpackInto(session: Session, source: Spec, archive: AsyncIterable<Uint8Array>, target: string): Promise<void> {
  const strip = posix.normalize(source.path).replace(/^\/+|\/+$/g, '');
  const into = statSync(target, { throwIfNoEntry: false })?.isDirectory() && strip !== '' && strip !== '.' ? join(target, posix.basename(strip)) : target;
  for await (const entry of unpackTar(archive)) {
    const inner = posix.relative(strip, posix.normalize(entry.name).replace(/^\/+/, ''));
    const path = resolve(into, inner);
    const outside = relative(resolve(into), path);
    if (outside === '..' || outside.startsWith(`..${sep}`)) {
      session.errorLine(`warning: file ${JSON.stringify(entry.name)} is outside target destination, skipping`);
      continue;
    }
    if (entry.type === 'folder') mkdirSync(path, { recursive: true, mode: 0o755 });
    else if (entry.type === 'link') session.errorLine(`warning: skipping symlink: ${JSON.stringify(entry.name)} -> ${JSON.stringify(entry.linkTarget)}`);
    else if (entry.type === 'file') {
      mkdirSync(dirname(path), { recursive: true });
      await pipeline(entry.content, createWriteStream(path, session.flags.flag('no-preserve') ? {} : { mode: entry.mode & 0o777 }));
    }
  }
}
