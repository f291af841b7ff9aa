/**
 * What the parser knows while it reads: the functions it is in, their local variables, and how many of Lua's registers would be in use. The
 * last is of no interest to compiled code, but Lua refuses a function that needs too many of them. With it comes the line of each global
 * and field, which is where Lua would load it into a register.
 */

import type { Expression, FunctionBody, Local } from "./ast.ts";
import { Lexer, type LuaSyntaxError, type Name } from "./lexer.ts";

/** Nesting of blocks and expressions (LUAI_MAXCCALLS). */
export const MAX_LEVELS = 200;
/** Local variables in scope, in one function (LUAI_MAXVARS). */
const MAX_LOCALS = 200;
/** Local variables of one function, wherever they are (SHRT_MAX). */
const MAX_DECLARED = 32767;
const MAX_UPVALUES = 60;
/** Registers of a function (MAXSTACK). */
const MAX_REGISTERS = 250;

/** Where Lua has the value of an expression. In the instruction that will use it, for it is `true` or a string: */
export const CONSTANT = 0;
/** or a number, on which operators are computed in advance; */
export const NUMERAL = 1;
/** or nil or false; */
export const UNTRUE = 2;
/** in the register of a local variable; */
export const FIXED = 3;
/** in a register of its own; */
export const TEMPORARY = 4;
/** nowhere yet: it goes where it is needed; */
export const PENDING = 5;
/** in where the code jumps to, not in a register; */
export const CONDITION = 6;
/** a call, whose results begin in a register of their own; */
export const CALL = 7;
/** `...`; */
export const SPREAD = 8;
/** a global that has not been loaded; */
const GLOBAL = 9;
/** a field that has not: the table and the key are in 0, 1 or 2 registers, a number to add. */
export const INDEXED = 10;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A local variable of the function that is being read. */
export interface Variable extends Local {
  readonly spelled: Name;
  /** The variable that the name meant before. */
  hidden: Local | null;
}

export class OpenFunction {
  readonly parent: OpenFunction | null;
  readonly body: Writable<FunctionBody>;
  /** Local variables in scope; null is for those that only Lua's own loops would have. */
  readonly variables: (Variable | null)[] = [];
  readonly upvalues: Local[] = [];
  declared = 0;
  /** Loops around the current statement. */
  loops = 0;
  /** The first register that is not in use, and the most that ever were. */
  free = 0;
  highest = 2;
  usesVarargs = false;
  legacyArg: Variable | null = null;

  constructor(parent: OpenFunction | null, line: number, hasVarargs: boolean) {
    this.parent = parent;
    this.body = { parameters: [], hasVarargs, legacyArg: null, body: [], line, endLine: 0 };
  }
}

export class ScopeParser extends Lexer {
  protected function: OpenFunction = new OpenFunction(null, 0, true);
  /** Where the value of the expression read last is. */
  protected place = CONSTANT;
  protected levels: number;
  private locals = 0;

  constructor(text: string, chunkName: string, levels: number) {
    super(text, chunkName);
    this.levels = levels;
  }

  // ---- limits

  protected enterLevel(): void {
    if (++this.levels > MAX_LEVELS) throw this.error("chunk has too many syntax levels");
  }

  protected tooMany(limit: number, what: string, { body }: OpenFunction = this.function): LuaSyntaxError {
    return this.error(`${body.line === 0 ? "main function" : `function at line ${body.line}`} has more than ${limit} ${what}`);
  }

  // ---- local variables

  /** Makes a local variable that `activate` brings into scope, as the one after `pending` others. */
  protected declare(spelled: Name, pending: number): Variable {
    this.countDeclaration(pending);
    return { name: spelled.text, id: this.locals++, owner: this.function.body, assigned: [], isCaptured: false, spelled, hidden: null };
  }

  /** Likewise for one that only Lua's own loops would have. */
  protected countDeclaration(pending: number): void {
    const open = this.function;
    if (open.variables.length + pending + 1 > MAX_LOCALS) throw this.tooMany(MAX_LOCALS, "local variables");
    if (++open.declared > MAX_DECLARED) throw this.plainError("too many local variables");
  }

