/** Controllers, scheduler and simulated nodes against a real API server, looked at with the real kubectl. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodes } from '../../src/api/core/v1/index.ts';
import { eventually } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';

let cluster: ControlPlane;

async function kubectl(args: string | readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
  return stdout.trim();
}

const create = (object: object): Promise<string> => kubectl('create --validate=false -f -', object);
const until = (what: string, args: string, expected: string | RegExp): Promise<string> =>
  eventually(async () => {
    const { stdout } = await cluster.kubectl(args);
    return (typeof expected === 'string' ? stdout.trim() === expected : expected.test(stdout)) ? stdout : undefined;
  }, `${what} (${args})`);
const template = (labels: Record<string, string>, spec: object = {}): object => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const workload = (apiVersion: string, kind: string, name: string, spec: object, pod: object = {}): object => ({
  apiVersion, kind, metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template: template({ app: name }, pod), ...spec },
});

before(async () => {
  cluster = await controlPlane({ nodes: [{ name: 'a' }, { name: 'b' }], controllers: { clusterCidr: '10.244.0.0/16' } });
  await until('nodes', 'get nodes -o jsonpath={.items[*].spec.podCIDR}', /^10\.244\.\d\.0\/24 10\.244\.\d\.0\/24$/);
  await until('default account', 'get serviceaccount default -o name', 'serviceaccount/default');
});

after(() => cluster.stop());

test('a namespace gets its account and the authority', async () => {
  await kubectl('create namespace fresh');
  await until('account', 'get serviceaccount -n fresh -o name', 'serviceaccount/default');
  assert.equal(await until('authority', 'get configmap kube-root-ca.crt -n fresh -o jsonpath={.data.ca\\.crt}', /BEGIN/), cluster.authority.certPem);
});

test('a Secret for an account is given its token, and goes with the account', async () => {
  await kubectl('create serviceaccount robot');
  const secret = (name: string, account: string) => create({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } } });
  await secret('robot-token', 'robot');
  const uid = await kubectl('get serviceaccount robot -o jsonpath={.metadata.uid}');
  const read = async (what: string, expected: RegExp): Promise<string> => until(what, `get secret robot-token -o jsonpath={${what}}`, expected);
  const decoded = (text: string): string => Buffer.from(text, 'base64').toString();
  const token = decoded(await read('.data.token', /./));
  assert.equal(decoded(await read('.data.namespace', /./)), 'default');
  assert.equal(decoded(await read('.data.ca\\.crt', /./)), cluster.authority.certPem);
  assert.equal(await read('.metadata.annotations.kubernetes\\.io/service-account\\.uid', /./), uid);
  assert.deepEqual(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()), {
    iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:default:robot', 'kubernetes.io/serviceaccount/namespace': 'default', 'kubernetes.io/serviceaccount/secret.name': 'robot-token',
    'kubernetes.io/serviceaccount/service-account.name': 'robot', 'kubernetes.io/serviceaccount/service-account.uid': uid,
  });
  const review = async (): Promise<{ authenticated?: boolean; user?: { username: string } }> =>
    JSON.parse(await kubectl('create --raw /apis/authentication.k8s.io/v1/tokenreviews -f -', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } })).status;
  assert.equal((await review()).user?.username, 'system:serviceaccount:default:robot');
  // What is taken out comes back; what the account lists goes with the Secret.
  await kubectl(['patch', 'secret', 'robot-token', '--type=merge', '-p', '{"data":{"token":null,"ca.crt":"eA=="}}']);
  assert.equal(decoded(await until('authority again', 'get secret robot-token -o jsonpath={.data.ca\\.crt}', new RegExp(`^${Buffer.from(cluster.authority.certPem).toString('base64').slice(0, 40).replace(/\+/g, '\\+')}`))), cluster.authority.certPem);
  await read('.data.token', /./);
  await secret('listed', 'robot');
  await kubectl(['patch', 'serviceaccount', 'robot', '--type=merge', '-p', '{"secrets":[{"name":"listed"},{"name":"robot-token"}]}']);
  await kubectl('delete secret listed');
  await until('the reference to go', 'get serviceaccount robot -o jsonpath={.secrets[*].name}', 'robot-token');
  await kubectl('delete serviceaccount robot');
  await until('the Secret to go', 'get secret robot-token --ignore-not-found -o name', '');
  assert.notEqual((await review()).authenticated, true);
  // Nobody there: it does not stay.
  await secret('orphan', 'nobody');
  await until('the orphan to go', 'get secret orphan --ignore-not-found -o name', '');
});

test('a deployment rolls out, is undone, and its service follows', async () => {
  await kubectl('create deployment web --image=one --replicas=3 --port=80');
  await kubectl('expose deployment web --port=80');
  await kubectl('rollout status deployment/web --timeout=20s');
  await until('endpoints', 'get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[*].endpoints[*].conditions.ready}', 'true true true');
  assert.match(await kubectl('get endpoints web'), /(10\.244\.\d\.\d+:80,?){3}/);
  await kubectl('set image deployment/web one=two');
  await kubectl('rollout status deployment/web --timeout=20s');
  await until('old pods gone', 'get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}', 'two two two');
  await kubectl('rollout undo deployment/web');
  await kubectl('rollout status deployment/web --timeout=20s');
  assert.match(await kubectl('rollout history deployment/web'), /2 .*\n3 /);
  await until('one set left with pods', 'get replicasets -l app=web -o jsonpath={.items[*].spec.replicas}', /^(0 3|3 0)$/);
  const events = await kubectl('get events -o jsonpath={.items[*].reason}');
  for (const reason of ['ScalingReplicaSet', 'SuccessfulCreate', 'SuccessfulDelete', 'Scheduled']) assert.match(events, new RegExp(reason));
});

test('the three ways of deleting an owner', async () => {
  for (const name of ['bg', 'fg', 'keep']) await kubectl(`create deployment ${name} --image=i --replicas=2`);
  for (const name of ['bg', 'fg', 'keep']) await kubectl(`rollout status deployment/${name} --timeout=20s`);
  await kubectl('delete deployment bg');
  await kubectl('delete deployment fg --cascade=foreground --timeout=20s');
  assert.equal(await kubectl('get replicasets,pods -l app=fg -o name'), '', 'foreground returns when the dependents are gone');
  await kubectl('delete deployment keep --cascade=orphan');
  await until('dependents of bg gone', 'get replicasets,pods -l app=bg -o name', '');
  assert.equal(await kubectl('get replicasets -l app=keep -o jsonpath={.items[*].metadata.ownerReferences}'), '');
  assert.equal((await kubectl('get pods -l app=keep -o name')).split('\n').length, 2);
});

test('daemon sets, stateful sets and jobs', async () => {
  await create(workload('apps/v1', 'DaemonSet', 'ds', {}));
  await create(workload('apps/v1', 'StatefulSet', 'db', { serviceName: 'db', replicas: 2 }));
  await create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job' }, spec: { completions: 3, parallelism: 2, completionMode: 'Indexed', template: template({}, { restartPolicy: 'Never' }) } });
  await until('a daemon on each node', 'get pods -l app=ds -o jsonpath={.items[*].spec.nodeName}', /^(a b|b a)$/);
  await until('members in order', 'get statefulset db -o jsonpath={.status.readyReplicas}', '2');
  assert.equal(await kubectl('get pods -l app=db -o name'), 'pod/db-0\npod/db-1');
  await until('the job', 'get job job -o jsonpath={.status.completedIndexes},{.status.succeeded},{.status.conditions[?(@.type=="Complete")].status}', '0-2,3,True');
  assert.equal(await kubectl('get pods -l job-name=job -o jsonpath={.items[*].metadata.finalizers}'), '', 'counted pods are let go');
  assert.match(await kubectl('get --raw /apis/apps/v1/namespaces/default/controllerrevisions?labelSelector=app%3Dds'), /"data":\{"spec":\{"template":\{"\$patch":"replace","metadata":\{"labels":\{"app":"ds"\}\},"spec":\{"containers":\[\{"image":"i","imagePullPolicy":/);
  await kubectl('set image daemonset/ds c=new');
  await until('new daemons', 'get pods -l app=ds -o jsonpath={.items[*].spec.containers[0].image}', 'new new');
});

test('a pod that fits nowhere says so, and is placed when room comes', async () => {
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'big' }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '64' } } }] } });
  await until('why', 'get pod big -o jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}',
    '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.');
  await until('event', 'get events --field-selector involvedObject.name=big -o jsonpath={.items[*].reason}', /FailedScheduling/);
  const [node] = (await cluster.client.list(nodes)).items;
  const roomy = { ...node!.status!.capacity, cpu: '100' };
  await cluster.kubectl(['patch', 'node', node!.metadata.name, '--subresource=status', '-p', JSON.stringify({ status: { capacity: roomy, allocatable: roomy } })]);
  await until('placed', 'get pod big -o jsonpath={.spec.nodeName}', node!.metadata.name);
});

test('a cordoned node takes no pods, and a tainted one loses those that do not tolerate it', async () => {
  await kubectl('create deployment move --image=i --replicas=2');
  await kubectl('rollout status deployment/move --timeout=20s');
  await kubectl('taint node a gone=now:NoExecute');
  await until('all moved', 'get pods -l app=move -o jsonpath={.items[*].spec.nodeName}', 'b b');
  await kubectl('taint node a gone-');
  await kubectl('cordon b');
  await until('tainted', 'get node b -o jsonpath={.spec.taints[*].key}', 'node.kubernetes.io/unschedulable');
  assert.equal((await cluster.kubectl(['patch', 'deployment', 'move', '-p', '{"spec":{"replicas":3}}'])).code, 0);
  await until('the third elsewhere', 'get pods -l app=move -o jsonpath={.items[*].spec.nodeName}', /\ba\b/);
  await kubectl('uncordon b');
});

test('budgets and quotas report what is left', async () => {
  await kubectl('create namespace limits');
  await until('account', 'get serviceaccount -n limits -o name', 'serviceaccount/default');
  await kubectl('create quota q -n limits --hard=pods=5,requests.cpu=2,services=3,count/configmaps=9');
  await create({ ...workload('apps/v1', 'Deployment', 'web', { replicas: 3 }, { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }] }), metadata: { name: 'web', namespace: 'limits' } });
  await kubectl('create poddisruptionbudget half -n limits --selector=app=web --min-available=50%');
  await until('budget', 'get pdb half -n limits -o jsonpath={.status.disruptionsAllowed},{.status.currentHealthy},{.status.desiredHealthy},{.status.expectedPods}', '1,3,2,3');
  await until('quota', 'get quota q -n limits -o jsonpath={.status.used}', '{"count/configmaps":"1","pods":"3","requests.cpu":"300m","services":"0"}');
  await kubectl('scale deployment web -n limits --replicas=7');
  await until('the quota to be exceeded', 'get events -n limits -o jsonpath={.items[?(@.reason=="FailedCreate")].message}', /is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5/);
  await kubectl('scale deployment web -n limits --replicas=1');
  await until('quota', 'get quota q -n limits -o jsonpath={.status.used}', '{"count/configmaps":"1","pods":"1","requests.cpu":"100m","services":"0"}');
});

/** Pods that no node takes are whatever their status is made to be. */
const unscheduled = { nodeSelector: { nowhere: 'yes' }, restartPolicy: 'Never' };
const setStatus = (pod: string, status: object): Promise<string> => kubectl(['patch', 'pod', pod, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);

test('a job that limits the failures of each index: tries are counted on the pods, lost indexes are named', async () => {
  await create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'tries' }, spec: {
    completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1, template: template({}, unscheduled),
    podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } }] },
  } });
  const waiting = (index: number, tries: string): Promise<string> =>
    eventually(async () => {
      const pods = await kubectl(`get pods -l job-name=tries,batch.kubernetes.io/job-completion-index=${index} --field-selector=status.phase=Pending -o jsonpath={.items[*].metadata.name},{.items[*].metadata.annotations.batch\\.kubernetes\\.io/job-index-failure-count}`);
      return pods.endsWith(`,${tries}`) ? pods.split(',')[0] : undefined;
    }, `try ${tries} of index ${index}`);
  const fail = (pod: string, exitCode: number): Promise<string> => setStatus(pod, {
    phase: 'Failed', containerStatuses: [{ name: 'c', ready: false, restartCount: 0, image: 'i', imageID: '', state: { terminated: { exitCode, finishedAt: '2026-01-01T00:00:00Z' } } }],
  });
  await fail(await waiting(0, '0'), 1);
  const second = await waiting(0, '1');
  await fail(await waiting(1, '0'), 3);
  await until('the lost index', 'get job tries -o jsonpath={.status.failedIndexes}', '1');
  await fail(second, 1);
  await until('the end', 'get job tries -o jsonpath={.status.failedIndexes},{.status.failed},{.status.conditions[?(@.type=="Failed")].reason}', '0,1,3,FailedIndexes');
  assert.equal(await kubectl('get pods -l job-name=tries -o jsonpath={.items[*].metadata.finalizers}'), '', 'counted pods are let go');
});

