/**
 * From a parsed chunk to JavaScript. The text that comes out holds names of its own making only (`l1` a local variable, `t1` a temporary,
 * `k1` a constant string, and the names of RUNTIME), numbers, and strings without anything to escape: nothing that a script says gets into
 * it any other way. Each function keeps account of the calls under way (`LuaState.sites`), which messages of errors need.
 *
 * The same chunk can be compiled in a second form, of generator functions that can be left in the middle: for coroutines, and for
 * scripts that run for so long that others must have their turn.
 */

import { assert } from "../../assert.ts";
import type { CallExpression, Expression, FunctionBody, Local, Statement, Target } from "./ast.ts";
import { ChunkContext, FunctionScope } from "./compiler-context.ts";
import * as emit from "./compiler-expressions.ts";
import { constantNumber, isSimple, nameOf } from "./expression-facts.ts";
import { RUNTIME, RUNTIME_NAMES } from "./runtime.ts";
import type { LuaState, Site } from "./state.ts";
import type { LuaFunction } from "./value.ts";

/** Turns of a loop that count as one look at the budget: taking each from there costs as much as a short turn itself. */
const TURNS = 1000;

export interface Compiled {
  readonly main: LuaFunction;
  /** What to hand to `LuaState.removeSites` when the chunk is not needed any more. */
  readonly firstSite: number;
  readonly siteCount: number;
}

/** The text of a chunk in JavaScript, and what it refers to. */
export interface Emitted {
  readonly text: string;
  readonly constants: readonly string[];
  readonly sites: readonly Site[];
}

type Factory = (L: LuaState, K: readonly string[], R: typeof RUNTIME) => LuaFunction;

/** Compiles a chunk for this interpreter. `chunk`: its name as messages show it. */
export function compile(L: LuaState, body: FunctionBody, chunk: string, resumable: boolean): Compiled {
  const firstSite = L.nextSite;
  const { text, constants, sites } = new ChunkCompiler(chunk, firstSite, resumable).compile(body);
  L.addSites(sites);
  const factory = new Function("L", "K", "R", text) as Factory;
  return { main: factory(L, constants, RUNTIME), firstSite, siteCount: sites.length };
}

/** What a chunk becomes, for tests to look at. */
export function emitChunk(body: FunctionBody, chunk: string, firstSite: number, resumable: boolean): Emitted {
  return new ChunkCompiler(chunk, firstSite, resumable).compile(body);
}

class ChunkCompiler extends ChunkContext {
  compile(body: FunctionBody): Emitted {
    const main = this.functionExpression(body);
    const constants = this.constants.map((_, place) => `k${place}=K[${place}]`);
    const declared = constants.length === 0 ? "" : `const ${constants.join(",")};\n`;
    return {
      text: `"use strict";const {${RUNTIME_NAMES.join(",")}}=R,G=L.globals;\n${declared}return ${main};`,
      constants: this.constants,
      sites: this.sites,
    };
  }

  // ---- functions

  /**
   * A function of Lua. `d` is its place on the stack of calls, which it leaves when it returns; the stack `S` is that of the coroutine
   * that runs it.
   */
  functionExpression(body: FunctionBody): string {
    const outer = this.scope;
    const scope = new FunctionScope(body);
    this.scope = scope;
    const statements = this.block(body.body);
    const parameters = body.parameters.map(({ id }) => `l${id}`);
    if (body.hasVarargs) parameters.push("...va");
    const temporaries = Array.from({ length: scope.most }, (_, place) => `t${place + 1}`);
    const loops = scope.hasLoops ? "let w=0;" : "";
    const declared = temporaries.length === 0 ? loops : `${loops}let ${temporaries.join(",")};`;
    const legacy = body.legacyArg === null ? "" : `let l${body.legacyArg.id}=legacyArg(va);`;
    const step = this.resumable ? "if(--L.steps<0&&L.tick())yield TICK;" : "if(--L.steps<0)L.tick();";
    const enter = `const d=++L.depth,S=L.sites,T=L.tails;T[d]=L.tail;L.tail=0;S[d]=${this.site(Math.max(1, body.line))};if(d>L.maxDepth)throw L.overflow();${step}`;
    const leave = endsInReturn(body.body) ? "" : "L.depth=d-1;return NOTHING;";
    this.scope = outer;
    const code = `${enter}${declared}${legacy}\n${statements}${leave}`;
    if (!this.resumable) return `function(${parameters.join(",")}){${code}}`;
    return `suspendable(L,function*(${parameters.join(",")}){${code}})`;
  }

