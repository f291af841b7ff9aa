/** What the two halves of the evaluator share: how a run of a function looks, and where its variables are. */

import type { Expression, FunctionBody, Local } from "./ast.ts";
import { nameOf } from "./expression-facts.ts";
import { Constants } from "./sites.ts";
import type { LuaState, Site } from "./state.ts";
import { type LuaFunction, type LuaResult, type LuaValue, NOTHING } from "./value.ts";

/** A local variable that several functions use. */
export class Cell {
  value: LuaValue;

  constructor(value: LuaValue) {
    this.value = value;
  }
}

/** A call of a function of Lua that is under way. */
export class Activation {
  /** The local variables, those in cells aside: what the function was called with comes first. */
  readonly slots: (LuaValue | Cell)[];
  readonly varargs: readonly LuaValue[];
  /** The variables of functions around it that it uses. */
  readonly cells: readonly Cell[];
  /** Its place on the stack of calls. */
  readonly depth: number;
  /** What it returns; or what it calls last, with these values. */
  result: LuaResult = NOTHING;
  callee: LuaFunction | null = null;
  values: readonly LuaValue[] = [];

  constructor(slots: (LuaValue | Cell)[], varargs: readonly LuaValue[], cells: readonly Cell[], depth: number) {
    this.slots = slots;
    this.varargs = varargs;
    this.cells = cells;
    this.depth = depth;
  }
}

/** How a statement ends. */
export const NEXT = 0;
export const BREAK = 1;
export const RETURN = 2;
export const TAIL_CALL = 3;

/** An expression for one value, for all results of a call, for a list of values; a condition; a statement. */
export type One = (a: Activation) => LuaValue;
export type Many = (a: Activation) => LuaResult;
export type List = (a: Activation) => LuaValue[];
export type Test = (a: Activation) => boolean;
export type Step = (a: Activation) => number;
/** Gives a variable or a field a value. */
export type Store = (a: Activation, value: LuaValue) => void;

/** Where a function has its variables. */
export class Layout extends Constants {
  readonly body: FunctionBody;
  /** The variables of functions around it that it uses, in the order of its cells. */
  readonly upvalues: Local[] = [];
  private readonly slots = new Map<Local, number>();

  constructor(body: FunctionBody) {
    super();
    this.body = body;
  }

  /** Of one of its own. */
  slotOf(local: Local): number {
    let slot = this.slots.get(local);
    if (slot === undefined) {
      slot = this.slots.size;
      this.slots.set(local, slot);
    }
    return slot;
  }

  /** Of one of another function. */
  cellOf(local: Local): number {
    const cell = this.upvalues.indexOf(local);
    return cell >= 0 ? cell : this.upvalues.push(local) - 1;
  }
}

/** An expression in an expression in an expression ...: such code is not evaluated, but compiled. */
const MAX_NESTING = 150;

/** Thrown where a chunk is not for the evaluator. */
export const TOO_NESTED = new Error("expressions are nested too deeply for the evaluator");

/** A place in a chunk that is evaluated: names are made up only when an error needs them. */
class EvaluatedSite implements Site {
  readonly chunk: string;
  readonly line: number;
  private readonly leftOperand: Expression | string;
  private readonly rightOperand: Expression | string;

  constructor(chunk: string, line: number, left: Expression | string, right: Expression | string) {
    this.chunk = chunk;
    this.line = line;
    this.leftOperand = left;
    this.rightOperand = right;
  }

  get left(): string {
    return nameOfOperand(this.leftOperand);
  }

  get right(): string {
    return nameOfOperand(this.rightOperand);
  }
}

function nameOfOperand(operand: Expression | string): string {
  return typeof operand === "string" ? operand : nameOf(operand);
}

export abstract class EvaluatorContext {
  readonly L: LuaState;
  readonly sites: Site[] = [];
  /** Of the function whose body is being read. */
  layout: Layout;
  private readonly chunk: string;
  private readonly firstSite: number;
  private nesting = 0;

  constructor(L: LuaState, chunk: string, layout: Layout) {
    this.L = L;
    this.chunk = chunk;
    this.firstSite = L.nextSite;
    this.layout = layout;
  }

  /** A function as an expression. */
  abstract functionExpression(body: FunctionBody): One;

  /** The number of a new site: see SiteList. `left`, `right`: the operands, or what they are called. */
  site(line: number, left: Expression | string = "", right: Expression | string = ""): number {
    this.sites.push(new EvaluatedSite(this.chunk, line, left, right));
    return this.firstSite + this.sites.length - 1;
  }

  /** An expression in another one begins. */
  enter(): void {
    if (++this.nesting > MAX_NESTING) throw TOO_NESTED;
  }

  leave(): void {
    this.nesting--;
  }
}
