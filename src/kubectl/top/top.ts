/** `kubectl top node` and `kubectl top pod`. */
import { formatGoDuration } from '../../machinery/goduration.ts';
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts';
import { parseTime } from '../../machinery/time.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { FlagSet } from '../flags.ts';
import { TabWriter } from '../printers/tabwriter.ts';
import { metadataOf, selectorFlags } from '../resources.ts';
import type { Session } from '../session.ts';
import { columnSources, nodeColumnFlags, outputFormat, podColumnFlags, readColumns } from './columns.ts';
import { printData } from './data.ts';
import { sceneOf, type Columns } from './scene.ts';
import { repeating, watchFlags } from './watch.ts';
import { byUsage, percentText, sum, usageOf, usageOfPod, usageText, type NodeMetrics, type PodMetrics, type Resource } from './usage.ts';

const sharedFlags: FlagSet = {
  ...selectorFlags,
  'sort-by': { type: 'string', help: "If non-empty, sort the list using specified field. The field can be either 'cpu' or 'memory'." },
  'no-headers': { type: 'bool', help: 'If present, print output without headers' },
  'use-protocol-buffers': { type: 'bool', default: true, help: 'Enables using protocol-buffers to access Metrics API.' },
  'show-swap': { type: 'bool', help: 'Print resources related to swap memory.' },
  ...watchFlags,
};
/** A pod this young may well have no metrics yet. */
const metricsDelayMs = 120_000;
const metricsPath = '/apis/metrics.k8s.io/v1beta1';

function resourcesOf(session: Session): readonly Resource[] {
  return session.flags.flag('show-swap') ? ['cpu', 'memory', 'swap'] : ['cpu', 'memory'];
}

function checkSortBy(session: Session): void {
  if (!['', 'cpu', 'memory'].includes(session.flags.text('sort-by'))) throw new CommandError('--sort-by accepts only cpu or memory');
}

async function requireMetricsApi(session: Session): Promise<void> {
  const list = await session.json('/apis');
  const groups = (list['groups'] ?? []) as unknown as { name: string; versions: { version: string }[] }[];
  if (!groups.some((g) => g.name === 'metrics.k8s.io' && g.versions.some((v) => v.version === 'v1beta1'))) throw new CommandError('Metrics API not available');
}

const topNode: Command = {
  name: 'node',
  aliases: ['nodes', 'no'],
  use: 'top node [NAME | -l label]',
  short: 'Display resource (CPU/memory) usage of nodes',
  flags: { ...sharedFlags, 'show-capacity': { type: 'bool', help: 'Print node resources based on Capacity instead of Allocatable(default) of the nodes.' }, ...nodeColumnFlags },
  run: async (session, args) => {
    const { flags } = session;
    if (args.length > 1) usageError('node [NAME | -l label]', 'top node');
    checkSortBy(session);
    const [name] = args;
    if (name && flags.text('selector')) throw new CommandError('only one of NAME or --selector can be provided');
    const [format, sources] = [outputFormat(session), columnSources(session, 'node')];
    await requireMetricsApi(session);
    const query = { labelSelector: flags.text('selector') };
    await repeating(session, async () => {
      const metrics = name ? [(await session.json(`${metricsPath}/nodes/${name}`)) as unknown as NodeMetrics] : ((await session.json(`${metricsPath}/nodes`, { query }))['items'] as unknown as NodeMetrics[] | null);
      if (!metrics?.length) throw new CommandError('metrics not available yet');
      const columns = await readColumns(sources, sceneOf({ scope: '', name, query, nodes: metrics }));
      if (format) return printData(session, format, 'node', metrics, columns, name !== undefined);
      const nodes = name ? [await session.json(`/api/v1/nodes/${name}`)] : (await session.json('/api/v1/nodes', { query }))['items'];
      printNodes(session, metrics, nodes as unknown as NodeObject[], columns);
    });
  },
};

interface NodeObject {
  metadata: { name: string };
  status?: { allocatable?: Record<string, string>; capacity?: Record<string, string>; nodeInfo?: { swap?: { capacity?: number } } };
}

