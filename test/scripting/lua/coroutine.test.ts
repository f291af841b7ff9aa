/** The library `coroutine`: as Redis has it, in scripts that are left in the middle too. */

import { describe, expect, test } from "bun:test";
import { Interpreter } from "../../../src/scripting/lua/interpreter.ts";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { TICK } from "../../../src/scripting/lua/operations.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { useDataOracle } from "./data-oracle.ts";

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "create and wrap want a function of Lua": [
    "coroutine.create()",
    "coroutine.create(tostring)",
    "coroutine.create(1)",
    "coroutine.wrap(1)",
    "pcall(coroutine.create)",
    "type(coroutine.create(function() end))",
    "type(coroutine.wrap(function() end))",
    "coroutine.create(coroutine.wrap(function() end))",
    "coroutine.resume()",
    "coroutine.resume(1)",
    "coroutine.status()",
    "coroutine.status({})",
  ],
  "resume and yield hand each other values": [
    "coroutine.resume(coroutine.create(function(...) return ... end), 1, 2, nil)",
    "coroutine.resume(coroutine.create(function(...) return coroutine.yield(...) end), 1, 2, nil)",
    "(function() local co = coroutine.wrap(function(...) local n = select('#', ...) while true do n = n + select('#', coroutine.yield(n)) end end) return co(), co(1), co(1, nil), co(nil, nil, nil) end)()",
    "(function() local t, co = {}, coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i, i * 2) end return 'end' end) for i = 1, 4 do t[#t + 1] = {co()} end return t, pcall(co) end)()",
    "(function() local function walk(n) if n > 0 then walk(n - 1) coroutine.yield(n) walk(n - 1) end end local s = '' for n in coroutine.wrap(function() walk(4) end) do s = s .. n end return s end)()",
    "(function() local w = coroutine.wrap(function() return 1, nil, nil end) return select('#', w()) end)()",
    "select('#', coroutine.resume(coroutine.create(function() end)))",
    "coroutine.resume(coroutine.create(function() return (coroutine.yield()) end))",
    "(function() local co = coroutine.create(function() local x = coroutine.yield() return x end) coroutine.resume(co) return coroutine.resume(co) end)()",
    "(function() local co = coroutine.wrap(function() return coroutine.yield(coroutine.yield(1)) end) return co(), co(2), co(3) end)()",
  ],
  "errors end a coroutine": [
    "coroutine.resume(coroutine.create(function(...) error('x') end), 1)",
    "coroutine.resume(coroutine.create(function(...) error('x', 2) end), 1)",
    "coroutine.resume(coroutine.create(function(...) error({1}) end), 1)",
    "coroutine.resume(coroutine.create(function(...) error({err = 'x'}) end), 1)",
    "coroutine.resume(coroutine.create(function(...) error() end), 1)",
    "coroutine.resume(coroutine.create(function(...) local x = nil + 1 end), 1)",
    "coroutine.wrap(function() error('x') end)()",
    "coroutine.wrap(function() error('x', 0) end)()",
    "coroutine.wrap(function() error({1}) end)()",
    "coroutine.wrap(function() error(12) end)()",
    "coroutine.wrap(function() error(12, 0) end)()",
    "coroutine.wrap(function() error() end)()",
    "pcall(coroutine.wrap(function() error('x') end))",
    "(function() local co = coroutine.create(function() error('x') end) coroutine.resume(co) return coroutine.status(co), coroutine.resume(co) end)()",
    "(function() local w = coroutine.wrap(function() end) w() w() end)()",
    "(function() local w w = coroutine.wrap(function() w() end) w() end)()",
    "(function() local function f() return 1 + f() end return coroutine.resume(coroutine.create(f)) end)()",
    "(function() local n = 0 local function f() n = n + 1 local a, b = coroutine.resume(coroutine.create(f)) return a and b or b end return f(), n end)()",
    "(function() local n = 0 local function f() n = n + 1 return coroutine.wrap(f)() end local a, b = pcall(f) return a, #b, n end)()",
  ],
  "a coroutine has a status": [
    "coroutine.running()",
    "select('#', coroutine.running())",
    "coroutine.wrap(function() return type(coroutine.running()), coroutine.status(coroutine.running()) end)()",
    `(function()
      local t, co = {}
      co = coroutine.create(function(a)
        t[1] = coroutine.status(co)
        t[2] = {coroutine.resume(co)}
        t[3] = {coroutine.resume(coroutine.create(function() return coroutine.status(co), coroutine.resume(co) end))}
        t[4] = coroutine.yield(a)
        t[5] = coroutine.running() == co
      end)
      t[6] = coroutine.status(co)
      t[7] = {coroutine.resume(co, 1)}
      t[8] = coroutine.status(co)
      t[9] = {coroutine.resume(co, 'back')}
      t[10] = coroutine.status(co)
      t[11] = {coroutine.resume(co)}
      return unpack(t)
    end)()`,
  ],
  "no one yields across a call from C": [
    "coroutine.yield()",
    "pcall(coroutine.yield)",
    "pcall(function() coroutine.yield(1) end)",
    "coroutine.resume(coroutine.create(function() return pcall(coroutine.yield, 1) end))",
    "coroutine.resume(coroutine.create(function() return pcall(function() coroutine.yield(1) end) end))",
    "coroutine.resume(coroutine.create(function() return xpcall(function() coroutine.yield(1) end, tostring) end))",
    "coroutine.resume(coroutine.create(function() table.sort({1, 2}, coroutine.yield) end))",
    "coroutine.resume(coroutine.create(function() table.foreach({1, 2}, coroutine.yield) end))",
    "coroutine.resume(coroutine.create(function() string.gsub('x', 'x', coroutine.yield) end))",
    "coroutine.resume(coroutine.create(function() return setmetatable({}, {__index = function() coroutine.yield(5) end}).x end))",
    "coroutine.resume(coroutine.create(function() return setmetatable({}, {__add = coroutine.yield}) + 1 end))",
    "coroutine.resume(coroutine.create(function() return load(coroutine.yield) end))",
    "coroutine.resume(coroutine.create(function() return pcall(coroutine.wrap(function() return coroutine.yield(1) end)) end))",
    "coroutine.resume(coroutine.create(function() return setmetatable({}, {__call = function(_, x) return coroutine.yield(x) end})(7) end))",
  ],
  "values have limits": [
    "coroutine.resume(coroutine.create(function(...) return select('#', ...) end), unpack({}, 1, 7990))",
    "coroutine.resume(coroutine.create(function(...) return select('#', ...) end), 1, 2, unpack({}, 1, 7997))",
    "coroutine.resume(coroutine.create(function(...) return select('#', ...) end), 1, 2, 3, unpack({}, 1, 7997))",
    "select('#', coroutine.resume(coroutine.create(function() return unpack({}, 1, 7997) end)))",
    "select('#', coroutine.resume(coroutine.create(function() return 1, 2, unpack({}, 1, 7997) end)))",
    "select('#', coroutine.wrap(function() return 1, 2, unpack({}, 1, 7997) end)())",
    "select('#', coroutine.wrap(function() return 1, 2, 3, unpack({}, 1, 7997) end)())",
  ],
};

