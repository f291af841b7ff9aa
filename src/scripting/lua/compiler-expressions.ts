/**
 * Expressions of Lua as expressions of JavaScript. What is evaluated twice, or before something that could change it, goes through a
 * temporary; a local variable is read when the operation happens, as Lua's registers are.
 */

import type { ArithmeticOperator, CallExpression, ComparisonOperator, Expression, TableItem } from "./ast.ts";
import type { ChunkContext } from "./compiler-context.ts";
import {
  calleeName,
  chainLength,
  constantNumber,
  EVENTS,
  firstPiece,
  innerLink,
  isArithmetic,
  isConstant,
  isMultiple,
  isRegister,
  isSimple,
  nameOf,
} from "./expression-facts.ts";

/** An expression that was taken apart: assignments to temporaries, to be done in order, then its value. */
export interface Prepared {
  readonly before: readonly string[];
  readonly value: string;
}

type Binary = Extract<Expression, { kind: "binary" }>;

/** Longer chains of the same operators are written one after the other instead of in parentheses in parentheses. */
const DEEP_CHAIN = 30;

/** Assignments as statements. */
export function statements(before: readonly string[]): string {
  return before.map((assignment) => `${assignment};`).join("");
}

function sequence(before: readonly string[], value: string): string {
  return before.length === 0 ? value : `(${before.join(",")},${value})`;
}

/** Whether it is a number, whatever happens. */
export function isNumber(c: ChunkContext, expression: Expression): boolean {
  switch (expression.kind) {
    case "number":
      return true;
    case "local":
      return c.numbers.has(expression.local);
    case "parentheses":
      return isNumber(c, expression.inner);
    case "unary":
      return expression.operator === "#" || (expression.operator === "-" && isNumber(c, expression.operand));
    case "binary":
      return isArithmetic(expression.operator) && isNumber(c, expression.left) && isNumber(c, expression.right);
    default:
      return false;
  }
}

// ---- values

/** One value. */
export function single(c: ChunkContext, expression: Expression): string {
  const inner = innerLink(expression);
  if (inner !== null && chainLength(inner) > DEEP_CHAIN) return linkByLink(c, expression);
  switch (expression.kind) {
    case "temporary":
      return expression.name;
    case "nil":
      return "undefined";
    case "true":
    case "false":
      return expression.kind;
    case "number":
      return numeral(c.scope.constant(expression.value));
    case "string":
      return c.string(expression.value);
    case "varargs":
      return "va[0]";
    case "function":
      return `(${c.functionExpression(expression.function)})`;
    case "local":
      return `l${expression.local.id}`;
    case "global":
      return `index(L,G,${c.string(expression.name)},${c.site(expression.line, `global '${expression.name}'`)})`;
    case "index":
      return indexed(c, single(c, expression.object), expression.object, single(c, expression.key), expression.line);
    case "call":
    case "method":
      return `first(${call(c, expression)})`;
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
      return single(c, expression.inner);
  }
}

/** A long `a.b.c(x)(y)`: each part after the other, through one variable. */
function linkByLink(c: ChunkContext, expression: Expression): string {
  const links: Expression[] = [];
  let start = expression;
  for (let inner = innerLink(start); inner !== null; inner = innerLink(start)) {
    links.push(start);
    start = inner;
  }
  const name = c.scope.temporary();
  const steps = [`${name}=${single(c, start)}`];
  let source = start;
  for (const link of links.reverse()) {
    const { used } = c.scope;
    steps.push(`${name}=${single(c, relinked(link, { kind: "temporary", name, source }))}`);
    c.scope.used = used;
    source = link;
  }
  return sequence(steps, name);
}

function relinked(link: Expression, inner: Expression): Expression {
  return link.kind === "call" ? { ...link, callee: inner } : ({ ...link, object: inner } as Expression);
}

function indexed(c: ChunkContext, object: string, source: Expression, key: string, line: number): string {
  return `index(L,${object},${key},${c.site(line, nameOf(source))})`;
}

