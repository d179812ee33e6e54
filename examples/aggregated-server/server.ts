/** Serves notes: who asks, may they, and what they want. */
import type { Surroundings } from '../../src/base/surroundings.ts';
import type { Client } from '../../src/client/client.ts';
import { parseLabelSelector } from '../../src/machinery/selectors.ts';
import { StatusError } from '../../src/machinery/status.ts';
import { parseYaml } from '../../src/machinery/yaml.ts';
import { applyMergePatch } from '../../src/schema/patch/mergepatch.ts';
import { columnList, tableOf } from '../../src/schema/table.ts';
import { delegatedAuthenticator, demand, subjectAccessReviewAuthorizer } from '../../src/serving/delegated.ts';
import { Health, ping } from '../../src/serving/health.ts';
import { allowPaths, union } from '../../src/serving/identity.ts';
import { json, negotiate, yaml } from '../../src/serving/negotiation.ts';
import type { ServingRequest } from '../../src/serving/request.ts';
import { requestInfo, type RequestInfo } from '../../src/serving/requestinfo.ts';
import { sendJson } from '../../src/serving/respond.ts';
import { serve, type Serving, type TlsOptions } from '../../src/serving/server.ts';
import { publishedTrust } from '../../src/serving/trust.ts';
import { documentAt } from './documents.ts';
import { apiVersion, group, Notes, version, type Change, type Note } from './notes.ts';
import { talk } from './talk.ts';

export interface NotesServerOptions {
  /** How the cluster is asked who somebody is, and what they may. */
  readonly client: Client;
  readonly tls: TlsOptions;
  readonly host: string;
  readonly port: number;
  readonly surroundings: Surroundings;
  readonly signal?: AbortSignal;
}

const columns = columnList<Note>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Text', 'What is kept.', (note) => note.spec?.text ?? ''), ageColumn]);
const resource = { group, resource: 'notes' };
const mergePatch = 'application/merge-patch+json';
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export async function serveNotes({ client, surroundings, ...options }: NotesServerOptions): Promise<Serving> {
  const { clock } = surroundings;
  const notes = new Notes(surroundings);
  const health = new Health({ '/healthz': [ping], '/livez': [ping], '/readyz': [ping] });
  // The cluster publishes whose word counts: its front proxy, which brings users along, and its client certificates.
  const authenticate = delegatedAuthenticator({ client, clock, ...(await publishedTrust(client)) });
  const authorize = union([allowPaths(['/healthz', '/livez', '/readyz']), subjectAccessReviewAuthorizer({ client, clock })]);

  const handler = async (request: ServingRequest): Promise<void> => {
    request.user = await authenticate(request);
    const watch = request.query.get('watch');
    const info = requestInfo(request.method, request.path, watch === 'true' || watch === '1');
    await demand(authorize, { ...info, user: request.user });
    if (await health.handle(request)) return;
    const aggregated = (request.headers.accept ?? '').includes('as=APIGroupDiscoveryList');
    const document = documentAt(request.path.length > 1 ? request.path.replace(/\/$/, '') : '/', aggregated);
    if (document) return request.send(200, { 'content-type': aggregated && 'items' in document ? aggregatedType : json }, JSON.stringify(document));
    if (info.group !== group || info.version !== version || info.resource !== 'notes') throw StatusError.pathNotFound();
    if (info.subresource === 'talk') return talk(request, notes.get(info.namespace, info.name));
    if (info.subresource !== '') throw StatusError.pathNotFound();
    if (info.verb === 'watch') return followNotes(request, info, notes);
    return answer(request, await outcome(request, info, notes), info.verb === 'create' ? 201 : 200, clock.now());
  };
  // Clients are asked for a certificate; whose counts is for authentication to say.
  return serve({ ...options, tls: { ...options.tls, clientAuthorities: [] }, handler, surroundings });
}

interface List {
  readonly items: readonly Note[];
  readonly revision: string;
}

async function outcome(request: ServingRequest, info: RequestInfo, notes: Notes): Promise<Note | List> {
  const { namespace, name } = info;
  switch (info.verb) {
    case 'get':
      return notes.get(namespace, name);
    case 'list':
      return { items: chosen(request, notes.list(namespace)), revision: notes.revision };
    case 'create':
      return notes.create(namespace, await noteIn(request));
    case 'update':
      return notes.update(namespace, name, await noteIn(request));
    case 'patch': {
      if (!(request.headers['content-type'] ?? '').startsWith(mergePatch)) throw StatusError.unsupportedMediaType([mergePatch]);
      const patched = applyMergePatch(notes.get(namespace, name) as never, JSON.parse((await request.body()).toString()) as never);
      return notes.update(namespace, name, patched as unknown as Note);
    }
    case 'delete':
      return notes.delete(namespace, name);
    default:
      throw StatusError.methodNotAllowed(resource, info.verb);
  }
}

function chosen(request: ServingRequest, notes: readonly Note[]): Note[] {
  const selector = parseLabelSelector(request.query.get('labelSelector') ?? '');
  return notes.filter((note) => selector.matches(note.metadata.labels));
}

async function noteIn(request: ServingRequest): Promise<Note> {
  const text = (await request.body()).toString();
  let value: unknown;
  try {
    value = (request.headers['content-type'] ?? '').startsWith(yaml) ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw StatusError.badRequest(`the body is no note: ${(error as Error).message}`);
  }
  const note = value as Note | null;
  if (note?.kind !== 'Note' || note.apiVersion !== apiVersion || typeof note.metadata !== 'object') throw StatusError.badRequest(`the body must be a Note of ${apiVersion}`);
  return note;
}

/** A note or a list of them, as a table where the client wants one. */
function answer(request: ServingRequest, found: Note | List, code: number, now: number): void {
  const accepted = negotiate(request.headers.accept, { mediaTypes: [json, yaml], as: (kind) => kind === 'Table' });
  const metadata = { resourceVersion: 'items' in found ? found.revision : (found.metadata.resourceVersion ?? '') };
  if (accepted.as === 'Table') return sendJson(request, code, tableOf({ columns }, 'items' in found ? found.items : [found], { now, metadata }));
  sendJson(request, code, 'items' in found ? { kind: 'NoteList', apiVersion, metadata, items: found.items } : found);
}

async function followNotes(request: ServingRequest, { namespace, name }: RequestInfo, notes: Notes): Promise<void> {
  const asked = request.query.get('resourceVersion') ?? '';
  const accepted = negotiate(request.headers.accept, { mediaTypes: [json], as: (kind) => kind === 'Table' });
  const selector = parseLabelSelector(request.query.get('labelSelector') ?? '');
  const body = request.stream(200, { 'content-type': json });
  const tell = ({ type, object }: Change): void => {
    const { metadata } = object;
    if ((namespace !== '' && metadata.namespace !== namespace) || (name !== '' && metadata.name !== name) || !selector.matches(metadata.labels)) return;
    const shown = accepted.as === 'Table' ? tableOf({ columns }, [object], { now: Date.parse(metadata.creationTimestamp ?? ''), metadata: { resourceVersion: metadata.resourceVersion ?? '' } }) : object;
    body.write(`${JSON.stringify({ type, object: shown })}\n`);
  };
  // Without a version the client wants to be told first what there is.
  const fresh = asked === '' || asked === '0';
  if (fresh) for (const object of notes.list(namespace)) tell({ type: 'ADDED', object, revision: 0 });
  const stop = notes.follow(fresh ? Number(notes.revision) : Number(asked), tell);
  try {
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    stop();
    body.end();
  }
}