test('a deployment goes on from the revision of a set that it adopts, however many digits it has', async () => {
  const spec = { nodeSelector: { nowhere: 'yes' } };
  await create({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'older', labels: { app: 'adopted' }, annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' } }, spec: { replicas: 0, selector: { matchLabels: { app: 'adopted' } }, template: template({ app: 'adopted' }, spec) } });
  await create(workload('apps/v1', 'Deployment', 'adopted', { replicas: 0 }, { ...spec, hostname: 'new' }));
  await until('the next', 'get deployment adopted -o jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}', '3546343826724305833');
});

test('a deployment that grows in the middle of a rollout shares what is added among its sets', async () => {
  await create(workload('apps/v1', 'Deployment', 'shares', { replicas: 10, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }));
  await kubectl('rollout status deployment/shares --timeout=30s');
  await kubectl(['patch', 'deployment', 'shares', '-p', '{"spec":{"template":{"spec":{"nodeSelector":{"nowhere":"yes"}}}}}']);
  const sizes = 'get replicasets -l app=shares --sort-by=.spec.replicas -o jsonpath={.items[*].spec.replicas}';
  await until('half way', sizes, '5 8');
  await kubectl('scale deployment shares --replicas=30');
  await until('shared', sizes, '13 20');
  await kubectl('delete deployment shares');
});

test('a job takes a pod of nobody back, and lets one go that it does not select any more', async () => {
  await create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'back' }, spec: { parallelism: 1, completions: 1, template: template({}, unscheduled) } });
  const pod = (await until('its pod', 'get pods -l job-name=back -o name', /^pod\//)).trim();
  await kubectl(['patch', pod, '--type=json', '-p', '[{"op":"remove","path":"/metadata/ownerReferences"}]']);
  await until('taken back', `get ${pod} -o jsonpath={.metadata.ownerReferences[*].name}/{.metadata.finalizers}`, 'back/["batch.kubernetes.io/job-tracking"]');
  await kubectl(['patch', pod, '--type=json', '-p', '[{"op":"remove","path":"/metadata/labels"}]']);
  await until('let go', `get ${pod} -o jsonpath={.metadata.ownerReferences}{.metadata.finalizers}`, '');
});

test('a stateful set that shrinks waits for pods that are not well', async () => {
  await create(workload('apps/v1', 'StatefulSet', 'shrink', { replicas: 3, serviceName: 'none' }, { nodeSelector: { nowhere: 'yes' } }));
  const be = (n: number, ready: boolean): Promise<string> => setStatus(`shrink-${n}`, { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] });
  for (const n of [0, 1, 2]) {
    await until(`pod ${n}`, `get pod shrink-${n} -o name`, `pod/shrink-${n}`);
    await be(n, true);
  }
  await until('all ready', 'get statefulset shrink -o jsonpath={.status.readyReplicas}', '3');
  for (const n of [1, 2]) await be(n, false);
  await kubectl('scale statefulset shrink --replicas=1');
  await until('seen', 'get statefulset shrink -o jsonpath={.status.observedGeneration}/{.status.readyReplicas}', '2/1');
  assert.equal(await kubectl('get pods -l app=shrink -o name'), 'pod/shrink-0\npod/shrink-1\npod/shrink-2');
  await be(2, true);
  await until('in order', 'get pods -l app=shrink -o name', 'pod/shrink-0');
});

