/** Expressions, with operators by their priority. Hot: see lexer.ts. */

import type { BinaryOperator, CallExpression, Expression, FunctionBody, TableItem } from "./ast.ts";
import type { Name } from "./lexer.ts";
import {
  CALL,
  CONDITION,
  CONSTANT,
  FIXED,
  INDEXED,
  isOpen,
  NUMERAL,
  PENDING,
  registersOf,
  ScopeParser,
  SPREAD,
  TEMPORARY,
  UNTRUE,
} from "./parser-scopes.ts";
import {
  AND,
  ASSIGN,
  CLOSE,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CONCATENATE,
  DIVIDE,
  EQUAL,
  FALSE,
  FUNCTION,
  GREATER,
  GREATER_OR_EQUAL,
  HASH,
  LESS,
  LESS_OR_EQUAL,
  MINUS,
  NAME,
  NIL,
  NOT,
  NOT_EQUAL,
  NUMBER,
  OPEN,
  OPEN_BRACE,
  OPEN_BRACKET,
  OR,
  PERCENT,
  PLUS,
  POINT,
  POWER,
  SEMICOLON,
  STRING,
  TIMES,
  TOKENS,
  TRUE,
  tokenText,
  VARARGS,
} from "./tokens.ts";

/** Items of a table that Lua keeps in registers until it stores them (LFIELDS_PER_FLUSH). */
const LIST_ITEMS = 50;

const COMPARISON_PRIORITY = 3;
const UNARY_PRIORITY = 8;

interface OperatorRow {
  readonly operator: BinaryOperator | "and" | "or";
  /** What binds an operand to the operator on its right, and what to the one on its left. */
  readonly left: number;
  readonly right: number;
}

const OPERATORS: ReadonlyMap<number, OperatorRow> = new Map([
  [OR, { operator: "or", left: 1, right: 1 }],
  [AND, { operator: "and", left: 2, right: 2 }],
  [LESS, { operator: "<", left: 3, right: 3 }],
  [GREATER, { operator: ">", left: 3, right: 3 }],
  [LESS_OR_EQUAL, { operator: "<=", left: 3, right: 3 }],
  [GREATER_OR_EQUAL, { operator: ">=", left: 3, right: 3 }],
  [NOT_EQUAL, { operator: "~=", left: 3, right: 3 }],
  [EQUAL, { operator: "==", left: 3, right: 3 }],
  [CONCATENATE, { operator: "..", left: 5, right: 4 }],
  [PLUS, { operator: "+", left: 6, right: 6 }],
  [MINUS, { operator: "-", left: 6, right: 6 }],
  [TIMES, { operator: "*", left: 7, right: 7 }],
  [DIVIDE, { operator: "/", left: 7, right: 7 }],
  [PERCENT, { operator: "%", left: 7, right: 7 }],
  [POWER, { operator: "^", left: 10, right: 9 }],
]);

/** By token; 0 for those that are no operators. */
const LEFT_PRIORITY = Uint8Array.from({ length: TOKENS }, (_, token) => OPERATORS.get(token)?.left ?? 0);

/** By token: 1 for what goes on with a variable or a call. */
const GOES_ON = new Uint8Array(TOKENS);
for (const token of [POINT, OPEN_BRACKET, COLON, OPEN, STRING, OPEN_BRACE]) GOES_ON[token] = 1;

export const NIL_NODE: Expression = { kind: "nil" };
const TRUE_NODE: Expression = { kind: "true" };
const FALSE_NODE: Expression = { kind: "false" };
const VARARGS_NODE: Expression = { kind: "varargs" };

export abstract class ExpressionParser extends ScopeParser {
  /** From the parentheses of the parameters to `end`. `line`: what messages call the function by. */
  protected abstract functionBody(line: number, isMethod: boolean): FunctionBody;

  // ---- tokens

  protected skip(token: number): boolean {
    if (this.token !== token) return false;
    this.next();
    return true;
  }

  protected expect(token: number): void {
    if (this.token !== token) throw this.syntaxError(`'${tokenText(token)}' expected`);
    this.next();
  }

  /** Expects `closing`, which goes with the `opening` on that line. */
  protected expectClosing(closing: number, opening: number, line: number): void {
    if (this.token !== closing && line !== this.line) {
      const [missing, open] = [tokenText(closing), tokenText(opening)];
      throw this.syntaxError(`'${missing}' expected (to close '${open}' at line ${line})`);
    }
    this.expect(closing);
  }

  protected expectName(): Name {
    const { name } = this;
    this.expect(NAME);
    return name;
  }

  // ---- operators

  /** One or more, up to the last one's end; each but that goes to a register, and `place` is the last one's. */
  protected expressions(): Expression[] {
    const first = this.expression();
    const list = [first];
    for (let last = first; this.token === COMMA; list.push(last)) {
      this.next();
      this.toNextRegister(last, this.place);
      last = this.expression();
    }
    return list;
  }

