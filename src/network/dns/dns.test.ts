import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import packet, { type Answer, type DecodedPacket, type Packet, type RecordType } from 'dns-packet';
import { silent } from '../../base/log.ts';
import { seededRandom } from '../../base/ids.ts';
import { systemClock } from '../../base/clock.ts';
import { namespaces, services } from '../../api/core/v1/index.ts';
import { endpointslices } from '../../api/discovery/v1/index.ts';
import { ObjectClient } from '../../../test/objectclient.ts';
import { runDns } from './dns.ts';
import { expandIPv6, parseQuery } from './wire.ts';

const objects = new ObjectClient();
const ending = new AbortController();
let running: Promise<void>;
let port = 0;
/** Stands for the outside: a name server with a few names, which counts what it is asked. */
const outside = createSocket('udp4');
let asked = 0;

function service(name: string, spec: object): void {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }, { name: 'dns', port: 53, protocol: 'UDP' }];
  objects.put(services, { metadata: { name, namespace: 'default' }, spec: { type: 'ClusterIP', ports, ...spec }, status: { loadBalancer: {} } });
}

function slice(name: string, endpoints: object[], addressType = 'IPv4'): void {
  objects.put(endpointslices, {
    metadata: { name: `${name}-${addressType}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType, endpoints, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  });
}

before(async () => {
  for (const name of ['default', 'kube-system']) objects.put(namespaces, { metadata: { name }, spec: {}, status: {} });
  service('web', { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20', 'fd00::20'] });
  service('db', { clusterIP: 'None', clusterIPs: ['None'] });
  slice('db', [
    { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.0.6'], conditions: { ready: true } },
    { addresses: ['10.244.0.7'], hostname: 'db-2', conditions: { ready: false } },
  ]);
  slice('db', [{ addresses: ['fd00:1::5'], hostname: 'db-0', conditions: { ready: true } }], 'IPv6');
  service('many', { clusterIP: 'None', clusterIPs: ['None'] });
  slice('many', Array.from({ length: 100 }, (_, i) => ({ addresses: [`10.244.1.${i}`], conditions: { ready: true } })));
  service('empty', { clusterIP: 'None', clusterIPs: ['None'] });
  service('elsewhere', { type: 'ExternalName', externalName: 'www.example.com', clusterIP: '', ports: [] });
  service('alias', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local', clusterIP: '', ports: [] });

  outside.on('message', (message, from) => {
    asked++;
    const query = packet.decode(message);
    const { name, type } = query.questions![0]!;
    const known = name.toLowerCase() === 'www.example.com' && type === 'A';
    const big = name === 'big.example.com';
    const answers: Answer[] = known ? [{ name, type: 'A', ttl: 60, data: '192.0.2.80' }] : big ? Array.from({ length: 60 }, (_, i) => ({ name, type: 'A', ttl: 60, data: `192.0.2.${i}` })) : [];
    outside.send(packet.encode({ type: 'response', id: query.id ?? 0, flags: packet.RECURSION_AVAILABLE | (known || big ? 0 : 3), questions: query.questions ?? [], answers }), from.port, from.address);
  });
  await new Promise<void>((resolve) => outside.bind(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => {
    running = runDns({
      client: objects.client, domain: 'cluster.local', listen: { host: '127.0.0.1', port: 0 },
      upstream: [{ host: '127.0.0.1', port: outside.address().port }], signal: ending.signal,
      surroundings: { clock: systemClock, random: seededRandom(1), log: silent },
      listening: (chosen) => {
        port = chosen;
        resolve();
      },
    });
  });
});

after(async () => {
  ending.abort();
  await running;
  outside.close();
});

function overUdp(message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.once('message', (answer) => {
      socket.close();
      resolve(answer);
    });
    socket.send(message, port, '127.0.0.1');
  });
}

function overTcp(message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      socket.destroy();
      resolve(received.subarray(2));
    });
    // In two pieces, as a stream may bring it.
    const framed = Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
    socket.write(framed.subarray(0, 5));
    socket.write(framed.subarray(5));
  });
}

type Asked = DecodedPacket & { rcode?: string };

async function ask(name: string, type: RecordType = 'A', options: { tcp?: boolean; edns?: number } = {}): Promise<Asked> {
  const query: Packet = {
    type: 'query', id: 4711, flags: packet.RECURSION_DESIRED, questions: [{ type, name }],
    ...(options.edns ? { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: options.edns, flags: 0, options: [] } as unknown as Answer] } : {}),
  };
  const answer = packet.decode(await (options.tcp ? overTcp : overUdp)(Buffer.from(packet.encode(query)))) as Asked;
  assert.equal(answer.id, 4711);
  assert.equal(answer.questions![0]!.name, name);
  return answer;
}

const data = (answers: readonly Answer[] | undefined): unknown[] => (answers ?? []).map((answer) => ('data' in answer ? answer.data : undefined)).toSorted();

const named: readonly (readonly [name: string, type: RecordType, rcode: string, expected: readonly unknown[]])[] = [
  ['web.default.svc.cluster.local', 'A', 'NOERROR', ['10.96.0.20']],
  ['WEB.Default.svc.CLUSTER.local', 'A', 'NOERROR', ['10.96.0.20']],
  ['web.default.svc.cluster.local', 'AAAA', 'NOERROR', ['fd00::20']],
  ['web.default.svc.cluster.local', 'TXT', 'NOERROR', []],
  ['other.default.svc.cluster.local', 'A', 'NXDOMAIN', []],
  ['web.nowhere.svc.cluster.local', 'A', 'NXDOMAIN', []],
  ['default.svc.cluster.local', 'A', 'NOERROR', []],
  ['nowhere.svc.cluster.local', 'A', 'NXDOMAIN', []],
  ['svc.cluster.local', 'A', 'NOERROR', []],
  ['cluster.local', 'NS', 'NOERROR', ['ns.dns.cluster.local']],
  ['dns-version.cluster.local', 'TXT', 'NOERROR', [[Buffer.from('1.1.0')]]],
  ['db.default.svc.cluster.local', 'A', 'NOERROR', ['10.244.0.5', '10.244.0.6']],
  ['db.default.svc.cluster.local', 'AAAA', 'NOERROR', ['fd00:1::5']],
  ['db-0.db.default.svc.cluster.local', 'A', 'NOERROR', ['10.244.0.5']],
  ['10-244-0-6.db.default.svc.cluster.local', 'A', 'NOERROR', ['10.244.0.6']],
  ['db-2.db.default.svc.cluster.local', 'A', 'NXDOMAIN', []],
  ['empty.default.svc.cluster.local', 'A', 'NXDOMAIN', []],
  ['20.0.96.10.in-addr.arpa', 'PTR', 'NOERROR', ['web.default.svc.cluster.local']],
  ['5.0.244.10.in-addr.arpa', 'PTR', 'NOERROR', ['db-0.db.default.svc.cluster.local']],
  ['0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa', 'PTR', 'NOERROR', ['web.default.svc.cluster.local']],
  ['10-1-2-3.default.pod.cluster.local', 'A', 'NOERROR', ['10.1.2.3']],
  ['fd00-1--5.default.pod.cluster.local', 'AAAA', 'NOERROR', ['fd00:1::5']],
  ['10-1-2-300.default.pod.cluster.local', 'A', 'NXDOMAIN', []],
  ['10-1-2-3.nowhere.pod.cluster.local', 'A', 'NXDOMAIN', []],
];

for (const [name, type, rcode, expected] of named) {
  test(`${name} ${type}: ${rcode} ${expected.map(String).join(' ')}`, async () => {
    const answer = await ask(name, type);
    assert.equal(answer.rcode, rcode);
    assert.deepEqual(data(answer.answers), expected);
    assert.ok(answer.flag_aa);
    if (expected.length === 0) assert.equal(answer.authorities![0]!.type, 'SOA');
    else assert.equal(answer.answers![0]!.name, name);
  });
}

test('SRV of a service port, and of the endpoints of a headless service', async () => {
  const plain = await ask('_http._tcp.web.default.svc.cluster.local', 'SRV');
  assert.deepEqual(data(plain.answers), [{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }]);
  assert.deepEqual(data(plain.additionals), ['10.96.0.20', 'fd00::20']);
  assert.equal((await ask('_http._udp.web.default.svc.cluster.local', 'SRV')).rcode, 'NXDOMAIN');
  assert.equal((await ask('web.default.svc.cluster.local', 'SRV')).answers!.length, 2);

  const headless = await ask('_http._tcp.db.default.svc.cluster.local', 'SRV');
  const targets = (data(headless.answers) as { port: number; target: string }[]).map(({ port: number, target }) => `${target}:${number}`).toSorted();
  assert.deepEqual(targets, ['10-244-0-6.db.default.svc.cluster.local:8080', 'db-0.db.default.svc.cluster.local:8080']);
});

test('an external name is an alias, followed inside and outside of the cluster', async () => {
  const out = await ask('elsewhere.default.svc.cluster.local');
  assert.deepEqual(out.answers!.map((answer) => [answer.type, 'data' in answer ? answer.data : '']), [['CNAME', 'www.example.com'], ['A', '192.0.2.80']]);
  const inside = await ask('alias.default.svc.cluster.local');
  assert.deepEqual(inside.answers!.map((answer) => answer.type), ['CNAME', 'A']);
  assert.deepEqual(data((await ask('elsewhere.default.svc.cluster.local', 'CNAME')).answers), ['www.example.com']);
});

test('other names are asked outside, once', async () => {
  assert.deepEqual(data((await ask('www.example.com')).answers), ['192.0.2.80']);
  const before = asked;
  const again = await ask('WWW.example.com');
  assert.deepEqual(data(again.answers), ['192.0.2.80']);
  assert.equal(asked, before);
  assert.equal((await ask('missing.example.com')).rcode, 'NXDOMAIN');
});

test('what does not fit into a datagram is cut, and whole over TCP', async () => {
  const cut = await ask('many.default.svc.cluster.local');
  assert.ok(cut.flag_tc);
  assert.ok(cut.answers!.length > 20 && cut.answers!.length < 100);
  const edns = await ask('many.default.svc.cluster.local', 'A', { edns: 1232 });
  assert.ok(edns.answers!.length > cut.answers!.length);
  assert.equal(edns.additionals!.at(-1)!.type, 'OPT');
  const whole = await ask('many.default.svc.cluster.local', 'A', { tcp: true });
  assert.ok(!whole.flag_tc);
  assert.equal(new Set(data(whole.answers)).size, 100);
  const forwarded = await ask('big.example.com');
  assert.ok(forwarded.flag_tc);
  assert.equal(forwarded.answers!.length, 0);
});

test('changes are seen', async () => {
  service('late', { clusterIP: '10.96.0.30', clusterIPs: ['10.96.0.30'] });
  const deadline = systemClock.monotonic() + 5000;
  while ((await ask('late.default.svc.cluster.local')).rcode !== 'NOERROR') assert.ok(systemClock.monotonic() < deadline);
  objects.remove(services, 'late', 'default');
  while ((await ask('late.default.svc.cluster.local')).rcode !== 'NXDOMAIN') assert.ok(systemClock.monotonic() < deadline);
});

test('broken messages get a format error or nothing, and do no harm', async () => {
  const broken = await overUdp(Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 70, 1]));
  assert.equal(broken.readUInt16BE(0), 0x0102);
  assert.equal(broken.readUInt16BE(2) & 15, 1);
  assert.throws(() => parseQuery(Buffer.alloc(5)), RangeError);
  assert.throws(() => parseQuery(Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])), RangeError);
  assert.equal((await ask('web.default.svc.cluster.local')).rcode, 'NOERROR');
});

test('IPv6 addresses are written out', () => {
  assert.deepEqual(expandIPv6('fd00::5'), [0xfd00, 0, 0, 0, 0, 0, 0, 5]);
  assert.deepEqual(expandIPv6('::'), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(expandIPv6('1:2:3:4:5:6:7:8'), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(expandIPv6('::ffff:1.2.3.4'), [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
});
