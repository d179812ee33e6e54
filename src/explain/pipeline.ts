/** Why `kubectl top` has no figure: what was found on the way from a kubelet to kubectl, judged. Pure: facts in, findings out. */

export interface PipelineFacts {
  /** APIService v1beta1.metrics.k8s.io; absent: nobody has registered it. */
  readonly apiService?: { readonly available: boolean; readonly reason: string; readonly message: string; readonly service: string };
  /** The pods behind it. */
  readonly servers: readonly { readonly name: string; readonly ready: boolean; readonly reason: string; readonly ageSeconds: number }[];
  /** How far apart its readings are. */
  readonly resolutionSeconds: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    /** It is in the answer of the metrics API. */
    readonly measured: boolean;
    /** What its kubelet answered through the API server; asked only where there are no figures, and absent where one may not ask. */
    readonly kubelet?: { readonly answers: boolean; readonly message: string };
  }[];
  /** What was asked for. */
  readonly pod?: PodFacts;
}

export interface PodFacts {
  readonly name: string;
  readonly exists: boolean;
  readonly phase: string;
  readonly node: string;
  /** Since its youngest container runs; absent: none does. */
  readonly runningSeconds?: number;
  readonly measured: boolean;
}

export interface Finding {
  readonly state: 'ok' | 'wait' | 'bad';
  /** Key of the sentence in words.ts, `doctor.…`; with `.hint`, what to do. */
  readonly what: string;
  readonly values: Readonly<Record<string, string>>;
}

/** In the order of the way; ends where what follows cannot be told. */
export function diagnose(facts: PipelineFacts): Finding[] {
  const out: Finding[] = [];
  const say = (state: Finding['state'], what: string, values: Finding['values'] = {}): void => void out.push({ state, what, values });
  const { apiService } = facts;
  if (!apiService) return [{ state: 'bad', what: 'noApi', values: {} }];
  if (apiService.available) say('ok', 'api', { service: apiService.service });
  else say('bad', 'apiUnavailable', { service: apiService.service, reason: apiService.reason, message: apiService.message });
  if (facts.servers.length === 0) say('bad', 'noServer', { service: apiService.service });
  for (const { name, ready, reason } of facts.servers) say(ready ? 'ok' : 'bad', ready ? 'server' : 'serverNotReady', { name, reason });
  if (!apiService.available) return out;
  const measured = facts.nodes.filter((n) => n.measured);
  if (measured.length > 0 || facts.nodes.length === 0) say('ok', 'nodes', { measured: String(measured.length), all: String(facts.nodes.length) });
  // Two readings, and a moment to take them.
  const patience = 2 * facts.resolutionSeconds + 15;
  const fresh = facts.servers.length > 0 && facts.servers.every((s) => s.ageSeconds < patience);
  for (const node of facts.nodes) if (!node.measured) out.push(judgeNode(node, fresh, facts.resolutionSeconds));
  if (facts.pod) out.push(judgePod(facts.pod, facts, patience));
  return out;
}

function judgeNode(node: PipelineFacts['nodes'][number], fresh: boolean, resolution: number): Finding {
  const values = { node: node.name, message: node.kubelet?.message ?? '', resolution: String(resolution) };
  if (!node.ready) return { state: 'bad', what: 'nodeNotReady', values };
  if (node.kubelet && !node.kubelet.answers) return { state: 'bad', what: 'kubeletSilent', values };
  if (fresh) return { state: 'wait', what: 'serverYoung', values };
  return { state: 'bad', what: node.kubelet ? 'serverCannotReach' : 'nodeUnmeasured', values };
}

function judgePod(pod: PodFacts, facts: PipelineFacts, patience: number): Finding {
  const values = { pod: pod.name, node: pod.node, phase: pod.phase, age: String(pod.runningSeconds ?? 0), resolution: String(facts.resolutionSeconds) };
  const found = (state: Finding['state'], what: string): Finding => ({ state, what, values });
  if (!pod.exists) return found('bad', 'podMissing');
  if (pod.measured) return found('ok', 'pod');
  if (!pod.node) return found('bad', 'podUnscheduled');
  if (pod.runningSeconds === undefined) return found('bad', 'podNotRunning');
  if (pod.runningSeconds < patience) return found('wait', 'podYoung');
  return found('bad', facts.nodes.find((n) => n.name === pod.node)?.measured === false ? 'podOfNode' : 'podUnmeasured');
}
