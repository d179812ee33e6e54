import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hierarchies } from './cgroup.ts';
import { inTheWay, nodeAddress } from './network.ts';
import { profileId, runDirectory } from './profile.ts';
import { resolverFile } from './resolver.ts';

test('what lies within a network is in its way, a wider route is not', () => {
  assert.ok(inTheWay('192.168.49.7', '192.168.49.0/24'));
  assert.ok(inTheWay('192.168.49.0/24', '192.168.49.0/24'));
  assert.ok(inTheWay('10.244.3.0/24', '10.244.0.0/16'));
  assert.ok(!inTheWay('192.168.48.0/24', '192.168.49.0/24'));
  assert.ok(!inTheWay('10.0.0.0/8', '10.244.0.0/16'));
});

test('node addresses follow the gateway', () => {
  const network = { bridge: 'k7s0', subnet: '192.168.49.0/24', gateway: '192.168.49.1', clusterCIDR: '10.244.0.0/16' };
  assert.equal(nodeAddress(network, 0), '192.168.49.2');
  assert.equal(nodeAddress(network, 3), '192.168.49.5');
  assert.throws(() => nodeAddress(network, 253), RangeError);
});

test('profiles of one name in two homes have different names on the machine', () => {
  const [a, b] = [{ name: 'k7s', directory: '/a' }, { name: 'k7s', directory: '/b' }];
  assert.notEqual(profileId(a), profileId(b));
  assert.notEqual(runDirectory(a), runDirectory(b));
  assert.equal(profileId(a), profileId({ name: 'k7s', directory: '/a/' }));
});

test('local stub resolvers are replaced by what is behind them', async () => {
  const files = new Map([
    ['/etc/resolv.conf', 'nameserver 127.0.0.53\noptions edns0\n'],
    ['/run/systemd/resolve/resolv.conf', '# upstream\nnameserver 10.0.0.2\nsearch corp.example\n'],
  ]);
  const read = (path: string) => Promise.resolve(files.get(path) ?? '');
  assert.equal(await resolverFile(read), 'search corp.example\nnameserver 10.0.0.2\n');
  files.delete('/run/systemd/resolve/resolv.conf');
  assert.match(await resolverFile(read), /^# no name server/);
});

test('cgroup hierarchies are read from mountinfo', () => {
  const hybrid = `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:32 / /elsewhere rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
  assert.deepEqual(hierarchies(hybrid).map((h) => [h.mountPoint, h.unified, h.controllers.join()]), [
    ['/sys/fs/cgroup/cpu,cpuacct', false, 'cpu,cpuacct'],
    ['/sys/fs/cgroup/memory', false, 'memory'],
    ['/sys/fs/cgroup/unified', true, ''],
  ]);
});
