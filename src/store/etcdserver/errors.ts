/** What can be wrong with a call, in etcd's words and under its gRPC codes. */
import { ProtobufError } from '../../wire/protobuf.ts';
import { StoreError } from '../store.ts';

export const code = {
  ok: 0, canceled: 1, unknown: 2, invalidArgument: 3, deadlineExceeded: 4, notFound: 5, resourceExhausted: 8, failedPrecondition: 9, outOfRange: 11, unimplemented: 12, internal: 13, unavailable: 14,
} as const;

export class RpcError extends Error {
  readonly code: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'RpcError';
    this.code = status;
  }
}

const invalid = (text: string) => (): RpcError => new RpcError(code.invalidArgument, `etcdserver: ${text}`);
const failed = (text: string) => (): RpcError => new RpcError(code.failedPrecondition, `etcdserver: ${text}`);

export const compactedText = 'etcdserver: mvcc: required revision has been compacted';

export const refusals = {
  emptyKey: invalid('key is not provided'),
  keyNotFound: invalid('key not found'),
  valueProvided: invalid('value is provided'),
  leaseProvided: invalid('lease is provided'),
  tooManyOps: invalid('too many operations in txn request'),
  duplicateKey: invalid('duplicate key given in txn request'),
  sortOption: invalid('invalid sort option'),
  tooLarge: invalid('request is too large'),
  compacted: () => new RpcError(code.outOfRange, compactedText),
  future: () => new RpcError(code.outOfRange, 'etcdserver: mvcc: required revision is a future revision'),
  noSpace: () => new RpcError(code.resourceExhausted, 'etcdserver: mvcc: database space exceeded'),
  leaseNotFound: () => new RpcError(code.notFound, 'etcdserver: requested lease not found'),
  leaseExists: failed('lease already exists'),
  leaseTooLong: () => new RpcError(code.outOfRange, 'etcdserver: too large lease TTL'),
  authNotEnabled: failed('authentication is not enabled'),
  stopped: () => new RpcError(code.unavailable, 'etcdserver: server stopped'),
} as const;

const ofStore = { compacted: refusals.compacted, future: refusals.future, full: refusals.noSpace, closed: refusals.stopped };

export function rpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof StoreError) {
    if (error.kind in ofStore) return ofStore[error.kind as keyof typeof ofStore]();
    return new RpcError(code.unavailable, `etcdserver: ${error.message}`);
  }
  if (error instanceof ProtobufError) return new RpcError(code.internal, `grpc: error unmarshalling request: ${error.message}`);
  return new RpcError(code.unknown, error instanceof Error ? error.message : String(error));
}
