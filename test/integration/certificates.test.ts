/** Certificate requests, decided with the real kubectl, up to using what was issued. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createSigningRequest } from '../../src/wire/certificates.ts';
import { eventually, run } from '../apiserver.ts';
import { controlPlane, type ControlPlane } from '../controlplane.ts';
import { realProgram } from '../kubectl.ts';

let cluster: ControlPlane;
before(async () => {
  cluster = await controlPlane({ scheduler: false });
});
after(() => cluster.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function kubectl(args: string, input?: object): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input && JSON.stringify(input));
  assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
  return stdout.trim();
}

async function ask(name: string, requestPem: string, spec: object): Promise<string> {
  return kubectl('create -f -', { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec: { request: base64(requestPem), ...spec } });
}

const until = (what: string, args: string, expected: RegExp): Promise<string> =>
  eventually(async () => {
    const { stdout } = await cluster.kubectl(args);
    return expected.test(stdout.trim()) ? stdout.trim() : undefined;
  }, `${what} (${args})`);

test('an approved request becomes a certificate that the API server knows', async () => {
  const { requestPem, keyPem } = await createSigningRequest({ commonName: 'jane', organizations: ['dev'] });
  await ask('jane', requestPem, { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], expirationSeconds: 3600 });
  assert.match(await kubectl('get csr jane --no-headers'), /kubernetes.io\/kube-apiserver-client +kubernetes-admin +60m +Pending$/);
  assert.match(await kubectl('certificate approve jane'), /approved$/);
  await until('issued', 'get csr jane --no-headers', /Approved,Issued$/);
  const certificate = await kubectl('get csr jane -o jsonpath={.status.certificate}');
  const read = new X509Certificate(Buffer.from(certificate, 'base64'));
  assert.deepEqual(read.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  const kubeconfig = cluster.kubeconfig('jane', { 'client-certificate-data': certificate, 'client-key-data': base64(keyPem) });
  const { stdout, stderr } = await run(realProgram('kubectl'), ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username},{.status.userInfo.groups}'], { env: { KUBECONFIG: kubeconfig } });
  assert.equal(stdout, 'jane,["dev","system:authenticated"]', stderr);
});

test('what a signer does not allow fails, what was denied is not signed', async () => {
  const { requestPem } = await createSigningRequest({ commonName: 'joe' });
  const signerName = 'kubernetes.io/kube-apiserver-client';
  await ask('joe', requestPem, { signerName, usages: ['client auth', 'server auth'] });
  await kubectl('certificate approve joe');
  await until('failed', 'get csr joe -o jsonpath={.status.conditions[?(@.type=="Failed")].reason},{.status.conditions[?(@.type=="Failed")].message}', /^SignerValidationFailure,invalid usage for client certificate: server auth$/);
  await ask('denied', requestPem, { signerName, usages: ['client auth'] });
  await kubectl('certificate deny denied');
  assert.match(await kubectl('get csr denied --no-headers'), /Denied$/);
  const odd = await cluster.kubectl('create -f -', JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'odd' }, spec: { request: base64(requestPem), signerName, usages: ['flying'] } }));
  assert.match(odd.stderr, /spec.usages\[0\]: Unsupported value: "flying"/);
});

test("a kubelet's request is approved by itself when its bootstrap token may ask", async () => {
  const node = { commonName: 'system:node:n1', organizations: ['system:nodes'] };
  const usages = ['digital signature', 'client auth'];
  const bootstrap = await cluster.as({ name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] });
  await kubectl('create clusterrolebinding bootstrap --clusterrole=system:node-bootstrapper --group=system:bootstrappers');
  await kubectl('create clusterrolebinding approve --clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient --group=system:bootstrappers');
  const { requestPem } = await createSigningRequest(node);
  const request = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'n1' }, spec: { request: base64(requestPem), signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages } };
  assert.equal((await bootstrap('create -f -', JSON.stringify(request))).code, 0);
  await until('issued', 'get csr n1 --no-headers', /system:bootstrap:abcdef +<none> +Approved,Issued$/);
  assert.equal(await kubectl('get csr n1 -o jsonpath={.status.conditions[0].reason}'), 'AutoApproved');
  await ask('n2', requestPem, { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] });
  await kubectl('certificate approve n2');
  await until('no names', 'get csr n2 -o jsonpath={.status.conditions[?(@.type=="Failed")].message}', /^DNS or IP subjectAltName is required$/);
});

test('who approves writes conditions of any type and nothing else; who writes the status leaves decisions alone', async () => {
  const { requestPem } = await createSigningRequest({ commonName: 'own' });
  await ask('own', requestPem, { signerName: 'example.com/own', usages: ['client auth'] });
  type Request = { metadata: object; spec: object; status: { conditions?: { type: string; message?: string }[]; certificate?: string } };
  const read = async (): Promise<Request> => JSON.parse(await kubectl('get csr own -o json')) as Request;
  const put = async (part: string, object: Request): Promise<{ code: number; stderr: string }> =>
    cluster.kubectl(`replace --raw /apis/certificates.k8s.io/v1/certificatesigningrequests/own/${part} -f -`, JSON.stringify(object));
  const condition = (type: string, message = ''): { type: string; message?: string } => ({ type, status: 'True', reason: 'Tried', message }) as never;
  const fresh = await read();
  assert.equal((await put('approval', { ...fresh, status: { conditions: [condition('Seen')], certificate: base64('none') } })).code, 0);
  const seen = await read();
  assert.deepEqual([seen.status.conditions?.map((c) => c.type), seen.status.certificate], [['Seen'], undefined]);
  assert.match((await put('status', { ...seen, status: { conditions: [condition('Approved')] } })).stderr, /updates may not add a condition of type "Approved"/);
  assert.equal((await put('approval', { ...seen, status: { conditions: [...seen.status.conditions!, condition('Approved', 'yes')] } })).code, 0);
  const approved = await read();
  assert.match((await put('status', { ...approved, status: {} })).stderr, /updates may not remove a condition of type "Approved"/);
  assert.equal((await put('status', { ...approved, status: { conditions: [condition('Approved', 'changed')] } })).code, 0);
  assert.deepEqual((await read()).status.conditions?.map((c) => [c.type, c.message]), [['Approved', 'yes']]);
});