describeWithRedis("beside Redis", () => {
  const oracle = useDataOracle();

  for (const [title, expressions] of Object.entries(GROUPS)) {
    test(title, async () => {
      await oracle().compare(expressions);
    });
  }
});

describe("a script that is left in the middle", () => {
  test("is left in coroutines, pcall and xpcall too, and goes on there", () => {
    const interpreter = new Interpreter(new RandomNumbers());
    interpreter.state.onTick = () => true;
    const { main } = interpreter.load(
      `local function work() local s = 0 for i = 1, 200000 do s = s + i end return s end
       local co = coroutine.wrap(function() coroutine.yield(work()) return work() end)
       local ok, a = pcall(work)
       local handled, b = xpcall(work, error)
       local both = pcall(coroutine.wrap(function() work() error('x') end))
       return co() + co() + a + b, ok, handled, both`,
      "@user_script",
    );
    const steps = main.resumable?.();
    if (steps === undefined) throw new Error("the script has a resumable form");
    let ticks = 0;
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        expect(step.value).toEqual([4 * 20_000_100_000, true, true, false]);
        break;
      }
      expect(step.value).toBe(TICK);
      ticks++;
    }
    expect(ticks).toBeGreaterThan(10);
    expect(interpreter.state).toMatchObject({ depth: 0, nativeDepth: 0, running: null });
  });
});
