/** Certificate signing requests: kubelets' own are approved, what is approved is signed, what is over is cleaned away. */
import { X509Certificate } from 'node:crypto';
import { parseTime, timestamp } from '../../base/clock.ts';
import { keyOf } from '../../client/informer.ts';
import { hasReason } from '../../machinery/status.ts';
import { signRequest, type SigningRequest } from '../../wire/certificates.ts';
import { subjectaccessreviews } from '../../api/authorization/v1/index.ts';
import { certificatesigningrequests, type CertificateSigningRequestCondition } from '../../api/certificates/v1/index.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { clientComplaint, has, kubeletClientComplaint, kubeletServingComplaint, parsed, pemOf, signers, type Csr } from './requests.ts';

const account = 'certificate-controller';
const yearSeconds = 365 * 86_400;
const hourMs = 3_600_000;
const shortestSeconds = 600;

function conditionOf(context: ControllerContext, type: string, reason: string, message: string): CertificateSigningRequestCondition {
  const now = timestamp(context.surroundings.clock.now());
  return { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

function withCondition(csr: Csr, condition: CertificateSigningRequestCondition): Csr {
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status.conditions ?? []), condition] } };
}

/** Runs for each request that is new or has changed. */
function forEachRequest(context: ControllerContext, reconcile: (csr: Csr) => Promise<void>): void {
  const informer = context.informer(certificatesigningrequests);
  const queue = context.queue(async (key) => {
    const csr = informer.getByKey(key);
    if (csr) await reconcile(csr);
  }, 3);
  informer.on({ added: (csr) => queue.add(keyOf(csr)), updated: (csr) => queue.add(keyOf(csr)) });
}

async function approve(csr: Csr, context: ControllerContext): Promise<void> {
  if (csr.status.certificate || has(csr, 'Approved') || has(csr, 'Denied') || csr.spec.signerName !== signers.kubeletClient) return;
  const request = await parsed(csr);
  if (!request || kubeletClientComplaint(request, csr.spec.usages)) return;
  const asks = [
    ...(csr.spec.username === request.commonName ? [{ subresource: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' }] : []),
    { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' },
  ];
  for (const { subresource, message } of asks) {
    const { username, uid, groups, extra } = csr.spec;
    const review = await context.client.create(subjectaccessreviews, {
      spec: {
        resourceAttributes: { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource, version: '*' },
        ...(username ? { user: username } : {}), ...(uid ? { uid } : {}), ...(groups ? { groups: [...groups] } : {}),
        ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
      },
    });
    if (!review.status?.allowed) continue;
    await context.client.update(certificatesigningrequests, withCondition(csr, conditionOf(context, 'Approved', 'AutoApproved', message)), { subresource: 'approval' });
    return;
  }
}

function complaintOf(csr: Csr, request: SigningRequest): string | undefined {
  const { signerName, usages } = csr.spec;
  if (signerName === signers.client) return clientComplaint(usages);
  if (signerName === signers.legacy) return undefined;
  return signerName === signers.kubeletClient ? kubeletClientComplaint(request, usages) : kubeletServingComplaint(request, usages);
}

async function sign(csr: Csr, context: ControllerContext): Promise<void> {
  const authority = context.options.signing;
  const { signerName, usages = [], expirationSeconds } = csr.spec;
  if (!authority || csr.status.certificate || !has(csr, 'Approved') || has(csr, 'Denied') || has(csr, 'Failed')) return;
  if (!(Object.values(signers) as readonly string[]).includes(signerName)) return;
  const request = await parsed(csr);
  if (!request) return;
  const complaint = complaintOf(csr, request);
  let next: Csr;
  if (complaint) next = withCondition(csr, conditionOf(context, 'Failed', 'SignerValidationFailure', complaint));
  else {
    const seconds = Math.min(yearSeconds, Math.max(shortestSeconds, expirationSeconds ?? yearSeconds));
    const certificate = await signRequest(authority, pemOf(csr), { purposes: usages, seconds, clock: context.surroundings.clock });
    next = { ...csr, status: { ...csr.status, certificate: Buffer.from(certificate).toString('base64') } };
  }
  await context.client.update(certificatesigningrequests, next, { subresource: 'status' });
}

/** Decided ones are kept for an hour, the others for a day; certificates that have ended need no request. */
export function isOver(csr: Csr, now: number): boolean {
  const { conditions = [], certificate } = csr.status;
  const since = (type: string): number => {
    const condition = conditions.find((c) => c.type === type);
    const time = condition?.lastUpdateTime ?? condition?.lastTransitionTime;
    return time ? parseTime(time) : Infinity;
  };
  if (certificate && Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo) < now) return true;
  if (now - since('Denied') > hourMs || now - since('Failed') > hourMs) return true;
  if (certificate) return now - since('Approved') > hourMs;
  return conditions.length === 0 && now - parseTime(csr.metadata.creationTimestamp ?? '') > 24 * hourMs;
}

export const certificateApprover: Controller = {
  name: 'certificatesigningrequest-approving-controller', account,
  setup: (context) => forEachRequest(context, (csr) => approve(csr, context)),
};

export const certificateSigner: Controller = {
  name: 'certificatesigningrequest-signing-controller', account,
  setup: (context) => forEachRequest(context, (csr) => sign(csr, context)),
};

export const certificateCleaner: Controller = {
  name: 'certificatesigningrequest-cleaner-controller', account,
  setup: (context) => {
    const informer = context.informer(certificatesigningrequests);
    context.every(hourMs, async () => {
      const now = context.surroundings.clock.now();
      for (const csr of informer.list().filter((one) => isOver(one, now))) {
        try {
          await context.client.delete(certificatesigningrequests, csr.metadata.name, { preconditions: { uid: csr.metadata.uid } });
        } catch (error) {
          if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
        }
      }
    });
  },
};
