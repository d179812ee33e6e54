/** Rules of APIServices. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { invalid, notSupported, required } from '../../machinery/fieldpath.ts';
import { label1035Complaints, nameIsPathSegment, portNumberComplaints, subdomainComplaints } from '../../machinery/names.ts';
import type { FieldError } from '../../machinery/status.ts';
import type { AnyKindRules, RuleContext } from '../../schema/vocabulary.ts';
import { specAndStatus } from '../strategy.ts';
import { apiServiceColumns } from './columns.ts';
import type { APIService } from './v1/types.ts';

type Service = DeepReadonly<APIService>;

function validate(a: Service): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = a;
  const name = `${spec.version ?? ''}.${spec.group ?? ''}`;
  if (a.metadata.name !== name && nameIsPathSegment(a.metadata.name ?? '', false).length === 0) out.push(invalid('metadata.name', a.metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`));
  if (!spec.group && spec.version !== 'v1') out.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (spec.group) for (const c of subdomainComplaints(spec.group)) out.push(invalid('spec.group', spec.group, c));
  for (const c of label1035Complaints(spec.version ?? '')) out.push(invalid('spec.version', spec.version ?? '', c));
  if (spec.groupPriorityMinimum <= 0 || spec.groupPriorityMinimum > 20000) out.push(invalid('spec.groupPriorityMinimum', spec.groupPriorityMinimum, 'must be positive and less than 20000'));
  if (spec.versionPriority <= 0 || spec.versionPriority > 1000) out.push(invalid('spec.versionPriority', spec.versionPriority, 'must be positive and less than 1000'));
  if (!spec.service) {
    if (spec.caBundle) out.push(invalid('spec.caBundle', `${Buffer.byteLength(spec.caBundle, 'base64')} bytes`, 'local APIServices may not have a caBundle'));
    if (spec.insecureSkipTLSVerify) out.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    return out;
  }
  if (!spec.service.namespace) out.push(required('spec.service.namespace'));
  if (!spec.service.name) out.push(required('spec.service.name'));
  const { port } = spec.service;
  const complaints = port === undefined ? [] : portNumberComplaints(port);
  if (complaints.length > 0) out.push(invalid('spec.service.port', port, `port is not valid: ${complaints.join(', ')}`));
  if (spec.insecureSkipTLSVerify && spec.caBundle) out.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return out;
}

function validateStatus(a: Service): FieldError[] {
  const states = ['True', 'False', 'Unknown'];
  return (a.status?.conditions ?? []).flatMap((c, i) => (states.includes(c.status) ? [] : [notSupported(`status.conditions[${i}].status`, c.status, states)]));
}

export const rules: Readonly<Record<string, AnyKindRules>> = {
  APIService: {
    ...specAndStatus<APIService>(),
    nameRule: nameIsPathSegment,
    metadataChecks: [4, 3],
    validate,
    validateUpdate: (a: Service, _old: Service, context: RuleContext) => (context.subresource === 'status' ? validateStatus(a) : validate(a)),
    columns: apiServiceColumns,
  },
};
