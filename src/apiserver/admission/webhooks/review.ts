/** The AdmissionReview that a webhook is sent, and what it may answer. */
import type { JsonObject, JsonValue } from '../../../machinery/json.ts';
import { StatusError, type Status } from '../../../machinery/status.ts';
import { parseApiVersion } from '../../objects.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { Webhook } from './hooks.ts';
import { describe } from '../expressions.ts';
import type { Place } from '../matching.ts';

export interface Answer {
  readonly allowed: boolean;
  readonly status?: Partial<Status>;
  /** Operations of a JSON patch, not yet parsed. */
  readonly patch?: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The first version of the review that both sides know. */
function reviewVersion(webhook: Webhook): string {
  const version = webhook.admissionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1');
  if (version === undefined) throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  return `admission.k8s.io/${version}`;
}

export function reviewOf(webhook: Webhook, request: AdmissionRequest, places: readonly Place[], place: Place, uid: string, shown: { readonly object: JsonValue; readonly oldObject: JsonValue }): JsonObject {
  return { kind: 'AdmissionReview', apiVersion: reviewVersion(webhook), request: { uid, ...describe(request, places[0] ?? place, place), ...shown } };
}

interface Response {
  uid?: unknown;
  allowed?: unknown;
  status?: Partial<Status>;
  patch?: string;
  patchType?: string;
  warnings?: readonly string[];
  auditAnnotations?: Readonly<Record<string, string>>;
}

/** Throws a plain Error for what is no answer to the review. */
export function readAnswer(webhook: Webhook, uid: string, value: unknown, mutating: boolean): Answer {
  const review = value as { apiVersion?: string; kind?: string; response?: Response } | null;
  const version = reviewVersion(webhook);
  const response = review?.response;
  if (!response) throw new Error('webhook response was absent');
  if (version.endsWith('/v1')) {
    if (response.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
    if (review.apiVersion !== version || review.kind !== 'AdmissionReview') {
      const { group, version: given } = parseApiVersion(review.apiVersion ?? '');
      throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group}/${given}, Kind=${review.kind ?? ''}`);
    }
    checkPatch(response, mutating);
  }
  return {
    allowed: response.allowed === true, warnings: response.warnings ?? [], auditAnnotations: response.auditAnnotations ?? {}, ...(response.status ? { status: response.status } : {}),
    ...(mutating && response.patch ? { patch: Buffer.from(response.patch, 'base64').toString() } : {}),
  };
}

function checkPatch({ patch, patchType }: Response, mutating: boolean): void {
  if (!mutating) {
    if (patch) throw new Error('validating webhook may not return response.patch');
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (patch && patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType');
  if (!patch && patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch');
  if (patchType !== undefined && patchType !== 'JSONPatch') throw new Error(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`);
}

/** What the client is told when a webhook says no. */
export function denial(name: string, status: Partial<Status> = {}): StatusError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = status.message || status.reason;
  return new StatusError({ ...status, status: 'Failure', code: Math.max(status.code ?? 0, 400), message: why ? `${by}: ${why}` : `${by} without explanation` });
}
