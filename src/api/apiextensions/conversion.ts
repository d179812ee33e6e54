/** How a definition says that its versions are converted. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { label1035Complaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { CustomResourceDefinition, WebhookClientConfig } from './v1/types.ts';

type Client = DeepReadonly<WebhookClientConfig>;

const form = 'desired format: https://host[/path]';

function checkUrl(url: string, path: string, out: FieldError[]): void {
  const [, scheme = '', authority = '', query = '', fragment = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/.exec(url) ?? [];
  if (url.startsWith(':')) return void out.push(required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: missing protocol scheme; ${form}`));
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (scheme !== 'https') out.push(invalid(path, scheme, `'https' is the only allowed URL scheme; ${form}`));
  if (host === '') out.push(invalid(path, host, `host must be specified; ${form}`));
  if (at >= 0) out.push(invalid(path, authority.slice(0, at), 'user information is not permitted in the URL'));
  if (fragment !== '') out.push(invalid(path, fragment, 'fragments are not permitted in the URL'));
  if (query !== '') out.push(invalid(path, query, 'query parameters are not permitted in the URL'));
}

function checkServicePath(value: string, path: string, out: FieldError[]): void {
  if (value === '/' || value === '') return;
  if (!value.startsWith('/')) out.push(invalid(path, value, "must start with a '/'"));
  const segments = value.slice(1).replace(/\/$/, '').split('/');
  for (const [i, segment] of segments.entries()) {
    if (segment === '') out.push(invalid(path, value, `segment[${i}] may not be empty`));
    else for (const c of subdomainComplaints(segment)) out.push(invalid(path, value, `segment[${i}]: ${c}`));
  }
}

function checkClient(c: Client, path: string, out: FieldError[]): void {
  if ((c.url === undefined) === (c.service === undefined)) return void out.push(required(path, 'exactly one of url or service is required'));
  if (c.url !== undefined) return checkUrl(c.url, `${path}.url`, out);
  const { name, namespace, port, path: at } = c.service!;
  if (!name) out.push(required(`${path}.service.name`));
  if (!namespace) out.push(required(`${path}.service.namespace`));
  if (at !== undefined) checkServicePath(at, `${path}.service.path`, out);
  if (port !== undefined && (port < 1 || port > 65535)) out.push(invalid(`${path}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
}

function checkReviewVersions(versions: readonly string[], path: string, out: FieldError[]): void {
  if (versions.length === 0) return void out.push(required(path));
  if (!versions.some((v) => v === 'v1' || v === 'v1beta1')) out.push(invalid(path, versions, 'must include at least one of v1, v1beta1'));
  for (const [i, v] of versions.entries()) {
    if (versions.indexOf(v) < i) out.push(invalid(`${path}[${i}]`, v, 'duplicate version'));
    for (const c of label1035Complaints(v)) out.push(invalid(`${path}[${i}]`, v, c));
  }
}

export function checkConversion({ spec: { conversion } }: DeepReadonly<CustomResourceDefinition>, out: FieldError[]): void {
  const path = 'spec.conversion';
  if (!conversion) return;
  if (!conversion.strategy) out.push(required(`${path}.strategy`));
  else if (conversion.strategy !== 'None' && conversion.strategy !== 'Webhook') out.push(notSupported(`${path}.strategy`, conversion.strategy, ['None', 'Webhook']));
  const { clientConfig } = conversion.webhook ?? {};
  const versions = conversion.webhook?.conversionReviewVersions ?? [];
  if (conversion.strategy !== 'Webhook') {
    if (clientConfig) out.push(forbidden(`${path}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook'));
    if (versions.length > 0) out.push(forbidden(`${path}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook'));
    return;
  }
  if (!clientConfig) out.push(required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  else checkClient(clientConfig, `${path}.webhookClientConfig`, out);
  checkReviewVersions(versions, `${path}.conversionReviewVersions`, out);
}
