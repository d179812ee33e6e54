import { compileRegex } from './regex/regex.ts';
import type { Expr, Issue } from './syntax.ts';
import { readDuration, readTimestamp } from './library/time.ts';
import { CelError } from './values.ts';

/** Literals that can never be read are refused before they are evaluated. */
export function checkLiterals(expr: Expr): Issue[] {
  const issues: Issue[] = [];
  const visit = (node: Expr): void => {
    if (node.kind === 'call') {
      const arg = node.args.length === 1 || node.fn === 'matches' ? node.args.at(-1) : undefined;
      if (arg?.kind === 'const' && typeof arg.value === 'string' && !valid(node.fn, arg.value)) {
        issues.push({ message: `invalid ${node.fn} argument`, at: arg.at });
      }
    }
    for (const child of children(node)) visit(child);
  };
  visit(expr);
  return issues;
}

function valid(fn: string, text: string): boolean {
  switch (fn) {
    case 'duration':
      return readDuration(text) !== undefined;
    case 'timestamp':
      return readTimestamp(text) !== undefined;
    case 'matches':
      return !(compileRegex(text) instanceof CelError);
    default:
      return true;
  }
}

export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'const':
    case 'ident':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.items.map((item) => item.value);
    case 'map':
      return expr.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct':
      return expr.fields.map((field) => field.value);
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
  }
}
