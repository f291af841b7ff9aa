/**
 * A parsed chunk as functions that evaluate it. This takes less than a tenth of the time of compiling it (compiler.ts), and loops and
 * calls then take ten times as long: right for what runs once or a few times. Both do the same to the letter, the numbers of sites aside.
 *
 * A run that takes many steps (`LuaState.steps`) or goes deep calls `LuaState.tick`, which may throw so that the compiled form takes over.
 */

import { assert } from "../../assert.ts";
import type { CallExpression, Expression, FunctionBody, Local, Statement, Target } from "./ast.ts";
import {
  Activation,
  BREAK,
  Cell,
  EvaluatorContext,
  Layout,
  type List,
  NEXT,
  type One,
  RETURN,
  type Step,
  type Store,
  TAIL_CALL,
  TOO_NESTED,
} from "./evaluator-context.ts";
import { call, calledThing, condition, list, one, prepareCall, spreadOver } from "./evaluator-expressions.ts";
import { constantNumber, isRegister } from "./expression-facts.ts";
import { loopOver } from "./loops.ts";
import { callable, forNumber, legacyArg, setIndex } from "./operations.ts";
import type { LuaState } from "./state.ts";
import { type LuaFunction, type LuaValue, NOTHING } from "./value.ts";

/** Calls in calls take several times the room that those of compiled code do: a deeper one looks at the clock. */
const SHALLOW = 150;

/** A chunk that is evaluated as it runs. */
export interface Evaluated {
  readonly main: LuaFunction;
  /** What to hand to `LuaState.removeSites` when the chunk is not needed any more. */
  readonly firstSite: number;
  readonly siteCount: number;
}

/** Makes a chunk ready to be evaluated. `chunk`: its name as messages show it. Returns null for one that has to be compiled. */
export function evaluator(L: LuaState, body: FunctionBody, chunk: string): Evaluated | null {
  const firstSite = L.nextSite;
  const context = new ChunkEvaluator(L, chunk, new Layout(body));
  try {
    const main = context.main(body);
    L.addSites(context.sites);
    return { main, firstSite, siteCount: context.sites.length };
  } catch (error) {
    if (error !== TOO_NESTED) throw error;
    return null;
  }
}

/** A function of Lua, without the variables of others that it uses. */
interface Code {
  readonly run: Step;
  readonly parameters: number;
  /** The slots of parameters that need cells. */
  readonly captured: readonly number[];
  readonly hasVarargs: boolean;
  /** Where the table `arg` goes. */
  readonly legacyArg: ((a: Activation, value: LuaValue) => void) | null;
  readonly site: number;
}

class ChunkEvaluator extends EvaluatorContext {
  main(body: FunctionBody): LuaFunction {
    return instantiate(this.L, this.code(body, this.layout), []);
  }

  // ---- functions

  functionExpression(body: FunctionBody): One {
    const { L, layout: outer } = this;
    const inner = new Layout(body);
    this.layout = inner;
    const code = this.code(body, inner);
    this.layout = outer;
    const cells = inner.upvalues.map((local) => cellIn(outer, local));
    return (a) =>
      instantiate(
        L,
        code,
        cells.map((find) => find(a)),
      );
  }

  private code(body: FunctionBody, layout: Layout): Code {
    for (const parameter of body.parameters) layout.slotOf(parameter);
    const captured = body.parameters.filter(({ isCaptured }) => isCaptured).map((parameter) => layout.slotOf(parameter));
    const arg = body.legacyArg === null ? null : this.declare(body.legacyArg);
    const run = this.block(body.body);
    const { hasVarargs, parameters } = body;
    return { run, parameters: parameters.length, captured, hasVarargs, legacyArg: arg, site: this.site(Math.max(1, body.line)) };
  }

  // ---- statements

