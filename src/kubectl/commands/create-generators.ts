/** `kubectl create deployment` and its like: objects made from flags. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { JsonObject, JsonValue } from '../../machinery/json.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import { StatusError } from '../../machinery/status.ts';
import { usageError, type Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { FlagSet } from '../flags.ts';
import { createAndPrint, generatorFlags } from '../generated.ts';
import type { Session } from '../session.ts';
import { pathOf } from '../discovery.ts';

/** A generator of upstream's usual form: one NAME, then flags. */
interface Generator {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly use: string;
  readonly short: string;
  readonly flags?: FlagSet;
  /** Before the server's words when it refuses. */
  readonly failure?: string;
  readonly required?: readonly string[];
  make(session: Session, name: string, args: readonly string[]): JsonObject | Promise<JsonObject>;
}

function command(generator: Generator, parent = 'create'): Command {
  const path = `${parent} ${generator.name}`;
  return {
    name: generator.name,
    ...(generator.aliases ? { aliases: generator.aliases } : {}),
    use: `${parent} ${generator.use}`,
    short: generator.short,
    flags: { ...generatorFlags, ...generator.flags },
    run: async (session, args, dash) => {
      required(session, generator.required ?? []);
      const names = dash < 0 ? args : args.slice(0, dash);
      if (names.length !== 1) usageError(`exactly one NAME is required, got ${names.length}`, path);
      await createAndPrint(session, await generator.make(session, names[0]!, args.slice(1)), generator.failure);
    },
  };
}

function object(apiVersion: string, kind: string, name: string, rest: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
}

function required(session: Session, names: readonly string[]): void {
  const missing = names.filter((name) => !session.flags.has(name));
  if (missing.length) throw new CommandError(`required flag(s) ${missing.map((n) => JSON.stringify(n)).join(', ')} not set`);
}

const namespace: Generator = { name: 'namespace', aliases: ['ns'], use: 'namespace NAME [--dry-run=server|client|none]', short: 'Create a namespace with the specified name', make: (_session, name) => object('v1', 'Namespace', name) };

const serviceAccount: Generator = {
  name: 'serviceaccount', aliases: ['sa'], use: 'serviceaccount NAME [--dry-run=server|client|none]', short: 'Create a service account with the specified name', failure: 'failed to create serviceaccount:',
  make: (_session, name) => object('v1', 'ServiceAccount', name),
};

/** Last part of an image's name without tag: what its container is called. */
function containerName(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  const name = last.replace(/[:@].*$/s, '').replace(/[^a-zA-Z0-9-]/g, '-').toLowerCase();
  return name;
}

const deployment: Generator = {
  name: 'deployment', aliases: ['deploy', 'dep'], use: 'deployment NAME --image=image -- [COMMAND] [args...]', short: 'Create a deployment with the specified name', failure: 'failed to create deployment:', required: ['image'],
  flags: { image: { type: 'strings', help: 'Image names to run.' }, port: { type: 'int', default: -1, help: 'The containerPort that this deployment exposes.' }, replicas: { type: 'int', short: 'r', default: 1, help: 'Number of replicas to create.' } },
  make: (session, name, args) => {
    const { flags } = session;
    const images = flags.list('image').flatMap((i) => i.split(','));
    if (images.length > 1 && args.length > 0) throw new CommandError('cannot specify multiple --image options and command');
    const labels = { app: name };
    const port = flags.number('port');
    const containers: JsonValue[] = images.map((image, i) => ({ name: containerName(image), image, ...(args.length ? { command: [...args] } : {}), ...(port >= 0 && i === 0 ? { ports: [{ containerPort: port }] } : {}), resources: {} }));
    return object('apps/v1', 'Deployment', name, { spec: { replicas: flags.number('replicas'), selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } } }, { labels });
  },
};

