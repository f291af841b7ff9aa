/** Runs scripts about data in our interpreter and in a real Redis, and expects that both show the same. */

import { afterAll, beforeAll, expect } from "bun:test";
import { type Form, Interpreter } from "../../../src/scripting/lua/interpreter.ts";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { LuaTable } from "../../../src/scripting/lua/table.ts";
import { first } from "../../../src/scripting/lua/value.ts";
import { connect, type RawClient, replyText } from "../../support/client.ts";
import type { ServerProcess } from "../../support/process.ts";
import { Random } from "../../support/property.ts";
import { startRedis } from "../../support/redis.ts";
import { FORMS } from "./run.ts";

/** `show(...)`: all of its arguments as text. */
const PRELUDE = `local zero = 0
local function show(...)
  local out = {}
  for i = 1, select('#', ...) do
    local v = (select(i, ...))
    local t = type(v)
    if t == 'table' then
      for k in pairs(v) do if type(k) == 'table' then return '{keys in no order}' end end
      local o = {}
      for k, x in pairs(v) do o[#o + 1] = '[' .. show(k) .. ']=' .. show(x) end
      out[i] = '{' .. table.concat(o, ',') .. '}'
    elseif t == 'string' then out[i] = '"' .. v .. '"'
    elseif t == 'number' then out[i] = v ~= v and tostring(v) or string.format('%.17g', v)
    elseif t == 'function' then out[i] = t
    else out[i] = tostring(v) end
  end
  return table.concat(out, ' ')
end
`;

/** Expressions in one script, and what is between their results. */
const AT_ONCE = 50;
const BETWEEN = "|next|";

export class DataOracle {
  private readonly redis: ServerProcess;
  private readonly client: RawClient;
  private readonly random = new RandomNumbers();
  private readonly interpreter = new Interpreter(this.random);

  private constructor(redis: ServerProcess, client: RawClient) {
    this.redis = redis;
    this.client = client;
  }

  static async start(): Promise<DataOracle> {
    const redis = await startRedis();
    return new DataOracle(redis, await connect(redis.port));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.redis.stop();
  }

  /**
   * Expects that each of these expressions has the same values or the same error on both sides; `show` is there to be used. `mask` takes out
   * of a result what may differ.
   */
  async compare(expressions: readonly string[], mask: (result: string) => string = (result) => result): Promise<void> {
    for (let from = 0; from < expressions.length; from += AT_ONCE) {
      const some = expressions.slice(from, from + AT_ONCE);
      const calls = some.map((expression) => `out[#out + 1] = show(pcall(function() return ${expression} end))\n`).join("");
      const script = `${PRELUDE}local out = {} ${calls} return table.concat(out, '${BETWEEN}')`;
      const theirs = mask(await this.runThere(script, "")).split(BETWEEN);
      const { state } = this.interpreter;
      const mark = this.random.mark();
      state.forgetChanges();
      for (const form of FORMS) {
        state.undoChanges();
        this.random.restore(mark);
        const ours = mask(this.runHere(script, "", form)).split(BETWEEN);
        for (const [place, expression] of some.entries()) {
          expect({ form, expression, result: ours[place] }).toEqual({ form, expression, result: theirs[place] });
        }
      }
    }
  }

  /** Expects that `script` makes the same of these bytes, which it has in ARGV[1]; `show` is there to be used. */
  async compareInput(script: string, input: string): Promise<void> {
    const theirs = await this.runThere(PRELUDE + script, input);
    const ours = this.runHere(PRELUDE + script, input, "compiled");
    if (ours !== theirs) expect({ script, input, result: ours }).toEqual({ script, input, result: theirs });
  }

  private async runThere(script: string, input: string): Promise<string> {
    return replyText(await this.client.command("EVAL", Buffer.from(script, "latin1"), 0, Buffer.from(input, "latin1")));
  }

  private runHere(script: string, input: string, form: Form): string {
    const { state } = this.interpreter;
    state.globals.set("ARGV", new LuaTable(1, 0, [input]));
    const chunk = this.interpreter.load(script, "@user_script", { form });
    try {
      return String(first(state.call(chunk.main)));
    } finally {
      chunk.release();
    }
  }
}