  private block(statements: readonly Statement[]): Step {
    const steps = statements.map((statement) => this.statement(statement));
    const [only] = steps;
    if (only !== undefined && steps.length === 1) return only;
    return (a) => {
      for (const step of steps) {
        const end = step(a);
        if (end !== NEXT) return end;
      }
      return NEXT;
    };
  }

  private statement(statement: Statement): Step {
    switch (statement.kind) {
      case "local":
        return this.localStatement(statement.locals, statement.values);
      case "localFunction":
        return this.localFunction(statement.local, statement.function);
      case "assign":
        return this.assignment(statement.targets, statement.values);
      case "callStatement": {
        const results = call(this, statement.call);
        return (a) => {
          results(a);
          return NEXT;
        };
      }
      case "do":
        return this.block(statement.body);
      case "while":
        return this.whileStatement(statement.condition, statement.body);
      case "repeat":
        return this.repeatStatement(statement.body, statement.condition);
      case "if":
        return this.ifStatement(statement);
      case "numericFor":
        return this.numericFor(statement);
      case "genericFor":
        return this.genericFor(statement);
      case "return":
        return this.returnStatement(statement.values);
      case "break":
        return () => BREAK;
    }
  }

  /** A new variable, each time. */
  private declare(local: Local): Store {
    const slot = this.layout.slotOf(local);
    if (local.isCaptured) {
      return (a, value) => {
        a.slots[slot] = new Cell(value);
      };
    }
    return (a, value) => {
      a.slots[slot] = value;
    };
  }

  private localStatement(locals: readonly Local[], values: readonly Expression[]): Step {
    const [local] = locals;
    const [first] = values;
    if (locals.length === 1 && values.length === 1 && local !== undefined && first !== undefined) {
      const value = one(this, first);
      const declare = this.declare(local);
      return (a) => {
        declare(a, value(a));
        return NEXT;
      };
    }
    const evaluate = spreadOver(this, values, locals.length);
    const declarations = locals.map((each) => this.declare(each));
    return (a) => {
      const found = evaluate(a);
      declarations.forEach((declare, place) => {
        declare(a, found[place]);
      });
      return NEXT;
    };
  }

  private localFunction(local: Local, body: FunctionBody): Step {
    const declare = this.declare(local);
    const store = this.storeIn(local);
    const value = this.functionExpression(body);
    return (a) => {
      declare(a, undefined);
      store(a, value(a));
      return NEXT;
    };
  }

  // ---- assignments

  private assignment(targets: readonly Target[], values: readonly Expression[]): Step {
    const [target] = targets;
    const [value] = values;
    if (targets.length > 1 || values.length > 1 || target === undefined || value === undefined) return this.assignAll(targets, values);
    if (target.kind === "index") return this.assignField(target, value);
    const found = one(this, value);
    const store = this.storeTo(target);
    return (a) => {
      store(a, found(a));
      return NEXT;
    };
  }

  private assignField(target: Extract<Target, { kind: "index" }>, value: Expression): Step {
    const { L } = this;
    const object = one(this, target.object);
    const key = one(this, target.key);
    const found = one(this, value);
    const site = this.site(target.line, target.object);
    // Registers are read last.
    const objectIsLate = isRegister(target.object);
    const keyIsLate = isRegister(target.key);
    return (a) => {
      const early = objectIsLate ? undefined : object(a);
      const earlyKey = keyIsLate ? undefined : key(a);
      const stored = found(a);
      setIndex(L, objectIsLate ? object(a) : early, keyIsLate ? key(a) : earlyKey, stored, site);
      return NEXT;
    };
  }

  /** The tables and keys first, then the values; the last target is assigned first. */
  private assignAll(targets: readonly Target[], values: readonly Expression[]): Step {
    const places = targets.map((target) => this.place(target, targets));
    const evaluate = spreadOver(this, values, targets.length);
    return (a) => {
      const stores = places.map((place) => place(a));
      const found = evaluate(a);
      for (let place = stores.length - 1; place >= 0; place--) stores[place]?.(found[place]);
      return NEXT;
    };
  }