const job: Generator = {
  name: 'job', use: 'job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]', short: 'Create a job with the specified name', failure: 'failed to create job:',
  flags: { image: { type: 'string', help: 'Image name to run.' }, from: { type: 'string', help: 'The name of the resource to create a Job from (only cronjob is supported).' } },
  make: async (session, name, args) => {
    const image = session.flags.text('image');
    const from = session.flags.text('from');
    if (!image && !from) throw new CommandError('either --image or --from must be specified');
    if (from) return jobFromCronJob(session, name, from);
    const container: JsonObject = { name, image, ...(args.length ? { command: [...args] } : {}), resources: {} };
    return object('batch/v1', 'Job', name, { spec: { template: { metadata: {}, spec: { containers: [container], restartPolicy: 'Never' } } } });
  },
};

async function jobFromCronJob(session: Session, name: string, from: string): Promise<JsonObject> {
  const [type, source] = from.split('/');
  const mapping = (await session.discovery).resolve(source === undefined ? 'cronjob' : type!);
  if (mapping.kind !== 'CronJob') throw new CommandError(`from must be an existing cronjob`);
  const cron = await session.json(pathOf(mapping, session.namespace, source ?? type!));
  const template = (cron['spec'] as JsonObject)['jobTemplate'] as { metadata?: { annotations?: Record<string, string>; labels?: Record<string, string> }; spec: JsonObject };
  const owner = cron['metadata'] as { name: string; uid: string };
  return object('batch/v1', 'Job', name, { spec: template.spec }, {
    annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...template.metadata?.annotations }, ...(template.metadata?.labels ? { labels: template.metadata.labels } : {}),
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: owner.name, uid: owner.uid, controller: true }],
  });
}

const cronJob: Generator = {
  name: 'cronjob', aliases: ['cj'], use: 'cronjob NAME --image=image --schedule=\'0/5 * * * ?\' -- [COMMAND] [args...]', short: 'Create a cron job with the specified name', failure: 'failed to create cronjob:', required: ['image', 'schedule'],
  flags: { image: { type: 'string', help: 'Image name to run.' }, schedule: { type: 'string', help: 'A schedule in the Cron format the job should be run with.' }, restart: { type: 'string', help: "job's restart policy. supported values: OnFailure, Never" } },
  make: (session, name, args) => {
    const container: JsonObject = { name, image: session.flags.text('image'), ...(args.length ? { command: [...args] } : {}), resources: {} };
    const template: JsonObject = { metadata: {}, spec: { containers: [container], restartPolicy: session.flags.text('restart') || 'OnFailure' } };
    return object('batch/v1', 'CronJob', name, { spec: { schedule: session.flags.text('schedule'), jobTemplate: { metadata: { name }, spec: { template } } } });
  },
};

const dataFlags: FlagSet = {
  'from-file': { type: 'strings', help: 'Key file can be specified using its file path, in which case file basename will be used as key, or optionally with a key and file path.' },
  'from-literal': { type: 'strings', help: 'Specify a key and literal value to insert (i.e. mykey=somevalue)' },
  'from-env-file': { type: 'strings', help: 'Specify the path to a file to read lines of key=val pairs.' },
  'append-hash': { type: 'bool', help: 'Append a hash of the object to its name.' },
};

