/** metav1.Status and the one error that carries it. Reasons, codes and messages are upstream's. */
export type StatusReason =
  | 'Unauthorized' | 'Forbidden' | 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Gone' | 'Invalid' | 'ServerTimeout' | 'StoreReadError'
  | 'Timeout' | 'TooManyRequests' | 'BadRequest' | 'MethodNotAllowed' | 'NotAcceptable' | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType' | 'InternalError' | 'Expired' | 'ServiceUnavailable' | '';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  status?: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: { name?: string; group?: string; kind?: string; uid?: string; causes?: StatusCause[]; retryAfterSeconds?: number };
  code?: number;
}

export interface QualifiedResource {
  readonly group: string;
  readonly resource: string;
}

/** `pods` or `deployments.apps`. */
export function qualified(r: QualifiedResource): string {
  return r.group ? `${r.resource}.${r.group}` : r.resource;
}

/** One finding of validation: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export interface FieldError {
  readonly type: 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueForbidden' | 'FieldValueDuplicate' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueNotFound' | 'FieldValueTypeInvalid' | 'InternalError';
  readonly field: string;
  /** The line without the field, e.g. `Invalid value: -1: must be …`. */
  readonly detail: string;
}

export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Omit<Status, 'kind' | 'apiVersion' | 'metadata'> & { metadata?: Status['metadata'] }) {
    super(status.message ?? status.reason ?? 'unknown');
    this.name = 'StatusError';
    const { reason, ...rest } = status;
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: status.metadata ?? {}, ...rest, ...(reason ? { reason } : {}) };
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): StatusReason {
    return this.status.reason ?? '';
  }

  static #make(code: number, reason: StatusReason, message: string, details?: Status['details']): StatusError {
    return new StatusError({ status: 'Failure', message, ...(reason ? { reason } : {}), ...(details ? { details } : {}), code });
  }

  static notFound(r: QualifiedResource, name: string): StatusError {
    return StatusError.#make(404, 'NotFound', `${qualified(r)} "${name}" not found`, { name, ...(r.group ? { group: r.group } : {}), kind: r.resource });
  }

  static alreadyExists(r: QualifiedResource, name: string, isGoing = false): StatusError {
    return StatusError.#make(409, 'AlreadyExists', `${isGoing ? 'object is being deleted: ' : ''}${qualified(r)} "${name}" already exists`, { name, ...(r.group ? { group: r.group } : {}), kind: r.resource });
  }

  static conflict(r: QualifiedResource, name: string, why: string): StatusError {
    return StatusError.#make(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why}`, { name, ...(r.group ? { group: r.group } : {}), kind: r.resource });
  }

  static objectModified(r: QualifiedResource, name: string): StatusError {
    return StatusError.conflict(r, name, 'the object has been modified; please apply your changes to the latest version and try again');
  }

  static forbidden(r: QualifiedResource, name: string, why: string): StatusError {
    const subject = r.resource === '' ? 'forbidden' : `${qualified(r)}${name ? ` "${name}"` : ''} is forbidden`;
    return StatusError.#make(403, 'Forbidden', `${subject}: ${why}`, { ...(name ? { name } : {}), ...(r.group ? { group: r.group } : {}), ...(r.resource ? { kind: r.resource } : {}) });
  }

  static unauthorized(message = 'Unauthorized'): StatusError {
    return StatusError.#make(401, 'Unauthorized', message);
  }

  static badRequest(message: string): StatusError {
    return StatusError.#make(400, 'BadRequest', message);
  }

  static invalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]): StatusError {
    // What is found twice is said once.
    const lines = [...new Set(errors.map((e) => `${e.field}: ${e.detail}`))];
    const list = lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
    const full = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
    return StatusError.#make(422, 'Invalid', `${full} "${name}" is invalid: ${list}`, {
      ...(name ? { name } : {}), ...(kind.group ? { group: kind.group } : {}), ...(kind.kind ? { kind: kind.kind } : {}),
      causes: errors.map((e) => ({ reason: e.type, message: e.detail, field: e.field })),
    });
  }

  static methodNotAllowed(r: QualifiedResource, action: string): StatusError {
    return StatusError.#make(405, 'MethodNotAllowed', `${action} is not supported on resources of kind "${qualified(r)}"`, { ...(r.group ? { group: r.group } : {}), kind: r.resource });
  }

  static methodNotAllowedHere(): StatusError {
    return StatusError.#make(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
  }

  /** The path is not served at all. */
  static pathNotFound(): StatusError {
    return StatusError.#make(404, 'NotFound', 'the server could not find the requested resource', {});
  }

  /** `path`: the routes of built-in resources know no such form at all, and say so in their own words. */
  static notAcceptable(accepted: readonly string[], path = false): StatusError {
    if (path) return StatusError.#make(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${accepted.join(', ')}`, {});
    return StatusError.#make(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
  }

  /** An object was asked for as a list, or a list as an object. */
  static wrongForm(message: string): StatusError {
    return StatusError.#make(406, 'NotAcceptable', message);
  }

  static unsupportedMediaType(accepted: readonly string[]): StatusError {
    return StatusError.#make(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
  }

  static unsupportedPatch(): StatusError {
    return StatusError.#make(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }

  static tooLarge(message: string): StatusError {
    return StatusError.#make(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
  }

  static tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
    return StatusError.#make(429, 'TooManyRequests', message, { retryAfterSeconds });
  }

  /** The resourceVersion or continue token is older than what is kept. */
  static expired(message: string): StatusError {
    return StatusError.#make(410, 'Expired', message);
  }

  static timeout(message: string, retryAfterSeconds = 0): StatusError {
    return StatusError.#make(504, 'Timeout', `Timeout: ${message}`, retryAfterSeconds ? { retryAfterSeconds } : {});
  }

  static serviceUnavailable(message: string): StatusError {
    return StatusError.#make(503, 'ServiceUnavailable', message);
  }

  static internal(message: string): StatusError {
    return StatusError.#make(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
  }

  static notImplemented(message: string): StatusError {
    return StatusError.#make(501, '', message);
  }
}

export function hasReason(error: unknown, reason: StatusReason): boolean {
  return error instanceof StatusError && error.reason === reason;
}
