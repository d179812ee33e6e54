/** A first day with kubectl: real containers, real clients, line by line as a newcomer types it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { realProgram } from '../kubectl.ts';
import { eventually, TestCluster, whyNoContainers } from './profile.ts';

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy(new Error('timeout'))).on('error', reject);
  });
}

describe('kubectl on real containers', { skip: whyNoContainers() ?? false }, () => {
  let cluster: TestCluster;
  const nodeAddress = (): Promise<string> => cluster.ok('get', 'node', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');

  before(async () => {
    cluster = await TestCluster.start('e2e-work');
  });
  after(async () => {
    await cluster?.delete();
  });

  test('the node is Ready at the first address of its network', async () => {
    assert.match(await cluster.ok('get', 'nodes', '-o', 'wide'), /^e2e-work +Ready +control-plane +\S+ +v1\.34\.\S+ +192\.168\.\d+\.2 /m);
  });

  test('run, get -o wide, describe, logs, delete', async () => {
    assert.equal(await cluster.ok('run', 'hello', '--image=busybox', '--image-pull-policy=IfNotPresent', '--', 'sh', '-c', 'echo first; echo second; sleep 100000'), 'pod/hello created\n');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/hello', '--timeout=60s');
    assert.match(await cluster.ok('get', 'pod', 'hello', '-o', 'wide'), /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nhello +1\/1 +Running +0 +\S+ +10\.\d+\.\d+\.\d+ +e2e-work +<none> +<none>\n$/);
    const described = await cluster.ok('describe', 'pod', 'hello');
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) assert.match(described, new RegExp(`Normal +${reason} `));
    assert.match(described, /Container ID: +containerd:\/\//);
    assert.equal(await cluster.ok('logs', 'hello'), 'first\nsecond\n');
    assert.equal(await cluster.ok('logs', 'hello', '--tail=1'), 'second\n');
    assert.match(await cluster.ok('logs', 'hello', '--timestamps'), /^\d{4}-\d\d-\d\dT\S+Z first\n/);
    assert.equal(await cluster.ok('delete', 'pod', 'hello', '--grace-period=1'), 'pod "hello" deleted from default namespace\n');
    assert.equal((await cluster.kubectl(['get', 'pod'])).stderr, 'No resources found in default namespace.\n');
  });

  test('exec with and without a terminal, exit codes, and cp both ways', async () => {
    await cluster.ok('run', 'box', '--image=busybox', '--image-pull-policy=IfNotPresent', '--', 'sleep', '100000');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s');
    assert.equal(await cluster.ok('exec', 'box', '--', 'hostname'), 'box\n');
    const piped = await cluster.kubectl(['exec', '-i', 'box', '--', 'cat'], { input: 'through and back' });
    assert.equal(piped.stdout, 'through and back');
    const failed = await cluster.kubectl(['exec', 'box', '--', 'sh', '-c', 'exit 7']);
    assert.equal(failed.code, 7);
    assert.match(failed.stderr, /command terminated with exit code 7/);
    // script(1) gives kubectl the terminal that -t asks for.
    const typed = await new Promise<string>((resolve, reject) => {
      const child = spawn('script', ['-qfec', `${realProgram('kubectl')} exec -it box -- sh`, '/dev/null'], { env: { ...process.env, ...cluster.env } });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (out === '') child.stdin.write('tty && echo sum=$((40+2))\nexit\n');
        out += text;
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
      child.on('error', reject).on('close', () => {
        clearTimeout(timer);
        resolve(out);
      });
    });
    assert.match(typed, /\/dev\/pts\/\d+/);
    assert.match(typed, /sum=42/);
    const folder = mkdtempSync(join(tmpdir(), 'k7s-cp-'));
    writeFileSync(join(folder, 'a'), 'copied\n'.repeat(10_000));
    await cluster.ok('cp', join(folder, 'a'), 'box:/tmp/a');
    await cluster.ok('cp', 'box:/tmp/a', join(folder, 'b'));
    assert.equal(readFileSync(join(folder, 'b'), 'utf8'), readFileSync(join(folder, 'a'), 'utf8'));
    rmSync(folder, { recursive: true });
    await cluster.ok('delete', 'pod', 'box', '--grace-period=0', '--force');
  });

  test('deployments, scaling with and without a precondition, services by name, by node port, port-forward', async () => {
    await cluster.apply([
      {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
        spec: {
          replicas: 3, selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: {
              terminationGracePeriodSeconds: 1,
              containers: [{ name: 'web', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'mkdir /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www'], ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }],
            },
          },
        },
      },
    ]);
    await cluster.ok('rollout', 'status', 'deployment/web', '--timeout=90s');
    assert.match(await cluster.ok('get', 'deployment', 'web'), /^web +3\/3 +3 +3 /m);
    assert.equal(await cluster.ok('expose', 'deployment', 'web', '--port=80', '--target-port=8080', '--type=NodePort'), 'service/web exposed\n');
    await cluster.ok('run', 'client', '--image=busybox', '--image-pull-policy=IfNotPresent', '--', 'sleep', '100000');
    await cluster.ok('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s');

    const seen = new Set<string>();
    await eventually('an answer of each pod by the service\'s name', async () => {
      seen.add((await cluster.ok('exec', 'client', '--', 'wget', '-qO-', 'http://web.default.svc.cluster.local')).trim());
      return seen.size === 3;
    });
    assert.match(await cluster.ok('exec', 'client', '--', 'wget', '-qO-', 'http://web'), /^web-/);
    assert.match(await cluster.ok('exec', 'client', '--', 'nslookup', 'kubernetes.default.svc.cluster.local'), /Address: 10\.96\.0\.1/);

    const port = await cluster.ok('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    const address = await nodeAddress();
    assert.match(await eventually('the node port', () => fetchText(`http://${address}:${port}/`)), /^web-/);

    const forward = spawn(realProgram('kubectl'), ['port-forward', 'service/web', ':80'], { env: { ...process.env, ...cluster.env } });
    let [said, complained] = ['', ''];
    forward.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    forward.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
    try {
      const local = await eventually('a forwarded port', async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1], 20);
      for (let i = 0; i < 3; i++) assert.match(await fetchText(`http://127.0.0.1:${local}/`), /^web-/, complained);
    } finally {
      forward.kill();
    }

    assert.equal(await cluster.ok('scale', '--current-replicas=3', '--replicas=2', 'deployment/web'), 'deployment.apps/web scaled\n');
    const wrong = await cluster.kubectl(['scale', '--current-replicas=3', '--replicas=1', 'deployment/web']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /Expected replicas to be 3, was 2/);
    await cluster.ok('scale', '--replicas=0', 'deployment/web');
    await eventually('no pods', async () => (await cluster.ok('get', 'pod', '-l', 'app=web', '-o', 'name')) === '');
    await cluster.ok('delete', 'deployment,service', 'web');
  });

  test('kubectl create deployment makes what it says', async () => {
    assert.equal(await cluster.ok('create', 'deployment', 'made', '--image=busybox', '--replicas=3', '--', 'sleep', '100000'), 'deployment.apps/made created\n');
    await cluster.ok('patch', 'deployment', 'made', '-p', '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"busybox","imagePullPolicy":"IfNotPresent"}]}}}}');
    await cluster.ok('rollout', 'status', 'deployment/made', '--timeout=90s');
    await cluster.ok('delete', 'deployment', 'made');
  });

  test('an unknown image: ErrImagePull, then back-off, with events', async () => {
    await cluster.ok('run', 'nowhere', '--image=registry.invalid/none:1');
    await eventually('the waiting reason', async () => {
      const reason = await cluster.ok('get', 'pod', 'nowhere', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}');
      return reason === 'ImagePullBackOff' || reason === 'ErrImagePull';
    }, 90);
    await eventually('the event', async () => /Failed to pull image "registry\.invalid\/none:1"/.test(await cluster.ok('describe', 'pod', 'nowhere')), 60);
    await cluster.ok('delete', 'pod', 'nowhere', '--force', '--grace-period=0');
  });

  test('a pod that fits nowhere says why', async () => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'huge' }, spec: { containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '1000' } } }] } });
    await eventually('the event', async () => (await cluster.ok('describe', 'pod', 'huge')).includes('0/1 nodes are available: 1 Insufficient cpu.'));
    assert.match(await cluster.ok('get', 'pod', 'huge'), /^huge +0\/1 +Pending /m);
    await cluster.ok('delete', 'pod', 'huge');
  });

  test('restart with back-off: a container that fails is counted and waits', async () => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'fails' }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'exit 3'] }] } });
    await eventually('CrashLoopBackOff', async () => /CrashLoopBackOff +[1-9]/.test(await cluster.ok('get', 'pod', 'fails')), 90);
    assert.equal(await cluster.ok('get', 'pod', 'fails', '-o', 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}'), '3');
    await cluster.ok('delete', 'pod', 'fails');
  });

  test('configuration reaches a pod: environment, files, token, downward fields', async () => {
    await cluster.ok('create', 'configmap', 'settings', '--from-literal=colour=blue');
    await cluster.ok('create', 'secret', 'generic', 'hidden', '--from-literal=word=open');
    await cluster.apply({
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'configured', labels: { tier: 'x' } },
      spec: {
        restartPolicy: 'Never',
        initContainers: [{ name: 'first', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'echo prepared > /shared/note'], volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }],
        containers: [
          {
            name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent',
            command: ['sh', '-c', 'echo $COLOUR $WORD $POD $(cat /config/colour) $(cat /labels/labels) $(cat /shared/note) $(wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token)'],
            env: [
              { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } }, { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
              { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            ],
            volumeMounts: [{ name: 'config', mountPath: '/config' }, { name: 'labels', mountPath: '/labels' }, { name: 'shared', mountPath: '/shared' }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'settings' } }, { name: 'labels', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }, { name: 'shared', emptyDir: {} }],
      },
    });
    await cluster.ok('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/configured', '--timeout=60s');
    assert.match(await cluster.ok('logs', 'configured'), /^blue open configured blue tier="x" prepared \d{3,}\n$/);
    assert.match(await cluster.ok('get', 'pod', 'configured'), /^configured +0\/1 +Completed +0 /m);
  });

  test('a malformed manifest gets the field\'s path', async () => {
    const outcome = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Bad_Name' }, spec: { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 70000 }] }] } }) });
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /The Pod "Bad_Name" is invalid:/);
    assert.match(outcome.stderr, /metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/);
    assert.match(outcome.stderr, /spec\.containers\[0\]\.ports\[0\]\.containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive/);
    const unknown = await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, dada: {} }) });
    assert.match(unknown.stderr, /strict decoding error: unknown field "dada"/);
  });
});
