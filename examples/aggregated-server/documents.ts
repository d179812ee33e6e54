/** What clients read before they ask for notes: discovery in both its forms, OpenAPI in both its versions. */
import { apiVersion, group, version } from './notes.ts';

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
const gvk = { group, version, kind: 'Note' };
const entry = { name: group, versions: [{ groupVersion: apiVersion, version }], preferredVersion: { groupVersion: apiVersion, version } };
const info = { title: 'notes', version };
const definition = 'com.example.notes.v1.Note';

const schemas = (): object => ({
  [definition]: {
    description: 'A short text that somebody wanted to keep.', type: 'object', 'x-kubernetes-group-version-kind': [gvk],
    properties: {
      apiVersion: { type: 'string', description: 'The version of this form.' }, kind: { type: 'string', description: 'What this is.' }, metadata: { type: 'object', description: 'What every object has.' },
      spec: { type: 'object', description: 'What is kept.', properties: { text: { type: 'string', description: 'The text.' } } },
    },
  },
});

function paths(): object {
  const one = { 'x-kubernetes-group-version-kind': gvk };
  const operation = (action: string): object => ({ ...one, 'x-kubernetes-action': action, responses: { 200: { description: 'OK' } } });
  const base = `/apis/${apiVersion}/namespaces/{namespace}/notes`;
  return {
    [base]: { get: operation('list'), post: operation('post') },
    [`${base}/{name}`]: { get: operation('get'), put: operation('put'), patch: operation('patch'), delete: operation('delete') },
  };
}

const discovery = {
  kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
  items: [{
    metadata: { name: group },
    versions: [{
      version, freshness: 'Current',
      resources: [{
        resource: 'notes', singularResource: 'note', shortNames: ['nt'], scope: 'Namespaced', verbs, responseKind: gvk,
        subresources: [{ subresource: 'talk', responseKind: gvk, verbs: ['create', 'get'] }],
      }],
    }],
  }],
};

const resources = [
  { name: 'notes', singularName: 'note', shortNames: ['nt'], namespaced: true, kind: 'Note', verbs },
  { name: 'notes/talk', singularName: '', namespaced: true, kind: 'Note', verbs: ['create', 'get'] },
];

/** The document at `path`. `aggregated`: the client takes discovery in one piece. */
export function documentAt(path: string, aggregated: boolean): object | undefined {
  switch (path) {
    case '/apis':
      return aggregated ? discovery : { kind: 'APIGroupList', apiVersion: 'v1', groups: [entry] };
    case '/api':
      return aggregated ? { ...discovery, items: [] } : undefined;
    case `/apis/${group}`:
      return { kind: 'APIGroup', apiVersion: 'v1', ...entry };
    case `/apis/${apiVersion}`:
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
    case '/openapi/v2':
      return { swagger: '2.0', info, paths: paths(), definitions: schemas() };
    case '/openapi/v3':
      return { paths: { [`apis/${apiVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${apiVersion}?hash=1` } } };
    case `/openapi/v3/apis/${apiVersion}`:
      return { openapi: '3.0.0', info, paths: paths(), components: { schemas: schemas() } };
    default:
      return undefined;
  }
}
