import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testServer, type Result, type TestServer } from '../apiserver.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ enabledAdmission: ['OwnerReferencesPermissionEnforcement'] });
});
after(() => server.stop());

const apply = (...objects: readonly object[]): Promise<Result> => server.kubectl('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
const get = async (args: string): Promise<Record<string, never>> => JSON.parse((await server.kubectl(`get ${args} -o json`)).stdout) as Record<string, never>;

async function namespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  const result = await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } });
  assert.equal(result.code, 0, result.stderr);
}

function pod(namespaceName: string, name: string, container: object = {}, spec: object = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: namespaceName }, spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec } };
}

test('PodSecurity refuses pods and warns of templates, in upstream\'s words', async () => {
  await namespace('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  const refused = await apply(pod('strict', 'plain'));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /pods "plain" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "c" must set securityContext\.allowPrivilegeEscalation=false\), unrestricted capabilities \(container "c" must set securityContext\.capabilities\.drop=\["ALL"\]\), runAsNonRoot != true \(pod or container "c" must set securityContext\.runAsNonRoot=true\), seccompProfile \(pod or container "c" must set securityContext\.seccompProfile\.type to "RuntimeDefault" or "Localhost"\)/);
  const good = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } };
  assert.equal((await apply(pod('strict', 'good', good))).code, 0);
  const deployment = await server.kubectl('-n strict create deployment web --image=nginx');
  assert.equal(deployment.stdout, 'deployment.apps/web created\n');
  assert.match(deployment.stderr, /^Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "nginx"/);
});

test('PodSecurity at the baseline level, its versions, and labels that are wrong or come late', async () => {
  await namespace('base', { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/enforce-version': 'v1.25' });
  assert.equal((await apply(pod('base', 'plain'))).code, 0);
  const host = await apply(pod('base', 'host', { securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'] } }, ports: [{ containerPort: 80, hostPort: 80 }] }, { hostNetwork: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] }));
  assert.match(host.stderr, /violates PodSecurity "baseline:v1\.25": non-default capabilities \(container "c" must not include "SYS_ADMIN" in securityContext\.capabilities\.add\), host namespaces \(hostNetwork=true\), hostPath volumes \(volume "v"\), hostPort \(container "c" uses hostPort 80\), privileged \(container "c" must not set securityContext\.privileged=true\)/);
  const wrong = await server.kubectl('label namespace base pod-security.kubernetes.io/enforce=strict --overwrite');
  assert.match(wrong.stderr, /metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Invalid value: "strict": must be one of privileged, baseline, restricted/);
  const late = await server.kubectl('label namespace base pod-security.kubernetes.io/enforce=restricted --overwrite');
  assert.equal(late.code, 0);
  assert.match(late.stderr, /Warning: existing pods in namespace "base" violate the new PodSecurity enforce level "restricted:v1\.25"\nWarning: plain: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile/);
});

test('LimitRanger gives defaults and holds to the limits', async () => {
  await namespace('limited');
  await apply({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'limited' }, spec: { limits: [
    { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m', memory: '64Mi' }, max: { cpu: '1' }, min: { memory: '32Mi' } },
    { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
  ] } });
  assert.equal((await apply(pod('limited', 'given'))).code, 0);
  const given = await get('pod given -n limited') as unknown as { metadata: { annotations: Record<string, string> }; spec: { containers: { resources: object }[] } };
  assert.deepEqual(given.spec.containers[0]!.resources, { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m' } });
  assert.equal(given.metadata.annotations['kubernetes.io/limit-ranger'], 'LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c');
  const big = await apply(pod('limited', 'big', { resources: { limits: { cpu: '2', memory: '16Mi' } } }));
  assert.match(big.stderr, /pods "big" is forbidden: \[minimum memory usage per Container is 32Mi, but request is 16Mi, maximum cpu usage per Container is 1, but limit is 2\]/);
  const claim = await apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'x', namespace: 'limited' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } });
  assert.match(claim.stderr, /persistentvolumeclaims "x" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi/);
});

test('Classes: the default is filled in, a runtime class brings its overhead', async () => {
  await namespace('classes');
  const made = await apply(
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'example.com/p' },
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'front', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: 'example.com/c' } },
    { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'sandboxed' }, handler: 'runsc', overhead: { podFixed: { cpu: '250m' } }, scheduling: { nodeSelector: { sandbox: 'yes' } } },
  );
  assert.equal(made.code, 0, made.stderr);
  await apply(
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', namespace: 'classes' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'i', namespace: 'classes' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
    pod('classes', 'p', {}, { runtimeClassName: 'sandboxed' }),
  );
  assert.equal((await server.kubectl('-n classes get pvc c -o jsonpath={.spec.storageClassName}')).stdout, 'standard');
  assert.equal((await server.kubectl('-n classes get ingress i -o jsonpath={.spec.ingressClassName}')).stdout, 'front');
  assert.equal((await server.kubectl('-n classes get pod p -o jsonpath={.spec.overhead.cpu}/{.spec.nodeSelector.sandbox}')).stdout, '250m/yes');
  assert.match((await apply(pod('classes', 'q', {}, { runtimeClassName: 'none' }))).stderr, /pods "q" is forbidden: pod rejected: RuntimeClass "none" not found/);
  const grown = await server.kubectl(['-n', 'classes', 'patch', 'pvc', 'c', '-p', '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}']);
  assert.match(grown.stderr, /forbidden/i);
});

test('ResourceQuota counts what it lets in, and no more than it may', async () => {
  await namespace('counted');
  const hard = { pods: '5', 'requests.cpu': '1', 'count/configmaps': '1', 'services.nodeports': '1' };
  await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'counted' }, spec: { hard } });
  const used = { pods: '0', 'requests.cpu': '0', 'count/configmaps': '0', 'services.nodeports': '0' };
  const set = await server.kubectl(['-n', 'counted', 'patch', 'resourcequota', 'q', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: { hard, used } })]);
  assert.equal(set.code, 0, set.stderr);
  assert.match((await apply(pod('counted', 'mute'))).stderr, /pods "mute" is forbidden: failed quota: q: must specify requests\.cpu for: c/);
  const small = { resources: { requests: { cpu: '100m' } } };
  const results = await Promise.all(Array.from({ length: 8 }, (_, i) => apply(pod('counted', `p${i}`, small))));
  assert.equal(results.filter((r) => r.code === 0).length, 5);
  assert.match(results.find((r) => r.code !== 0)!.stderr, /is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5/);
  assert.equal((await server.kubectl(['-n', 'counted', 'get', 'resourcequota', 'q', '-o', 'jsonpath={.status.used.pods} {.status.used.requests\\.cpu}'])).stdout, '5 500m');
  assert.equal((await server.kubectl('-n counted create configmap one')).code, 0);
  assert.match((await server.kubectl('-n counted create configmap two --dry-run=server')).stderr, /exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=1, limited: count\/configmaps=1/);
  assert.equal((await server.kubectl('-n counted create service nodeport n --tcp=80')).code, 0);
  assert.equal((await server.kubectl('-n counted create service clusterip c --tcp=80')).code, 0);
  const changed = await server.kubectl(['-n', 'counted', 'patch', 'service', 'c', '-p', '{"spec":{"type":"NodePort"}}']);
  assert.match(changed.stderr, /services "c" is forbidden: exceeded quota: q, requested: services\.nodeports=1, used: services\.nodeports=1, limited: services\.nodeports=1/);
});
