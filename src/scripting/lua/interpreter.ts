/**
 * An interpreter of Lua 5.1 as Redis builds it: the globals with their libraries, and chunks compiled for them. Scripts share one,
 * libraries of functions another one.
 */

import { compile } from "./compiler.ts";
import { evaluator } from "./evaluator.ts";
import { baseLibrary } from "./library/base.ts";
import { bitLibrary } from "./library/bit.ts";
import { cjsonLibrary } from "./library/cjson.ts";
import { cmsgpackLibrary } from "./library/cmsgpack.ts";
import { coroutineLibrary } from "./library/coroutine.ts";
import { mathLibrary, type RandomNumbers } from "./library/math.ts";
import { stringLibrary } from "./library/string.ts";
import { structLibrary } from "./library/struct.ts";
import { tableLibrary } from "./library/table.ts";
import { chunkId, parse } from "./parser.ts";
import { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import type { LuaFunction, LuaValue } from "./value.ts";

/**
 * How a chunk is run: evaluated as it stands, compiled, or compiled to what can be left in the middle. Code that mentions coroutines must be
 * of the last form.
 */
export type Form = "evaluated" | "compiled" | "resumable";

/** A chunk that can be run. */
export interface Chunk {
  readonly main: LuaFunction;
  readonly form: Form;
  /** The chunk and all functions that came from it are not needed any more. */
  release(): void;
}

export interface LoadOptions {
  /** What it has instead where the text asks for it. */
  readonly form?: Form;
  /** How deep in calls from C the parser is called: 0 unless told. */
  readonly levels?: number;
}

export class Interpreter {
  readonly state = new LuaState();

  /** `random`: the numbers of math.random, which interpreters of one server share. */
  constructor(random: RandomNumbers) {
    const { state } = this;
    const { globals } = state;
    const strings = this.library(stringLibrary(state));
    // In the order in which Redis makes them, which `pairs` shows.
    globals.set("_G", globals);
    this.install(
      globals,
      baseLibrary(state, (text, chunk) => this.load(text, chunk, { levels: 1 + state.nativeDepth }).main),
    );
    globals.set("coroutine", this.library(coroutineLibrary(state)));
    globals.set("table", this.library(tableLibrary(state)));
    globals.set("string", strings);
    globals.set("math", this.library(mathLibrary(state, random)));
    globals.set("cjson", this.library(cjsonLibrary(state)));
    globals.set("struct", this.library(structLibrary(state)));
    globals.set("cmsgpack", this.library(cmsgpackLibrary(state)));
    globals.set("bit", this.library(bitLibrary(state)));
    state.stringMetatable.set("__index", strings);
  }

  /** A table of what a library is made of, with room for so many pairs from the start, on which the order of `pairs` depends. */
  library(entries: Readonly<Record<string, LuaValue>>, hashSize = Object.keys(entries).length): LuaTable {
    const table = new LuaTable(0, hashSize);
    this.install(table, entries);
    return table;
  }

  private install(table: LuaTable, entries: Readonly<Record<string, LuaValue>>): void {
    for (const [name, value] of Object.entries(entries)) {
      if (typeof value === "function") Object.assign(value, { native: true });
      table.set(name, value);
    }
  }

  /** Errors: LuaSyntaxError, with Lua's message. `chunkName`: as Lua wants it, `@name` for instance. */
  load(text: string, chunkName: string, { form: wanted = "compiled", levels = 0 }: LoadOptions = {}): Chunk {
    const { state } = this;
    const body = parse(text, chunkName, levels);
    const chunk = chunkId(chunkName);
    const form = text.includes("coroutine") ? "resumable" : wanted;
    const evaluated = form === "evaluated" ? evaluator(state, body, chunk) : null;
    const { main, firstSite, siteCount } = evaluated ?? compile(state, body, chunk, form === "resumable");
    const release = () => state.removeSites(firstSite, siteCount);
    return { main, form: evaluated === null && form === "evaluated" ? "compiled" : form, release };
  }
}
