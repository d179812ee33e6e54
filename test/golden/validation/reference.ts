/** A server to ask, by URL and token. Certificates are not checked: it is a server of the test's own, or one that somebody named. */
import { Agent, request } from 'node:https';
import type { Ask, Reply } from './case.ts';

/** Plugins that would answer for other reasons than the object itself, or change it. */
export const withoutPlugins = [
  'ServiceAccount', 'Priority', 'DefaultTolerationSeconds', 'TaintNodesByCondition', 'StorageObjectInUseProtection', 'PersistentVolumeClaimResize', 'RuntimeClass', 'LimitRanger', 'ResourceQuota',
  'DefaultStorageClass', 'DefaultIngressClass', 'CertificateSubjectRestriction', 'CertificateApproval', 'CertificateSigning',
] as const;

function warningsOf(rawHeaders: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() === 'warning') out.push(rawHeaders[i + 1]!.replace(/^299 - "(.*)"$/s, '$1'));
  }
  return out;
}

export function httpsAsk(url: string, token: string): { ask: Ask; close(): void } {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const ask: Ask = (method, path, body, accept = 'application/json') => new Promise<Reply>((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { authorization: `Bearer ${token}`, accept, ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }) };
    const sent = request(url + path, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString();
        const isJson = String(response.headers['content-type']).startsWith('application/json');
        try {
          resolve({ code: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) as unknown : answer, warnings: warningsOf(response.rawHeaders) });
        } catch {
          reject(new Error(`${method} ${path}: ${response.statusCode}: ${answer.slice(0, 200)}`));
        }
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
  return { ask, close: () => agent.destroy() };
}
