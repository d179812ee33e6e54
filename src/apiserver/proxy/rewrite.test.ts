import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { linkRewriter, rewriteUrl, type Rewriting } from './rewrite.ts';

const rewriting: Rewriting = { prefix: '/api/v1/namespaces/a/services/b/proxy', hosts: ['10.0.0.1:80', 'server:6443'] };

test('addresses of the page itself lead through the proxy', () => {
  for (const [given, expected] of [
    ['/x/?q=1#f', '/api/v1/namespaces/a/services/b/proxy/x/?q=1#f'],
    ['http://10.0.0.1:80/x', '/api/v1/namespaces/a/services/b/proxy/x'],
    ['https://server:6443/x', 'https://server:6443/api/v1/namespaces/a/services/b/proxy/x'],
    ['//elsewhere/x', '//elsewhere/x'],
    ['relative/x', 'relative/x'],
    ['#part', '#part'],
    ['/api/v1/namespaces/a/services/b/proxy/x', '/api/v1/namespaces/a/services/b/proxy/x'],
    ['/', '/api/v1/namespaces/a/services/b/proxy/'],
  ]) assert.equal(rewriteUrl(given!, rewriting), expected);
});

const page = `<!DOCTYPE html><html><!-- <a href="/no"> --><a class='x' HREF="/yes">é &amp; < 3</a><img src=/bare><script src='/s.js'>var a = '<a href="/no">';</script><a title="a > b" href="/z">z</a><p cite="/no">`;
const rewritten = page.replace('"/yes"', `"${rewriting.prefix}/yes"`).replace('=/bare', `="${rewriting.prefix}/bare"`).replace("'/s.js'", `'${rewriting.prefix}/s.js'`).replace('"/z"', `"${rewriting.prefix}/z"`);

test('links of a page are rewritten wherever it is cut', async () => {
  const bytes = Buffer.from(page);
  for (const size of [1, 3, 7, 1000]) {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
    assert.equal((await buffer(Readable.from(parts).pipe(linkRewriter(rewriting)))).toString(), rewritten, `pieces of ${size}`);
  }
});
