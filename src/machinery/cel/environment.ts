import type { Functions } from './functions.ts';
import { functionsOf } from './functions.ts';
import { conversions } from './library/conversions.ts';
import { lists, regexes, sets } from './library/lists.ts';
import { optionals } from './library/optional.ts';
import { standard } from './library/standard.ts';
import { strings } from './library/strings.ts';
import { times } from './library/time.ts';

/** Everything that an expression in Kubernetes may call. */
export const kubernetesFunctions: Functions = functionsOf(standard, conversions, times, optionals, strings, lists, sets, regexes);
