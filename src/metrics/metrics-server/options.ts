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
  readonly authorizationAlwaysAllowPaths: readonly string[];
  readonly history: HistoryOptions;
}

/** Upstream's flag names, and our own under `own`; those in the last group are accepted for its manifests' sake and change nothing here. */
export const flags = {
  strings: [
    'secure-port', 'bind-address', 'cert-dir', 'tls-cert-file', 'tls-private-key-file', 'metric-resolution', 'kubelet-request-timeout', 'kubelet-port', 'kubelet-certificate-authority',
    'kubelet-client-certificate', 'kubelet-client-key', 'kubelet-preferred-address-types', 'node-selector', 'kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig', 'authorization-always-allow-paths',
  ],
  /** Beyond upstream: the history that is kept here. */
  own: ['history', 'history-resolution', 'history-memory'],
  booleans: ['kubelet-use-node-status-port', 'kubelet-insecure-tls', 'deprecated-kubelet-completely-insecure'],
  ignored: ['v', 'logtostderr', 'logging-format', 'vmodule', 'profiling', 'authentication-skip-lookup', 'authentication-tolerate-lookup-failure', 'contention-profiling'],
} as const;

/** Of the ignored ones those that take their value from the next argument. */
const ignoredWithValue: readonly string[] = ['v', 'logging-format', 'vmodule'];

/** Throws an Error with upstream's words for what does not fit. */
export function parseOptions(argv: readonly string[]): MetricsServerOptions {
  const given = read(argv);
  const text = (name: string): string | undefined => given.get(name);
  const number = (name: string, fallback: number): number => (text(name) === undefined ? fallback : integer(name, text(name)!));
  const list = (name: string, fallback: string): string[] => (text(name) ?? fallback).split(',').filter(Boolean);
  const duration = (name: string, fallback: string): number => parsed(name, text(name) ?? fallback, parseGoDuration);
  const bool = (name: string): boolean => text(name) === 'true';
  const optional = (key: keyof MetricsServerOptions, name: string) => (text(name) ? { [key]: text(name) } : {});
  const options: MetricsServerOptions = {
    securePort: number('secure-port', 443),
    bindAddress: text('bind-address') ?? '0.0.0.0',
    metricResolutionMs: duration('metric-resolution', '60s'),
    kubeletRequestTimeoutMs: duration('kubelet-request-timeout', '10s'),
    kubeletPort: number('kubelet-port', 10250),
    kubeletUseNodeStatusPort: bool('kubelet-use-node-status-port'),
    kubeletInsecureTls: bool('kubelet-insecure-tls'),
    completelyInsecureKubelet: bool('deprecated-kubelet-completely-insecure'),
    kubeletPreferredAddressTypes: list('kubelet-preferred-address-types', 'Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP'),
    nodeSelector: text('node-selector') ?? '',
    authorizationAlwaysAllowPaths: list('authorization-always-allow-paths', '/healthz,/readyz,/livez'),
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
    if (booleans.includes(name)) given.set(name, boolean(name, match?.[2] ?? 'true'));
    else if (strings.includes(name) || ignoredWithValue.includes(name)) {
      const value = match?.[2] ?? argv[++i];
      if (value === undefined) throw new Error(`flag needs an argument: --${name}`);
      given.set(name, value);
    } else if (!ignored.includes(name)) throw new Error(`unknown flag: --${name}`);
  }
  return given;
}

function invalid(name: string, text: string, reason: string): Error {
  return new Error(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: ${reason}`);
}

function parsed<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(name, text, (error as Error).message);
  }
}

function integer(name: string, text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw invalid(name, text, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function boolean(name: string, text: string): string {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return 'true';
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return 'false';
  throw invalid(name, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function check(o: MetricsServerOptions, resolution: string, timeout: string): void {
  if (o.metricResolutionMs < 10_000) throw new Error(`metric-resolution should be a time duration at least 10s, but value ${resolution} provided`);
  if (o.kubeletRequestTimeoutMs <= 0) throw new Error('kubelet-request-timeout should be positive');
  if (o.metricResolutionMs * 0.9 < o.kubeletRequestTimeoutMs) {
    throw new Error(`metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value ${resolution} kubelet-request-timeout value ${timeout} provided`);
  }
  if (o.kubeletCertificateAuthority && o.kubeletInsecureTls) throw new Error('cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls');
  if ((o.kubeletClientKey === undefined) !== (o.kubeletClientCertificate === undefined)) throw new Error('need both --kubelet-client-key and --kubelet-client-certificate');
  if (!o.completelyInsecureKubelet) return;
  const contradictions = { 'kubelet-client-key': o.kubeletClientKey, 'kubelet-client-certificate': o.kubeletClientCertificate, 'kubelet-insecure-tls': o.kubeletInsecureTls, 'kubelet-certificate-authority': o.kubeletCertificateAuthority };
  for (const [flag, given] of Object.entries(contradictions)) if (given) throw new Error(`cannot use both --${flag} and --deprecated-kubelet-completely-insecure`);
}
