/** The node agent with real containers, from a pod's creation to its end, and across the agent's death. Needs root and containerd. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { configmaps, pods, secrets } from '../../src/api/core/v1/index.ts';
import { hierarchies } from '../../src/cluster/machine/cgroup.ts';
import { SpdyConnection } from '../../src/wire/spdy.ts';
import { createPod, deletePod, eventsOf, podWhere, shell, skip, testNode, until, type TestNode } from './kubeletnode.ts';

describe('node agent', { skip, concurrency: 1 }, () => {
  let on: TestNode;
  before(async () => {
    on = await testNode('kubelet');
    await on.startAgent();
  });
  after(() => on?.stop());

  const tls = (): { ca: string; cert: string; key: string } => ({ ca: on.authority.certPem, cert: on.admin.certPem, key: on.admin.keyPem });

  /** What the agent's own server answers. */
  async function ask(path: string, options: { method?: string; anonymous?: boolean } = {}): Promise<{ status: number; body: string }> {
    const { cert, key } = tls();
    const agent = new Agent({ ca: on.authority.certPem, ...(options.anonymous ? {} : { cert, key }) });
    const call = request(`https://${on.node.address}:10250${path}`, { agent, method: options.method ?? 'GET' });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    agent.destroy();
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  }

  /** A command over v5 channels; standard input is closed after what is sent. */
  async function exec(pod: string, container: string, command: readonly string[], input?: string): Promise<{ out: string; err: string; status: { status?: string; message?: string } }> {
    const query = new URLSearchParams([...command.map((c) => ['command', c]), ['output', '1'], ['error', '1'], ...(input === undefined ? [] : [['input', '1']])] as [string, string][]);
    const ws = new WebSocket(`wss://${on.node.address}:10250/exec/default/${pod}/${container}?${query}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], tls());
    const channels = ['', '', '', ''];
    ws.on('message', (data: Buffer) => (channels[data[0]!] += data.toString('utf8', 1)));
    await once(ws, 'open');
    assert.equal(ws.protocol, 'v5.channel.k8s.io');
    if (input !== undefined) {
      ws.send(Buffer.concat([Buffer.from([0]), Buffer.from(input)]));
      ws.send(Buffer.from([255, 0]));
    }
    await once(ws, 'close');
    return { out: channels[1]!, err: channels[2]!, status: JSON.parse(channels[3] || '{}') as { status?: string; message?: string } };
  }

  test('volumes, environment, init containers, limits, logs and a clean end', async () => {
    await on.client.create(configmaps, { metadata: { name: 'cm', namespace: 'default' }, data: { a: 'one' } });
    await on.client.create(secrets, { metadata: { name: 'se', namespace: 'default' }, data: { pw: Buffer.from('hush').toString('base64') } });
    const created = await createPod(on, 'whole', {
      volumes: [
        { name: 'c', configMap: { name: 'cm' } }, { name: 's', secret: { secretName: 'se', defaultMode: 0o400 } }, { name: 'e', emptyDir: { medium: 'Memory' } },
        { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }] } },
        { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
      initContainers: [shell('first', 'echo one > /e/f', { volumeMounts: [{ name: 'e', mountPath: '/e' }] }), shell('second', 'echo two >> /e/f', { volumeMounts: [{ name: 'e', mountPath: '/e' }] })] as never,
      containers: [
        shell('main', 'trap "exit 0" TERM; cat /c/a /s/pw /d/labels; cat /e/f; echo "$GREETING $IP"; stat -c %a /s/..data/pw; wc -c < /t/token; sleep 0.3; echo oops >&2; while true; do sleep 0.1; done', {
          resources: { limits: { memory: '64Mi', cpu: '200m' }, requests: { memory: '64Mi', cpu: '200m' } },
          env: [{ name: 'WHO', value: 'world' }, { name: 'GREETING', value: 'hello $(WHO) $(NOBODY)' }, { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          volumeMounts: [{ name: 'c', mountPath: '/c' }, { name: 's', mountPath: '/s' }, { name: 'd', mountPath: '/d' }, { name: 't', mountPath: '/t' }, { name: 'e', mountPath: '/e' }],
        }),
      ] as never,
    });
    const pod = await podWhere(on, 'whole', 'ready', (p) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    const { status, metadata } = pod;
    assert.equal(status?.phase, 'Running');
    assert.equal(status?.qosClass, 'Burstable');
    assert.equal(status?.initContainerStatuses?.every((s) => s.state.terminated?.exitCode === 0 && s.ready), true);
    const logs = await until('the log to be whole', async () => {
      const { body } = await ask('/containerLogs/default/whole/main');
      return body.includes('oops') && body;
    });
    assert.ok(logs.includes(`onehushapp="whole"`), logs);
    assert.ok(logs.includes(`one\ntwo\nhello world $(NOBODY) ${status?.podIP}\n400\n`), logs);
    assert.match(logs, /^\d{3,}$/m);
    assert.equal((await ask('/containerLogs/default/whole/main?stream=Stderr')).body, 'oops\n');
    assert.match((await ask('/containerLogs/default/whole/main?timestamps=true&tailLines=1')).body, /^\d{4}-\d\d-\d\dT\S+ oops\n$/);
    assert.equal((await ask('/containerLogs/default/whole/main?previous=true')).status, 400);

    const path = `${on.node.cgroup}/kubepods/burstable/pod${metadata.uid}`;
    const memory = hierarchies().find((h) => h.controllers.includes('memory')) ?? hierarchies()[0]!;
    const id = status!.containerStatuses![0]!.containerID!.replace('containerd://', '');
    const limit = ['memory.limit_in_bytes', 'memory.max'].map((f) => join(memory.mountPoint, path, id, f)).find((f) => existsSync(f))!;
    assert.equal(readFileSync(limit, 'utf8').trim(), String(64 << 20));

    const metrics = (await ask('/metrics/resource')).body;
    const workingSet = Number(/^container_memory_working_set_bytes\{container="main",[^}]*pod="whole"[^}]*\} (\S+)/m.exec(metrics)?.[1]);
    const read = (file: string): string => readFileSync(join(limit, '..', file), 'utf8');
    const usage = Number(read(limit.endsWith('memory.max') ? 'memory.current' : 'memory.usage_in_bytes'));
    const stat = read('memory.stat');
    const inactive = Number((/^total_inactive_file (\d+)/m.exec(stat) ?? /^inactive_file (\d+)/m.exec(stat))?.[1]);
    assert.ok(Math.abs(workingSet - (usage - inactive)) <= 1 << 20, `${workingSet} against ${usage} - ${inactive}`);

    const run = await exec('whole', 'main', ['sh', '-c', 'cat; echo err >&2; exit 7'], 'typed in\n');
    assert.equal(run.out, 'typed in\n');
    assert.equal(run.err, 'err\n');
    assert.equal(run.status.status, 'Failure');
    assert.match(run.status.message ?? '', /exit code 7/);
    assert.equal((await exec('whole', 'main', ['true'])).status.status, 'Success');
    assert.equal((await exec('whole', 'main', ['hostname'])).out, 'whole\n');

    await deletePod(on, 'whole');
    assert.ok(!existsSync(join(memory.mountPoint, path)), 'the cgroup is gone');
    assert.ok(!existsSync(join(on.node.directory, 'kubelet/pods', created.metadata.uid)), 'the volumes are gone');
    const said = await eventsOf(on, 'whole');
    for (const line of ['Pulled: Container image "busybox" already present on machine', 'Created: Created container: main', 'Started: Started container main', 'Killing: Stopping container main']) {
      assert.ok(said.includes(line), `${line} in ${said.join('; ')}`);
    }
  });

  test('a failing container is started again, then waits; its last words and its last run are kept', async () => {
    await createPod(on, 'crash', { containers: [shell('c', 'echo attempt; echo bye > /dev/termination-log; exit 3')] as never });
    const pod = await podWhere(on, 'crash', 'backing off', (p) => p.status?.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff');
    const status = pod.status!.containerStatuses![0]!;
    assert.equal(status.restartCount, 1);
    assert.equal(status.lastState.terminated?.exitCode, 3);
    assert.equal(status.lastState.terminated?.message, 'bye\n');
    assert.match(status.state.waiting!.message!, /^back-off 10s restarting failed container=c pod=crash_default\(/);
    assert.equal(pod.status!.phase, 'Running');
    assert.equal((await ask('/containerLogs/default/crash/c?previous=true')).body, 'attempt\n');
    await deletePod(on, 'crash', 0);
  });

  test('jobs end as Succeeded or Failed', async () => {
    await createPod(on, 'good', { restartPolicy: 'Never', containers: [shell('c', 'exit 0')] as never });
    await createPod(on, 'bad', { restartPolicy: 'Never', containers: [shell('c', 'exit 1')] as never });
    await podWhere(on, 'good', 'succeeded', (p) => p.status?.phase === 'Succeeded');
    await podWhere(on, 'bad', 'failed', (p) => p.status?.phase === 'Failed');
    assert.equal((await ask('/containerLogs/default/good/c')).status, 200);
    await Promise.all([deletePod(on, 'good'), deletePod(on, 'bad')]);
  });

  test('an image that cannot be had is said so, with back-off', async () => {
    await createPod(on, 'noimage', { containers: [{ name: 'c', image: '127.0.0.1:9/nothing:here' }] as never });
    const pod = await podWhere(on, 'noimage', 'backing off', (p) => p.status?.containerStatuses?.[0]?.state.waiting?.reason === 'ImagePullBackOff', 60);
    assert.equal(pod.status!.phase, 'Pending');
    assert.ok((await eventsOf(on, 'noimage')).some((e) => e.startsWith('Failed: Failed to pull image "127.0.0.1:9/nothing:here": ')));
    assert.ok((await eventsOf(on, 'noimage')).includes('Failed: Error: ErrImagePull'));
    await createPod(on, 'badname', { containers: [{ name: 'c', image: 'Not A Name' }] as never });
    await podWhere(on, 'badname', 'refused', (p) => p.status?.containerStatuses?.[0]?.state.waiting?.reason === 'InvalidImageName');
    await createPod(on, 'noconfig', { containers: [shell('c', 'true', { envFrom: [{ configMapRef: { name: 'absent' } }] })] as never });
    const noconfig = await podWhere(on, 'noconfig', 'refused', (p) => p.status?.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError');
    assert.equal(noconfig.status!.containerStatuses![0]!.state.waiting!.message, 'configmap "absent" not found');
    await Promise.all(['noimage', 'badname', 'noconfig'].map((name) => deletePod(on, name)));
  });

  test('probes: ready when the server answers, restarted when it stops', async () => {
    const probe = { httpGet: { path: '/', port: 'web' }, periodSeconds: 1, failureThreshold: 1 };
    await createPod(on, 'probed', {
      containers: [
        shell('web', 'mkdir /w; echo ok > /w/index.html; sleep 1; httpd -p 8080 -h /w; sleep 1000', {
          ports: [{ name: 'web', containerPort: 8080 }], readinessProbe: probe,
          livenessProbe: { exec: { command: ['test', '!', '-e', '/w/ill'] }, periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 1 },
        }),
      ] as never,
    });
    await podWhere(on, 'probed', 'running but not ready', (p) => p.status?.containerStatuses?.[0]?.state.running && !p.status.containerStatuses[0].ready);
    await podWhere(on, 'probed', 'ready', (p) => p.status?.containerStatuses?.[0]?.ready);
    const told = (await ask('/metrics/probes')).body;
    assert.match(told, /^prober_probe_total\{container="web",namespace="default",pod="probed",pod_uid="[^"]+",probe_type="Readiness",result="successful"\} [1-9]/m);
    assert.match(told, /^prober_probe_duration_seconds_bucket\{container="web",namespace="default",pod="probed",probe_type="Readiness",le="\+Inf"\} [1-9]/m);
    assert.match(told, /^process_start_time_seconds \d+/m);
    await exec('probed', 'web', ['touch', '/w/ill']);
    const pod = await podWhere(on, 'probed', 'restarted', (p) => (p.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    assert.ok(pod);
    const said = await eventsOf(on, 'probed');
    assert.ok(said.some((e) => e.startsWith('Unhealthy: Readiness probe failed: Get "http://')), said.join('; '));
    assert.ok(said.some((e) => e.startsWith('Unhealthy: Liveness probe failed:')));
    assert.ok(said.includes('Killing: Container web failed liveness probe, will be restarted'));
    await deletePod(on, 'probed', 1);
  });

  test('a sidecar starts before the containers and ends after them', async () => {
    await createPod(on, 'sidecar', {
      volumes: [{ name: 'e', emptyDir: {} }],
      initContainers: [shell('side', 'trap "echo side >> /e/order; exit 0" TERM; touch /e/up; while true; do sleep 0.1; done', { restartPolicy: 'Always', volumeMounts: [{ name: 'e', mountPath: '/e' }], startupProbe: { exec: { command: ['test', '-e', '/e/up'] }, periodSeconds: 1 } })] as never,
      containers: [shell('main', 'test -e /e/up || exit 1; trap "echo main >> /e/order; exit 0" TERM; while true; do sleep 0.1; done', { volumeMounts: [{ name: 'e', mountPath: '/e' }] })] as never,
    });
    const pod = await podWhere(on, 'sidecar', 'ready', (p) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    assert.equal(pod.status!.containerStatuses![0]!.restartCount, 0);
    assert.equal(pod.status!.initContainerStatuses![0]!.ready, true);
    await deletePod(on, 'sidecar');
  });

  /** Asks to leave HTTP for SPDY, as older clients do. */
  async function upgradeToSpdy(path: string, protocol: string): Promise<SpdyConnection> {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol };
    const call = request(`https://${on.node.address}:10250${path}`, { ...tls(), method: 'POST', headers, agent: false });
    call.end();
    const [response, socket, head] = (await once(call, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
    assert.equal(response.headers['x-stream-protocol-version'], protocol);
    return new SpdyConnection(socket, head);
  }

  async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  /** One connection through a port-forward: what is sent comes back. */
  async function echoThrough(connection: SpdyConnection, text: string): Promise<void> {
    const headers = { port: '9000', requestid: '0' };
    const failure = connection.open({ streamtype: 'error', ...headers });
    failure.end();
    const data = connection.open({ streamtype: 'data', ...headers });
    data.end(text);
    assert.equal(await textOf(data), text);
    assert.equal(await textOf(failure), '');
    connection.close();
  }

  test('exec, attach, run and port-forward in every form that clients ask for', async () => {
    await createPod(on, 'streams', {
      terminationGracePeriodSeconds: 1,
      containers: [shell('c', 'nc -ll -p 9000 -e cat & while read line; do echo "got $line"; done; sleep 1000', { stdin: true })] as never,
    });
    await podWhere(on, 'streams', 'running', (p) => p.status?.phase === 'Running');
    const many = 'x'.repeat(300_000);

    const spdy = await upgradeToSpdy('/exec/default/streams/c?command=cat&input=1&output=1', 'v4.channel.k8s.io');
    const [failure, stdin, stdout] = ['error', 'stdin', 'stdout'].map((streamtype) => spdy.open({ streamtype }));
    stdin!.end(many);
    assert.equal((await textOf(stdout!)).length, many.length);
    assert.equal((JSON.parse(await textOf(failure!)) as { status: string }).status, 'Success');
    spdy.close();
    assert.equal((await exec('streams', 'c', ['cat'], many)).out.length, many.length);

    const attached = new WebSocket(`wss://${on.node.address}:10250/attach/default/streams/c?input=1&output=1`, ['v5.channel.k8s.io'], tls());
    let heard = '';
    attached.on('message', (message: Buffer) => (heard += message.toString('utf8', 1)));
    await once(attached, 'open');
    attached.send(Buffer.from('\0hello\n'));
    await until('the attached container to answer', async () => heard.includes('got hello\n'));
    attached.terminate();

    assert.equal((await ask('/run/default/streams/c?cmd=echo%20hi', { method: 'POST' })).body, 'hi\n');
    await until('the port to be served', async () => (await exec('streams', 'c', ['sh', '-c', 'echo | nc -w 1 127.0.0.1 9000'])).status.status === 'Success');
    await echoThrough(await upgradeToSpdy('/portForward/default/streams', 'portforward.k8s.io'), 'over SPDY');
    await deletePod(on, 'streams', 1);
  });

  test('nobody may ask without showing who they are', async () => {
    const stranger = await ask('/pods', { anonymous: true });
    assert.ok(stranger.status === 401 || stranger.status === 403, String(stranger.status));
    assert.equal((await ask('/healthz')).status, 200);
    assert.match((await ask('/metrics')).body, /kubelet_running_pods/);
    assert.equal((await ask('/stats/summary')).status, 200);
  });

  test('metrics: what a container holds open, wrote and may, through its restart; what the agent did; the port that asks nobody', async () => {
    await createPod(on, 'measured', {
      restartPolicy: 'Always',
      containers: [shell('c', 'head -c 1048576 /dev/zero > /big; nc -l -p 9000 & trap "exit 1" TERM; while true; do sleep 0.1; done', { resources: { limits: { memory: '64Mi', cpu: '200m' } } })] as never,
    });
    const running = await podWhere(on, 'measured', 'running', (p) => p.status?.containerStatuses?.[0]?.state.running);
    // Sizes are measured once a minute: the first time shall find the file whole.
    await until('the container to listen', async () => (await exec('measured', 'c', ['pidof', 'nc'])).status.status === 'Success');
    const value = (text: string, name: string, labels = 'container="c",'): number => Number(new RegExp(`^${name}\\{[^}]*${labels}[^}]*pod="measured"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1]);
    const text = await until('the socket to be counted', async () => {
      const { body } = await ask('/metrics/cadvisor');
      return value(body, 'container_sockets') === 1 && body;
    });
    assert.ok(value(text, 'container_processes') >= 2);
    assert.ok(value(text, 'container_file_descriptors') >= 4);
    assert.ok(value(text, 'container_ulimits_soft') >= 1024 || value(text, 'container_ulimits_soft') === -1);
    assert.equal(value(text, 'container_spec_memory_limit_bytes'), 64 << 20);
    assert.equal(value(text, 'container_spec_cpu_quota'), 20_000);
    assert.equal(value(text, 'container_start_time_seconds'), Date.parse(running.status!.containerStatuses![0]!.state.running!.startedAt!) / 1000);
    assert.match(text, /^container_memory_usage_bytes\{container="",id="\/",/m);
    await until('what it wrote to be measured', async () => value((await ask('/metrics/cadvisor')).body, 'container_fs_usage_bytes') >= 1 << 20);
    const stats = JSON.parse((await ask('/stats/summary')).body) as { pods: { podRef: { name: string }; process_stats: { process_count: number }; containers: { rootfs: { usedBytes: number } }[] }[] };
    const pod = stats.pods.find((p) => p.podRef.name === 'measured')!;
    assert.ok(pod.process_stats.process_count >= 3, 'the pause process, the shell and nc');
    assert.ok(pod.containers[0]!.rootfs.usedBytes >= 1 << 20);

    await exec('measured', 'c', ['kill', '1']);
    await podWhere(on, 'measured', 'restarted', (p) => (p.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0 && p.status?.containerStatuses?.[0]?.state.running);
    const again = await until('one series of the new container', async () => {
      const { body } = await ask('/metrics/cadvisor');
      return value(body, 'container_memory_working_set_bytes') > 0 && body;
    });
    assert.equal(again.match(/^container_memory_working_set_bytes\{container="c",[^}]*pod="measured"/gm)?.length, 1);
    assert.doesNotMatch(again, /^[a-z_]+\{[^}]*\} (-\d(?!\d* *$)|NaN)/m);

    const own = (await ask('/metrics')).body;
    for (const line of [
      `kubelet_node_name\\{node="${on.node.name}"\\} 1`, 'kubelet_runtime_operations_total\\{operation_type="run_podsandbox"\\} [1-9]', 'kubelet_runtime_operations_duration_seconds_count\\{operation_type="start_container"\\} [1-9]',
      'kubelet_pod_start_duration_seconds_count [1-9]', 'kubelet_pod_worker_duration_seconds_count\\{operation_type="create"\\} [1-9]', 'kubelet_pod_status_sync_duration_seconds_count [1-9]',
      'kubelet_pleg_relist_duration_seconds_count [1-9]', 'rest_client_requests_total\\{code="200",method="PATCH",host="[^"]+"\\} [1-9]', 'process_cpu_seconds_total ', 'process_resident_memory_bytes ',
      'kubelet_active_pods\\{static="false"\\} [1-9]', 'kubelet_running_containers\\{container_state="running"\\} [1-9]',
    ].map((l) => new RegExp(`^${l}`, 'm'))) assert.match(own, line);

    const { kubeletconfig } = JSON.parse((await ask('/configz')).body) as { kubeletconfig: { cgroupRoot: string; readOnlyPort: number } };
    assert.deepEqual([kubeletconfig.cgroupRoot, kubeletconfig.readOnlyPort], [on.node.cgroup, 10255]);
    const { items } = JSON.parse((await ask('/runningpods/')).body) as { items: { metadata: { name: string }; spec: { containers: { name: string }[] } }[] };
    assert.deepEqual(items.filter((p) => p.metadata.name === 'measured').map((p) => p.spec.containers.map((c) => c.name)), [['c']]);
    const open = async (path: string, method = 'GET'): Promise<number> => (await fetch(`http://${on.node.address}:10255${path}`, { method, signal: AbortSignal.timeout(10_000) })).status;
    for (const path of ['/healthz', '/pods', '/stats/summary', '/metrics', '/metrics/cadvisor', '/metrics/resource', '/metrics/probes']) assert.equal(await open(path), 200, path);
    for (const path of ['/containerLogs/default/measured/c', '/exec/default/measured/c?command=true&output=1', '/configz']) assert.equal(await open(path), 404, path);
    assert.equal(await open('/run/default/measured/c?cmd=true', 'POST'), 405);
    await deletePod(on, 'measured', 1);
  });

  test('kill -9 of the agent: nothing restarts, and what changed meanwhile is caught up with', async () => {
    await createPod(on, 'steady', { containers: [shell('c', 'trap "exit 0" TERM; while true; do sleep 0.1; done')] as never });
    await createPod(on, 'leaving', { containers: [shell('c', 'trap "exit 0" TERM; while true; do sleep 0.1; done')] as never });
    await createPod(on, 'vanishing', { containers: [shell('c', 'while true; do sleep 0.1; done')] as never });
    const names = ['steady', 'leaving', 'vanishing'];
    const before = await Promise.all(names.map((n) => podWhere(on, n, 'running', (p) => p.status?.phase === 'Running')));
    on.agent.kill('SIGKILL');
    await once(on.agent, 'exit');
    await on.client.delete(pods, 'leaving', { namespace: 'default' });
    await on.client.delete(pods, 'vanishing', { namespace: 'default', gracePeriodSeconds: 0 });
    await on.startAgent();
    await until('the pods to be gone', async () => (await on.client.list(pods, { namespace: 'default' })).items.every((p) => !['leaving', 'vanishing'].includes(p.metadata.name)));
    await until('the cgroup of the pod that vanished to be gone', async () => {
      const memory = hierarchies().find((h) => h.controllers.includes('memory')) ?? hierarchies()[0]!;
      return !existsSync(join(memory.mountPoint, on.node.cgroup, 'kubepods/besteffort', `pod${before[2]!.metadata.uid}`));
    });
    const now = await on.client.get(pods, 'steady', { namespace: 'default' });
    assert.equal(now.status!.containerStatuses![0]!.containerID, before[0]!.status!.containerStatuses![0]!.containerID);
    assert.equal(now.status!.containerStatuses![0]!.restartCount, 0);
    await deletePod(on, 'steady');
  });
});
