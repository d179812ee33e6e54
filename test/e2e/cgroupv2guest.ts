/**
 * Runs inside a user-mode Linux whose cgroups are v2. Fills four cgroups with four kinds of memory, reads them by the product and as they
 * are, grows a fifth until the kernel kills it, and writes all of it as JSON. Arguments: folder for the answer, file to cache.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { detectLayout } from '../../src/cadvisor/layout.ts';
import { Monitor } from '../../src/cadvisor/monitor.ts';
import { recordedFacts } from '../../src/explain/recorded.ts';
import { oomDistance } from '../../src/explain/views.ts';
import type { Client } from '../../src/client/client.ts';
import { statsHandlers } from '../../src/kubelet/stats/handlers.ts';
import { explainMemory } from '../../src/kubectl/top/explain.ts';
import { StatusError } from '../../src/machinery/status.ts';

const [answerFolder = '', cached = ''] = process.argv.slice(2);
const root = '/sys/fs/cgroup';
const mi = 2 ** 20;

const told = (what: string): void => console.error(`${Math.round(performance.now())} ms: ${what}`);
told('loaded');

function make(cgroup: string, files: Readonly<Record<string, string>> = {}): string {
  mkdirSync(join(root, cgroup));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, cgroup, name), text);
  return cgroup;
}

/** Every file of a cgroup as the kernel writes it; nothing of the product's readers. */
function cat(cgroup: string): Record<string, string> {
  const names = readdirSync(join(root, cgroup)).filter((name) => /^(memory|cpu|pids|io|cgroup\.procs)/.test(name) && name !== 'memory.reclaim');
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(root, cgroup, name), 'utf8')]));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i++) await sleep(50);
  if (!holds()) throw new Error(`${what}: not in time`);
}

const current = (cgroup: string): number => Number(readFileSync(join(root, cgroup, 'memory.current'), 'utf8'));

writeFileSync(`${root}/cgroup.subtree_control`, '+memory +cpu +pids +io');
make('/kubepods');
writeFileSync(`${root}/kubepods/cgroup.subtree_control`, '+memory +cpu +pids +io');
const commands: Readonly<Record<string, string>> = {
  // Open all the while: hostfs forgets the pages of a file that nobody has open.
  cache: `exec 3< ${cached}; cat ${cached} > /dev/null; cat ${cached} > /dev/null; sleep 1000`,
  // Nothing of it ends a line, so tail keeps it all.
  anon: `(head -c ${48 * mi} /dev/zero; sleep 1000) | /usr/bin/tail -n 1`,
  shared: 'cp /bin/busybox /tmp/sleep; dd if=/dev/zero of=/tmp/shared bs=1M count=24; /tmp/sleep 1000',
  tmpfs: 'dd if=/dev/zero of=/tmp/filled bs=1M count=40; sleep 1000',
  burner: 'while :; do :; done',
};
/** Each in a cgroup of its own from its first page on. One shell starts them all: a process as large as this one forks slowly here. */
const script: string[] = [];
for (const [name, command] of Object.entries(commands)) {
  make(`/kubepods/pod${name}`, { 'memory.max': String(160 * mi) });
  writeFileSync(`${root}/kubepods/pod${name}/cgroup.subtree_control`, '+memory +cpu +pids +io');
  make(`/kubepods/pod${name}/main`, { 'memory.max': String(128 * mi), ...(name === 'burner' ? { 'cpu.max': '10000 100000' } : {}) });
  make(`/kubepods/pod${name}/pause`);
  const start = (part: string, what: string): void => void script.push(`busybox sh -c 'echo $$ > ${root}/kubepods/pod${name}/${part}/cgroup.procs; ${what}' &`);
  start('pause', 'exec sleep 1000');
  start('main', command);
}
// The last one is fed by this process.
make('/grower', { 'memory.max': String(48 * mi) });
script.push(`echo $$ > ${root}/grower/cgroup.procs; exec busybox awk '{ held[NR] = $0 }'`);
const grower = spawn('busybox', ['sh', '-c', script.join('\n')], { stdio: ['pipe', 'ignore', 'inherit'] });
const filled: Readonly<Record<string, number>> = { cache: 30, anon: 48, shared: 24, tmpfs: 40, burner: 0 };
for (const [name, least] of Object.entries(filled)) await until(`${name} has its memory`, () => current(`/kubepods/pod${name}/main`) >= least * mi);
// Then what they do is done, and what is left moves no more.
for (let before = ''; ;) {
  const now = Object.keys(filled).filter((name) => name !== 'burner').map((name) => current(`/kubepods/pod${name}/main`)).join(' ');
  if (now === before) break;
  before = now;
  await sleep(1000);
}