/** Keys and bytes from literals, files, folders and env files. */
function readData(session: Session, kind: string): Map<string, Buffer> {
  const out = new Map<string, Buffer>();
  const { flags } = session;
  if (flags.list('from-env-file').length && (flags.list('from-file').length || flags.list('from-literal').length)) throw new CommandError('from-env-file cannot be combined with from-file or from-literal');
  const add = (key: string, value: Buffer): void => {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw new CommandError(`${JSON.stringify(key)} is not a valid key name for a ${kind}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`);
    if (out.has(key)) throw new CommandError(`cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ${kind} ${JSON.stringify(session.flags.text('name'))}`.replace(/ for .*$/, ''));
    out.set(key, value);
  };
  for (const literal of flags.list('from-literal')) {
    const equals = literal.indexOf('=');
    if (equals <= 0) throw new CommandError(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), Buffer.from(literal.slice(equals + 1).replace(/^(["'])(.*)\1$/s, '$2')));
  }
  const readFile = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new CommandError(`error reading ${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message}`);
    }
  };
  for (const source of flags.list('from-file')) {
    const equals = source.indexOf('=');
    const file = source.slice(equals + 1);
    if (equals < 0 && statSync(file, { throwIfNoEntry: false })?.isDirectory()) for (const entry of readdirSync(file, { withFileTypes: true }).filter((e) => e.isFile())) add(entry.name, readFile(join(file, entry.name)));
    else add(equals < 0 ? basename(file) : source.slice(0, equals), readFile(file));
  }
  for (const file of flags.list('from-env-file')) {
    for (const line of readFile(file).toString('utf8').replace(/^\ufeff/, '').split(/\r?\n/).map((l) => l.trimStart())) {
      if (!line || line.startsWith('#')) continue;
      const equals = line.indexOf('=');
      add(equals < 0 ? line : line.slice(0, equals), Buffer.from(equals < 0 ? (session.env[line] ?? '') : line.slice(equals + 1)));
    }
  }
  return out;
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

const configMap: Generator = {
  name: 'configmap', aliases: ['cm'], use: 'configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]', short: 'Create a config map from a local file, directory or literal value', failure: 'failed to create configmap:',
  flags: dataFlags,
  make: (session, name) => {
    const all = [...readData(session, 'ConfigMap')];
    const data = Object.fromEntries(all.filter(([, v]) => isText(v)).map(([k, v]) => [k, v.toString('utf8')]));
    const binaryData = Object.fromEntries(all.filter(([, v]) => !isText(v)).map(([k, v]) => [k, v.toString('base64')]));
    return object('v1', 'ConfigMap', name, { ...(Object.keys(data).length ? { data } : {}), ...(Object.keys(binaryData).length ? { binaryData } : {}) });
  },
};

function secret(name: string, type: string, data: Record<string, Buffer>): JsonObject {
  return object('v1', 'Secret', name, { ...(Object.keys(data).length ? { data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, v.toString('base64')])) } : {}), ...(type ? { type } : {}) });
}

const secretGeneric: Generator = {
  name: 'generic', use: 'generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]', short: 'Create a secret from a local file, directory, or literal value', failure: 'failed to create secret',
  flags: { ...dataFlags, type: { type: 'string', help: 'The type of secret to create' } },
  make: (session, name) => secret(name, session.flags.text('type'), Object.fromEntries(readData(session, 'Secret'))),
};
const secretTls: Generator = {
  name: 'tls', use: 'tls NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]', short: 'Create a TLS secret', failure: 'failed to create secret', required: ['cert', 'key'],
  flags: { cert: { type: 'string', help: 'Path to PEM encoded public key certificate.' }, key: { type: 'string', help: 'Path to private key associated with given certificate.' } },
  make: (session, name) => {
    return secret(name, 'kubernetes.io/tls', { 'tls.crt': readFileSync(session.flags.text('cert')), 'tls.key': readFileSync(session.flags.text('key')) });
  },
};
const secretDocker: Generator = {
  name: 'docker-registry', use: 'docker-registry NAME --docker-username=user --docker-password=password --docker-email=email', short: 'Create a secret for use with a Docker registry', failure: 'failed to create secret',
  flags: { 'docker-username': { type: 'string' }, 'docker-password': { type: 'string' }, 'docker-email': { type: 'string' }, 'docker-server': { type: 'string', default: 'https://index.docker.io/v1/', help: 'Server location for Docker registry' } },
  make: (session, name) => {
    const [username, password, email, server] = ['docker-username', 'docker-password', 'docker-email', 'docker-server'].map((f) => session.flags.text(f)) as [string, string, string, string];
    const auths = { [server]: { username, password, ...(email ? { email } : {}), auth: Buffer.from(`${username}:${password}`).toString('base64') } };
    return secret(name, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })) });
  },
};

