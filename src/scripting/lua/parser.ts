/**
 * Lua 5.1's grammar: from the text of a chunk to its tree (ast.ts), with Lua's own messages for texts that are no chunk. Where Lua's compiler
 * sets limits this one does too; only that on the length of jumps and on the number of constants is missing: what Lua refuses for them runs.
 */

import type { Expression, FunctionBody, Local, Statement, Target } from "./ast.ts";
import { ExpressionParser, NIL_NODE } from "./parser-expressions.ts";
import { isOpen, MAX_LEVELS, NUMERAL, OpenFunction, SPREAD, setLine, type Variable } from "./parser-scopes.ts";
import {
  ASSIGN,
  BREAK,
  CLOSE,
  COLON,
  COMMA,
  DO,
  ELSE,
  ELSEIF,
  END,
  END_OF_TEXT,
  FOR,
  FUNCTION,
  IF,
  IN,
  LOCAL,
  NAME,
  OPEN,
  POINT,
  REPEAT,
  RETURN,
  SEMICOLON,
  THEN,
  TOKENS,
  UNTIL,
  VARARGS,
  WHILE,
} from "./tokens.ts";

export { chunkId, LuaSyntaxError } from "./lexer.ts";

/** By token: 1 for what may stand behind a block. */
const BLOCK_ENDS = new Uint8Array(TOKENS);
for (const token of [ELSE, ELSEIF, END, UNTIL, END_OF_TEXT]) BLOCK_ENDS[token] = 1;

const SOME_NUMBER: Expression = { kind: "number", value: 0 };

/**
 * Parses a chunk, a function with varargs and no parameters. `chunkName`: as Lua wants it, `@name` for instance. `levels`: how deep in calls
 * from C the parser is called, which Lua counts together with the nesting of the text. Errors: LuaSyntaxError.
 */
export function parse(text: string, chunkName: string, levels = 0): FunctionBody {
  return new Parser(text, chunkName, levels).chunk();
}

class Parser extends ExpressionParser {
  chunk(): FunctionBody {
    const { body } = this.function;
    this.next();
    body.body = this.statements();
    this.expect(END_OF_TEXT);
    body.endLine = this.line;
    return body;
  }

  // ---- blocks

  private statements(): Statement[] {
    this.enterLevel();
    const list: Statement[] = [];
    for (let isLast = false; !isLast && BLOCK_ENDS[this.token] === 0; ) {
      isLast = this.token === RETURN || this.token === BREAK;
      list.push(this.statement());
      this.skip(SEMICOLON);
      this.function.free = this.function.variables.length;
    }
    this.levels--;
    return list;
  }

  private block(): Statement[] {
    const { length } = this.function.variables;
    const list = this.statements();
    this.leaveScope(length);
    return list;
  }

  private loopBody(): Statement[] {
    this.function.loops++;
    const list = this.block();
    this.function.loops--;
    return list;
  }

  private statement(): Statement {
    const { line } = this;
    switch (this.token) {
      case NAME:
        return this.expressionStatement();
      case IF:
        return this.ifStatement(line);
      case LOCAL:
        this.next();
        return this.skip(FUNCTION) ? this.localFunction() : this.localStatement();
      case RETURN:
        return this.returnStatement();
      case FOR:
        return this.forStatement(line);
      case WHILE:
        return this.whileStatement(line);
      case REPEAT:
        return this.repeatStatement(line);
      case FUNCTION:
        return this.functionStatement(line);
      case DO: {
        this.next();
        const body = this.block();
        this.expectClosing(END, DO, line);
        return { kind: "do", body };
      }
      case BREAK:
        this.next();
        if (this.function.loops === 0) throw this.syntaxError("no loop to break");
        return { kind: "break" };
      default:
        return this.expressionStatement();
    }
  }

  private condition(): Expression {
    const condition = this.expression();
    if (this.place > NUMERAL) this.toCondition(condition, this.place);
    return condition;
  }