function numeral(value: number): string {
  if (value !== value) return "(0/0)";
  if (value === Number.POSITIVE_INFINITY) return "(1/0)";
  if (value === Number.NEGATIVE_INFINITY) return "(-1/0)";
  return value < 0 || Object.is(value, -0) ? `(-${-value})` : String(value);
}

/** All values of a list as the result of a call: see LuaResult. */
export function results(c: ChunkContext, values: readonly Expression[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined && !isMultiple(only)) return single(c, only);
  return `[${list(c, values)}]`;
}

/** The elements of an array of all values. */
function list(c: ChunkContext, values: readonly Expression[]): string {
  return values.map((value, place) => (place === values.length - 1 ? spread(c, value) : single(c, value))).join(",");
}

function spread(c: ChunkContext, value: Expression): string {
  if (value.kind === "varargs") return "...va";
  return value.kind === "call" || value.kind === "method" ? `...all(${call(c, value)})` : single(c, value);
}

/** The value under a name that can be written several times, as it is when the operation happens; `later` is evaluated in between. */
export function operand(c: ChunkContext, expression: Expression, later: readonly Expression[]): Prepared {
  if (isRegister(expression) || isConstant(expression)) return { before: [], value: single(c, expression) };
  if (expression.kind === "local" && later.every(isSimple)) return { before: [], value: single(c, expression) };
  if (expression.kind === "parentheses") return operand(c, expression.inner, later);
  return saved(c, expression);
}

/** The value as it is now, under a name. */
export function saved(c: ChunkContext, expression: Expression): Prepared {
  if (isConstant(expression)) return { before: [], value: single(c, expression) };
  const value = single(c, expression);
  const name = c.scope.temporary();
  return { before: [`${name}=${value}`], value: name };
}

/** The value in a form that changes nothing when it is written down later. */
export function settled(c: ChunkContext, expression: Expression): Prepared {
  return isSimple(expression) || expression.kind === "function" ? { before: [], value: single(c, expression) } : saved(c, expression);
}

/** Exactly `count` values from a list of expressions; those too many are evaluated, too, and dropped. */
export function spreadOver(c: ChunkContext, values: readonly Expression[], count: number): { before: string; values: string[] } {
  const before: string[] = [];
  const names: string[] = [];
  values.forEach((value, place) => {
    const isLast = place === values.length - 1;
    if (isLast && isMultiple(value) && count > values.length) {
      const name = c.scope.temporary();
      before.push(`${name}=${value.kind === "varargs" ? "va" : `all(${call(c, value as CallExpression)})`}`);
      for (let more = 0; names.length < count; more++) names.push(`${name}[${more}]`);
    } else {
      const prepared = saved(c, value);
      before.push(...prepared.before);
      if (place < count) names.push(prepared.value);
    }
  });
  return { before: statements(before), values: names };
}

// ---- operators

function unary(c: ChunkContext, expression: Extract<Expression, { kind: "unary" }>): string {
  const { operator, operand: inner, line } = expression;
  if (operator === "not") return `!${condition(c, inner)}`;
  if (operator === "#") return `length(L,${single(c, inner)},${c.site(line, nameOf(inner))})`;
  const constant = constantNumber(expression);
  if (constant !== null) return numeral(c.scope.constant(constant));
  if (isNumber(c, inner)) return `(-${single(c, inner)})`;
  const { before, value } = operand(c, inner, []);
  return sequence(before, `(typeof ${value}==="number"?-${value}:negate(L,${value},${c.site(line, nameOf(inner))}))`);
}

function binary(c: ChunkContext, expression: Binary): string {
  const { operator } = expression;
  if (isArithmetic(operator)) return chain(c, expression);
  if (operator === "..") {
    const { left, right, line } = expression;
    return `concatenate(L,${single(c, left)},${single(c, right)},${c.site(line, nameOf(left), nameOf(firstPiece(right)))})`;
  }
  return comparison(c, expression);
}

