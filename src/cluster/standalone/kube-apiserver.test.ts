/** Upstream's flags, one by one: each is taken with its default, or refused by name. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silent } from '../../base/log.ts';
import { systemSurroundings } from '../../base/surroundings.ts';
import { parseFlags } from '../../kubectl/flags.ts';
import { resources } from '../../api/catalog.ts';
import { servedResources } from '../../apiserver/runtimeconfig.ts';
import { auditConfig } from './apiserver-audit.ts';
import { requestLimits } from './apiserver-limits.ts';
import { checkVersions, metricsSettings } from './apiserver-observation.ts';
import { egressProxy } from './apiserver-egress.ts';
import { checkRefused } from './apiserver-refused.ts';
import { servingConfig } from './apiserver-serving.ts';
import { knownGates, readFeatures } from './featuregates.ts';
import { kubeApiserver } from './kube-apiserver.ts';
import { everywhere, logOptions } from './program.ts';

/** Name and default, as `kube-apiserver --help` of v1.34 has them; those without a default are empty, false or none. */
const upstream = `
admission-control | admission-control-config-file | advertise-address | aggregator-reject-forwarding-redirect=true | allow-metric-labels-manifest | allow-metric-labels=[]
allow-privileged | anonymous-auth=true | api-audiences | audit-log-batch-buffer-size=10000 | audit-log-batch-max-size=1 | audit-log-batch-max-wait | audit-log-batch-throttle-burst
audit-log-batch-throttle-enable | audit-log-batch-throttle-qps | audit-log-compress | audit-log-format=json | audit-log-maxage | audit-log-maxbackup | audit-log-maxsize
audit-log-mode=blocking | audit-log-path | audit-log-truncate-enabled | audit-log-truncate-max-batch-size=10485760 | audit-log-truncate-max-event-size=102400
audit-log-version=audit.k8s.io/v1 | audit-policy-file | audit-webhook-batch-buffer-size=10000 | audit-webhook-batch-max-size=400 | audit-webhook-batch-max-wait=30s
audit-webhook-batch-throttle-burst=15 | audit-webhook-batch-throttle-enable=true | audit-webhook-batch-throttle-qps=10 | audit-webhook-config-file | audit-webhook-initial-backoff=10s
audit-webhook-mode=batch | audit-webhook-truncate-enabled | audit-webhook-truncate-max-batch-size=10485760 | audit-webhook-truncate-max-event-size=102400
audit-webhook-version=audit.k8s.io/v1 | authentication-config | authentication-token-webhook-cache-ttl=2m0s | authentication-token-webhook-config-file
authentication-token-webhook-version=v1beta1 | authorization-config | authorization-mode | authorization-policy-file | authorization-webhook-cache-authorized-ttl=5m0s
authorization-webhook-cache-unauthorized-ttl=30s | authorization-webhook-config-file | authorization-webhook-version=v1beta1 | bind-address=0.0.0.0 | cert-dir=/var/run/kubernetes
client-ca-file | contention-profiling | coordinated-leadership-lease-duration=15s | coordinated-leadership-renew-deadline=10s | coordinated-leadership-retry-period=2s
cors-allowed-origins | debug-socket-path | default-not-ready-toleration-seconds=300 | default-unreachable-toleration-seconds=300 | delete-collection-workers=1
disable-admission-plugins | disable-http2-serving | disabled-metrics | egress-selector-config-file | emulated-version | emulation-forward-compatible | enable-admission-plugins
enable-aggregator-routing | enable-bootstrap-token-auth | enable-garbage-collector=true | enable-logs-handler | enable-priority-and-fairness=true | encryption-provider-config
encryption-provider-config-automatic-reload | endpoint-reconciler-type=lease | etcd-cafile | etcd-certfile | etcd-compaction-interval=5m0s | etcd-count-metric-poll-period=1m0s
etcd-db-metric-poll-interval=30s | etcd-healthcheck-timeout=2s | etcd-keyfile | etcd-prefix=/registry | etcd-readycheck-timeout=2s | etcd-servers | etcd-servers-overrides
event-ttl=1h0m0s | external-hostname | feature-gates | goaway-chance | http2-max-streams-per-connection | kubelet-certificate-authority | kubelet-client-certificate
kubelet-client-key | kubelet-preferred-address-types=[Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP] | kubelet-timeout=5s | kubernetes-service-node-port
lease-reuse-duration-seconds=60 | livez-grace-period | log-flush-frequency=5s | log-text-info-buffer-size | log-text-split-stream | logging-format=text | max-connection-bytes-per-sec
max-mutating-requests-inflight=200 | max-requests-inflight=400 | min-request-timeout=1800 | oidc-ca-file | oidc-client-id | oidc-groups-claim | oidc-groups-prefix | oidc-issuer-url
oidc-required-claim | oidc-signing-algs=[RS256] | oidc-username-claim=sub | oidc-username-prefix | peer-advertise-ip | peer-advertise-port | peer-ca-file | permit-address-sharing
permit-port-sharing | profiling=true | proxy-client-cert-file | proxy-client-key-file | request-timeout=1m0s | requestheader-allowed-names | requestheader-client-ca-file
requestheader-extra-headers-prefix | requestheader-group-headers | requestheader-uid-headers | requestheader-username-headers | runtime-config
runtime-config-emulation-forward-compatible | secure-port=6443 | send-retry-after-while-not-ready-once | service-account-extend-token-expiration=true | service-account-issuer
service-account-jwks-uri | service-account-key-file | service-account-lookup=true | service-account-max-token-expiration | service-account-signing-endpoint
service-account-signing-key-file | service-cluster-ip-range | service-node-port-range=30000-32767 | show-hidden-metrics-for-version | shutdown-delay-duration
shutdown-send-retry-after | shutdown-watch-termination-grace-period | storage-backend | storage-initialization-timeout=1m0s | storage-media-type=application/vnd.kubernetes.protobuf
strict-transport-security-directives | tls-cert-file | tls-cipher-suites | tls-min-version | tls-private-key-file | tls-sni-cert-key=[] | token-auth-file | tracing-config-file
vmodule | watch-cache-sizes | watch-cache=true
`;

