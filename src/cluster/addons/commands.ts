/** `k7s addons list|enable|disable`. */
import { clientFor } from '../connect.ts';
import type { Context } from '../context.ts';
import { withLock } from '../lock.ts';
import { boxedTable, CliError } from '../output.ts';
import { profilePaths, requireProfile, writeProfile, type ProfileConfig, type ProfilePaths } from '../profile.ts';
import { isRunning } from '../stop.ts';
import { applyAddon, environmentOf, removeAddon } from './apply.ts';
import { addons } from './index.ts';

export async function listAddons(flags: { profile: string }, context: Context): Promise<void> {
  const config = requireProfile(profilePaths(flags.profile));
  const rows = Object.entries(addons)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, addon]) => [name, flags.profile, config.addons.includes(name) ? 'enabled' : 'disabled', addon.description]);
  context.stdout.write(`${boxedTable(['ADDON NAME', 'PROFILE', 'STATUS', 'WHAT IT IS'], rows)}\n`);
}

export async function enableAddon(name: string, flags: { profile: string }, context: Context): Promise<void> {
  await change(name, flags.profile, 'enable', context, async (paths, config) => {
    await withClient(paths, config, context, (client) => applyAddon(name, environmentOf(paths, config), client));
    return [...config.addons.filter((other) => other !== name), name];
  });
  context.stdout.write(`* The '${name}' addon is enabled\n`);
}

export async function disableAddon(name: string, flags: { profile: string }, context: Context): Promise<void> {
  await change(name, flags.profile, 'disable', context, async (paths, config) => {
    await withClient(paths, config, context, (client) => removeAddon(name, environmentOf(paths, config), client));
    return config.addons.filter((other) => other !== name);
  });
  context.stdout.write(`* The '${name}' addon is disabled\n`);
}

async function change(name: string, profile: string, verb: string, context: Context, work: (paths: ProfilePaths, config: ProfileConfig) => Promise<string[]>): Promise<void> {
  if (!(name in addons)) throw new CliError(`there is no add-on "${name}"`, { mend: 'k7s addons list says which there are', exitCode: 64 });
  const paths = profilePaths(profile);
  const config = requireProfile(paths);
  if (config.runtime === 'simulated') throw new CliError(`the add-on "${name}" needs real containers`, { mend: 'This cluster has simulated nodes' });
  if (!isRunning(paths)) throw new CliError(`the cluster "${profile}" is not running`, { mend: `Start it with: k7s start -p ${profile}` });
  await withLock(paths, `addons ${verb} ${name}`, context.surroundings.clock, async () => {
    writeProfile(paths, { ...config, addons: await work(paths, config) });
  });
}

async function withClient(paths: ProfilePaths, config: ProfileConfig, { surroundings }: Context, work: (client: ReturnType<typeof clientFor>) => Promise<void>): Promise<void> {
  const client = clientFor(paths, config, surroundings);
  try {
    await work(client);
  } finally {
    client.close();
  }
}
