/** Nodes on a real machine: made twice, running containers, killed, and gone without a trace. Needs root and containerd. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock as clock } from '../../src/base/clock.ts';
import { findProgram, run } from '../../src/base/command.ts';
import { containerdSocket, sweepShims } from '../../src/cluster/machine/containerd.ts';
import { addonImage, addonPaths } from '../../src/cluster/machine/images/addon.ts';
import { busyboxImage } from '../../src/cluster/machine/images/busybox.ts';
import { ensureImages, listImages, loadImageFile } from '../../src/cluster/machine/images/load.ts';
import { pauseImage, pauseImageName } from '../../src/cluster/machine/images/pause.ts';
import { destroyMachine, inspectLeftovers, isClean } from '../../src/cluster/machine/leftovers.ts';
import { ensureNetwork } from '../../src/cluster/machine/network.ts';
import { destroyNode, enterNode, ensureNode, type MachineNode } from '../../src/cluster/machine/node.ts';
import type { Profile } from '../../src/cluster/machine/profile.ts';
import { needs, startContainerd } from '../machine.ts';

const skip = needs('containerd', 'runc', 'nft');

async function withProfile(name: string, body: (profile: Profile) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `k7s-${name}-`));
  const profile = { name, directory };
  try {
    await body(profile);
  } finally {
    await destroyMachine(profile, { clock, data: true });
    rmSync(directory, { recursive: true });
  }
}

test('two nodes and the host reach one another, and a second call changes nothing', { skip }, async () => {
  await withProfile('two', async (profile) => {
    const network = await ensureNetwork(profile);
    assert.deepEqual(await ensureNetwork(profile), network);
    const nodes: MachineNode[] = [];
    for (const index of [0, 1]) nodes.push(await ensureNode(profile, { name: `n${index}`, index, network }));
    assert.deepEqual(await ensureNode(profile, { name: 'n0', index: 0, network }), nodes[0]);
    assert.equal((await run([...enterNode(nodes[1]!), '/bin/uname', '-n'])).trim(), 'n1');
    const script = `exec 3<>/dev/udp/${nodes[1]!.address}/9; ip neigh get ${nodes[1]!.address} dev eth0 >/dev/null 2>&1; echo x >&3; for i in 1 2 3 4 5 6 7 8 9 10; do ip neigh show ${nodes[1]!.address} | grep -q lladdr && exit 0; sleep 0.1; done; exit 1`;
    await run([...enterNode(nodes[0]!), '/bin/bash', '-c', script]);

    // A profile beside it gets a network of its own, and its end leaves this one alone.
    await withProfile('beside', async (other) => {
      const second = await ensureNetwork(other);
      assert.notEqual(second.subnet, network.subnet);
      assert.notEqual(second.clusterCIDR, network.clusterCIDR);
      await ensureNode(other, { name: 'n0', index: 0, network: second });
    });
    await run([...enterNode(nodes[0]!), '/bin/true']);
    await destroyNode(profile, 'n0', { clock });
    assert.ok(existsSync(nodes[0]!.directory));
    await run([...enterNode(nodes[1]!), '/bin/true']);
    await destroyMachine(profile, { clock, data: true });
    assert.ok(isClean(await inspectLeftovers(profile)), JSON.stringify(await inspectLeftovers(profile)));
  });
});

test('containerd runs images made here, and killing everything leaves nothing behind', { skip }, async () => {
  await withProfile('run', async (profile) => {
    const network = await ensureNetwork(profile);
    const node = await ensureNode(profile, { name: 'n0', index: 0, network });
    const pid = await startContainerd(node);
    const target = { socket: containerdSocket(node), scratch: node.directory };
    const addon = await addonImage('0.0.0-test');
    await ensureImages(target, [pauseImage(), addon]);
    await ensureImages(target, [pauseImage(), addon]);
    assert.equal((await listImages(target)).get(pauseImageName), pauseImage().digest);
    const ctr = [...enterNode(node), findProgram('ctr')!, '--address', target.socket, '--namespace', 'k8s.io'];
    const runArguments = ['run', '--runc-root', `${node.runDirectory}/runc`];

    const mount = `type=bind,src=${process.execPath},dst=${addonPaths.node},options=rbind:ro`;
    const version = await run([...ctr, ...runArguments, '--rm', '--cgroup', `${node.cgroup}/a`, '--mount', mount, addon.names[0]!, 'a', addonPaths.node, '--version']);
    assert.equal(version.trim(), process.version);

    const busybox = await busyboxImage(['docker.io/library/local:dev']);
    assert.ok(busybox || process.env['CI'] !== 'true', 'busybox-static is missing');
    if (busybox) {
      const file = join(node.directory, 'image.tar');
      await import('node:fs/promises').then((fs) => fs.writeFile(file, busybox.archive));
      assert.deepEqual(await loadImageFile(target, file), ['docker.io/library/local:dev']);
    }

    await run([...ctr, ...runArguments, '--detach', '--cgroup', `${node.cgroup}/b`, pauseImageName, 'b']);
    // The pause program ends on SIGTERM although it is the first process of its pid namespace.
    await run([...ctr, ...runArguments, '--detach', '--cgroup', `${node.cgroup}/c`, pauseImageName, 'c']);
    await run([...ctr, 'task', 'kill', '--signal', 'SIGTERM', 'c']);
    const deadline = AbortSignal.timeout(10_000);
    while (!/^c .*STOPPED/m.test(await run([...ctr, 'task', 'list']))) await clock.sleep(20, deadline);

    assert.equal(await sweepShims(node), 0);
    process.kill(pid, 'SIGKILL');
    const before = await inspectLeftovers(profile);
    assert.ok(before.processes.some(({ command }) => command.includes('/pause')), 'the container goes on without its runtime');
    await destroyMachine(profile, { clock, data: true });
    const after = await inspectLeftovers(profile);
    assert.ok(isClean(after), JSON.stringify(after));
    assert.ok(!existsSync(node.directory));
    assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(profile.directory));
  });
});

test('where the host drops packets by policy, marked rules let nodes through, and go again', { skip: needs('nft', 'iptables') }, async () => {
  const machine = new URL('../../src/cluster/machine/', import.meta.url).href;
  // The host's own filter is not for tests: this one is that of a network namespace.
  const program = `
    import { ensureNetwork, destroyNetwork } from '${machine}network.ts';
    import { run } from '${machine}../../base/command.ts';
    const rules = () => run(['iptables', '-w', '-S']);
    for (const args of ['-P FORWARD DROP', '-P INPUT DROP', '-N DOCKER-USER', '-A FORWARD -j DOCKER-USER']) await run(['iptables', ...args.split(' ')]);
    const before = await rules();
    const profile = { name: 'filter', directory: '/nowhere' };
    await ensureNetwork(profile);
    await ensureNetwork(profile);
    const during = await rules();
    await destroyNetwork(profile);
    console.log(JSON.stringify({ added: during.split('\\n').filter((line) => !before.includes(line)), clean: (await rules()) === before }));
  `;
  const output = await run(['unshare', '--net', process.execPath, '--input-type=module', '--eval', program]);
  const { added, clean } = JSON.parse(output) as { added: string[]; clean: boolean };
  assert.deepEqual(added.map((line) => line.replace(/ -m comment.*$/, '')).toSorted(), ['-A DOCKER-USER -i k7s0', '-A DOCKER-USER -o k7s0', '-A INPUT -i k7s0']);
  assert.ok(clean);
});