/** Arithmetic; of a long sum each term after the other. */
function chain(c: ChunkContext, expression: Binary): string {
  const links: Binary[] = [];
  let start: Expression = expression;
  while (start.kind === "binary" && isArithmetic(start.operator)) {
    links.push(start);
    start = start.left;
  }
  if (links.length < DEEP_CHAIN) return calculation(c, expression);
  const sum = c.scope.temporary();
  const steps = [`${sum}=${single(c, start)}`];
  for (const { operator, right, line } of links.reverse()) {
    const { used } = c.scope;
    const other = saved(c, right);
    steps.push(...other.before, `${sum}=${compute(operator as ArithmeticOperator, sum, other.value, c.site(line, "", nameOf(right)))}`);
    c.scope.used = used;
  }
  return sequence(steps, sum);
}

function calculation(c: ChunkContext, expression: Binary): string {
  const constant = constantNumber(expression);
  if (constant !== null) return numeral(c.scope.constant(constant));
  const { operator, left, right, line } = expression;
  const symbol = operator as ArithmeticOperator;
  const numbers = [isNumber(c, left), isNumber(c, right)] as const;
  const isPlain = symbol === "+" || symbol === "-" || symbol === "*" || symbol === "/";
  const isConstantly = constantNumber(left) !== null && constantNumber(right) !== null;
  if (numbers[0] && numbers[1] && isPlain && !isConstantly) return `(${single(c, left)}${symbol}${single(c, right)})`;
  // JavaScript computes what is constant beforehand, and makes of 0/0 a NaN with another sign, which Lua shows.
  const x = isConstantly ? { before: [`${c.scope.temporary()}=${single(c, left)}`], value: c.scope.last } : operand(c, left, [right]);
  const y = operand(c, right, []);
  const site = c.site(line, nameOf(left), nameOf(right));
  return sequence([...x.before, ...y.before], compute(symbol, x.value, y.value, site, numbers));
}

function compute(
  symbol: ArithmeticOperator,
  x: string,
  y: string,
  site: number,
  known = [false, false] as readonly [boolean, boolean],
): string {
  const computed = symbol === "%" ? remainder(x, y) : symbol === "^" ? `power(${x},${y})` : `${x}${symbol}${y}`;
  if (known[0] && known[1]) return `(${computed})`;
  return `(${numberTests(x, y, known)}?(${computed}):arithmetic(L,"${EVENTS[symbol]}",${x},${y},${site}))`;
}

/** Lua's rounding as it stands; of small whole numbers the machine's own remainder is the same, and four times as fast. */
function remainder(x: string, y: string): string {
  const rounded = `${x}-floor(${x}/${y})*${y}`;
  return /^[1-9]\d{0,8}$/.test(y) ? `(${x}|0)===${x}&&${x}>=0?(${x}|0)%${y}:${rounded}` : rounded;
}

function numberTests(x: string, y: string, known: readonly [boolean, boolean]): string {
  if (known[0]) return `typeof ${y}==="number"`;
  return known[1] ? `typeof ${x}==="number"` : `typeof ${x}==="number"&&typeof ${y}==="number"`;
}

function comparison(c: ChunkContext, expression: Binary): string {
  const { left, right, line } = expression;
  const operator = expression.operator as ComparisonOperator;
  if (operator === "==" || operator === "~=") return equality(c, expression);
  const known = [isNumber(c, left), isNumber(c, right)] as const;
  if (known[0] && known[1]) return `(${single(c, left)}${operator}${single(c, right)})`;
  const x = operand(c, left, [right]);
  const y = operand(c, right, []);
  // Lua has no "greater": the operands change places.
  const [a, b] = operator === "<" || operator === "<=" ? [x.value, y.value] : [y.value, x.value];
  const compare = operator === "<" || operator === ">" ? "lessThan" : "lessOrEqual";
  const tests = numberTests(x.value, y.value, known);
  return sequence([...x.before, ...y.before], `(${tests}?${x.value}${operator}${y.value}:${compare}(L,${a},${b},${c.site(line)}))`);
}

