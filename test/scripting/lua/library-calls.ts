/** Calls functions of Lua's library here, without an interpreter, and in a real Redis, and shows what comes back as text. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { stringLibrary } from "../../../src/scripting/lua/library/string.ts";
import { generalText, numberText, parseNumber } from "../../../src/scripting/lua/numbers.ts";
import { setMetatable } from "../../../src/scripting/lua/operations.ts";
import { LuaState } from "../../../src/scripting/lua/state.ts";
import { LuaTable } from "../../../src/scripting/lua/table.ts";
import { all, first, LuaError, type LuaFunction, type LuaValue, NOTHING, typeName } from "../../../src/scripting/lua/value.ts";
import { connect, type RawClient, replyText } from "../../support/client.ts";
import type { ServerProcess } from "../../support/process.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";

/** A function or table: for Redis as text, and for us. */
export class Given {
  readonly text: string;
  readonly value: LuaValue;

  constructor(text: string, value: LuaValue) {
    this.text = text;
    this.value = value;
  }
}

const LIBRARY = new Map(Object.entries(stringLibrary(new LuaState())));

/** A table with these entries. */
export function tableOf(entries: readonly (readonly [string | number, LuaValue])[]): LuaTable {
  const table = new LuaTable();
  for (const [key, value] of entries) table.set(key, value);
  return table;
}

function doubling(): LuaTable {
  const table = new LuaTable();
  setMetatable(table, tableOf([["__index", (_: LuaValue, key: LuaValue) => `${key}${key}`]]));
  return table;
}

/** Functions and tables for string.gsub. */
export const GIVEN = {
  count: new Given("function(...) return select('#', ...) end", (...values) => values.length),
  doubled: new Given("setmetatable({}, {__index = function(_, key) return key .. key end})", doubling()),
  joined: new Given("function(a, b) return a .. b end", (a, b) => `${a}${b}`),
  none: new Given("function() end", () => NOTHING),
  table: new Given(
    "{l = 'L', b = 1.5, [3] = 'three', e = true, a = false}",
    tableOf([
      ["l", "L"],
      ["b", 1.5],
      [3, "three"],
      ["e", true],
      ["a", false],
    ]),
  ),
  tables: new Given("function() return {} end", () => new LuaTable()),
  upper: new Given("string.upper", LIBRARY.get("upper")),
};

/** A function by its name (of `string`, `tostring`, `tonumber`, or `each`, which gives all that gmatch does) and its arguments. */
export type Call = readonly [name: string, ...values: (LuaValue | Given)[]];

/** The NaN that `tostring` shows as `-nan`. */
export const MINUS_NAN = parseNumber("-nan") ?? 0;

const FUNCTIONS: ReadonlyMap<string, LuaFunction> = new Map<string, LuaFunction>([
  ...LIBRARY,
  ["each", each],
  ["tostring", (value) => numberText(value as number)],
  ["tonumber", (value) => parseNumber(value as string)],
]);

/** All that gmatch gives. */
function each(...values: LuaValue[]): LuaValue[] {
  const next = first(LIBRARY.get("gmatch")?.(...values)) as LuaFunction;
  const found: LuaValue[] = [];
  for (let results = all(next()); results[0] !== undefined; results = all(next())) found.push(...results);
  return found;
}

/** The results of a call, or its error. */
export function callHere([name, ...values]: Call): string {
  const callee = FUNCTIONS.get(name);
  if (callee === undefined) throw new Error(`no function ${name}`);
  try {
    const results = all(callee(...values.map((value) => (value instanceof Given ? value.value : value))));
    return ["true", ...results.map(shown)].join(" ");
  } catch (error) {
    if (error instanceof LuaError) return `false ${shown(error.value)}`;
    throw error;
  }
}

function shown(value: LuaValue): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "number") return generalText(value, 17);
  return typeof value === "boolean" ? String(value) : typeName(value);
}