  /** Finds where a target is, and gives what stores a value there. */
  private place(target: Target, targets: readonly Target[]): (a: Activation) => (value: LuaValue) => void {
    if (target.kind !== "index") {
      const store = this.storeTo(target);
      return (a) => (value) => store(a, value);
    }
    const { L } = this;
    const object = this.targetPart(target.object, targets);
    const key = this.targetPart(target.key, targets);
    const site = this.site(target.line, target.object);
    return (a) => {
      const findObject = object(a);
      const findKey = key(a);
      return (value) => setIndex(L, findObject(), findKey(), value, site);
    };
  }

  /** A table or key among several targets: a local is looked at when the store happens, unless it is itself a target. */
  private targetPart(part: Expression, targets: readonly Target[]): (a: Activation) => () => LuaValue {
    const value = one(this, part);
    const isTarget = part.kind === "local" && targets.some((target) => target.kind === "local" && target.local === part.local);
    if (isRegister(part) && !isTarget) return (a) => () => value(a);
    return (a) => {
      const found = value(a);
      return () => found;
    };
  }

  private storeTo(target: Target): Store {
    if (target.kind === "local") return this.storeIn(target.local);
    assert(target.kind === "global", "an index is stored with its table and key");
    const { L } = this;
    const { name } = target;
    const site = this.site(target.line, target);
    return (_, value) => setIndex(L, L.globals, name, value, site);
  }

  private storeIn(local: Local): Store {
    const { layout } = this;
    if (local.owner === layout.body && !local.isCaptured) return this.declare(local);
    const find = cellIn(layout, local);
    return (a, value) => {
      find(a).value = value;
    };
  }

  // ---- blocks

  private ifStatement({ branches, otherwise }: Extract<Statement, { kind: "if" }>): Step {
    const tests = branches.map((branch) => condition(this, branch.condition));
    const bodies = branches.map(({ body }) => this.block(body));
    const last = otherwise === null ? null : this.block(otherwise);
    return (a) => {
      for (let place = 0; place < tests.length; place++) if (tests[place]?.(a)) return (bodies[place] as Step)(a);
      return last === null ? NEXT : last(a);
    };
  }

  private whileStatement(test: Expression, statements: readonly Statement[]): Step {
    const { L } = this;
    const goesOn = condition(this, test);
    const body = this.block(statements);
    return (a) => {
      while (goesOn(a)) {
        if (--L.steps < 0) L.tick();
        const end = body(a);
        if (end === BREAK) break;
        if (end !== NEXT) return end;
      }
      return NEXT;
    };
  }

  private repeatStatement(statements: readonly Statement[], test: Expression): Step {
    const { L } = this;
    const body = this.block(statements);
    const isOver = condition(this, test);
    return (a) => {
      for (;;) {
        if (--L.steps < 0) L.tick();
        const end = body(a);
        if (end === BREAK) return NEXT;
        if (end !== NEXT) return end;
        if (isOver(a)) return NEXT;
      }
    };
  }

  private numericFor(statement: Extract<Statement, { kind: "numericFor" }>): Step {
    const { L } = this;
    const { variable, start, limit, step, line } = statement;
    const values = [start, limit, step ?? ({ kind: "number", value: 1 } as const)].map((value) => one(this, value)) as [One, One, One];
    const site = this.site(line);
    const declare = this.declare(variable);
    const body = this.block(statement.body);
    // Lua goes a step back and forward again, and so does its rounding.
    const isExact = [start, step].every((value) => value === null || Number.isSafeInteger(constantNumber(value) ?? 0.5));
    return (a) => {
      // All three are evaluated before any is looked at.
      const [x, y, z] = [values[0](a), values[1](a), values[2](a)];
      const from = forNumber(L, x, "initial", site);
      const to = forNumber(L, y, "limit", site);
      const by = forNumber(L, z, "step", site);
      for (let i = isExact ? from : from - by + by; by > 0 ? i <= to : i >= to; i += by) {
        if (--L.steps < 0) L.tick();
        declare(a, i);
        const end = body(a);
        if (end === BREAK) break;
        if (end !== NEXT) return end;
      }
      return NEXT;
    };
  }

