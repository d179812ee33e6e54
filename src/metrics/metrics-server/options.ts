import { parseGoDuration } from '../../machinery/goduration.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { HistoryOptions } from '../history/history.ts';

export interface MetricsServerOptions {
  readonly securePort: number;
  readonly bindAddress: string;
  readonly certDir?: string;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly metricResolutionMs: number;
  readonly kubeletRequestTimeoutMs: number;
  readonly kubeletPort: number;
  readonly kubeletUseNodeStatusPort: boolean;
  readonly kubeletInsecureTls: boolean;
  readonly completelyInsecureKubelet: boolean;
  readonly kubeletCertificateAuthority?: string;
  readonly kubeletClientCertificate?: string;
  readonly kubeletClientKey?: string;
  readonly kubeletPreferredAddressTypes: readonly string[];
  readonly nodeSelector: string;
  readonly kubeconfig?: string;
  readonly authenticationKubeconfig?: string;
  readonly authorizationKubeconfig?: string;
  readonly history: HistoryOptions;
}

/** Upstream's flag names, and our own under `own`; those in the last group are accepted for its manifests' sake and change nothing here. */
export const flags = {
  strings: [
    'secure-port', 'bind-address', 'cert-dir', 'tls-cert-file', 'tls-private-key-file', 'metric-resolution', 'kubelet-request-timeout', 'kubelet-port', 'kubelet-certificate-authority',
    'kubelet-client-certificate', 'kubelet-client-key', 'kubelet-preferred-address-types', 'node-selector', 'kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig',
  ],
  /** Beyond upstream: the history that is kept here. */
  own: ['history', 'history-resolution', 'history-memory'],
  booleans: ['kubelet-use-node-status-port', 'kubelet-insecure-tls', 'deprecated-kubelet-completely-insecure'],
  ignored: ['v', 'logtostderr', 'logging-format', 'vmodule', 'profiling', 'authentication-skip-lookup', 'authentication-tolerate-lookup-failure', 'contention-profiling', 'authorization-always-allow-paths'],
} as const;

/** Throws an Error with upstream's words for what does not fit. */
export function parseOptions(argv: readonly string[]): MetricsServerOptions {
  const given = read(argv);
  const text = (name: string): string | undefined => given.get(name);
  const number = (name: string, fallback: number): number => (text(name) === undefined ? fallback : Number(text(name)));
  const bool = (name: string): boolean => text(name) === 'true';
  const optional = (key: keyof MetricsServerOptions, name: string) => (text(name) ? { [key]: text(name) } : {});
  const options: MetricsServerOptions = {
    securePort: number('secure-port', 443),
    bindAddress: text('bind-address') ?? '0.0.0.0',
    metricResolutionMs: parseGoDuration(text('metric-resolution') ?? '60s'),
    kubeletRequestTimeoutMs: parseGoDuration(text('kubelet-request-timeout') ?? '10s'),
    kubeletPort: number('kubelet-port', 10250),
    kubeletUseNodeStatusPort: bool('kubelet-use-node-status-port'),
    kubeletInsecureTls: bool('kubelet-insecure-tls'),
    completelyInsecureKubelet: bool('deprecated-kubelet-completely-insecure'),
    kubeletPreferredAddressTypes: (text('kubelet-preferred-address-types') ?? 'Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP').split(',').filter(Boolean),
    nodeSelector: text('node-selector') ?? '',
    history: historyOptions(text),
    ...optional('certDir', 'cert-dir'), ...optional('tlsCertFile', 'tls-cert-file'), ...optional('tlsPrivateKeyFile', 'tls-private-key-file'),
    ...optional('kubeletCertificateAuthority', 'kubelet-certificate-authority'), ...optional('kubeletClientCertificate', 'kubelet-client-certificate'),
    ...optional('kubeletClientKey', 'kubelet-client-key'), ...optional('kubeconfig', 'kubeconfig'),
    ...optional('authenticationKubeconfig', 'authentication-kubeconfig'), ...optional('authorizationKubeconfig', 'authorization-kubeconfig'),
  };
  check(options, text('metric-resolution') ?? '1m0s', text('kubelet-request-timeout') ?? '10s');
  return options;
}

function historyOptions(text: (name: string) => string | undefined): HistoryOptions {
  const spanMs = parseGoDuration(text('history') ?? '1h');
  const stepMs = parseGoDuration(text('history-resolution') ?? '15s');
  if (spanMs < 0) throw new Error('history should not be negative; 0 keeps none');
  if (stepMs < 1000) throw new Error(`history-resolution should be at least 1s, but value ${text('history-resolution')} provided`);
  const maxBytes = parseQuantity(text('history-memory') ?? '48Mi').value();
  return { spanMs, stepMs, maxBytes };
}

function read(argv: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  const strings: readonly string[] = [...flags.strings, ...flags.own];
  const booleans: readonly string[] = flags.booleans;
  const ignored: readonly string[] = flags.ignored;
  for (let i = 0; i < argv.length; i++) {
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(argv[i]!);
    const name = match?.[1] === 'l' ? 'node-selector' : match?.[1];
    if (!name) throw new Error(`unknown argument ${JSON.stringify(argv[i])}`);
    if (booleans.includes(name)) given.set(name, match?.[2] ?? 'true');
    else if (strings.includes(name)) given.set(name, match?.[2] ?? argv[++i] ?? '');
    else if (!ignored.includes(name)) throw new Error(`unknown flag: --${name}`);
  }
  return given;
}

function check(o: MetricsServerOptions, resolution: string, timeout: string): void {
  if (o.metricResolutionMs < 10_000) throw new Error(`metric-resolution should be a time duration at least 10s, but value ${resolution} provided`);
  if (o.kubeletRequestTimeoutMs <= 0) throw new Error('kubelet-request-timeout should be positive');
  if (o.metricResolutionMs * 0.9 < o.kubeletRequestTimeoutMs) {
    throw new Error(`metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value ${resolution} kubelet-request-timeout value ${timeout} provided`);
  }
  if (o.kubeletCertificateAuthority && o.kubeletInsecureTls) throw new Error('cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls');
  if ((o.kubeletClientKey === undefined) !== (o.kubeletClientCertificate === undefined)) throw new Error('need both --kubelet-client-key and --kubelet-client-certificate');
  if (o.kubeletInsecureTls && o.completelyInsecureKubelet) throw new Error('cannot use both --kubelet-insecure-tls and --deprecated-kubelet-completely-insecure');
}
