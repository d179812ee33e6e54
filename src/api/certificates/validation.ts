/** Validation of certificate signing requests. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { duplicate, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { keyUsages } from './v1/enums.ts';
import type * as T from './v1/types.ts';

type Request = DeepReadonly<T.CertificateSigningRequest>;

/** `example.com/signer`: a domain and a path. */
function checkSigner(name: string, path: string, out: FieldError[]): void {
  if (!name) return void out.push(required(path));
  const [domain = '', rest, ...more] = name.split('/');
  if (rest === undefined || more.length > 0) return void out.push(invalid(path, name, 'must be a fully qualified domain and path of the form \'example.com/signer-name\''));
  for (const c of subdomainComplaints(domain)) out.push(invalid(path, domain, c));
  if (!domain.includes('.')) out.push(invalid(path, name, 'should be a domain with at least two segments separated by dots'));
  if (rest === '') out.push(invalid(path, name, 'validating signerName "" path segment: must be non-empty'));
}

export function validateRequest(r: Request): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = r;
  const pem = Buffer.from(spec.request ?? '', 'base64').toString('latin1');
  const block = /-----BEGIN ([A-Z ]+)-----/.exec(pem)?.[1];
  if (block !== 'CERTIFICATE REQUEST') out.push(invalid('spec.request', spec.request ? '' : undefined, 'PEM block type must be CERTIFICATE REQUEST'));
  if (!spec.usages?.length) out.push(required('spec.usages'));
  for (const [i, u] of (spec.usages ?? []).entries()) {
    if (!keyUsages.includes(u)) out.push(notSupported(`spec.usages[${i}]`, u, keyUsages));
    if (spec.usages!.indexOf(u) !== i) out.push(duplicate(`spec.usages[${i}]`, u));
  }
  checkSigner(spec.signerName, 'spec.signerName', out);
  if (spec.signerName === 'kubernetes.io/legacy-unknown') out.push(invalid('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version'));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600) out.push(invalid('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  return out;
}

export function validateRequestUpdate(r: Request, old: Request, subresource: string): FieldError[] {
  const out: FieldError[] = [];
  const conditions = r.status?.conditions ?? [];
  const seen = new Set<string>();
  for (const [i, c] of conditions.entries()) {
    const path = `status.conditions[${i}]`;
    if (!c.type) out.push(required(`${path}.type`));
    if (seen.has(c.type)) out.push(duplicate(`${path}.type`, c.type));
    seen.add(c.type);
    if (!c.status) out.push(required(`${path}.status`));
    else if (['Approved', 'Denied', 'Failed'].includes(c.type) && c.status !== 'True') out.push({ type: 'FieldValueNotSupported', field: `${path}.status`, detail: `Unsupported value: ${JSON.stringify(c.status)}: supported values: "True"` });
  }
  if (seen.has('Approved') && seen.has('Denied')) out.push(invalid('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive'));
  const forbid = (field: string, why: string): unknown => out.push({ type: 'FieldValueForbidden', field, detail: `Forbidden: ${why}` });
  for (const type of ['Approved', 'Denied', 'Failed']) {
    const before = (old.status?.conditions ?? []).filter((c) => c.type === type).length;
    const after = conditions.filter((c) => c.type === type).length;
    if (after < before) forbid('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`);
    if (after > before && type !== 'Failed' && subresource !== 'approval') forbid('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`);
  }
  const { certificate = '' } = old.status ?? {};
  if (subresource === 'status' && certificate !== '' && certificate !== (r.status?.certificate ?? '')) forbid('status.certificate', 'updates may not modify existing certificate content');
  return out;
}