test('endpoints of a service without a selector are mirrored in slices', async () => {
  await create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'outside' }, spec: { ports: [{ name: 'a', port: 80 }, { name: 'b', port: 81 }] } });
  const object = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'outside', labels: { kept: 'yes' } }, subsets: [{ ports: [{ name: 'a', port: 8080 }], addresses: [{ ip: '10.1.2.3' }] }, { ports: [{ name: 'b', port: 8081 }], addresses: [{ ip: '10.1.2.3' }], notReadyAddresses: [{ ip: '10.1.2.4' }] }] };
  await create(object);
  const slices = 'get endpointslices -l kubernetes.io/service-name=outside,kept=yes -o';
  const read = async (): Promise<string[]> => (JSON.parse(await kubectl(`${slices} json`)) as { items: { endpoints: { addresses: string[]; conditions: { ready: boolean } }[]; ports: { port: number }[]; metadata: { ownerReferences: { kind: string }[] } }[] }).items
    .map((s) => `${s.metadata.ownerReferences[0]?.kind} ${s.endpoints.map((e) => `${e.addresses.join()} ${e.conditions.ready}`).join()} ${s.ports.map((p) => p.port).join()}`).sort();
  const mirrored = (expected: string[]): Promise<true> => eventually(async () => (JSON.stringify(await read()) === JSON.stringify(expected) ? true : undefined), expected.join('; '));
  await mirrored(['Endpoints 10.1.2.3 true 8080,8081', 'Endpoints 10.1.2.4 false 8081']);
  await kubectl('apply --server-side --force-conflicts --validate=false -f -', { ...object, subsets: [{ ports: [{ name: 'a', port: 8080 }], addresses: [{ ip: '10.2.3.4' }] }] });
  await mirrored(['Endpoints 10.2.3.4 true 8080']);
  await kubectl('label endpoints outside endpointslice.kubernetes.io/skip-mirror=true');
  await mirrored([]);
});

