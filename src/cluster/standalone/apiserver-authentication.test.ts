import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemSurroundings } from '../../base/surroundings.ts';
import { parseFlags } from '../../kubectl/flags.ts';
import { authenticationFlags, authenticationOf } from './apiserver-authentication.ts';

const surroundings = systemSurroundings({ write: () => {} });
const of = (...argv: string[]) => authenticationOf(parseFlags({ ...authenticationFlags, 'cert-dir': { type: 'string', default: '' } }, argv).flags, false, surroundings);

test('flags about who asks are refused in upstream\'s words', async () => {
  const refusals: [string[], string | RegExp][] = [
    [['--oidc-issuer-url=https://x'], 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set'],
    [['--oidc-issuer-url=https://x', '--oidc-client-id=y', '--oidc-signing-algs=HS256'], 'oidc: unsupported signing alg: "HS256"'],
    [['--oidc-issuer-url=http://x', '--oidc-client-id=y'], 'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'],
    [['--authentication-config=/nowhere', '--oidc-client-id=y'], 'authentication-config file and oidc-* flags are mutually exclusive'],
    [['--authentication-config=/nowhere'], /open \/nowhere: no such file or directory/],
    [['--authentication-token-webhook-config-file=/nowhere', '--authentication-token-webhook-version=v2'], 'unsupported authentication webhook version "v2", supported versions are "v1", "v1beta1"'],
    [['--service-account-issuer=a', '--service-account-issuer=a'], 'service-account-issuer "a" is already specified'],
    [['--service-account-jwks-uri=http://x'], 'service-account-jwks-uri requires https scheme, parsed as: http://x'],
    [['--service-account-max-token-expiration=1m'], 'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds'],
  ];
  for (const [argv, message] of refusals) await assert.rejects(of(...argv), typeof message === 'string' ? { message } : message, argv.join(' '));
});

test('flags reach the server', async () => {
  const { config, close } = await of('--service-account-issuer=a', '--service-account-issuer=b', '--service-account-max-token-expiration=2h', '--service-account-extend-token-expiration=false', '--anonymous-auth=false', '--requestheader-uid-headers=X-Id');
  close();
  assert.deepEqual(config.serviceAccounts?.issuers, ['a', 'b']);
  assert.equal(config.serviceAccounts?.maxTokenSeconds, 7200);
  assert.equal(config.serviceAccounts?.extendTokens, false);
  assert.deepEqual([config.anonymous, config.bootstrapTokens, config.frontProxy?.uidHeaders], [false, false, ['X-Id']]);
});
