/** Events: those with an eventTime say more of themselves than the older ones. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { invalid, required, sameValue } from '../../../machinery/fieldpath.ts';
import { nameIsSubdomain } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { internalForm } from '../../../schema/internalform.ts';
import { checkLabelName } from '../../../schema/metadata.ts';
import type { RuleContext } from '../../../schema/vocabulary.ts';
import { coreV1 } from '../v1/package.ts';
import type * as T from '../v1/types.ts';

type Event = DeepReadonly<T.Event>;

const disagrees = 'does not match event.namespace';

function checkLength(value: string | undefined, path: string, limit: number, out: FieldError[]): void {
  if ((value ?? '').length > limit) out.push(invalid(path, '', `can have at most ${limit} characters`));
}

/** What both versions ask of an event. It stands in the namespace of what it is about; in `default` where that has none. */
function checkEvent(e: Event, isStrict: boolean, out: FieldError[]): void {
  const about = e.involvedObject.namespace ?? '';
  const namespace = e.metadata.namespace ?? '';
  if (!e.eventTime) {
    if (about === '' ? namespace !== '' && namespace !== 'default' : about !== namespace) out.push(invalid('involvedObject.namespace', about, disagrees));
    return;
  }
  if (about === '' && namespace !== 'default' && namespace !== 'kube-system') out.push(invalid('involvedObject.namespace', about, disagrees));
  const reporter = isStrict ? 'reportingController' : 'reportingComponent';
  if (!e.reportingComponent) out.push(required(reporter));
  checkLabelName(e.reportingComponent ?? '', reporter, out);
  for (const key of ['reportingInstance', 'action', 'reason'] as const) {
    if (!e[key]) out.push(required(key));
    checkLength(e[key], key, 128, out);
  }
  checkLength(e.message, 'message', 1024, out);
}

function checkSeries({ series }: Event, out: FieldError[]): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) out.push(invalid('series.count', '', 'should be at least 2'));
  if (!series.lastObservedTime) out.push(required('series.lastObservedTime'));
}

/** By which group the writer came: events.k8s.io is the stricter one. */
function isStrict({ apiVersion }: RuleContext): boolean {
  return apiVersion === 'events.k8s.io/v1';
}

export function validateEvent(e: Event, context: RuleContext): FieldError[] {
  const out: FieldError[] = [];
  checkEvent(e, isStrict(context), out);
  if (!isStrict(context)) return out;
  for (const c of nameIsSubdomain(e.metadata.name, false)) out.push(invalid('metadata.name', e.metadata.name, c));
  checkSeries(e, out);
  if (!e.eventTime) out.push(required('eventTime'));
  if (e.type !== 'Normal' && e.type !== 'Warning') out.push(invalid('type', '', `has invalid value: ${e.type ?? ''}`));
  for (const key of ['firstTimestamp', 'lastTimestamp', 'count'] as const) if (e[key]) out.push(invalid(key, '', 'needs to be unset'));
  if (e.source?.component || e.source?.host) out.push(invalid('source', '', 'needs to be unset'));
  return out;
}

const fixed = [
  ['involvedObject', 'ObjectReference'], ['reason', 'string'], ['message', 'string'], ['source', 'EventSource'], ['firstTimestamp', 'Time'], ['lastTimestamp', 'Time'], ['count', 'int32'],
  ['reason', 'string'], ['type', 'string'], ['eventTime', 'MicroTime'], ['action', 'string'], ['related', 'ObjectReference'], ['reportingComponent', 'string'], ['reportingInstance', 'string'],
] as const;

/** By events.k8s.io only the series may go on. */
export function validateEventUpdate(e: Event, old: Event, context: RuleContext): FieldError[] {
  const out: FieldError[] = [];
  checkEvent(e, isStrict(context), out);
  if (!isStrict(context)) return out;
  if (!sameValue(e.series, old.series)) checkSeries(e, out);
  for (const [key, type] of fixed) {
    if (sameValue(e[key], old[key])) continue;
    const shown = type === 'Time' || type === 'MicroTime' || typeof e[key] !== 'object' ? (e[key] ?? (type === 'string' ? '' : type === 'int32' ? 0 : null)) : internalForm(e[key], coreV1, type);
    out.push(invalid(key === 'reportingComponent' ? 'reportingController' : key, shown, 'field is immutable'));
  }
  return out;
}