function printNodes(session: Session, metrics: readonly NodeMetrics[], nodes: readonly NodeObject[], columns: Columns): void {
  const { flags } = session;
  const resources = resourcesOf(session);
  const available = new Map<string, Partial<Record<Resource, Quantity>>>();
  for (const { metadata, status } of nodes) {
    const amounts = (flags.flag('show-capacity') ? status?.capacity : status?.allocatable) ?? {};
    const swap = status?.nodeInfo?.swap?.capacity;
    available.set(metadata.name, { ...usageOf(amounts), ...(swap === undefined ? {} : { swap: parseQuantity(String(swap)) }) });
  }
  const out = new TabWriter((text) => session.out(text));
  const write = (cells: readonly string[]): void => out.write(`${cells.map((c) => `${c}\t`).join('')}\n`);
  if (!flags.flag('no-headers')) write(['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)', ...(resources.includes('swap') ? ['SWAP(bytes)', 'SWAP(%)'] : []), ...columns.headers]);
  for (const node of metrics.toSorted(byUsage<NodeMetrics>(flags.text('sort-by'), (m) => usageOf(m.usage), (m) => m.metadata.name))) {
    const usage = usageOf(node.usage);
    const amounts = available.get(node.metadata.name);
    available.delete(node.metadata.name);
    const cells = resources.flatMap((resource) => {
      const whole = amounts?.[resource];
      if (resource === 'swap' && whole === undefined) return ['<unknown>', '<unknown>'];
      return [usageText(resource, usage), ...(whole ? [percentText(resource, usage, whole)] : [])];
    });
    write([node.metadata.name, ...cells, ...columns.cells(node.metadata)]);
  }
  // Nodes that answered nothing.
  for (const name of available.keys()) write([name, ...resources.flatMap(() => ['<unknown>', '<unknown>']), ...columns.cells({ name })]);
  out.flush();
}

const topPod: Command = {
  name: 'pod',
  aliases: ['pods', 'po'],
  use: 'top pod [NAME | -l label]',
  short: 'Display resource (CPU/memory) usage of pods',
  flags: {
    ...sharedFlags,
    'field-selector': { type: 'string', help: "Selector (field query) to filter on, supports '=', '==', and '!='." },
    containers: { type: 'bool', help: 'If present, print usage of containers within a pod.' },
    'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
    sum: { type: 'bool', help: 'Print the sum of the resource usage' },
    ...podColumnFlags,
  },
  run: async (session, args) => {
    const { flags } = session;
    if (args.length > 1) usageError('pod [NAME | -l label]', 'top pod');
    checkSortBy(session);
    const [name] = args;
    if (name && (flags.text('selector') || flags.text('field-selector'))) throw new CommandError('only one of NAME or selector can be provided');
    const [format, sources] = [outputFormat(session), columnSources(session, 'pod')];
    await requireMetricsApi(session);
    const scope = flags.flag('all-namespaces') ? '' : `/namespaces/${session.namespace}`;
    const query = { labelSelector: flags.text('selector'), fieldSelector: flags.text('field-selector') };
    await repeating(session, async () => {
      const metrics = name ? [(await session.json(`${metricsPath}${scope}/pods/${name}`)) as unknown as PodMetrics] : (((await session.json(`${metricsPath}${scope}/pods`, { query }))['items'] ?? []) as unknown as PodMetrics[]);
      if (metrics.length === 0 && !format) {
        await explainEmpty(session, scope, query);
        session.errorLine(flags.flag('all-namespaces') ? 'No resources found' : `No resources found in ${session.namespace} namespace.`);
      }
      const columns = await readColumns(metrics.length > 0 ? sources : [], sceneOf({ scope, name, query }));
      if (format) printData(session, format, 'pod', metrics, columns, name !== undefined);
      else printPods(session, metrics, columns);
    });
  },
};

/** Says why there is nothing: no pods is fine, young pods have none yet, old ones should have. */
async function explainEmpty(session: Session, scope: string, query: { labelSelector: string; fieldSelector: string }): Promise<void> {
  const pods = ((await session.json(`/api/v1${scope}/pods`, { query }))['items'] ?? []) as unknown as { metadata: object }[];
  if (pods.length === 0) return;
  for (const pod of pods) {
    const { name, namespace, creationTimestamp } = metadataOf(pod as never);
    const ageMs = creationTimestamp ? session.now - parseTime(creationTimestamp).seconds * 1000 : 0;
    if (ageMs > metricsDelayMs) throw new CommandError(`Metrics not available for pod ${namespace}/${name}, age: ${formatGoDuration(ageMs)}`);
  }
  throw new CommandError('metrics not available yet');
}

