/**
 * Expressions of Lua as functions that evaluate them. They do what the compiler's text does (compiler-expressions.ts), in the same order: a
 * local variable is read when the operation happens, as Lua's registers are.
 */

import type { ArithmeticOperator, CallExpression, ComparisonOperator, Expression, Local, TableItem } from "./ast.ts";
import type { Activation, Cell, EvaluatorContext, List, Many, One, Test } from "./evaluator-context.ts";
import { calleeName, constantNumber, EVENTS, firstPiece, isArithmetic, isMultiple, isRegister, isSimple } from "./expression-facts.ts";
import {
  arithmetic,
  COMPUTE,
  callable,
  concatenate,
  equals,
  index,
  length,
  lessOrEqual,
  lessThan,
  negate,
  rawSet,
  setList,
} from "./operations.ts";
import { LuaTable } from "./table.ts";
import { all, first, type LuaValue } from "./value.ts";

type Binary = Extract<Expression, { kind: "binary" }>;
/** What an operator does to two values. */
type Operation = (x: LuaValue, y: LuaValue) => LuaValue;

// ---- values

/** One value. */
export function one(c: EvaluatorContext, expression: Expression): One {
  c.enter();
  const value = evaluated(c, expression);
  c.leave();
  return value;
}

function evaluated(c: EvaluatorContext, expression: Expression): One {
  const { L } = c;
  switch (expression.kind) {
    case "nil":
      return () => undefined;
    case "true":
      return () => true;
    case "false":
      return () => false;
    case "number": {
      const value = c.layout.constant(expression.value);
      return () => value;
    }
    case "string": {
      const { value } = expression;
      return () => value;
    }
    case "varargs":
      return (a) => a.varargs[0];
    case "function":
      return c.functionExpression(expression.function);
    case "local":
      return variable(c, expression.local);
    case "global": {
      const { name } = expression;
      const site = c.site(expression.line, expression);
      return () => index(L, L.globals, name, site);
    }
    case "index": {
      const { object, key, line } = expression;
      const site = c.site(line, object);
      return pair(c, object, key, (table, at) => index(L, table, at, site));
    }
    case "call":
    case "method": {
      const results = call(c, expression);
      return (a) => first(results(a));
    }
    case "and":
    case "or":
      return choice(c, expression);
    case "binary":
      return binary(c, expression);
    case "unary":
      return unary(c, expression);
    case "table":
      return table(c, expression.items);
    case "parentheses":
      return one(c, expression.inner);
    case "temporary":
      throw new Error("only the compiler makes temporaries");
  }
}

function variable({ layout }: EvaluatorContext, local: Local): One {
  if (local.owner !== layout.body) {
    const cell = layout.cellOf(local);
    return (a) => (a.cells[cell] as Cell).value;
  }
  const slot = layout.slotOf(local);
  return local.isCaptured ? (a) => (a.slots[slot] as Cell).value : (a) => a.slots[slot] as LuaValue;
}

/** An operation on two values, of which a register is read last. */
function pair(c: EvaluatorContext, left: Expression, right: Expression, operation: Operation): One {
  const x = one(c, left);
  const y = one(c, right);
  if (!isRegister(left) || isSimple(right)) return (a) => operation(x(a), y(a));
  return (a) => {
    const second = y(a);
    return operation(x(a), second);
  };
}

// ---- several values

/** All values of a list. */
export function list(c: EvaluatorContext, values: readonly Expression[]): List {
  const last = values.at(-1);
  if (last === undefined || !isMultiple(last)) {
    const each = values.map((value) => one(c, value));
    return (a) => evaluateAll(a, each);
  }
  const each = values.slice(0, -1).map((value) => one(c, value));
  const rest = spread(c, last);
  return (a) => {
    const found = evaluateAll(a, each);
    for (const value of rest(a)) found.push(value);
    return found;
  };
}

function evaluateAll(a: Activation, each: readonly One[]): LuaValue[] {
  const found: LuaValue[] = [];
  for (const value of each) found.push(value(a));
  return found;
}