test('of a namespace that goes, pods go before everything else', async () => {
  await kubectl('create namespace held');
  await until('account', 'get serviceaccount -n held -o name', 'serviceaccount/default');
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'holder', namespace: 'held', finalizers: ['example.com/hold'] }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await kubectl('create configmap some -n held --from-literal=a=b');
  await kubectl('delete namespace held --wait=false');
  const condition = (type: string, field: string): string => `get namespace held -o jsonpath={.status.conditions[?(@.type=="${type}")].${field}}`;
  await until('what is left', condition('NamespaceContentRemaining', 'message'), 'Some resources are remaining: pods. has 1 resource instances');
  await until('what holds it', condition('NamespaceFinalizersRemaining', 'message'), 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances');
  assert.equal(await kubectl('get configmap some -n held -o name'), 'configmap/some');
  await kubectl(['patch', 'pod', 'holder', '-n', 'held', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]']);
  await kubectl('wait namespace held --for=delete --timeout=20s');
});

test('a namespace is emptied and goes', async () => {
  await kubectl('create namespace busy');
  await until('account', 'get serviceaccount -n busy -o name', 'serviceaccount/default');
  await kubectl('create deployment web -n busy --image=i --replicas=2');
  await kubectl('create configmap some -n busy --from-literal=a=b');
  await kubectl('rollout status deployment/web -n busy --timeout=20s');
  await kubectl('delete namespace busy --timeout=20s');
  assert.doesNotMatch(await kubectl('get namespaces -o name'), /busy/);
});
