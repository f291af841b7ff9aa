/**
 * Scripts are evaluated at first. One that takes many steps, or goes deep, is begun again in its compiled form, and so is one that was run
 * often: no one can tell, but for the time it takes. Compared with Redis, byte for byte.
 */
import { expect, test } from "bun:test";
import { Ours } from "../replication/support.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";

/** Takes more steps than a script is evaluated for. */
const LONG = "local s = 0 for i = 1, 100000 do s = s + i end ";
/** Goes deeper than the evaluator does. */
const DEEP = "local function down(n) if n == 0 then return 0 end return 1 + down(n - 1) end ";

const evaluate = (script: string, ...keys: string[]): Request => ["EVAL", script, keys.length, ...keys];

describeWithRedis("a script that is begun again", () => {
  const comparison = useComparison();

  const compares = (title: string, ...requests: readonly Request[]) =>
    test(title, async () => {
      await comparison().compare([requests]);
      await comparison().compare([requests], { protocol: 3 });
    });

  compares(
    "runs each of its commands once, and gets the same answers",
    evaluate(
      `local a = redis.call('incr', KEYS[1]) redis.call('rpush', 'l', 'x', 'y') local t = redis.call('lrange', 'l', 0, -1)
       t[1] = 'changed' local ok = redis.call('set', 'k', 'v') ok.ok = 'gone' KEYS[1] = 'other' ${LONG}
       return {a, redis.call('incr', 'n'), redis.call('llen', 'l'), t, ok.ok, KEYS[1], redis.call('get', 'k'), s}`,
      "n",
    ),
    ["GET", "n"],
    ["LRANGE", "l", 0, -1],
  );

  compares(
    "meets the errors that it met",
    evaluate(`redis.call('set', 'x', 'text') local r = redis.pcall('incr', 'x') local ok, e = pcall(redis.call, 'lpush', 'x', 1)
      local none = pcall(redis.call, 'nonesuch') ${LONG} return {r, ok, e, none, redis.pcall('llen', 'x'), s}`),
    evaluate(`redis.pcall('incr', 'x') ${LONG} return redis.call('lpush', 'x', s)`),
    evaluate(`${DEEP} return redis.pcall('lpush', 'x', down(1000))`),
    ["GET", "x"],
  );

  compares(
    "sees the numbers of math.random that it saw",
    evaluate(`math.randomseed(7) local a, b = math.random(1000), math.random(1000) ${LONG} return {a, b, math.random(1000), s}`),
    evaluate(`local a, b = math.random(1000), math.random(1000) ${LONG} return {a, b, math.random(1000), s}`),
    evaluate("return {math.random(1000), math.random(1000)}"),
  );

  compares(
    "finds cjson set as it was",
    evaluate(`local before = cjson.encode_number_precision() cjson.encode_number_precision(3) cjson.encode_sparse_array(true, 1, 1) ${LONG}
      return {before, cjson.encode(1 / 3), cjson.encode({[100] = s})}`),
    evaluate(
      "return {cjson.encode(1 / 3), cjson.encode({[100] = 1}), cjson.encode_number_precision(14), cjson.encode_sparse_array(false, 2, 10)}",
    ),
  );

  compares(
    "speaks the protocol and replicates as it said",
    evaluate(
      `redis.setresp(3) redis.call('hset', 'h', 'f', 'v') local m = redis.call('hgetall', 'h') ${LONG} return {m, redis.call('hgetall', 'h')}`,
    ),
    evaluate(`redis.call('hset', 'h', 'f', 'v') ${LONG} redis.setresp(3) return redis.call('hgetall', 'h')`),
  );

  compares(
    "goes as deep as it needs to",
    evaluate(`${DEEP} return {down(100), down(149), down(150), down(151), down(5000)}`),
    evaluate(`${DEEP} local n = redis.call('incr', 'n') local deep = down(200) return {n, redis.call('incr', 'n'), deep}`),
    evaluate("local function f(n) if n > 0 then return f(n - 1) end return redis.call('incr', 'n') end return f(10000)"),
    evaluate("local function f() return 1 + f() end return pcall(f)"),
    evaluate("local function f() return 1 + f() end return f()"),
  );

  compares(
    "may have expressions in expressions, and long chains",
    evaluate(`return ${"(".repeat(190)}1${")".repeat(190)}`),
    evaluate(`return ${"-".repeat(150).replaceAll("-", "- ")}2`),
    evaluate(`local t = {} t.t = t return t${".t".repeat(5000)} == t`),
    evaluate(`return 1${" + 1".repeat(5000)}`),
    evaluate(`local x = 1 return x${" + x".repeat(5000)}`),
    evaluate(`return ${"not ".repeat(190)}nil`),
    evaluate(`local f f = function() return f end return f${"()".repeat(3000)} == f`),
  );

  compares(
    "inside a transaction",
    ["MULTI"],
    ["SET", "x", "1"],
    evaluate(`redis.call('incr', 'x') ${LONG} return redis.call('incr', 'x')`),
    ["INCR", "x"],
    ["EXEC"],
  );

  compares(
    "and run often",
    ...Array.from(
      { length: 25 },
      (): Request => evaluate("local n = redis.call('incr', KEYS[1]) if n % 7 == 0 then error('seven') end return {n, #ARGV}", "n"),
    ),
    ["SCRIPT", "LOAD", "return 1 + nil"],
    ...Array.from({ length: 13 }, (): Request => ["EVALSHA", "e8f647a6e338d050a115f7d097171925636246d4", 0]),
  );
});

test("what a script says to the log is there once, also when it is begun again", async () => {
  await using server = await Ours.start();
  const { client } = server;
  const say = (what: string) => `redis.log(redis.LOG_WARNING, '${what}')`;
  await client.command(
    "EVAL",
    `${say("one")} redis.call('set', 'x', 1) ${say("two")} ${LONG} ${say("three")} redis.call('get', 'x') ${say("four")}`,
    0,
  );
  await client.command("EVAL", `${LONG} ${say("five")}`, 0);
  const said = server.log.split("\n").map((line) => line.split(" # ")[1]);
  expect(said.filter((line) => line !== undefined && /^(one|two|three|four|five)$/.test(line))).toEqual([
    "one",
    "two",
    "three",
    "four",
    "five",
  ]);
});

test("lua-evaluated-runs says how often a script is evaluated", async () => {
  await using server = await Ours.start();
  const { client } = server;
  for (const runs of ["0", "1", "1000000"]) {
    await client.command("CONFIG", "SET", "lua-evaluated-runs", runs);
    for (let turn = 0; turn < 3; turn++) {
      expect((await client.command("EVAL", `local a = {...} return {#a, KEYS[1], ${runs}}`, 1, "k")).toString()).toBe(
        `*3\r\n:0\r\n$1\r\nk\r\n:${runs}\r\n`,
      );
    }
  }
});
