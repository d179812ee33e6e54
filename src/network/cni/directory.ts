import { existsSync } from 'node:fs';

/** Debian's place, then upstream's, then what other distributions use. */
const places = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

/** Where the CNI plugins are that a node needs, or undefined. */
export function pluginDirectory(): string | undefined {
  return places.find((place) => ['bridge', 'host-local', 'portmap', 'loopback'].every((plugin) => existsSync(`${place}/${plugin}`)));
}
