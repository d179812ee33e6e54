/** Environment variables and what they refer to. */
import type { DeepReadonly } from '../../../machinery/json.ts';
import { invalid, notSupported, required } from '../../../machinery/fieldpath.ts';
import { configKeyComplaints, envNameComplaints, nameIsSubdomain, qualifiedNameComplaints } from '../../../machinery/names.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type * as T from '../v1/types.ts';

const envFields = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'];
const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const resourceFields = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
/** Known to the API's field labels, wherever they may be used. */
const convertible = new Set([...envFields, ...volumeFields, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);
const binaryAndDecimal = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

export function checkFieldRef(ref: DeepReadonly<T.ObjectFieldSelector>, path: string, out: FieldError[], forVolume = false): void {
  const field = ref.fieldPath;
  if (!ref.apiVersion) return void out.push(required(`${path}.apiVersion`));
  if (!field) return void out.push(required(`${path}.fieldPath`));
  const subscript = /^(.*?)\['(.*)'\]$/.exec(field);
  if (ref.apiVersion !== 'v1' || !(convertible.has(subscript?.[1] ?? field))) {
    const why = ref.apiVersion !== 'v1' ? `unsupported pod version: ${ref.apiVersion}` : `field label not supported: ${subscript?.[1] ?? field}`;
    return void out.push(invalid(`${path}.fieldPath`, field, `error converting fieldPath: ${why}`));
  }
  if (subscript) {
    const [, of, key] = subscript as unknown as [string, string, string];
    if (of === 'metadata.annotations' || of === 'metadata.labels') {
      for (const c of qualifiedNameComplaints(of === 'metadata.annotations' ? key.toLowerCase() : key)) out.push(invalid(path, key, c));
    } else {
      out.push(invalid(path, of, 'does not support subscript'));
    }
    return;
  }
  const allowed = forVolume ? volumeFields : envFields;
  if (!allowed.includes(field)) out.push(notSupported(`${path}.fieldPath`, field, allowed));
}

export function checkResourceFieldRef(ref: DeepReadonly<T.ResourceFieldSelector>, path: string, out: FieldError[], forVolume = false): void {
  const { resource } = ref;
  if (forVolume && !ref.containerName) out.push(required(`${path}.containerName`));
  else if (!resource) out.push(required(`${path}.resource`));
  else if (!resourceFields.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) out.push(notSupported(`${path}.resource`, resource, resourceFields));
  const divisor = parseQuantity(ref.divisor || '0');
  if (divisor.isZero()) return;
  const text = divisor.toString();
  if (resource?.endsWith('.cpu')) {
    if (text !== '1m' && text !== '1') out.push(invalid(`${path}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
    return;
  }
  const kind = resource?.endsWith('.memory') ? 'memory' : resource?.endsWith('.ephemeral-storage') ? 'local ephemeral storage' : /^(limits|requests)\.hugepages-/.test(resource ?? '') ? 'hugepages' : undefined;
  if (kind === undefined) return;
  if (!binaryAndDecimal.includes(text)) out.push(invalid(`${path}.divisor`, resource, `only divisor's values ${binaryAndDecimal.join(', ')} are supported with the ${kind} resource`));
}

function checkKeyRef(ref: DeepReadonly<{ name?: string; key: string }>, path: string, out: FieldError[]): void {
  for (const c of nameIsSubdomain(ref.name ?? '', false)) out.push(invalid(`${path}.name`, ref.name ?? '', c));
  if (!ref.key) out.push(required(`${path}.key`));
  else for (const c of configKeyComplaints(ref.key)) out.push(invalid(`${path}.key`, ref.key, c));
}

function checkValueFrom(v: DeepReadonly<T.EnvVar>, path: string, out: FieldError[]): void {
  const from = v.valueFrom;
  if (!from) return;
  if (from.fieldRef) checkFieldRef(from.fieldRef, `${path}.fieldRef`, out);
  if (from.resourceFieldRef) checkResourceFieldRef(from.resourceFieldRef, `${path}.resourceFieldRef`, out);
  if (from.configMapKeyRef) checkKeyRef(from.configMapKeyRef, `${path}.configMapKeyRef`, out);
  if (from.secretKeyRef) checkKeyRef(from.secretKeyRef, `${path}.secretKeyRef`, out);
  const sources = [from.fieldRef, from.resourceFieldRef, from.configMapKeyRef, from.secretKeyRef, from.fileKeyRef].filter((x) => x !== undefined).length;
  if (sources === 0) out.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'));
  else if (v.value) out.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1) out.push(invalid(path, '', 'may not have more than one field specified at a time'));
}

export function checkEnv(env: DeepReadonly<T.EnvVar[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, v] of (env ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!v.name) out.push(required(`${at}.name`));
    else for (const c of envNameComplaints(v.name)) out.push(invalid(`${at}.name`, v.name, c));
    checkValueFrom(v, `${at}.valueFrom`, out);
  }
}

export function checkEnvFrom(list: DeepReadonly<T.EnvFromSource[]> | undefined, path: string, out: FieldError[]): void {
  for (const [i, e] of (list ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (e.prefix) for (const c of envNameComplaints(e.prefix)) out.push(invalid(`${at}.prefix`, e.prefix, c));
    for (const key of ['configMapRef', 'secretRef'] as const) {
      const ref = e[key];
      if (!ref) continue;
      if (!ref.name) out.push(required(`${at}.${key}.name`));
      else for (const c of nameIsSubdomain(ref.name, true)) out.push(invalid(`${at}.${key}.name`, ref.name, c));
    }
    if (!e.configMapRef && !e.secretRef) out.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (e.configMapRef && e.secretRef) out.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
}