function equality(c: ChunkContext, { operator, left, right, line }: Binary): string {
  const sign = operator === "==" ? "===" : "!==";
  if (isConstant(left) || isConstant(right) || isNumber(c, left) || isNumber(c, right))
    return `(${single(c, left)}${sign}${single(c, right)})`;
  const x = operand(c, left, [right]);
  const y = operand(c, right, []);
  const same = `${x.value}===${y.value}||equals(L,${x.value},${y.value},${c.site(line)})`;
  return sequence([...x.before, ...y.before], operator === "==" ? `(${same})` : `!(${same})`);
}

/** As a condition of JavaScript. */
export function condition(c: ChunkContext, expression: Expression): string {
  switch (expression.kind) {
    case "nil":
    case "false":
      return "false";
    case "true":
    case "number":
    case "string":
    case "function":
      return "true";
    case "and":
      return `(${condition(c, expression.left)}&&${condition(c, expression.right)})`;
    case "or":
      return `(${condition(c, expression.left)}||${condition(c, expression.right)})`;
    case "parentheses":
      return condition(c, expression.inner);
    default: {
      if (isBoolean(expression)) return single(c, expression);
      const { before, value } = operand(c, expression, []);
      return sequence(before, `(${value}!==undefined&&${value}!==false)`);
    }
  }
}

function isBoolean(expression: Expression): boolean {
  if (expression.kind === "unary") return expression.operator === "not";
  return expression.kind === "binary" && expression.operator !== ".." && !isArithmetic(expression.operator);
}

/** `a and b`, `a or b` as a value: of `a` only if it decides. */
function choice(c: ChunkContext, { kind, left, right }: Extract<Expression, { kind: "and" | "or" }>): string {
  if (isBoolean(left)) {
    const test = condition(c, left);
    return kind === "and" ? `(${test}?${single(c, right)}:false)` : `(${test}?true:${single(c, right)})`;
  }
  const { before, value } = operand(c, left, []);
  const other = single(c, right);
  const isFalse = `${value}===undefined||${value}===false`;
  return sequence(before, kind === "and" ? `(${isFalse}?${value}:${other})` : `(${isFalse}?${other}:${value})`);
}

// ---- calls

/** A call with all of its results. */
export function call(c: ChunkContext, expression: CallExpression): string {
  if (c.resumable) {
    const { before, callee, values, site } = prepareCall(c, expression);
    const result = c.scope.temporary();
    const made = [...before, `S[d]=${site}`, `${result}=(yield* begin(${callee},[${values}]))`];
    return sequence(made, `(${result} instanceof TailCall?(yield* finish(L,${result})):${result})`);
  }
  const site = c.site(expression.line, calleeName(expression));
  const target = calleeOf(c, expression);
  const callable = `typeof ${target.value}==="function"?${target.value}:callable(L,${target.value},${site})`;
  const values = expression.arguments;
  const self = target.self === null ? [] : [target.self];
  if (values.every(isSimple) || (values.length === 1 && values[0]?.kind === "varargs")) {
    return `(${[...target.before, `S[d]=${site}`, callable].join(",")})(${[...self, ...(values.length === 0 ? [] : [list(c, values)])].join(",")})`;
  }
  // The place is noted when all arguments have been evaluated: they may hold calls themselves.
  const last = values.at(-1) as Expression;
  const before = values.slice(0, -1).map((value) => single(c, value));
  const text =
    isMultiple(last) && last.kind !== "varargs"
      ? `all(${call(c, last as CallExpression)})`
      : last.kind === "varargs"
        ? "va"
        : single(c, last);
  const name = c.scope.temporary();
  const noted = `${isMultiple(last) ? "..." : ""}(${name}=${text},S[d]=${site},${name})`;
  return `(${[...target.before, callable].join(",")})(${[...self, ...before, noted].join(",")})`;
}

