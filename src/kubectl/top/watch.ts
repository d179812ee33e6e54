/** Beyond upstream: the table again and again, on a terminal in place. */
import { isAbort } from '../../base/abort.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import type { FlagSet } from '../flags.ts';
import type { Session } from '../session.ts';

export const watchFlags: FlagSet = {
  watch: { type: 'bool', short: 'w', help: 'After printing, print again every --interval until interrupted.' },
  interval: { type: 'string', default: '15s', help: 'How often --watch prints; metrics-server has new figures every 15s by default.' },
};

const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

export async function repeating(session: Session, once: () => Promise<void>): Promise<void> {
  if (!session.flags.flag('watch')) return once();
  const every = parseGoDuration(session.flags.text('interval'));
  for (let round = 0; !session.signal.aborted; round++) {
    if (session.io.stdout.isTTY) session.out(clearScreen);
    else if (round > 0) session.out('\n');
    await once();
    try {
      await session.surroundings.clock.sleep(every, session.signal);
    } catch (error) {
      if (!isAbort(error, session.signal)) throw error;
    }
  }
}
