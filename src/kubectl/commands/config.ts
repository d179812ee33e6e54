/** `kubectl config`: looking at kubeconfig files and changing them. */
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dumpYaml } from '../../machinery/yaml.ts';
import type { JsonObject } from '../../machinery/json.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { kubeconfigFiles, loadKubeconfig, readKubeconfigFile, type Kubeconfig, type RawKubeconfig } from '../kubeconfig/config.ts';
import { objectPrinter, outputFlags } from '../printers/output.ts';
import { TabWriter } from '../printers/tabwriter.ts';
import type { Session } from '../session.ts';

function load(session: Session): Kubeconfig {
  return loadKubeconfig(session.flags.text('kubeconfig'), session.env);
}

/** Changes the file that holds what `pick` names, else the first that exists, else the last of the list. */
function change(session: Session, pick: string, edit: (config: RawKubeconfig) => void): string {
  const files = kubeconfigFiles(session.flags.text('kubeconfig'), session.env);
  const file = load(session).origin.get(pick) ?? files.find((f) => existsSync(f)) ?? files.at(-1)!;
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  try {
    closeSync(openSync(`${file}.lock`, 'wx', 0));
  } catch {
    throw new CommandError(`open ${file}.lock: file exists`);
  }
  try {
    const config: RawKubeconfig = existsSync(file) ? readKubeconfigFile(file) : { apiVersion: 'v1', kind: 'Config' };
    edit(config);
    writeFileSync(file, dumpYaml({ apiVersion: 'v1', kind: 'Config', ...config }), { mode: 0o600 });
  } finally {
    rmSync(`${file}.lock`, { force: true });
  }
  return file;
}

function exactly(args: readonly string[], count: number, words: string): void {
  if (args.length !== count) throw new CommandError(words);
}

/** In which order a cluster's entries are shown. */
const clusterOrder: readonly string[] = ['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority', 'certificate-authority-data', 'proxy-url'];

const view: Command = {
  name: 'view',
  use: 'config view [flags]',
  short: 'Display merged kubeconfig settings or a specified kubeconfig file',
  flags: { ...outputFlags, flatten: { type: 'bool' }, minify: { type: 'bool', help: 'Remove all information not used by current-context from the output' }, raw: { type: 'bool', help: 'Display raw byte data and sensitive data' }, merge: { type: 'bool', default: true } },
  run: async (session) => {
    const config = load(session);
    const { flags } = session;
    const context = config.contexts.get(flags.text('context') || config.currentContext);
    const used = (kind: 'cluster' | 'user' | 'context', name: string): boolean => !flags.flag('minify') || (kind === 'context' ? name === (flags.text('context') || config.currentContext) : context?.[kind] === name);
    const rank = (key: string): number => clusterOrder.indexOf(key);
    const hidden = (entry: object): JsonObject =>
      Object.fromEntries(Object.entries(entry).sort(([a], [b]) => rank(a) - rank(b)).map(([key, value]) => [key, flags.flag('raw') ? value : key === 'token' || key === 'password' || key === 'client-certificate-data' || key === 'client-key-data' ? (key === 'token' || key === 'password' ? 'REDACTED' : 'DATA+OMITTED') : key === 'certificate-authority-data' ? 'DATA+OMITTED' : value])) as JsonObject;
    const list = (kind: 'cluster' | 'user' | 'context', entries: Iterable<[string, object]>): JsonObject[] => [...entries].filter(([name]) => used(kind, name)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, entry]) => ({ name, [kind]: hidden(entry) }));
    const whole: JsonObject = {
      kind: 'Config', apiVersion: 'v1', clusters: nullIfEmpty(list('cluster', config.clusters)), users: nullIfEmpty(list('user', config.users)), contexts: nullIfEmpty(list('context', config.contexts)),
      'current-context': flags.flag('minify') ? flags.text('context') || config.currentContext : config.currentContext,
    };
    session.out((objectPrinter(flags, 'typed') ?? ((object): string => dumpYaml(object)))(whole));
  },
};

function nullIfEmpty(list: JsonObject[]): JsonObject[] | null {
  return list.length ? list : null;
}

const currentContext: Command = {
  name: 'current-context',
  use: 'config current-context',
  short: 'Display the current-context',
  run: async (session) => {
    const { currentContext: name } = load(session);
    if (!name) throw new CommandError('current-context is not set');
    session.line(name);
  },
};

