/** The node's last word on a pod that was bound to it: what does not fit is refused, in upstream's words. */
import type { Pod } from './model.ts';
import { milliCpu, podRequest, wholeUnits } from './resources.ts';

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** `others`: the pods that count on the node's resources. */
export function refusal(pod: Pod, others: readonly Pod[], allocatable: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): Refusal | undefined {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) {
    if (labels[key] !== value) return { reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed: node(s) didn\'t match Pod\'s node affinity/selector' };
  }
  const most = wholeUnits(allocatable['pods']);
  if (others.length + 1 > most) {
    return { reason: 'OutOfpods', message: `Node didn't have enough resource: pods, requested: 1, used: ${others.length}, capacity: ${most}` };
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const asked = podRequest(pod, name);
    if (asked === 0) continue;
    const used = others.reduce((sum, other) => sum + podRequest(other, name), 0);
    const whole = name === 'cpu' ? milliCpu(allocatable[name]) : wholeUnits(allocatable[name]);
    if (used + asked > whole) {
      return { reason: `OutOf${name}`, message: `Node didn't have enough resource: ${name}, requested: ${asked}, used: ${used}, capacity: ${whole}` };
    }
  }
  const taken = others.flatMap(hostPorts);
  if (hostPorts(pod).some((port) => taken.some((other) => collide(port, other)))) {
    return { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" };
  }
  return undefined;
}

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const anywhere = '0.0.0.0';

function hostPorts({ spec }: Pod): HostPort[] {
  const lasting = [...spec.containers, ...(spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return lasting.flatMap((c) => (c.ports ?? []).flatMap(({ hostPort, hostIP, protocol = 'TCP' }) => (hostPort ? [{ ip: hostIP || anywhere, protocol, port: hostPort }] : [])));
}

function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === anywhere || b.ip === anywhere);
}
