/** The library `table`: what its functions return, what they make of the table, and their errors, as Redis has them. */

import { describe, expect, test } from "bun:test";
import { Interpreter } from "../../../src/scripting/lua/interpreter.ts";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { tableLibrary } from "../../../src/scripting/lua/library/table.ts";
import { makeReadonly } from "../../../src/scripting/lua/operations.ts";
import { LuaTable } from "../../../src/scripting/lua/table.ts";
import type { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { randomRounds, useDataOracle } from "./data-oracle.ts";
import { runLua } from "./run.ts";

/** What a call of a function that changes its table leaves of it. */
function after(table: string, call: string): string {
  return `(function() local t = ${table} local result = {${call}} return result, #t, t end)()`;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "concat joins strings and numbers": [
    "table.concat({1, 2, 3})",
    "table.concat({1, 2, 3}, ', ', 2, 3)",
    "table.concat({1, {}, 3})",
    "table.concat({1, nil, 3}, ',', 1, 3)",
    "table.concat({}, ',', 1, 0)",
    "table.concat({}, ',', 1, 1)",
    "table.concat()",
    "table.concat({}, {})",
    "table.concat(1, {})",
    "table.concat({1.5, 'a', -0, 1e100}, 1)",
    "table.concat({1}, ',', {})",
    "table.concat({1}, ',', 1, {})",
    "table.concat({1, 2}, '\\0')",
    "table.concat({[2147483647] = 1}, '', 2147483647, 2147483647)",
    "table.concat({[-1] = 'a', [0] = 'b', 'c'}, '', -1)",
    "table.concat({true})",
    "pcall(table.concat, {{}})",
  ],
  "insert makes room": [
    "table.insert()",
    "table.insert({})",
    "table.insert({}, 1, 2, 3)",
    "table.insert(1, 2)",
    "table.insert({}, 'x', 1)",
    "select('#', table.insert({}, 1))",
    after("{1, 2, 3}", "table.insert(t, -1, 9)"),
    after("{1, 2, 3}", "table.insert(t, 0, 9)"),
    ...[-10, -4, -3, -1].map(
      (place) =>
        `(function() local t = {1, 2, 3, [-4] = 4, [-3] = 5, [-1] = 6, [-20] = 7} table.insert(t, ${place}, 9) local r = {} for i = -21, 5 do r[#r + 1] = t[i] or '-' end return r end)()`,
    ),
    after("{1, 2, 3}", "table.insert(t, 1, 9)"),
    after("{1, 2, 3}", "table.insert(t, 4, 9)"),
    after("{1, 2, 3}", "table.insert(t, 6, 9)"),
    after("{1, 2, 3}", "table.insert(t, 2, nil)"),
    after("{1, 2, 3}", "table.insert(t, nil)"),
    after("{1, 2, 3}", "table.insert(t, '2', 5.7)"),
    after("{1, nil, 3}", "table.insert(t, 1, 'x')"),
    after("{1, 2, [5] = 5}", "table.insert(t, 1, 'x')"),
  ],
  "remove closes the gap": [
    "select('#', table.remove({}))",
    "select('#', table.remove({1, 2}))",
    "select('#', table.remove({1, 2, 3}, 4))",
    "select('#', table.remove({1, 2, 3}, 0))",
    "table.remove()",
    "table.remove({}, 'x')",
    "table.remove({1, 2, 3}, 2.9)",
    after("{1, 2, 3}", "table.remove(t)"),
    after("{1, 2, 3}", "table.remove(t, 1)"),
    after("{1, 2, 3}", "table.remove(t, 2)"),
    after("{1, nil, 3}", "table.remove(t, 1)"),
    after("{1, 2, [5] = 5}", "table.remove(t, 1)"),
  ],
  "maxn, getn, setn": [
    "table.maxn({1, 2, [10.5] = 1, [-3] = 1})",
    "table.maxn({})",
    "table.maxn({[-1] = 1})",
    "table.maxn({x = 1})",
    "table.maxn({[math.huge] = 1})",
    "table.maxn()",
    "table.getn()",
    "table.getn({1, 2})",
    "table.setn()",
    "table.setn({}, 1)",
    "pcall(table.setn, {}, 1)",
  ],
  "foreach and foreachi stop at the first result": [
    "table.foreach({1, 2}, function(k, v) if k == 2 then return v, 8 end end)",
    "select('#', table.foreach({1}, function() end))",
    "table.foreach({})",
    "table.foreach()",
    "table.foreach({1}, function() error('e') end)",
    "table.foreach({1}, function() return false end)",
    "table.foreachi({1, 2, 3}, function(i, v) if i == 2 then return v * 10, 1 end end)",
    "table.foreachi({}, 1)",
    "table.foreachi({1, 2}, error)",
  ],
  "sort compares as Lua does": [
    "table.sort()",
    "table.sort({}, 1)",
    "select('#', table.sort({1}))",
    after("{3, 1, 2}", "table.sort(t)"),
    after("{3, 1, 2}", "table.sort(t, function(a, b) return a > b end)"),
    after("{'b', 'a', 'B', '', 'a\\0', '\\255'}", "table.sort(t)"),
    after("{2, 1}", "table.sort(t, nil, 5)"),
    after("{0/0, 3, 1, 2, 0/0, 5}", "pcall(table.sort, t)"),
    after("{3, 1, nil, 2}", "pcall(table.sort, t)"),
    "table.sort({1, 'a'})",
    "table.sort({1, 'a', 2})",
    "table.sort({{}, {}})",
    "table.sort({1, true})",
    "pcall(table.sort, {1, 'a'})",
    "table.sort({1, 2, 3, 4, 5, 6, 7, 8}, function() return true end)",
    "pcall(table.sort, {1, 2, 3, 4, 5, 6, 7, 8}, function() return true end)",
    after("{1, 2, 3, 4, 5, 6, 7, 8}", "pcall(table.sort, t, function() return true end)"),
    "table.sort({2, 1, 3}, function(a, b) error('c') end)",
    "table.sort({2, 1, 3}, function(a, b) error('c', 2) end)",
    "table.sort({2, 1, 3}, function(a, b) error('c', 3) end)",
    "table.sort({2, 1, 3}, function(a, b) return {} < a end)",
    "table.sort({setmetatable({}, {__lt = function() error('lt') end}), 1})",
    "(function() local m = {__lt = function(a, b) return a.x < b.x end} local t = {} for i = 1, 9 do t[i] = setmetatable({x = -i}, m) end table.sort(t) return t[1].x, t[9].x end)()",
  ],
};

describeWithRedis("beside Redis", () => {
  const oracle = useDataOracle();

  for (const [title, expressions] of Object.entries(GROUPS)) {
    test(title, async () => {
      await oracle().compare(expressions);
    });
  }

  test("sort sees the same pairs, whatever the comparator makes of them", async () => {
    await randomRounds(async (random) => {
      await oracle().compareInput(randomSort(random), "");
    });
  });

  test("the functions come in Redis's order", async () => {
    await oracle().compare(
      ["table", "math", "coroutine"].map(
        (name) => `(function() local t = {} for k in pairs(${name}) do t[#t + 1] = k end return unpack(t) end)()`,
      ),
    );
  });
});

/** Sorts a random list with a comparator that may be nonsense, and shows the pairs it was asked for. */
function randomSort(random: Random): string {
  const count = random.pick([2, 3, 4, 5, 10, 40]);
  const kinds = random.pick([2, 10, 1000]);
  const items = Array.from({ length: count }, () => random.pick([random.below(kinds), random.chance(0.01) ? "nil" : random.below(kinds)]));
  const order = random.pick(["a < b", "a <= b", "a > b", "a % 5 < b % 5", "(a * 7 + b) % 3 == 0", "a ~= b", "#asked % 3 == 0"]);
  return `local asked, t = {}, {${items.join(", ")}}
    local ok, e = pcall(table.sort, t, function(a, b) asked[#asked + 1] = tostring(a) .. tostring(b) return ${order} end)
    return show(ok, e, table.concat(asked, " "), t)`;
}

describe("a table that is read-only", () => {
  test("is not changed by the library, which says so without a position", () => {
    const { state } = new Interpreter(new RandomNumbers());
    const { insert, remove, sort } = tableLibrary(state);
    const table = new LuaTable(2, 0, [2, 1]);
    makeReadonly(table);
    for (const call of [() => insert?.(table, 3), () => remove?.(table), () => sort?.(table)]) {
      expect(call).toThrow(expect.objectContaining({ value: "Attempt to modify a readonly table" }));
    }
    expect(table.array).toEqual([2, 1]);
  });
});

describe("sort", () => {
  test("of a large list of numbers or strings takes the short way, and of one with a hole the long one", () => {
    const script = (list: string) =>
      `local t = {} for i = 1, 10000 do t[i] = ${list} end table.sort(t) for i = 2, #t do assert(t[i - 1] <= t[i]) end return #t`;
    expect(runLua(script("(i * 7919) % 10007 - 5000.5"))).toEqual([10_000]);
    expect(runLua(script("tostring((i * 7919) % 10007)"))).toEqual([10_000]);
    expect(runLua(script("-((i * 7919) % 10007) * 0"))).toEqual([10_000]);
  });
});
