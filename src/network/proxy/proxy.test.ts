import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/types.ts';
import type { ObjectMeta } from '../../api/meta/v1/types.ts';
import type { Service, ServiceSpec } from '../../api/core/v1/types.ts';
import { contradictingFlows, staleFlows } from './conntrack.ts';
import { portRules, type NodeContext } from './model.ts';
import { compileService, type Fragment } from './rules.ts';
import { ProxyTable } from './table.ts';

const context: NodeContext = { nodeName: 'here', family: 'ip' };
const clusterCIDR = '10.244.0.0/16';

function meta(name: string): ObjectMeta {
  return { name, namespace: 'default' } as ObjectMeta;
}

function service(spec: Partial<ServiceSpec> = {}, status?: Service['status']): Service {
  return {
    metadata: meta('web'),
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
    status: status ?? { loadBalancer: {} },
  };
}

interface EndpointOptions extends Partial<Endpoint> {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

function endpoint(ip: string, nodeName: string, { ready = true, serving = ready, terminating = false, ...rest }: EndpointOptions = {}): Endpoint {
  return { addresses: [ip], nodeName, conditions: { ready, serving, terminating }, ...rest };
}

function slice(endpoints: Endpoint[], ports: EndpointSlice['ports'] = [{ name: 'http', port: 8080, protocol: 'TCP' }]): EndpointSlice {
  return { metadata: meta('web-1'), addressType: 'IPv4', endpoints, ports };
}

function compile(of: Service, endpoints: Endpoint[], on: NodeContext = context, ports?: EndpointSlice['ports']): Fragment {
  return compileService(portRules(of, [slice(endpoints, ports)], on), on.family, clusterCIDR);
}

/** Chains by their kind, elements as text. */
function shown(fragment: Fragment): { chains: Record<string, readonly string[]>; elements: string[] } {
  const kind = (name: string): string => name.replace(/-[0-9A-F]{8}-\S*/, '');
  const shorten = (rule: string): string => rule.replaceAll(/(service|local|external|firewall|endpoint|affinity)-[0-9A-F]{8}-[^\s,]*/g, '$1');
  return {
    chains: Object.fromEntries([...fragment.chains].map(([name, rules]) => [kind(name), rules.map(shorten)])),
    elements: fragment.elements.map(({ container, key, value }) => `${container}: ${key}${value ? ` -> ${shorten(value)}` : ''}`),
  };
}

const outside = `ip daddr 10.96.0.20 ip saddr != ${clusterCIDR} jump mark-for-masquerade`;

interface Case {
  readonly name: string;
  readonly service: Service;
  readonly endpoints: Endpoint[];
  readonly context?: NodeContext;
  readonly chains: Record<string, readonly string[]>;
  readonly elements: readonly string[];
}

const both = [endpoint('10.244.0.5', 'here'), endpoint('10.244.1.6', 'there')];
const balanced = 'meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.1.6 . 8080 }';
const hairpin = 'hairpin: 10.244.0.5 . 10.244.0.5';

const cases: Case[] = [
  {
    name: 'a cluster IP is balanced over all ready endpoints',
    service: service(),
    endpoints: [...both, endpoint('10.244.1.7', 'there', { ready: false })],
    chains: { service: [outside, balanced] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service', hairpin],
  },
  {
    name: 'without any endpoint it refuses',
    service: service(),
    endpoints: [],
    chains: {},
    elements: ['cluster-ips: 10.96.0.20', 'no-endpoint-services: 10.96.0.20 . tcp . 80 -> goto reject-chain'],
  },
  {
    name: 'endpoints that are ending serve while there is no other',
    service: service(),
    endpoints: [endpoint('10.244.1.6', 'there', { ready: false, serving: true, terminating: true }), endpoint('10.244.1.7', 'there', { ready: false })],
    chains: { service: [outside, 'meta l4proto tcp dnat ip to 10.244.1.6:8080'] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service'],
  },
  {
    name: 'internalTrafficPolicy Local keeps to this node',
    service: service({ internalTrafficPolicy: 'Local' }),
    endpoints: both,
    chains: { local: [outside, 'meta l4proto tcp dnat ip to 10.244.0.5:8080'] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto local', hairpin],
  },
  {
    name: 'internalTrafficPolicy Local drops when the endpoints are elsewhere',
    service: service({ internalTrafficPolicy: 'Local' }),
    endpoints: [both[1]!],
    chains: {},
    elements: ['cluster-ips: 10.96.0.20', 'no-endpoint-services: 10.96.0.20 . tcp . 80 -> drop'],
  },
  {
    name: 'a node port masquerades and goes anywhere',
    service: service({ type: 'NodePort', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }] }),
    endpoints: both,
    chains: { service: [outside, balanced], external: ['jump mark-for-masquerade', 'goto service'] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service', 'service-nodeports: tcp . 30080 -> goto external', hairpin],
  },
  {
    name: 'externalTrafficPolicy Local keeps the source of outside traffic, and lets insiders go anywhere',
    service: service({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }] }),
    endpoints: both,
    chains: {
      service: [outside, balanced],
      local: [outside, 'meta l4proto tcp dnat ip to 10.244.0.5:8080'],
      external: [`ip saddr ${clusterCIDR} goto service`, 'fib saddr type local jump mark-for-masquerade', 'fib saddr type local goto service', 'goto local'],
    },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service', 'service-nodeports: tcp . 30080 -> goto external', hairpin],
  },
  {
    name: 'externalTrafficPolicy Local drops outside traffic when the endpoints are elsewhere',
    service: service({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }] }),
    endpoints: [both[1]!],
    chains: {
      service: [outside, 'meta l4proto tcp dnat ip to 10.244.1.6:8080'],
      external: [`ip saddr ${clusterCIDR} goto service`, 'fib saddr type local jump mark-for-masquerade', 'fib saddr type local goto service'],
    },
    elements: [
      'cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service',
      'service-nodeports: tcp . 30080 -> goto external', 'no-endpoint-nodeports: tcp . 30080 -> drop',
    ],
  },
  {
    name: 'load balancer and external addresses, with allowed sources; addresses of proxying load balancers do not count',
    service: service(
      { type: 'LoadBalancer', externalIPs: ['203.0.113.9'], loadBalancerSourceRanges: ['198.51.100.0/24'] },
      { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }, { ip: '203.0.113.2', ipMode: 'Proxy' }] } },
    ),
    endpoints: [both[1]!],
    chains: {
      service: [outside, 'meta l4proto tcp dnat ip to 10.244.1.6:8080'],
      external: ['jump mark-for-masquerade', 'goto service'],
      firewall: ['ip saddr != { 198.51.100.0/24 } drop'],
    },
    elements: [
      'cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service',
      'service-ips: 203.0.113.9 . tcp . 80 -> goto external', 'service-ips: 203.0.113.1 . tcp . 80 -> goto external',
      'firewall-ips: 203.0.113.1 . tcp . 80 -> goto firewall',
    ],
  },
  {
    name: 'hints keep traffic in the zone, when all endpoints have them',
    service: service(),
    endpoints: [endpoint('10.244.0.5', 'here', { hints: { forZones: [{ name: 'a' }] } }), endpoint('10.244.1.6', 'there', { hints: { forZones: [{ name: 'b' }] } })],
    context: { ...context, zone: 'b' },
    chains: { service: [outside, 'meta l4proto tcp dnat ip to 10.244.1.6:8080'] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service'],
  },
  {
    name: 'hints for this node go first',
    service: service(),
    endpoints: both.map((one) => ({ ...one, hints: { forNodes: [{ name: one.nodeName! }] } })),
    chains: { service: [outside, 'meta l4proto tcp dnat ip to 10.244.0.5:8080'] },
    elements: ['cluster-ips: 10.96.0.20', 'service-ips: 10.96.0.20 . tcp . 80 -> goto service', hairpin],
  },
  { name: 'headless services have no rules', service: service({ clusterIP: 'None', clusterIPs: ['None'] }), endpoints: both, chains: {}, elements: [] },
];

