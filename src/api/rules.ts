/** The rules of every kind. A kind that is not listed gets the common ones of its shape. */
import type { AnyKindRules } from '../schema/vocabulary.ts';
import { rules as admissionregistration } from './admissionregistration/rules.ts';
import { rules as apiextensions } from './apiextensions/rules.ts';
import { rules as apiserverinternal } from './apiserverinternal/rules.ts';
import { rules as apiregistration } from './apiregistration/rules.ts';
import { rules as apps } from './apps/rules.ts';
import { rules as autoscaling } from './autoscaling/rules.ts';
import { rules as batch } from './batch/rules.ts';
import { resources } from './catalog.ts';
import { rules as certificates } from './certificates/rules.ts';
import { rules as coordination } from './coordination/rules.ts';
import { rules as core } from './core/rules.ts';
import { rules as discovery } from './discovery/rules.ts';
import { rules as flowcontrol } from './flowcontrol/rules.ts';
import { rules as networking } from './networking/rules.ts';
import { rules as node } from './node/rules.ts';
import { rules as policy } from './policy/rules.ts';
import { rules as rbac } from './rbac/rules.ts';
import { rules as resource } from './resource/rules.ts';
import { rules as scheduling } from './scheduling/rules.ts';
import { rules as storage } from './storage/rules.ts';
import { specAndStatus } from './strategy.ts';

const byGroup: Readonly<Record<string, Readonly<Record<string, AnyKindRules>>>> = {
  '': core,
  apps,
  batch,
  autoscaling,
  policy,
  'admissionregistration.k8s.io': admissionregistration,
  'apiextensions.k8s.io': apiextensions,
  'apiregistration.k8s.io': apiregistration,
  'certificates.k8s.io': certificates,
  'internal.apiserver.k8s.io': apiserverinternal,
  'coordination.k8s.io': coordination,
  'discovery.k8s.io': discovery,
  'flowcontrol.apiserver.k8s.io': flowcontrol,
  'networking.k8s.io': networking,
  'node.k8s.io': node,
  'rbac.authorization.k8s.io': rbac,
  'resource.k8s.io': resource,
  'scheduling.k8s.io': scheduling,
  'storage.k8s.io': storage,
};

const withStatus: AnyKindRules = specAndStatus();
const kindsWithStatus: ReadonlySet<string> = new Set(resources.filter((r) => r.subresources?.some((s) => s.name === 'status')).map((r) => `${r.group}/${r.kind}`));

/** The rules of a built-in kind, for the version that it is stored in; undefined where it has none beyond the schema. */
export function rulesFor(group: string, kind: string): AnyKindRules | undefined {
  return byGroup[group]?.[kind] ?? (kindsWithStatus.has(`${group}/${kind}`) ? withStatus : undefined);
}
