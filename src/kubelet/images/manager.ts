/** Sees to it that a container's image is there, by its pull policy, with back-off and within bounds of time. */
import type { Surroundings } from '../../base/surroundings.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { RuntimeError, type Runtime } from '../cri/client.ts';
import type { Image, PodSandboxConfig } from '../cri/types.ts';
import type { Draft } from '../../machinery/json.ts';
import { BackoffTable } from '../pods/backoff.ts';
import type { Container, Pod } from '../pods/model.ts';
import { credentialsFor } from './credentials.ts';
import { parseReference, withTag } from './reference.ts';

/** Why a container cannot be made; `reason` shows in its waiting state. */
export class StartError extends Error {
  readonly reason: string;
  /** Milliseconds until another try makes sense. */
  readonly retryInMs: number | undefined;

  constructor(reason: string, message: string, retryInMs?: number) {
    super(message);
    this.name = 'StartError';
    this.reason = reason;
    this.retryInMs = retryInMs;
  }
}

export type Note = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

export interface ImageManager {
  ensure(pod: Pod, container: Container, sandbox: Draft<PodSandboxConfig>, note: Note, signal: AbortSignal): Promise<Image>;
  forget(uid: string): void;
}

export interface ImageManagerOptions {
  readonly runtime: Runtime;
  readonly surroundings: Surroundings;
  readonly secret: (namespace: string, name: string) => Promise<DeepReadonly<core.Secret> | undefined>;
  readonly pullTimeoutMs: number;
}

const limits = { initialMs: 10_000, maxMs: 300_000 };

function pullPolicy(container: Container): string {
  return container.imagePullPolicy ?? (withTag(container.image ?? '').endsWith(':latest') ? 'Always' : 'IfNotPresent');
}

export function imageManager({ runtime, surroundings, secret, pullTimeoutMs }: ImageManagerOptions): ImageManager {
  const { clock } = surroundings;
  const backoff = new BackoffTable(clock, limits);
  /** Of the last failure, by pod and image. */
  const failures = new Map<string, { at: number; message: string }>();

  const present = async (image: string): Promise<Image | undefined> =>
    (await runtime.call('ImageStatus', { image: { image } })).image;

  const secretsOf = async (pod: Pod): Promise<DeepReadonly<core.Secret>[]> => {
    const names = (pod.spec.imagePullSecrets ?? []).flatMap((r) => (r.name ? [r.name] : []));
    const found = await Promise.all(names.map((name) => secret(pod.metadata.namespace ?? '', name)));
    return found.filter((s) => s !== undefined);
  };

  /** With each of the credentials in turn; the last refusal counts. */
  const pull = async (pod: Pod, image: string, sandbox: Draft<PodSandboxConfig>, signal: AbortSignal): Promise<void> => {
    const credentials = credentialsFor(image, await secretsOf(pod));
    let refusal: unknown;
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        await runtime.call('PullImage', { image: { image }, auth, sandboxConfig: sandbox }, { timeoutMs: pullTimeoutMs, signal });
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        refusal = error;
      }
    }
    throw refusal;
  };

  const ensure: ImageManager['ensure'] = async (pod, container, sandbox, note, signal) => {
    const written = container.image ?? '';
    if (!parseReference(written)) {
      const message = `Failed to apply default image tag ${JSON.stringify(written)}: couldn't parse image name ${JSON.stringify(written)}: invalid reference format`;
      note('Warning', 'InspectFailed', message);
      throw new StartError('InvalidImageName', message);
    }
    const image = withTag(written);
    const policy = pullPolicy(container);
    const there = policy === 'Always' ? undefined : await present(image);
    if (there) {
      note('Normal', 'Pulled', `Container image ${JSON.stringify(written)} already present on machine`);
      return there;
    }
    if (policy === 'Never') {
      const message = `Container image ${JSON.stringify(written)} is not present with pull policy of Never`;
      note('Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message);
    }
    const key = `${pod.metadata.uid}_${image}`;
    const failure = failures.get(key);
    const wait = failure ? backoff.remaining(key, failure.at) : 0;
    if (failure && wait > 0) {
      const message = `Back-off pulling image ${JSON.stringify(written)}`;
      note('Normal', 'BackOff', message);
      throw new StartError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`, wait);
    }
    note('Normal', 'Pulling', `Pulling image ${JSON.stringify(written)}`);
    const began = clock.monotonic();
    try {
      await pull(pod, image, sandbox, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const at = clock.now();
      backoff.next(key, at);
      const why = error instanceof RuntimeError ? error.full : String(error);
      failures.set(key, { at, message: why });
      note('Warning', 'Failed', `Failed to pull image ${JSON.stringify(written)}: ${why}`);
      throw new StartError('ErrImagePull', why, backoff.delay(key));
    }
    failures.delete(key);
    const pulled = await present(image);
    if (!pulled) throw new StartError('ErrImagePull', `image ${JSON.stringify(written)} vanished after it was pulled`);
    const took = `${((clock.monotonic() - began) / 1000).toFixed(3)}s`;
    note('Normal', 'Pulled', `Successfully pulled image ${JSON.stringify(written)} in ${took} (${took} including waiting). Image size: ${pulled.size} bytes.`);
    return pulled;
  };

  return {
    ensure,
    forget: (uid) => {
      backoff.forget(`${uid}_`);
      for (const key of failures.keys()) if (key.startsWith(`${uid}_`)) failures.delete(key);
    },
  };
}