function printPods(session: Session, metrics: readonly PodMetrics[], extra: Columns): void {
  if (metrics.length === 0) return;
  const { flags } = session;
  const resources = resourcesOf(session);
  const withNamespace = flags.flag('all-namespaces');
  const containers = flags.flag('containers');
  const sortBy = flags.text('sort-by');
  const out = new TabWriter((text) => session.out(text));
  const write = (cells: readonly string[]): void => out.write(`${cells.map((c) => `${c}\t`).join('')}\n`);
  const names = ['NAME', 'CPU(cores)', 'MEMORY(bytes)', ...(resources.includes('swap') ? ['SWAP(bytes)'] : [])];
  const columns = [...(withNamespace ? ['NAMESPACE'] : []), ...(containers ? ['POD'] : []), ...names];
  if (!flags.flag('no-headers')) write([...columns, ...extra.headers]);
  const key = (m: PodMetrics): string => (withNamespace ? `${m.metadata.namespace ?? ''}\0${m.metadata.name}` : m.metadata.name);
  for (const pod of metrics.toSorted(byUsage<PodMetrics>(sortBy, (m) => usageOfPod(m, resources), key))) {
    const subject = { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', pod };
    const lead = withNamespace ? [pod.metadata.namespace ?? ''] : [];
    if (!containers) {
      const usage = usageOfPod(pod, resources);
      write([...lead, pod.metadata.name, ...resources.map((r) => usageText(r, usage)), ...extra.cells(subject)]);
      continue;
    }
    for (const container of (pod.containers ?? []).toSorted(byUsage(sortBy, (c) => usageOf(c.usage), (c) => c.name))) {
      const usage = usageOf(container.usage);
      write([...lead, pod.metadata.name, container.name, ...resources.map((r) => usageText(r, usage)), ...extra.cells({ ...subject, container: container.name })]);
    }
  }
  if (flags.flag('sum')) {
    // Upstream counts the leading columns only when it prints headers.
    const width = flags.flag('no-headers') ? names.length : columns.length;
    write([...Array<string>(width - 2).fill(''), '________', '________']);
    const total = sum(metrics.map((m) => usageOfPod(m, resources)), resources);
    write([...Array<string>(width - 3).fill(''), '', ...resources.map((r) => usageText(r, total))]);
  }
  out.flush();
}

/** Beyond upstream: why tools disagree about a container's memory. */
const topExplain: Command = {
  name: 'explain',
  use: 'top explain (pod/NAME | node/NAME | --from DIR) [flags]',
  short: 'Take the memory figures of a pod or node apart',
  flags: {
    container: { type: 'string', short: 'c', help: 'Only this container.' },
    from: { type: 'string', help: 'A folder of recorded cgroup files instead of a live pod.' },
    output: { type: 'string', short: 'o', help: "Output format: 'json' or text." },
    language: { type: 'string', help: "'en' or 'zh'." },
  },
  run: async (session, args) => {
    const { flags } = session;
    const { explainMemory } = await import('./explain.ts');
    const from = flags.text('from');
    const options = { env: session.env, namespace: from ? '' : session.namespace, ...(args[0] ? { target: args[0] } : {}), ...(from ? { from } : {}), ...given(session, 'container'), ...given(session, 'output'), ...given(session, 'language') };
    session.out(await explainMemory(options, from ? undefined : session.client, session.surroundings.clock));
  },
};

/** Beyond upstream: why there are no figures. */
const topDoctor: Command = {
  name: 'doctor',
  use: 'top doctor [pod/NAME]',
  short: 'Find out why kubectl top shows nothing',
  flags: { output: { type: 'string', short: 'o', help: "Output format: 'json' or text." }, language: { type: 'string', help: "'en' or 'zh'." } },
  run: async (session, args) => {
    if (args.length > 1) usageError('doctor [pod/NAME]', 'top doctor');
    const { runDoctor } = await import('./doctor.ts');
    await runDoctor(session, args[0]);
  },
};

function given(session: Session, name: string): Record<string, string> {
  return session.flags.has(name) ? { [name]: session.flags.text(name) } : {};
}

export const top: Command = {
  name: 'top',
  use: 'top',
  short: 'Display resource (CPU/memory) usage',
  subcommands: [topNode, topPod, topExplain, topDoctor],
};
