/** How often pods and what makes them were held against a standard, and with what end. */
import type { Counter, Metrics } from '../../../base/metrics.ts';
import type { AdmissionRequest } from '../chain.ts';
import type { LevelVersion } from './policy.ts';

export interface PodSecurityMetrics {
  evaluated(request: AdmissionRequest, allowed: boolean, standard: LevelVersion, mode: 'enforce' | 'audit' | 'warn'): void;
  exempted(request: AdmissionRequest): void;
}

const places = ['request_operation', 'resource', 'subresource'];

export function podSecurityMetrics(metrics: Metrics): PodSecurityMetrics {
  const evaluations = metrics.counter({ name: 'pod_security_evaluations_total', labels: ['decision', 'policy_level', 'policy_version', 'mode', ...places], help: '[ALPHA] Pods and templates that were judged by a level.' });
  const exemptions: Counter = metrics.counter({ name: 'pod_security_exemptions_total', labels: places, help: '[ALPHA] Requests that an exemption lets pass.' });
  return {
    evaluated: (request, allowed, { level, version }, mode) => evaluations.inc(1, allowed ? 'allow' : 'deny', level, version, mode, ...placeOf(request)),
    exempted: (request) => exemptions.inc(1, ...placeOf(request)),
  };
}

function placeOf({ operation, group, resource, subresource }: AdmissionRequest): string[] {
  const kind = group === '' && (resource === 'pods' || resource === 'namespaces') ? resource.slice(0, -1) : 'controller';
  return [operation.toLowerCase(), kind, subresource];
}
