/** Waiting for objects to change, by watching them. */
import type { JsonObject } from '../machinery/json.ts';
import { hasReason, StatusError, type Status } from '../machinery/status.ts';
import { lines } from '../client/http.ts';
import { CommandError } from './errors.ts';
import { pathOf, type Mapping } from './discovery.ts';
import { metadataOf } from './resources.ts';
import type { Session } from './session.ts';

/**
 * Calls `done` with the object as it is and after each change, undefined once it is gone, until that says true.
 * Throws CommandError when the deadline (monotonic milliseconds) passes.
 */
export async function waitFor(session: Session, mapping: Mapping, namespace: string | undefined, name: string, deadline: number, done: (object: JsonObject | undefined) => boolean): Promise<void> {
  const { clock } = session.surroundings;
  const late = (): CommandError => new CommandError(`timed out waiting for the condition on ${mapping.resource}/${name}`);
  for (;;) {
    const left = deadline - clock.monotonic();
    let object: JsonObject | undefined;
    try {
      object = await session.json(pathOf(mapping, namespace, name));
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
    if (done(object)) return;
    if (left <= 0) throw late();
    const cut = new AbortController();
    const timer = clock.after(Math.min(left, 2 ** 31 - 1), () => cut.abort());
    try {
      if (await watched(session, mapping, namespace, name, metadataOf(object ?? {}).resourceVersion, AbortSignal.any([cut.signal, session.signal]), done)) return;
    } catch (error) {
      if (cut.signal.aborted) throw late();
      if (!(error instanceof StatusError && error.code === 410)) throw error;
    } finally {
      timer.cancel();
    }
    await clock.sleep(100, session.signal);
  }
}

async function watched(session: Session, mapping: Mapping, namespace: string | undefined, name: string, resourceVersion: string | undefined, signal: AbortSignal, done: (object: JsonObject | undefined) => boolean): Promise<boolean> {
  const { body } = await session.send(pathOf(mapping, namespace), { query: { watch: true, resourceVersion, fieldSelector: `metadata.name=${name}` }, signal });
  for await (const line of lines(body)) {
    const { type, object } = JSON.parse(line) as { type: string; object: JsonObject };
    if (type === 'ERROR') throw new StatusError(object as unknown as Status);
    if (type !== 'BOOKMARK' && done(type === 'DELETED' ? undefined : object)) return true;
  }
  return false;
}

/** Until the object is gone, or another one has taken its name. */
export async function waitUntilGone(session: Session, mapping: Mapping, namespace: string | undefined, name: string, uid: string | undefined, deadline: number): Promise<void> {
  try {
    await waitFor(session, mapping, namespace, name, deadline, (object) => object === undefined || (uid !== undefined && metadataOf(object).uid !== uid));
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`timed out waiting for the condition on ${mapping.resource}/${name}`);
    throw error;
  }
}
