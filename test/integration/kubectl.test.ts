/** Our kubectl beside the real one: the same arguments against the same server must give the same output and exit code. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, run, testServer, type Result, type TestServer } from '../apiserver.ts';
import { realProgram } from '../kubectl.ts';
import { ownKubectl } from '../ownkubectl.ts';

let server: TestServer;
let config: string;

before(async () => {
  server = await testServer();
  config = server.kubeconfig('own', { 'client-certificate-data': Buffer.from(server.admin.certPem).toString('base64'), 'client-key-data': Buffer.from(server.admin.keyPem).toString('base64') });
  for (const ns of ['fixed', 'mine', 'real']) {
    await server.kubectl(`create namespace ${ns}`);
    // No controller does it here, and pods are refused without.
    await server.kubectl(`-n ${ns} create serviceaccount default`);
  }
  await server.kubectl('-n fixed create deployment web --image=nginx --replicas=2');
  await server.kubectl('-n fixed run a --image=x --labels=tier=one');
  await server.kubectl('-n fixed create configmap settings --from-literal=a=b --from-literal=c=<&>');
  await server.kubectl('-n fixed create service clusterip web --tcp=80:8080');
});
after(() => server.stop());

const file = (name: string, text: string): string => {
  const path = join(server.folder, name);
  writeFileSync(path, text);
  return path;
};

const real = (args: readonly string[]): Promise<Result> => run(realProgram('kubectl'), [`--cache-dir=${join(server.folder, 'cache')}`, ...args], { env: { KUBECONFIG: config } });

/** Ages differ by when one looks. */
function timeless(result: Result): Result {
  const blur = (text: string): string => text.replace(/ +\b\d+(s|m\d+s)(?= |\n|$)/g, ' AGE').replace(/\b(mine|real)\b/g, 'NS').replace(/^E\d{4} .*\n/gm, '');
  return { code: result.code, stdout: blur(result.stdout), stderr: blur(result.stderr) };
}

async function same(own: string | readonly string[], other = own): Promise<void> {
  const split = (args: string | readonly string[]): readonly string[] => (typeof args === 'string' ? args.split(' ') : args);
  const [expected, got] = [timeless(await real(split(other))), timeless(await ownKubectl(config, split(own)))];
  assert.deepEqual(got, expected, split(own).join(' '));
}

test('get in every form', async () => {
  for (const args of [
    'get pods', 'get pods -A', 'get pods -o wide --show-labels', 'get deploy,cm', 'get all', 'get pod a -o yaml', 'get pods -o json', 'get cm settings -o json', 'get deploy -o name', 'get pods -L tier,app',
    'get pods -l tier=one --no-headers', 'get pods --sort-by=.metadata.name', 'get pods --field-selector=metadata.name=a', 'get pod/a svc/web', 'get ns fixed', 'get events',
    'get deploy web -o jsonpath={.spec.replicas}:{.metadata.labels}', 'get cm -o custom-columns=NAME:.metadata.name,DATA:.data,NONE:.x', 'get cm -o jsonpath={range.items[*]}{.metadata.name}{"\\t"}{end}', 'get --raw /version',
  ]) await same(`-n fixed ${args}`);
  await same(['-n', 'fixed', 'get', 'cm', 'settings', '-o', 'go-template={{range $k, $v := .data}}{{$k}}={{$v | printf "%s!"}};{{end}}{{if .immutable}}x{{else}}y{{end}}']);
});

test('what is wrong is said in the same words', async () => {
  for (const args of [
    'get', 'get foo', 'get pod nope', 'get pod a nope', 'get pods --foo', 'get pods -o foo', 'get pod pod/a', 'get pods -n none', 'delete', 'delete pods', 'delete pod nope', 'delete cm --all -l a=b',
    'create deployment', 'create deployment a', 'create cm x --from-literal=a', 'create cm settings --from-literal=a=b', 'create -f /nonexistent', 'apply', 'scale deploy web', 'scale deploy nope --replicas=1',
    'scale deploy web --replicas=-1', 'run', 'run x', 'run x --image=', 'run x --image=nginx --rm', 'run x --image=nginx --expose', 'logs', 'logs nope', 'logs a b c', 'exec', 'exec a b', 'exec nope -- x', 'attach',
    'port-forward', 'top node', 'top pod', 'top pod --sort-by=x', 'get pods --context=nope', 'get pods --kubeconfig=/nonexistent', 'get pods -s http://127.0.0.1:1',
  ]) await same(`-n fixed ${args}`.replace('-n fixed get pods -n', 'get pods -n'));
});

test('objects made from flags', async () => {
  for (const args of [
    'create deployment x --image=nginx:1.2 --image=foo/bar:3 --port=80 -r 3 -o json', 'create deployment x --image=nginx -o yaml -- sleep 1', 'create cm x --from-literal=a=b -o yaml', 'create secret generic s --from-literal=a=b -o yaml', 'create ns x -o yaml',
    'create svc clusterip s --tcp=80:8080 -o yaml', 'create svc nodeport s --tcp=80 --node-port=30000 -o yaml', 'create job j --image=x -o yaml -- a b', 'create cronjob j --image=x --schedule=0/5 -o yaml', 'create sa x -o yaml',
    'create role r --verb=get,list --resource=pods,deployments.apps -o yaml', 'create rolebinding r --role=a --user=b --serviceaccount=c:d -o yaml', 'create clusterrolebinding r --clusterrole=a --group=g -o yaml',
    'create secret docker-registry r --docker-username=u --docker-password=p -o yaml', 'run x --image=nginx -o yaml', 'run x --image=nginx --port=80 --env=A=b --labels=q=r --restart=Never -o json -- a b', 'run x --image=nginx --command -o yaml -- a b',
    'run x --image=nginx --expose --port=80 -o yaml', 'expose deploy web --port=80 -o yaml', 'expose pod a --name=q --port=80,81 --target-port=http --type=NodePort -o yaml', 'expose deploy web', 'expose cm settings --port=1', 'expose', 'run x --image=nginx --overrides={"spec":{"nodeName":"n"}} -o yaml',
  ]) await same(`-n fixed ${args.replace(/( --(?= )|$)/, ' --dry-run=client$1')}`);
});

