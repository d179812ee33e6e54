/** All checks of the house, in under a minute: one line each, the whole output of what failed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Must appear in the output: a tool that silently saw no files must not pass. */
  readonly shows?: RegExp;
}

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const steps: readonly Step[] = [
  { name: 'lint', command: [bin('oxlint'), '--format=default'], shows: /on [1-9]\d{2,} files|on [1-9]\d{2,} file/ },
  { name: 'types', command: [bin('tsc'), '-p', '.', '--extendedDiagnostics'], shows: /Files:\s+[1-9]\d{2,}/ },
  { name: 'generated files', command: [process.execPath, 'tools/generate.ts', '--check'] },
  { name: 'dead code', command: [bin('knip'), '--no-progress'] },
  { name: 'unit tests and architecture', command: [process.execPath, 'tools/test.ts', 'unit'], shows: /[1-9]\d* passed, 0 failed/ },
];

async function run(step: Step): Promise<{ ok: boolean; output: string }> {
  const [command, ...args] = step.command;
  const child = spawn(command!, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(1);
    });
    child.on('close', (exit) => resolve(exit ?? 1));
  });
  if (code === 0 && step.shows && !step.shows.test(output)) return { ok: false, output: `${output}\nexpected to read ${step.shows} in its output` };
  return { ok: code === 0, output };
}

let failed = 0;
for (const step of steps) {
  const start = performance.now();
  const { ok, output } = await run(step);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
  if (!ok) {
    failed++;
    process.stdout.write(`${output.trimEnd().replace(/^/gm, '    ')}\n`);
  }
}
process.stdout.write(failed === 0 ? `${steps.length} checks passed\n` : `${failed} of ${steps.length} checks failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
