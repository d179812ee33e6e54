/** Who asks: tokens of other issuers, of a webhook, of service accounts; front proxies, impersonation, nobody. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, request as httpsRequest, type RequestOptions, type Server } from 'node:https';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { authenticationFlags, authenticationOf, type Authentication } from '../../src/cluster/standalone/apiserver-authentication.ts';
import { parseFlags } from '../../src/kubectl/flags.ts';
import { createAuthority, issue, type Credential } from '../../src/wire/certificates.ts';
import { eventually, surroundings, testServer, type TestServer } from '../apiserver.ts';

const folder = mkdtempSync(join(tmpdir(), 'k7s-authentication-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const flags = (...argv: string[]): Promise<Authentication> =>
  authenticationOf(parseFlags({ ...authenticationFlags, 'cert-dir': { type: 'string', default: '' } }, argv).flags, false, surroundings);

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(server: TestServer, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${server.api.url}${path}`, { ca: server.authority.certPem, agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

async function whoami(server: TestServer, headers: Record<string, string | string[]>, more: RequestOptions = {}): Promise<{ username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } | number> {
  const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${server.api.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST', ca: server.authority.certPem, agent: false, ...more, headers: { 'content-type': 'application/json', ...headers },
    }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(response.statusCode === 201 ? JSON.parse(text).status.userInfo : response.statusCode!));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function groupsByClaim(issuer: Issuer): Promise<{ tokens: NonNullable<Authentication['config']['tokens']>; close: () => void }> {
  const { config, close } = await flags(`--oidc-issuer-url=${issuer.url}`, '--oidc-client-id=k7s', `--oidc-ca-file=${file('far.crt', issuer.authority.certPem)}`, '--oidc-groups-claim=roles', '--oidc-groups-prefix=oidc:');
  return { tokens: config.tokens!, close };
}

class Issuer {
  readonly server: Server;
  readonly authority: Credential;
  readonly requests: string[] = [];
  /** Claims that it hands out to those who show the token. */
  readonly elsewhere = new Map<string, { readonly token: string; readonly jwt: string }>();
  keys: { kid: string; key: KeyObject }[] = [];

  private constructor(authority: Credential, pair: Credential) {
    this.authority = authority;
    this.server = createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
      this.requests.push(request.url!);
      const claim = this.elsewhere.get(request.url!);
      if (claim) {
        const known = request.headers.authorization === `Bearer ${claim.token}`;
        response.writeHead(known ? 200 : 403).end(known ? claim.jwt : '');
        return;
      }
      const document = request.url === '/keys' ? { keys: this.keys.map(({ kid, key }) => ({ ...createPublic(key), kid, use: 'sig' })) } : { issuer: this.url, jwks_uri: `${this.url}/keys` };
      response.end(JSON.stringify(document));
    });
  }

  static async start(): Promise<Issuer> {
    const authority = await createAuthority({ commonName: 'issuer-ca' });
    const issuer = new Issuer(authority, await issue(authority, { commonName: 'issuer', ipAddresses: ['127.0.0.1'], usages: ['server'] }));
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    issuer.addKey('first');
    return issuer;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  addKey(kid: string): void {
    this.keys.push({ kid, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey });
  }

  token(claims: object, kid = 'first'): string {
    const now = Math.floor(surroundings.clock.now() / 1000);
    const text = `${encode({ alg: 'RS256', kid })}.${encode({ iss: this.url, aud: 'k7s', exp: now + 600, iat: now, ...claims })}`;
    return `${text}.${sign('sha256', Buffer.from(text), this.keys.find((k) => k.kid === kid)!.key).toString('base64url')}`;
  }
}

function createPublic(key: KeyObject): object {
  const { n, e, kty } = createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' });
  return { n, e, kty };
}

