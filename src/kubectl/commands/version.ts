/** `kubectl version`. */
import type { JsonObject } from '../../machinery/json.ts';
import { dumpYaml } from '../../machinery/yaml.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { prettyJson } from '../printers/output.ts';

/** The API level that this kubectl speaks. */
const clientVersion = { major: '1', minor: '34', gitVersion: 'v1.34.0', platform: 'linux/amd64' };
const kustomizeVersion = 'v5.7.1';

export const version: Command = {
  name: 'version',
  use: 'version [flags]',
  short: 'Print the client and server version information',
  flags: {
    client: { type: 'bool', help: 'If true, shows client version only (no server required).' },
    output: { type: 'string', short: 'o', help: "One of 'yaml' or 'json'." },
  },
  run: async (session, args) => {
    if (args.length) throw new CommandError(`extra arguments: [${args.join(' ')}]`);
    const output = session.flags.text('output');
    if (output && output !== 'json' && output !== 'yaml') throw new CommandError("--output must be 'yaml' or 'json'");
    let server: JsonObject | undefined;
    let failure: unknown;
    if (!session.flags.flag('client')) {
      try {
        server = await session.json('/version');
      } catch (error) {
        failure = error;
      }
    }
    const all: JsonObject = { clientVersion, kustomizeVersion, ...(server ? { serverVersion: server } : {}) };
    if (output === 'json') session.out(`${prettyJson(all).replace(/^( +)/gm, (m) => m.slice(m.length / 2))}\n`);
    else if (output === 'yaml') session.out(dumpYaml(all));
    else {
      session.line(`Client Version: ${clientVersion.gitVersion}`);
      session.line(`Kustomize Version: ${kustomizeVersion}`);
      if (server) session.line(`Server Version: ${String(server['gitVersion'])}`);
    }
    if (failure !== undefined) throw failure;
  },
};
