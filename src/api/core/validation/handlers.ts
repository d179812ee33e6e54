/** Probes and lifecycle hooks. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { forbidden, invalid, nonNegative, notSupported, required } from '../../../machinery/fieldpath.ts';
import { httpHeaderComplaints, portNameComplaints, portNumberComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { uriSchemes } from '../v1/enums.ts';
import type * as T from '../v1/types.ts';

type Handler = DeepReadonly<Pick<T.Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<T.LifecycleHandler, 'sleep'>>;
type HandlerKey = 'exec' | 'httpGet' | 'tcpSocket' | 'grpc' | 'sleep';

export function checkPortOrName(port: number | string | undefined, path: string, out: FieldError[]): void {
  if (typeof port === 'string') for (const c of portNameComplaints(port)) out.push(invalid(path, port, c));
  else for (const c of portNumberComplaints(port ?? 0)) out.push(invalid(path, port ?? 0, c));
}

function checkHttpGet(h: DeepReadonly<T.HTTPGetAction>, path: string, out: FieldError[]): void {
  if (!h.path) out.push(required(`${path}.path`));
  checkPortOrName(h.port, `${path}.port`, out);
  if (!uriSchemes.includes(h.scheme ?? '')) out.push(notSupported(`${path}.scheme`, h.scheme ?? '', uriSchemes));
  for (const header of h.httpHeaders ?? []) for (const c of httpHeaderComplaints(header.name)) out.push(invalid(`${path}.httpHeaders`, header.name, c));
}

function checkOne(h: Handler, key: HandlerKey, grace: number | undefined, path: string, out: FieldError[]): void {
  switch (key) {
    case 'exec':
      if (!h.exec?.command?.length) out.push(required(`${path}.command`));
      break;
    case 'httpGet':
      checkHttpGet(h.httpGet!, path, out);
      break;
    case 'tcpSocket':
    case 'grpc':
      checkPortOrName(h[key]!.port, `${path}.port`, out);
      break;
    default:
      if (grace !== undefined && (h.sleep!.seconds < 0 || h.sleep!.seconds > grace)) {
        out.push(invalid(path, h.sleep!.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`));
      }
  }
}

/** The first of the handlers is judged, others are one too many. */
function checkHandler(h: Handler, grace: number | undefined, path: string, out: FieldError[], keys: readonly HandlerKey[]): void {
  const given = keys.filter((key) => h[key] !== undefined);
  if (given[0]) checkOne(h, given[0], grace, `${path}.${given[0]}`, out);
  else out.push(required(path, 'must specify a handler type'));
  for (const key of given.slice(1)) out.push(forbidden(`${path}.${key}`, 'may not specify more than 1 handler type'));
}

export function checkLifecycle(l: DeepReadonly<T.Lifecycle> | undefined, grace: number | undefined, path: string, out: FieldError[]): void {
  const keys = ['exec', 'httpGet', 'tcpSocket', 'sleep'] as const;
  if (l?.postStart) checkHandler(l.postStart, grace, `${path}.postStart`, out, keys);
  if (l?.preStop) checkHandler(l.preStop, grace, `${path}.preStop`, out, keys);
}

export function checkProbe(p: DeepReadonly<T.Probe> | undefined, kind: 'liveness' | 'readiness' | 'startup', path: string, out: FieldError[]): void {
  if (!p) return;
  checkHandler(p, undefined, path, out, ['exec', 'httpGet', 'tcpSocket', 'grpc']);
  for (const key of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) out.push(...nonNegative(`${path}.${key}`, p[key]));
  const grace = p.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) out.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  if (kind !== 'readiness' && p.successThreshold !== 1) out.push(invalid(`${path}.successThreshold`, p.successThreshold ?? 0, 'must be 1'));
  if (kind === 'readiness' && grace !== undefined) out.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
}
