/** A reporter for node:test that says what failed and why, what was skipped and why, and leaves the counts in a file. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

export interface Summary {
  passed: number;
  failed: number;
  skipped: { name: string; file: string; reason: string }[];
}

interface TestEvent {
  type: string;
  data: { name: string; file?: string; nesting: number; skip?: string | boolean; todo?: string | boolean; message?: string; details?: { type?: string; duration_ms: number; error?: Error & { cause?: unknown } } };
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const summary: Summary = { passed: 0, failed: 0, skipped: [] };
  for await (const { type, data } of events) {
    const file = data.file ? relative(process.cwd(), data.file) : '';
    if (type === 'test:pass' && data.details?.type !== 'suite') {
      if (data.skip !== undefined && data.skip !== false) summary.skipped.push({ name: data.name, file, reason: data.skip === true || data.skip === '' ? 'no reason given' : data.skip });
      else summary.passed++;
      if (process.env['K7S_TEST_VERBOSE']) yield `  ok ${file}: ${data.name} (${Math.round(data.details?.duration_ms ?? 0)} ms)\n`;
    } else if (type === 'test:fail') {
      const error = data.details?.error;
      const cause = error?.cause ?? error;
      // A parent fails with its children; only the innermost failure says something.
      if (String((error as { failureType?: string } | undefined)?.failureType) === 'subtestsFailed') continue;
      summary.failed++;
      yield `  FAILED ${file}: ${data.name}\n${inspect(cause, { depth: 6 }).replace(/^/gm, '    ')}\n`;
    } else if ((type === 'test:stderr' || type === 'test:stdout') && process.env['K7S_TEST_VERBOSE']) {
      yield data.message ?? '';
    }
  }
  const target = process.env['K7S_TEST_SUMMARY'];
  if (target) writeFileSync(target, JSON.stringify(summary));
}
