/** `kubectl run`. */
import type { JsonObject } from '../../machinery/json.ts';
import { parseJson } from '../../machinery/jsontext.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { applyMergePatch } from '../../schema/patch/mergepatch.ts';
import { dryRunOf, resultPrinter } from '../changes.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError, Exit } from '../errors.ts';
import { createGenerated, generatorFlags } from '../generated.ts';
import { waitUntilCompleted, waitUntilRunning } from '../pods.ts';
import type { Session } from '../session.ts';
import { attachTo } from './exec.ts';

const imageReference = /^[a-zA-Z0-9](?:[\w.:/-]*[\w])?(?:@[a-z0-9]+:[a-zA-Z0-9]+)?$/;

export const run: Command = {
  name: 'run',
  use: 'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]',
  short: 'Run a particular image on the cluster',
  flags: {
    ...generatorFlags,
    annotations: { type: 'strings', help: 'Annotations to apply to the pod.' },
    attach: { type: 'bool', help: "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' were called." },
    command: { type: 'bool', help: "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default." },
    container: { type: 'string' },
    env: { type: 'strings', help: 'Environment variables to set in the container.' },
    expose: { type: 'bool', help: 'If true, create a ClusterIP service associated with the pod.  Requires `--port`.' },
    image: { type: 'string', help: 'The image for the container to run.' },
    'image-pull-policy': { type: 'string', help: 'The image pull policy for the container.' },
    labels: { type: 'string', short: 'l', help: 'Comma separated labels to apply to the pod. Will override previous values.' },
    'leave-stdin-open': { type: 'bool', help: 'If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes.' },
    overrides: { type: 'string', help: 'An inline JSON override for the generated object.' },
    'override-type': { type: 'string', default: 'merge', help: 'The method used to override the generated object: json, merge, or strategic.' },
    'pod-running-timeout': { type: 'duration', default: '1m0s', help: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running' },
    port: { type: 'string', help: 'The port that this container exposes.' },
    privileged: { type: 'bool', help: 'If true, run the container in privileged mode.' },
    quiet: { type: 'bool', short: 'q', help: 'If true, suppress prompt messages.' },
    restart: { type: 'string', help: 'The restart policy for this Pod.  Legal values [Always, OnFailure, Never].' },
    rm: { type: 'bool', help: 'If true, delete the pod after it exits.' },
    stdin: { type: 'bool', short: 'i', help: 'Keep stdin open on the container in the pod, even if nothing is attached.' },
    tty: { type: 'bool', short: 't', help: 'Allocate a TTY for the container in the pod.' },
  },
  run: async (session, args, dash) => {
    const { flags } = session;
    if (!flags.has('image')) throw new CommandError('required flag(s) "image" not set');
    if (args.length === 0 || dash === 0) usageError('NAME is required for run', 'run');
    const attached = flags.has('attach') ? flags.flag('attach') : flags.flag('stdin');
    const restart = check(session, attached);
    const pod = podFrom(session, args[0]!, args.slice(1), restart);
    const created = await createGenerated(session, pod, 'kubectl-run');
    const service = flags.flag('expose') ? await createGenerated(session, serviceFor(session, args[0]!, pod), 'kubectl-run') : undefined;
    const print = resultPrinter(session, 'created', 'typed');
    if (service) {
      print(service);
      if (flags.text('output') === 'yaml') session.line('---');
    }
    if (!attached) return print(created);
    try {
      await attachAndWait(session, args[0]!, restart);
    } finally {
      if (flags.flag('rm')) await removePod(session, args[0]!);
    }
  },
};

/** Throws where flags do not fit together; gives the restart policy. */
function check(session: Session, attached: boolean): string {
  const { flags } = session;
  const image = flags.text('image');
  if (!image) throw new CommandError('--image is required');
  if (!imageReference.test(image)) throw new CommandError(`Invalid image name ${JSON.stringify(image)}: invalid reference format`);
  if (flags.flag('tty') && !flags.flag('stdin')) usageError('-i/--stdin is required for containers with -t/--tty=true', 'run');
  if (flags.flag('expose') && !flags.text('port')) usageError('--port must be set when exposing a service', 'run');
  const restart = flags.text('restart') || 'Always';
  if (!['Always', 'OnFailure', 'Never'].includes(restart)) usageError(`invalid restart policy: ${restart}`, 'run');
  if (!attached && flags.flag('rm')) usageError('--rm should only be used for attached containers', 'run');
  if (attached && dryRunOf(flags) !== 'none') usageError("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)", 'run');
  if (!['', 'Always', 'IfNotPresent', 'Never'].includes(flags.text('image-pull-policy'))) usageError(`invalid image pull policy: ${flags.text('image-pull-policy')}`, 'run');
  return restart;
}

function pairs(text: string, what: string): Record<string, string> {
  if (!text) return {};
  return Object.fromEntries(
    text.split(',').map((part) => {
      const equals = part.indexOf('=');
      if (equals <= 0) throw new CommandError(`unexpected ${what} spec: ${part}`);
      return [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
}

function podFrom(session: Session, name: string, args: readonly string[], restartPolicy: string): JsonObject {
  const { flags } = session;
  const labels = flags.text('labels') ? pairs(flags.text('labels'), 'label') : { run: name };
  const annotations = Object.assign({}, ...flags.list('annotations').map((a) => pairs(a, 'annotation'))) as Record<string, string>;
  const env = flags.list('env').map((text) => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new CommandError(`invalid env: ${text}`);
    return { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
  const port = flags.text('port');
  if (port && !/^\d+$/.test(port)) throw new CommandError(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  const container: JsonObject = {
    name, image: flags.text('image'),
    ...(args.length ? { [flags.flag('command') ? 'command' : 'args']: [...args] } : {}),
    ...(port ? { ports: [{ containerPort: Number(port) }] } : {}),
    ...(env.length ? { env } : {}),
    ...(flags.text('image-pull-policy') ? { imagePullPolicy: flags.text('image-pull-policy') } : {}),
    ...(flags.flag('privileged') ? { securityContext: { privileged: true } } : {}),
    ...(flags.flag('stdin') ? { stdin: true, ...(flags.flag('leave-stdin-open') ? {} : { stdinOnce: true }) } : {}),
    ...(flags.flag('tty') ? { tty: true } : {}),
    resources: {},
  };
  const pod: JsonObject = {
    kind: 'Pod', apiVersion: 'v1', metadata: { name, labels, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: { containers: [container], restartPolicy, dnsPolicy: 'ClusterFirst' },
  };
  const overrides = flags.text('overrides');
  if (!overrides) return pod;
  if (flags.text('override-type') !== 'merge') throw new CommandError(`--override-type=${flags.text('override-type')} is not supported by this kubectl, only merge is`);
  return applyMergePatch(pod, parseJson(overrides).value) as JsonObject;
}

function serviceFor(session: Session, name: string, pod: JsonObject): JsonObject {
  const port = Number(session.flags.text('port'));
  const { labels } = pod['metadata'] as { labels: JsonObject };
  const own = session.flags.text('labels') ? { labels } : {};
  return { kind: 'Service', apiVersion: 'v1', metadata: { name, ...own }, spec: { ports: [{ protocol: 'TCP', port, targetPort: port }], selector: labels } };
}

async function attachAndWait(session: Session, name: string, restart: string): Promise<void> {
  const { flags } = session;
  const pod = await waitUntilRunning(session, name, parseGoDuration(flags.text('pod-running-timeout')));
  const logs = async (): Promise<void> => {
    const { body } = await session.send(`/api/v1/namespaces/${session.namespace}/pods/${name}/log`, { accept: '*/*', query: { container: pod.spec.containers[0]!.name } });
    for await (const chunk of body) session.io.stdout.write(chunk);
  };
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') await logs();
  else {
    try {
      await attachTo(session, name);
    } catch (error) {
      session.errorLine(`warning: couldn't attach to pod/${name}, falling back to streaming logs: ${(error as Error).message}`);
      await logs();
    }
  }
  if (flags.flag('leave-stdin-open') || restart === 'Always') return;
  const done = await waitUntilCompleted(session, name, restart === 'OnFailure');
  if (done.status.phase === 'Succeeded') return;
  const ended = done.status.containerStatuses?.[0]?.state?.terminated;
  if (!ended?.exitCode) throw new CommandError(`pod ${session.namespace}/${name} failed with unknown exit code`);
  session.errorLine(`pod ${session.namespace}/${name} terminated (${ended.reason ?? ''})`);
  throw new Exit(ended.exitCode);
}

async function removePod(session: Session, name: string): Promise<void> {
  await session.json(`/api/v1/namespaces/${session.namespace}/pods/${name}`, { method: 'DELETE', body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' } });
  if (!session.flags.flag('quiet')) session.line(`pod ${JSON.stringify(name)} deleted from ${session.namespace} namespace`);
}
