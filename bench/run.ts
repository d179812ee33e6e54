/** `npm run bench [-- --quick]`: every figure, as JSON on standard output. */
import { cpus } from 'node:os';
import { benchCluster } from './cluster.ts';
import { benchCadvisor } from './cadvisor.ts';
import { benchCodec } from './codec.ts';
import { benchLoad } from './load.ts';
import { benchMetricsServer } from './metrics-server.ts';
import { benchStore } from './store.ts';

const quick = process.argv.includes('--quick');
const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
const figures = { machine, store: await benchStore({ seconds: quick ? 0.5 : 2 }), codecMicroseconds: benchCodec(), server: await benchLoad({ quick }), cluster: await benchCluster({ quick }), cadvisor: await benchCadvisor({ cgroups: 100, seconds: quick ? 20 : 60 }), metricsServer: await benchMetricsServer(quick ? { nodes: 500, rounds: 1 } : { nodes: 5000, rounds: 4 }) };
process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
