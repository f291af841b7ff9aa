/**
 * What function libraries see. While its code is loaded a library sees a `redis` with which it can register functions, and nothing else;
 * the functions see what scripts see, read-only. Both find it under the same globals. Source: luaEngineInitEngine, luaEngineCreate.
 */

import type { Interpreter } from "../lua/interpreter.ts";
import { setMetatable } from "../lua/operations.ts";
import type { LuaTable } from "../lua/table.ts";
import type { LuaFunction } from "../lua/value.ts";
import { protectGlobals, protectTable } from "../protection.ts";
import { logApi, redisApi, VERSION_API } from "../redis-api.ts";
import type { ScriptRunner } from "../run.ts";

export class LuaEnvironment {
  readonly interpreter: Interpreter;
  /** What the globals hold while functions run, and while a library is loaded. */
  private readonly running: LuaTable["hash"];
  private readonly loading: LuaTable["hash"];

  /** `register`: redis.register_function. */
  constructor(interpreter: Interpreter, runner: ScriptRunner, register: LuaFunction) {
    this.interpreter = interpreter;
    const { state } = interpreter;
    const { globals } = state;
    globals.set("redis", interpreter.library(redisApi(runner, state), 0));
    protectGlobals(state);
    const api = interpreter.library({ register_function: register, ...logApi(runner, state), ...VERSION_API }, 0);
    setMetatable(api, globals.metatable);
    protectTable(api);
    this.running = globals.hash;
    this.loading = new Map([["redis", api]]);
  }

  /** Does `work`, the code of a library, with the globals of one. */
  whileLoading(work: () => void): void {
    const { globals } = this.interpreter.state;
    // Chunks find their globals in one table for good. Nothing looks at its order meanwhile: it cannot be reached as a value.
    globals.hash = this.loading;
    try {
      work();
    } finally {
      globals.hash = this.running;
    }
  }
}
