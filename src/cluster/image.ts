/** `k7s image`: images on the nodes of a cluster. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { leanHeap, leanMalloc } from '../metrics/metrics-server/manifests.ts';
import type { Context } from './context.ts';
import { containerdSocket } from './machine/containerd.ts';
import { componentImage } from './machine/images/addon.ts';
import { ensureImages, listImages, loadImageFile, type ImageTarget } from './machine/images/load.ts';
import { nodeExists } from './machine/node.ts';
import { CliError } from './output.ts';
import { profilePaths, readMachine, requireProfile } from './profile.ts';

async function targets(profile: string): Promise<ImageTarget[]> {
  const paths = profilePaths(profile);
  const config = requireProfile(paths);
  if (config.runtime !== 'containerd') throw new CliError('simulated nodes hold no images');
  const nodes = readMachine(paths);
  for (const { name } of nodes) {
    if (!(await nodeExists(paths, name))) throw new CliError(`the node "${name}" is not running`, { mend: `Start it with: k7s start -p ${profile}` });
  }
  return nodes.map((node) => ({ socket: config.containerRuntimeEndpoint ?? containerdSocket(node), scratch: node.directory }));
}

export async function imageLoad(files: readonly string[], flags: { profile: string }, context: Context): Promise<void> {
  const all = await targets(flags.profile);
  for (const file of files) {
    if (!existsSync(file)) throw new CliError(`there is no file ${file}`, { mend: 'k7s image load takes archives as docker save or an OCI tool writes them' });
    const loaded = await Promise.all(all.map((target) => loadImageFile(target, resolve(file))));
    for (const name of loaded[0] ?? []) context.stdout.write(`${name}\n`);
  }
}

/** Components that others' manifests run as a container, and the image that upstream's name. */
const provided: Readonly<Record<string, string>> = { 'metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.1' };

/** Puts k7s's own component on the nodes under the name of an image that a chart or manifest asks for. */
export async function imageProvide(component: string, flags: { profile: string; as?: string }, context: Context): Promise<void> {
  const usual = provided[component];
  if (!usual) throw new CliError(`there is no image of "${component}"`, { mend: `These can be provided: ${Object.keys(provided).join(', ')}`, exitCode: 64 });
  const name = flags.as ?? usual;
  if (!/^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+:[\w.-]+$/.test(name)) throw new CliError(`"${name}" is no full name of an image`, { mend: `It needs registry, path and tag, as in ${usual}`, exitCode: 64 });
  const all = await targets(flags.profile);
  const image = await componentImage(name, { program: profilePaths(flags.profile).program, nodeFlags: leanHeap, component, env: [`${leanMalloc.name}=${leanMalloc.value}`] });
  for (const target of all) await ensureImages(target, [image]);
  context.stdout.write(`${name}\n`);
}

export async function imageList(flags: { profile: string }, context: Context): Promise<void> {
  const [first] = await targets(flags.profile);
  const names = [...(await listImages(first!)).keys()].filter((name) => !name.startsWith('sha256:') && !name.includes('@'));
  for (const name of names.sort()) context.stdout.write(`${name}\n`);
}