function service(type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'): Generator {
  const word = type.toLowerCase();
  return {
    name: word, use: `${word} NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]`, short: `Create a ${type} service`, failure: `failed to create ${type} service:`,
    flags: { tcp: { type: 'strings', help: 'Port pairs can be specified as \'<port>:<targetPort>\'.' }, clusterip: { type: 'string', help: 'Assign your own ClusterIP or set to \'None\' for a \'headless\' service (no loadbalancing).' }, 'node-port': { type: 'int', help: 'Port used to expose the service on each node in a cluster.' }, 'external-name': { type: 'string', help: 'External name of service' } },
    make: (session, name) => {
      const { flags } = session;
      const tcp = flags.list('tcp').flatMap((t) => t.split(','));
      const clusterIP = flags.text('clusterip');
      if (tcp.length === 0 && type !== 'ExternalName' && clusterIP !== 'None') throw new CommandError('at least one tcp port specifier must be provided');
      const ports = tcp.map((text): JsonObject => {
        const [port, target = port] = text.split(':');
        if (!/^\d+$/.test(port!)) throw new CommandError(`invalid port: ${text}`);
        return { name: text.replace(':', '-'), port: Number(port), protocol: 'TCP', targetPort: /^\d+$/.test(target!) ? Number(target) : target!, ...(flags.number('node-port') ? { nodePort: flags.number('node-port') } : {}) };
      });
      const labels = { app: name };
      return object('v1', 'Service', name, { spec: { type, selector: labels, ...(ports.length ? { ports } : {}), ...(clusterIP ? { clusterIP } : {}), ...(flags.text('external-name') ? { externalName: flags.text('external-name') } : {}) } }, { labels });
    },
  };
}

const roleFlags: FlagSet = { verb: { type: 'strings', help: 'Verb that applies to the resources contained in the rule' }, resource: { type: 'strings', help: 'Resource that the rule applies to' }, 'resource-name': { type: 'strings', help: 'Resource in the white list that the rule applies to, repeat this flag for multiple items' } };

async function rulesOf(session: Session): Promise<JsonObject[]> {
  const { flags } = session;
  const split = (name: string): string[] => [...new Set(flags.list(name).flatMap((v) => v.split(',')))];
  const verbs = split('verb').includes('*') ? ['*'] : split('verb');
  if (verbs.length === 0) throw new CommandError('at least one verb must be specified');
  const discovery = await session.discovery;
  const byGroup = new Map<string, string[]>();
  for (const text of split('resource')) {
    const [full, sub] = text.split('/') as [string, string?];
    const found = full === '*' ? { group: '*', resource: '*' } : discovery.resolve(full);
    byGroup.set(found.group, [...(byGroup.get(found.group) ?? []), sub ? `${found.resource}/${sub}` : found.resource]);
  }
  const names = split('resource-name');
  return [...byGroup].map(([group, resources]) => ({ apiGroups: [group], ...(names.length ? { resourceNames: names } : {}), resources, verbs }));
}

const role: Generator = {
  name: 'role', use: 'role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]', short: 'Create a role with single rule', flags: roleFlags,
  make: async (session, name) => object('rbac.authorization.k8s.io/v1', 'Role', name, { rules: await rulesOf(session) }),
};
const clusterRole: Generator = {
  name: 'clusterrole', use: 'clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]', short: 'Create a cluster role',
  flags: { ...roleFlags, 'non-resource-url': { type: 'strings', help: 'A partial url that user should have access to.' } },
  make: async (session, name) => {
    const urls = session.flags.list('non-resource-url').flatMap((v) => v.split(','));
    const verbs = session.flags.list('verb').flatMap((v) => v.split(','));
    return object('rbac.authorization.k8s.io/v1', 'ClusterRole', name, { rules: urls.length ? [{ nonResourceURLs: urls, verbs }] : await rulesOf(session) });
  },
};
const bindingFlags: FlagSet = { clusterrole: { type: 'string', help: 'ClusterRole this binding should reference' }, role: { type: 'string', help: 'Role this RoleBinding should reference' }, user: { type: 'strings', help: 'Usernames to bind to the role.' }, group: { type: 'strings', help: 'Groups to bind to the role.' }, serviceaccount: { type: 'strings', help: 'Service accounts to bind to the role, in the format <namespace>:<name>.' } };

