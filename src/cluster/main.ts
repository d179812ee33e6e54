/** The program `k7s`. Nothing but the compile cache is set up before the real program is loaded, so that loading profits from it. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { k7sHome } from './home.ts';

enableCompileCache(join(k7sHome(), 'cache'));
const { main } = await import('./cli.ts');
process.exitCode = await main(process.argv.slice(2));
