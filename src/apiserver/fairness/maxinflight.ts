/** Without priority and fairness: so many reads and so many writes at a time, first come, first served. */
import { mastersGroup, type User } from '../../serving/identity.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { isLongRunning, isReadOnly, type RequestInfo } from '../../serving/requestinfo.ts';
import { noSeat, turnAway, type Gate, type Seat } from '../gate.ts';

class Counter {
  readonly #limit: number;
  #used = 0;
  readonly #seat: Seat = { leave: () => void this.#used-- };

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(): Seat | undefined {
    if (this.#limit === 0) return noSeat;
    if (this.#used >= this.#limit) return undefined;
    this.#used++;
    return this.#seat;
  }
}

/** 0 stands for no limit. */
export function maxInFlight(reads: number, writes: number): Gate {
  const counters = { reads: new Counter(reads), writes: new Counter(writes) };
  return {
    admit(request: ServingRequest, user: User, info: RequestInfo): Seat | undefined {
      if (isLongRunning(info)) return noSeat;
      const seat = (isReadOnly(info) ? counters.reads : counters.writes).take();
      if (seat) return seat;
      // Who may do everything must always get through.
      if (user.groups.includes(mastersGroup)) return noSeat;
      turnAway(request, 1);
      return undefined;
    },
  };
}
