/** The table `redis` of scripts and functions. Source: luaRegisterRedisAPI, luaRegisterLogFunction, scriptingInit. */

import { fromBytes } from "../base/utf8.ts";
import { Audience } from "../journal/journal.ts";
import { LogLevel } from "../log.ts";
import { REDIS_VERSION } from "../version.ts";
import { errorTable, raised, textOrNumber, untilNul } from "./error-values.ts";
import { isTrue, toNumber } from "./lua/operations.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaTable } from "./lua/table.ts";
import { type LuaResult, type LuaValue, NOTHING } from "./lua/value.ts";
import type { ScriptRunner } from "./run.ts";
import { sha1hex } from "./sha1.ts";

type Api = Record<string, LuaValue>;

/** The entries that scripts and functions share, in the order in which Redis makes them: `pairs` shows it. */
export function redisApi(runner: ScriptRunner, L: LuaState): Api {
  return {
    call: (...values) => runner.callCommand(L, values, true),
    pcall: (...values) => runner.callCommand(L, values, false),
    ...logApi(runner, L),
    ...VERSION_API,
    setresp: (...values) => setProtocol(runner, L, values),
    sha1hex: (...values) => {
      if (values.length !== 1) throw raised(L, "wrong number of arguments");
      return sha1hex(textOrNumber(values[0]) ?? "");
    },
    error_reply: (...values) => {
      const [text] = values;
      if (values.length !== 1 || typeof text !== "string") return errorTable("wrong number or type of arguments");
      return errorTable(text.startsWith("-") ? text : `-${text}`);
    },
    status_reply: (...values) => {
      const [text] = values;
      if (values.length !== 1 || typeof text !== "string") return errorTable("wrong number or type of arguments");
      const table = new LuaTable();
      table.set("ok", text);
      return table;
    },
    set_repl: (...values) => setPropagation(runner, L, values),
    REPL_NONE: Audience.NONE,
    REPL_AOF: Audience.FILE,
    REPL_SLAVE: Audience.REPLICAS,
    REPL_REPLICA: Audience.REPLICAS,
    REPL_ALL: Audience.ALL,
    acl_check_cmd: (...values) => runner.mayCall(L, values),
  };
}

/** What the code of a library may call while it is loaded, beside registering functions. */
export function logApi(runner: ScriptRunner, L: LuaState): Api {
  return {
    log: (...values) => writeLog(runner, L, values),
    LOG_DEBUG: LogLevel.debug,
    LOG_VERBOSE: LogLevel.verbose,
    LOG_NOTICE: LogLevel.notice,
    LOG_WARNING: LogLevel.warning,
  };
}

/** Likewise: `redis.REDIS_VERSION` and its number, two digits of hexadecimal for each part. */
export const VERSION_API = {
  REDIS_VERSION_NUM: versionNumber(REDIS_VERSION),
  REDIS_VERSION,
} as const;

/** What scripts have beside `redisApi`. There is no debugger, and effects are always replicated. */
export function evalApi(): Api {
  return {
    breakpoint: () => false,
    debug: () => NOTHING,
    replicate_commands: () => true,
  };
}

function versionNumber(version: string): number {
  return version.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

function setProtocol(runner: ScriptRunner, L: LuaState, values: readonly LuaValue[]): LuaResult {
  if (values.length !== 1) throw raised(L, "redis.setresp() requires one argument.");
  const protocol = toInt(values[0]);
  if (protocol !== 2 && protocol !== 3) throw raised(L, "RESP version must be 2 or 3.");
  runner.answer.protocol = protocol;
  return NOTHING;
}

function setPropagation(runner: ScriptRunner, L: LuaState, values: readonly LuaValue[]): LuaResult {
  if (values.length !== 1) throw raised(L, "redis.set_repl() requires one argument.");
  const propagation = toInt(values[0]);
  if ((propagation & ~Audience.ALL) !== 0) {
    throw raised(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  runner.propagation = propagation;
  return NOTHING;
}

function writeLog(runner: ScriptRunner, L: LuaState, values: readonly LuaValue[]): LuaResult {
  if (values.length < 2) throw raised(L, "redis.log() requires two arguments or more.");
  const [first, ...parts] = values;
  if (toNumber(first) === undefined) throw raised(L, "First argument must be a number (log level).");
  const level = toInt(first);
  if (level < LogLevel.debug || level > LogLevel.warning) throw raised(L, "Invalid debug level.");
  const { log } = runner.surroundings;
  if (level < log.level || !runner.mayLog()) return NOTHING;
  let text = "";
  parts.forEach((part, index) => {
    const word = textOrNumber(part);
    if (word !== undefined) text += index === 0 ? word : ` ${word}`;
  });
  log.write(level, fromBytes(untilNul(text)));
  return NOTHING;
}

/** The int that C makes of a value; 0 of what is no number. */
function toInt(value: LuaValue): number {
  return Math.trunc(toNumber(value) ?? 0) | 0;
}

/** The error handler that scripts run under, a global like any other: makes a table of an error. Source: scriptingInit. */
export function errorHandler(L: LuaState): (error: LuaValue) => LuaValue {
  return (error) => {
    const table = error instanceof LuaTable ? error : errorTable(textOrNumber(error) ?? String(isTrue(error)));
    const { chunk, line } = L.current;
    table.set("source", `@${chunk}`);
    table.set("line", line);
    return table;
  };
}
