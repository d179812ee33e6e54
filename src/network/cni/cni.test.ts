import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Node } from '../../api/core/v1/types.ts';
import { writeCniConfig } from './config.ts';
import { podRoutes } from './routes.ts';

function node(name: string, podCIDRs: string[], addresses: string[]): Node {
  return {
    metadata: { name },
    spec: { podCIDRs, podCIDR: podCIDRs[0] },
    status: { addresses: [{ type: 'Hostname', address: name }, ...addresses.map((address) => ({ type: 'InternalIP', address }))] },
  } as Node;
}

test('routes lead to the pods of the other nodes, each family through its own address', () => {
  const nodes = [
    node('a', ['10.244.0.0/24'], ['192.168.49.2']),
    node('b', ['10.244.1.0/24', 'fd00:1::/64'], ['192.168.49.3', 'fd00::3']),
    node('c', [], ['192.168.49.4']),
  ];
  assert.deepEqual(podRoutes(nodes, 'a'), [
    { destination: '10.244.1.0/24', gateway: '192.168.49.3' },
    { destination: 'fd00:1::/64', gateway: 'fd00::3' },
  ]);
  assert.equal(podRoutes(nodes).length, 3);
});

test('the configuration is written once and again only when it changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-cni-'));
  try {
    const request = { podCIDRs: ['10.244.0.0/24'], dataDirectory: join(folder, 'data') };
    assert.equal(await writeCniConfig(join(folder, 'net.d'), request), true);
    assert.equal(await writeCniConfig(join(folder, 'net.d'), request), false);
    assert.equal(await writeCniConfig(join(folder, 'net.d'), { ...request, mtu: 1400 }), true);
    const config = JSON.parse(readFileSync(join(folder, 'net.d/10-k7s.conflist'), 'utf8'));
    assert.deepEqual(config.plugins[0].ipam.ranges, [[{ subnet: '10.244.0.0/24' }]]);
    assert.equal(config.plugins[0].mtu, 1400);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
