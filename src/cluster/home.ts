import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where all state of k7s lives: K7S_HOME, else ~/.k7s. */
export function k7sHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['K7S_HOME'] || join(homedir(), '.k7s'));
}
