/** A containerd of the node's own: its configuration, how it is started, and what it may leave behind. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { pluginDirectory } from '../../network/cni/directory.ts';
import { findProgram } from '../../base/command.ts';
import { pauseImageName } from './images/pause.ts';
import { enterNode, type MachineNode } from './node.ts';
import { processesInNamespaces } from './processes.ts';

export interface ServiceCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function containerdSocket(node: MachineNode): string {
  return `${node.runDirectory}/containerd.sock`;
}

/** Where the node's CNI configuration is expected. */
export function cniConfigDirectory(node: MachineNode): string {
  return `${node.directory}/cni/net.d`;
}

/** Writes the configuration and says what to run. The same call serves the first start and every restart. */
export async function containerdCommand(node: MachineNode): Promise<ServiceCommand> {
  const containerd = required('containerd');
  const runc = required('runc');
  const plugins = pluginDirectory();
  if (!plugins) throw new Error('no CNI plugins found; install containernetworking-plugins');
  await mkdir(cniConfigDirectory(node), { recursive: true });
  await mkdir(`${node.directory}/containerd`, { recursive: true, mode: 0o711 });
  const file = `${node.runDirectory}/containerd.toml`;
  await writeFile(file, containerdConfig(node, { runc, plugins, ...machineTraits(node.directory) }));
  return {
    argv: [...enterNode(node), containerd, '--config', file, '--log-level', 'warn'],
    // Shims and runc are looked up on PATH, which a service manager or cron may have cut short.
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
  };
}

export interface Traits {
  readonly runc: string;
  readonly plugins: string;
  /** May processes be protected from the out-of-memory killer? Without the right to, every sandbox would fail. */
  readonly canLowerOomScore: boolean;
  readonly appArmor: boolean;
  readonly snapshotter: 'overlayfs' | 'native';
}

function machineTraits(directory: string): Pick<Traits, 'canLowerOomScore' | 'appArmor' | 'snapshotter'> {
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const capSysResource = 24n;
  const overlay = 0x794c7630;
  return {
    canLowerOomScore: ((effective >> capSysResource) & 1n) === 1n,
    appArmor: existsSync('/sys/kernel/security/apparmor'),
    // An overlay cannot lie on an overlay, which is what a home inside a container usually is.
    snapshotter: statfsSync(directory).type === overlay ? 'native' : 'overlayfs',
  };
}

/** The configuration file, in the form that containerd 1.x and 2.x both read. */
export function containerdConfig(node: MachineNode, traits: Traits): string {
  const text = JSON.stringify;
  return `version = 2
root = ${text(`${node.directory}/containerd`)}
state = ${text(`${node.runDirectory}/state`)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]

[grpc]
  address = ${text(containerdSocket(node))}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(`${node.directory}/containerd/opt`)}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImageName)}
  restrict_oom_score_adj = ${!traits.canLowerOomScore}
  disable_apparmor = ${!traits.appArmor}
  netns_mounts_under_state_dir = true
  stream_server_address = ${text(node.address)}
  stream_server_port = "0"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = ${text(`${node.directory}/certs.d`)}

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(traits.plugins)}
  conf_dir = ${text(cniConfigDirectory(node))}

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = ${text(traits.snapshotter)}
  default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = ${text(traits.runc)}
  Root = ${text(`${node.runDirectory}/runc`)}
  SystemdCgroup = false
`;
}

/** Waits until the runtime takes connections. */
export async function waitForSocket(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!(await answers(path))) await clock.sleep(10, signal);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Ends shims of this node that no task belongs to: a client that dies in the middle of a call can leave one. To be called
 * while no pod is being started, that is before the agent runs. Answers how many there were.
 */
export async function sweepShims(node: MachineNode): Promise<number> {
  let count = 0;
  for (const { pid, command } of await processesInNamespaces([`${node.runDirectory}/ns/mnt`])) {
    const id = /containerd-shim\S* .*-id (\S+)/.exec(command)?.[1];
    if (!id || existsSync(`${node.runDirectory}/state/io.containerd.runtime.v2.task/k8s.io/${id}`)) continue;
    process.kill(pid, 'SIGKILL');
    count++;
  }
  return count;
}

function required(name: string): string {
  const path = findProgram(name);
  if (!path) throw new Error(`${name} is not installed`);
  return path;
}
