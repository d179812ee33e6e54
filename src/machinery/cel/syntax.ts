import type { CelUint } from './values.ts';

export type CelConst = null | boolean | bigint | CelUint | number | string | Uint8Array;

interface Node {
  /** Unique within one expression; what the checker finds out is kept beside the tree by this number. */
  readonly id: number;
  /** Offset in the source, in UTF-16 units. */
  readonly at: number;
}

export interface ConstExpr extends Node {
  readonly kind: 'const';
  readonly value: CelConst;
}
export interface IdentExpr extends Node {
  readonly kind: 'ident';
  readonly name: string;
}
export interface SelectExpr extends Node {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** has(operand.field) */
  readonly test: boolean;
}
export interface CallExpr extends Node {
  readonly kind: 'call';
  readonly fn: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}
export interface ListExpr extends Node {
  readonly kind: 'list';
  readonly items: readonly { readonly value: Expr; readonly optional: boolean }[];
}
export interface MapExpr extends Node {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}
export interface StructExpr extends Node {
  readonly kind: 'struct';
  readonly name: string;
  /** `at`: the colon, where issues about a field point. */
  readonly fields: readonly { readonly name: string; readonly at: number; readonly value: Expr; readonly optional: boolean }[];
}
/** The one loop of CEL: all macros over lists and maps become this. */
export interface FoldExpr extends Node {
  readonly kind: 'fold';
  readonly range: Expr;
  readonly iter: string;
  readonly iter2: string | undefined;
  readonly accu: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}
export type Expr = ConstExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | FoldExpr;

export interface Issue {
  readonly message: string;
  /** Offset in the source. */
  readonly at: number;
}

/** Carries one issue out of the depths of a parser. */
export class SyntaxIssue extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** The name of a running result inside a fold; users cannot write it. */
export const accumulator = '@result';

/** Issues as clients are used to read them, with the line and a caret below the place. */
export function issuesText(source: string, issues: readonly Issue[]): string {
  const points = [...issues].sort((a, b) => a.at - b.at).map((issue) => {
    const before = source.slice(0, issue.at);
    const line = before.split('\n').length;
    const column = [...before.slice(before.lastIndexOf('\n') + 1)].length;
    const text = source.split('\n')[line - 1] ?? '';
    return `ERROR: <input>:${line}:${source === '' ? 0 : column + 1}: ${issue.message}\n | ${text}\n | ${'.'.repeat(column)}^`;
  });
  return points.join('\n');
}