  /** A turn of a loop: counted on the spot, `w`, and only now and then on the budget. */
  private turn(): string {
    this.scope.hasLoops = true;
    const spend = `L.spend(${TURNS})`;
    return `if(++w>${TURNS}){w=0;${this.resumable ? `if(${spend})yield TICK` : spend}}`;
  }

  // ---- statements

  block(statements: readonly Statement[]): string {
    let text = "";
    for (const statement of statements) {
      const { used } = this.scope;
      text += `${this.statement(statement)}\n`;
      this.scope.used = used;
    }
    return text;
  }

  private statement(statement: Statement): string {
    switch (statement.kind) {
      case "local":
        return this.localStatement(statement.locals, statement.values);
      case "localFunction":
        return `let l${statement.local.id};l${statement.local.id}=${this.functionExpression(statement.function)};`;
      case "assign":
        return this.assignment(statement.targets, statement.values);
      case "callStatement":
        return `${emit.call(this, statement.call)};`;
      case "do":
        return `{${this.block(statement.body)}}`;
      case "while":
        return `while(${emit.condition(this, statement.condition)}){${this.turn()}\n${this.block(statement.body)}}`;
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
        return "break;";
    }
  }

  private localStatement(locals: readonly Local[], values: readonly Expression[]): string {
    const [local] = locals;
    if (locals.length === 1 && values.length === 1 && local !== undefined) {
      return `let l${local.id}=${emit.single(this, values[0] as Expression)};`;
    }
    if (values.length === 0) return `let ${locals.map(({ id }) => `l${id}`).join(",")};`;
    const names = emit.spreadOver(this, values, locals.length);
    return `${names.before}let ${locals.map(({ id }, place) => `l${id}=${names.values[place] ?? "undefined"}`).join(",")};`;
  }

  private assignment(targets: readonly Target[], values: readonly Expression[]): string {
    const [target] = targets;
    if (targets.length === 1 && values.length === 1 && target !== undefined) {
      const [value] = values;
      if (target.kind !== "index") return `${this.store(target, emit.single(this, value as Expression))};`;
      const object = emit.operand(this, target.object, [target.key, value as Expression]);
      const key = emit.operand(this, target.key, [value as Expression]);
      const stored = emit.settled(this, value as Expression);
      return `${emit.statements([...object.before, ...key.before, ...stored.before])}${this.storeAt(target, object.value, key.value, stored.value)};`;
    }
    // The tables and keys first, then the values; the last target is assigned first.
    const places = targets.map((each) => {
      if (each.kind !== "index") return null;
      const object = this.targetPart(each.object, targets);
      const key = this.targetPart(each.key, targets);
      return { before: emit.statements([...object.before, ...key.before]), object: object.value, key: key.value };
    });
    const sources = emit.spreadOver(this, values, targets.length);
    let text = places.map((place) => place?.before ?? "").join("") + sources.before;
    for (let place = targets.length - 1; place >= 0; place--) {
      const each = targets[place] as Target;
      const value = sources.values[place] ?? "undefined";
      const at = places[place];
      text += `${each.kind === "index" && at ? this.storeAt(each, at.object, at.key, value) : this.store(each, value)};`;
    }
    return text;
  }

  /** A table or key among several targets: a local is looked at when the store happens, unless it is itself a target. */
  private targetPart(part: Expression, targets: readonly Target[]): emit.Prepared {
    const isTarget = part.kind === "local" && targets.some((target) => target.kind === "local" && target.local === part.local);
    return isTarget ? emit.saved(this, part) : emit.operand(this, part, targets);
  }

  private store(target: Target, value: string): string {
    if (target.kind === "local") return `l${target.local.id}=${value}`;
    assert(target.kind === "global", "an index is stored with its table and key");
    return `setIndex(L,G,${this.string(target.name)},${value},${this.site(target.line, `global '${target.name}'`)})`;
  }

  private storeAt(target: Extract<Target, { kind: "index" }>, object: string, key: string, value: string): string {
    const store = target.key.kind === "string" ? "setField" : "setIndex";
    return `${store}(L,${object},${key},${value},${this.site(target.line, nameOf(target.object))})`;
  }

  private repeatStatement(body: readonly Statement[], condition: Expression): string {
    const statements = this.block(body);
    // A body that ends in `break` or `return` never gets to the condition.
    const end = endsInReturn(body) || body.at(-1)?.kind === "break" ? "" : `if(${emit.condition(this, condition)})break;`;
    return `for(;;){${this.turn()}\n${statements}${end}}`;
  }

  private ifStatement({ branches, otherwise }: Extract<Statement, { kind: "if" }>): string {
    let text = "";
    for (const { condition, body } of branches) {
      text += `${text === "" ? "" : "else "}if(${emit.condition(this, condition)}){${this.block(body)}}`;
    }
    return otherwise === null ? text : `${text}else{${this.block(otherwise)}}`;
  }