function binding(kind: 'RoleBinding' | 'ClusterRoleBinding'): Generator {
  const word = kind.toLowerCase();
  return {
    name: word, use: `${word} NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]`, short: `Create a ${kind === 'RoleBinding' ? 'role binding' : 'cluster role binding'}`, failure: `failed to create ${word}:`, flags: bindingFlags,
    make: (session, name) => {
      const { flags } = session;
      const split = (flag: string): string[] => flags.list(flag).flatMap((v) => v.split(','));
      if (kind === 'RoleBinding' && !flags.text('clusterrole') === !flags.text('role')) throw new CommandError('exactly one of clusterrole or role must be specified');
      const apiGroup = 'rbac.authorization.k8s.io';
      const subjects: JsonObject[] = [
        ...split('user').map((u) => ({ apiGroup, kind: 'User', name: u })),
        ...split('group').map((g) => ({ apiGroup, kind: 'Group', name: g })),
        ...split('serviceaccount').map((text) => {
          const [ns, account] = text.split(':');
          if (!ns || !account) throw new CommandError('serviceaccount must be <namespace>:<name>');
          return { kind: 'ServiceAccount', name: account, namespace: ns };
        }),
      ];
      const roleRef = flags.text('role') ? { apiGroup, kind: 'Role', name: flags.text('role') } : { apiGroup, kind: 'ClusterRole', name: flags.text('clusterrole') };
      return object('rbac.authorization.k8s.io/v1', kind, name, { roleRef, ...(subjects.length ? { subjects } : {}) });
    },
  };
}

const token: Command = {
  name: 'token',
  use: 'create token SERVICE_ACCOUNT_NAME',
  short: 'Request a service account token',
  flags: { ...generatorFlags, audience: { type: 'strings', help: 'Audience of the requested token.' }, duration: { type: 'duration', default: '0s', help: 'Requested lifetime of the issued token.' }, 'bound-object-kind': { type: 'string' }, 'bound-object-name': { type: 'string' }, 'bound-object-uid': { type: 'string' } },
  run: async (session, args) => {
    if (args.length !== 1) usageError(`exactly one NAME is required, got ${args.length}`, 'create token');
    const { flags } = session;
    const seconds = Math.round(parseGoDuration(flags.text('duration')) / 1000);
    const kind = flags.text('bound-object-kind');
    const bound = kind ? { boundObjectRef: { kind, apiVersion: 'v1', name: flags.text('bound-object-name'), ...(flags.text('bound-object-uid') ? { uid: flags.text('bound-object-uid') } : {}) } } : {};
    const body = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: flags.list('audience').length ? flags.list('audience') : null, ...(seconds ? { expirationSeconds: seconds } : {}), ...bound } };
    try {
      const answer = await session.json(`/api/v1/namespaces/${session.namespace}/serviceaccounts/${args[0]!}/token`, { method: 'POST', body });
      const value = (answer['status'] as { token?: string } | undefined)?.token;
      if (!value) throw new CommandError('failed to create token: no token in server response');
      session.line(value);
    } catch (error) {
      if (error instanceof StatusError) throw new CommandError(`failed to create token: ${error.message}`);
      throw error;
    }
  },
};

function family(name: string, aliases: readonly string[], short: string, members: readonly Generator[]): Command {
  return { name, aliases, use: `create ${name}`, short, subcommands: members.map((g) => command(g, `create ${name}`)) };
}

export const generators: readonly Command[] = [
  ...[namespace, serviceAccount, deployment, job, cronJob, configMap, role, clusterRole, binding('RoleBinding'), binding('ClusterRoleBinding')].map((g) => command(g)),
  family('secret', [], 'Create a secret using a specified subcommand', [secretGeneric, secretTls, secretDocker]),
  family('service', ['svc'], 'Create a service using a specified subcommand', [service('ClusterIP'), service('NodePort'), service('LoadBalancer'), service('ExternalName')]),
  token,
];
