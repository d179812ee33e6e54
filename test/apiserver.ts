/** An API server for tests: certificates, an in-memory store, a kubeconfig, and the real kubectl pointed at it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../src/base/log.ts';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/ids.ts';
import type { ApiServerConfig } from '../src/apiserver/config.ts';
import { startApiServer, type ApiServer } from '../src/apiserver/server.ts';
import { memoryStore } from '../src/store/memory.ts';
import { createAuthority, issue, type Credential } from '../src/wire/certificates.ts';
import { realProgram } from './kubectl.ts';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestServer {
  readonly api: ApiServer;
  readonly folder: string;
  readonly authority: Credential;
  readonly admin: Credential;
  /** Signs tokens of service accounts. */
  readonly signingKey: string;
  /** Runs kubectl as system:masters; `input` goes to its standard input. */
  kubectl(args: readonly string[] | string, input?: string): Promise<Result>;
  /** The same as another user. */
  as(user: { name: string; groups?: readonly string[] } | { token: string }): Promise<(args: readonly string[] | string, input?: string) => Promise<Result>>;
  kubeconfig(user: string, credentials: Record<string, string>): string;
  stop(): Promise<void>;
}

export const surroundings = { clock: systemClock, random: systemRandom, log: silent };

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export function run(program: string, args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', KUBECACHEDIR: '/dev/null', ...options.env }, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
    });
    child.stdin?.end(options.input ?? '');
  });
}

export async function testServer(config: Partial<ApiServerConfig> = {}): Promise<TestServer> {
  const authority = await createAuthority({ commonName: 'k7s-ca' });
  const server = await issue(authority, { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'], dnsNames: ['localhost', 'kubernetes.default.svc'], usages: ['server'] });
  const admin = await issue(authority, { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'] });
  const signer = await createAuthority({ commonName: 'service-accounts' });
  const api = await startApiServer({
    store: memoryStore(), tls: { cert: server.certPem, key: server.keyPem }, clientAuthority: authority.certPem,
    // Tests want to see at once that a token no longer counts.
    serviceAccounts: { signingKey: signer.keyPem }, tokenMemoryMs: 0, ...config,
  }, surroundings);
  const folder = mkdtempSync(join(tmpdir(), 'k7s-apiserver-'));
  const kubeconfig = (user: string, credentials: Record<string, string>): string => {
    const file = join(folder, `${user.replace(/[^a-z0-9]/gi, '_')}.conf`);
    writeFileSync(file, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server: api.url, 'certificate-authority-data': base64(authority.certPem) } }],
      users: [{ name: user, user: credentials }], contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    }));
    return file;
  };
  const kubectl = (file: string) => (args: readonly string[] | string, input?: string) =>
    run(realProgram('kubectl'), [`--cache-dir=${join(folder, 'cache')}`, ...(typeof args === 'string' ? args.split(/\s+/) : args)], { env: { KUBECONFIG: file }, ...(input === undefined ? {} : { input }) });
  const certificate = (credential: Credential) => ({ 'client-certificate-data': base64(credential.certPem), 'client-key-data': base64(credential.keyPem) });
  return {
    api, folder, authority, admin, kubeconfig,
    signingKey: config.serviceAccounts?.signingKey ?? signer.keyPem,
    kubectl: kubectl(kubeconfig('admin', certificate(admin))),
    as: async (user) => {
      if ('token' in user) return kubectl(kubeconfig(`token-${systemRandom.uuid()}`, { token: user.token }));
      const credential = await issue(authority, { commonName: user.name, organizations: user.groups ?? [], usages: ['client'] });
      return kubectl(kubeconfig(user.name, certificate(credential)));
    },
    stop: async () => {
      await api.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks until `probe` gives something, at most `seconds`. */
export async function eventually<T>(probe: () => Promise<T | undefined> | T | undefined, what: string, seconds = 20): Promise<T> {
  const until = systemClock.monotonic() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (systemClock.monotonic() > until) throw new Error(`gave up waiting for ${what}`);
    await systemClock.sleep(50);
  }
}
