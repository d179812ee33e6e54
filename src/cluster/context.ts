import type { Surroundings } from '../base/surroundings.ts';
import type { Output } from './output.ts';

/** What a command is given. */
export interface Context extends Output {
  readonly surroundings: Surroundings;
}
