/** What can be told of an expression without running it. */

import type { ArithmeticOperator, CallExpression, Expression } from "./ast.ts";
import { type Arithmetic, COMPUTE } from "./operations.ts";

/** The metamethod of each operator. */
export const EVENTS: Record<ArithmeticOperator, Arithmetic> = {
  "+": "__add",
  "-": "__sub",
  "*": "__mul",
  "/": "__div",
  "%": "__mod",
  "^": "__pow",
};

export function isArithmetic(operator: string): operator is ArithmeticOperator {
  return operator in EVENTS;
}

/** Whether evaluating it does nothing and calls nothing: a constant or a variable. */
export function isSimple(expression: Expression): boolean {
  switch (expression.kind) {
    case "nil":
    case "true":
    case "false":
    case "number":
    case "string":
    case "local":
      return true;
    case "temporary":
      return true;
    case "parentheses":
      return isSimple(expression.inner);
    default:
      return false;
  }
}

/**
 * The value of a number that Lua's own compiler computes; null for all else. What is no number, or divided by zero, it leaves for later.
 * `depth`: how far to look into operands.
 */
export function constantNumber(expression: Expression, depth = 20): number | null {
  if (expression.kind === "number") return expression.value;
  if (depth === 0) return null;
  if (expression.kind === "parentheses") return constantNumber(expression.inner, depth - 1);
  if (expression.kind === "unary" && expression.operator === "-") {
    const inner = constantNumber(expression.operand, depth - 1);
    return inner === null ? null : -inner;
  }
  if (expression.kind !== "binary" || !isArithmetic(expression.operator)) return null;
  const right = constantNumber(expression.right, depth - 1);
  const left = right === null ? null : constantNumber(expression.left, depth - 1);
  if (left === null || right === null || (right === 0 && "/%".includes(expression.operator))) return null;
  const value = COMPUTE[EVENTS[expression.operator]](left, right);
  return Number.isNaN(value) ? null : value;
}

/** What messages of errors call a value that came from here; "" for nothing. */
export function nameOf(expression: Expression): string {
  switch (expression.kind) {
    case "local":
      return `${expression.isUpvalue ? "upvalue" : "local"} '${expression.local.name}'`;
    case "global":
      return `global '${expression.name}'`;
    case "index":
      return `field '${expression.key.kind === "string" ? expression.key.value : "?"}'`;
    case "temporary":
      return nameOf(expression.source);
    case "parentheses":
      return nameOf(expression.inner);
    case "and":
      return always(expression.left, true) ? nameOf(expression.right) : "";
    case "or":
      return always(expression.left, false) ? nameOf(expression.right) : "";
    default:
      return "";
  }
}

/** Whether it is true, or false, as anyone can see. */
function always(expression: Expression, truth: boolean): boolean {
  switch (expression.kind) {
    case "nil":
    case "false":
      return !truth;
    case "true":
    case "number":
    case "string":
      return truth;
    case "and":
      return truth ? always(expression.left, true) && always(expression.right, true) : always(expression.left, false);
    case "or":
      return truth ? always(expression.left, true) : always(expression.left, false) && always(expression.right, false);
    case "parentheses":
      return always(expression.inner, truth);
    default:
      return false;
  }
}

/** Whether it may give any number of values. */
export function isMultiple(expression: Expression | undefined): boolean {
  return expression !== undefined && (expression.kind === "call" || expression.kind === "method" || expression.kind === "varargs");
}

/** Whether it is written as a constant that is not nil and not false. */
export function isConstant(expression: Expression): boolean {
  return ["nil", "true", "false", "number", "string"].includes(expression.kind);
}

/** Whether it is in a register of Lua: what is done with it sees the value that it has then. */
export function isRegister(expression: Expression): boolean {
  if (expression.kind === "parentheses") return isRegister(expression.inner);
  return (expression.kind === "local" && !expression.isUpvalue) || expression.kind === "temporary";
}

/** Of a chain of concatenations the first piece: Lua leaves what became of the chain in its place. */
export function firstPiece(expression: Expression): Expression {
  if (expression.kind === "parentheses") return firstPiece(expression.inner);
  return expression.kind === "binary" && expression.operator === ".." ? firstPiece(expression.left) : expression;
}

/** What stands before the last part of `a.b.c` or `f(x)(y)`; null of all else. */
export function innerLink(expression: Expression): Expression | null {
  if (expression.kind === "index" || expression.kind === "method") return expression.object;
  return expression.kind === "call" ? expression.callee : null;
}

export function chainLength(expression: Expression): number {
  let links = 0;
  for (let link: Expression | null = expression; link !== null; link = innerLink(link)) links++;
  return links;
}

/** What messages call that which is called. */
export function calleeName(expression: CallExpression): string {
  return expression.kind === "method" ? `method '${expression.name}'` : nameOf(expression.callee);
}