for (const { name, chains, elements, ...given } of cases) {
  test(name, () => {
    const fragment = shown(compile(given.service, given.endpoints, given.context));
    assert.deepEqual(fragment.chains, chains);
    assert.deepEqual(fragment.elements.toSorted(), [...elements].toSorted());
  });
}

test('session affinity remembers the client at each endpoint', () => {
  const fragment = compile(service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }), both);
  assert.deepEqual([...fragment.sets.values()], Array(2).fill('type ipv4_addr ; flags dynamic,timeout ; timeout 60s ;'));
  assert.deepEqual(shown(fragment).chains['service'], [
    outside, 'ip saddr @affinity goto endpoint', 'ip saddr @affinity goto endpoint', 'numgen random mod 2 vmap { 0 : goto endpoint, 1 : goto endpoint }',
  ]);
});

test('an update touches only what changed', () => {
  const table = new ProxyTable({ family: 'ip', nodeIPs: ['192.168.49.2'] });
  const first = table.update(new Map([['default/web', compile(service(), both)]]));
  assert.match(first, /add chain ip k7s-proxy service-\S+\nadd rule/);
  assert.equal(table.update(new Map([['default/web', compile(service(), both)]])), '');

  const fewer = table.update(new Map([['default/web', compile(service(), [both[1]!])]]));
  assert.match(fewer, /^flush chain \S+ \S+ service-\S+\nadd rule .*\nadd rule .* 10\.244\.1\.6:8080\ndelete element ip k7s-proxy hairpin \{ 10\.244\.0\.5 \. 10\.244\.0\.5 \}\n$/);

  const none = table.update(new Map([['default/web', compile(service(), [])]]));
  assert.match(none, /delete element ip k7s-proxy service-ips \{ 10\.96\.0\.20 \. tcp \. 80 : goto service-\S+ \}/);
  assert.match(none, /add element ip k7s-proxy no-endpoint-services/);
  assert.match(none, /flush chain \S+ \S+ service-\S+\ndelete chain \S+ \S+ service-\S+\n$/);

  assert.match(table.update(new Map([['default/web', undefined]])), /delete element ip k7s-proxy cluster-ips \{ 10\.96\.0\.20 \}/);
  assert.doesNotMatch(table.full(), /10\.96\.0\.20/);
});

