/** Makes the volumes of a pod on the node, keeps their contents current, and takes them away. */
import { chmod, chown, lchown, lstat, mkdir, readdir, rm, stat, writeFile, access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Surroundings } from '../../base/surroundings.ts';
import { persistentvolumeclaims, persistentvolumes } from '../../api/core/v1/index.ts';
import type { Client } from '../../client/client.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { hasReason } from '../../machinery/status.ts';
import type * as core from '../../api/core/v1/types.ts';
import type { KubeletConfig } from '../config.ts';
import type { Pod } from '../pods/model.ts';
import { podDir, volumeDir } from '../pods/naming.ts';
import { wholeUnits } from '../pods/resources.ts';
import { writeAtomically } from './atomic.ts';
import type { Mounter } from './mounts.ts';
import { payloadOf, type PayloadSources } from './payload.ts';

type Volume = DeepReadonly<core.Volume>;

export interface MountedVolume {
  readonly hostPath: string;
  readonly readOnly: boolean;
  /** An image volume: the runtime mounts it by this reference. */
  readonly image?: string;
}

export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface VolumeManagerOptions {
  readonly config: KubeletConfig;
  readonly client: Client;
  readonly mounter: Mounter;
  readonly surroundings: Surroundings;
  readonly sourcesFor: (pod: Pod) => PayloadSources;
}

/** Names the volume; shows as FailedMount. */
export class VolumeError extends Error {}

export class VolumeManager {
  readonly #o: VolumeManagerOptions;
  /** Volumes are prepared and torn down one after the other for each pod. */
  #instant = 0;

  constructor(options: VolumeManagerOptions) {
    this.#o = options;
  }

