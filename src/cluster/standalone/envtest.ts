/** `k7s envtest FOLDER`: programs named kube-apiserver, etcd and kubectl that test frameworks start in place of the originals. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from '../context.ts';

/** File names, and the components behind them. */
const programs: Readonly<Record<string, string>> = { 'kube-apiserver': 'kube-apiserver', etcd: 'etcd', kubectl: 'plain-kubectl' };

function quoted(word: string): string {
  return /^[\w./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The programs run this very k7s, where it stands now. */
export async function writeAssets(folder: string, { stdout }: Context): Promise<void> {
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', resolve(process.argv[1]!)].map(quoted).join(' ');
  for (const [name, component] of Object.entries(programs)) {
    const file = join(target, name);
    writeFileSync(file, `#!/bin/sh\n# Written by k7s envtest.\nexec ${command} ${component} "$@"\n`);
    chmodSync(file, 0o755);
  }
  stdout.write(`export KUBEBUILDER_ASSETS=${quoted(target)}\n`);
}
