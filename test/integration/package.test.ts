/** What users get: packed, installed without a network, and run. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runProgram, type Outcome } from '../kubectl.ts';

const root = join(import.meta.dirname, '../..');

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-package-'));
  const project = join(folder, 'project');
  const env = { K7S_HOME: join(folder, 'home'), KUBECONFIG: join(folder, 'kubeconfig'), K7S_NODE: process.execPath };
  let files: string[] = [];
  const succeed = async (program: string, args: string[], cwd: string): Promise<Outcome> => {
    const outcome = await runProgram(program, args, { cwd, env, timeoutMs: 120_000 });
    assert.equal(outcome.code, 0, `${program} ${args.join(' ')}\n${outcome.stdout}\n${outcome.stderr}`);
    return outcome;
  };

  before(async () => {
    // A copy, because packing builds anew, and others run what is built here.
    const sources = join(folder, 'sources');
    for (const name of ['bin', 'src', 'tools', 'package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'README.md', 'LICENSE']) cpSync(join(root, name), join(sources, name), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules')), join(sources, 'node_modules'));
    const packed = await succeed('npm', ['pack', '--json', '--pack-destination', folder], sources);
    const [content] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[];
    files = content!.files.map((file) => file.path);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"private": true, "type": "module"}');
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    await succeed('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, archive)], project);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('holds the program and its papers, and no sources', () => {
    for (const wanted of ['bin/k7s', 'dist/k7s.js', 'dist/index.js', 'dist/types/index.d.ts', 'README.md', 'LICENSE', 'package.json']) assert.ok(files.includes(wanted), wanted);
    const stray = files.filter((file) => !/^(bin\/|dist\/(?:[\w-]+\.js$|[\w.-]+\.txt$|chunks\/|types\/)|node_modules\/(?:koffi|@koromix)\/|README\.md$|LICENSE$|package\.json$)/.test(file));
    assert.deepEqual(stray, []);
  });

  test('its program runs', async () => {
    const k7s = join(project, 'node_modules/.bin/k7s');
    assert.ok(existsSync(k7s));
    assert.match((await succeed(k7s, ['version'], project)).stdout, /^k7s version: v\d+\.\d+\.\d+\n$/);
    assert.equal((await runProgram(k7s, ['status'], { cwd: project, env })).code, 85);
  });

  test('its library gives a cluster', async () => {
    const script = `
      import { startCluster } from 'k7s';
      const cluster = await startCluster();
      const response = await fetch(cluster.url + '/version').catch((error) => error.cause.code);
      console.log(cluster.kubeconfig.includes('certificate-authority-data'), response);
      await cluster.stop();`;
    writeFileSync(join(project, 'try.js'), script);
    // Node's own fetch does not know the cluster's authority, and says so.
    assert.match((await succeed(process.execPath, ['try.js'], project)).stdout, /^true (?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\n$/);
  });
});