  /** An expression of operators that bind closer than `limit`. */
  protected expression(limit = 0): Expression {
    this.enterLevel();
    let left = this.unary();
    while (LEFT_PRIORITY[this.token] > limit) {
      const row = OPERATORS.get(this.token) as OperatorRow;
      this.next();
      if (row.operator === "and" || row.operator === "or") left = this.choice(row.operator, left, row.right);
      else if (row.operator === "..") left = this.concatenation(left, row.right);
      else left = this.binary(row.operator, left, row);
    }
    this.levels--;
    return left;
  }

  private unary(): Expression {
    const { token } = this;
    if (token === NAME) return this.primary();
    if (token !== MINUS && token !== NOT && token !== HASH) return this.simple();
    this.next();
    const operand = this.expression(UNARY_PRIORITY);
    if (token === NOT) {
      if (this.place <= UNTRUE) this.place = this.place === UNTRUE ? CONSTANT : UNTRUE;
      else {
        this.toCondition(operand, this.place);
        this.place = CONDITION;
      }
      return { kind: "unary", operator: "not", operand, line: this.lastLine };
    }
    if (token === HASH || this.place !== NUMERAL) {
      this.release(this.toRegister(operand, this.place));
      this.place = PENDING;
    }
    return { kind: "unary", operator: token === HASH ? "#" : "-", operand, line: this.lastLine };
  }

  private binary(operator: BinaryOperator, left: Expression, row: OperatorRow): Expression {
    const leftPlace = this.toOperand(left, this.place);
    const right = this.expression(row.right);
    const isComparison = row.left === COMPARISON_PRIORITY;
    const isComputed = !isComparison && leftPlace === NUMERAL && this.place === NUMERAL && !isDivisionByZero(operator, right);
    if (isComputed) return { kind: "binary", operator, left, right, line: this.lastLine };
    this.release(this.toOperand(right, this.place));
    this.release(leftPlace);
    this.place = isComparison ? CONDITION : PENDING;
    return { kind: "binary", operator, left, right, line: this.lastLine };
  }

  /** Lua has one instruction for all that is concatenated in a row, in parentheses or not. */
  private concatenation(left: Expression, priority: number): Expression {
    this.toNextRegister(left, this.place);
    const right = this.expression(priority);
    let inner = right;
    while (inner.kind === "parentheses") inner = inner.inner;
    const isMerged = inner.kind === "binary" && inner.operator === "..";
    if (!isMerged) {
      this.toNextRegister(right, this.place);
      this.function.free--;
    }
    this.function.free--;
    this.place = PENDING;
    const line = inner.kind === "binary" && isMerged ? inner.line : this.lastLine;
    return { kind: "binary", operator: "..", left, right, line };
  }

  private choice(kind: "and" | "or", left: Expression, priority: number): Expression {
    // A constant that does not decide is dropped.
    const isDropped = kind === "and" ? this.place <= NUMERAL : this.place === UNTRUE;
    if (!isDropped) this.toCondition(left, this.place);
    const right = this.expression(priority);
    const place = this.load(right, this.place);
    if (isDropped || place === TEMPORARY) this.place = place;
    else this.place = place === FIXED ? CONDITION : Math.max(place, PENDING);
    return { kind, left, right };
  }

  // ---- operands

  private simple(): Expression {
    let expression: Expression;
    this.place = CONSTANT;
    switch (this.token) {
      case STRING:
        expression = { kind: "string", value: this.string };
        break;
      case NUMBER:
        expression = { kind: "number", value: this.number };
        this.place = NUMERAL;
        break;
      case NIL:
        expression = NIL_NODE;
        this.place = UNTRUE;
        break;
      case TRUE:
        expression = TRUE_NODE;
        break;
      case FALSE:
        expression = FALSE_NODE;
        this.place = UNTRUE;
        break;
      case VARARGS:
        if (!this.function.body.hasVarargs) throw this.syntaxError("cannot use '...' outside a vararg function");
        this.function.usesVarargs = true;
        this.place = SPREAD;
        expression = VARARGS_NODE;
        break;
      case OPEN_BRACE:
        return this.table();
      case FUNCTION:
        this.next();
        return this.functionExpression(this.line, false);
      default:
        return this.primary();
    }
    this.next();
    return expression;
  }

  protected functionExpression(line: number, isMethod: boolean): Expression {
    const body = this.functionBody(line, isMethod);
    this.place = PENDING;
    return { kind: "function", function: body };
  }

  /** A variable or something in parentheses, with all that is taken from it and all calls of it. */
  protected primary(): Expression {
    let expression = this.primaryStart();
    while (GOES_ON[this.token] !== 0) {
      if (this.token === POINT) expression = this.field(expression);
      else if (this.token === OPEN_BRACKET) expression = this.element(expression);
      else if (this.token === COLON) expression = this.methodCall(expression);
      else {
        this.toNextRegister(expression, this.place);
        const { line } = this;
        expression = { kind: "call", callee: expression, arguments: this.callArguments(this.function.free), line };
      }
    }
    return expression;
  }

