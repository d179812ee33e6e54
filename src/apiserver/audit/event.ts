/** One audit event in upstream's shape, and ways to write it down. */
import { encodeJson } from '../../machinery/jsontext.ts';
import type { Status } from '../../machinery/status.ts';
import type { User } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';
import type { AuditLevel, Stage } from './policy.ts';

export interface AuditUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ObjectRef {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

export type ResponseStatus = Pick<Status, 'status' | 'message' | 'reason' | 'details' | 'code'> & { readonly metadata: Record<string, never> };

export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: AuditLevel;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: ObjectRef;
  readonly responseStatus?: ResponseStatus;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function auditUser(user: User | undefined): AuditUser {
  if (!user) return {};
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
  };
}

export function objectRef(info: RequestInfo, of: { readonly name?: string | undefined; readonly namespace?: string | undefined; readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } = {}): ObjectRef {
  const namespace = info.namespace || of.namespace;
  const name = info.name || of.name;
  return {
    resource: info.resource,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(of.uid ? { uid: of.uid } : {}),
    ...(info.group ? { apiGroup: info.group } : {}),
    apiVersion: info.version,
    ...(of.resourceVersion ? { resourceVersion: of.resourceVersion } : {}),
    ...(info.subresource ? { subresource: info.subresource } : {}),
  };
}

/** The old form of one line: `--audit-log-format=legacy`. */
export function legacyLine(event: AuditEvent): string {
  const q = JSON.stringify;
  const { user, impersonatedUser: as } = event;
  const listed = (groups: readonly string[]): string => groups.map((group) => q(group)).join(',');
  const parts = {
    id: event.auditID, stage: event.stage, ip: event.sourceIPs?.[0] ?? '<unknown>', method: event.verb, user: user.username || '<none>',
    groups: user.username && user.groups?.length ? listed(user.groups) : '<none>', as: as ? (as.username ?? '') : '<self>', asgroups: as?.groups ? listed(as.groups) : '<lookup>',
    'user-agent': event.userAgent ?? '', namespace: event.objectRef?.namespace ?? '<none>', uri: event.requestURI, response: event.responseStatus ? String(event.responseStatus.code ?? 0) : '<deferred>',
  };
  return `${event.requestReceivedTimestamp} AUDIT: ${Object.entries(parts).map(([key, value]) => `${key}=${q(value)}`).join(' ')}`;
}

/** Without what is large, where the event would be longer than `limit` bytes; undefined where even that is too long. */
export function truncated(event: AuditEvent, limit: number): AuditEvent | undefined {
  if (lengthOf(event) <= limit) return event;
  if (event.level === 'Metadata') return undefined;
  const { requestObject: _request, responseObject: _response, ...rest } = event;
  const short = { ...rest, annotations: { ...event.annotations, 'audit.k8s.io/truncated': 'true' } };
  return lengthOf(short) <= limit ? short : undefined;
}

/** Of its line. */
function lengthOf(event: AuditEvent): number {
  return encodeJson(event).toString().trimEnd().length + 1;
}
