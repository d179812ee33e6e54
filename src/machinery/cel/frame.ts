import type { CelValue } from './values.ts';

/** Ends an evaluation that has become too expensive, through all that would swallow a CelError. */
export class CostExceeded extends Error {}

/** One evaluation under way. */
export class Frame {
  readonly locals: CelValue[] = [];
  readonly #variables: (name: string) => CelValue | undefined;
  readonly #limit: number;
  cost = 0;

  constructor(variables: (name: string) => CelValue | undefined, limit: number) {
    this.#variables = variables;
    this.#limit = limit;
  }

  variable(name: string): CelValue | undefined {
    return this.#variables(name);
  }

  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#limit) throw new CostExceeded('operation cancelled: actual cost limit exceeded');
  }
}

export type Step = (frame: Frame) => CelValue;
