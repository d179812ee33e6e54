/** What the history of a large cluster costs: an hour of rounds over nodes and pods of one container. Arguments: nodes budget (bytes). */
import { History } from '../src/metrics/history/history.ts';
import { podName, podsPerNode } from './kubelets.ts';

export function benchHistory(options: { readonly nodes: number; readonly maxBytes: number }): unknown {
  const history = new History({ spanMs: 3_600_000, stepMs: 15_000, maxBytes: options.maxBytes });
  const memory = (): number => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = memory();
  const cpuBefore = process.cpuUsage();
  const start = 1_800_000_000_000;
  let [rounds, longest] = [0, 0];
  for (let t = 0; t < 3_600_000; t += 15_000, rounds++) {
    const began = performance.now();
    history.record(start + t, (to) => {
      for (let node = 0; node < options.nodes; node++) {
        to.node(`node-${node}`, 5e8, 2 ** 32);
        // Names are new strings in every round, as they are where answers are read.
        for (let pod = 0; pod < podsPerNode; pod++) to.container(`bench/${podName(node, pod)}`, 'main', (pod + rounds) * 1e5, (20 + pod) * 2 ** 20);
      }
    });
    longest = Math.max(longest, performance.now() - began);
  }
  const used = process.cpuUsage(cpuBefore);
  const bytes = memory() - before;
  return {
    nodes: options.nodes, pods: options.nodes * podsPerNode, budgetMib: options.maxBytes / 2 ** 20, measuredMib: Math.round(bytes / 2 ** 20), estimatedMib: Math.round(history.bytes / 2 ** 20),
    bytesPerSeries: Math.round(bytes / history.series), points: history.points, stepSeconds: history.stepMs / 1000, refused: history.refused, cpuMsPerRound: Math.round((used.user + used.system) / 1000 / rounds), longestRoundMs: Math.round(longest),
  };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(benchHistory({ nodes: Number(process.argv[2] ?? 5000), maxBytes: Number(process.argv[3] ?? 48 * 2 ** 20) }))}\n`);