  private primaryStart(): Expression {
    if (this.token === NAME) {
      const { name } = this;
      this.next();
      return this.variable(name);
    }
    if (this.token !== OPEN) throw this.syntaxError("unexpected symbol");
    const { line } = this;
    this.next();
    const inner = this.expression();
    this.expectClosing(CLOSE, OPEN, line);
    this.place = this.load(inner, this.place);
    return { kind: "parentheses", inner };
  }

  private element(object: Expression): Expression {
    const place = this.toRegister(object, this.place);
    const key = this.bracketedKey();
    const keyPlace = this.toOperand(key, this.place);
    this.place = INDEXED + registersOf(place) + registersOf(keyPlace);
    return { kind: "index", object, key, line: 0 };
  }

  /** `.name` or, in the name of a function, `:name`. */
  protected field(object: Expression): Expression {
    const place = this.toRegister(object, this.place);
    this.next();
    const { text } = this.expectName();
    this.place = INDEXED + registersOf(place);
    return { kind: "index", object, key: { kind: "string", value: text }, line: 0 };
  }

  private bracketedKey(): Expression {
    this.next();
    const key = this.expression();
    this.place = this.load(key, this.place);
    this.expect(CLOSE_BRACKET);
    return key;
  }

  // ---- calls

  private methodCall(object: Expression): CallExpression {
    this.next();
    const { text } = this.expectName();
    const lookupLine = this.lastLine;
    this.release(this.toRegister(object, this.place));
    const { free } = this.function;
    this.reserve(2);
    const { line } = this;
    return { kind: "method", object, name: text, arguments: this.callArguments(free + 1), lookupLine, line };
  }

  /** The arguments of a call, which leaves one result in the register before `base`. */
  private callArguments(base: number): Expression[] {
    let list: Expression[];
    switch (this.token) {
      case OPEN:
        list = this.parenthesizedArguments();
        break;
      case OPEN_BRACE:
        list = [this.table()];
        break;
      case STRING:
        list = [{ kind: "string", value: this.string }];
        this.next();
        this.reserve(1);
        break;
      default:
        throw this.syntaxError("function arguments expected");
    }
    this.function.free = base;
    this.place = CALL;
    return list;
  }

  private parenthesizedArguments(): Expression[] {
    const { line } = this;
    if (line !== this.lastLine) throw this.syntaxError("ambiguous syntax (function call x new statement)");
    this.next();
    const list = this.token === CLOSE ? [] : this.expressions();
    const { place } = this;
    if (list.length > 0 && place === SPREAD) this.reserve(1);
    this.expectClosing(CLOSE, OPEN, line);
    if (list.length > 0 && !isOpen(place)) this.toNextRegister(list[list.length - 1], place);
    return list;
  }

  // ---- tables

  private table(): Expression {
    const { line } = this;
    const items: TableItem[] = [];
    this.reserve(1);
    const { free } = this.function;
    this.expect(OPEN_BRACE);
    /** Items of the list in registers, and the one that is not there yet. */
    let listed = 0;
    let pending: Expression | null = null;
    let place = CONSTANT;
    while (this.token !== CLOSE_BRACE) {
      if (pending !== null) {
        this.toNextRegister(pending, place);
        pending = null;
        if (listed === LIST_ITEMS) {
          this.function.free = free;
          listed = 0;
        }
      }
      const isPair = this.token === OPEN_BRACKET || (this.token === NAME && this.lookAhead() === ASSIGN);
      if (isPair) items.push(this.pair());
      else {
        pending = this.expression();
        ({ place } = this);
        items.push({ key: null, value: pending, line: this.lastLine });
        listed++;
      }
      if (!this.skip(COMMA) && !this.skip(SEMICOLON)) break;
    }
    this.expectClosing(CLOSE_BRACE, OPEN_BRACE, line);
    if (pending !== null) this.lastItem(pending, place);
    this.function.free = free;
    this.place = TEMPORARY;
    return { kind: "table", items, line };
  }

  private lastItem(item: Expression, place: number): void {
    if (place === SPREAD) this.reserve(1);
    else if (place !== CALL) this.toNextRegister(item, place);
  }

  /** `name = value` or `[key] = value`. */
  private pair(): TableItem {
    const { free } = this.function;
    let key: Expression;
    if (this.token === NAME) {
      key = { kind: "string", value: this.expectName().text };
      this.place = CONSTANT;
    } else key = this.bracketedKey();
    this.expect(ASSIGN);
    this.toOperand(key, this.place);
    const value = this.expression();
    this.toOperand(value, this.place);
    this.function.free = free;
    return { key, value, line: this.lastLine };
  }
}

function isDivisionByZero(operator: BinaryOperator, divisor: Expression): boolean {
  return (operator === "/" || operator === "%") && divisor.kind === "number" && divisor.value === 0;
}