describe('tokens of another issuer', () => {
  let issuer: Issuer;

  test('groups that the token leaves to somebody else', async () => {
    const { tokens, close } = await groupsByClaim(issuer);
    try {
      issuer.elsewhere.set('/groups', { token: 'secret', jwt: issuer.token({ sub: 'jane', roles: ['far'] }) });
      issuer.elsewhere.set('/none', { token: 'secret', jwt: issuer.token({ sub: 'jane' }) });
      const of = (source: object): string => issuer.token({ sub: 'jane', _claim_names: { roles: 'src' }, _claim_sources: { src: source } });
      const judge = async (token: string): Promise<string> => {
        try {
          return JSON.stringify((await tokens[0]!(token, []))?.user.groups);
        } catch (error) {
          return (error as Error).message;
        }
      };
      const endpoint = (path: string): { endpoint: string; access_token: string } => ({ endpoint: `${issuer.url}${path}`, access_token: 'secret' });
      await eventually(async () => ((await judge(of(endpoint('/groups')))) === '["oidc:far"]' ? true : undefined), 'the groups');
      const failed = 'oidc: could not expand distributed claims: ';
      assert.equal(await judge(of({ endpoint: `${issuer.url}/groups`, access_token: 'wrong' })), `${failed}while getting distributed claim "roles": error while getting distributed claim JWT: 403 Forbidden`);
      assert.equal(await judge(of(endpoint('/none'))), `${failed}jwt returned by distributed claim endpoint "${issuer.url}/none" did not contain claim: roles`);
      assert.equal(await judge(issuer.token({ sub: 'jane', _claim_names: { roles: 'src' } })), `${failed}oidc: no claim sources`);
      assert.equal(await judge(issuer.token({ sub: 'jane', _claim_names: { roles: 'src' }, _claim_sources: {} })), `${failed}id token _claim_names contained a source src missing in _claims_sources`);
      assert.equal(await judge(of({ JWT: 'whatever' })), '[]', 'what stands in the token itself is not looked at');
      assert.equal(await judge(issuer.token({ sub: 'jane', roles: ['near'], _claim_names: { roles: 'src' }, _claim_sources: { src: endpoint('/groups') } })), '["oidc:near"]');
    } finally {
      close();
    }
  });
  before(async () => {
    issuer = await Issuer.start();
  });
  after(() => issuer.server.close());

  test('by flags: names and groups with their prefixes, a required claim, audiences, expiry', async () => {
    const authentication = await flags(`--oidc-issuer-url=${issuer.url}`, '--oidc-client-id=k7s', `--oidc-ca-file=${file('issuer.crt', issuer.authority.certPem)}`, '--oidc-groups-claim=roles', '--oidc-groups-prefix=oidc:', '--oidc-required-claim=tenant=acme');
    const server = await testServer({ ...authentication.config, clientAuthority: (await createAuthority({ commonName: 'x' })).certPem });
    try {
      const claims = { sub: 'jane', roles: ['dev', 'ops'], tenant: 'acme', jti: 'one' };
      const user = await eventually(async () => {
        const found = await whoami(server, bearer(issuer.token(claims)));
        return typeof found === 'object' ? found : undefined;
      }, 'the issuer');
      assert.deepEqual(user, { username: `${issuer.url}#jane`, groups: ['oidc:dev', 'oidc:ops', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=one'] } });
      for (const bad of [{ tenant: 'other' }, { aud: 'elsewhere' }, { exp: 1 }, { iss: 'https://example.com' }, { sub: 7 }]) assert.equal(await whoami(server, bearer(issuer.token({ ...claims, ...bad }))), 401, JSON.stringify(bad));
      const forged = issuer.token(claims).split('.');
      assert.equal(await whoami(server, bearer([forged[0], encode({ ...JSON.parse(Buffer.from(forged[1]!, 'base64url').toString()), sub: 'root' }), forged[2]].join('.'))), 401);
      // A key that came after the set was read is looked up.
      issuer.addKey('second');
      assert.equal(((await whoami(server, bearer(issuer.token(claims, 'second')))) as { username: string }).username, `${issuer.url}#jane`);
    } finally {
      await server.stop();
      authentication.close();
    }
  });

  test('by a file: expressions for everything, rules, anonymous paths, and a change of the file', async () => {
    const configuration = (prefix: string) => ({
      apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration',
      anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
      jwt: [{
        issuer: { url: issuer.url, audiences: ['k7s', 'other'], audienceMatchPolicy: 'MatchAny', certificateAuthority: issuer.authority.certPem },
        claimValidationRules: [{ expression: 'claims.exp - claims.iat <= 3600', message: 'it lives too long' }],
        claimMappings: {
          username: { expression: `'${prefix}' + claims.sub` }, groups: { expression: "claims.teams.map(t, t.name)" }, uid: { claim: 'id' },
          extra: [{ key: 'example.com/region', valueExpression: 'claims.region' }],
        },
        userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'that name is reserved' }],
      }],
    });
    const path = file('authentication.json', configuration('jwt:'));
    const authentication = await flags(`--authentication-config=${path}`);
    const server = await testServer({ ...authentication.config, clientAuthority: undefined as never });
    try {
      const claims = { sub: 'jane', aud: ['other'], id: '42', teams: [{ name: 'dev' }], region: ['eu', ''] };
      const name = async (of: object): Promise<unknown> => {
        const found = await whoami(server, bearer(issuer.token(of)));
        return typeof found === 'number' ? found : found.username;
      };
      await eventually(async () => (await name(claims)) === 'jwt:jane' || undefined, 'the issuer');
      assert.deepEqual(await whoami(server, bearer(issuer.token(claims))), { username: 'jwt:jane', uid: '42', groups: ['dev', 'system:authenticated'], extra: { 'example.com/region': ['eu'] } });
      assert.equal(await name({ ...claims, exp: Math.floor(surroundings.clock.now() / 1000) + 7200 }), 401);
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: issuer.token({ ...claims, exp: Math.floor(surroundings.clock.now() / 1000) + 7200 }) } };
      const judged = await server.api.client({ name: 'admin', groups: ['system:masters'] }).raw({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body: JSON.stringify(review), headers: { 'content-type': 'application/json' } });
      const chunks: Uint8Array[] = [];
      for await (const chunk of judged.body) chunks.push(chunk);
      assert.equal(JSON.parse(Buffer.concat(chunks).toString()).status.error, "[invalid bearer token, oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= 3600' failed: it lives too long]");
      assert.equal((await ask(server, '/livez')).status, 200);
      assert.equal((await ask(server, '/version')).status, 401);
      file('authentication.json', configuration('system:'));
      await eventually(async () => (await name(claims)) === 401 || undefined, 'the rule that refuses reserved names');
      file('authentication.json', configuration('again:'));
      await eventually(async () => (await name(claims)) === 'again:jane' || undefined, 'the new prefix');
    } finally {
      await server.stop();
      authentication.close();
    }
  });
});

