/** The options of a deletion: a body of their kind, or the query. */
import { StatusError } from '../../machinery/status.ts';
import { decode } from '../../schema/json.ts';
import { decodeProtobuf, unwrapUnknown } from '../../schema/protobuf.ts';
import type { Registry } from '../../schema/registry.ts';
import { contentType, json, protobuf, yaml } from '../../serving/negotiation.ts';
import { flagOf, integerOf } from '../../serving/parameters.ts';
import type { ServingRequest } from '../../serving/request.ts';
import { checkDeletionOptions, type DeletionOptions } from '../registry/deletion.ts';
import { headless } from '../registry/foreign.ts';
import { parseText, unreadable, type Parsed } from './body.ts';

export async function deletionOptions(registry: Registry, request: ServingRequest): Promise<DeletionOptions & { dryRun: boolean }> {
  const bytes = await request.body();
  let options: Record<string, unknown> = {};
  if (bytes.length > 0) {
    options = decodeOptions(registry, request, bytes);
    request.trail?.requestPatch({ ...options, kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal' });
  } else if (request.hasQuery) {
    const { query } = request;
    const grace = query.get('gracePeriodSeconds');
    const policy = query.get('propagationPolicy');
    const orphan = query.get('orphanDependents');
    options = {
      ...(grace !== null ? { gracePeriodSeconds: integerOf(grace) } : {}),
      ...(policy !== null ? { propagationPolicy: policy } : {}),
      ...(orphan !== null ? { orphanDependents: flagOf(orphan) } : {}),
      ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun') } : {}),
    };
  }
  checkDeletionOptions(options);
  // Where there is a body, the query says nothing.
  const dryRun = (options['dryRun'] as readonly string[] | undefined)?.includes('All') === true;
  return { ...(options as DeletionOptions), dryRun };
}

function decodeOptions(registry: Registry, request: ServingRequest, bytes: Buffer): Record<string, unknown> {
  const type = contentType(request.headers['content-type']);
  if (type === protobuf) return decode(registry, 'meta.v1.DeleteOptions', decodeProtobuf(registry, 'meta.v1.DeleteOptions', unwrapUnknown(bytes).raw)).object;
  if (type !== json && type !== yaml) throw StatusError.unsupportedMediaType([json, yaml, protobuf]);
  let parsed: Parsed;
  try {
    parsed = parseText(bytes, type, false);
  } catch (error) {
    const why = unreadable(error);
    throw why === undefined ? error : unfit(why);
  }
  const why = headless(parsed.value) ?? foreign(parsed.value);
  if (why !== undefined) throw unfit(why);
  try {
    return decode(registry, 'meta.v1.DeleteOptions', parsed.value, parsed).object;
  } catch (error) {
    throw error instanceof StatusError && typeof error.cause === 'string' ? unfit(error.cause) : error;
  }
}

/** Upstream does not say whose fault it is. */
function unfit(why: string): StatusError {
  return new StatusError({ status: 'Failure', message: why, code: 500 });
}

/** DeleteOptions of every group and version will do. */
function foreign(value: unknown): string | undefined {
  const { kind, apiVersion } = (value ?? {}) as { readonly kind?: string | null; readonly apiVersion?: string | null };
  if (!kind || kind === 'DeleteOptions') return undefined;
  return `no kind "${kind}" is registered for version "${apiVersion || 'v1'}" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`;
}
