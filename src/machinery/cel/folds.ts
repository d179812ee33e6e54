import { listCost } from './costs.ts';
import type { Frame, Step } from './frame.ts';
import { noSuchOverload } from './functions.ts';
import type { Planner } from './planner.ts';
import { keyText } from './select.ts';
import type { CallExpr, Expr, FoldExpr, ListExpr } from './syntax.ts';
import { accumulator } from './syntax.ts';
import type { CelValue, MapKey } from './values.ts';
import { CelError, CelList, CelMap, mapKey } from './values.ts';

/** Lists and maps that a fold builds are filled in place; a new one for each step would cost the square of their length. */
export function planFold(planner: Planner, expr: FoldExpr): Step {
  const range = planner.plan(expr.range).eval;
  if (expr.accu === accumulator) {
    const built = collected(expr);
    if (built) return builder(planner, expr, range, built);
  }
  const init = planner.plan(expr.init).eval;
  return planner.scoped([expr.accu], ([accu]) => {
    const { condition, step, assign } = planner.scoped(variables(expr), (slots) => ({
      condition: planner.plan(expr.condition).eval,
      step: planner.plan(expr.step).eval,
      assign: assigner(slots),
    }));
    const result = planner.plan(expr.result).eval;
    const twoNames = expr.iter2 !== undefined;
    return (frame) => {
      const over = range(frame);
      if (over instanceof CelError) return over;
      frame.locals[accu!] = init(frame);
      const failed = iterate(over, (key, value, entry) => {
        assign(frame, key, twoNames ? entry() : value);
        if (condition(frame) !== true) return false;
        frame.locals[accu!] = step(frame);
        return true;
      });
      return failed ?? result(frame);
    };
  });
}

function variables(expr: FoldExpr): string[] {
  return expr.iter2 === undefined ? [expr.iter] : [expr.iter, expr.iter2];
}

function assigner(slots: readonly number[]): (frame: Frame, key: CelValue, value: CelValue) => void {
  const [first, second] = slots;
  if (second === undefined) return (frame, _key, value) => void (frame.locals[first!] = value);
  return (frame, key, value) => {
    frame.locals[first!] = key;
    frame.locals[second] = value;
  };
}

/** Calls `each` with key and value; with one variable the value of a map's entry is its key. */
function iterate(over: CelValue, each: (key: CelValue, value: CelValue, entry: () => CelValue) => boolean): CelError | undefined {
  if (over instanceof CelList) {
    for (let i = 0; i < over.length; i++) if (!each(BigInt(i), over.at(i), () => over.at(i))) return undefined;
    return undefined;
  }
  if (over instanceof CelMap) {
    for (const key of over.keys()) if (!each(key, key, () => over.get(key)!)) return undefined;
    return undefined;
  }
  return noSuchOverload;
}

interface Collected {
  readonly filter: Expr | undefined;
  readonly insert: CallExpr;
  readonly into: 'list' | 'map';
}

/** Recognises `accu + [x]`, `cel.@mapInsert(accu, ...)`, and either of them under a condition. */
function collected(expr: FoldExpr): Collected | undefined {
  const into = expr.init.kind;
  if (into !== 'list' && into !== 'map') return undefined;
  if (expr.step.kind !== 'call') return undefined;
  const filtered = expr.step.fn === '_?_:_';
  const insert = filtered ? expr.step.args[1]! : expr.step;
  if (insert.kind !== 'call') return undefined;
  return { filter: filtered ? expr.step.args[0] : undefined, insert, into };
}

function builder(planner: Planner, expr: FoldExpr, range: Step, { filter, insert, into }: Collected): Step {
  return planner.scoped(variables(expr), (slots) => {
    const assign = assigner(slots);
    const test = filter && planner.plan(filter).eval;
    const twoNames = expr.iter2 !== undefined;
    const init = planner.plan(expr.init).eval;
    const add = into === 'list' ? listAdder(planner, insert) : mapAdder(planner, insert);
    return (frame) => {
      const over = range(frame);
      if (over instanceof CelError) return over;
      init(frame);
      const target = add.start();
      let error: CelError | undefined;
      const failed = iterate(over, (key, value, entry) => {
        assign(frame, key, twoNames ? entry() : value);
        const chosen = test ? test(frame) : true;
        if (chosen === false) return true;
        error = chosen === true ? target.add(frame) : chosen instanceof CelError ? chosen : noSuchOverload;
        return error === undefined;
      });
      frame.charge(1);
      return failed ?? error ?? target.done();
    };
  });
}

interface Adder {
  start(): { add(frame: Frame): CelError | undefined; done(): CelValue };
}

function listAdder(planner: Planner, insert: CallExpr): Adder {
  const list = insert.args[1]! as ListExpr;
  const item = planner.plan(list.items[0]!.value);
  // The name of the result, the list of one, and the addition.
  const cost = 2 + (planner.plan(list).constant === undefined ? listCost : 0);
  return {
    start: () => {
      const items: CelValue[] = [];
      return {
        add: (frame) => {
          const value = item.eval(frame);
          if (value instanceof CelError) return value;
          frame.charge(cost);
          items.push(value);
          return undefined;
        },
        done: () => new CelList(items),
      };
    },
  };
}

function mapAdder(planner: Planner, insert: CallExpr): Adder {
  const [first, second] = insert.args.slice(1).map((arg) => planner.plan(arg).eval);
  return {
    start: () => {
      const entries = new Map<MapKey, [CelValue, CelValue]>();
      const put = (key: CelValue, value: CelValue): CelError | undefined => {
        const found = mapKey(key);
        if (found === undefined) return new CelError('unsupported key type');
        if (entries.has(found)) return new CelError(`insert failed: key ${keyText(key)} already exists`);
        entries.set(found, [key, value]);
        return undefined;
      };
      return {
        add: (frame) => {
          const key = first!(frame);
          if (key instanceof CelError) return key;
          frame.charge(2);
          if (second) {
            const value = second(frame);
            return value instanceof CelError ? value : put(key, value);
          }
          if (!(key instanceof CelMap)) return noSuchOverload;
          for (const [k, v] of key.entries()) {
            const failed = put(k, v);
            if (failed) return failed;
          }
          return undefined;
        },
        done: () => CelMap.of(entries.values()),
      };
    },
  };
}
