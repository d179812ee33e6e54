/** The command line of k7s. Each command's code is loaded when it runs. */
import { Command, CommanderError, Option } from 'commander';
import { systemSurroundings } from '../base/surroundings.ts';
import { CliError } from './output.ts';
import { alone, components } from './components.ts';
import type { Context } from './context.ts';
import { productVersion } from './version.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const [word, ...rest] = argv;
  const context: Context = { surroundings: systemSurroundings(), stdout: process.stdout, stderr: process.stderr };
  try {
    const component = word === undefined ? undefined : components[word];
    // Components have the flags of their upstream counterparts, which are not ours to parse.
    if (component) return await component(rest, context);
    const state = { exitCode: 0 };
    await program(context, state).parseAsync([...argv], { from: 'user' });
    return state.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    if (error instanceof CliError) {
      context.stderr.write(`k7s: ${error.message}\n`);
      return error.exitCode;
    }
    context.stderr.write(`k7s: ${error instanceof Error ? (process.env['K7S_DEBUG'] ? error.stack : error.message) : String(error)}\n`);
    return 1;
  }
}

type Flags = Record<string, unknown> & { profile: string };

function program(context: Context, state: { exitCode: number }): Command {
  const root = new Command('k7s')
    .description('A complete, small, fast Kubernetes: clusters with real containers, and with simulated nodes')
    .option('-p, --profile <name>', 'the cluster to work on', process.env['K7S_PROFILE'] || 'k7s')
    .configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: (text) => context.stderr.write(text) })
    .addHelpText('after', `\nAlone, with upstream's flags (each has --help): ${alone.join(', ')}.\nk7s top is kubectl top, for the kubeconfig's current context.`)
    .showHelpAfterError('(k7s --help says more)')
    .enablePositionalOptions()
    .exitOverride();
  const command = (parent: Command, spec: string, description: string, action: (args: string[], flags: Flags) => Promise<number | void>): Command =>
    parent
      .command(spec)
      .description(description)
      .option('-p, --profile <name>', 'the cluster to work on')
      .action(async (...all: unknown[]) => {
        const self = all.at(-1) as Command;
        state.exitCode = (await action(self.args, { ...self.opts(), profile: profileOf(self) })) ?? 0;
      });
  lifecycle(root, command, context);
  inspection(root, command, context);
  root.command('help-components', { hidden: true }).action(() => void context.stdout.write(`${Object.keys(components).join('\n')}\n`));
  return root;
}

/** -p may stand behind any of the words of a command; the last one counts. */
function profileOf(command: Command): string {
  const own = command.opts()['profile'] as string | undefined;
  if (command.parent && (own === undefined || command.getOptionValueSource('profile') === 'default')) return profileOf(command.parent);
  return own ?? 'k7s';
}

function group(root: Command, name: string, description: string): Command {
  return root.command(name).description(description).option('-p, --profile <name>', 'the cluster to work on');
}

type Define = (parent: Command, spec: string, description: string, action: (args: string[], flags: Flags) => Promise<number | void>) => Command;

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new CliError(`"${text}" is not a whole number`, { exitCode: 64 });
  return value;
}

function lifecycle(root: Command, command: Define, context: Context): void {
  command(root, 'start', 'Starts a cluster, making it first if there is none', async (_args, flags) => (await import('./start.ts')).start(flags as never, context))
    .addOption(new Option('--runtime <kind>', 'real containers or simulated nodes').choices(['containerd', 'simulated']))
    .option('-n, --nodes <count>', 'how many nodes', number)
    .option('--container-runtime-endpoint <socket>', 'a CRI socket to use instead of an own containerd')
    .option('--no-install', 'refuse to install missing packages')
    .option('--kubernetes-version <version>', 'must be of the release that k7s speaks: v1.34')
    .option('--apiserver-port <port>', 'where the API server listens', number)
    .option('--service-cluster-ip-range <cidr>', 'addresses of services')
    .option('--addons <names>', 'add-ons to switch on as well', (text: string, all: string[] | undefined) => [...(all ?? []), ...text.split(',')])
    .option('--wait-timeout <seconds>', 'how long to wait for the cluster', number, 120)
    .option('--no-wait', 'do not wait until the node is ready');
  command(root, 'stop', 'Stops a cluster, containers too; everything is kept', async (_args, flags) => (await import('./stop.ts')).stop(flags as never, context))
    .option('--grace-period <seconds>', 'what containers get to end by themselves', Number, 1);
  command(root, 'delete', 'Deletes a cluster and all it has on this machine', async (_args, flags) => (await import('./delete.ts')).deleteProfile(flags as never, context))
    .option('--all', 'every profile');
  command(root, 'status', 'Says what of a cluster runs', async (_args, flags) => (await import('./status.ts')).status(flags as never, context))
    .addOption(new Option('-o, --output <format>').choices(['text', 'json']).default('text'));
  const node = group(root, 'node', 'The nodes of a cluster');
  command(node, 'list', 'Lists the nodes and their addresses', async (_args, flags) => (await import('./status.ts')).nodeList(flags, context));
  const profile = group(root, 'profile', 'The clusters on this machine');
  command(profile, 'list', 'Lists them', async () => (await import('./status.ts')).profileList(context));
}