const surroundings = systemSurroundings();
const layout = detectLayout(root);
const started = Date.now();
const handlers = statsHandlers({
  surroundings, monitor: new Monitor({ layout, clock: surroundings.clock }),
  source: {
    node: () => ({ name: 'uml', cgroup: '/', startedAt: started, rootDir: '/tmp', imageDir: '/tmp', systemContainers: [{ name: 'pods', cgroup: '/kubepods', startedAt: started }] }),
    pods: () => Object.keys(commands).map((name) => ({
      namespace: 'default', name, uid: name, cgroup: `/kubepods/pod${name}`, startedAt: started, hostNetwork: true, volumes: [],
      containers: [{ name: 'main', id: name, image: 'busybox', cgroup: `/kubepods/pod${name}/main`, startedAt: started, running: true }], sandbox: { id: `s-${name}`, cgroup: `/kubepods/pod${name}/pause`, image: 'pause' },
    })),
  },
});
const answer = (path: string): string => {
  const url = new URL(path, 'http://node');
  return handlers.handle(url.pathname, url.searchParams)?.body ?? '';
};
/** The API server as far as `top explain` asks it: objects, and the node's own answers; no metrics-server. */
const client = {
  get: (_ref: unknown, name: string) => Promise.resolve({ metadata: { name }, spec: { nodeName: 'uml' } }),
  list: () => Promise.resolve({ items: [], metadata: {} }),
  raw: ({ path }: { path: string }) => {
    const body = path.startsWith('/api/v1/nodes/uml/proxy') ? answer(path.slice('/api/v1/nodes/uml/proxy'.length)) : path.endsWith('/v1beta1/pods') ? '{"items":[]}' : '';
    const text = body || JSON.stringify(StatusError.pathNotFound().status);
    return Promise.resolve({ status: body ? 200 : 404, headers: {}, body: (async function* () { yield Buffer.from(text); })() });
  },
} as unknown as Client;
const explain = async (target: string): Promise<unknown> => JSON.parse(await explainMemory({ target, namespace: 'default', output: 'json', env: {} }, client, surroundings.clock)) as unknown;

told('reading');
const pods: Record<string, unknown> = {};
for (const name of Object.keys(commands)) {
  const explained = await explain(`pod/${name}`);
  const cgroup = `/kubepods/pod${name}/main`;
  const files = cat(cgroup);
  const processes = (files['cgroup.procs'] ?? '').split('\n').filter(Boolean).map((pid) => ({ pid: Number(pid), statm: readFileSync(`/proc/${pid}/statm`, 'utf8'), smaps: readFileSync(`/proc/${pid}/smaps`, 'utf8') }));
  pods[name] = { explained, files, pod: cat(`/kubepods/pod${name}`), pause: cat(`/kubepods/pod${name}/pause`), processes };
}
const node = { explained: await explain('node/uml'), files: cat('/'), all: cat('/kubepods'), meminfo: readFileSync('/proc/meminfo', 'utf8') };
const statistics = { summary: JSON.parse(answer('/stats/summary')) as unknown, resource: answer('/metrics/resource'), cadvisor: answer('/metrics/cadvisor'), burner: cat('/kubepods/podburner/main') };
told('read');

// A MiB at a time until the kernel kills: what explain said last is what must have been near the limit.
grower.stdin!.on('error', () => {});
const ended = once(grower, 'exit') as Promise<[number | null, string | null]>;
let dead = false;
void ended.then(() => (dead = true));
const line = `${'x'.repeat(8191)}\n`.repeat(128);
const steps: number[] = [];
const unreclaimable = (): number => {
  const files = new Map(['memory.current', 'memory.max', 'memory.stat'].map((name) => [name, readFileSync(join(root, 'grower', name), 'utf8')]));
  return oomDistance(recordedFacts(files))!.unreclaimable;
};
for (let i = 0; i < 80 && !dead; i++) {
  const before = unreclaimable();
  grower.stdin!.write(line);
  for (let wait = 0; wait < 100 && !dead; wait++) {
    const now = unreclaimable();
    steps.push(now);
    if (now >= before + 0.98 * mi) break;
    await sleep(20);
  }
}
told(`grown, ${Math.max(...steps)}`);
const [, signal] = await ended;
writeFileSync(join(answerFolder, 'answer.json'), JSON.stringify({ pods, node, statistics, grower: { signal, most: Math.max(...steps), limit: 48 * mi, events: cat('/grower')['memory.events'] } }));
process.exit(0);
