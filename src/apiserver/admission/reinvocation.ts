/** What changes an object may have to look at it again when others have changed it since: the chain runs at most twice. */
import { isDeepStrictEqual } from 'node:util';
import { thaw } from '../../machinery/json.ts';
import type { AdmissionRequest } from './chain.ts';

export interface Reinvocation {
  round: number;
  /** Something was changed: the whole chain runs once more. */
  wanted: boolean;
  /** By plugin. */
  readonly turns: Map<string, Turns>;
}

/** Of one plugin that asks many. */
interface Turns {
  /** Those that want to see later changes and have been asked. */
  readonly asked: Set<string>;
  /** Those of them that something changed after. */
  readonly again: Set<string>;
  output: unknown;
}

export interface Turn {
  /** Whether the one of this name is to be asked in this round. */
  due(name: string): boolean;
  /** It was asked. `again`: it wants to see what others change later. */
  asked(name: string, again: boolean): void;
  /** The object is, or may be, another one now. */
  changed(): void;
  end(): void;
}

export function turnOf(plugin: string, request: AdmissionRequest): Turn {
  const state = (request.reinvocation ??= { round: 0, wanted: false, turns: new Map() });
  let turns = state.turns.get(plugin);
  if (!turns) state.turns.set(plugin, (turns = { asked: new Set(), again: new Set(), output: undefined }));
  const { asked, again } = turns;
  const repeat = (): void => {
    for (const name of asked) again.add(name);
    asked.clear();
  };
  if (state.round > 0 && !isDeepStrictEqual(turns.output, request.object)) repeat();
  return {
    due: (name) => state.round === 0 || again.has(name),
    asked: (name, wants) => void (wants && asked.add(name)),
    changed() {
      repeat();
      state.wanted = true;
    },
    end: () => void (turns.output = thaw(request.object)),
  };
}