const rows = upstream.trim().split('\n').flatMap((line) => line.split(' | ')).map((pair) => {
  const at = pair.indexOf('=');
  return at < 0 ? ([pair, ''] as const) : ([pair.slice(0, at), pair.slice(at + 1)] as const);
});
/** Where ours differs, and why. */
const otherDefaults: Readonly<Record<string, string>> = {
  'authorization-mode': 'AlwaysAllow is what upstream takes where none is given', 'service-cluster-ip-range': '10.0.0.0/24 is what upstream takes where none is given',
};
const flagSet = { ...everywhere, ...kubeApiserver.flags };
const program = parseFlags(flagSet, []).flags;

test('every flag of upstream is there, with its default', () => {
  const missing = rows.filter(([name]) => !program.declares(name));
  assert.deepEqual(missing, []);
  const shown = new Map(program.shown());
  const plain = (text: string): string => text.replace(/^\[(.*)\]$/, '$1').replaceAll('"', '').replace(/^(false|0|0s)$/, '');
  const different = rows.filter(([name, value]) => !Object.hasOwn(otherDefaults, name) && plain(shown.get(name)!) !== plain(value)).map(([name, value]) => `${name}: ${shown.get(name)}, upstream ${value}`);
  assert.deepEqual(different, []);
});

test('what cannot be had is refused by name', () => {
  for (const [flag, message] of [
    ['--tracing-config-file=x', '--tracing-config-file=x: no traces are exported'], ['--enable-logs-handler', /^--enable-logs-handler=true: /], ['--enable-garbage-collector=false', /^--enable-garbage-collector=false: /],
    ['--watch-cache=false', /^--watch-cache=false: /], ['--watch-cache-sizes=pods#0', /^--watch-cache-sizes=pods#0: the watch cache of pods/], ['--watch-cache-sizes=pods', 'invalid value of watch cache size: pods'],
    ['--peer-ca-file=x', '--peer-ca-file requires UnknownVersionInteroperabilityProxy feature to be turned on'],
    ['--coordinated-leadership-lease-duration=1s', '--coordinated-leadership-lease-duration must be greater than --coordinated-leadership-renew-deadline'],
    ['--storage-initialization-timeout=-1s', '--storage-initialization-timeout can not be negative value'], ['--apiserver-count=0', "--apiserver-count should be a positive number, but value '0' provided"],
  ] as const) assert.throws(() => checkRefused(parseFlags(flagSet, [flag]).flags), { message }, flag);
  checkRefused(program);
});

test('the way into the cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k7s-egress-'));
  try {
    const file = join(folder, 'egress.yaml');
    const of = (...selections: string[]) => {
      writeFileSync(file, `apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections: [${selections.join(', ')}]`);
      return egressProxy(parseFlags(flagSet, [`--egress-selector-config-file=${file}`]).flags);
    };
    const selection = (name: string, protocol: string, transport?: string) => `{name: ${name}, connection: {proxyProtocol: ${protocol}${transport ? `, transport: ${transport}` : ''}}}`;
    assert.equal(of(), undefined);
    assert.equal(of(selection('cluster', 'Direct'), selection('etcd', 'Direct')), undefined);
    assert.deepEqual(of(selection('Cluster', 'HTTPConnect', '{uds: {udsName: /run/x.sock}}')), { socketPath: '/run/x.sock' });
    assert.deepEqual(of(selection('cluster', 'HTTPConnect', '{tcp: {url: "http://[::1]:8131"}}')), { host: '::1', port: 8131 });
    const invalid = 'failed to validate egress selector configuration: ';
    for (const [selections, message] of [
      [[selection('cluster', 'HTTPConnect')], `${invalid}service.connection.transport: Required value: transport must be set for HTTPConnect`],
      [[selection('cluster', 'HTTPConnect', '{tcp: {url: "https://a:1"}}')], `${invalid}service.connection.tlsConfig: Required value: TLSConfig must be present when using HTTPS`],
      [[selection('cluster', 'Direct', '{uds: {udsName: x}}')], `${invalid}service.connection.transport: Invalid value: "direct": Transport config should be absent for direct connect`],
      [[selection('master', 'Direct'), selection('etcd', 'Direct'), selection('etcd', 'Direct')], `${invalid}[service.connection: Unsupported value: "master": supported values: "cluster", "controlplane", "etcd", service.connection[2]: Duplicate value: "etcd"]`],
      [[selection('cluster', 'GRPC', '{uds: {udsName: x}}')], '--egress-selector-config-file: cluster: the protocol GRPC cannot be had'],
      [[selection('etcd', 'HTTPConnect', '{uds: {udsName: x}}')], '--egress-selector-config-file: etcd: only Direct can be had there'],
    ] as const) assert.throws(() => of(...selections), { message }, message);
    writeFileSync(file, 'kind: Other');
    assert.throws(() => egressProxy(parseFlags(flagSet, [`--egress-selector-config-file=${file}`]).flags), { message: 'failed to read egress selector config: invalid service configuration object "Other"' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('audit, limits, logs and APIs are refused in upstream\'s words', () => {
  const of = (flags: string) => parseFlags(flagSet, flags.split(' ')).flags;
  const apis = (...entries: string[]) => () => servedResources(resources, entries, []);
  for (const [run, message] of [
    [() => auditConfig(of('--audit-log-path=- --audit-log-mode=batch --audit-log-batch-buffer-size=0')), 'invalid audit batch log buffer size 0, must be a positive number'],
    [() => auditConfig(of('--audit-webhook-config-file=x --audit-webhook-batch-throttle-qps=0')), 'invalid audit batch webhook throttle QPS 0, must be a positive number'],
    [() => auditConfig(of('--audit-log-path=- --audit-log-truncate-max-batch-size=5')), 'invalid audit truncate log max batch size 5, must be greater than max event size (102400)'],
    [() => auditConfig(of('--audit-log-path=- --audit-log-mode=never')), 'invalid audit log mode never, allowed modes are "batch,blocking,blocking-strict"'],
    [() => auditConfig(of('--audit-log-path=- --audit-log-maxage=-1')), "--audit-log-maxage -1 can't be a negative number"],
    [() => requestLimits(of('--shutdown-watch-termination-grace-period=-1s')), 'shutdown-watch-termination-grace-period, if provided, can not be a negative value'],
    [() => logOptions(of('--logging-format=xml')), 'format: Invalid value: "xml": Unsupported log format'], [() => logOptions(of('--logging-format=json --vmodule=a=1')), 'vmodule: Forbidden: Only supported for text log format'],
    [() => logOptions(of('--log-text-split-stream')), 'options.text.splitStream: Forbidden: Feature LoggingAlphaOptions is disabled'],
    [apis('foo/v1=true'), 'unknown api groups foo'], [apis('api/all=false'), 'invalid key with only api/all=false'], [apis('apps/v9=true'), 'group version apps/v9 that has not been registered'], [apis('apps'), 'runtime-config invalid key apps'],
    [apis('api/ga=maybe'), 'invalid value api/ga=maybe'], [apis('apps/v1=maybe'), 'invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [apis('apps/v1/Deployments=false'), 'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"'],
  ] as const) assert.throws(run, { message }, message);
  assert.equal(apis('apps/v1/deployments=false', 'apps/v1beta1=true')().some((r) => r.group === 'apps' && r.resource === 'deployments'), false);
});

test('versions and metrics in upstream\'s words', () => {
  const of = (...argv: string[]) => parseFlags(flagSet, argv).flags;
  for (const [flag, message] of [
    ['--emulated-version=1.20', 'emulation version 1.20 is not between [1.31, 1.34.0]'], ['--emulated-version=kube=1.34.1', 'patch version not allowed, got: kube=1.34.1'], ['--emulated-version=abc', 'could not parse "abc" as version'],
    ['--emulated-version=wardle=1.2', 'component not registered: wardle'], ['--emulated-version=1.33', '--emulated-version: 1.33: only 1.34 is served'],
  ] as const) assert.throws(() => checkVersions(of(flag)), { message }, flag);
  checkVersions(of('--emulated-version=kube=1.34'));
  assert.throws(() => metricsSettings(of('--show-hidden-metrics-for-version=1.30')), { message: "--show-hidden-metrics-for-version must be omitted or have the value '1.33'. Only the previous minor version is allowed" });
  assert.throws(() => metricsSettings(of('--allow-metric-labels=x=y')), /--allow-metric-labels must have a list of kv pair/);
  const { labelValues, disabled } = metricsSettings(of('--allow-metric-labels="a,b=1,2","c,d=3"', '--disabled-metrics=x,y'));
  assert.deepEqual([[...labelValues!].map(([key, values]) => [key, ...values]), disabled], [[['a,b', '1', '2'], ['c,d', '3']], ['x', 'y']]);
});

test('features: stages, defaults, what is locked, unknown or not to be had', () => {
  const gates = knownGates();
  assert.equal(gates.size, 208);
  assert.deepEqual([gates.get('WatchList'), gates.get('ComponentFlagz'), gates.get('AllowServiceLBStatusOnNonLB')?.locked], [{ stage: 'BETA', on: true, locked: false }, { stage: 'ALPHA', on: false, locked: false }, true]);
  const warnings: string[] = [];
  const log = { ...silent, warn: (text: string) => void warnings.push(text) };
  const { on, all } = readFeatures(['kube:HPAConfigurableTolerance=true', 'kube:ComponentFlagz=True', 'kube:KubeletPSI=false', 'kube:Foo=true', 'kube:WatchList=true'], log);
  assert.deepEqual([on, all.get('KubeletPSI')?.enabled, warnings], [['ComponentFlagz', 'HPAConfigurableTolerance'], false, ['unrecognized feature gate: Foo']]);
  for (const [pairs, message] of [
    [['AllowServiceLBStatusOnNonLB=true'], 'cannot set feature gate AllowServiceLBStatusOnNonLB to true, feature is locked to false'], [['wardle:X=true'], 'component not registered: wardle'],
    [['ComponentFlagz=x'], 'invalid value of ComponentFlagz=x, err: strconv.ParseBool: parsing "x": invalid syntax'], [['ComponentFlagz'], 'missing bool value for ComponentFlagz'],
    [['AllAlpha=true'], 'invalid argument "AllAlpha=true" for "--feature-gates" flag: AllAlpha cannot be switched on in this server'],
    [['kube:ComponentFlagz=true', 'ComponentStatusz=true'], 'set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use'],
  ] as const) assert.throws(() => readFeatures(pairs, silent), { message }, pairs.join());
});

test('the port: names, suites, origins', () => {
  const of = (...argv: string[]) => servingConfig(parseFlags(flagSet, argv).flags);
  for (const [flag, message] of [
    ['--tls-min-version=TLS1', 'unknown tls version "TLS1"'], ['--tls-cipher-suites=NULL', "Cipher suite NULL not supported or doesn't exist"], ['--tls-sni-cert-key=x', /expected comma separated certificate and key file paths/],
    ['--cors-allowed-origins=example.com', /^--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start\/end of host in the origin header$/],
    ['--strict-transport-security-directives=none', /^--strict-transport-security-directives invalid, allowed values: /],
  ] as const) assert.throws(() => of(flag), { message }, flag);
  const { listening, front } = of('--tls-min-version=VersionTLS13', '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', '--disable-http2-serving', '--http2-max-streams-per-connection=7', '--cors-allowed-origins=//example\\.com$', '--strict-transport-security-directives=max-age=5,preload');
  assert.deepEqual([listening?.minVersion, listening?.http2, listening?.maxStreams, listening?.ciphers?.endsWith(':ECDHE-RSA-AES128-GCM-SHA256')], ['TLSv1.3', false, 7, true]);
  assert.deepEqual(front, { allowedOrigins: ['//example\\.com$'], strictTransport: ['max-age=5', 'preload'] });
});

test('lines of the log: JSON, and components by themselves', () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const { log } = systemSurroundings({ component: 'kube-apiserver', format: 'json', write });
  log.error('It broke', new Error('why'), { code: 7 });
  const { ts, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.equal(typeof ts, 'number');
  assert.deepEqual(rest, { logger: 'kube-apiserver', msg: 'It broke', err: 'why', code: 7 });
  const named = systemSurroundings({ component: 'kube-apiserver', verbosities: [{ pattern: 'apis*', verbosity: 4 }], write }).log;
  named.debug('not this');
  named.named('apiserver').debug('but this');
  assert.equal(lines.length, 2);
  assert.match(lines[1]!, /^D\d{4} .* apiserver\] but this\n$/);
});
