import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upperFolder } from './rootfs.ts';

test('the upper folder of the overlay at the root, escapes undone', () => {
  const overlay = (at: string, upper: string): string => `267 192 0:93 / ${at} rw,relatime master:37 - overlay overlay rw,lowerdir=/a/fs:/b/fs,upperdir=${upper},workdir=/s/9/work`;
  assert.equal(upperFolder(`${overlay('/inner', '/no')}\n268 267 0:95 / /proc rw - proc proc rw\n${overlay('/', '/s/9\\040x/fs')}\n`), '/s/9 x/fs');
  assert.equal(upperFolder('1 0 254:0 / / rw - ext4 /dev/vda rw\n'), undefined);
  assert.equal(upperFolder(''), undefined);
});
