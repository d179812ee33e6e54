/** A file whose content may change while the server runs. */
import { readFile } from 'node:fs/promises';
import type { Timer } from '../../base/clock.ts';
import type { Surroundings } from '../../base/surroundings.ts';

/** Long enough to cost nothing; kubelets and operators replace such files rarely. */
const everyMs = 5_000;

/**
 * Calls `changed` with each new content, one at a time; content that it refuses (by throwing) is tried again when it changes once more.
 * What cannot be read is left as it was.
 */
export function followFile(file: string, first: string, changed: (text: string) => Promise<void>, what: string, { clock, log }: Surroundings): Timer {
  let last = first;
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const text = await readFile(file, 'utf8');
      if (text === last) return;
      last = text;
      await changed(text);
      log.info(`Reloaded ${what}`, { file });
    } catch (error) {
      log.error(`Failed to reload ${what}`, error, { file });
    } finally {
      busy = false;
    }
  };
  return clock.every(everyMs, () => void look());
}
