/** Prints src/kubelet/cri/types.ts, the interfaces of the container runtime messages, from messages.ts beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enums, messages, methods } from '../src/kubelet/cri/messages.ts';

const file = join(import.meta.dirname, '../src/kubelet/cri/types.ts');
const numbers = new Set(['int32', 'int64', 'uint32', 'uint64']);

function tsType(type: string): string {
  if (type.startsWith('[]')) return `${tsType(type.slice(2))}[]`;
  if (type.startsWith('map:')) return `Record<string, ${tsType(type.slice(4))}>`;
  if (numbers.has(type)) return 'number';
  if (type === 'bool') return 'boolean';
  return type === 'bytes' ? 'Uint8Array' : type;
}

const out = ['// Printed by `npm run generate` from messages.ts. Do not edit.', ''];
for (const [name, values] of Object.entries(enums)) out.push(`export type ${name} = ${values.map((v) => `'${v}'`).join(' | ')};`);
out.push('');
for (const [name, fields] of Object.entries(messages)) {
  const entries = Object.entries(fields as Record<string, string>);
  if (entries.length === 0) out.push(`export type ${name} = Record<never, never>;`);
  else {
    out.push(`export interface ${name} {`);
    for (const [key, spec] of entries) {
      const type = spec.slice(spec.indexOf(' ') + 1);
      out.push(`  ${key}${type in messages ? '?' : ''}: ${tsType(type)};`);
    }
    out.push('}');
  }
  out.push('');
}
out.push('export interface Calls {');
for (const service of Object.values(methods)) {
  for (const [name, [request, response]] of Object.entries(service)) out.push(`  ${name}: { request: ${request}; response: ${response} };`);
}
out.push('}', '');
const text = out.join('\n');
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write('src/kubelet/cri/types.ts differs from messages.ts: run npm run generate\n');
    process.exitCode = 1;
  }
} else writeFileSync(file, text);
