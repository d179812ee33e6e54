/** What certificate requests ask for, and whether kubelets may ask for it. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { readSigningRequest, type SigningRequest } from '../../wire/certificates.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1/index.ts';

export type Csr = DeepReadonly<CertificateSigningRequest>;

export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacy: 'kubernetes.io/legacy-unknown',
} as const;

export function has(csr: Csr, type: 'Approved' | 'Denied' | 'Failed'): boolean {
  return csr.status.conditions?.some((c) => c.type === type) ?? false;
}

export function pemOf(csr: Csr): string {
  return Buffer.from(csr.spec.request, 'base64').toString();
}

/** Undefined for what nobody can read: it stays as it is until it is cleaned away. */
export async function parsed(csr: Csr): Promise<SigningRequest | undefined> {
  try {
    return await readSigningRequest(pemOf(csr));
  } catch {
    return undefined;
  }
}

/** Exactly these and no others; keys that cannot encipher do without that. */
function usagesAre(usages: readonly string[] | undefined, purpose: string): boolean {
  const rest = new Set(usages);
  rest.delete('key encipherment');
  return rest.size === 2 && rest.has('digital signature') && rest.has(purpose);
}

function nodeComplaint({ organizations, commonName }: SigningRequest): { organization?: string; name?: string } {
  return {
    ...(organizations.length === 1 && organizations[0] === 'system:nodes' ? {} : { organization: 'subject organization is not system:nodes' }),
    ...(commonName.startsWith('system:node:') ? {} : { name: 'subject common name does not begin with system:node: ' }),
  };
}

/** Why this is no client certificate of a kubelet; undefined: it is one. */
export function kubeletClientComplaint(request: SigningRequest, usages: readonly string[] | undefined): string | undefined {
  const { organization, name } = nodeComplaint(request);
  if (organization) return organization;
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (name) return name;
  return usagesAre(usages, 'client auth') ? undefined : 'usages did not match [digital signature client auth key encipherment]';
}

export function kubeletServingComplaint(request: SigningRequest, usages: readonly string[] | undefined): string | undefined {
  const { organization, name } = nodeComplaint(request);
  if (organization) return organization;
  if (request.dnsNames.length + request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!usagesAre(usages, 'server auth')) return 'usages did not match [digital signature key encipherment server auth]';
  return name;
}

export function clientComplaint(usages: readonly string[] = []): string | undefined {
  const odd = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}
