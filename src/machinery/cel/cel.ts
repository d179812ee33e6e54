import { fromJson } from './adapt.ts';
import { check } from './checker.ts';
import type { Environment } from './checker.ts';
import type { CostEstimate } from './estimate.ts';
import { estimateCost } from './estimate.ts';
import { CostExceeded, Frame } from './frame.ts';
import type { Step } from './frame.ts';
import { kubernetesFunctions } from './environment.ts';
import { perCallLimit } from './limits.ts';
import { checkLiterals } from './literalchecks.ts';
import { parse } from './parser.ts';
import type { ParseOptions } from './parser.ts';
import { Planner } from './planner.ts';
import type { Expr, Issue } from './syntax.ts';
import { SyntaxIssue, issuesText } from './syntax.ts';
import type { CelType } from './types.ts';
import { dyn, typeText } from './types.ts';
import type { CelValue } from './values.ts';
import { CelError } from './values.ts';

export interface CompileOptions extends Partial<Omit<Environment, 'variables'>>, ParseOptions {
  readonly variables: Readonly<Record<string, CelType>>;
  /** The types that the expression may have; any where it is not said. */
  readonly result?: readonly CelType[];
  /** Evaluate what does not check as far as it goes. */
  readonly unchecked?: boolean;
  /** Evaluates constants each time, as if they were none; costs are written down that way. */
  readonly unfolded?: boolean;
}

/** A compiled expression; it keeps nothing of an evaluation. */
export interface Program {
  readonly source: string;
  readonly ast: Expr;
  readonly type: CelType;
  readonly estimatedCost: CostEstimate;
  readonly variables: Readonly<Record<string, CelType>>;
  readonly step: Step;
}

export interface Compiled {
  readonly program: Program | undefined;
  readonly issues: readonly Issue[];
  /** The issues as clients are used to read them; empty where there are none. */
  readonly message: string;
}

export function compile(source: string, options: CompileOptions): Compiled {
  const functions = options.functions ?? kubernetesFunctions;
  const fail = (issues: readonly Issue[]): Compiled => ({ program: undefined, issues, message: issuesText(source, issues) });
  let ast: Expr;
  try {
    ast = parse(source, options);
  } catch (error) {
    if (!(error instanceof SyntaxIssue)) throw error;
    return fail([{ message: error.message, at: error.at }]);
  }
  const checked = check(ast, { ...options, functions });
  if (!options.unchecked) {
    const issues = checked.issues.length > 0 ? checked.issues : checkLiterals(ast);
    if (issues.length > 0) return fail(issues);
  }
  const type = checked.types.get(ast.id) ?? dyn;
  if (options.result && !options.result.some((wanted) => typeText(wanted) === typeText(type))) {
    return { program: undefined, issues: [], message: `must evaluate to ${options.result.map(typeText).join(' or ')}` };
  }
  const step = new Planner(checked, { functions, types: options.types ?? (() => undefined), fold: !options.unfolded }).plan(ast).eval;
  return { program: { source, ast, type, estimatedCost: estimateCost(checked), variables: options.variables, step }, issues: [], message: '' };
}

/** JSON, which is seen through the declared type of the variable, or a value. Undefined is a variable that has no value. */
export type Binding = { readonly json: unknown } | { readonly value: CelValue };

export interface Evaluation {
  readonly value: CelValue;
  readonly cost: number;
  /** The limit was reached; the value says so too. */
  readonly exceeded: boolean;
}

export function evaluate(program: Program, bindings: Readonly<Record<string, Binding>>, options: { readonly costLimit?: number } = {}): Evaluation {
  const values = new Map<string, CelValue>();
  const variable = (name: string): CelValue | undefined => {
    let value = values.get(name);
    if (value === undefined && Object.hasOwn(bindings, name)) {
      const binding = bindings[name]!;
      value = 'value' in binding ? binding.value : fromJson(binding.json, program.variables[name]);
      values.set(name, value);
    }
    return value;
  };
  const frame = new Frame(variable, Math.min(options.costLimit ?? perCallLimit, Number.MAX_SAFE_INTEGER));
  try {
    return { value: program.step(frame), cost: frame.cost, exceeded: false };
  } catch (error) {
    if (!(error instanceof CostExceeded)) throw error;
    return { value: new CelError(error.message), cost: frame.cost, exceeded: true };
  }
}
