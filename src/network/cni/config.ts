/** The configuration by which the container runtime connects pods: a bridge of the node and addresses of the node's own range. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CniRequest {
  /** One for each address family. */
  readonly podCIDRs: readonly string[];
  /** Where addresses in use are recorded: the node's own folder, since several nodes may share a file system. */
  readonly dataDirectory: string;
  readonly mtu?: number;
}

export function cniConfig(request: CniRequest): object {
  const families = request.podCIDRs.map((cidr) => (cidr.includes(':') ? '::/0' : '0.0.0.0/0'));
  return {
    // Read by every plugin release from 0.8 on.
    cniVersion: '0.4.0',
    name: 'k7s',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        // A pod may reach itself through its own service.
        hairpinMode: true,
        ...(request.mtu ? { mtu: request.mtu } : {}),
        ipam: {
          type: 'host-local',
          dataDir: request.dataDirectory,
          ranges: request.podCIDRs.map((subnet) => [{ subnet }]),
          routes: families.map((dst) => ({ dst })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the configuration in one step, and only when it differs: the runtime watches the folder. True when it was written. */
export async function writeCniConfig(directory: string, request: CniRequest): Promise<boolean> {
  const file = join(directory, '10-k7s.conflist');
  const text = `${JSON.stringify(cniConfig(request), undefined, 2)}\n`;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return false;
  await mkdir(directory, { recursive: true });
  await mkdir(request.dataDirectory, { recursive: true });
  // A draft in the same folder, under a name that the runtime does not read: containerd reloads on a rename away from a name
  // in its folder, while a file that merely arrives there goes unnoticed.
  const draft = `${file}.draft`;
  await writeFile(draft, text);
  await rename(draft, file);
  return true;
}
