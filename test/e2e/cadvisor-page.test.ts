/** cAdvisor's page in a real browser: live charts, and the numbers of a cgroup that this test made. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium, type Browser } from 'playwright-core';
import { systemClock } from '../../src/base/clock.ts';
import { serveCadvisor } from '../../src/cadvisor/rest/server.ts';
import { eventually } from './profile.ts';

const executablePath = '/usr/bin/chromium';
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

function whyNot(): string | false {
  if (process.env['CI'] === 'true') return false;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'making a cgroup needs Linux and root';
  return existsSync(executablePath) ? false : 'chromium is not installed';
}

const v1 = existsSync('/sys/fs/cgroup/memory/memory.stat');
const name = `/k7s-page-${process.pid}`;
const roots = v1 ? ['memory', 'cpuacct', 'cpu', 'pids'].map((c) => join('/sys/fs/cgroup', c)) : ['/sys/fs/cgroup'];

describe('the page of cAdvisor', { skip: whyNot() }, () => {
  const stop = new AbortController();
  let browser: Browser;
  let worker: ChildProcess;
  let url = '';

  before(async () => {
    for (const root of roots) mkdirSync(join(root, name), { recursive: true });
    // Half a core and 40 MiB.
    worker = spawn(process.execPath, ['-e', 'process.stdin.once("data", () => { globalThis.held = Buffer.alloc(40 << 20, 1); setInterval(() => { const end = performance.now() + 50; while (performance.now() < end); }, 100); }).resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    for (const root of roots) writeFileSync(join(root, name, 'cgroup.procs'), String(worker.pid));
    worker.stdin!.write('go\n');
    const { port } = await serveCadvisor({ port: 0, clock: systemClock, signal: stop.signal, intervalMs: 1000 });
    url = `http://127.0.0.1:${port}`;
    browser = await chromium.launch({ executablePath, args });
  });
  after(async () => {
    await browser?.close();
    stop.abort();
    worker?.kill('SIGKILL');
    if (worker && worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    // The kernel lets a cgroup go a moment after its last process.
    for (const root of roots) await eventually('the cgroup is removed', async () => spawnSync('rmdir', [join(root, name)]).status === 0 || !existsSync(join(root, name)), 10);
  });

  test('charts of CPU and memory are drawn, move by themselves, and end at what the cgroup files say', async () => {
    const page = await browser.newPage({ viewport: { width: 900, height: 1000 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${url}/containers${name}`);
    await page.waitForSelector('#cpu polyline');
    const points = (): Promise<number> => page.$eval('#memory polyline', (line) => line.getAttribute('points')!.split(' ').length);
    const first = await points();
    await eventually('more points without a reload', async () => (await points()) >= Math.max(first + 3, 8), 30);
    assert.equal(await page.textContent('#name'), name);
    assert.equal(await page.locator('#cpu polyline').count(), 3);
    assert.equal(await page.locator('#memory polyline').count(), 4);
    const file = join(roots[0]!, name, v1 ? 'memory.usage_in_bytes' : 'memory.current');
    const legend = (await page.textContent('#memory .legend'))!;
    const [, shown, unit] = /usage: ([\d.]+) (MiB|GiB)/.exec(legend)!;
    const usage = Number(readFileSync(file, 'utf8')) / 2 ** 20;
    assert.equal(unit, 'MiB');
    assert.ok(usage > 40 && Math.abs(Number(shown) - usage) <= 0.05 * usage, `${legend}, read ${usage}`);
    const cores = Number(/total: ([\d.]+)/.exec((await page.textContent('#cpu .legend'))!)![1]);
    assert.ok(cores > 0.1 && cores < 1.1, `${cores} cores`);
    assert.deepEqual(errors, []);
    if (process.env['K7S_SCREENSHOTS']) await page.screenshot({ path: join(process.env['K7S_SCREENSHOTS'], 'cadvisor.png') });
  });

  test('the root page leads to every cgroup below, and a cgroup that is gone is said to be', async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.click(`a[href="/containers${name}"]`);
    await page.waitForSelector(`#name:text-is("${name}")`);
    await page.goto(`${url}/containers/nothing-here`);
    await page.waitForSelector('#state:has-text("unknown container")');
  });
});