  private ifStatement(line: number): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = [];
    do {
      this.next();
      const condition = this.condition();
      this.expect(THEN);
      branches.push({ condition, body: this.block() });
    } while (this.token === ELSEIF);
    const otherwise = this.skip(ELSE) ? this.block() : null;
    this.expectClosing(END, IF, line);
    return { kind: "if", branches, otherwise };
  }

  private whileStatement(line: number): Statement {
    this.next();
    const condition = this.condition();
    this.expect(DO);
    const body = this.loopBody();
    this.expectClosing(END, WHILE, line);
    return { kind: "while", condition, body };
  }

  private repeatStatement(line: number): Statement {
    const { length } = this.function.variables;
    this.next();
    this.function.loops++;
    const body = this.statements();
    this.expectClosing(UNTIL, REPEAT, line);
    const condition = this.condition();
    this.function.loops--;
    this.leaveScope(length);
    return { kind: "repeat", body, condition };
  }

  // ---- for

  private forStatement(line: number): Statement {
    const { length } = this.function.variables;
    this.next();
    const name = this.expectName();
    let statement: Statement;
    if (this.token === ASSIGN) {
      this.declareControl();
      statement = this.numericFor(this.declare(name, 3));
    } else if (this.token === COMMA || this.token === IN) {
      this.declareControl();
      statement = this.genericFor(this.declare(name, 3));
    } else throw this.syntaxError("'=' or 'in' expected");
    this.expectClosing(END, FOR, line);
    this.leaveScope(length);
    return statement;
  }

  /** The three variables by which Lua runs a loop. */
  private declareControl(): void {
    for (let place = 0; place < 3; place++) this.countDeclaration(place);
  }

  private numericFor(variable: Variable): Statement {
    variable.assigned.push(SOME_NUMBER);
    this.next();
    const start = this.control();
    this.expect(COMMA);
    const limit = this.control();
    const step = this.skip(COMMA) ? this.control() : null;
    if (step === null) this.reserve(1);
    const { line, body } = this.forBody([variable]);
    return { kind: "numericFor", variable, start, limit, step, body, line };
  }

  private control(): Expression {
    const expression = this.expression();
    this.toNextRegister(expression, this.place);
    return expression;
  }

  private genericFor(first: Variable): Statement {
    const variables = [first];
    while (this.skip(COMMA)) variables.push(this.declare(this.expectName(), 3 + variables.length));
    for (const { assigned } of variables) assigned.push(null);
    this.expect(IN);
    const { line } = this;
    const values = this.expressions();
    this.adjust(values, 3);
    this.checkRegisters(3);
    const { body } = this.forBody(variables);
    return { kind: "genericFor", variables, values, body, line };
  }

  /** `line`: of `do`. */
  private forBody(variables: readonly Variable[]): { body: Statement[]; line: number } {
    const open = this.function;
    open.variables.push(null, null, null);
    const { length } = open.variables;
    this.expect(DO);
    const line = this.lastLine;
    for (const variable of variables) this.activate(variable);
    this.reserve(variables.length);
    const body = this.loopBody();
    this.leaveScope(length);
    return { body, line };
  }

  // ---- functions

  private localFunction(): Statement {
    const local = this.declare(this.expectName(), 0);
    this.reserve(1);
    this.activate(local);
    const body = this.functionBody(this.line, false);
    local.assigned.push({ kind: "function", function: body });
    return { kind: "localFunction", local, function: body };
  }

  /** `function a.b:c() ... end` */
  private functionStatement(line: number): Statement {
    this.next();
    let target = this.variable(this.expectName());
    while (this.token === POINT) target = this.field(target);
    const isMethod = this.token === COLON;
    if (isMethod) target = this.field(target);
    const value = this.functionExpression(line, isMethod);
    this.store(target as Target, value);
    return this.assignTo([target as Target], [value], line);
  }

  protected override functionBody(line: number, isMethod: boolean): FunctionBody {
    const outer = this.function;
    const open = new OpenFunction(outer, line, false);
    const { body } = open;
    const argUses = this.nameOf("arg").uses;
    this.function = open;
    this.expect(OPEN);
    if (isMethod) this.activate(this.parameter("self", 0));
    this.parameters();
    this.expect(CLOSE);
    body.body = this.statements();
    body.endLine = this.line;
    this.expectClosing(END, FUNCTION, line);
    this.leaveScope(0);
    this.function = outer;
    if (open.legacyArg !== null && this.nameOf("arg").uses > argUses) this.keepLegacyArg(open, open.legacyArg);
    return body;
  }

  private parameter(name: string, pending: number): Variable {
    const parameter = this.declare(this.nameOf(name), pending);
    parameter.assigned.push(null);
    this.function.body.parameters.push(parameter);
    return parameter;
  }

  private parameters(): void {
    const open = this.function;
    const pending: Variable[] = [];
    if (this.token !== CLOSE) {
      do {
        if (this.token === NAME) pending.push(this.parameter(this.expectName().text, pending.length));
        else if (this.skip(VARARGS)) {
          open.legacyArg = this.declare(this.nameOf("arg"), pending.length);
          open.legacyArg.assigned.push(null);
          pending.push(open.legacyArg);
          open.body.hasVarargs = true;
        } else throw this.syntaxError("<name> or '...' expected");
      } while (!open.body.hasVarargs && this.skip(COMMA));
    }
    for (const variable of pending) this.activate(variable);
    this.reserve(open.variables.length);
  }

  /** A function that mentions `...` has the variable `arg` all the same, but leaves it nil. */
  private keepLegacyArg({ body, usesVarargs }: OpenFunction, local: Local): void {
    if (usesVarargs) body.body.unshift({ kind: "local", locals: [local], values: [], line: body.line });
    else body.legacyArg = local;
  }

  // ---- assignment

  private localStatement(): Statement {
    const locals: Variable[] = [];
    do locals.push(this.declare(this.expectName(), locals.length));
    while (this.skip(COMMA));
    const values = this.skip(ASSIGN) ? this.expressions() : [];
    this.adjust(values, locals.length);
    locals.forEach((local, place) => {
      this.activate(local);
      local.assigned.push(given(values, place, locals.length));
    });
    return { kind: "local", locals, values, line: this.lastLine };
  }

  /** Brings the values read last to as many as there are places for them. */
  private adjust(values: readonly Expression[], count: number): void {
    const missing = count - values.length;
    const { place } = this;
    if (values.length > 0 && isOpen(place)) {
      // The first of its results has a register if it is a call.
      if (place === SPREAD) this.reserve(1);
      if (missing > 0) this.reserve(missing);
      return;
    }
    if (values.length > 0) this.toNextRegister(values[values.length - 1], place);
    if (missing > 0) this.reserve(missing);
  }

  private expressionStatement(): Statement {
    const expression = this.primary();
    if (expression.kind === "call" || expression.kind === "method") return { kind: "callStatement", call: expression };
    return this.assignment(this.target(expression));
  }

  private target(expression: Expression): Target {
    if (expression.kind === "local" || expression.kind === "global" || expression.kind === "index") return expression;
    throw this.syntaxError("syntax error");
  }

  private assignment(first: Target): Statement {
    const targets = [first];
    while (this.skip(COMMA)) {
      const next = this.primary();
      const limit = MAX_LEVELS - this.levels;
      if (targets.length > limit) throw this.tooMany(limit, "variables in assignment");
      targets.push(this.target(next));
    }
    this.expect(ASSIGN);
    const values = this.expressions();
    if (values.length === targets.length) this.store(targets[targets.length - 1], values[values.length - 1]);
    else this.adjust(values, targets.length);
    return this.assignTo(targets, values, this.lastLine);
  }

  /** The value read last goes straight to its target. */
  private store(target: Target, value: Expression): void {
    if (target.kind === "index") this.toOperand(value, this.place);
    else if (target.kind === "global" || target.isUpvalue) this.toRegister(value, this.place);
    else this.load(value, this.place);
  }

  /** All targets get their values on the same line, whatever they are. */
  private assignTo(targets: readonly Target[], values: readonly Expression[], line: number): Statement {
    targets.forEach((target, place) => {
      if (target.kind === "local") target.local.assigned.push(given(values, place, targets.length));
      else setLine(target, line);
    });
    return { kind: "assign", targets, values, line };
  }

  private returnStatement(): Statement {
    this.next();
    if (BLOCK_ENDS[this.token] === 1 || this.token === SEMICOLON) return { kind: "return", values: [], line: this.lastLine };
    const values = this.expressions();
    const last = values[values.length - 1];
    if (this.place === SPREAD) this.reserve(1);
    else if (values.length === 1) this.toRegister(last, this.place);
    else this.toNextRegister(last, this.place);
    return { kind: "return", values, line: this.lastLine };
  }
}

/** What the place of that number, of `count`, gets of a list of values; null if it depends on a call or on `...`. */
function given(values: readonly Expression[], place: number, count: number): Expression | null {
  const last = values.length - 1;
  if (place < last || (place === last && count === values.length)) return values[place];
  if (last < 0) return NIL_NODE;
  const { kind } = values[last];
  if (kind === "call" || kind === "method" || kind === "varargs") return null;
  return place === last ? values[place] : NIL_NODE;
}
