/** Which form of an answer the client takes: media type, and the `as=` transformations of the API. */
import { StatusError } from '../machinery/status.ts';

export const json = 'application/json';
export const yaml = 'application/yaml';
export const protobuf = 'application/vnd.kubernetes.protobuf';

export interface Accepted {
  readonly mediaType: string;
  /** `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, `APIGroupDiscoveryList`; empty: the object itself. */
  readonly as: string;
  /** `g` and `v` of what `as` names. */
  readonly group: string;
  readonly version: string;
  readonly pretty: boolean;
  /** Aggregated discovery without the peers of the server, as clients of 1.34 ask for it. */
  readonly profile: string;
}

export interface Offer {
  readonly mediaTypes: readonly string[];
  /** What of `as` is offered, e.g. `['Table', 'PartialObjectMetadata']`; else the plain object only. */
  as?(kind: string, group: string, version: string, mediaType: string): boolean;
  /** What the route can answer with; who takes none of it, by exact name, is told so before anything else. */
  readonly representations?: readonly string[];
}

const plainJson: Accepted = { mediaType: json, as: '', group: '', version: '', pretty: false, profile: '' };

/** The first clause of the Accept header, by its quality, that is offered. 406 when none is. */
export function negotiate(accept: string | undefined, offer: Offer): Accepted {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === json) {
    return offer.mediaTypes[0] === json ? plainJson : { ...plainJson, mediaType: offer.mediaTypes[0]! };
  }
  const clauses = parseAccept(accept);
  const { representations } = offer;
  if (representations && !clauses.some(({ type }) => type === '*/*' || representations.includes(type))) throw StatusError.notAcceptable(representations, true);
  for (const clause of clauses) {
    const accepted = fit(clause, offer);
    if (accepted) return accepted;
  }
  throw StatusError.notAcceptable(offer.mediaTypes);
}

interface Clause {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
  readonly quality: number;
}

function parseAccept(accept: string): Clause[] {
  const clauses = accept.split(',').map((text): Clause => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const params: Record<string, string> = {};
    for (const part of rest) {
      const eq = part.indexOf('=');
      if (eq > 0) params[part.slice(0, eq).toLowerCase()] = part.slice(eq + 1).replace(/^"|"$/g, '');
    }
    const quality = Number(params['q'] ?? 1);
    return { type: type.toLowerCase(), params, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return clauses.filter((c) => c.quality > 0).sort((a, b) => b.quality - a.quality);
}

function fit(clause: Clause, offer: Offer): Accepted | undefined {
  const mediaType = offer.mediaTypes.find(
    (offered) => offered === clause.type || clause.type === '*/*' || (clause.type.endsWith('/*') && offered.startsWith(clause.type.slice(0, -1))),
  );
  if (!mediaType) return undefined;
  const { stream = '', as = '', g: group = '', v: version = '', pretty, profile = '' } = clause.params;
  if (stream !== '' && (stream !== 'watch' || mediaType === yaml)) return undefined;
  if (as !== '' && !offer.as?.(as, group, version, mediaType)) return undefined;
  return { mediaType, as, group, version, pretty: pretty === '1', profile };
}

/** The media type of a body, without parameters; JSON when the client says nothing. */
export function contentType(header: string | undefined): string {
  if (header === undefined || header === '') return json;
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}
