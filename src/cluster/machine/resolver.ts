/** The name servers of a node: the host's, as far as they can be reached from another network namespace. */
import { readFile } from 'node:fs/promises';

const sources = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf', '/run/NetworkManager/no-stub-resolv.conf'];

/**
 * A resolv.conf without loopback servers, which are local stubs of the host. The first source with a usable server counts.
 * With none there is no outside name service, and the file says so.
 */
export async function resolverFile(read: (path: string) => Promise<string> = (path) => readFile(path, 'utf8')): Promise<string> {
  let rest: string[] = [];
  for (const source of sources) {
    const text = await read(source).catch(() => '');
    const lines = text.split('\n').filter((line) => /^\s*(nameserver|search|options|domain)\s/.test(line));
    const servers = lines.filter((line) => /^\s*nameserver\s/.test(line));
    const reachable = servers.filter((line) => !/\s(127\.|::1\b|fe80:)/.test(line));
    const others = lines.filter((line) => !servers.includes(line));
    if (reachable.length > 0) return `${[...others, ...reachable].join('\n')}\n`;
    if (rest.length === 0) rest = others;
  }
  return `# no name server of this machine can be reached from a node\n${rest.map((line) => `${line}\n`).join('')}`;
}
