/** One request in a level: waiting in a queue, or on its seats. */
import type { User } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { FlowCounts } from './counts.ts';
import type { Level } from './level.ts';
import type { Work } from './work.ts';

export interface Queue {
  readonly index: number;
  readonly waiting: Turn[];
  executing: number;
  seatsInUse: number;
  /** Virtual time at which its next request would have begun, were every queue served at the same pace. */
  nextStart: number;
  /** Of those that wait. */
  waitingWork: number;
}

/** What a request is by the configuration of the moment. */
export interface Flow {
  readonly schema: string;
  readonly level: Level;
  /** Whose flow it is, as the schema tells flows apart. */
  readonly distinguisher: string;
  readonly counts: FlowCounts;
}

export class Turn {
  readonly flow: Flow;
  readonly work: Work;
  readonly user: User;
  readonly info: RequestInfo;
  readonly queue: Queue | undefined;
  /** Monotonic. */
  readonly arrivedAt: number;
  readonly arrivalR: number;
  startedAt = 0;
  /** Called when a waiting request is let in or not. */
  decide: ((admitted: boolean) => void) | undefined;
  #left = false;

  constructor(flow: Flow, work: Work, user: User, info: RequestInfo, queue: Queue | undefined, arrivedAt: number, arrivalR: number) {
    this.flow = flow;
    this.work = work;
    this.user = user;
    this.info = info;
    this.queue = queue;
    this.arrivedAt = arrivedAt;
    this.arrivalR = arrivalR;
  }

  /** What is taken while it executes. */
  get width(): number {
    return Math.max(this.work.seats, this.work.finalSeats);
  }

  /** Gives the seats back; more than once is no harm. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.flow.level.finish(this);
  }
}
