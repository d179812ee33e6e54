import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StorageClass } from '../storage/v1/types.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from './v1/types.ts';
import { annotations, bestVolume, defaultClass, misfit } from './volumebinding.ts';

const volume = (name: string, storage: string, spec: object = {}, more: object = {}): PersistentVolume => ({
  metadata: { name, ...more }, spec: { capacity: { storage }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], storageClassName: 'slow', ...spec }, status: { phase: 'Available' },
}) as unknown as PersistentVolume;
const claim = (spec: object = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'x', uid: 'u' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'slow', ...spec },
}) as unknown as PersistentVolumeClaim;
const node = (name: string): Node => ({ metadata: { name, labels: { 'kubernetes.io/hostname': name } } }) as unknown as Node;
const on = (name: string): object => ({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }] } } });

const cases: readonly [string, PersistentVolume[], PersistentVolumeClaim, Parameters<typeof bestVolume>[2], string | undefined][] = [
  ['the smallest that is large enough', [volume('big', '9Gi'), volume('fit', '1Gi'), volume('small', '900Mi')], claim(), {}, 'fit'],
  ['of the same class', [volume('other', '1Gi', { storageClassName: 'fast' })], claim(), {}, undefined],
  ['no class is a class', [volume('none', '1Gi', { storageClassName: '' })], claim({ storageClassName: '' }), {}, 'none'],
  ['with all modes', [volume('one', '1Gi')], claim({ accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }), {}, undefined],
  ['of the same sort', [volume('disk', '1Gi', { volumeMode: 'Block' })], claim(), {}, undefined],
  ['by its labels', [volume('a', '1Gi'), volume('b', '2Gi', {}, { labels: { tier: 'gold' } })], claim({ selector: { matchLabels: { tier: 'gold' } } }), {}, 'b'],
  ['the one reserved for it, however large', [volume('fit', '1Gi'), volume('mine', '9Gi', { claimRef: { namespace: 'x', name: 'c' } })], claim(), {}, 'mine'],
  ["not another's", [volume('taken', '1Gi', { claimRef: { namespace: 'x', name: 'd' } }), volume('former', '1Gi', { claimRef: { namespace: 'x', name: 'c', uid: 'before' } })], claim(), {}, undefined],
  ['nothing that is free while it waits', [volume('fit', '1Gi')], claim(), { reservedOnly: true }, undefined],
  ['reached from the node', [volume('a', '1Gi', on('a')), volume('b', '2Gi', on('b'))], claim(), { node: node('b') }, 'b'],
  ['not what was given away a moment ago', [volume('a', '1Gi'), volume('b', '2Gi')], claim(), { taken: new Set(['a']) }, 'b'],
];

for (const [name, volumes, wanted, options, expected] of cases) {
  test(`a claim gets a volume: ${name}`, () => assert.equal(bestVolume(wanted, volumes, options)?.metadata.name, expected));
}

test('why a volume is none for a claim that names it', () => {
  assert.equal(misfit(volume('v', '1Mi'), claim()), 'requested PV is too small');
  assert.equal(misfit(volume('v', '1Gi', { storageClassName: '' }), claim()), 'storageClassName does not match');
  assert.equal(misfit(volume('v', '1Gi'), claim()), undefined);
});

test('the newest default class is the default', () => {
  const kind = (name: string, creationTimestamp: string, value = 'true'): StorageClass => ({ metadata: { name, creationTimestamp, annotations: { [annotations.defaultClass]: value } }, provisioner: 'p' }) as unknown as StorageClass;
  assert.equal(defaultClass([kind('b', '2025-01-01T00:00:00Z'), kind('new', '2025-01-02T00:00:00Z'), kind('no', '2025-01-03T00:00:00Z', 'false')])?.metadata.name, 'new');
  assert.equal(defaultClass([kind('b', '2025-01-01T00:00:00Z'), kind('a', '2025-01-01T00:00:00Z')])?.metadata.name, 'a');
  assert.equal(defaultClass([]), undefined);
});
