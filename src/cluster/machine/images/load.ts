/** Bringing images into a node's containerd, in the namespace that the kubelet uses. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../base/command.ts';
import type { Image } from './build.ts';

export interface ImageTarget {
  /** containerd's socket. */
  readonly socket: string;
  /** A folder for the moment of the import. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

function ctr(target: ImageTarget, ...args: string[]): Promise<string> {
  return run(['ctr', '--address', target.socket, '--namespace', 'k8s.io', ...args], target.signal ? { signal: target.signal } : {});
}

/** Imports those images whose names do not yet stand for just this content. */
export async function ensureImages(target: ImageTarget, images: readonly Image[]): Promise<void> {
  const present = await listImages(target);
  for (const image of images) {
    if (image.names.every((name) => present.get(name) === image.digest)) continue;
    const folder = await mkdtemp(join(target.scratch, 'image-'));
    try {
      const file = join(folder, 'image.tar');
      await writeFile(file, image.archive);
      await ctr(target, 'images', 'import', file);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Imports an image file (of `docker save`, or an OCI layout in a tar; gzip is understood) and answers the names in it. */
export async function loadImageFile(target: ImageTarget, file: string): Promise<string[]> {
  const output = await ctr(target, 'images', 'import', file);
  // One line an image: `unpacking NAME (DIGEST)...done`, from containerd 2 on `NAME saved`.
  return [...new Set([...output.matchAll(/^(?:unpacking )?(\S+\/\S+:\S+)\s/gm)].map((match) => match[1]!))];
}

/** Names and digests of the images that containerd has. */
export async function listImages(target: ImageTarget): Promise<Map<string, string>> {
  const lines = (await ctr(target, 'images', 'list')).trimEnd().split('\n').slice(1);
  return new Map(lines.map((line) => line.split(/\s+/)).map(([name = '', , digest = '']) => [name, digest]));
}
