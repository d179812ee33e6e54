/** Expressions that choose devices: what they may name, and what they may cost. */
import { compile } from '../../machinery/cel/cel.ts';
import { bool, opaque, string, typeText, type CelType } from '../../machinery/cel/types.ts';
import { forbidden, invalid, required, tooLong } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkList } from './names.ts';
import type * as T from './v1beta2/types.ts';

const maxCost = 1_000_000;
const maxExpression = 10 * 1024;

/** By domain, then by name; each as large as a slice may have it. */
function byName(value: CelType): CelType {
  const inner: CelType = { kind: 'map', key: { ...string, max: 32 }, value, max: 32 };
  return { kind: 'map', key: { ...string, max: 63 }, value: inner, max: 32 };
}

const deviceType: CelType = {
  kind: 'object', name: 'kubernetes.DRADevice',
  fields: new Map([
    ['driver', { name: 'driver', type: { ...string, max: 63 } }],
    ['attributes', { name: 'attributes', type: byName({ kind: 'dyn', max: 64 }) }],
    ['capacity', { name: 'capacity', type: byName(opaque('kubernetes.Quantity')) }],
  ]),
};

function checkExpression(expression: string, path: string, out: FieldError[]): void {
  if (Buffer.byteLength(expression) > maxExpression) return void out.push(tooLong(path, maxExpression));
  const { program, message } = compile(expression, { variables: { device: deviceType } });
  if (!program) return void out.push(invalid(path, expression, `compilation failed: ${message}`));
  const { type } = program;
  if (type.kind !== bool.kind && type.kind !== 'dyn') return void out.push(invalid(path, expression, `must evaluate to bool or the unknown type, not ${typeText(type)}`));
  if (program.estimatedCost.max > maxCost) out.push(forbidden(path, 'too complex, exceeds cost limit'));
}

export function checkSelectors(selectors: DeepReadonly<T.DeviceSelector[]> | undefined, path: string, out: FieldError[]): void {
  checkList(selectors, 32, path, out, (s, at) => {
    if (!s.cel) out.push(required(`${at}.cel`));
    else checkExpression(s.cel.expression, `${at}.cel.expression`, out);
  });
}
