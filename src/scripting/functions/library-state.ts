/**
 * Whether the functions of a library can leave something behind for the next call: a local variable of the library that they assign to, a
 * table of it that they write to. Such functions must not be run again from the start, as those may that run for too long. Found out from
 * the text; in doubt it keeps state.
 */

import type { CallExpression, Expression, FunctionBody, Local, Statement, Target } from "../lua/ast.ts";

/** What is done with a variable. */
interface Use {
  /** A function uses it that is not the one that declares it. */
  captured: boolean;
  /** Such a function assigns to it, or it is a table and may be written to, handed on or held elsewhere. */
  changed: boolean;
}

/** What calls of these may do with a table that they are given: nothing but read it. */
const READERS = new Set(["pairs", "ipairs", "next", "unpack", "type", "tostring"]);

/** `chunk`: the text of a library. */
export function keepsState(chunk: FunctionBody): boolean {
  return new StateSearch(chunk).found;
}

class StateSearch {
  private readonly chunk: FunctionBody;
  private readonly uses = new Map<Local, Use>();
  /** How many functions the walk is in, the chunk not counted. */
  private depth = 0;
  /** Whether the library calls functions of its own while it is loaded: their variables may live on, too. */
  private callsOwn = false;

  constructor(chunk: FunctionBody) {
    this.chunk = chunk;
    this.block(chunk.body);
  }

  get found(): boolean {
    for (const [local, { captured, changed }] of this.uses) {
      if (!captured || (local.owner !== this.chunk && !this.callsOwn)) continue;
      if (changed || !(isConstant(local) || isFlatTable(local))) return true;
    }
    return false;
  }

  private use(local: Local): Use {
    let use = this.uses.get(local);
    if (use === undefined) {
      use = { captured: false, changed: false };
      this.uses.set(local, use);
    }
    return use;
  }

  // ---- statements

  private block(statements: readonly Statement[]): void {
    for (const statement of statements) this.statement(statement);
  }

  private statement(statement: Statement): void {
    switch (statement.kind) {
      case "local":
        return this.values(statement.values);
      case "localFunction":
        return this.body(statement.function);
      case "assign":
        this.values(statement.values);
        for (const [place, target] of statement.targets.entries()) this.target(target, statement.values[place]);
        return;
      case "callStatement":
        return this.value(statement.call);
      case "do":
        return this.block(statement.body);
      case "while":
      case "repeat":
        this.value(statement.condition);
        return this.block(statement.body);
      case "if":
        for (const { condition, body } of statement.branches) {
          this.value(condition);
          this.block(body);
        }
        return this.block(statement.otherwise ?? []);
      case "numericFor":
        this.values([statement.start, statement.limit, ...(statement.step === null ? [] : [statement.step])]);
        return this.block(statement.body);
      case "genericFor":
        this.values(statement.values);
        return this.block(statement.body);
      case "return":
        return this.values(statement.values);
      case "break":
        return;
    }
  }

  private target(target: Target, value: Expression | undefined): void {
    if (target.kind === "local") {
      if (target.isUpvalue) Object.assign(this.use(target.local), { captured: true, changed: true });
    } else if (target.kind === "index") {
      this.object(target.object);
      this.value(target.key);
      const { object } = target;
      const keepsFlat = object.kind === "local" && !object.isUpvalue && value !== undefined && isImmutable(value);
      if (object.kind === "local" && !keepsFlat) this.use(object.local).changed = true;
    }
  }

  private body({ body }: FunctionBody): void {
    this.depth++;
    this.block(body);
    this.depth--;
  }

  // ---- expressions

  private values(expressions: readonly Expression[]): void {
    for (const each of expressions) this.value(each);
  }

  /** An expression whose value goes anywhere. */
  private value(expression: Expression): void {
    switch (expression.kind) {
      case "local":
        this.object(expression);
        if (!isConstant(expression.local)) this.use(expression.local).changed = true;
        return;
      case "function":
        return this.body(expression.function);
      case "index":
        this.object(expression.object);
        return this.value(expression.key);
      case "call":
      case "method":
        return this.call(expression);
      case "and":
      case "or":
        this.value(expression.left);
        return this.value(expression.right);
      case "binary":
        this.object(expression.left);
        return this.object(expression.right);
      case "unary":
        return this.object(expression.operand);
      case "table":
        for (const { key, value } of expression.items) this.values(key === null ? [value] : [key, value]);
        return;
      case "parentheses":
        return this.value(expression.inner);
      default:
        return;
    }
  }

  /** An expression that is only looked at: something is read from it, or computed. */
  private object(expression: Expression): void {
    if (expression.kind !== "local") return this.value(expression);
    const use = this.use(expression.local);
    if (expression.isUpvalue) use.captured = true;
  }

  private call(call: CallExpression): void {
    if (call.kind === "method") {
      if (this.depth === 0) this.callsOwn = true;
      this.value(call.object);
      return this.values(call.arguments);
    }
    const { callee } = call;
    this.object(callee);
    if (this.depth === 0 && !isOfRedis(callee)) this.callsOwn = true;
    const reads = callee.kind === "global" && READERS.has(callee.name);
    for (const each of call.arguments) {
      if (reads) this.object(each);
      else this.value(each);
    }
  }
}

/** `redis` or something in it, under its own name or that of a local. */
function isOfRedis(expression: Expression): boolean {
  if (expression.kind === "index") return isOfRedis(expression.object);
  if (expression.kind !== "local") return isRedisPath(expression);
  return expression.local.assigned.every((value) => value !== null && isRedisPath(value));
}

function isRedisPath(expression: Expression): boolean {
  return expression.kind === "index" ? isRedisPath(expression.object) : expression.kind === "global" && expression.name === "redis";
}

/** Whether a variable never holds anything that can change. */
function isConstant({ assigned }: Local): boolean {
  return assigned.every((value) => value !== null && isImmutable(value));
}

/** Whether it holds a table of what cannot change, as it was made. */
function isFlatTable({ assigned }: Local): boolean {
  return assigned.every((value) => value?.kind === "table" && value.items.every((item) => isImmutable(item.value)));
}

/** Whether a value cannot change. Functions cannot: what they change belongs to variables. */
function isImmutable(expression: Expression): boolean {
  switch (expression.kind) {
    case "nil":
    case "true":
    case "false":
    case "number":
    case "string":
    case "function":
    case "binary":
    case "unary":
      return true;
    case "and":
    case "or":
      return isImmutable(expression.left) && isImmutable(expression.right);
    case "parentheses":
      return isImmutable(expression.inner);
    default:
      return isOfRedis(expression);
  }
}
