/** Errors of scripts and in scripts, as their clients see them: compared with Redis, byte for byte. */
import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";
import { evals } from "./support.ts";

const RAISED = [
  "error('text')",
  "error('text', 0)",
  "error('text', 2)",
  "error('a\\nb\\r\\nc')",
  "error('a\\0b')",
  "error('')",
  "error()",
  "error(nil)",
  "error(5)",
  "error(5.5)",
  "error(true)",
  "error({err = 'CODE text'})",
  "error({err = 'CODE text', source = 'elsewhere', line = 77})",
  "error({err = 'CODE text', ignore_error_stats_update = true})",
  "error({err = ''})",
  "error({err = 5})",
  "error(redis.error_reply('CODE text'))",
  "local function f() error('inside') end\nf()",
  "local function f() error('inside') end\nreturn f()",
  "local x = nil\nreturn x.y",
  "return 1 + {}",
  "return 'a' < 1",
  "return nonesuch",
  "return nonesuch()",
  "return redis.nonesuch()",
  "string.gsub('x', '.', error)",
  "string.rep()",
  "return ('x'):rep({})",
  "table.sort({3, 2, 1}, function() error('in sort') end)",
  "assert(false)",
  "assert(nil, 'asserted')",
  "assert(false, {err = 'ASSERTED table'})",
  "\n\n\nerror('on line 4')",
  "local t = {}\nfor i = 1, 3 do\n  t[i] = i\nend\nerror('on line 5')",
  "loadstring('error(\"in a chunk\", 1)', '@chunk')()",
  "local function r() return r() + 1 end return r()",
  "coroutine.wrap(function() error('in a coroutine') end)()",
];

const FROM_COMMANDS = [
  "redis.call('set', 'key', 'value')",
  "return redis.call('lpush', 'key', 'x')",
  "return redis.pcall('lpush', 'key', 'x')",
  "local e = redis.pcall('lpush', 'key', 'x') return {e.err, tostring(e.ignore_error_stats_update), tostring(e.source), tostring(e.line)}",
  "local ok, e = pcall(redis.call, 'lpush', 'key', 'x') return {tostring(ok), type(e), e}",
  "local ok, e = pcall(function() redis.call('lpush', 'key', 'x') end) error(e)",
  "local ok, e = pcall(error, {err = 'CODE text'}) return {tostring(ok), type(e), e}",
  "local ok, e = pcall(error, {err = 5}) return {tostring(ok), type(e), tostring(e)}",
  "local ok, e = pcall(error, {other = 5}) return {tostring(ok), type(e)}",
  "local ok, e = xpcall(function() redis.call('lpush', 'key', 'x') end, function(e) return e end) return {tostring(ok), type(e), e}",
  "\nreturn redis.call('incr',\n 'key')",
  "return redis.call('nonesuch')",
  "return redis.call('nonesuch', 'with', 'arguments')",
  "return redis.call('client', 'nonesuch')",
  "return redis.call('client')",
  "return redis.call('get')",
  "return redis.call('get', 'a', 'b')",
  "return redis.call(12)",
  "return redis.call('')",
  "return redis.call()",
  "return redis.call({})",
  "return redis.call('get', {})",
  "return redis.call('get', nil)",
  "return redis.call('get', true)",
  "return redis.call('get', redis)",
  "return redis.pcall()",
  "return redis.pcall('get', {})",
  "return redis.call('eval', 'return 1', 0)",
  "return redis.call('subscribe', 'x')",
  "return redis.call('multi')",
  "return redis.call('watch', 'x')",
  "return redis.call('client', 'id')",
  "return redis.pcall('auth', 'x')",
  "redis.call('zadd', 'key', 'nan', 'x')",
  "return {1, redis.pcall('incr', 'key'), 3}",
];

/** INFO errorstats and the commands among commandstats, without times. */
const STATS: Request[] = [
  ["INFO", "errorstats"],
  ["INFO", "commandstats"],
  ["INFO", "stats"],
];

function statsOnly(reply: string): string {
  const lines = reply.split("\r\n").filter((line) => /^errorstat_|^total_error_replies|^cmdstat_(?!info|hello|flushall)/.test(line));
  return lines
    .map((line) => line.replace(/usec=\d+,usec_per_call=[\d.]+/, ""))
    .sort()
    .join("\n");
}

describeWithRedis("errors of scripts", () => {
  const comparison = useComparison();

  test("what a script raises is told with its place", async () => {
    await comparison().compare([evals(...RAISED)]);
  });

  test("errors of commands keep their codes, and can be caught", async () => {
    await comparison().compare([evals(...FROM_COMMANDS)]);
  });

  test("scripts that do not compile", async () => {
    await comparison().compare([
      evals("return return", "x = ", "\n\nlocal 1", "return 'open", "--[[", "for", "return \\", "#!lua\nbad bad"),
    ]);
  });

  test("errors are counted once, where they arise", async () => {
    const scripts = [
      "redis.call('set', 'key', 'value')",
      "return redis.call('lpush', 'key', 'x')",
      "return redis.pcall('lpush', 'key', 'x')",
      "redis.pcall('lpush', 'key', 'x') return 1",
      "return {redis.pcall('lpush', 'key', 'x'), redis.pcall('incr', 'key')}",
      "return {err = 'MINE text'}",
      "return {{err = 'MINE text'}, {err = 'OTHER text'}}",
      "error({err = 'RAISED text'})",
      "error('plain')",
      "return redis.call('nonesuch')",
      "redis.pcall('nonesuch') return 1",
      "return redis.call('get')",
      "redis.pcall('get') return 1",
      "return redis.call('subscribe', 'x')",
      "redis.pcall() return 1",
      "return redis.call()",
      "return redis.error_reply('MADE text')",
      "local e = redis.pcall('incr', 'key') e.ignore_error_stats_update = nil return e",
      "return {err = 'HIDDEN text', ignore_error_stats_update = true}",
    ];
    const cases = scripts.map((script) => [["SET", "key", "value"], ["CONFIG", "RESETSTAT"], ["EVAL", script, 0], ...STATS] as Request[]);
    cases.push([["CONFIG", "RESETSTAT"], ["EVALSHA", "f".repeat(40), 0], ["EVAL", "return return", 0], ["EVAL", "return 1", 2], ...STATS]);
    await comparison().compare(cases, { mask: (reply, [name]) => (name === "INFO" ? statsOnly(reply) : reply) });
  });
});

test("an error without a text, which ends redis-server 7, is told all the same", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  expect((await client.command("EVAL", "error({})", 0)).toString()).toBe(
    "-ERR unknown error script: 367bf7fe449ba40e54d99d9086aa3c2164008136, on @user_script:1.\r\n",
  );
  client.close();
});
