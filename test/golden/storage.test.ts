/** Where upstream's 1.34 keeps each resource in etcd, and in which version: read off its own table of storage paths. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packages, resources } from '../../src/api/catalog.ts';

const facts = join(process.env['K7S_API_FACTS'] ?? join(import.meta.dirname, '../../../shared/api-facts'), 'storage.tsv');

/** Upstream still writes them as v1beta1, and reads what we write; we read both. */
const knowingly = new Set(['apiextensions.k8s.io/v1/customresourcedefinitions']);

test('every resource is stored at the key, and in the version, that upstream uses', { skip: !existsSync(facts) && 'the facts are not on this machine' }, () => {
  const rows = readFileSync(facts, 'utf8').trim().split('\n').slice(1).map((line) => line.split('\t'));
  const groups = new Map(packages.map((pkg) => [pkg.name, `${pkg.group}/${pkg.version}`]));
  const upstream = new Map(rows.map(([group, version, resource, key = '', stored = '']) => [`${group}/${version}/${resource}`, { key, stored }]));
  let compared = 0;
  for (const { group, version, resource, kind, namespaced, storage } of resources) {
    const name = `${group}/${version}/${resource}`;
    if (!storage) continue;
    const there = upstream.get(name);
    assert.ok(there, `upstream does not store ${name}`);
    assert.equal(namespaced ? storage.prefix : `${storage.prefix}<name>`, there.key, name);
    if (!knowingly.has(name)) assert.equal(`${groups.get(storage.package)}/${storage.kind}`, there.stored || `${group}/${version}/${kind}`, name);
    compared++;
  }
  assert.ok(compared > 70, `only ${compared} resources were compared`);
});
