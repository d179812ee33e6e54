/** A cluster of real containers for one test file: its own profile, folder and kubeconfig; removed at the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realProgram, runProgram, type Outcome, type RunOptions } from '../kubectl.ts';

const launcher = join(import.meta.dirname, '../../bin/k7s');

/** Why real containers cannot be had here; undefined where they can. In CI they must be had. */
export function whyNoContainers(): string | undefined {
  if (process.env['CI'] === 'true') return undefined;
  if (process.platform !== 'linux') return 'real containers need Linux';
  if (process.getuid?.() !== 0) return 'real containers need root';
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  for (const program of ['containerd', 'runc', 'nft']) {
    if (spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: path } }).status !== 0) return `${program} is not installed`;
  }
  return undefined;
}

export class TestCluster {
  readonly profile: string;
  /** On a disk: what containers write must be page cache, not shared memory, and /tmp may be a tmpfs. */
  readonly folder = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'k7s-e2e-'));
  readonly kubeconfig = join(this.folder, 'kubeconfig');
  readonly env: Readonly<Record<string, string>> = { K7S_HOME: join(this.folder, 'home'), KUBECONFIG: this.kubeconfig };

  constructor(profile: string) {
    this.profile = profile;
  }

  static async start(profile: string, args: readonly string[] = []): Promise<TestCluster> {
    const cluster = new TestCluster(profile);
    const outcome = await cluster.k7s(['start', ...args], { timeoutMs: 240_000 });
    if (outcome.code !== 0) {
      const logs = await cluster.k7s(['logs'], { timeoutMs: 20_000 });
      await cluster.delete();
      assert.fail(`k7s start ended with ${outcome.code}\n${outcome.stdout}\n${outcome.stderr}\n${logs.stdout.slice(-4000)}`);
    }
    return cluster;
  }

  k7s(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return runProgram(launcher, [...args.slice(0, 1), '-p', this.profile, ...args.slice(1)], { ...options, env: { ...this.env, ...options.env } });
  }

  kubectl(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return runProgram(realProgram('kubectl'), args, { ...options, env: { ...this.env, ...options.env } });
  }

  /** kubectl that must succeed; its output. */
  async ok(...args: string[]): Promise<string> {
    const outcome = await this.kubectl(args);
    assert.equal(outcome.code, 0, `kubectl ${args.join(' ')} ended with ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  }

  async apply(manifest: object | readonly object[]): Promise<string> {
    const items = Array.isArray(manifest) ? manifest : [manifest];
    const outcome = await this.kubectl(['apply', '-f', '-'], { input: items.map((item) => JSON.stringify(item)).join('\n---\n') });
    assert.equal(outcome.code, 0, `kubectl apply ended with ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  }

  async delete(): Promise<Outcome> {
    const outcome = await this.k7s(['delete'], { timeoutMs: 120_000 });
    rmSync(this.folder, { recursive: true, force: true });
    return outcome;
  }
}

/** Polls until `probe` answers something; fails with what it last threw or saw when the deadline passes. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown = 'nothing';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value as T;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (performance.now() > deadline) assert.fail(`${what}: not within ${seconds} s; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Where the cgroup of a container is, by the id that the pod's status shows. */
export function memoryCgroupOf(containerId: string): { usage: number; inactiveFile: number } {
  const found = spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${containerId}*`], { encoding: 'utf8' }).stdout.trim().split('\n');
  const memory = found.find((path) => path.includes('/memory/')) ?? found[0];
  assert.ok(memory, `no cgroup of container ${containerId}`);
  const read = (name: string): string => readFileSync(join(memory, name), 'utf8');
  const v1 = memory.includes('/memory/');
  const stat = new Map(read('memory.stat').trim().split('\n').map((line) => line.split(' ') as [string, string]));
  return { usage: Number(read(v1 ? 'memory.usage_in_bytes' : 'memory.current')), inactiveFile: Number(stat.get(v1 ? 'total_inactive_file' : 'inactive_file')) };
}
