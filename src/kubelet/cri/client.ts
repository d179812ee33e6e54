/** The container runtime as the agent sees it: plain calls on plain messages. */
import { Client as GrpcClient, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import type { Draft } from '../../machinery/json.ts';
import { CriCodec, type Message } from './codec.ts';
import { methods } from './messages.ts';
import type { Calls, ContainerEventResponse } from './types.ts';

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a runtime answered instead of a result; `code` is gRPC's. */
export class RuntimeError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'RuntimeError';
    this.code = code;
  }

  /** As upstream prints a gRPC error. */
  get full(): string {
    return `rpc error: code = ${codeNames[this.code] ?? this.code} desc = ${this.message}`;
  }
}

const codeNames: Readonly<Record<number, string>> = {
  1: 'Canceled', 2: 'Unknown', 3: 'InvalidArgument', 4: 'DeadlineExceeded', 5: 'NotFound', 6: 'AlreadyExists', 7: 'PermissionDenied',
  8: 'ResourceExhausted', 9: 'FailedPrecondition', 10: 'Aborted', 11: 'OutOfRange', 12: 'Unimplemented', 13: 'Internal', 14: 'Unavailable',
};

export function isNotFound(error: unknown): boolean {
  return error instanceof RuntimeError && error.code === status.NOT_FOUND;
}

export interface Runtime {
  call<M extends keyof Calls>(method: M, request: Draft<Calls[M]['request']>, options?: CallOptions): Promise<Calls[M]['response']>;
  /** Ends or throws when the stream does; a runtime without it throws RuntimeError 12. */
  events(signal: AbortSignal): AsyncIterable<ContainerEventResponse>;
  close(): void;
}

const defaultTimeoutMs = 120_000;

export interface Endpoints {
  /** `unix:///run/containerd/containerd.sock` or a plain path. */
  readonly runtime: string;
  readonly image?: string;
}

export function connectRuntime(endpoints: Endpoints, clock: Clock): Runtime {
  const codec = new CriCodec();
  const runtime = dial(endpoints.runtime);
  const image = endpoints.image && endpoints.image !== endpoints.runtime ? dial(endpoints.image) : runtime;
  const images: Readonly<Record<string, unknown>> = methods.ImageService;
  const all: Readonly<Record<string, readonly [string, string]>> = { ...methods.RuntimeService, ...methods.ImageService };
  const encode = (type: string) => (message: Message) => Buffer.from(codec.encode(type, message));
  const decode = (type: string) => (bytes: Buffer) => codec.decode(type, bytes);

  const call = (method: string, request: Message, options: CallOptions = {}): Promise<Message> => {
    const service = method in images ? 'ImageService' : 'RuntimeService';
    const [requestType, responseType] = all[method]!;
    const timeout = options.timeoutMs ?? defaultTimeoutMs;
    return new Promise<Message>((resolve, reject) => {
      if (options.signal?.aborted) return reject(options.signal.reason);
      const onAbort = (): void => active.cancel();
      const active = (service === 'ImageService' ? image : runtime).makeUnaryRequest(
        `/runtime.v1.${service}/${method}`, encode(requestType), decode(responseType), request, new Metadata(),
        timeout > 0 ? { deadline: clock.now() + timeout } : {},
        (error: ServiceError | null, response?: Message) => {
          options.signal?.removeEventListener('abort', onAbort);
          if (options.signal?.aborted) reject(options.signal.reason);
          else if (error) reject(new RuntimeError(error.code, error.details));
          else resolve(response!);
        },
      );
      options.signal?.addEventListener('abort', onAbort, { once: true });
    });
  };

  async function* events(signal: AbortSignal): AsyncGenerator<ContainerEventResponse> {
    const stream = runtime.makeServerStreamRequest(
      '/runtime.v1.RuntimeService/GetContainerEvents', encode('GetEventsRequest'), decode('ContainerEventResponse'), {}, new Metadata(), {},
    );
    const onAbort = (): void => stream.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const event of stream) yield event as ContainerEventResponse;
    } catch (error) {
      if (signal.aborted) return;
      const failure = error as ServiceError;
      throw new RuntimeError(failure.code ?? status.UNKNOWN, failure.details ?? failure.message);
    } finally {
      signal.removeEventListener('abort', onAbort);
      stream.cancel();
    }
  }

  return {
    // The table of calls and the table of types are printed from the same data.
    call: call as unknown as Runtime['call'],
    events,
    close: () => {
      runtime.close();
      if (image !== runtime) image.close();
    },
  };
}

function dial(endpoint: string): GrpcClient {
  const target = endpoint.startsWith('/') ? `unix://${endpoint}` : endpoint;
  return new GrpcClient(target, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 << 20,
    'grpc.max_send_message_length': 64 << 20,
    // A runtime that restarts is back within a second: do not sit out the library's long back-off.
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.min_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.default_authority': 'localhost',
  });
}