function inspection(root: Command, command: Define, context: Context): void {
  command(root, 'ssh [command...]', 'A shell on a node, or one command', async (args, flags) => (await import('./shell.ts')).shell(args, flags as never, context))
    .option('-n, --node <name>', 'which node; the first one if absent')
    .passThroughOptions();
  command(root, 'kubectl [args...]', 'kubectl for this cluster', async (args, flags) => (await import('./shell.ts')).kubectl(args, flags, context))
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false);
  command(root, 'logs [part]', 'The logs of the cluster itself', async (args, flags) => (await import('./logs.ts')).logs(args[0], flags as never, context))
    .option('-f, --follow', 'go on as they grow')
    .option('-n, --length <lines>', 'how many lines of each', number, 60);
  const image = group(root, 'image', 'Images on the nodes');
  command(image, 'load <file...>', 'Loads image archives (docker save, OCI layout in a tar)', async (args, flags) => (await import('./image.ts')).imageLoad(args, flags, context));
  command(image, 'provide <component>', "Puts metrics-server on the nodes under its upstream image's name, for upstream's chart", async (args, flags) => (await import('./image.ts')).imageProvide(args[0]!, flags as never, context))
    .option('--as <name>', 'the name of the image, with registry and tag');
  command(image, 'ls', 'Lists the images of the first node', async (_args, flags) => (await import('./image.ts')).imageList(flags, context)).alias('list');
  const addons = group(root, 'addons', 'Parts that can be switched on and off');
  command(addons, 'list', 'Lists them', async (_args, flags) => (await import('./addons/commands.ts')).listAddons(flags, context));
  command(addons, 'enable <name>', 'Switches one on', async (args, flags) => (await import('./addons/commands.ts')).enableAddon(args[0]!, flags, context));
  command(addons, 'disable <name>', 'Switches one off', async (args, flags) => (await import('./addons/commands.ts')).disableAddon(args[0]!, flags, context));
  const datastore = group(root, 'datastore', "A cluster's data, to and from a real etcd");
  const withStore = (made: Command): Command => made
    .option('--data-dir <folder>', "the folder of an API server that runs alone, instead of the profile's")
    .option('--etcd-prefix <prefix>', 'below which the keys are in etcd', '/registry')
    .option('--etcd-cafile <file>', "whose certificates etcd's members must have")
    .option('--etcd-certfile <file>', 'the certificate that is shown to etcd')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--overwrite', 'replace what is there');
  withStore(command(datastore, 'export <target>', 'Writes the data of a stopped cluster into an etcd (http://..., https://..., several with commas) or a snapshot file of etcd', async (args, flags) =>
    (await import('./datastore.ts')).exportData(args[0]!, flags as never, context)));
  withStore(command(datastore, 'import <source>', 'Fills a stopped cluster with the data of an etcd, or of a snapshot file', async (args, flags) =>
    (await import('./datastore.ts')).importData(args[0]!, flags as never, context)));
  command(root, 'envtest <folder>', 'Writes kube-apiserver, etcd and kubectl for test frameworks (KUBEBUILDER_ASSETS) into a folder', async (args) =>
    (await import('./standalone/envtest.ts')).writeAssets(args[0]!, context));
  command(root, 'version', 'The version of k7s', async () => void context.stdout.write(`k7s version: ${productVersion}\n`));
}
