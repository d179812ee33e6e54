/** Validation of resource slices and of rules that taint devices. */
import { forbidden, immutable, invalid, notSupported, required, tooLong } from '../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import { labelComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import { checkLabelName } from '../../schema/metadata.ts';
import { checkNodeSelector } from '../core/validation/scheduling.ts';
import { checkDriverName } from '../core/validation/sources.ts';
import { checkAttributeName, checkBindingConditions, checkDeviceName, checkDns, checkLabelValue, checkList, checkMap, checkPoolName, checkSet } from './names.ts';
import { checkSelectors } from './selectors.ts';
import type { DeviceTaintRule } from './v1alpha3/types.ts';
import { taintEffects } from './v1/enums.ts';
import type * as T from './v1beta2/types.ts';

type Slice = DeepReadonly<T.ResourceSlice>;
type Device = DeepReadonly<T.Device>;
type Counters = ReadonlyMap<string, ReadonlySet<string>>;

const maxPerDevice = 32;
const maxValue = 64;
const versionForm = /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const mustBeTrue = 'must be either unset or set to true';

function checkTaint(t: DeepReadonly<T.DeviceTaint>, path: string, out: FieldError[]): void {
  checkLabelName(t.key, `${path}.key`, out);
  if (t.value) checkLabelValue(t.value, `${path}.value`, out);
  if (!t.effect) out.push(required(`${path}.effect`));
  else if (!taintEffects.includes(t.effect)) out.push(notSupported(`${path}.effect`, t.effect, taintEffects));
}

