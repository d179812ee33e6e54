/** A busybox image from the machine's own static busybox: for first steps and tests where no registry can be reached. */
import { readFileSync } from 'node:fs';
import { findProgram, run } from '../../../base/command.ts';
import { buildImage, type Image } from './build.ts';
import type { TarEntry } from './tar.ts';

/** Undefined where there is no busybox (`busybox:1` is pulled only when absent; `latest` always, as the API's defaults have it), or only one that needs shared libraries. */
export async function busyboxImage(names: readonly string[] = ['docker.io/library/busybox:latest', 'docker.io/library/busybox:1']): Promise<Image | undefined> {
  const program = findProgram('busybox');
  if (!program) return undefined;
  const content = readFileSync(program);
  if (isDynamic(content)) return undefined;
  const applets = (await run([program, '--list'])).split('\n').filter((name) => name && name !== 'busybox');
  const directories = ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'usr', 'usr/bin', 'usr/sbin', 'sbin', 'var', 'var/spool', 'home'];
  const files: TarEntry[] = [
    ...directories.map((path): TarEntry => ({ path, type: 'directory' })),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'file', mode: 0o755, content },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, type: 'hardlink', mode: 0o755, target: 'bin/busybox' })),
    { path: 'etc/passwd', type: 'file', content: 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n' },
    { path: 'etc/group', type: 'file', content: 'root:x:0:\ndaemon:x:1:\nnobody:x:65534:\n' },
    { path: 'etc/nsswitch.conf', type: 'file', content: 'hosts: files dns\n' },
  ];
  return buildImage({ names, files, config: { command: ['sh'] } });
}

/** A program header of type INTERP names a dynamic linker. */
function isDynamic(elf: Buffer): boolean {
  const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  for (let i = 0; i < count; i++) if (elf.readUInt32LE(offset + i * size) === 3) return true;
  return false;
}