/** What is called, under a name, and the object of a method, likewise. */
function calleeOf(c: ChunkContext, expression: CallExpression): Prepared & { readonly self: string | null } {
  if (expression.kind === "call") return { ...operand(c, expression.callee, expression.arguments), self: null };
  const object = expression.arguments.every(isSimple) ? operand(c, expression.object, []) : saved(c, expression.object);
  const name = c.scope.temporary();
  const method = indexed(c, object.value, expression.object, c.string(expression.name), expression.lookupLine);
  return { before: [...object.before, `${name}=${method}`], value: name, self: object.value };
}

/** Likewise, and not to be changed by the arguments. */
function copiedCallee(c: ChunkContext, expression: CallExpression): ReturnType<typeof calleeOf> {
  const target = calleeOf(c, expression);
  if (expression.kind === "method" || expression.arguments.every(isSimple) || expression.callee.kind !== "local") return target;
  const name = c.scope.temporary();
  return { before: [...target.before, `${name}=${target.value}`], value: name, self: null };
}

export interface PreparedCall {
  readonly before: readonly string[];
  readonly callee: string;
  readonly values: string;
  readonly site: number;
}

/** A call with everything evaluated but not yet made. The callee is a function. */
export function prepareCall(c: ChunkContext, expression: CallExpression): PreparedCall {
  const site = c.site(expression.line, calleeName(expression));
  const target = copiedCallee(c, expression);
  const before = [...target.before];
  const values = target.self === null ? [] : [target.self];
  expression.arguments.forEach((value, place) => {
    if (place === expression.arguments.length - 1 && isMultiple(value)) {
      const name = c.scope.temporary();
      before.push(`${name}=${value.kind === "varargs" ? "va" : `all(${call(c, value as CallExpression)})`}`);
      values.push(`...${name}`);
    } else {
      const prepared = saved(c, value);
      before.push(...prepared.before);
      values.push(prepared.value);
    }
  });
  const callee = c.scope.temporary();
  before.push(`${callee}=typeof ${target.value}==="function"?${target.value}:callable(L,${target.value},${site})`);
  return { before, callee, values: values.join(","), site };
}

// ---- tables

function table(c: ChunkContext, items: readonly TableItem[]): string {
  const listed = items.filter(({ key }) => key === null).map(({ value }) => value);
  const keyed = items.length - listed.length;
  const counted = isMultiple(items.at(-1)?.key === null ? items.at(-1)?.value : undefined) ? listed.length - 1 : listed.length;
  if (keyed === 0) {
    if (listed.length === 0) return "new LuaTable()";
    const seal = listed.every((value) => value.kind !== "nil" && (isConstant(value) || isNumber(c, value) || value.kind === "table"))
      ? ""
      : ".seal()";
    return `new LuaTable(${counted},0,[${list(c, listed)}])${seal}`;
  }
  const name = c.scope.temporary();
  const steps = [`${name}=new LuaTable(${counted},${keyed})`];
  // With keys that could be numbers the list is kept apart until all else is set, as Lua does.
  const apart = listed.length > 0 && items.some(({ key }) => key !== null && key.kind !== "string");
  const array = apart ? c.scope.temporary() : `${name}.array`;
  if (apart) steps.push(`${array}=[]`);
  items.forEach(({ key, value, line }, place) => {
    const { used } = c.scope;
    if (key === null) {
      const isTail = place === items.length - 1 && isMultiple(value);
      steps.push(isTail ? `append(${array},[${spread(c, value)}])` : `${array}.push(${single(c, value)})`);
    } else if (key.kind === "string") steps.push(`${name}.setHashed(${c.string(key.value)},${single(c, value)})`);
    else {
      const at = operand(c, key, [value]);
      const stored = settled(c, value);
      steps.push(...at.before, ...stored.before, `rawSet(L,${name},${at.value},${stored.value},${c.site(line)})`);
    }
    c.scope.used = used;
  });
  if (listed.length === 0) return sequence(steps, name);
  return sequence(steps, apart ? `setList(${name},${array})` : `${name}.seal()`);
}
