/** Tokens of service accounts that somebody behind a unix socket signs. */
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { authenticationFlags, authenticationOf } from '../../src/cluster/standalone/apiserver-authentication.ts';
import { parseFlags } from '../../src/kubectl/flags.ts';
import { ProtobufReader, ProtobufWriter, WireType } from '../../src/wire/protobuf.ts';
import { surroundings, testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

interface Key {
  readonly id: string;
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly hidden: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'k7s-signer-'));
const socket = join(folder, 'signer.sock');
const newKey = (id: string, hidden = false): Key => ({ id, hidden, pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) });
let keys = [newKey('one'), newKey('old', true)];
let signing = keys[0]!;
let header: Record<string, unknown> = {};
let fetches = 0;
let longest = 7200;
const signer = new Server();
const toClose: (() => Promise<void> | void)[] = [];

const message = (write: (writer: ProtobufWriter) => void): Buffer => {
  const writer = new ProtobufWriter(256);
  write(writer);
  return writer.finish();
};
const handlers: Record<string, (request: Buffer) => Buffer> = {
  Sign(request) {
    const reader = new ProtobufReader(request);
    reader.uint32();
    const claims = reader.string();
    const head = Buffer.from(JSON.stringify({ alg: 'ES256', kid: signing.id, typ: 'JWT', ...header })).toString('base64url');
    const signature = sign('sha256', Buffer.from(`${head}.${claims}`), { key: signing.pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    return message((w) => {
      w.string(signature);
      w.tag(2, WireType.bytes);
      w.string(head);
      w.tag(1, WireType.bytes);
    });
  },
  FetchKeys() {
    fetches++;
    return message((w) => {
      w.int64(600);
      w.tag(3, WireType.varint);
      w.bytes(message((t) => {
        t.int64(1_700_000_000);
        t.tag(1, WireType.varint);
      }));
      w.tag(2, WireType.bytes);
      for (const { id, pair, hidden } of [...keys].reverse()) {
        w.bytes(message((k) => {
          if (hidden) {
            k.uint32(1);
            k.tag(3, WireType.varint);
          }
          k.bytes(pair.publicKey.export({ type: 'spki', format: 'der' }));
          k.tag(2, WireType.bytes);
          k.string(id);
          k.tag(1, WireType.bytes);
        }));
        w.tag(1, WireType.bytes);
      }
    });
  },
  Metadata: () => message((w) => {
    w.int64(longest);
    w.tag(1, WireType.varint);
  }),
};

before(async () => {
  const plain = (bytes: Buffer): Buffer => bytes;
  const unary = (name: string) => ({ path: `/v1.ExternalJWTSigner/${name}`, requestStream: false, responseStream: false, requestSerialize: plain, requestDeserialize: plain, responseSerialize: plain, responseDeserialize: plain });
  signer.addService(
    { Sign: unary('Sign'), FetchKeys: unary('FetchKeys'), Metadata: unary('Metadata') },
    Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, (request: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, handle(request.request))])),
  );
  await new Promise<void>((resolve, reject) => signer.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())));
});
after(async () => {
  for (const close of toClose.reverse()) await close();
  signer.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

const flags = (...argv: string[]) => authenticationOf(parseFlags({ ...authenticationFlags, 'cert-dir': { type: 'string', default: '' } }, [`--service-account-signing-endpoint=${socket}`, '--service-account-issuer=https://issuer.example.com', ...argv]).flags, false, surroundings);
const as = (server: TestServer, token: string, path: string, body?: unknown): Promise<Answer> => call(server.api.url, { path, token, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }) });

void test('tokens are signed there, judged here, by keys that may change', async () => {
  const { config, close } = await flags();
  toClose.push(close);
  const server = await testServer({ tokenFile: 'root,root,root,"system:masters"', ...config, serviceAccounts: config.serviceAccounts!, tokens: [], anonymous: true });
  toClose.push(() => server.stop());
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await as(server, 'root', accounts, { metadata: { name: 'robot' } });
  const ask = async (spec: object = {}): Promise<Answer> => as(server, 'root', `${accounts}/robot/token`, { spec });
  const tokenOf = (answer: Answer): string => (answer.json() as { status: { token: string } }).status.token;
  const whoami = async (token: string): Promise<number> => (await as(server, token, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})).status;

  const token = tokenOf(await ask());
  const [head] = token.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(head!, 'base64url').toString()), { alg: 'ES256', kid: 'one', typ: 'JWT' });
  assert.equal(await whoami(token), 201);
  assert.equal(await whoami(`${token.slice(0, -4)}AAAA`), 401);
  const shown = (await as(server, 'root', '/openid/v1/jwks')).json() as { keys: { kid: string }[] };
  assert.deepEqual(shown.keys.map(({ kid }) => kid), ['one'], 'one that is hidden is not told');
  const long = (await ask({ expirationSeconds: 86_400 })).json() as { spec: { expirationSeconds: number } };
  assert.equal(long.spec.expirationSeconds, 7200, 'as long as the signer says');

  const before = fetches;
  signing = newKey('two');
  keys = [...keys, signing];
  assert.equal(await whoami(tokenOf(await ask())), 201);
  assert.equal(fetches, before + 1, 'a name that is not known is asked for');
  for (const [bad, why] of [[{ typ: 'X' }, 'bad type'], [{ kid: '' }, 'key id missing'], [{ alg: 'HS256' }, 'bad signing algorithm "HS256"'], [{ crit: 1 }, 'while parsing header JSON: json: unknown field "crit"'], [{ kid: 'old' }, 'key used for signing JWT (kid: old) is excluded from OIDC discovery docs']] as const) {
    header = bad;
    const refused = await ask();
    assert.deepEqual([refused.status, (refused.json() as { message: string }).message], [500, `Internal error occurred: failed to generate token: while validating header: ${why}`]);
  }
  header = {};
  const metrics = (await as(server, 'root', '/metrics')).text;
  assert.match(metrics, /^apiserver_externaljwt_fetch_keys_data_timestamp 1700000000$/m);
  assert.match(metrics, /^apiserver_externaljwt_sign_request_total\{code="OK"\} \d+$/m);
});

void test('what flags may not say', async () => {
  await assert.rejects(flags('--service-account-key-file=x'), { message: "can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)" });
  await assert.rejects(flags('--service-account-max-token-expiration=3h'), { message: 'service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: 3h0m0s > 2h0m0s' });
  await assert.rejects(flags('--service-account-signing-endpoint=@not/one'), /must be a valid abstract socket name/);
  longest = 60;
  await assert.rejects(flags(), { message: 'while setting up external-jwt-signer: max token life supported by external-jwt-signer (60s) is less than acceptable (min 600s)' });
  longest = 7200;
});