test('changes are told alike', async () => {
  const objects = file('objects.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {x: "1"}}\ndata: {a: "1", b: "2"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n');
  const changed = file('changed.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: "3"}\n');
  const strange = file('strange.yaml', 'apiVersion: example.com/v1\nkind: Strange\nmetadata: {name: s}\n');
  for (const args of [
    'run x --image=nginx', 'run x --image=nginx', 'create deployment d --image=nginx', 'scale deploy d --replicas=0', 'delete pod x --wait=false --grace-period=0 --force', `apply -f ${objects} --validate=false`, `apply -f ${objects} --validate=false`,
    `apply -f ${changed} --validate=false`, 'get cm one -o jsonpath={.data}{.metadata.labels}', `delete -f ${objects}`, `create -f ${objects} --validate=false`, `create -f ${objects} --validate=false`, `create -f ${strange} --validate=false`, `delete -f ${objects} --ignore-not-found -o name`, 'delete deploy --all',
  ]) await same(`-n mine ${args}`, `-n real ${args}`);
});

test('validation by the server, and server-side apply', async () => {
  const wrong = file('wrong.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec:\n  containers: [{name: c, image: x, foo: 1}]\n');
  const invalid = file('invalid.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: w}\nspec:\n  ports: [{port: 0}, {port: 99999}]\n');
  const mistyped = file('mistyped.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec: {replicas: three}\n');
  const fine = file('fine.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\ndata: {a: "1"}\n');
  for (const args of [`create -f ${wrong}`, `apply -f ${wrong}`, `create -f ${wrong} --validate=ignore --dry-run=server`, `create -f ${invalid}`, `create -f ${mistyped}`, `apply -f ${fine} --server-side`, `apply -f ${fine} --server-side`, `apply -f ${fine} --server-side --field-manager=zed`, `apply -f ${fine}`]) await same(`-n mine ${args}`, `-n real ${args}`);
});

test('the real kubectl explains our schema', async () => {
  const { stdout, code } = await server.kubectl('explain deployment.spec.template.spec.containers.resources');
  assert.equal(code, 0);
  assert.match(stdout, /FIELD: resources <ResourceRequirements>[^]*limits\t<map\[string\]Quantity>/);
  assert.match((await server.kubectl('explain service.spec.ports')).stdout, /port\t<integer> -required-/);
  assert.match((await server.kubectl('explain pod.spec.dnsPolicy')).stdout, /FIELD: dnsPolicy <string>\nENUM:\n {4}ClusterFirst\n {4}ClusterFirstWithHostNet\n {4}Default\n {4}None\n/);
});

test('the cluster and what one may do in it', async () => {
  for (const args of ['api-resources', 'api-resources -o wide', 'api-resources --api-group=apps -o name', 'api-versions', 'cluster-info', 'auth can-i get pods', 'auth can-i get nodes', 'auth whoami', 'config view', 'config view -o json', 'config get-contexts', 'config current-context', 'config use-context nope', 'rollout status', 'rollout status deploy/web --watch=false', 'wait pod/a --for=jsonpath={.metadata.name}=a', 'wait pod/a --for=condition=Ready --timeout=1s', 'wait pod/nope --for=delete', 'wait pod/a --for=foo']) await same(`-n fixed ${args}`);
});

test('labels, annotations and patches', async () => {
  for (const ns of ['mine', 'real']) await server.kubectl(`-n ${ns} create configmap marked --from-literal=a=b`);
  for (const args of ['label cm marked', 'label cm marked q=r', 'label cm marked q=s', 'label cm marked q=s --overwrite', 'label cm marked q=s', 'label cm marked --list', 'annotate cm marked q=r', 'annotate cm marked q=s', 'annotate cm marked q-', 'patch cm marked', 'patch cm marked -p {"data":{"z":"1"}}', 'patch cm marked -p {"data":{"z":"1"}}', 'patch cm marked --type=merge -p {"data":{"z":null}}', 'patch cm marked --type=json -p [{"op":"add","path":"/data/y","value":"2"}] -o jsonpath={.data}', 'patch cm marked --type=foo -p {}', 'label cm marked q-']) await same(`-n mine ${args}`, `-n real ${args}`);
});

test('watching shows each change on its line', async () => {
  const stop = new AbortController();
  let seen = '';
  const watching = ownKubectl(config, ['-n', 'fixed', 'get', 'cm', 'settings', '-w', '--output-watch-events'], { signal: stop.signal, onOutput: (text) => (seen = text) });
  await eventually(() => /ADDED +settings/.test(seen) || undefined, 'the first line');
  await server.kubectl('-n fixed replace --validate=false -f -', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"z":"1"}}');
  await eventually(() => /MODIFIED +settings/.test(seen) || undefined, 'the change');
  stop.abort();
  assert.equal((await watching).code, 130);
  assert.match(seen, /^EVENT +NAME +DATA +AGE\n/);
});
