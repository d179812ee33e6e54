/** `npm run bench [-- --quick]`: every figure, as JSON on standard output. */
import { cpus } from 'node:os';
import { benchCluster } from './cluster.ts';
import { benchCodec } from './codec.ts';
import { benchLoad } from './load.ts';
import { benchStore } from './store.ts';

const quick = process.argv.includes('--quick');
const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model };
const figures = { machine, store: await benchStore({ seconds: quick ? 0.5 : 2 }), codecMicroseconds: benchCodec(), server: await benchLoad({ quick }), cluster: await benchCluster({ quick }) };
process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
