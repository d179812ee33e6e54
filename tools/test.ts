/**
 * Runs the tests in groups and says at the end how many passed, failed and were skipped, and why.
 *   npm test                     everything
 *   npm test -- unit contract    some groups
 *   npm test -- src/store        the test files below a path
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { installNeeds, needs, program, type Need } from '../src/cluster/install.ts';
import { progress } from '../src/cluster/output.ts';
import type { Summary } from './test-reporter.ts';

interface Group {
  readonly files: readonly string[];
  /** One process for all files, or one for each. */
  readonly isolation: 'none' | 'process';
  readonly concurrency: number;
  readonly testTimeoutSeconds: number;
  readonly minutes: number;
}

const groups: Record<string, Group> = {
  unit: { files: ['src/**/*.test.ts', 'test/*.test.ts', 'tools/**/*.test.ts'], isolation: 'none', concurrency: 1, testTimeoutSeconds: 180, minutes: 10 },
  contract: { files: ['test/contract/**/*.test.ts', 'test/golden/**/*.test.ts', 'test/parity/**/*.test.ts', 'test/sim/**/*.test.ts'], isolation: 'process', concurrency: 2, testTimeoutSeconds: 120, minutes: 10 },
  integration: { files: ['test/integration/**/*.test.ts'], isolation: 'process', concurrency: 2, testTimeoutSeconds: 300, minutes: 30 },
  e2e: { files: ['test/e2e/**/*.test.ts'], isolation: 'process', concurrency: 1, testTimeoutSeconds: 600, minutes: 30 },
};

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'k7s-test-'));

async function runGroup(name: string, group: Group, files: readonly string[]): Promise<Summary> {
  const summaryFile = join(scratch, `${name}.json`);
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-isolation=${group.isolation}`,
    ...(group.isolation === 'process' ? [`--test-concurrency=${group.concurrency}`] : []),
    // A test that leaves something open must not hold up the others.
    '--test-force-exit',
    `--test-timeout=${group.testTimeoutSeconds * 1000}`,
    `--test-reporter=${join(root, 'tools/test-reporter.ts')}`,
    '--test-reporter-destination=stdout',
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, K7S_TEST_SUMMARY: summaryFile } });
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, group.minutes * 60_000);
  const code = await new Promise<number>((resolve) => child.on('close', (exit) => resolve(exit ?? 1)));
  clearTimeout(deadline);
  const summary: Summary = existsSync(summaryFile) ? (JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary) : { passed: 0, failed: 0, skipped: [] };
  if (late) process.stdout.write(`  FAILED ${name}: not done within ${group.minutes} minutes\n`);
  else if (code !== 0 && summary.failed === 0) process.stdout.write(`  FAILED ${name}: the test process ended with code ${code}\n`);
  if (code !== 0 && summary.failed === 0) summary.failed = 1;
  return summary;
}

function chosen(words: readonly string[]): [string, Group, string[]][] {
  const paths = words.filter((word) => !(word in groups));
  return Object.entries(groups)
    .filter(([name]) => words.length === paths.length || words.includes(name))
    .map(([name, group]): [string, Group, string[]] => {
      const files = group.files.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
      return [name, group, paths.length === 0 ? files : files.filter((file) => paths.some((path) => file.startsWith(path)))];
    })
    .filter(([, , files]) => files.length > 0);
}

/** Tests with real containers need what k7s needs, a program to put into images, and etcd; end to end also a monitor and a browser. Without root they skip themselves. */
async function installPackages(endToEnd: boolean): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const report = progress({ stdout: process.stdout, stderr: process.stderr }, systemClock);
  await installNeeds(report, [...needs({ containerd: true }), program('busybox', 'busybox-static'), program('etcd', 'etcd-server'), program('etcdctl', 'etcd-client'), ...(endToEnd ? endToEndNeeds() : [])], { install: true });
}

/** A monitor, a browser, and where there is one for this machine a Linux in a process, whose cgroups are v2. */
function endToEndNeeds(): Need[] {
  return [program('prometheus', 'prometheus'), program('chromium', 'chromium'), ...(process.arch === 'x64' ? [program('linux.uml', 'user-mode-linux')] : [])];
}

async function main(): Promise<number> {
  const total: Summary = { passed: 0, failed: 0, skipped: [] };
  const selection = chosen(process.argv.slice(2));
  if (selection.length === 0) {
    process.stdout.write('no test file matches\n');
    return 1;
  }
  if (selection.some(([name]) => name === 'integration' || name === 'e2e')) await installPackages(selection.some(([name]) => name === 'e2e'));
  for (const [name, group, files] of selection) {
    process.stdout.write(`${name}: ${files.length} files\n`);
    const start = performance.now();
    const summary = await runGroup(name, group, files);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stdout.write(`${name}: ${summary.passed} passed, ${summary.failed} failed, ${summary.skipped.length} skipped in ${seconds} s\n`);
    total.passed += summary.passed;
    total.failed += summary.failed;
    total.skipped.push(...summary.skipped);
  }
  if (total.skipped.length > 0) {
    process.stdout.write('skipped:\n');
    for (const { file, name, reason } of total.skipped) process.stdout.write(`  ${file}: ${name}: ${reason}\n`);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : ''}\n`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