test('what two services claim stays until both have let go', () => {
  const table = new ProxyTable({ family: 'ip', nodeIPs: [] });
  const other = { ...service({ clusterIP: '10.96.0.21', clusterIPs: ['10.96.0.21'] }), metadata: meta('other') };
  table.update(new Map([['default/web', compile(service(), both)], ['default/other', compile(other, both)]]));
  assert.doesNotMatch(table.update(new Map([['default/web', undefined]])), /hairpin/);
  assert.match(table.update(new Map([['default/other', undefined]])), /delete element ip k7s-proxy hairpin/);
});

test('of two services with one external address the first keeps it, and the second inherits it', () => {
  const table = new ProxyTable({ family: 'ip', nodeIPs: [] });
  const spec = { externalIPs: ['203.0.113.9'] };
  const other = { ...service({ ...spec, clusterIP: '10.96.0.21', clusterIPs: ['10.96.0.21'] }), metadata: meta('other') };
  table.update(new Map([['default/web', compile(service(spec), both)]]));
  assert.doesNotMatch(table.update(new Map([['default/other', compile(other, both)]])), /203\.0\.113\.9/);
  assert.match(table.update(new Map([['default/web', undefined]])), /add element ip k7s-proxy service-ips \{[^}]*203\.0\.113\.9 \. tcp \. 80 : goto external-\S+other/);
});

test('UDP flows to endpoints that are gone are forgotten, and those from before the first endpoint', () => {
  const dns = service({ ports: [{ name: 'dns', port: 53, protocol: 'UDP', nodePort: 30053 }], type: 'NodePort' });
  const ports = [{ name: 'dns', port: 5353, protocol: 'UDP' }];
  const [none, one, two] = [compile(dns, [], context, ports), compile(dns, [both[0]!], context, ports), compile(dns, both, context, ports)];
  assert.deepEqual(staleFlows(two, one), [{ target: '10.96.0.20:53', from: '10.244.1.6' }, { target: ':30053', from: '10.244.1.6' }]);
  assert.deepEqual(staleFlows(none, one), [{ target: '10.96.0.20:53' }, { target: ':30053' }]);
  assert.deepEqual(staleFlows(one, two), []);
  const listing = `udp      17 20 src=10.244.0.9 dst=10.96.0.20 sport=40000 dport=53 src=10.244.7.7 dst=10.244.0.9 sport=5353 dport=40000 mark=0 use=1
udp      17 20 src=10.244.0.9 dst=10.96.0.20 sport=40001 dport=53 [UNREPLIED] src=10.244.0.5 dst=10.244.0.9 sport=5353 dport=40001 mark=0 use=1
udp      17 20 src=10.244.0.9 dst=8.8.8.8 sport=40001 dport=53 src=8.8.8.8 dst=192.168.49.2 sport=53 dport=40001 mark=0 use=1`;
  assert.deepEqual(contradictingFlows(listing, [two]), [{ target: '10.96.0.20:53', from: '10.244.7.7' }]);
});