  async prepare(pod: Pod): Promise<MountedVolumes> {
    const out = new Map<string, MountedVolume>();
    for (const volume of pod.spec.volumes ?? []) {
      try {
        out.set(volume.name, await this.#one(pod, volume));
      } catch (error) {
        throw new VolumeError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return out;
  }

  /** Renews what may have changed; a source that vanished leaves the last contents. */
  async refresh(pod: Pod): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.configMap || volume.secret || volume.downwardAPI || volume.projected) {
        await this.#one(pod, volume).catch((error: unknown) => {
          this.#o.surroundings.log.debug('Renewing a volume failed', { pod: pod.metadata.name, volume: volume.name, err: String(error) });
        });
      }
    }
  }

  /** Also for pods that nobody knows any more: only the uid is needed. */
  async teardown(uid: string): Promise<void> {
    const dir = podDir(this.#o.config, uid);
    for (const target of this.#o.mounter.below(dir)) this.#o.mounter.unmount(target);
    await rm(dir, { recursive: true, force: true });
  }

  async #one(pod: Pod, volume: Volume): Promise<MountedVolume> {
    if (volume.hostPath) return { hostPath: await hostPath(volume.hostPath), readOnly: false };
    if (volume.image) return { hostPath: '', readOnly: true, image: volume.image.reference ?? '' };
    if (volume.emptyDir) return { hostPath: await this.#emptyDir(pod, volume), readOnly: false };
    if (volume.persistentVolumeClaim) {
      const { claimName, readOnly } = volume.persistentVolumeClaim;
      return { ...(await this.#claim(pod, claimName)), ...(readOnly ? { readOnly: true } : {}) };
    }
    if (volume.ephemeral) return this.#claim(pod, `${pod.metadata.name}-${volume.name}`);
    const payload = await payloadOf(pod, volume, this.#o.sourcesFor(pod));
    if (!payload) throw new Error('no volume plugin matched');
    const plugin = volume.configMap ? 'configmap' : volume.secret ? 'secret' : volume.downwardAPI ? 'downward-api' : 'projected';
    const dir = volumeDir(this.#o.config, pod.metadata.uid, plugin, volume.name);
    await mkdir(dir, { recursive: true });
    // Neither secrets nor tokens shall ever be on a disk.
    if ((volume.secret || volume.projected) && !this.#isMount(dir)) this.#o.mounter.mount('tmpfs', dir, 'tmpfs', 0, 'mode=0777');
    await chmod(dir, 0o777);
    const gid = pod.spec.securityContext?.fsGroup;
    if (gid !== undefined) await chown(dir, -1, gid).then(() => chmod(dir, 0o2777));
    await writeAtomically(dir, payload, `${new Date(this.#o.surroundings.clock.now()).toISOString().replace(/[-:.TZ]/g, '_')}.${this.#instant++}`, gid);
    return { hostPath: dir, readOnly: true };
  }

  #isMount(dir: string): boolean {
    return this.#o.mounter.below(dir).includes(dir);
  }

  async #emptyDir(pod: Pod, volume: Volume): Promise<string> {
    const { medium = '', sizeLimit } = volume.emptyDir!;
    const dir = volumeDir(this.#o.config, pod.metadata.uid, 'empty-dir', volume.name);
    const existed = await access(dir).then(() => true, () => false);
    await mkdir(dir, { recursive: true });
    if (medium === 'Memory') {
      const size = sizeLimit === undefined ? '' : `,size=${wholeUnits(sizeLimit)}`;
      if (!this.#isMount(dir)) this.#o.mounter.mount('tmpfs', dir, 'tmpfs', 0, `mode=0777${size}`);
    } else if (medium !== '') throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
    if (!existed) {
      await chmod(dir, 0o777);
      const gid = pod.spec.securityContext?.fsGroup;
      if (gid !== undefined) await giveToGroup(dir, gid);
    }
    return dir;
  }

  async #claim(pod: Pod, name: string): Promise<MountedVolume> {
    const namespace = pod.metadata.namespace ?? '';
    const { client } = this.#o;
    const claim = await client.get(persistentvolumeclaims, name, { namespace }).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) throw new Error(`persistentvolumeclaim ${JSON.stringify(name)} not found`);
      throw error;
    });
    if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) throw new Error(`PVC ${namespace}/${name} is not bound`);
    const volume = await client.get(persistentvolumes, claim.spec.volumeName);
    const readOnly = claim.spec.accessModes?.every((m) => m === 'ReadOnlyMany') ?? false;
    const gid = pod.spec.securityContext?.fsGroup;
    const local = volume.spec.local?.path;
    if (local !== undefined) {
      await stat(local);
      if (gid !== undefined && !readOnly) await giveToGroup(local, gid);
      return { hostPath: local, readOnly };
    }
    if (volume.spec.hostPath) return { hostPath: await hostPath(volume.spec.hostPath), readOnly };
    throw new Error(`the source of persistent volume ${JSON.stringify(volume.metadata.name)} is not supported`);
  }
}

async function hostPath({ path, type = '' }: DeepReadonly<core.HostPathVolumeSource>): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  const wrong = (what: string): Error => new Error(`hostPath type check failed: ${path} is not a ${what}`);
  switch (type) {
    case 'DirectoryOrCreate':
      if (!info) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (!info.isDirectory()) throw wrong('directory');
      break;
    case 'Directory':
      if (!info?.isDirectory()) throw wrong('directory');
      break;
    case 'FileOrCreate':
      if (!info) await mkdir(dirname(path), { recursive: true }).then(() => writeFile(path, '', { mode: 0o644, flag: 'a' }));
      else if (!info.isFile()) throw wrong('file');
      break;
    case 'File':
      if (!info?.isFile()) throw wrong('file');
      break;
    case 'Socket':
      if (!info?.isSocket()) throw wrong('socket file');
      break;
    case 'CharDevice':
      if (!info?.isCharacterDevice()) throw wrong('character device');
      break;
    case 'BlockDevice':
      if (!info?.isBlockDevice()) throw wrong('block device');
      break;
    default:
      // Nothing is checked; a folder is made so that the runtime does not make it with odd rights.
      if (!info) await mkdir(path, { recursive: true, mode: 0o755 });
  }
  return path;
}

/** fsGroup: the group owns everything and new files inherit it. */
async function giveToGroup(path: string, gid: number): Promise<void> {
  const info = await lstat(path);
  await lchown(path, info.uid, gid);
  if (info.isSymbolicLink()) return;
  await chmod(path, (info.mode & 0o7777) | (info.isDirectory() ? 0o2770 : 0o660));
  if (info.isDirectory()) for (const name of await readdir(path)) await giveToGroup(join(path, name), gid);
}
