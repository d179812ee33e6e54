import type { Functions } from './functions.ts';
import { functionsOf } from './functions.ts';
import { authorizers, jsonPatches } from './library/authorizer.ts';
import { conversions } from './library/conversions.ts';
import { namedFormats } from './library/formats.ts';
import { lists, regexes, sets } from './library/lists.ts';
import { network } from './library/network.ts';
import { optionals } from './library/optional.ts';
import { quantities } from './library/quantity.ts';
import { semvers } from './library/semver.ts';
import { standard } from './library/standard.ts';
import { strings } from './library/strings.ts';
import { times } from './library/time.ts';
import { urls } from './library/url.ts';

const base = [
  standard, conversions, times, optionals, strings, lists, sets, regexes, urls, quantities, network, namedFormats, semvers, authorizers,
];

/** Everything that an expression in Kubernetes may call. */
export const kubernetesFunctions: Functions = functionsOf(...base);
/** What an expression of a mutating policy may call. */
export const mutationFunctions: Functions = functionsOf(...base, jsonPatches);
