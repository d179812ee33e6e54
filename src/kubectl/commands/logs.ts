/** `kubectl logs`. */
import type { Pod } from '../../api/core/v1/types.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { hasReason } from '../../machinery/status.ts';
import { lines } from '../../client/http.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError, errorLine } from '../errors.ts';
import { containerOf, getPod, podOf, podsBySelector, selectorOf } from '../pods.ts';
import { pathOf } from '../discovery.ts';
import { selectorFlags, targetsOf } from '../resources.ts';
import type { Session } from '../session.ts';

const usage = 'expected \'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]\'.\nPOD or TYPE/NAME is a required argument for the logs command';

export const logs: Command = {
  name: 'logs',
  use: 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]',
  short: 'Print the logs for a container in a pod or specified resource',
  flags: {
    ...selectorFlags,
    'all-containers': { type: 'bool', help: "Get all containers' logs in the pod(s)." },
    'all-pods': { type: 'bool', help: 'Get logs from all pod(s). Sets prefix to true.' },
    container: { type: 'string', short: 'c', help: 'Print the logs of this container' },
    follow: { type: 'bool', short: 'f', help: 'Specify if the logs should be streamed.' },
    'ignore-errors': { type: 'bool', help: 'If watching / following pod logs, allow for any errors that occur to be non-fatal' },
    'insecure-skip-tls-verify-backend': { type: 'bool', help: 'Skip verifying the identity of the kubelet that logs are requested from.' },
    'limit-bytes': { type: 'int', help: 'Maximum bytes of logs to return. Defaults to no limit.' },
    'max-log-requests': { type: 'int', default: 5, help: 'Specify maximum number of concurrent logs to follow when using by a selector. Defaults to 5.' },
    'pod-running-timeout': { type: 'duration', default: '20s', help: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running' },
    prefix: { type: 'bool', help: 'Prefix each log line with the log source (pod name and container name)' },
    previous: { type: 'bool', short: 'p', help: 'If true, print the logs for the previous instance of the container in a pod if it exists.' },
    since: { type: 'duration', default: '0s', help: 'Only return logs newer than a relative duration like 5s, 2m, or 3h.' },
    'since-time': { type: 'string', help: 'Only return logs after a specific date (RFC3339).' },
    tail: { type: 'int', default: -1, help: 'Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.' },
    timestamps: { type: 'bool', help: 'Include timestamps on each line in the log output' },
  },
  run: async (session, args) => {
    check(session, args);
    const pods = await podsOf(session, args);
    checkLimits(session, args);
    const sources = sourcesOf(session, pods, args);
    const { flags } = session;
    const many = flags.text('selector') !== '' || flags.flag('all-pods');
    if (flags.flag('follow') && sources.length > flags.number('max-log-requests')) {
      throw new CommandError(`you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags.number('max-log-requests')}, use --max-log-requests to increase the limit`);
    }
    const prefix = flags.flag('prefix') || flags.flag('all-pods');
    const query = queryOf(session, many);
    const one = (source: Source): Promise<void> => stream(session, source, query, prefix);
    if (flags.flag('follow') && sources.length > 1) await Promise.all(sources.map(one));
    else for (const source of sources) await one(source);
  },
};

function check(session: Session, args: readonly string[]): void {
  const { flags } = session;
  if (args.length === 0 && !flags.text('selector')) usageError(usage, 'logs');
  if (args.length > 0 && flags.text('selector')) usageError('only a selector (-l) or a POD name is allowed', 'logs');
  if (args.length > 2) usageError(usage, 'logs');
}

function checkLimits(session: Session, args: readonly string[]): void {
  const { flags } = session;
  if (flags.has('since') && flags.text('since-time')) throw new CommandError('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (flags.flag('all-containers') && flags.text('container')) throw new CommandError(`--all-containers=true should not be specified with container name ${flags.text('container')}`);
  if (args.length === 2 && flags.text('container')) throw new CommandError('only one of -c or an inline [CONTAINER] arg is allowed');
  if (flags.has('limit-bytes') && flags.number('limit-bytes') <= 0) throw new CommandError('--limit-bytes must be greater than 0');
  if (flags.has('tail') && flags.number('tail') < -1) throw new CommandError('--tail must be greater than or equal to -1');
}

function queryOf(session: Session, many: boolean): Record<string, string | number | boolean | undefined> {
  const { flags } = session;
  const since = parseGoDuration(flags.text('since'));
  const tail = flags.has('tail') ? flags.number('tail') : flags.text('selector') && many ? 10 : -1;
  return {
    ...(flags.flag('follow') ? { follow: true } : {}), ...(flags.flag('previous') ? { previous: true } : {}), ...(flags.flag('timestamps') ? { timestamps: true } : {}),
    ...(flags.flag('insecure-skip-tls-verify-backend') ? { insecureSkipTLSVerifyBackend: true } : {}),
    ...(since > 0 ? { sinceSeconds: Math.ceil(since / 1000) } : {}), ...(flags.text('since-time') ? { sinceTime: flags.text('since-time') } : {}),
    ...(tail >= 0 ? { tailLines: tail } : {}), ...(flags.has('limit-bytes') ? { limitBytes: flags.number('limit-bytes') } : {}),
  };
}

interface Source {
  readonly pod: Pod;
  readonly container: string;
}

async function podsOf(session: Session, args: readonly string[]): Promise<Pod[]> {
  const { flags } = session;
  if (flags.text('selector')) {
    const pods = await podsBySelector(session, flags.text('selector'));
    if (pods.length === 0) session.errorLine(`No resources found in ${session.namespace} namespace.`);
    return pods.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }
  try {
    if (flags.flag('all-pods')) {
      const [target] = await targetsOf(session, args[0]!.includes('/') ? [args[0]!] : ['pods', args[0]!], { allowCollections: false });
      const object = await session.json(pathOf(target!.mapping, session.namespace, target!.name));
      return podsBySelector(session, selectorOf(object, target!.mapping.kind) ?? '');
    }
    return [args[0]!.includes('/') ? await podOf(session, args[0]!, flags.text('pod-running-timeout')) : await getPod(session, args[0]!)];
  } catch (error) {
    if (hasReason(error, 'NotFound')) throw new CommandError(`error from server (NotFound): ${(error as Error).message} in namespace ${JSON.stringify(session.namespace)}`);
    throw error;
  }
}

function sourcesOf(session: Session, pods: readonly Pod[], args: readonly string[]): Source[] {
  const { flags } = session;
  const wanted = flags.text('container') || args[1] || '';
  return pods.flatMap((pod): Source[] => {
    if (flags.flag('all-containers')) return [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])].map((c) => ({ pod, container: c.name }));
    if (wanted && ![...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].some((c) => c.name === wanted)) throw new CommandError(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
    return [{ pod, container: containerOf(session, pod, wanted) }];
  });
}

async function stream(session: Session, { pod, container }: Source, query: Record<string, string | number | boolean | undefined>, prefix: boolean): Promise<void> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace ?? session.namespace}/pods/${pod.metadata.name}/log`;
  try {
    const { body } = await session.send(path, { query: { container, ...query }, accept: '*/*' });
    if (prefix) for await (const line of lines(body)) session.line(`[pod/${pod.metadata.name}/${container}] ${line}`);
    else for await (const chunk of body) session.io.stdout.write(chunk);
  } catch (error) {
    if (!session.flags.flag('ignore-errors')) throw error;
    session.line(errorLine(error).startsWith('error: ') ? errorLine(error) : `error: ${(error as Error).message}`);
  }
}
