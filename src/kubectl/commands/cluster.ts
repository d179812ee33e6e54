/** `kubectl api-resources`, `api-versions`, `cluster-info`, `auth can-i`, `auth whoami`. */
import type { Command } from '../command.ts';
import { CommandError, Exit, throwAll } from '../errors.ts';
import { apiVersionOf, type Mapping } from '../discovery.ts';
import { TabWriter } from '../printers/tabwriter.ts';
import type { Session } from '../session.ts';

export const apiResources: Command = {
  name: 'api-resources',
  use: 'api-resources [flags]',
  short: 'Print the supported API resources on the server',
  flags: {
    'api-group': { type: 'string', help: 'Limit to resources in the specified API group.' },
    cached: { type: 'bool', help: 'Use the cached list of resources if available.' },
    categories: { type: 'strings', help: 'Limit to resources that belong to the specified categories.' },
    namespaced: { type: 'bool', default: true, help: 'If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.' },
    'no-headers': { type: 'bool', help: "When using the default or custom-column output format, don't print headers (default print headers)." },
    output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml, name, wide).' },
    'sort-by': { type: 'string', help: 'If non-empty, sort list of resources using specified field. The field can be either \'name\' or \'kind\'.' },
    verbs: { type: 'strings', help: 'Limit to resources that support the specified verbs.' },
  },
  run: async (session, args) => {
    const f = session.flags;
    if (args.length) throw new CommandError(`unexpected arguments: [${args.join(' ')}]\nSee 'kubectl api-resources -h' for help and examples`);
    if (!['', 'wide', 'name'].includes(f.text('output'))) throw new CommandError(`--output ${f.text('output')} is not available`);
    const discovery = await session.discovery;
    const preferred = new Map<string, string>();
    for (const { name, versions } of discovery.groups) preferred.set(name, versions[0] ?? '');
    const split = (name: string): string[] => f.list(name).flatMap((v) => v.split(','));
    const seen = new Set<string>();
    const chosen = discovery.mappings.filter((m) => {
      const key = `${m.resource}.${m.group}`;
      if (seen.has(key) || m.verbs.length === 0) return false;
      seen.add(key);
      return (
        (!f.has('namespaced') || m.namespaced === f.flag('namespaced')) && (!f.has('api-group') || m.group === f.text('api-group')) && split('verbs').every((v) => m.verbs.includes(v)) && split('categories').every((c) => m.categories.includes(c))
      );
    });
    printResources(session, chosen);
    throwAll(discovery.failures.length ? [new CommandError(`unable to retrieve the complete list of server APIs: ${discovery.failures.join(', ')}`)] : []);
  },
};

function printResources(session: Session, chosen: readonly Mapping[]): void {
  const f = session.flags;
  const sortBy = f.text('sort-by');
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = chosen.toSorted((a, b) => (sortBy === 'kind' ? compare(a.kind, b.kind) : sortBy === 'name' ? compare(a.resource, b.resource) : compare(a.group, b.group) || compare(a.resource, b.resource)));
  if (f.text('output') === 'name') {
    for (const m of sorted) session.line(m.group ? `${m.resource}.${m.group}` : m.resource);
    return;
  }
  const wide = f.text('output') === 'wide';
  const out = new TabWriter((text) => session.out(text));
  if (!f.flag('no-headers')) out.row(['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])]);
  for (const m of sorted) out.row([m.resource, m.shortNames.join(','), apiVersionOf(m), String(m.namespaced), m.kind, ...(wide ? [m.verbs.join(','), m.categories.join(',')] : [])]);
  out.flush();
}

export const apiVersions: Command = {
  name: 'api-versions',
  use: 'api-versions',
  short: 'Print the supported API versions on the server, in the form of "group/version"',
  run: async (session) => {
    const { groups } = await session.discovery;
    for (const text of groups.flatMap(({ name, versions }) => versions.map((version) => apiVersionOf({ group: name, version }))).sort()) session.line(text);
  },
};

export const clusterInfo: Command = {
  name: 'cluster-info',
  use: 'cluster-info',
  short: 'Display cluster information',
  run: async (session) => {
    const { server } = session.connection.config;
    const colour = session.io.stdout.isTTY === true;
    const entry = (name: string, url: string): void => session.line(colour ? `\x1b[0;32m${name}\x1b[0m is running at \x1b[0;33m${url}\x1b[0m` : `${name} is running at ${url}`);
    entry('Kubernetes control plane', server);
    const list = await session.json('/api/v1/namespaces/kube-system/services', { query: { labelSelector: 'kubernetes.io/cluster-service=true' } });
    for (const service of (list['items'] ?? []) as unknown as { metadata: { name: string; namespace: string; labels?: Record<string, string> }; spec: { ports?: { name?: string; port: number }[] } }[]) {
      const { name, namespace, labels } = service.metadata;
      const port = service.spec.ports?.[0];
      const scheme = port && (port.port === 443 || port.name === 'https') ? 'https:' : '';
      const suffix = port?.name ? `:${port.name}` : '';
      entry(labels?.['kubernetes.io/name'] ?? name, `${server}/api/v1/namespaces/${namespace}/services/${scheme}${name}${suffix}/proxy`);
    }
    session.line('\nTo further debug and diagnose cluster problems, use \'kubectl cluster-info dump\'.');
  },
};

const knownVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'use', 'bind', 'impersonate', 'escalate', '*', 'approve', 'sign', 'attest', 'proxy', 'head', 'post', 'put', 'options']);

