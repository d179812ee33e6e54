/** Rules of certificate signing requests: who asks is taken from the request, and each part has one subresource that may write it. */
import { thaw, type DeepReadonly } from '../../machinery/json.ts';
import { nameIsPathSegment } from '../../machinery/names.ts';
import type { AnyKindRules, KindRules, RuleContext } from '../../schema/vocabulary.ts';
import { keep } from '../strategy.ts';
import * as columns from './columns.ts';
import { validateRequest, validateRequestUpdate } from './validation.ts';
import type * as T from './v1/types.ts';

type Request = T.CertificateSigningRequest;
const decisions = ['Approved', 'Denied'];

function prepareCreate(r: Request, { user }: RuleContext): void {
  r.spec.username = user.name;
  if (user.uid) r.spec.uid = user.uid;
  else delete r.spec.uid;
  r.spec.groups = [...user.groups];
  if (user.extra && Object.keys(user.extra).length > 0) r.spec.extra = Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]]));
  else delete r.spec.extra;
  r.status = {};
}

/** Who approves writes conditions and nothing else; who writes the status leaves decisions as they are, or is refused. */
function mergeStatus(r: Request, old: DeepReadonly<Request>, context: RuleContext): void {
  if (context.subresource === 'approval') r.status = { ...thaw<Request['status']>(old.status), conditions: r.status.conditions ?? [] };
  else keepDecisions(r.status, old.status);
  for (const c of r.status.conditions ?? []) {
    const before = old.status.conditions?.find((o) => o.type === c.type && o.status === c.status && o.lastTransitionTime);
    if (!c.lastUpdateTime) c.lastUpdateTime = context.now;
    if (!c.lastTransitionTime) c.lastTransitionTime = before?.lastTransitionTime ?? context.now;
  }
}

/** As they were, unless there are more or fewer of them, which validation finds. */
function keepDecisions(status: Request['status'], old: DeepReadonly<Request['status']>): void {
  const conditions = status.conditions ?? [];
  for (const type of decisions) {
    const before = (old.conditions ?? []).filter((c) => c.type === type);
    const places = conditions.flatMap((c, i) => (c.type === type ? [i] : []));
    if (before.length === places.length) for (const [i, place] of places.entries()) conditions[place] = { ...before[i]! };
  }
}

function prepareUpdate(r: Request, old: DeepReadonly<Request>, context: RuleContext): void {
  keep(r, old, 'spec');
  if (context.subresource === 'status' || context.subresource === 'approval') mergeStatus(r, old, context);
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
