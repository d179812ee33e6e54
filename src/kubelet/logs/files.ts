/** Log files of pods on the node: removal and rotation. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeletConfig } from '../config.ts';
import type { Runtime } from '../cri/client.ts';
import type { ContainerView, Pod } from '../pods/model.ts';
import { podLogDir } from '../pods/naming.ts';

export async function removePodLogs(config: KubeletConfig, pod: Pod): Promise<void> {
  await rm(podLogDir(config, pod), { recursive: true, force: true });
}

/** Folders are `namespace_name_uid`. */
export async function removeOrphanLogs(config: KubeletConfig, known: (uid: string) => boolean): Promise<void> {
  for (const name of await readdir(config.podLogsDir).catch(() => [])) {
    const uid = name.split('_')[2];
    if (uid && !known(uid)) await rm(join(config.podLogsDir, name), { recursive: true, force: true });
  }
}

/** Moves a log that has grown too large aside and tells the runtime to open a new one. */
export async function rotateLog(runtime: Runtime, view: ContainerView, maxSize: number, maxFiles: number, suffix: string): Promise<boolean> {
  const info = await stat(view.logPath).catch(() => undefined);
  if (!info || info.size < maxSize) return false;
  const slash = view.logPath.lastIndexOf('/');
  const [dir, base] = [view.logPath.slice(0, slash), view.logPath.slice(slash + 1)];
  const rotated = (await readdir(dir)).filter((name) => name.startsWith(`${base}.`)).sort();
  // One is about to be added, and one is the file in use.
  for (const name of rotated.slice(0, Math.max(0, rotated.length - (maxFiles - 2)))) await rm(join(dir, name), { force: true });
  await rename(view.logPath, `${view.logPath}.${suffix}`);
  await runtime.call('ReopenContainerLog', { containerId: view.id });
  return true;
}
