/** mount(2) and umount2(2): a process for each of them would cost more than the rest of a pod's volumes. */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

export interface Mounter {
  mount(source: string, target: string, type: string, flags: number, data: string): void;
  /** Lazily: what still uses it keeps it until it ends. Not being a mount is no error. */
  unmount(target: string): void;
  /** Mount points at or below a path, deepest first. */
  below(path: string): string[];
}

const detach = 2;
const invalid = 22;
const absent = 2;

export function systemMounter(): Mounter {
  const libc = koffi.load('libc.so.6');
  const mount = libc.func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)') as (
    source: string, target: string, type: string, flags: number, data: string,
  ) => number;
  const umount2 = libc.func('int umount2(const char *target, int flags)') as (target: string, flags: number) => number;
  return {
    mount: (source, target, type, flags, data) => {
      if (mount(source, target, type, flags, data) !== 0) throw new Error(`mounting ${target}: errno ${koffi.errno()}`);
    },
    unmount: (target) => {
      if (umount2(target, detach) === 0) return;
      const errno = koffi.errno();
      if (errno !== invalid && errno !== absent) throw new Error(`unmounting ${target}: errno ${errno}`);
    },
    below: (path) =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .flatMap((line) => {
          const target = line.split(' ')[4];
          return target === undefined ? [] : [target.replace(/\\(\d{3})/g, (_m, octal: string) => String.fromCharCode(parseInt(octal, 8)))];
        })
        .filter((target) => target === path || target.startsWith(`${path}/`))
        .sort((a, b) => b.length - a.length),
  };
}