const getContexts: Command = {
  name: 'get-contexts',
  use: 'config get-contexts [(-o|--output=)name)]',
  short: 'Describe one or many contexts',
  flags: { output: { type: 'string', short: 'o' }, 'no-headers': { type: 'bool' } },
  run: async (session, args) => {
    const config = load(session);
    const names = args.length ? [...args] : [...config.contexts.keys()].sort();
    const missing = names.filter((name) => !config.contexts.has(name));
    const out = new TabWriter((text) => session.out(text));
    if (session.flags.text('output') === 'name') names.filter((name) => config.contexts.has(name)).forEach((name) => session.line(name));
    else {
      if (!session.flags.flag('no-headers')) out.row(['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']);
      for (const name of names) {
        const context = config.contexts.get(name);
        if (context) out.row([name === config.currentContext ? '*' : '', name, context.cluster ?? '', context.user ?? '', context.namespace ?? '']);
      }
      out.flush();
    }
    if (missing.length) throw new CommandError(`context ${missing[0]} not found`);
  },
};

const useContext: Command = {
  name: 'use-context',
  aliases: ['use'],
  use: 'config use-context CONTEXT_NAME',
  short: 'Set the current-context in a kubeconfig file',
  run: async (session, args) => {
    exactly(args, 1, `Unexpected args: [${args.join(' ')}]\nSee 'kubectl config use-context -h' for help and examples`);
    const [name] = args;
    if (!load(session).contexts.has(name!)) throw new CommandError(`no context exists with the name: ${JSON.stringify(name)}`);
    change(session, '', (config) => (config['current-context'] = name!));
    session.line(`Switched to context ${JSON.stringify(name)}.`);
  },
};

function listing(name: string, header: string, what: 'clusters' | 'users', short: string): Command {
  return {
    name,
    use: `config ${name}`,
    short,
    run: async (session) => {
      const names = [...load(session)[what].keys()].sort();
      const out = new TabWriter((text) => session.out(text));
      out.row([header]);
      for (const n of names) out.row([n]);
      out.flush();
    },
  };
}

const setContext: Command = {
  name: 'set-context',
  use: 'config set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]',
  short: 'Set a context entry in kubeconfig',
  flags: { current: { type: 'bool', help: 'Modify the current context' } },
  run: async (session, args) => {
    const { flags } = session;
    const name = flags.flag('current') ? load(session).currentContext : args[0];
    if (!name) throw new CommandError(flags.flag('current') ? 'no current context is set' : 'you must specify a non-empty context name or --current');
    let existed = false;
    change(session, `context/${name}`, (config) => {
      const contexts = (config.contexts ??= []);
      let entry = contexts.find((c) => c.name === name);
      existed = entry !== undefined;
      if (!entry) contexts.push((entry = { name, context: {} }));
      for (const key of ['cluster', 'user', 'namespace'] as const) if (flags.has(key)) entry.context = { ...entry.context, [key]: flags.text(key) };
    });
    session.line(`Context ${JSON.stringify(name)} ${existed ? 'modified' : 'created'}.`);
  },
};

const deleteContext: Command = {
  name: 'delete-context',
  use: 'config delete-context NAME',
  short: 'Delete the specified context from the kubeconfig',
  run: async (session, args) => {
    exactly(args, 1, `unexpected args: [${args.join(' ')}]`);
    const [name] = args;
    const config = load(session);
    const file = config.origin.get(`context/${name}`);
    if (!file) throw new CommandError(`cannot delete context ${name}, not in ${config.files[0]}`);
    if (name === config.currentContext) session.errorLine('warning: this removed your active context, use "kubectl config use-context" to select a different one');
    change(session, `context/${name}`, (raw) => (raw.contexts = (raw.contexts ?? []).filter((c) => c.name !== name)));
    session.line(`deleted context ${name} from ${file}`);
  },
};

export const config: Command = {
  name: 'config',
  use: 'config SUBCOMMAND',
  short: 'Modify kubeconfig files',
  subcommands: [view, currentContext, getContexts, useContext, setContext, deleteContext, listing('get-clusters', 'NAME', 'clusters', 'Display clusters defined in the kubeconfig'), listing('get-users', 'NAME', 'users', 'Display users defined in the kubeconfig')],
};
