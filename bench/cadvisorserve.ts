/** The process that `cadvisor.ts` measures: `bare`, or `serve ROOT SECONDS`. It writes one line of JSON. */
import { residence } from './residence.ts';

const intervalMs = 10_000;

async function serve(root: string, seconds: number): Promise<object> {
  const { systemClock } = await import('../src/base/clock.ts');
  const { serveCadvisor } = await import('../src/cadvisor/rest/server.ts');
  const heapMib = (): number => {
    globalThis.gc?.();
    return Math.round((process.memoryUsage().heapUsed / 2 ** 20) * 10) / 10;
  };
  const loaded = residence();
  const stop = new AbortController();
  const { monitor } = await serveCadvisor({ port: 0, clock: systemClock, signal: stop.signal, intervalMs, cgroupRoot: root });
  const started = heapMib();
  await systemClock.sleep(intervalMs + 1000);
  const before = process.cpuUsage();
  await systemClock.sleep(seconds * 1000);
  const used = process.cpuUsage(before);
  const names = monitor.watchedNames();
  const serving = residence();
  // The whole history, which time would take ten minutes to fill.
  for (let i = 0; i < 60; i++) for (const name of names) monitor.read(name);
  const history = heapMib();
  stop.abort();
  return {
    watched: names.length, coreShare: (used.user + used.system) / 1e6 / seconds, loaded, serving, fullHistory: residence(),
    heapMib: { started, fullHistory: history },
  };
}

const [mode, root = '', seconds] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(mode === 'serve' ? await serve(root, Number(seconds)) : residence())}\n`);
