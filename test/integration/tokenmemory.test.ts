/** A token that was found good is not judged again for a while, and no longer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Tokens, type TokenAnswer } from '../../src/apiserver/authn/tokens.ts';
import { ManualClock } from '../../src/base/manualclock.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { eventually, testServer, type TestServer } from '../apiserver.ts';
import { call, type Answer } from '../http.ts';

let server: TestServer;
before(async () => {
  server = await testServer({ tokenFile: 'root,root,root,"system:masters"', tokenMemoryMs: 1000 });
});
after(() => server.stop());

const as = (token: string, path: string, method = 'GET', body?: unknown): Promise<Answer> => call(server.api.url, { path, method, token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

void test('good for ten seconds, bad never; many at once are one', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const judged: string[] = [];
  let answer: TokenAnswer | undefined = { user: { name: 'u', groups: [] } };
  const tokens = new Tokens([async (token) => {
    judged.push(token);
    return answer;
  }], [], { clock, ms: 10_000, metrics });
  await Promise.all([tokens.authenticate('a'), tokens.authenticate('a')]);
  await clock.advance(9_000);
  answer = undefined;
  assert.equal((await tokens.authenticate('a')).user.name, 'u');
  await clock.advance(1_001);
  await assert.rejects(tokens.authenticate('a'), { message: 'invalid bearer token' });
  await assert.rejects(tokens.authenticate('a'), { message: 'invalid bearer token' });
  assert.deepEqual(judged, ['a', 'a', 'a']);
  const text = metrics.expose();
  for (const line of ['request_total{status="hit"} 1', 'request_total{status="miss"} 4', 'fetch_total{status="ok"} 1', 'fetch_total{status="error"} 2', 'active_fetch_count{status="in_flight"} 0']) assert.ok(text.includes(`authentication_token_cache_${line}\n`), line);
});

void test('a token whose service account is gone counts until it is judged again', async () => {
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await as('root', accounts, 'POST', { metadata: { name: 'x' } });
  const { status } = (await as('root', `${accounts}/x/token`, 'POST', {})).json() as { status: { token: string } };
  assert.equal((await as(status.token, '/version')).status, 200);
  assert.equal((await as('root', `${accounts}/x`, 'DELETE')).status, 200);
  await eventually(async () => ((await as(status.token, '/version')).status === 401 ? true : undefined), 'the token to be judged again');
  assert.match((await as('root', '/metrics')).text, /^serviceaccount_valid_tokens_total 1$/m);
});
