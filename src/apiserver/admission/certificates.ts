/** Approving and signing a certificate request needs a right for its signer; nobody asks for a way around authorization. */
import { isDeepStrictEqual } from 'node:util';
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

/** CertificateApproval, CertificateSigning and CertificateSubjectRestriction. */
export function certificateRequests(authorize: Authorizer): AdmissionPlugin[] {
  const refuse = (request: AdmissionRequest, why: string): never => {
    throw StatusError.forbidden({ group, resource: 'certificatesigningrequests' }, request.name, why);
  };
  const concerns = (request: AdmissionRequest, operation: AdmissionRequest['operation'], subresource: string): boolean =>
    request.group === group && request.resource === 'certificatesigningrequests' && request.operation === operation && (request.subresource ?? '') === subresource;
  const signerOf = (request: AdmissionRequest): string => (request.old as unknown as DeepReadonly<CertificateSigningRequest>).spec.signerName;
  return [
    {
      name: 'CertificateApproval',
      async validate(request) {
        if (!concerns(request, 'UPDATE', 'approval')) return;
        const signer = signerOf(request);
        if (!(await mayUse(authorize, request, 'approve', signer))) refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
      },
    },
    {
      name: 'CertificateSigning',
      async validate(request) {
        if (!concerns(request, 'UPDATE', 'status')) return;
        const [next, old] = [request.object, request.old] as unknown as DeepReadonly<CertificateSigningRequest>[];
        if (next!.status?.certificate === old!.status?.certificate) return;
        const signer = signerOf(request);
        if (!(await mayUse(authorize, request, 'sign', signer))) refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
      },
    },
    {
      name: 'CertificateSubjectRestriction',
      async validate(request) {
        if (concerns(request, 'CREATE', '')) await forbidMasters(request.object as unknown as CertificateSigningRequest, (why) => refuse(request, why));
      },
    },
  ];
}

/** ClusterTrustBundleAttest: who publishes a bundle for a signer may speak for it. */
export function trustBundles(authorize: Authorizer): AdmissionPlugin {
  const check = async (request: AdmissionRequest, signer: string): Promise<void> => {
    if (await mayUse(authorize, request, 'attest', signer)) return;
    throw StatusError.forbidden({ group, resource: 'clustertrustbundles' }, request.name, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
  };
  return {
    name: 'ClusterTrustBundleAttest',
    validate(request) {
      if (request.group !== group || request.resource !== 'clustertrustbundles' || (request.operation !== 'CREATE' && request.operation !== 'UPDATE')) return undefined;
      const [next, old] = [request.object, request.old] as unknown as ({ readonly spec: { readonly signerName?: string } } | undefined)[];
      const signer = next?.spec.signerName ?? '';
      return signer === '' || (old && isDeepStrictEqual(next!.spec, old.spec)) ? undefined : check(request, signer);
    },
  };
}

async function forbidMasters(csr: CertificateSigningRequest, refuse: (why: string) => never): Promise<void> {
  if (csr.spec.signerName !== 'kubernetes.io/kube-apiserver-client') return;
  const { organizations } = await readSigningRequest(Buffer.from(csr.spec.request, 'base64').toString());
  if (organizations.includes(mastersGroup)) refuse(`use of kubernetes.io/kube-apiserver-client signer with ${mastersGroup} group is not allowed`);
}
