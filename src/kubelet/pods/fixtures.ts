/** Small pods and runs for the tests of this folder's pure parts. */
import type { Draft } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { containerHash, type ContainerView, type Pod, type PodRuntime, type SandboxView } from './model.ts';
import type { ProbeResults } from './plan.ts';

export function podFixture(spec: Draft<core.PodSpec>, more: { metadata?: object; status?: Draft<core.PodStatus> } = {}): Pod {
  const complete = (containers: Draft<core.PodSpec>['containers']) => containers?.map((c) => ({ resources: {}, image: 'image', ...c }));
  return {
    metadata: { name: 'p', namespace: 'ns', uid: 'uid', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...more.metadata },
    spec: { ...spec, containers: complete(spec.containers), initContainers: complete(spec.initContainers) },
    status: more.status ?? {},
  } as unknown as Pod;
}

export const sandbox: SandboxView = { id: 'sandbox', ready: true, attempt: 0, createdAt: 1, ips: ['10.0.0.1'] };

export function run(name: string, more: Partial<ContainerView> = {}): ContainerView {
  return {
    id: `${name}-id`, name, sandboxId: 'sandbox', state: 'CONTAINER_RUNNING', restartCount: 0, hash: containerHash({ name, image: 'image', resources: {} }),
    image: 'image', imageRef: 'sha256:1', createdAt: 1_000, startedAt: 2_000, finishedAt: 0, exitCode: 0, reason: '', message: '', logPath: '', ...more,
  };
}

export const exited = (name: string, exitCode: number): ContainerView => run(name, { state: 'CONTAINER_EXITED', exitCode, finishedAt: 3_000 });

export const running = (...containers: ContainerView[]): PodRuntime => ({ sandboxes: [sandbox], containers });

export const healthy: ProbeResults = {
  started: (_container, view) => view.state === 'CONTAINER_RUNNING', ready: (_container, view) => view.state === 'CONTAINER_RUNNING',
  liveness: () => 'unknown', startup: () => 'unknown',
};