  protected activate(variable: Variable): void {
    variable.hidden = variable.spelled.local;
    variable.spelled.local = variable;
    this.function.variables.push(variable);
  }

  /** Ends the scope of all local variables but the first `count`. */
  protected leaveScope(count: number): void {
    const { variables } = this.function;
    while (variables.length > count) {
      const variable = variables.pop();
      if (variable) variable.spelled.local = variable.hidden;
    }
    this.function.free = count;
  }

  /** The variable of this name. */
  protected variable(name: Name): Expression {
    name.uses++;
    const { local } = name;
    if (local === null) {
      this.place = GLOBAL;
      return { kind: "global", name: name.text, line: 0 };
    }
    const isUpvalue = local.owner !== this.function.body;
    if (isUpvalue) {
      local.isCaptured = true;
      this.addUpvalue(local, this.function);
    }
    this.place = isUpvalue ? PENDING : FIXED;
    return { kind: "local", local, isUpvalue };
  }

  /** `local` reaches `open` through all functions between, outermost first. */
  private addUpvalue(local: Local, open: OpenFunction): void {
    if (open.upvalues.includes(local)) return;
    if (open.parent !== null && open.parent.body !== local.owner) this.addUpvalue(local, open.parent);
    if (open.upvalues.length === MAX_UPVALUES) throw this.tooMany(MAX_UPVALUES, "upvalues", open);
    open.upvalues.push(local);
  }

  // ---- registers

  protected reserve(count: number): void {
    const open = this.function;
    this.checkRegisters(count);
    open.free += count;
  }

  protected checkRegisters(count: number): void {
    const open = this.function;
    const wanted = open.free + count;
    if (wanted <= open.highest) return;
    if (wanted >= MAX_REGISTERS) throw this.syntaxError("function or expression too complex");
    open.highest = wanted;
  }

  /** A value in a register of its own is not needed any more. */
  protected release(place: number): void {
    if (place === TEMPORARY) this.function.free--;
  }

  /** The expression is loaded, if it is a variable that is not local or a field. Returns where it is then. */
  protected load(expression: Expression, place: number): number {
    if (place < CALL) return place;
    if (place === CALL) return TEMPORARY;
    if (place >= GLOBAL) {
      const { kind } = expression;
      if (kind === "global" || kind === "index") setLine(expression, this.lastLine);
      if (place > INDEXED) this.function.free -= place - INDEXED;
    }
    return PENDING;
  }

  /** The value goes to the next register. */
  protected toNextRegister(expression: Expression, place: number): void {
    if (this.load(expression, place) !== TEMPORARY) this.reserve(1);
  }

  /** The value goes to a register, if it is not in one. Returns where it is then. */
  protected toRegister(expression: Expression, place: number): number {
    const loaded = this.load(expression, place);
    if (loaded === FIXED || loaded === TEMPORARY) return loaded;
    this.reserve(1);
    return TEMPORARY;
  }

  /** The value goes to a register, if it is neither in one nor a constant. Returns where it is then. */
  protected toOperand(expression: Expression, place: number): number {
    return place <= UNTRUE ? place : this.toRegister(expression, place);
  }

  /** The value decides where to go on. A constant does so as well, if there is a choice at all. */
  protected toCondition(expression: Expression, place: number): void {
    const loaded = this.load(expression, place);
    if (loaded === PENDING || loaded <= UNTRUE) this.checkRegisters(1);
    else this.release(loaded);
  }
}

/** Lines are known later than what stands there. */
export function setLine(node: { line: number }, line: number): void {
  node.line = line;
}

/** How many registers a table or key takes. */
export function registersOf(place: number): number {
  return place === TEMPORARY ? 1 : 0;
}

/** Whether an expression at the end of a list stands for any number of values. */
export function isOpen(place: number): boolean {
  return place === CALL || place === SPREAD;
}