/** A Redis and an interpreter for the tests of one file. Call it inside `describeWithRedis`. */
export function useDataOracle(): () => DataOracle {
  let oracle: DataOracle | null = null;
  beforeAll(async () => {
    oracle = await DataOracle.start();
  });
  afterAll(async () => {
    await oracle?.stop();
  });
  return () => {
    if (oracle === null) throw new Error("the oracle is used before the tests run");
    return oracle;
  };
}

/** Runs `round` with random numbers: 300 times from one seed, DATA_ROUNDS times and from PROPERTY_SEED if those are in the environment. */
export async function randomRounds(round: (random: Random) => Promise<unknown>): Promise<void> {
  const seed = Number(process.env.PROPERTY_SEED ?? 9);
  const random = new Random(seed);
  for (let left = Number(process.env.DATA_ROUNDS ?? 300); left > 0; left--) await round(random);
}

export function randomBytes(random: Random, limit: number): string {
  return random.bytes(random.below(limit + 1)).toString("latin1");
}

/** `text` with a few characters changed, dropped, inserted, or cut off; those inserted are of `alphabet`. */
export function mutated(random: Random, text: string, alphabet: string): string {
  let result = text;
  for (let left = random.between(1, 3); left > 0; left--) {
    const at = random.below(result.length + 1);
    const character = random.pick([...alphabet]);
    switch (random.below(4)) {
      case 0:
        result = result.slice(0, at) + character + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + character + result.slice(at + 1);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at + 1);
        break;
      default:
        if (random.chance(0.3)) result = result.slice(0, at);
    }
  }
  return result;
}

/**
 * The constructor of a table, or another value, as text of Lua: lists with holes, keys of all kinds, tables in tables. No key is set to nil:
 * if it is set again, its place in Redis depends on whether garbage was collected meanwhile.
 */
export function randomLuaTable(random: Random, depth: number): string {
  if (depth === 0 && random.chance(0.8)) return randomLuaValue(random);
  const count = random.pick([0, 1, 2, 3, 4, 5, 8, 9, random.below(30)]);
  const style = random.pick(["list", "list", "object", "object", "mixed", "sparse"]);
  const items = Array.from({ length: count }, () => {
    const value = depth > 0 && random.chance(0.3) ? randomLuaTable(random, depth - 1) : randomLuaValue(random);
    if (style === "list" || (style === "mixed" && random.chance(0.5))) return random.chance(0.07) ? "nil" : value;
    if (style === "sparse") return `[${random.between(1, 3 * count)}] = ${value}`;
    return `[${random.chance(0.85) ? randomLuaString(random) : randomLuaNumber(random)}] = ${value}`;
  });
  return `{${items.join(", ")}}`;
}

function randomLuaValue(random: Random): string {
  const kind = random.below(10);
  if (kind < 4) return randomLuaString(random);
  if (kind < 8) return randomLuaNumber(random);
  return random.pick(["true", "false", "cjson.null", "{}", random.chance(0.05) ? "cjson.encode" : "1"]);
}

function randomLuaString(random: Random): string {
  const text = random.chance(0.5)
    ? random.pick(["id", "name", "a", "b", "c", "__proto__", "constructor", "x"]) + random.pick(["", "1", "2"])
    : randomBytes(random, random.pick([1, 4, 40, 300]));
  return luaBytes(text);
}

function randomLuaNumber(random: Random): string {
  const integer = Math.floor(random.next() * 2 ** random.below(66)) * random.pick([1, 1, -1]);
  return random.pick([
    () => String(random.below(20)),
    () => String(BigInt(integer)),
    () => String(integer / 2 ** random.below(70)),
    () =>
      String(
        random.pick([0.5, -0.25, 1e300, 1e-300, 127, 128, 255, 256, -32, -33, -128, -129, 32767, 65535, 65536, 2147483647, 4294967296]),
      ),
  ])();
}

/** A string of these bytes as text of Lua. */
export function luaBytes(text: string): string {
  return `"${text.replace(/[^ -~]|["\\]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, "0")}`)}"`;
}