  private numericFor(statement: Extract<Statement, { kind: "numericFor" }>): string {
    const { variable, start, limit, step, body, line } = statement;
    const from = this.scope.temporary();
    const to = this.scope.temporary();
    const by = this.scope.temporary();
    const site = this.site(line);
    const number = (value: Expression, what: string) =>
      emit.isNumber(this, value) ? emit.single(this, value) : `forNumber(L,${emit.single(this, value)},"${what}",${site})`;
    // All three are evaluated before any is looked at.
    const plain = [start, limit, step].every((value) => value === null || isSimple(value));
    let head: string;
    if (plain) {
      head = `${from}=${number(start, "initial")};${to}=${number(limit, "limit")};${by}=${step === null ? "1" : number(step, "step")};`;
    } else {
      const evaluated = `${from}=${emit.single(this, start)};${to}=${emit.single(this, limit)};${by}=${step === null ? "1" : emit.single(this, step)};`;
      head = `${evaluated}${from}=forNumber(L,${from},"initial",${site});${to}=forNumber(L,${to},"limit",${site});${by}=forNumber(L,${by},"step",${site});`;
    }
    const [up, down] = [`i<=n`, `i>=n`];
    const constant = step === null ? 1 : constantNumber(step);
    const test = constant === null ? `s>0?${up}:${down}` : constant > 0 ? up : down;
    const advance = constant === null ? "i+=s" : `i+=${constant < 0 ? `(${constant})` : constant}`;
    const declared = constant === null ? `,s=${by}` : "";
    // Lua goes a step back and forward again, and so does its rounding.
    const isExact = [start, step].every((value) => value === null || Number.isSafeInteger(constantNumber(value) ?? 0.5));
    const first = isExact ? from : `${from}-${by}+${by}`;
    return `${head}{const n=${to}${declared};for(let i=${first};${test};${advance}){let l${variable.id}=i;${this.turn()}\n${this.block(body)}}}`;
  }

  private genericFor({ variables, values, body, line }: Extract<Statement, { kind: "genericFor" }>): string {
    const { before, values: sources } = emit.spreadOver(this, values, 3);
    const [callee, state = "undefined", control = "undefined"] = sources;
    const loop = this.scope.temporary();
    const site = this.site(line, "local '(for generator)'");
    // Lua calls a copy of it, which has no name.
    const begun = `${loop}=loopOver(L,${callee},${state},${control},${site},${this.site(line)});`;
    const called = `${loop}.take(yield* iterate(L,${loop}.callee,${loop}.state,${loop}.key))`;
    const step = this.resumable ? `(${loop}.callee===undefined?${loop}.step():(S[d]=${site},${called}))` : `${loop}.step()`;
    const declared = variables.map(({ id }, place) => `l${id}=${loop}.${["key", "value"][place] ?? `at(${place})`}`);
    return `${before}${begun}for(;;){if(!${step})break;let ${declared.join(",")};${this.turn()}\n${this.block(body)}}`;
  }

  private returnStatement(values: readonly Expression[]): string {
    const [value] = values;
    if (values.length === 0) return "L.depth=d-1;return NOTHING;";
    if (values.length === 1 && value !== undefined) {
      if (value.kind === "call" || value.kind === "method") return this.tailCall(value);
      if (value.kind === "varargs") return "L.depth=d-1;return va.length===1?va[0]:va;";
      if (isSimple(value)) return `L.depth=d-1;return ${emit.single(this, value)};`;
    }
    const result = this.scope.temporary();
    return `${result}=${emit.results(this, values)};L.depth=d-1;return ${result};`;
  }

  /** A function that calls another one last leaves the stack first: there may be any number of such calls. */
  private tailCall(call: CallExpression): string {
    const { before, callee, values, site } = emit.prepareCall(this, call);
    const result = this.scope.temporary();
    if (this.resumable) {
      return (
        `${emit.statements(before)}S[d]=${site};if(${callee}.steps!==undefined){L.depth=d-1;return new TailCall(${callee},[${values}],T[d]+1);}` +
        `${result}=(yield* enter(${callee},[${values}]));L.depth=d-1;return ${result};`
      );
    }
    return (
      `${emit.statements(before)}S[d]=${site};if(${callee}.native===undefined){L.depth=d-1;L.tail=T[d]+1;return ${callee}(${values});}` +
      `${result}=${callee}(${values});L.depth=d-1;return ${result};`
    );
  }
}

function endsInReturn(statements: readonly Statement[]): boolean {
  return statements.at(-1)?.kind === "return";
}