const PRELUDE = `local N = tonumber
local function show(...)
  local out = {}
  for i = 1, select('#', ...) do
    local v = select(i, ...)
    if type(v) == 'string' then out[i] = '"' .. v .. '"'
    elseif type(v) == 'number' then out[i] = string.format('%.17g', v)
    elseif type(v) == 'boolean' then out[i] = tostring(v)
    else out[i] = type(v) end
  end
  return table.concat(out, ' ')
end
local function each(...)
  local found = {}
  local next = string.gmatch(...)
  local function add(ok, ...)
    if not ok then error((...), 0) end
    for i = 1, select('#', ...) do found[#found + 1] = (select(i, ...)) end
    return (...) ~= nil
  end
  while add(pcall(next)) do end
  return unpack(found)
end
local function call(...) return show(pcall(...)) end
local out = {}
`;

/** Text of Lua that stands for a value; numbers through tonumber, for Lua's compiler takes -0 for 0. */
function literal(value: LuaValue | Given): string {
  if (value instanceof Given) return value.text;
  if (typeof value === "number") return `N"${value !== value || value === 0 ? numberText(value) : value}"`;
  if (typeof value !== "string") return value === undefined ? "nil" : String(value);
  return `"${value.replace(/[^ -~]|["\\]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, "0")}`)}"`;
}

/** A call as one would write it. */
export function callText([name, ...values]: Call): string {
  return `${name}(${values.map(literal).join(", ")})`;
}

/** A sentence, and the calls that show it with what comes back. */
export interface Group {
  readonly title: string;
  readonly calls: readonly (readonly [call: Call, result: string])[];
}

/** Tests that our library gives what is written down, and that Redis's does. */
export function describeCalls(groups: readonly Group[]): void {
  describe("here", () => {
    for (const { title, calls } of groups) {
      test(title, () => {
        for (const [call, result] of calls)
          expect({ call: callText(call), result: callHere(call) }).toEqual({ call: callText(call), result });
      });
    }
  });
  describeWithRedis("in Redis", () => {
    const oracle = useLibraryOracle();
    for (const { title, calls } of groups) {
      test(title, async () => {
        const results = await oracle().call(calls.map(([call]) => call));
        for (const [place, [call, result]] of calls.entries()) {
          expect({ call: callText(call), result: results[place] ?? "" }).toEqual({ call: callText(call), result });
        }
      });
    }
  });
}

class LibraryOracle {
  private readonly redis: ServerProcess;
  private readonly client: RawClient;

  private constructor(redis: ServerProcess, client: RawClient) {
    this.redis = redis;
    this.client = client;
  }

  static async start(): Promise<LibraryOracle> {
    const redis = await startRedis();
    return new LibraryOracle(redis, await connect(redis.port));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.redis.stop();
  }

  /** What Redis makes of these calls, all of them in one script. */
  async call(calls: readonly Call[]): Promise<string[]> {
    const lines = calls.map(([name, ...values], place) => {
      const callee = LIBRARY.has(name) ? `string.${name}` : name;
      return `out[${place + 1}] = call(${[callee, ...values.map(literal)].join(", ")})\n`;
    });
    const script = `${PRELUDE}${lines.join("")}local packed = {} for i, s in ipairs(out) do packed[i] = #s .. ":" .. s end return table.concat(packed)`;
    return unpacked(replyText(await this.client.command("EVAL", Buffer.from(script, "latin1"), 0)));
  }
}

/** Texts with their lengths in front, as they follow each other. */
function unpacked(text: string): string[] {
  const parts: string[] = [];
  for (let place = 0; place < text.length; ) {
    const colon = text.indexOf(":", place);
    const end = colon + 1 + Number(text.slice(place, colon));
    parts.push(text.slice(colon + 1, end));
    place = end;
  }
  return parts;
}

/** A Redis for the tests of one file. Call it inside `describeWithRedis`. */
export function useLibraryOracle(): () => LibraryOracle {
  let oracle: LibraryOracle | null = null;
  beforeAll(async () => {
    oracle = await LibraryOracle.start();
  });
  afterAll(async () => {
    await oracle?.stop();
  });
  return () => {
    if (oracle === null) throw new Error("the oracle is used before the tests run");
    return oracle;
  };
}
