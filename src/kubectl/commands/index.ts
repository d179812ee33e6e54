/** All commands, in the order of the overview. */
import type { Command } from '../command.ts';
import { connectionFlags } from '../kubeconfig/connection.ts';
import { flagHelp } from '../flags.ts';
import { top } from '../top/top.ts';
import { apply } from './apply.ts';
import { apiResources, apiVersions, auth, clusterInfo } from './cluster.ts';
import { config } from './config.ts';
import { cp } from './cp.ts';
import { create } from './create.ts';
import { deleteCommand } from './delete.ts';
import { attach, exec } from './exec.ts';
import { expose } from './expose.ts';
import { get } from './get.ts';
import { logs } from './logs.ts';
import { annotate, label, patch } from './metadata.ts';
import { portForward } from './portforward.ts';
import { replace } from './replace.ts';
import { run } from './run.ts';
import { scale } from './scale.ts';
import { version } from './version.ts';
import { rollout, wait } from './wait.ts';

const options: Command = {
  name: 'options',
  use: 'options',
  short: 'List of global command-line options (applies to all commands)',
  run: async (session) => session.out(`The following options can be passed to any command:\n\n${flagHelp(connectionFlags)}`),
};

export const commands: readonly Command[] = [
  create, expose, run, get, deleteCommand, rollout, scale, clusterInfo, top, logs, attach, exec, portForward, cp, auth, apply, patch, replace, wait, label, annotate, apiResources, apiVersions, config, version, options,
];
