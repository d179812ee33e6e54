/** `npm run bench [-- --quick] [--upstream URL --upstream-token T --upstream-pids apiserver=1,etcd=2]`: every figure, as JSON on standard output. */
import { cpus } from 'node:os';
import { benchCluster } from './cluster.ts';
import { benchCadvisor } from './cadvisor.ts';
import { benchCodec } from './codec.ts';
import { benchInterference } from './interference.ts';
import { benchLoad } from './load.ts';
import { benchMetricsServer } from './metrics-server.ts';
import { benchPipeline } from './pipeline.ts';
import { benchScale } from './scale.ts';
import { benchStore } from './store.ts';
import { startTarget, upstreamFromArguments } from './target.ts';

const quick = process.argv.includes('--quick');
const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
const started = await startTarget();
const server = await benchLoad(started, { quick });
const interference = await benchInterference(started, { quick });
await started.stop();
const upstream = upstreamFromArguments(process.argv);
const ofUpstream = upstream && { server: await benchLoad(upstream, { quick }), interference: await benchInterference(upstream, { quick }) };
const empty = await startTarget();
const scale = await benchScale(empty, { quick });
await empty.stop();
const figures = {
  machine, store: await benchStore({ seconds: quick ? 0.5 : 2 }), codecMicroseconds: benchCodec(), pipelineMicroseconds: await benchPipeline({ quick }),
  server, interference, scale, ...(ofUpstream ? { upstream: ofUpstream } : {}),
  cluster: await benchCluster({ quick }), cadvisor: await benchCadvisor({ cgroups: 100, seconds: quick ? 20 : 60 }), metricsServer: await benchMetricsServer(quick ? { nodes: 500, rounds: 1, resolutionSeconds: 15 } : { nodes: 5000, rounds: 4, resolutionSeconds: 15 }),
};
process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
