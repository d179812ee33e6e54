/** Rules of certificate signing requests: who asks is taken from the request, and each part has one subresource that may write it. */
import type { DeepReadonly } from '../../machinery/json.ts';
import { nameIsPathSegment } from '../../machinery/names.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { keep } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateRequest, validateRequestUpdate } from './validation.ts';
import type * as T from './v1/types.ts';

type Request = T.CertificateSigningRequest;
const decisions = new Set(['Approved', 'Denied']);

function prepareCreate(r: Request, { user }: RuleContext): void {
  r.spec.username = user.name;
  if (user.uid) r.spec.uid = user.uid;
  else delete r.spec.uid;
  r.spec.groups = [...user.groups];
  if (user.extra && Object.keys(user.extra).length > 0) r.spec.extra = Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]]));
  else delete r.spec.extra;
  r.status = {};
}

/** Decisions come through /approval, all else through /status. */
function mergeConditions(r: Request, old: DeepReadonly<Request>, context: RuleContext): void {
  const approving = context.subresource === 'approval';
  const kept = (old.status.conditions ?? []).filter((c) => decisions.has(c.type) !== approving).map((c) => ({ ...c }));
  const written = (r.status.conditions ?? []).filter((c) => decisions.has(c.type) === approving);
  const conditions: T.CertificateSigningRequestCondition[] = [...kept, ...written];
  for (const c of conditions) {
    const before = old.status.conditions?.find((o) => o.type === c.type);
    if (!c.lastUpdateTime) c.lastUpdateTime = context.now;
    if (!c.lastTransitionTime) c.lastTransitionTime = before?.status === c.status && before.lastTransitionTime ? before.lastTransitionTime : context.now;
  }
  const order = new Map((old.status.conditions ?? []).map((c, i) => [c.type, i]));
  r.status.conditions = conditions.sort((a, b) => (order.get(a.type) ?? order.size) - (order.get(b.type) ?? order.size));
  if (approving) keep(r.status, old.status, 'certificate');
}

function prepareUpdate(r: Request, old: DeepReadonly<Request>, context: RuleContext): void {
  keep(r, old, 'spec');
  if (context.subresource === 'status' || context.subresource === 'approval') mergeConditions(r, old, context);
  else keep(r, old, 'status');
}

const requestRules: KindRules<Request> = {
  prepareCreate,
  prepareUpdate,
  nameRule: nameIsPathSegment,
  metadataChecks: [4, 4],
  validate: validateRequest,
  validateUpdate: (r, old, context) => validateRequestUpdate(r, old, context.subresource),
  columns: columns.certificateSigningRequestColumns,
  selectable: { 'spec.signerName': (r) => r.spec.signerName },
};

export const rules: Readonly<Record<string, AnyKindRules>> = {
  CertificateSigningRequest: requestRules,
  ClusterTrustBundle: { columns: columns.clusterTrustBundleColumns, selectable: { 'spec.signerName': (b: { spec: { signerName?: string } }) => b.spec.signerName ?? '' } },
};
