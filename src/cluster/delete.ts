/** `k7s delete`: takes away everything that a cluster has on this machine, whatever state it is in. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Context } from './context.ts';
import { removeUnusedBuilds } from './installation.ts';
import { removeFromKubeconfig } from './kubeconfig.ts';
import { withLock } from './lock.ts';
import { destroyMachine, inspectLeftovers, isClean } from './machine/leftovers.ts';
import { CliError, progress, type Progress } from './output.ts';
import { readParts } from './parts.ts';
import { listProfiles, profilePaths, type ProfilePaths } from './profile.ts';
import { endParts } from './supervisor.ts';

export async function deleteProfile(flags: { profile: string; all?: boolean }, context: Context): Promise<void> {
  const report = progress(context, context.surroundings.clock);
  const names = flags.all ? listProfiles() : [flags.profile];
  for (const name of names) await deleteOne(profilePaths(name), report, context);
  if (names.length === 0) report.say('There is no cluster to delete');
}

async function deleteOne(paths: ProfilePaths, report: Progress, context: Context): Promise<void> {
  const { clock } = context.surroundings;
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  const known = existsSync(paths.directory);
  if (!known && !(isRoot && !isClean(await inspectLeftovers(paths)))) {
    await removeFromKubeconfig(paths.name, clock);
    removeUnusedBuilds(undefined);
    report.say(`The profile "${paths.name}" does not exist; nothing is left of it`);
    return;
  }
  await withLock(paths, 'delete', clock, () =>
    report.step(`Deleting "${paths.name}"`, async () => {
      if (known) writeFileSync(paths.deleting, '');
      const parts = readParts(paths);
      if (parts) {
        await endParts([parts.supervisor], clock);
        // Nothing of it is to be kept: no time to say goodbye.
        await endParts(parts.supervised, clock, { graceMs: 200 });
      }
      if (isRoot) await destroyMachine(paths, { clock, data: true });
      else if (existsSync(paths.machine) && parts?.supervised.some((part) => part.name.startsWith('agent-'))) {
        throw new CliError(`the cluster "${paths.name}" has real containers`, { mend: 'Delete it as root' });
      }
      await removeFromKubeconfig(paths.name, clock);
      rmSync(paths.directory, { recursive: true, force: true, maxRetries: 3 });
      if (isRoot) await complainOfLeftovers(paths);
    }),
  );
  removeUnusedBuilds(undefined);
  report.say(`Removed all traces of the "${paths.name}" cluster.`);
}

async function complainOfLeftovers(paths: ProfilePaths): Promise<void> {
  const left = await inspectLeftovers(paths);
  if (isClean(left)) return;
  const list = Object.entries(left).filter(([, found]) => (found as readonly unknown[]).length > 0).map(([kind, found]) => `${kind} ${JSON.stringify(found)}`);
  throw new CliError(`could not remove ${list.join(', ')}`, { mend: `Run k7s delete -p ${paths.name} again` });
}
