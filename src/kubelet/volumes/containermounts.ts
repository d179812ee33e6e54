/** The mounts of one container: its volumes, the hosts file and the file for its last words. */
import { chmod, mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeepReadonly, Draft } from '../../machinery/json.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { KubeletConfig } from '../config.ts';
import type { Mount, MountPropagation } from '../cri/types.ts';
import { ConfigError, expand } from '../pods/environment.ts';
import type { Container, Pod } from '../pods/model.ts';
import { podDir } from '../pods/naming.ts';
import type { MountedVolumes } from './manager.ts';

const propagation: Readonly<Record<string, MountPropagation>> = {
  None: 'PROPAGATION_PRIVATE', HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER', Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/** A path inside a volume; a link in it must not lead out. */
async function inside(volume: string, subPath: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw new ConfigError(`subPath must be relative and not contain '..': ${subPath}`);
  const path = join(volume, subPath);
  if (!(await stat(path).catch(() => undefined))) {
    await mkdir(path, { recursive: true, mode: 0o750 });
    await chmod(path, (await stat(volume)).mode & 0o7777);
  }
  const [real, root] = [await realpath(path), await realpath(volume)];
  if (real !== root && !real.startsWith(`${root}/`)) throw new ConfigError(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
  return real;
}

async function volumeMount(
  mount: DeepReadonly<core.VolumeMount>, volumes: MountedVolumes, container: Container, variables: ReadonlyMap<string, string>,
): Promise<Draft<Mount>> {
  const volume = volumes.get(mount.name);
  if (!volume) throw new ConfigError(`cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(container.name)}`);
  const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr, (name) => variables.get(name));
  const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`;
  if (volume.image !== undefined) return { containerPath, image: { image: volume.image }, readonly: true };
  return {
    containerPath,
    hostPath: subPath ? await inside(volume.hostPath, subPath) : volume.hostPath,
    readonly: volume.readOnly || mount.readOnly === true,
    propagation: propagation[mount.mountPropagation ?? 'None'] ?? 'PROPAGATION_PRIVATE',
    selinuxRelabel: false,
  };
}

/** Where what a container leaves as its termination message lies on the node. */
export function terminationLog(config: KubeletConfig, uid: string, container: string, restartCount: number): string {
  return join(podDir(config, uid), 'containers', container, String(restartCount));
}

export async function containerMounts(
  config: KubeletConfig, pod: Pod, container: Container, volumes: MountedVolumes, variables: ReadonlyMap<string, string>, restartCount: number,
): Promise<Draft<Mount>[]> {
  const mounts: Draft<Mount>[] = [];
  for (const mount of container.volumeMounts ?? []) mounts.push(await volumeMount(mount, volumes, container, variables));
  const taken = new Set(mounts.map((m) => m.containerPath));
  if (!taken.has('/etc/hosts')) mounts.push({ containerPath: '/etc/hosts', hostPath: join(podDir(config, pod.metadata.uid), 'etc-hosts') });
  const words = container.terminationMessagePath ?? '/dev/termination-log';
  if (words !== '' && !taken.has(words)) {
    const file = terminationLog(config, pod.metadata.uid, container.name, restartCount);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, '');
    await chmod(file, 0o666);
    mounts.push({ containerPath: words, hostPath: file });
  }
  return mounts;
}
