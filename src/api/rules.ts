/** The rules of every kind. A kind that is not listed gets the common ones of its shape. */
import { columnList } from '../schema/table.ts';
import type { AnyKindRules } from '../schema/vocabulary.ts';
import * as admission from './admissionregistration/columns.ts';
import { rules as apiextensions } from './apiextensions/rules.ts';
import { rules as apiregistration } from './apiregistration/rules.ts';
import { rules as apps } from './apps/rules.ts';
import { rules as autoscaling } from './autoscaling/rules.ts';
import { rules as batch } from './batch/rules.ts';
import { resources } from './catalog.ts';
import { rules as certificates } from './certificates/rules.ts';
import { rules as coordination } from './coordination/rules.ts';
import { eventColumns } from './core/columns.ts';
import { rules as core } from './core/rules.ts';
import type { ObjectReference } from './core/v1/types.ts';
import { toStored as eventToCore } from './events/conversion.ts';
import type { Event as NewEvent } from './events/v1/types.ts';
import { rules as discovery } from './discovery/rules.ts';
import { flowSchemaColumns, priorityLevelColumns } from './flowcontrol/columns.ts';
import { rules as networking } from './networking/rules.ts';
import type { RuntimeClass } from './node/v1/types.ts';
import { rules as policy } from './policy/rules.ts';
import { rules as rbac } from './rbac/rules.ts';
import * as resource from './resource/columns.ts';
import { rules as scheduling } from './scheduling/rules.ts';
import { rules as storage } from './storage/rules.ts';
import { specAndStatus } from './strategy.ts';

/** Events by their newer name: the rules of the core Event, seen through the conversion. */
const eventRules: AnyKindRules = {
  columns: eventColumns.map((c) => ({ ...c, cell: (e: NewEvent, now: number) => c.cell(eventToCore(e), now) })),
  selectable: {
    ...Object.fromEntries(['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((key) => [`regarding.${key}`, (e: NewEvent) => e.regarding[key as keyof ObjectReference] ?? ''])),
    reason: (e: NewEvent) => e.reason ?? '',
    reportingController: (e: NewEvent) => e.reportingController ?? '',
    type: (e: NewEvent) => e.type ?? '',
  },
};

const byGroup: Readonly<Record<string, Readonly<Record<string, AnyKindRules>>>> = {
  '': core,
  apps,
  batch,
  autoscaling,
  'certificates.k8s.io': certificates,
  'networking.k8s.io': networking,
  'events.k8s.io': { Event: eventRules },
  'discovery.k8s.io': discovery,
  policy,
  'rbac.authorization.k8s.io': rbac,
  'coordination.k8s.io': coordination,
  'scheduling.k8s.io': scheduling,
  'node.k8s.io': { RuntimeClass: { columns: columnList<RuntimeClass>(({ column, nameColumn, ageColumn }) => [nameColumn, column('Handler', 'What the runtime calls it.', (c) => c.handler), ageColumn]) } },
  'storage.k8s.io': storage,
  'admissionregistration.k8s.io': {
    MutatingWebhookConfiguration: { generation: 'all-but-metadata-and-status', columns: admission.mutatingWebhookColumns },
    ValidatingWebhookConfiguration: { generation: 'all-but-metadata-and-status', columns: admission.validatingWebhookColumns },
    ValidatingAdmissionPolicy: { ...specAndStatus(), generation: 'spec', columns: admission.validatingPolicyColumns },
    ValidatingAdmissionPolicyBinding: { generation: 'spec', columns: admission.validatingPolicyBindingColumns },
    MutatingAdmissionPolicy: { generation: 'spec', columns: admission.mutatingPolicyColumns },
    MutatingAdmissionPolicyBinding: { generation: 'spec', columns: admission.mutatingPolicyBindingColumns },
  },
  'flowcontrol.apiserver.k8s.io': {
    FlowSchema: { ...specAndStatus(), generation: 'spec', columns: flowSchemaColumns },
    PriorityLevelConfiguration: { ...specAndStatus(), generation: 'spec', columns: priorityLevelColumns },
  },
  'resource.k8s.io': {
    DeviceClass: { generation: 'spec', columns: resource.deviceClassColumns },
    ResourceClaim: { ...specAndStatus(), columns: resource.resourceClaimColumns },
    ResourceClaimTemplate: { columns: resource.resourceClaimTemplateColumns },
    ResourceSlice: {
      generation: 'spec',
      columns: resource.resourceSliceColumns,
      selectable: {
        'spec.nodeName': (s: { spec: { nodeName?: string } }) => s.spec.nodeName ?? '',
        'spec.driver': (s: { spec: { driver?: string } }) => s.spec.driver ?? '',
      },
    },
  },
  'apiregistration.k8s.io': apiregistration,
  'apiextensions.k8s.io': apiextensions,
};

const withStatus: AnyKindRules = specAndStatus();
const kindsWithStatus: ReadonlySet<string> = new Set(resources.filter((r) => r.subresources?.some((s) => s.name === 'status')).map((r) => `${r.group}/${r.kind}`));

/** The rules of a built-in kind; undefined where it has none beyond the schema. */
export function rulesFor(group: string, kind: string): AnyKindRules | undefined {
  return byGroup[group]?.[kind] ?? (kindsWithStatus.has(`${group}/${kind}`) ? withStatus : undefined);
}