function checkAttribute(a: DeepReadonly<T.DeviceAttribute>, path: string, out: FieldError[]): void {
  if (a.string !== undefined && Buffer.byteLength(a.string) > maxValue) out.push(tooLong(`${path}.string`, maxValue));
  if (a.version !== undefined) {
    if (!versionForm.test(a.version)) out.push(invalid(`${path}.version`, a.version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (a.version.length > maxValue) out.push(tooLong(`${path}.version`, maxValue));
  }
  const given = [a.bool, a.int, a.string, a.version].filter((v) => v !== undefined).length;
  if (given === 0) out.push(required(path, 'exactly one value must be specified'));
  else if (given > 1) out.push(invalid(path, { IntValue: a.int ?? null, BoolValue: a.bool ?? null, StringValue: a.string ?? null, VersionValue: a.version ?? null }, 'exactly one value must be specified'));
}

function checkConsumed(d: Device, shared: Counters, path: string, out: FieldError[]): void {
  checkSet(d.consumesCounters, Infinity, `${path}.consumesCounters`, out, (c, at) => {
    if (!c.counterSet) out.push(required(`${at}.counterSet`));
    if (Object.keys(c.counters ?? {}).length === 0) out.push(required(`${at}.counters`));
    else checkMap(c.counters, `${at}.counters`, out, (key, p) => checkDns(labelComplaints, key, p, out), undefined, 63);
  }, (c) => c.counterSet, '.counterSet');
  const count = (d.consumesCounters ?? []).reduce((sum, c) => sum + Object.keys(c.counters ?? {}).length, 0);
  if (count > maxPerDevice) out.push(invalid(path, count, `the total number of counters must not exceed ${maxPerDevice}`));
  for (const [i, c] of (d.consumesCounters ?? []).entries()) {
    const at = `${path}.consumesCounters[${i}]`;
    const known = shared.get(c.counterSet);
    if (!known) out.push(invalid(`${at}.counterSet`, c.counterSet, 'must reference a counterSet defined in the ResourceSlice sharedCounters'));
    else for (const key of Object.keys(c.counters ?? {})) if (!known.has(key)) out.push(invalid(`${at}.counters`, key, 'must reference a counter defined in the ResourceSlice sharedCounters'));
  }
}

/** Where a device is, in a slice whose devices each say it themselves. */
function checkPlace(d: Device, path: string, out: FieldError[]): void {
  const words = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  const given: string[] = [];
  if (d.nodeName) {
    given.push('`nodeName`');
    checkDns(subdomainComplaints, d.nodeName, `${path}.nodeName`, out);
  } else if (d.nodeName === '') out.push(invalid(`${path}.nodeName`, '', 'must not be empty'));
  if (d.nodeSelector) {
    given.push('`nodeSelector`');
    checkNodeSelector(d.nodeSelector, `${path}.nodeSelector`, out);
  }
  if (d.allNodes) given.push('`allNodes`');
  else if (d.allNodes === false) out.push(invalid(`${path}.allNodes`, false, mustBeTrue));
  if (given.length === 0) out.push(required(path, words));
  else if (given.length > 1) out.push(invalid(path, `{${given.join(', ')}}`, words));
}

function checkDevice(d: Device, shared: Counters, perDevice: boolean, path: string, out: FieldError[]): void {
  checkDeviceName(d.name, `${path}.name`, out);
  const facts = Object.keys(d.attributes ?? {}).length + Object.keys(d.capacity ?? {}).length;
  if (facts > maxPerDevice) out.push(invalid(path, facts, `the total number of attributes and capacities must not exceed ${maxPerDevice}`));
  checkMap(d.attributes, `${path}.attributes`, out, checkAttributeName, (a, at) => checkAttribute(a, at, out));
  // Policies of requests belong to capacity that several claims consume, which is off in this version: of those that are stored nothing is judged.
  checkMap(d.capacity, `${path}.capacity`, out, checkAttributeName, (c, at) => {
    if (c.requestPolicy && !d.allowMultipleAllocations) out.push(forbidden(`${at}.requestPolicy`, 'allowMultipleAllocations must be true'));
  });
  checkList(d.taints, 4, `${path}.taints`, out, (t, at) => checkTaint(t, at, out));
  checkConsumed(d, shared, path, out);
  if (perDevice) checkPlace(d, path, out);
  else if (d.nodeName !== undefined || d.nodeSelector || d.allNodes !== undefined) out.push(invalid(path, null, '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'));
  checkBindingConditions(d, path, out);
}

function checkNodes(spec: Slice['spec'], out: FieldError[]): void {
  const words = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  const given: string[] = [];
  if (spec.nodeName) {
    given.push('`nodeName`');
    checkDns(subdomainComplaints, spec.nodeName, 'spec.nodeName', out);
  } else if (spec.nodeName === '') out.push(invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string'));
  if (spec.nodeSelector) {
    given.push('`nodeSelector`');
    checkNodeSelector(spec.nodeSelector, 'spec.nodeSelector', out);
    const terms = spec.nodeSelector.nodeSelectorTerms;
    if (terms?.length !== 1) out.push(invalid('spec.nodeSelector.nodeSelectorTerms', terms ?? null, 'must have exactly one node selector term'));
  }
  for (const key of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[key]) given.push(`\`${key}\``);
    else if (spec[key] === false) out.push(invalid(`spec.${key}`, false, mustBeTrue));
  }
  if (given.length === 0) out.push(required('spec', words));
  else if (given.length > 1) out.push(invalid('spec', `{${given.join(', ')}}`, `${words}, but multiple fields are set`));
}

function checkSharedCounters(sets: DeepReadonly<T.CounterSet[]> | undefined, out: FieldError[]): void {
  const count = (sets ?? []).reduce((sum, s) => sum + Object.keys(s.counters ?? {}).length, 0);
  if (count > 32) out.push(invalid('spec.sharedCounters', count, 'the total number of shared counters must not exceed 32'));
  checkSet(sets, Infinity, 'spec.sharedCounters', out, (s, at) => {
    if (!s.name) out.push(required(`${at}.name`));
    else checkDns(labelComplaints, s.name, `${at}.name`, out);
    if (Object.keys(s.counters ?? {}).length === 0) out.push(required(`${at}.counters`));
    else checkMap(s.counters, `${at}.counters`, out, (key, p) => checkDns(labelComplaints, key, p, out), undefined, 63);
  }, (s) => s.name, '.name');
}

function checkSlice({ spec }: Slice, old: Slice | undefined, out: FieldError[]): void {
  checkDriverName(spec.driver, 'spec.driver', out);
  const { pool } = spec;
  checkPoolName(pool.name, 'spec.pool.name', out);
  if (pool.resourceSliceCount <= 0) out.push(invalid('spec.pool.resourceSliceCount', pool.resourceSliceCount, 'must be greater than zero'));
  if (pool.generation < 0) out.push(invalid('spec.pool.generation', pool.generation, 'must be greater than or equal to zero'));
  if (old) {
    out.push(...immutable('spec.pool.name', pool.name, old.spec.pool.name), ...immutable('spec.driver', spec.driver, old.spec.driver), ...immutable('spec.nodeName', spec.nodeName ?? null, old.spec.nodeName));
  }
  checkNodes(spec, out);
  const shared = new Map((spec.sharedCounters ?? []).map((s) => [s.name, new Set(Object.keys(s.counters ?? {}))]));
  checkSet(spec.devices, 128, 'spec.devices', out, (d, at) => checkDevice(d, shared, spec.perDeviceNodeSelection === true, at, out), (d) => d.name, '.name');
  const consumed = (spec.devices ?? []).flatMap((d) => d.consumesCounters ?? []).reduce((sum, c) => sum + Object.keys(c.counters ?? {}).length, 0);
  if (consumed > 1024) out.push(invalid('spec.devices', consumed, 'the total number of counters in devices must not exceed 1024'));
  checkSharedCounters(spec.sharedCounters, out);
}

export function validateSlice(s: Slice): FieldError[] {
  const out: FieldError[] = [];
  checkSlice(s, undefined, out);
  return out;
}

export function validateSliceUpdate(s: Slice, old: Slice): FieldError[] {
  const out: FieldError[] = [];
  checkSlice(s, old, out);
  return out;
}

export function validateTaintRule({ spec }: DeepReadonly<DeviceTaintRule>): FieldError[] {
  const out: FieldError[] = [];
  const s = spec.deviceSelector;
  const at = 'spec.deviceSelector';
  if (s?.deviceClassName !== undefined) checkDns(subdomainComplaints, s.deviceClassName, `${at}.deviceClassName`, out);
  if (s?.driver !== undefined) checkDriverName(s.driver, `${at}.driver`, out);
  if (s?.pool !== undefined) checkPoolName(s.pool, `${at}.pool`, out);
  if (s?.device !== undefined) checkDeviceName(s.device, `${at}.device`, out);
  checkSelectors(s?.selectors, `${at}.selectors`, out);
  checkTaint(spec.taint, 'spec.taint', out);
  return out;
}
