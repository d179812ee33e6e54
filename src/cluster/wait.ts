/** Waiting for a cluster, with an eye on processes that do not come up: then the reason is said at once. */
import { readFileSync } from 'node:fs';
import { parseTime, type Clock } from '../base/clock.ts';
import { isAbort } from '../base/abort.ts';
import { ConnectionError, type HttpClient } from '../client/http.ts';
import { StatusError } from '../machinery/status.ts';
import { leases } from '../api/coordination/v1/index.ts';
import * as core from '../api/core/v1/index.ts';
import { getText } from './connect.ts';
import { CliError } from './output.ts';
import { readParts } from './parts.ts';
import type { ProfileConfig, ProfilePaths } from './profile.ts';

const discoveryType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Polls until the answer is true; connection failures and errors of the server mean "not yet". */
async function until(what: string, clock: Clock, deadline: AbortSignal, pauseMs: number, check: () => Promise<boolean>, why: () => string = () => ''): Promise<void> {
  for (;;) {
    try {
      if (await check()) return;
    } catch (error) {
      if (isAbort(error, deadline)) throw new CliError(`${what} took too long${why()}`, { cause: error });
      if (!(error instanceof ConnectionError || error instanceof StatusError)) throw error;
    }
    if (deadline.aborted) throw new CliError(`${what} took too long${why()}`, { mend: 'k7s logs may say why' });
    await clock.sleep(pauseMs);
  }
}

export async function waitForServer(client: HttpClient, paths: ProfilePaths, clock: Clock, deadline: AbortSignal): Promise<void> {
  const seen = failuresOf(paths, 'server').count;
  await until('starting the control plane', clock, deadline, 20, async () => {
    failFast(paths, 'server', seen);
    return (await getText(client, '/readyz', deadline)).status === 200;
  });
}

/** Ready in the words of an agent that runs since `since`: what an earlier one said last is still there after a restart. */
export async function waitForNodes(client: HttpClient, config: ProfileConfig, paths: ProfilePaths, since: number, clock: Clock, deadline: AbortSignal): Promise<void> {
  const real = config.runtime === 'containerd';
  await Promise.all(
    config.nodes.map(async ({ name }) => {
      const seen = real ? failuresOf(paths, `agent-${name}`).count : 0;
      let state = '';
      const check = async (): Promise<boolean> => {
        if (real) failFast(paths, `agent-${name}`, seen);
        const [node, lease] = await Promise.all([
          client.get(core.nodes, name, { signal: deadline }),
          client.get(leases, name, { namespace: 'kube-node-lease', signal: deadline }),
        ]);
        const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
        state = ready?.status === 'True' ? '' : `: ${ready?.message ?? ready?.reason ?? 'the kubelet has said nothing yet'}`;
        const alive = parseTime(lease.spec?.renewTime ?? '') >= since;
        return alive && ready?.status === 'True' && !node.spec?.taints?.some((taint) => taint.key.startsWith('node.kubernetes.io/'));
      };
      await until(`waiting for the node ${name}`, clock, deadline, 30, check, () => state);
    }),
  );
}

export async function waitForMetrics(client: HttpClient, clock: Clock, deadline: AbortSignal): Promise<void> {
  await until('waiting for the first metrics', clock, deadline, 250, async () => {
    const { status, text } = await getText(client, '/apis/metrics.k8s.io/v1beta1/nodes', deadline);
    if (status !== 200 || (JSON.parse(text) as { items: unknown[] }).items.length === 0) return false;
    // kubectl first asks which groups there are, and the server learns of a new one a moment later.
    const groups = await getText(client, '/apis', deadline, discoveryType);
    const { items } = JSON.parse(groups.text) as { items?: { metadata?: { name?: string }; versions?: { freshness?: string; resources?: unknown[] }[] }[] };
    const versions = items?.find((group) => group.metadata?.name === 'metrics.k8s.io')?.versions ?? [];
    return versions.some((version) => version.freshness === 'Current' && (version.resources?.length ?? 0) > 0);
  });
}

/** How often the supervisor has seen the part end, from its log. */
function failuresOf(paths: ProfilePaths, part: string): { count: number; log: string } {
  const parts = readParts(paths);
  const log = parts?.supervised.find((candidate) => candidate.name === part)?.log ?? '';
  try {
    const text = readFileSync(parts?.supervisor.log ?? '', 'utf8');
    return { count: text.split(`Ended part="${part}"`).length - 1, log };
  } catch {
    return { count: 0, log };
  }
}

function failFast(paths: ProfilePaths, part: string, before: number): void {
  const { count, log } = failuresOf(paths, part);
  if (count < before + 3) return;
  let last = '';
  try {
    last = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    // nothing was written
  }
  throw new CliError(`${part} ends again and again: ${last}`, { mend: `All it said is in ${log}` });
}
