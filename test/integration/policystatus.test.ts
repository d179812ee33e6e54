import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';

let cluster: ControlPlane;
before(async () => {
  cluster = await controlPlane({ scheduler: false, controllers: { controllers: ['validatingadmissionpolicy-status-controller'] } });
});
after(() => cluster.stop());

interface Policy {
  metadata: { generation: number };
  status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] } };
}

/** The status once the controller has seen this generation. */
async function checked(name: string, generation = 1): Promise<NonNullable<Policy['status']>['typeChecking']> {
  return eventually(async () => {
    const { status } = JSON.parse((await cluster.kubectl(`get validatingadmissionpolicy ${name} -o json`)).stdout) as Policy;
    return status?.observedGeneration === generation ? (status.typeChecking ?? {}) : undefined;
  }, `the status of ${name}`);
}

async function apply(name: string, spec: object): Promise<void> {
  const { code, stderr } = await cluster.kubectl('apply -f -', JSON.stringify({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec }));
  assert.equal(code, 0, stderr);
}

const rules = (apiGroup: string, resource: string): object => ({ resourceRules: [{ apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] }] });

test('a policy is held against the types that it is for', async () => {
  const matchConstraints = rules('apps', 'deployments');
  await apply('typed', {
    matchConstraints, variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
    validations: [{ expression: "object.spec.replicas > '1'", messageExpression: "'wants replicas > 1, got ' + object.spec.nope" }, { expression: 'variables.replicas > 1 && object.metadata.labels.size() > 0' }],
  });
  assert.deepEqual(await checked('typed'), {
    expressionWarnings: [
      { fieldRef: 'spec.validations[0].expression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n" },
      { fieldRef: 'spec.validations[0].messageExpression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:41: undefined field 'nope'\n | 'wants replicas > 1, got ' + object.spec.nope\n | ........................................^\n" },
    ],
  });
  await apply('typed', { matchConstraints, validations: [{ expression: 'object.spec.replicas > 1' }] });
  assert.deepEqual(await checked('typed', 2), {});
});

test('custom resources too, and parameters', async () => {
  await cluster.kubectl('apply -f -', JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'limits.example.com' },
    spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'limits', singular: 'limit', kind: 'Limit' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { most: { type: 'integer' } } } } } } }] },
  }));
  await cluster.kubectl('wait --for=condition=Established crd/limits.example.com');
  await apply('custom', {
    matchConstraints: rules('example.com', 'limits'), paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' },
    validations: [{ expression: "object.spec.most == 'x'" }, { expression: 'params.spec.least > 1' }, { expression: 'params.spec.most > 1 && object.metadata.generation > 0' }],
  });
  const { expressionWarnings = [] } = (await checked('custom'))!;
  assert.deepEqual(expressionWarnings.map((w) => [w.fieldRef, w.warning.split('\n')[0]]), [
    ['spec.validations[0].expression', "example.com/v1, Kind=Limit: ERROR: <input>:1:18: found no matching overload for '_==_' applied to '(int, string)'"],
    ['spec.validations[1].expression', "example.com/v1, Kind=Limit: ERROR: <input>:1:12: undefined field 'least'"],
  ]);
});