/** All values of an expression that may have several. */
function spread(c: EvaluatorContext, expression: Expression): (a: Activation) => readonly LuaValue[] {
  if (expression.kind === "varargs") return (a) => a.varargs;
  const results = call(c, expression as CallExpression);
  return (a) => all(results(a));
}

/** Exactly `count` values of a list; those too many are evaluated, too, and dropped. */
export function spreadOver(c: EvaluatorContext, values: readonly Expression[], count: number): List {
  const isOpen = count > values.length && isMultiple(values.at(-1));
  const evaluate = isOpen ? list(c, values) : fixedList(c, values);
  return (a) => {
    const found = evaluate(a);
    found.length = count;
    return found;
  };
}

function fixedList(c: EvaluatorContext, values: readonly Expression[]): List {
  const each = values.map((value) => one(c, value));
  return (a) => evaluateAll(a, each);
}

// ---- operators

function unary(c: EvaluatorContext, expression: Extract<Expression, { kind: "unary" }>): One {
  const { L } = c;
  const { operator, operand, line } = expression;
  if (operator === "not") {
    const test = condition(c, operand);
    return (a) => !test(a);
  }
  const constant = constantNumber(expression);
  if (constant !== null) {
    const value = c.layout.constant(constant);
    return () => value;
  }
  const inner = one(c, operand);
  const site = c.site(line, operand);
  if (operator === "#") return (a) => length(L, inner(a), site);
  return (a) => {
    const value = inner(a);
    return typeof value === "number" ? -value : negate(L, value, site);
  };
}

function binary(c: EvaluatorContext, expression: Binary): One {
  const { L } = c;
  const { operator, left, right, line } = expression;
  if (isArithmetic(operator)) return calculation(c, expression, operator);
  if (operator === "..") {
    const x = one(c, left);
    const y = one(c, right);
    const site = c.site(line, left, firstPiece(right));
    return (a) => concatenate(L, x(a), y(a), site);
  }
  const compare = comparison(c, operator, c.site(line));
  return pair(c, left, right, compare);
}

function calculation(c: EvaluatorContext, expression: Binary, operator: ArithmeticOperator): One {
  const { L } = c;
  const constant = constantNumber(expression);
  if (constant !== null) {
    const value = c.layout.constant(constant);
    return () => value;
  }
  const { left, right, line } = expression;
  const event = EVENTS[operator];
  const compute = COMPUTE[event];
  const site = c.site(line, left, right);
  return pair(c, left, right, (x, y) => {
    return typeof x === "number" && typeof y === "number" ? compute(x, y) : arithmetic(L, event, x, y, site);
  });
}

function comparison({ L }: EvaluatorContext, operator: ComparisonOperator, site: number): (x: LuaValue, y: LuaValue) => boolean {
  switch (operator) {
    case "==":
      return (x, y) => x === y || equals(L, x, y, site);
    case "~=":
      return (x, y) => !(x === y || equals(L, x, y, site));
    case "<":
      return (x, y) => lessThan(L, x, y, site);
    case "<=":
      return (x, y) => lessOrEqual(L, x, y, site);
    // Lua has no "greater": the operands change places.
    case ">":
      return (x, y) => lessThan(L, y, x, site);
    case ">=":
      return (x, y) => lessOrEqual(L, y, x, site);
  }
}

export function condition(c: EvaluatorContext, expression: Expression): Test {
  const value = one(c, expression);
  return (a) => {
    const found = value(a);
    return found !== undefined && found !== false;
  };
}

/** `a and b`, `a or b`: of `a` only if it decides. */
function choice(c: EvaluatorContext, { kind, left, right }: Extract<Expression, { kind: "and" | "or" }>): One {
  const x = one(c, left);
  const y = one(c, right);
  const goesOn = kind === "and";
  return (a) => {
    const value = x(a);
    const isTrue = value !== undefined && value !== false;
    return isTrue === goesOn ? y(a) : value;
  };
}

// ---- calls

/** What is called, or the name of a method. */
export function calledThing(expression: CallExpression): Expression | string {
  return expression.kind === "method" ? calleeName(expression) : expression.callee;
}

