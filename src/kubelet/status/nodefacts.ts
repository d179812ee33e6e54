/** What is known of the machine for the node's status. */
import { arch, cpus, release } from 'node:os';
import { readFile, statfs } from 'node:fs/promises';
import type { Draft } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import { kubernetesVersion } from '../../serving/version.ts';
import { defaults, type KubeletConfig } from '../config.ts';
import { isNotFound, type Runtime } from '../cri/client.ts';
import { milliCpu, wholeUnits } from '../pods/resources.ts';

const text = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

export const goArchitecture = (): string => ({ x64: 'amd64', arm64: 'arm64' })[arch() as 'x64'] ?? arch();

export async function nodeInfo(runtime: Runtime): Promise<Draft<core.NodeSystemInfo>> {
  const version = await runtime.call('Version', {});
  const machineID = await text('/etc/machine-id');
  const osRelease = await text('/etc/os-release');
  return {
    machineID,
    systemUUID: (await text('/sys/class/dmi/id/product_uuid')) || machineID,
    bootID: await text('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    containerRuntimeVersion: `${version.runtimeName}://${version.runtimeVersion.replace(/^v/, '').split('~')[0]!}`,
    kubeletVersion: `${kubernetesVersion}+k7s`,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: goArchitecture(),
  };
}

export async function memoryBytes(): Promise<{ total: number; available: number }> {
  const info = await text('/proc/meminfo');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { total: kib('MemTotal') * 1024, available: kib('MemAvailable') * 1024 };
}

export async function capacity(config: KubeletConfig): Promise<Record<string, string>> {
  const disk = await statfs(config.rootDir);
  return {
    cpu: String(cpus().length),
    'ephemeral-storage': `${Math.floor((disk.blocks * disk.bsize) / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor((await memoryBytes()).total / 1024)}Ki`,
    pods: String(config.maxPods ?? defaults.maxPods),
  };
}

export function allocatable(whole: Readonly<Record<string, string>>, reserved: Readonly<Record<string, string>> = {}): Record<string, string> {
  const out = { ...whole };
  if (reserved['cpu']) out['cpu'] = `${milliCpu(whole['cpu']) - milliCpu(reserved['cpu'])}m`;
  for (const name of ['memory', 'ephemeral-storage']) {
    if (reserved[name]) out[name] = `${Math.floor((wholeUnits(whole[name]) - wholeUnits(reserved[name])) / 1024)}Ki`;
  }
  return out;
}

const imageLimit = 50;

/** The largest first, as upstream names them. */
export async function images(runtime: Runtime): Promise<Draft<core.ContainerImage>[]> {
  const listed = await runtime.call('ListImages', {}).catch((error: unknown) => {
    if (isNotFound(error)) return { images: [] };
    throw error;
  });
  return listed.images
    .map((i) => ({ names: [...i.repoDigests, ...i.repoTags].slice(0, 5), sizeBytes: i.size }))
    .filter((i) => i.names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, imageLimit);
}
