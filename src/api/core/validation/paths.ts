/** File paths inside volumes. */
import { invalid } from '../../../machinery/fieldpath.ts';
import type { FieldError } from '../../../machinery/status.ts';

export function checkNoBacksteps(path: string, field: string, out: FieldError[]): void {
  if (path.split('/').includes('..')) out.push(invalid(field, path, "must not contain '..'"));
}

export function checkRelativePath(path: string, field: string, out: FieldError[]): void {
  if (path.startsWith('/')) out.push(invalid(field, path, 'must be a relative path'));
  checkNoBacksteps(path, field, out);
}

/** Names that start with `..` belong to the writer of the volume. */
export function checkPayloadPath(path: string, field: string, out: FieldError[]): void {
  checkRelativePath(path, field, out);
  if (path.startsWith('..') && !path.startsWith('../')) out.push(invalid(field, path, "must not start with '..'"));
}
