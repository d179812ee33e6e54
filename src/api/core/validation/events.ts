/** Events: those with an eventTime say more of themselves than the older ones. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { invalid, required } from '../../../machinery/fieldpath.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { checkLabelName } from '../../../schema/metadata.ts';
import type * as T from '../v1/types.ts';

const disagrees = 'does not match event.namespace';

function checkLength(value: string | undefined, path: string, limit: number, out: FieldError[]): void {
  if ((value ?? '').length > limit) out.push(invalid(path, '', `can have at most ${limit} characters`));
}

/** An event stands in the namespace of what it is about; in `default` where that has none. */
export function validateEvent(e: DeepReadonly<T.Event>): FieldError[] {
  const about = e.involvedObject.namespace ?? '';
  const namespace = e.metadata.namespace ?? '';
  const out: FieldError[] = [];
  if (!e.eventTime) {
    if (about === '' ? namespace !== '' && namespace !== 'default' : about !== namespace) out.push(invalid('involvedObject.namespace', about, disagrees));
    return out;
  }
  if (about === '' && namespace !== 'default' && namespace !== 'kube-system') out.push(invalid('involvedObject.namespace', about, disagrees));
  if (!e.reportingComponent) out.push(required('reportingComponent'));
  checkLabelName(e.reportingComponent ?? '', 'reportingComponent', out);
  for (const key of ['reportingInstance', 'action', 'reason'] as const) {
    if (!e[key]) out.push(required(key));
    checkLength(e[key], key, 128, out);
  }
  checkLength(e.message, 'message', 1024, out);
  return out;
}
