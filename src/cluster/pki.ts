/** The certificates of a profile: made once, kept in its folder, renewed when they end soon or no longer name the right addresses. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { createAuthority, issue, stillGood, type CertificateUsage, type Credential, type Subject } from '../wire/certificates.ts';

export interface PkiRequest {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
}

export interface Pki {
  readonly ca: Credential;
  readonly frontProxyCa: Credential;
  readonly serviceAccount: { readonly privatePem: string; readonly publicPem: string };
  readonly apiServer: Credential;
  readonly apiServerKubeletClient: Credential;
  readonly frontProxyClient: Credential;
  readonly admin: Credential;
  readonly node: (name: string) => NodeCredentials;
}

export interface NodeCredentials {
  readonly client: Credential;
  readonly serving: Credential;
  readonly proxy: Credential;
}

const renewBeforeMs = 30 * 86_400_000;

function put(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}

function read(base: string): Credential {
  return { certPem: readFileSync(`${base}.crt`, 'utf8'), keyPem: readFileSync(`${base}.key`, 'utf8') };
}

function save(base: string, credential: Credential): Credential {
  mkdirSync(dirname(base), { recursive: true, mode: 0o700 });
  // The certificate last: whoever finds it finds its key.
  put(`${base}.key`, credential.keyPem, 0o600);
  put(`${base}.crt`, credential.certPem, 0o644);
  return credential;
}

async function authority(base: string, commonName: string, clock: Clock): Promise<Credential> {
  return existsSync(`${base}.crt`) ? read(base) : save(base, await createAuthority({ commonName, clock }));
}

async function credential(base: string, by: Credential, subject: Subject, usages: CertificateUsage[], clock: Clock): Promise<Credential> {
  if (existsSync(`${base}.crt`)) {
    const present = read(base);
    if (stillGood(present, by, clock.now() + renewBeforeMs, subject)) return present;
  }
  return save(base, await issue(by, { ...subject, usages, clock }));
}

function serviceAccountKey(directory: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  put(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }).toString(), 0o644);
  put(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
}

/** Makes what is missing. Names and groups are those that kubeadm gives them. */
export async function ensurePki(directory: string, request: PkiRequest, clock: Clock): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(directory, name);
  const [ca, frontProxyCa] = await Promise.all([authority(file('ca'), 'k7sCA', clock), authority(file('front-proxy-ca'), 'front-proxy-ca', clock)]);
  if (!existsSync(file('sa.key'))) serviceAccountKey(directory);
  const client = (name: string, commonName: string, ...organizations: string[]): Promise<Credential> =>
    credential(file(name), ca, { commonName, organizations }, ['client'], clock);
  await Promise.all([
    credential(file('apiserver'), ca, { commonName: 'kube-apiserver', dnsNames: request.dnsNames, ipAddresses: request.ipAddresses }, ['server'], clock),
    client('apiserver-kubelet-client', 'kube-apiserver-kubelet-client', 'system:masters'),
    credential(file('front-proxy-client'), frontProxyCa, { commonName: 'front-proxy-client' }, ['client'], clock),
    client('admin', 'kubernetes-admin', 'system:masters'),
    ...request.nodes.flatMap(({ name, address }) => [
      client(`nodes/${name}/kubelet-client`, `system:node:${name}`, 'system:nodes'),
      client(`nodes/${name}/proxy`, 'system:kube-proxy', 'system:node-proxier'),
      credential(
        file(`nodes/${name}/kubelet`), ca,
        { commonName: `system:node:${name}`, organizations: ['system:nodes'], dnsNames: [name], ipAddresses: [address, '127.0.0.1'] }, ['server'], clock,
      ),
    ]),
  ]);
}

export function readPki(directory: string): Pki {
  const file = (name: string): string => join(directory, name);
  return {
    ca: read(file('ca')),
    frontProxyCa: read(file('front-proxy-ca')),
    serviceAccount: { privatePem: readFileSync(file('sa.key'), 'utf8'), publicPem: readFileSync(file('sa.pub'), 'utf8') },
    apiServer: read(file('apiserver')),
    apiServerKubeletClient: read(file('apiserver-kubelet-client')),
    frontProxyClient: read(file('front-proxy-client')),
    admin: read(file('admin')),
    node: (name) => ({
      client: read(file(`nodes/${name}/kubelet-client`)),
      serving: read(file(`nodes/${name}/kubelet`)),
      proxy: read(file(`nodes/${name}/proxy`)),
    }),
  };
}
