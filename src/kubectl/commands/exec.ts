/** `kubectl exec` and `kubectl attach`. */
import { parseGoDuration } from '../../machinery/goduration.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError, Exit } from '../errors.ts';
import type { FlagSet } from '../flags.ts';
import { containerOf, podOf, waitUntilRunning } from '../pods.ts';
import { filenameFlags, infosOfFiles } from '../resources.ts';
import type { Session } from '../session.ts';
import { runStreams } from '../streams.ts';

const flags: FlagSet = {
  container: { type: 'string', short: 'c', help: 'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen' },
  'pod-running-timeout': { type: 'duration', default: '1m0s', help: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running' },
  quiet: { type: 'bool', short: 'q', help: 'Only print output from the remote session' },
  stdin: { type: 'bool', short: 'i', help: 'Pass stdin to the container' },
  tty: { type: 'bool', short: 't', help: 'Stdin is a TTY' },
};

/** Whether the terminal can be handed over; says so where it cannot. */
export function usableTty(session: Session, wanted: boolean, stdin: boolean): boolean {
  if (!wanted) return false;
  if (stdin && session.io.stdin.isTTY === true) return true;
  session.errorLine('Unable to use a TTY - input is not a terminal or the right kind of file');
  return false;
}

export const exec: Command = {
  name: 'exec',
  use: 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]',
  short: 'Execute a command in a container',
  flags: { ...flags, filename: filenameFlags['filename']! },
  run: async (session, args, dash) => {
    const f = session.flags;
    const files = f.list('filename').length > 0;
    const command = dash < 0 ? [] : args.slice(dash);
    const before = dash < 0 ? args : args.slice(0, dash);
    if (dash < 0 && args.length > 1) usageError('exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead', 'exec');
    if (before.length === 0 && !files) throw new CommandError('pod, type/name or --filename must be specified');
    if (command.length === 0) throw new CommandError('you must specify at least one command for the container');
    const name = files ? (await infosOfFiles(session))[0]! : undefined;
    const pod = await podOf(session, name ? `${name.mapping.resource}/${name.name}` : before[0]!, f.text('pod-running-timeout'));
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') throw new CommandError(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
    const container = containerOf(session, pod, f.text('container'), f.flag('quiet'));
    const tty = usableTty(session, f.flag('tty'), f.flag('stdin'));
    const path = `/api/v1/namespaces/${pod.metadata.namespace ?? session.namespace}/pods/${pod.metadata.name}/exec`;
    const code = await runStreams(session, path, { container, command }, { stdin: f.flag('stdin'), tty });
    if (code === 0) return;
    session.errorLine(`command terminated with exit code ${code}`);
    throw new Exit(code);
  },
};

export const attach: Command = {
  name: 'attach',
  use: 'attach (POD | TYPE/NAME) -c CONTAINER',
  short: 'Attach to a process that is already running inside an existing container',
  flags,
  run: async (session, args) => {
    if (args.length === 0) throw new CommandError('at least 1 argument is required for attach');
    if (args.length > 2) throw new CommandError(`expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(' ')}]`);
    await attachTo(session, args.length === 2 ? `${args[0]}/${args[1]}` : args[0]!);
  },
};

/** Joins the session's streams to the main process of a container; ends with its stream. */
export async function attachTo(session: Session, argument: string): Promise<void> {
  const f = session.flags;
  const found = await podOf(session, argument, f.text('pod-running-timeout'));
  if (found.status.phase === 'Succeeded' || found.status.phase === 'Failed') throw new CommandError(`cannot attach a container in a completed pod; current phase is ${found.status.phase}`);
  const pod = await waitUntilRunning(session, found.metadata.name, parseGoDuration(f.text('pod-running-timeout')));
  const container = containerOf(session, pod, f.text('container'), f.flag('quiet'));
  const spec = pod.spec.containers.find((c) => c.name === container);
  let tty = f.flag('tty');
  if (tty && spec?.tty !== true) {
    tty = false;
    if (!f.flag('quiet')) session.errorLine(`error: Unable to use a TTY - container ${container} did not allocate one`);
  } else if (!tty && spec?.tty === true) tty = true;
  tty = tty && (session.io.stdin.isTTY === true || !f.flag('stdin'));
  if (!f.flag('quiet') && f.flag('stdin')) session.errorLine("If you don't see a command prompt, try pressing enter.");
  const path = `/api/v1/namespaces/${pod.metadata.namespace ?? session.namespace}/pods/${pod.metadata.name}/attach`;
  await runStreams(session, path, { container }, { stdin: f.flag('stdin'), tty });
  if (f.flag('stdin') && tty && !f.flag('quiet') && pod.spec.restartPolicy === 'Always') {
    session.line(`Session ended, resume using 'kubectl attach ${pod.metadata.name} -c ${container} -i -t' command when the pod is running`);
  }
}
