/** Approving and signing a certificate request needs a right for its signer; nobody asks for a way around authorization. */
import type { CertificateSigningRequest } from '../../api/certificates/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { mastersGroup, type Authorizer } from '../../serving/identity.ts';
import { readSigningRequest } from '../../wire/certificates.ts';
import type { AdmissionPlugin, AdmissionRequest } from './chain.ts';

const group = 'certificates.k8s.io';

async function mayUse(authorize: Authorizer, request: AdmissionRequest, verb: string, signer: string): Promise<boolean> {
  const domain = signer.slice(0, signer.indexOf('/'));
  for (const name of [signer, `${domain}/*`]) {
    const { decision } = await authorize({ user: request.user, verb, isResource: true, group, version: '*', resource: 'signers', subresource: '', namespace: '', name, path: '' });
    if (decision === 'allow') return true;
  }
  return false;
}

export function certificateRequests(authorize: Authorizer): AdmissionPlugin {
  const refuse = (request: AdmissionRequest, why: string): never => {
    throw StatusError.forbidden({ group, resource: 'certificatesigningrequests' }, request.name, why);
  };
  return {
    name: 'CertificateApproval',
    async validate(request) {
      if (request.group !== group || request.resource !== 'certificatesigningrequests' || request.operation === 'DELETE') return;
      const next = request.object as unknown as CertificateSigningRequest;
      if (request.operation === 'CREATE') return forbidMasters(next, (why) => refuse(request, why));
      const old = request.old as unknown as DeepReadonly<CertificateSigningRequest>;
      const signer = old.spec.signerName;
      if (request.subresource === 'approval' && !(await mayUse(authorize, request, 'approve', signer))) refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
      const signed = request.subresource === 'status' && next.status?.certificate !== old.status?.certificate;
      if (signed && !(await mayUse(authorize, request, 'sign', signer))) refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

async function forbidMasters(csr: CertificateSigningRequest, refuse: (why: string) => never): Promise<void> {
  if (csr.spec.signerName !== 'kubernetes.io/kube-apiserver-client') return;
  const { organizations } = await readSigningRequest(Buffer.from(csr.spec.request, 'base64').toString());
  if (organizations.includes(mastersGroup)) refuse(`use of kubernetes.io/kube-apiserver-client signer with ${mastersGroup} group is not allowed`);
}
