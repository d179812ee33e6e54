/** `top doctor`: why kubectl top has no figures, asked station by station. */
import { parseGoDuration } from '../../machinery/goduration.ts';
import { StatusError } from '../../machinery/status.ts';
import { diagnose, type Finding, type PipelineFacts, type PodFacts } from '../../explain/pipeline.ts';
import { languageOf, say } from '../../explain/words.ts';
import { CommandError, Exit } from '../errors.ts';
import type { Session } from '../session.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
interface PodObject {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly args?: readonly string[]; readonly command?: readonly string[] }[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt: string }; readonly waiting?: { readonly reason?: string } } }[];
  };
}
type Named = { readonly metadata: { readonly name: string }; readonly status?: { readonly conditions?: readonly Condition[] } };

/** So many silent kubelets are asked; beyond these the picture is clear. */
const askedNodes = 20;

/** Throws Exit(1) where something is wrong. */
export async function runDoctor(session: Session, target: string | undefined): Promise<void> {
  const output = session.flags.text('output');
  if (output !== '' && output !== 'json') throw new CommandError(`unable to match a printer suitable for the output format "${output}", allowed formats are: json`);
  const findings = diagnose(await readFacts(session, target));
  const language = languageOf(session.flags.text('language'), session.env);
  const told = findings.map((f) => {
    const hint = say(`doctor.${f.what}.hint`, language, f.values);
    return { ...f, text: say(`doctor.${f.what}`, language, f.values), ...(hint.startsWith('doctor.') ? {} : { hint }) };
  });
  if (output === 'json') session.line(JSON.stringify({ findings: told }, undefined, 2));
  else for (const f of told) session.line(`${f.state.padEnd(6)}${f.text}${'hint' in f ? `\n      → ${f.hint}` : ''}`);
  if (findings.some((f: Finding) => f.state === 'bad')) throw new Exit(1);
}

async function readFacts(session: Session, target: string | undefined): Promise<PipelineFacts> {
  const service = await optional(session.json('/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io'));
  if (!service) return { servers: [], nodes: [], resolutionSeconds: 0 };
  const { spec, status } = service as unknown as { spec: { service?: { namespace: string; name: string } }; status?: { conditions?: Condition[] } };
  const condition = status?.conditions?.find((c) => c.type === 'Available');
  const available = condition?.status === 'True';
  const behind = spec.service;
  const servers = behind ? await podsBehind(session, behind) : [];
  const resolutionSeconds = resolution(servers);
  const pod = target === undefined ? undefined : await podFacts(session, target);
  return {
    apiService: { available, reason: condition?.reason ?? '', message: condition?.message ?? '', service: behind ? `${behind.namespace}/${behind.name}` : 'the API server itself' },
    servers: servers.map((p) => {
      const ready = p.status?.conditions?.find((c) => c.type === 'Ready');
      const waiting = p.status?.containerStatuses?.map((c) => c.state?.waiting?.reason).find((reason) => reason !== undefined);
      return { name: p.metadata.name, ready: ready?.status === 'True', reason: waiting ?? ready?.message ?? p.status?.phase ?? '', ageSeconds: ageOf(session, p) ?? 0 };
    }),
    resolutionSeconds,
    nodes: available ? await nodeFacts(session) : [],
    ...(pod ? { pod } : {}),
  };
}

async function podsBehind(session: Session, of: { namespace: string; name: string }): Promise<PodObject[]> {
  const service = (await optional(session.json(`/api/v1/namespaces/${of.namespace}/services/${of.name}`))) as { spec?: { selector?: Record<string, string> } } | undefined;
  const selector = Object.entries(service?.spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`).join(',');
  return selector ? await items<PodObject>(session, `/api/v1/namespaces/${of.namespace}/pods`, { labelSelector: selector }) : [];
}

/** By the flag that the pods were started with; metrics-server's own default without. */
function resolution(servers: readonly PodObject[]): number {
  const words = servers.flatMap((p) => p.spec.containers.flatMap((c) => [...(c.command ?? []), ...(c.args ?? [])]));
  const given = words.map((word) => /^--?metric-resolution=(.+)$/.exec(word)?.[1]).find((value) => value !== undefined);
  return parseGoDuration(given ?? '60s') / 1000;
}

async function nodeFacts(session: Session): Promise<PipelineFacts['nodes']> {
  const [nodes, figures] = await Promise.all([items<Named>(session, '/api/v1/nodes'), items<Named>(session, '/apis/metrics.k8s.io/v1beta1/nodes')]);
  const measured = new Set(figures.map((n) => n.metadata.name));
  let asked = 0;
  return Promise.all(nodes.map(async (node) => {
    const { name } = node.metadata;
    const ready = node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
    const kubelet = measured.has(name) || !ready || asked++ >= askedNodes ? undefined : await askKubelet(session, name);
    return { name, ready, measured: measured.has(name), ...(kubelet ? { kubelet } : {}) };
  }));
}

async function askKubelet(session: Session, node: string): Promise<{ answers: boolean; message: string } | undefined> {
  try {
    await session.text(`/api/v1/nodes/${node}/proxy/healthz`);
    return { answers: true, message: '' };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return error.code === 403 ? undefined : { answers: false, message: error.message };
  }
}

async function podFacts(session: Session, target: string): Promise<PodFacts> {
  const [kind, name] = target.includes('/') ? (target.split('/', 2) as [string, string]) : ['pod', target];
  if (!['pod', 'pods', 'po'].includes(kind)) throw new CommandError(`top doctor looks at the cluster, or at one pod: top doctor pod/NAME, not "${target}"`);
  const where = `/namespaces/${session.namespace}/pods/${name}`;
  const pod = (await optional(session.json(`/api/v1${where}`))) as PodObject | undefined;
  const figures = pod && (await optional(session.json(`/apis/metrics.k8s.io/v1beta1${where}`), [404, 503]));
  const running = pod && ageOf(session, pod);
  return {
    name: `pod/${name}`, exists: pod !== undefined, phase: pod?.status?.phase ?? '', node: pod?.spec.nodeName ?? '', measured: figures !== undefined,
    ...(running === undefined ? {} : { runningSeconds: running }),
  };
}

/** Seconds since the youngest running container started. */
function ageOf(session: Session, pod: PodObject): number | undefined {
  const started = (pod.status?.containerStatuses ?? []).flatMap((c) => (c.state?.running ? [Date.parse(c.state.running.startedAt)] : []));
  return started.length ? Math.max(0, Math.round((session.now - Math.max(...started)) / 1000)) : undefined;
}

async function items<T>(session: Session, path: string, query: Readonly<Record<string, string>> = {}): Promise<T[]> {
  return ((await session.json(path, { query }))['items'] ?? []) as unknown as T[];
}

async function optional<T>(answer: Promise<T>, codes: readonly number[] = [404]): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StatusError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
