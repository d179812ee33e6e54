/** Address families of services: what a writer leaves out is filled in, what the cluster does not have is refused. */
import type { Service } from '../../../api/core/v1/types.ts';
import { checkClusterIPs } from '../../../api/core/validation/service.ts';
import { familyOf } from '../../../machinery/addresses.ts';
import { invalid, sameValue } from '../../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { StatusError, type FieldError } from '../../../machinery/status.ts';

type ReadService = DeepReadonly<Service>;

/** This network has one. */
const configured: readonly string[] = ['IPv4'];

export function setFamilies(service: Service, old: ReadService | undefined): void {
  const { spec } = service;
  if (spec.type === 'ExternalName' || isLeftAlone(service, old)) return;
  const isFree = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (isFree ? 'RequireDualStack' : 'SingleStack');
  // What is no address cannot be reserved.
  const findings: FieldError[] = [];
  checkClusterIPs(service, findings);
  refuse(service, findings);
  if (old) reduce(service, old, findings);
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const several = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (spec.clusterIPs?.length === 2) findings.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `${several} cluster IPs are specified`));
    if (spec.ipFamilies?.length === 2) findings.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `${several} IP families are specified`));
  }
  infer(service, findings);
  refuse(service, findings);
  if (isFree) {
    // Nobody assigns addresses to it, so that it may be of families that the cluster does not have.
    const [first = configured[0]!, ...others] = spec.ipFamilies ?? [];
    spec.ipFamilies = spec.ipFamilyPolicy === 'SingleStack' || others.length > 0 ? [first, ...others] : [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    return;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack') findings.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) if (!configured.includes(family)) findings.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  refuse(service, findings);
  if (!spec.ipFamilies?.length) spec.ipFamilies = [...configured];
}

/** One that prefers two families keeps what it has until somebody changes it. */
function isLeftAlone({ spec }: ReadService, old: ReadService | undefined): boolean {
  const prefers = 'PreferDualStack';
  return old !== undefined && spec.type === old.spec.type && spec.ipFamilyPolicy === prefers && (old.spec.ipFamilyPolicy ?? prefers) === prefers
    && spec.clusterIP === old.spec.clusterIP && sameValue(spec.clusterIPs, old.spec.clusterIPs) && sameValue(spec.ipFamilies, old.spec.ipFamilies);
}

/** To one family: the first stays. Otherwise who takes the second away must say so by the policy. */
function reduce({ spec }: Service, old: ReadService, out: FieldError[]): void {
  for (const [key, words] of [['clusterIPs', 'cluster IP'], ['ipFamilies', 'IP family']] as const) {
    const [now, before] = [spec[key] ?? [], old.spec[key] ?? []];
    if (spec.ipFamilyPolicy === 'SingleStack') {
      if (sameValue(now, before) && now.length > 1) spec[key] = now.slice(0, 1);
    } else if (before.length > now.length && now.length > 0 && now.every((x, i) => x === before[i])) {
      out.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${words}`));
    }
  }
}

/** Families of addresses that were asked for. */
function infer({ spec }: Service, out: FieldError[]): void {
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') return;
    const family = familyOf(ip);
    if (family === undefined || i < (spec.ipFamilies?.length ?? 0)) continue;
    if (!configured.includes(family)) out.push(invalid(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`));
    else (spec.ipFamilies ??= []).push(family);
  }
}

function refuse(service: Service, findings: readonly FieldError[]): void {
  if (findings.length > 0) throw StatusError.invalid({ group: '', kind: 'Service' }, service.metadata.name, findings);
}
