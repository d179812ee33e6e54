import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWatch, encodeTxn, encodeWatch } from './messages.ts';
import { answersProgress } from './watch.ts';

test('a transaction compares, writes, and reads what it lost against', () => {
  // Compare{target MOD, key "a", mod_revision 0}, RequestOp{put{"a", "x"}}, RequestOp{range{"a"}}
  assert.equal(encodeTxn([{ type: 'put', key: 'a', value: Buffer.from('x'), expect: 0 }]).toString('hex'), '0a0710021a01613000' + '120812060a0161120178' + '1a050a030a0161');
});

test('a watch asks for previous values and progress', () => {
  assert.equal(encodeWatch({ key: 'a', end: 'b', from: 7 }).toString('hex'), '0a0c' + '0a0161' + '120162' + '1807' + '2001' + '3001');
});

test('a deletion names what was there', () => {
  const kv = '0a0161' + '1802';
  const previous = '0a0161' + '1001' + '1801' + '2a0178';
  const event = `0801120${(kv.length / 2).toString(16)}${kv}1a0${(previous.length / 2).toString(16)}${previous}`;
  const answer = decodeWatch(Buffer.from(`0a021802` + `5a${(event.length / 2).toString(16)}${event}`, 'hex'));
  assert.equal(answer.revision, 2);
  assert.deepEqual(answer.events.map((e) => [e.type, e.entry.key, e.entry.modRevision, e.previous?.createRevision, Buffer.from(e.previous!.value).toString()]), [['delete', 'a', 2, 1, 'x']]);
});

test('servers that answer progress too early are not asked', () => {
  const versions = ['3.4.23', '3.4.31', '3.5.0', '3.5.12', '3.5.13', '3.5.16', '3.6.0-rc.1', '4.0.0', 'unknown'];
  assert.deepEqual(versions.filter(answersProgress), ['3.4.31', '3.5.13', '3.5.16', '3.6.0-rc.1', '4.0.0']);
});
