/** Prints what is derived from the schema data: interfaces (types.ts) and typed resource references (index.ts of each version). */
import { readdirSync, existsSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Field, Package, ResourceDefinition } from '../src/schema/vocabulary.ts';

const api = join(import.meta.dirname, '../src/api');
const check = process.argv.includes('--check');
const banner = '// Printed by `npm run generate` from the schema beside it. Do not edit.\n';
const drift: string[] = [];

function put(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  if (check) drift.push(file);
  else writeFileSync(file, text);
}

const scalars: Record<string, string> = {
  string: 'string', bool: 'boolean', int32: 'number', int64: 'number', double: 'number', bytes: 'string',
  Quantity: 'string', IntOrString: 'number | string', Time: 'string', MicroTime: 'string', Duration: 'string',
  RawExtension: 'JsonObject', FieldsV1: 'JsonObject', JSON: 'JsonValue', object: 'JsonObject',
  JSONSchemaPropsOrArray: 'JSONSchemaProps | JSONSchemaProps[]', JSONSchemaPropsOrBool: 'JSONSchemaProps | boolean', JSONSchemaPropsOrStringArray: 'JSONSchemaProps | string[]',
};
/** Always set on an object that came from the API, so readers need no check; writers use Draft<T>. */
const assured: Record<string, readonly string[]> = { 'meta.v1.ObjectMeta': ['name', 'uid', 'resourceVersion', 'creationTimestamp'] };

function alias(pkg: string): string {
  return pkg.replace(/\.(.)/, (_m, c: string) => c.toUpperCase());
}
function tsType(type: string, uses: Set<string>): string {
  if (type.startsWith('[]')) {
    const inner = tsType(type.slice(2), uses);
    return inner.includes('|') ? `(${inner})[]` : `${inner}[]`;
  }
  if (type.startsWith('map:')) return `Record<string, ${tsType(type.slice(4), uses)}>`;
  const scalar = scalars[type];
  if (scalar !== undefined) {
    if (scalar.startsWith('JsonObject')) uses.add('JsonObject');
    if (scalar === 'JsonValue') uses.add('JsonValue');
    return scalar;
  }
  const dot = type.lastIndexOf('.');
  if (dot < 0) return type;
  const pkg = type.slice(0, dot);
  uses.add(pkg);
  return `${alias(pkg)}.${type.slice(dot + 1)}`;
}
function isStructValue(type: string): boolean {
  return !type.startsWith('[]') && !type.startsWith('map:') && scalars[type] === undefined;
}
function present(name: string, key: string, f: Field): boolean {
  if (assured[name]?.includes(key)) return true;
  if (f.ptr) return false;
  if (f.required === true || f.always === true) return true;
  return isStructValue(f.type);
}
function header(uses: Set<string>): string {
  const json = ['JsonObject', 'JsonValue'].filter((x) => uses.delete(x));
  const lines = json.length ? [`import type { ${json.join(', ')} } from '../../../machinery/json.ts';`] : [];
  for (const pkg of [...uses].sort()) lines.push(`import type * as ${alias(pkg)} from '../../${pkg.replace('.', '/')}/types.ts';`);
  return banner + lines.join('\n') + (lines.length ? '\n' : '');
}

const folders = readdirSync(api, { withFileTypes: true }).filter((d) => d.isDirectory()).map((d) => d.name).sort();
const packages: { folder: string; version: string; name: string; pkg: Package }[] = [];
const definitions: { folder: string; list: readonly ResourceDefinition[] }[] = [];
for (const folder of folders) {
  for (const version of readdirSync(join(api, folder)).sort()) {
    const file = join(api, folder, version, 'package.ts');
    if (!existsSync(file)) continue;
    const module = (await import(file)) as Record<string, Package>;
    const [name, pkg] = Object.entries(module)[0]!;
    packages.push({ folder, version, name, pkg });
  }
  const file = join(api, folder, 'resources.ts');
  if (existsSync(file)) definitions.push({ folder, list: ((await import(file)) as { resources: readonly ResourceDefinition[] }).resources });
}

for (const { folder, version, pkg } of packages) {
  const uses = new Set<string>();
  const out: string[] = [];
  for (const [name, struct] of Object.entries(pkg.types).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (struct.doc) out.push(`/** ${struct.doc} */`);
    out.push(`export interface ${name} {`);
    for (const [key, f] of Object.entries(struct.fields)) {
      if (f.doc) out.push(`  /** ${f.doc} */`);
      const k = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`;
      const t = tsType(f.type, uses);
      out.push(`  ${k}${present(`${pkg.name}.${name}`, key, f) ? '' : '?'}: ${t};`);
    }
    out.push('}', '');
  }
  uses.delete(pkg.name);
  for (const kind of pkg.lists) {
    const listMeta = pkg.name === 'meta.v1' ? 'ListMeta' : 'metaV1.ListMeta';
    if (pkg.name !== 'meta.v1') uses.add('meta.v1');
    out.push(`export interface ${kind}List {`, '  kind?: string;', '  apiVersion?: string;', `  metadata: ${listMeta};`, `  items: ${kind}[];`, '}', '');
  }
  put(join(api, folder, version, 'types.ts'), `${header(uses)}\n${out.join('\n')}`);

  const served = definitions.flatMap((d) => d.list).filter((r) => r.package === pkg.name);
  const lines = [banner.trimEnd(), ...(served.length ? ["import type { ResourceRef } from '../../reference.ts';", "import type * as T from './types.ts';"] : []), "export type * from './types.ts';", ''];
  for (const r of served) {
    lines.push(`export const ${r.resource}: ResourceRef<T.${r.kind}> = { group: '${r.group}', version: '${r.version}', resource: '${r.resource}', kind: '${r.kind}', namespaced: ${r.namespaced} };`);
  }
  put(join(api, folder, version, 'index.ts'), lines.join('\n').trimEnd() + '\n');
}

const all = [banner.trimEnd(), "import type { Package, ResourceDefinition } from '../schema/vocabulary.ts';"];
for (const p of packages) all.push(`import { ${p.name} } from './${p.folder}/${p.version}/package.ts';`);
for (const d of definitions) all.push(`import { resources as ${d.folder} } from './${d.folder}/resources.ts';`);
all.push('', `export const packages: readonly Package[] = [${packages.map((p) => p.name).join(', ')}];`);
all.push(`export const resources: readonly ResourceDefinition[] = [${definitions.map((d) => `...${d.folder}`).join(', ')}];`, '');
put(join(api, 'catalog.ts'), all.join('\n'));

if (drift.length) {
  console.error(`generated files are out of date, run \`npm run generate\`:\n${drift.join('\n')}`);
  process.exit(1);
}

await import('./generate-cri.ts');