const canI: Command = {
  name: 'can-i',
  use: 'auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]',
  short: 'Check whether an action is allowed',
  flags: {
    'all-namespaces': { type: 'bool', short: 'A', help: 'If true, check the specified action in all namespaces.' },
    quiet: { type: 'bool', short: 'q', help: 'If true, suppress output and just return the exit code.' },
    subresource: { type: 'string', help: 'SubResource such as pod/log or deployment/scale' },
    list: { type: 'bool', help: 'If true, prints all allowed actions.' },
    'no-headers': { type: 'bool' },
  },
  run: async (session, args) => {
    const f = session.flags;
    if (f.flag('list')) throw new CommandError('--list is not supported by this kubectl');
    const [verb, what] = args;
    if (!verb || !what || args.length > 3) throw new CommandError("you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.");
    if (!knownVerbs.has(verb)) session.errorLine(`Warning: verb '${verb}' is not a known verb\n`);
    let attributes: object;
    if (what.startsWith('/')) attributes = { nonResourceAttributes: { verb, path: what } };
    else {
      const [type, name = args[2] ?? ''] = what.split('/');
      const found = (await session.discovery).find(type!);
      if (!found && type !== '*') session.errorLine(`Warning: the server doesn't have a resource type '${type}'\n`);
      if (found && !found.namespaced && !f.flag('all-namespaces')) session.errorLine(`Warning: resource '${found.resource}' is not namespace scoped${found.group ? ` in group '${found.group}'` : ''}\n`);
      attributes = { resourceAttributes: { verb, group: found?.group ?? '', resource: found?.resource ?? type!, namespace: f.flag('all-namespaces') ? '' : session.namespace, name, subresource: f.text('subresource') } };
    }
    const review = await session.json('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', body: { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec: attributes } });
    const { allowed, reason, evaluationError } = review['status'] as { allowed: boolean; reason?: string; evaluationError?: string };
    if (!f.flag('quiet')) session.line(`${allowed ? 'yes' : 'no'}${!allowed && reason ? ` - ${reason}` : ''}${evaluationError ? ` - ${evaluationError}` : ''}`);
    if (!allowed) throw new Exit(1);
  },
};

const whoAmI: Command = {
  name: 'whoami',
  use: 'auth whoami',
  short: 'Experimental: Check self subject attributes',
  run: async (session) => {
    const review = await session.json('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' } });
    const { userInfo } = review['status'] as { userInfo: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } };
    const out = new TabWriter((text) => session.out(text));
    out.row(['ATTRIBUTE', 'VALUE']);
    if (userInfo.username) out.row(['Username', userInfo.username]);
    if (userInfo.uid) out.row(['UID', userInfo.uid]);
    if (userInfo.groups?.length) out.row(['Groups', `[${userInfo.groups.join(' ')}]`]);
    for (const [key, value] of Object.entries(userInfo.extra ?? {}).sort()) out.row([`Extra: ${key}`, `[${value.join(' ')}]`]);
    out.flush();
  },
};

export const auth: Command = { name: 'auth', use: 'auth', short: 'Inspect authorization', subcommands: [canI, whoAmI] };
