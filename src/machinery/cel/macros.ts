import type { Parser } from './parser.ts';
import type { Expr } from './syntax.ts';
import { SyntaxIssue, accumulator } from './syntax.ts';

/** What a macro call stands for, or undefined where the call is no macro. */
export function expandMacro(make: Parser, name: string, target: Expr | undefined, args: readonly Expr[], at: number): Expr | undefined {
  if (!target) return name === 'has' && args.length === 1 ? has(make, args[0]!, at) : undefined;
  const [first, second, third, fourth] = args;
  if (args.length === 2 && first && second) return oneVariable(make, name, target, first, second, at);
  if (args.length === 3 && first && second && third) {
    if (name === 'map') return mapMacro(make, target, variable(first, noName), third, second, at);
    return twoVariables(make, name, target, first, second, third, undefined, at);
  }
  if (args.length === 4 && first && second && third && fourth) return twoVariables(make, name, target, first, second, fourth, third, at);
  return undefined;
}

function has(make: Parser, arg: Expr, at: number): Expr {
  if (arg.kind !== 'select') throw new SyntaxIssue('invalid argument to has() macro', arg.at);
  return { ...arg, id: make.id(), at, test: true };
}

const noName = 'argument is not an identifier';

function variable(expr: Expr, complaint = 'argument must be a simple name'): string {
  if (expr.kind !== 'ident' || expr.name.startsWith('.')) throw new SyntaxIssue(complaint, expr.at);
  if (expr.name === accumulator || expr.name === '__result__') throw new SyntaxIssue('iteration variable overwrites accumulator variable', expr.at);
  return expr.name;
}

interface Loop {
  init: Expr;
  condition: Expr;
  step: Expr;
  result: Expr;
}

function fold(make: Parser, at: number, range: Expr, names: readonly [string, string?], loop: Loop): Expr {
  return { kind: 'fold', id: make.id(), at, range, iter: names[0], iter2: names[1], accu: accumulator, ...loop };
}

function notFalse(make: Parser, at: number, expr: Expr): Expr {
  return make.call(at, '@not_strictly_false', [expr]);
}

function quantifier(make: Parser, name: string, at: number, predicate: Expr): Loop | undefined {
  const accu = (): Expr => make.ident(at, accumulator);
  switch (name) {
    case 'all':
      return { init: make.constant(at, true), condition: notFalse(make, at, accu()), step: make.call(at, '_&&_', [accu(), predicate]), result: accu() };
    case 'exists':
      return {
        init: make.constant(at, false),
        condition: notFalse(make, at, make.call(at, '!_', [accu()])),
        step: make.call(at, '_||_', [accu(), predicate]),
        result: accu(),
      };
    case 'exists_one':
    case 'existsOne':
      return {
        init: make.constant(at, 0n),
        condition: make.constant(at, true),
        step: make.call(at, '_?_:_', [predicate, make.call(at, '_+_', [accu(), make.constant(at, 1n)]), accu()]),
        result: make.call(at, '_==_', [accu(), make.constant(at, 1n)]),
      };
    default:
      return undefined;
  }
}

function oneVariable(make: Parser, name: string, target: Expr, first: Expr, second: Expr, at: number): Expr | undefined {
  if (name === 'map') return mapMacro(make, target, variable(first, noName), second, undefined, at);
  if (name === 'filter') {
    const iter = variable(first, noName);
    return collect(make, at, target, [iter], make.ident(at, iter), second);
  }
  if (name === 'optMap' || name === 'optFlatMap') return optionalMap(make, name, target, first, second, at);
  if (!['all', 'exists', 'exists_one', 'existsOne'].includes(name)) return undefined;
  const iter = variable(first);
  return fold(make, at, target, [iter], quantifier(make, name, at, second)!);
}

function mapMacro(make: Parser, target: Expr, iter: string, value: Expr, filter: Expr | undefined, at: number): Expr {
  return collect(make, at, target, [iter], value, filter);
}

/** A list of `value`, of those iterations where `filter` holds. */
function collect(make: Parser, at: number, target: Expr, names: readonly [string, string?], value: Expr, filter: Expr | undefined): Expr {
  const accu = (): Expr => make.ident(at, accumulator);
  const add = make.call(at, '_+_', [accu(), { kind: 'list', id: make.id(), at, items: [{ value, optional: false }] }]);
  return fold(make, at, target, names, {
    init: { kind: 'list', id: make.id(), at, items: [] },
    condition: make.constant(at, true),
    step: filter ? make.call(at, '_?_:_', [filter, add, accu()]) : add,
    result: accu(),
  });
}

function twoVariables(make: Parser, name: string, target: Expr, first: Expr, second: Expr, value: Expr, filter: Expr | undefined, at: number): Expr | undefined {
  const known = ['all', 'exists', 'existsOne', 'exists_one', 'transformList', 'transformMap', 'transformMapEntry'];
  if (!known.includes(name)) return undefined;
  const names: [string, string] = [variable(first), variable(second)];
  if (names[0] === names[1]) throw new SyntaxIssue(`duplicate variable name: ${names[0]}`, second.at);
  if (name === 'transformList') return collect(make, at, target, names, value, filter);
  const accu = (): Expr => make.ident(at, accumulator);
  if (name === 'transformMap' || name === 'transformMapEntry') {
    const insert =
      name === 'transformMap'
        ? make.call(at, 'cel.@mapInsert', [accu(), make.ident(at, names[0]), value])
        : make.call(at, 'cel.@mapInsert', [accu(), value]);
    return fold(make, at, target, names, {
      init: { kind: 'map', id: make.id(), at, entries: [] },
      condition: make.constant(at, true),
      step: filter ? make.call(at, '_?_:_', [filter, insert, accu()]) : insert,
      result: accu(),
    });
  }
  if (filter) return undefined;
  const loop = quantifier(make, name, at, value);
  return loop && fold(make, at, target, names, loop);
}

/** target.optMap(v, f): binds v to the target's value where it has one. A bind is a fold over nothing. */
function optionalMap(make: Parser, name: string, target: Expr, first: Expr, mapped: Expr, at: number): Expr {
  const iter = variable(first);
  const bind: Expr = {
    kind: 'fold',
    id: make.id(),
    at,
    range: { kind: 'list', id: make.id(), at, items: [] },
    iter: '#unused',
    iter2: undefined,
    accu: iter,
    init: make.call(at, 'value', [], target),
    condition: make.constant(at, false),
    step: make.ident(at, iter),
    result: mapped,
  };
  const some = name === 'optMap' ? make.call(at, 'optional.of', [bind]) : bind;
  return make.call(at, '_?_:_', [make.call(at, 'hasValue', [], target), some, make.call(at, 'optional.none', [])]);
}
