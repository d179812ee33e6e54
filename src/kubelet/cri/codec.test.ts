import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CriCodec } from './codec.ts';

const codec = new CriCodec();

test('what is written is read back, with every zero filled in', () => {
  const config = {
    metadata: { name: 'web', uid: 'u', namespace: 'default', attempt: 3 },
    labels: { a: '1', b: '' }, portMappings: [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '' }],
    linux: { cgroupParent: '/k7s/pod', securityContext: { namespaceOptions: { network: 'NODE', pid: 'CONTAINER' }, runAsUser: { value: 0 }, supplementalGroups: [0, 1000] } },
  };
  const back = codec.decode('PodSandboxConfig', codec.encode('PodSandboxConfig', config));
  assert.deepEqual(back['metadata'], config.metadata);
  assert.deepEqual(back['labels'], config.labels);
  assert.deepEqual(back['portMappings'], config.portMappings);
  const linux = back['linux'] as typeof config.linux & { sysctls: object };
  assert.deepEqual(linux.sysctls, {});
  assert.deepEqual(linux.securityContext.supplementalGroups, [0, 1000]);
  assert.deepEqual(linux.securityContext.runAsUser, { value: 0 });
  assert.equal(linux.securityContext.namespaceOptions.network, 'NODE');
  assert.equal(back['hostname'], '');
  assert.equal(back['dnsConfig'], undefined);
});

test('negative numbers, large numbers and the first value of an enumeration survive', () => {
  const resources = { cpuPeriod: 100_000, oomScoreAdj: -997, memoryLimitInBytes: 2 ** 40 };
  const back = codec.decode('LinuxContainerResources', codec.encode('LinuxContainerResources', resources));
  assert.equal(back['oomScoreAdj'], -997);
  assert.equal(back['memoryLimitInBytes'], 2 ** 40);
  assert.equal(codec.decode('PodSandboxStatus', new Uint8Array())['state'], 'SANDBOX_READY');
  const createdAt = 2 ** 60;
  assert.equal(codec.decode('ContainerStatus', codec.encode('ContainerStatus', { createdAt }))['createdAt'], createdAt);
});

test('fields of a newer runtime are passed over, broken bytes are refused', () => {
  const newer = Buffer.concat([codec.encode('PodIP', { ip: '10.0.0.1' }), Buffer.from([0xfa, 0x07, 0x02, 0x68, 0x69, 0x98, 0x06, 0x01])]);
  assert.deepEqual(codec.decode('PodIP', newer), { ip: '10.0.0.1' });
  assert.throws(() => codec.decode('PodIP', Buffer.from([0x0a, 0x20, 0x31])), /truncated/);
  assert.throws(() => codec.encode('PodSandboxStateValue', { state: 'SANDBOX_ASLEEP' }), /no value SANDBOX_ASLEEP/);
});
