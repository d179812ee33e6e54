import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CidrPool } from './ipam.ts';

test('parts of a range are given once, taken back, and what is in use elsewhere is left alone', () => {
  const pool = new CidrPool('10.244.0.0/22', 24);
  pool.occupy('10.244.1.0/24');
  pool.occupy('192.168.0.0/24');
  assert.deepEqual([pool.take(), pool.take(), pool.take(), pool.take()], ['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24', undefined]);
  pool.release('10.244.2.0/24');
  assert.equal(pool.take(), '10.244.2.0/24');
});

test('IPv6', () => {
  const pool = new CidrPool('fd00:10:244::/56', 64);
  assert.equal(pool.take(), 'fd00:10:244::/64');
  assert.equal(pool.take(), 'fd00:10:244:1::/64');
});