test('a webhook judges tokens in its version; its answers are remembered', async () => {
  const authority = await createAuthority({ commonName: 'hook-ca' });
  const pair = await issue(authority, { commonName: 'hook', ipAddresses: ['127.0.0.1'], usages: ['server'] });
  const reviews: { apiVersion: string; spec: { token: string; audiences?: string[] } }[] = [];
  const hook = createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const review = JSON.parse(body);
      reviews.push(review);
      assert.equal(request.url, '/judge');
      const known = review.spec.token === 'good';
      response.end(JSON.stringify({ ...review, status: known ? { authenticated: true, user: { username: 'hooked', uid: 'u', groups: ['g'], extra: { a: ['b'] } } } : { authenticated: false, error: 'never heard of it' } }));
    });
  }).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  const config = file('hook.yaml', {
    'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'hook', user: 'u' } }], users: [{ name: 'u', user: {} }],
    clusters: [{ name: 'hook', cluster: { server: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/judge`, 'certificate-authority-data': Buffer.from(authority.certPem).toString('base64') } }],
  });
  const authentication = await flags(`--authentication-token-webhook-config-file=${config}`, '--authentication-token-webhook-version=v1');
  const server = await testServer(authentication.config);
  try {
    for (let i = 0; i < 3; i++) assert.deepEqual(await whoami(server, bearer('good')), { username: 'hooked', uid: 'u', groups: ['g', 'system:authenticated'], extra: { a: ['b'] } });
    assert.equal(reviews.length, 1);
    assert.equal(reviews[0]!.apiVersion, 'authentication.k8s.io/v1');
    assert.equal(await whoami(server, bearer('bad')), 401);
    // A browser's token stands among the protocols of its WebSocket.
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('good').toString('base64url')}, v4.channel.k8s.io`;
    assert.equal(((await whoami(server, { 'sec-websocket-protocol': protocol })) as { username: string }).username, 'hooked');
  } finally {
    await server.stop();
    authentication.close();
    hook.closeAllConnections();
    hook.close();
  }
});

describe('certificates, proxies, impersonation', () => {
  let server: TestServer;
  let front: Credential;
  before(async () => {
    front = await createAuthority({ commonName: 'front' });
    server = await testServer({ frontProxy: { authority: front.certPem, allowedNames: ['proxy'], usernameHeaders: ['X-Name'], uidHeaders: ['X-Id'], groupHeaders: ['X-Team', 'X-Role'], extraHeaderPrefixes: ['X-More-'] } });
  });
  after(() => server.stop());
  const certified = (of: Credential): RequestOptions => ({ cert: of.certPem, key: of.keyPem });

  test('a front proxy vouches with the headers that were agreed', async () => {
    const headers = { 'x-name': 'jane', 'x-id': '7', 'x-team': ['a', 'b'], 'x-role': 'c', 'x-more-scope%2fone': 'd' };
    const proxy = await issue(front, { commonName: 'proxy', usages: ['client'] });
    assert.deepEqual(await whoami(server, headers, certified(proxy)), { username: 'jane', uid: '7', groups: ['a', 'b', 'c', 'system:authenticated'], extra: { 'scope/one': ['d'] } });
    assert.equal(await whoami(server, headers, certified(await issue(front, { commonName: 'somebody', usages: ['client'] }))), 401);
    assert.equal(await whoami(server, { 'x-remote-user': 'jane' }, certified(proxy)), 401);
    const published = (await server.kubectl('-n kube-system get configmap extension-apiserver-authentication -o jsonpath={.data.requestheader-group-headers}')).stdout;
    assert.equal(published, '["X-Team","X-Role"]');
  });

  test('a certificate of a stranger is refused, and is not nobody', async () => {
    const stranger = await issue(await createAuthority({ commonName: 'k7s-ca' }), { commonName: 'jane', usages: ['client'] });
    assert.equal((await ask(server, '/livez', certified(stranger))).status, 401);
    assert.equal((await ask(server, '/livez')).status, 200);
  });

  test('each part of a borrowed identity needs its own right', async () => {
    const admin = certified(server.admin);
    const as = (headers: Record<string, string | string[]>) => whoami(server, headers, admin);
    assert.deepEqual(await as({ 'impersonate-user': 'jane', 'impersonate-uid': '7', 'impersonate-extra-example.com%2fscope': ['x', 'y'] }), {
      username: 'jane', uid: '7', groups: ['system:authenticated'], extra: { 'example.com/scope': ['x', 'y'] },
    });
    assert.deepEqual(await as({ 'impersonate-user': 'system:serviceaccount:default:robot' }), {
      username: 'system:serviceaccount:default:robot', groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    assert.equal(await as({ 'impersonate-user': 'jane', 'impersonate-group': 'system:unauthenticated' }), 403, 'that group may not review itself');
    const nobody = await ask(server, '/api/v1/namespaces/default/pods', { ...admin, headers: { 'impersonate-uid': 'x' } });
    assert.deepEqual(nobody, { status: 500, body: 'Internal Server Error: "/api/v1/namespaces/default/pods": requested [{UID  x  authentication.k8s.io/v1  }] without impersonating a user\n' });

    await server.kubectl('create clusterrole borrower --verb=impersonate --resource=users,userextras.authentication.k8s.io/scopes --resource-name=jane --resource-name=view');
    await server.kubectl('create clusterrolebinding borrower --clusterrole=borrower --user=carol');
    const carol = certified(await issue(server.authority, { commonName: 'carol', usages: ['client'] }));
    const messageOf = async (headers: Record<string, string>): Promise<string> => {
      const { status, body } = await ask(server, '/apis', { ...carol, headers: { 'impersonate-user': 'jane', ...headers } });
      return status === 403 ? JSON.parse(body).message : String(status);
    };
    await eventually(async () => (await messageOf({})) === '200' || undefined, 'the binding to count');
    assert.equal(await messageOf({ 'impersonate-extra-scopes': 'view' }), '200');
    assert.equal(await messageOf({ 'impersonate-extra-scopes': 'edit' }), 'userextras.authentication.k8s.io "edit" is forbidden: User "carol" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope');
    assert.equal(await messageOf({ 'impersonate-group': 'system:masters' }), 'groups "system:masters" is forbidden: User "carol" cannot impersonate resource "groups" in API group "" at the cluster scope');
    assert.equal(await messageOf({ 'impersonate-uid': '7' }), 'uids.authentication.k8s.io "7" is forbidden: User "carol" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope');
  });
});

test('service-account tokens: bounds, several issuers, audiences, what they are bound to, legacy ones', async () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const signingKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const issuers = ['https://new.example.com', 'https://old.example.com'];
  const server = await testServer({ serviceAccounts: { signingKey, issuers, audiences: ['api'], maxTokenSeconds: 7200, keySetUrl: 'https://keys.example.com/jwks' } });
  try {
    await server.kubectl('create serviceaccount robot');
    const request = async (spec: object) => server.kubectl('create --raw /api/v1/namespaces/default/serviceaccounts/robot/token -f -', JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }));
    assert.match((await request({ expirationSeconds: 60 })).stderr, /spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/);
    assert.match((await request({ boundObjectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } })).stderr, /cannot bind token to object of type apps\/v1, Kind=Deployment/);
    const long = JSON.parse((await request({ expirationSeconds: 100_000 })).stdout);
    assert.equal(long.spec.expirationSeconds, 7200);
    const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    assert.equal(claims(long.status.token).iss, issuers[0]);
    assert.deepEqual(claims(long.status.token).aud, ['api']);
    assert.equal(((await whoami(server, bearer(long.status.token))) as { username: string }).username, 'system:serviceaccount:default:robot');
    const elsewhere = JSON.parse((await request({ audiences: ['vault'] })).stdout).status.token;
    assert.equal(await whoami(server, bearer(elsewhere)), 401);
    const review = async (spec: object) => JSON.parse((await server.kubectl('create --raw /apis/authentication.k8s.io/v1/tokenreviews -f -', JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec }))).stdout).status;
    assert.deepEqual((await review({ token: elsewhere, audiences: ['vault', 'other'] })).audiences, ['vault']);
    assert.equal((await review({ token: elsewhere })).error, '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["api"]]');

    const uid = (await server.kubectl('get serviceaccount robot -o jsonpath={.metadata.uid}')).stdout;
    const made = (payload: object): string => {
      const text = `${encode({ alg: 'ES256' })}.${encode(payload)}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const old = { iss: issuers[1], sub: 'system:serviceaccount:default:robot', aud: ['api'], exp: Math.floor(surroundings.clock.now() / 1000) + 600, 'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid } } };
    assert.equal(((await whoami(server, bearer(made(old)))) as { username: string }).username, 'system:serviceaccount:default:robot');
    assert.equal(await whoami(server, bearer(made({ ...old, iss: 'https://third.example.com' }))), 401);

    await server.kubectl('create secret generic bound');
    const bound = JSON.parse((await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'bound' } })).stdout).status.token;
    assert.notEqual(await whoami(server, bearer(bound)), 401);
    await server.kubectl('delete secret bound');
    assert.equal((await review({ token: bound })).error, '[invalid bearer token, service account token has been invalidated]');

    const legacy = made({
      iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:default:robot', 'kubernetes.io/serviceaccount/namespace': 'default', 'kubernetes.io/serviceaccount/secret.name': 'robot-token',
      'kubernetes.io/serviceaccount/service-account.name': 'robot', 'kubernetes.io/serviceaccount/service-account.uid': uid,
    });
    assert.equal((await review({ token: legacy })).error, '[invalid bearer token, Token has been invalidated]');
    await server.kubectl(['create', 'secret', 'generic', 'robot-token', `--from-literal=token=${legacy}`]);
    assert.equal((await review({ token: legacy })).user.username, 'system:serviceaccount:default:robot');
    await eventually(async () => /^\d{4}-\d\d-\d\d$/.test((await server.kubectl(['get', 'secret', 'robot-token', '-o', 'jsonpath={.metadata.labels.kubernetes\\.io/legacy-token-last-used}'])).stdout) || undefined, 'the day of the last use');
    await server.kubectl('label secret robot-token kubernetes.io/legacy-token-invalid-since=2024-01-01');
    assert.match((await review({ token: legacy })).error, /has been marked invalid/);

    const admin: RequestOptions = { cert: server.admin.certPem, key: server.admin.keyPem };
    assert.deepEqual(JSON.parse((await ask(server, '/.well-known/openid-configuration', admin)).body), {
      issuer: issuers[0], jwks_uri: 'https://keys.example.com/jwks', response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
    });
  } finally {
    await server.stop();
  }
});

test('bootstrap tokens: only with what makes them one', async () => {
  const server = await testServer();
  try {
    const secret = (id: string, data: Record<string, string>) => server.kubectl(['create', '-f', '-'], JSON.stringify({
      apiVersion: 'v1', kind: 'Secret', metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token',
      stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data },
    }));
    assert.equal((await secret('aaaaaa', { 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token' })).stderr, '');
    await secret('bbbbbb', { expiration: '2020-01-01T00:00:00Z' });
    await secret('cccccc', { 'usage-bootstrap-authentication': 'false' });
    await secret('dddddd', { 'auth-extra-groups': 'system:masters' });
    const found = await whoami(server, bearer('aaaaaa.0123456789abcdef'));
    assert.deepEqual(found, { username: 'system:bootstrap:aaaaaa', groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'] });
    for (const token of ['aaaaaa.0123456789abcdeX', 'aaaaaa.0123456789abcde0', 'bbbbbb.0123456789abcdef', 'cccccc.0123456789abcdef', 'dddddd.0123456789abcdef']) assert.equal(await whoami(server, bearer(token)), 401, token);
  } finally {
    await server.stop();
  }
});
