/** The one place where the store's errors become the API's. */
import { StatusError, type QualifiedResource } from '../../machinery/status.ts';
import { StoreError } from '../../store/store.ts';

export function isConflict(error: unknown): error is StoreError {
  return error instanceof StoreError && error.kind === 'conflict';
}

/** What a caller gets for an error out of store or cacher; others pass through. */
export function fromStore(error: unknown, resource: QualifiedResource): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.kind) {
    case 'compacted':
      return StatusError.expired(error.message.startsWith('too old') ? error.message : `too old resource version: ${error.message}`);
    case 'future':
      return new StatusError({
        status: 'Failure', code: 504, reason: 'Timeout', message: `Timeout: ${error.message}`,
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      });
    case 'conflict':
      return StatusError.objectModified(resource, '');
    case 'full':
      return StatusError.internal(`store: database space exceeded: ${error.message}`);
    case 'too large':
      return new StatusError({ status: 'Failure', message: 'etcdserver: request is too large', code: 500 });
    case 'unavailable':
    case 'closed':
      return StatusError.serviceUnavailable(`storage is (re)initializing: ${error.message}`);
  }
}

/** Runs a read and words its failure. */
export async function reading<T>(resource: QualifiedResource, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromStore(error, resource);
  }
}