/** A call with all of its results. */
export function call(c: EvaluatorContext, expression: CallExpression): Many {
  const { L } = c;
  const site = c.site(expression.line, calledThing(expression));
  if (expression.kind === "method") {
    const prepare = methodCall(c, expression);
    return (a) => {
      const [called, values] = prepare(a);
      L.sites[a.depth] = site;
      return (typeof called === "function" ? called : callable(L, called, site))(...values);
    };
  }
  const target = one(c, expression.callee);
  const [argument] = expression.arguments;
  if (argument !== undefined && expression.arguments.length === 1 && !isMultiple(argument)) {
    const value = one(c, argument);
    return (a) => {
      const called = target(a);
      const only = value(a);
      L.sites[a.depth] = site;
      return (typeof called === "function" ? called : callable(L, called, site))(only);
    };
  }
  const values = list(c, expression.arguments);
  return (a) => {
    const called = target(a);
    const given = values(a);
    L.sites[a.depth] = site;
    return (typeof called === "function" ? called : callable(L, called, site))(...given);
  };
}

/** What a call calls, and with which values. */
export type PreparedCall = (a: Activation) => readonly [LuaValue, readonly LuaValue[]];

export function prepareCall(c: EvaluatorContext, expression: CallExpression): PreparedCall {
  if (expression.kind === "method") return methodCall(c, expression);
  const target = one(c, expression.callee);
  const values = list(c, expression.arguments);
  return (a) => [target(a), values(a)];
}

function methodCall(c: EvaluatorContext, expression: Extract<CallExpression, { kind: "method" }>): PreparedCall {
  const { L } = c;
  const { name } = expression;
  const object = one(c, expression.object);
  const lookup = c.site(expression.lookupLine, expression.object);
  const values = list(c, expression.arguments);
  return (a) => {
    const self = object(a);
    const method = index(L, self, name, lookup);
    return [method, [self, ...values(a)]];
  };
}

// ---- tables

/** An item of a constructor: puts it into the table, or at the end of the list. */
type Item = (a: Activation, made: LuaTable, listed: LuaValue[]) => void;

function table(c: EvaluatorContext, items: readonly TableItem[]): One {
  const listed = items.filter(({ key }) => key === null).map(({ value }) => value);
  const keyed = items.length - listed.length;
  const last = items.at(-1);
  const counted = last?.key === null && isMultiple(last.value) ? listed.length - 1 : listed.length;
  if (items.length === 0) return () => new LuaTable();
  if (keyed === 0) {
    const values = list(c, listed);
    return (a) => new LuaTable(counted, 0, values(a)).seal();
  }
  // With keys that could be numbers the list is kept apart until all else is set, as Lua does.
  const isApart = listed.length > 0 && items.some(({ key }) => key !== null && key.kind !== "string");
  const steps = items.map((item, place) => itemOf(c, item, place === items.length - 1));
  return (a) => {
    const made = new LuaTable(counted, keyed);
    const values = isApart ? [] : made.array;
    for (const step of steps) step(a, made, values);
    if (listed.length === 0) return made;
    return isApart ? setList(made, values) : made.seal();
  };
}

function itemOf(c: EvaluatorContext, { key, value, line }: TableItem, isLast: boolean): Item {
  const { L } = c;
  if (key === null) {
    if (isLast && isMultiple(value)) {
      const values = spread(c, value);
      return (a, _, listed) => {
        for (const each of values(a)) listed.push(each);
      };
    }
    const item = one(c, value);
    return (a, _, listed) => {
      listed.push(item(a));
    };
  }
  if (key.kind === "string") {
    const name = key.value;
    const item = one(c, value);
    // Not `setHashed`: the name is a piece of the script, which it would keep in memory.
    return (a, made) => made.set(name, item(a));
  }
  const at = one(c, key);
  const item = one(c, value);
  const site = c.site(line);
  if (!isRegister(key) || isSimple(value)) return (a, made) => rawSet(L, made, at(a), item(a), site);
  return (a, made) => {
    const found = item(a);
    rawSet(L, made, at(a), found, site);
  };
}