  private genericFor({ variables, values, body: statements, line }: Extract<Statement, { kind: "genericFor" }>): Step {
    const { L } = this;
    const evaluate = spreadOver(this, values, 3);
    const site = this.site(line, "local '(for generator)'");
    // Lua calls a copy of it, which has no name.
    const unnamed = this.site(line);
    const declarations = variables.map((variable) => this.declare(variable));
    const body = this.block(statements);
    return (a) => {
      const [callee, state, control] = evaluate(a);
      const loop = loopOver(L, callee, state, control, site, unnamed);
      while (loop.step()) {
        declarations.forEach((declare, place) => {
          declare(a, place === 0 ? loop.key : place === 1 ? loop.value : loop.at(place));
        });
        if (--L.steps < 0) L.tick();
        const end = body(a);
        if (end === BREAK) break;
        if (end !== NEXT) return end;
      }
      return NEXT;
    };
  }

  private returnStatement(values: readonly Expression[]): Step {
    const [value] = values;
    if (value === undefined) return () => RETURN;
    if (values.length > 1) return this.returnList(list(this, values));
    if (value.kind === "call" || value.kind === "method") return this.tailCall(value);
    if (value.kind === "varargs") return this.returnList((a) => a.varargs as LuaValue[]);
    const result = one(this, value);
    return (a) => {
      a.result = result(a);
      return RETURN;
    };
  }

  private returnList(values: List): Step {
    return (a) => {
      const found = values(a);
      a.result = found.length === 1 ? found[0] : found;
      return RETURN;
    };
  }

  /** A function that calls another one last leaves the stack first: there may be any number of such calls. */
  private tailCall(expression: CallExpression): Step {
    const { L } = this;
    const prepare = prepareCall(this, expression);
    const site = this.site(expression.line, calledThing(expression));
    return (a) => {
      const [callee, values] = prepare(a);
      L.sites[a.depth] = site;
      const called = typeof callee === "function" ? callee : callable(L, callee, site);
      if (called.native === undefined) {
        a.callee = called;
        a.values = values;
        return TAIL_CALL;
      }
      a.result = called(...values);
      return RETURN;
    };
  }
}

/** Finds the cell of a variable. */
function cellIn(layout: Layout, local: Local): (a: Activation) => Cell {
  if (local.owner === layout.body) {
    const slot = layout.slotOf(local);
    return (a) => a.slots[slot] as Cell;
  }
  const place = layout.cellOf(local);
  return (a) => a.cells[place] as Cell;
}

/** A function with the variables of others that it uses. */
function instantiate(L: LuaState, code: Code, cells: readonly Cell[]): LuaFunction {
  const { run, parameters, captured, hasVarargs, legacyArg: storeArg, site } = code;
  return (...values) => {
    const depth = ++L.depth;
    L.sites[depth] = site;
    L.tails[depth] = L.tail;
    L.tail = 0;
    if (depth > L.maxDepth) throw L.overflow();
    if (--L.steps < 0 || depth > SHALLOW) L.tick();
    const varargs = hasVarargs ? values.slice(parameters) : NOTHING;
    // What else was given is in the way of other variables, which begin as nil.
    const slots: (LuaValue | Cell)[] = values;
    for (const slot of captured) slots[slot] = new Cell(values[slot]);
    const a = new Activation(slots, varargs, cells, depth);
    if (storeArg !== null) storeArg(a, legacyArg(varargs as LuaValue[]));
    const end = run(a);
    L.depth = depth - 1;
    if (end !== TAIL_CALL) return a.result;
    L.tail = (L.tails[depth] as number) + 1;
    return (a.callee as LuaFunction)(...a.values);
  };
}
