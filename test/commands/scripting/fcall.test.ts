/** FCALL and FCALL_RO against a real Redis: what functions see, what they may do, and how their errors read. */
import { expect, test } from "bun:test";
import { type Request, useComparison } from "../../support/compare.ts";
import { effectsOf } from "../../support/effects.ts";
import { describeWithRedis } from "../../support/redis.ts";

/** Loads a library, in the place of the one before, whose function `f` has this body. */
const withBody = (body: string, flags = ""): Request => [
  "FUNCTION",
  "LOAD",
  "REPLACE",
  `#!lua name=lib\nredis.register_function{function_name='f', flags={${flags}}, callback=function(keys, args)\n${body}\nend}`,
];

/** What `f` is made of, called with two keys and an argument. */
const BODIES: readonly string[] = [
  "return {keys[1], keys[2], args[1], #keys, #args}",
  "return keys",
  "return args",
  "return KEYS",
  "return ARGV",
  "return redis.register_function",
  "return redis.register_function('x', function() end)",
  "x = 1",
  "_G.x = 1",
  "return _G.x",
  "redis.x = 1",
  "string.x = 1",
  "return type(_G.redis) .. type(_G._G)",
  "return nothing",
  "return redis.nothing",
  "return redis.call('SET', keys[1], args[1])",
  "redis.call('SET', keys[1], args[1]) return redis.call('GET', keys[1])",
  "return redis.call('nosuch')",
  "return redis.pcall('nosuch')",
  "return redis.pcall('nosuch').err",
  "return {pcall(redis.call, 'nosuch')}",
  "return redis.call('GET')",
  "return redis.call()",
  "return redis.call({})",
  "return redis.call('LPUSH', keys[1], 1) + redis.call('GET', keys[1])",
  "error('bad')",
  "error('bad', 0)",
  "error({err='CODE and text'})",
  "error({err='with a place', source='x', line=3})",
  "error()",
  "error(true)",
  "error(12)",
  "error({err=1})",
  "error(nil)",
  "error('')",
  "error({err='-x'})",
  "error({err='-X y'})",
  "error({err='two\\nlines'})",
  "return 1 + {}",
  "local t = nil return t.x",
  "return redis.error_reply('MY error')",
  "return redis.error_reply('-MY error')",
  "return redis.status_reply('fine')",
  "return {ok='fine'}",
  "return {err='bad'}",
  "return {err='-bad'}",
  "return 3.99",
  "return true",
  "return false",
  "return nil",
  "return 1, 2",
  "return {1, 2, nil, 4}",
  "return {double=3.5}",
  "return {map={a=1}}",
  "return {set={a=true}}",
  "return {big_number='123456789012345678901234567890'}",
  "return {verbatim_string={format='txt', string='text'}}",
  "redis.setresp(3) return redis.call('HGETALL', keys[1])",
  "redis.call('HSET', keys[1], 'f', 'v') redis.setresp(3) return redis.call('HGETALL', keys[1])",
  "return redis.setresp(4)",
  "return redis.sha1hex('')",
  "return redis.REDIS_VERSION_NUM > 0x00070000",
  "return redis.set_repl(redis.REPL_ALL)",
  "return redis.replicate_commands",
  "return redis.breakpoint",
  "return redis.debug",
  "return tostring(pairs) ~= nil",
  "return {loadstring ~= nil, rawget(_G, 'print') == nil, rawget(_G, 'os') == nil, rawget(_G, 'dofile') == nil}",
  "return loadstring('return 1')()",
  "return redis.call('EVAL', 'return 1', 0)",
  "return redis.call('FCALL', 'f', 0)",
  "return redis.call('FUNCTION', 'LIST')",
  "return redis.call('MULTI')",
  "return redis.call('SUBSCRIBE', 'x')",
  "return redis.acl_check_cmd('SET', 'x', 'y')",
  "local function deep() return 1 + deep() end return deep()",
  "return ('x'):rep(5)",
  "return cjson.encode({1, 2, {a=1}})",
  "return {bit.band(7, 12), struct.pack('>I2', 258), cmsgpack.pack({1})}",
];

/** An address of memory in an error or a text. */
const mask = (reply: string): string => reply.replace(/0x[0-9a-f]+/g, "0x");

/** INFO's statistics without times, its own and its order. */
function statistics(reply: string): string {
  if (!/^\$\d+\r\n# \w+stats/.test(reply)) return reply;
  const lines = reply
    .replace(/usec(_per_call)?=[\d.]+/g, "usec=")
    .split("\r\n")
    .slice(1);
  return lines
    .filter((line) => !/config|info/.test(line))
    .sort()
    .join("\n");
}

describeWithRedis("FCALL", () => {
  const both = useComparison();

  test("of functions with every kind of body", async () => {
    for (const protocol of [2, 3] as const) {
      const cases = BODIES.map((body) => [withBody(body), ["FCALL", "f", 2, "k", "l", "value"], ["FCALL_RO", "f", 2, "k", "l", "value"]]);
      await both().compare(cases, { protocol, mask });
    }
  });

  test("of a function that says that it does not write", async () => {
    const cases = BODIES.map((body) => [
      withBody(body, "'no-writes'"),
      ["FCALL", "f", 2, "k", "l", "value"],
      ["FCALL_RO", "f", 2, "k", "l", "value"],
    ]);
    await both().compare(cases, { mask });
  });

  test("finds functions in any case, and calls them what they are in errors", async () => {
    await both().compare([
      [
        ["FUNCTION", "FLUSH"],
        ["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('Mixed_Case', function() return x end)"],
        ["FCALL", "mixed_case", 0],
        ["FCALL", "MIXED_CASE", 0],
        ["fcall_ro", "Mixed_Case", 0],
        ["FCALL", "mixed_case ", 0],
        ["FCALL", "", 0],
      ],
    ]);
  });

  test("of what is no function, or with a bad number of keys", async () => {
    const requests: Request[] = [
      ["FUNCTION", "FLUSH"],
      ["FCALL"],
      ["FCALL", "f"],
      ["FCALL", "f", 0],
      ["FCALL", "f", "x"],
      withBody("return {keys, args}"),
    ];
    for (const name of ["FCALL", "FCALL_RO"]) {
      requests.push(
        [name, "f", "x"],
        [name, "f", "1"],
        [name, "f", "2", "a"],
        [name, "f", "-1", "a"],
        [name, "f", "9223372036854775807"],
        [name, "f", "9223372036854775808"],
        [name, "f", "1.0"],
        [name, "f", " 1"],
        [name, "f", "0", "a"],
      );
    }
    await both().compare([requests]);
  });

  test("of functions with a state, which a library keeps between calls and loses when it is loaded again", async () => {
    const counting = `#!lua name=lib
local count, list = 0, {}
local function next_one() count = count + 1 return count end
redis.register_function('next_one', next_one)
redis.register_function('add', function(keys, args) list[#list + 1] = args[1] return list end)`;
    await both().compare([
      [
        ["FUNCTION", "LOAD", "REPLACE", counting],
        ["FCALL", "next_one", 0],
        ["FCALL", "next_one", 0],
        ["FCALL", "add", 0, "a"],
        ["FCALL", "add", 0, "b"],
        ["FUNCTION", "LOAD", "REPLACE", counting],
        ["FCALL", "next_one", 0],
        ["FCALL", "add", 0, "c"],
      ],
    ]);
  });

  test("of an upvalue that was seen while the library was loaded", async () => {
    await both().compare([
      [
        [
          "FUNCTION",
          "LOAD",
          "REPLACE",
          "#!lua name=lib\nlocal r = redis redis.register_function('f', function() return {r.LOG_NOTICE, r.call} end)",
        ],
        ["FCALL", "f", 0],
        [
          "FUNCTION",
          "LOAD",
          "REPLACE",
          "#!lua name=lib\nlocal r = redis redis.register_function('f', function() return r.register_function('x', r.log) end)",
        ],
        ["FCALL", "f", 0],
        ["FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nlocal r = redis redis.register_function('f', function() r.x = 1 end)"],
        ["FCALL", "f", 0],
      ],
    ]);
  });

  test("counts calls and errors as Redis does", async () => {
    await both().compare(
      [
        [
          ["CONFIG", "RESETSTAT"],
          withBody("return redis.call('GET', keys[1])"),
          ["FCALL", "f", 1, "k"],
          ["LPUSH", "l", "x"],
          ["FCALL", "f", 1, "l"],
          ["FCALL", "nosuch", 0],
          withBody("error('MINE')"),
          ["FCALL", "f", 0],
          withBody("return redis.pcall('SET', keys[1], 'x')", "'no-writes'"),
          ["FCALL", "f", 1, "k"],
          ["INFO", "errorstats"],
          ["INFO", "commandstats"],
        ],
      ],
      { mask: statistics },
    );
  });

  test("replicates what functions write, in MULTI and EXEC where it is more than one command", async () => {
    const { ours, theirs } = await effectsOf(both(), [
      withBody("redis.call('SET', keys[1], 1) redis.call('INCR', keys[1]) return redis.call('GET', keys[1])"),
      ["FCALL", "f", 1, "k"],
      withBody("return redis.call('SADD', keys[1], 'x')"),
      ["FCALL", "f", 1, "s"],
      ["FCALL", "f", 1, "s"],
      withBody(
        "redis.set_repl(redis.REPL_NONE) redis.call('SET', keys[1], 1) redis.set_repl(redis.REPL_REPLICA) redis.call('SET', keys[1], 2)",
      ),
      ["FCALL", "f", 1, "k"],
      withBody("redis.call('SET', keys[1], 3) error('after a write')"),
      ["FCALL", "f", 1, "k"],
      ["MULTI"],
      ["SET", "a", "1"],
      withBody("redis.call('SET', keys[1], 4) redis.call('SET', keys[1], 5)"),
      ["FCALL", "f", 1, "k"],
      ["EXEC"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("is refused for want of memory unless the function allows that", async () => {
    const requests: Request[] = [["CONFIG", "SET", "maxmemory", "1"]];
    for (const flags of ["", "'allow-oom'", "'no-writes'", "'allow-stale'", "'allow-oom', 'no-writes'"]) {
      requests.push(["CONFIG", "SET", "maxmemory", "0"], withBody("return redis.pcall('SET', keys[1], 'x')", flags));
      requests.push(["CONFIG", "SET", "maxmemory", "1"], ["FCALL", "f", 1, "k"], ["FCALL_RO", "f", 1, "k"]);
      requests.push(["MULTI"], ["FCALL", "f", 1, "k"], ["EXEC"]);
    }
    requests.push(["FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('f', function() end)"]);
    requests.push(["FUNCTION", "FLUSH"], ["CONFIG", "SET", "maxmemory", "0"]);
    await both().compare([requests]);
  });

  test("is refused for want of replicas, unless the function does not write", async () => {
    const requests: Request[] = [];
    for (const flags of ["", "'allow-oom'", "'no-writes'"]) {
      requests.push(["CONFIG", "SET", "min-replicas-to-write", "0"], withBody("return redis.pcall('SET', keys[1], 'x')", flags));
      requests.push(["CONFIG", "SET", "min-replicas-to-write", "1"], ["FCALL", "f", 1, "k"], ["FCALL_RO", "f", 1, "k"]);
    }
    requests.push(["CONFIG", "SET", "min-replicas-to-write", "0"]);
    await both().compare([requests]);
  });

  test("on a replica whose master cannot be reached", async () => {
    const requests: Request[] = [["CONFIG", "SET", "replica-serve-stale-data", "no"]];
    for (const flags of ["", "'allow-stale'", "'no-writes'", "'allow-stale', 'no-writes'"]) {
      requests.push(
        withBody("return {redis.pcall('GET', keys[1]), redis.pcall('SET', keys[1], 'x'), redis.pcall('ECHO', 'x')}", flags),
        ["REPLICAOF", "127.0.0.1", "1"],
        ["FCALL", "f", 1, "k"],
        ["FCALL_RO", "f", 1, "k"],
        ["FUNCTION", "LIST"],
        ["FUNCTION", "STATS"],
        ["FUNCTION", "DUMP"],
        ["FUNCTION", "DELETE", "lib"],
        ["CONFIG", "SET", "replica-serve-stale-data", "yes"],
        ["FCALL", "f", 1, "k"],
        ["FCALL_RO", "f", 1, "k"],
        ["FUNCTION", "FLUSH"],
        ["REPLICAOF", "NO", "ONE"],
        ["CONFIG", "SET", "replica-serve-stale-data", "no"],
      );
    }
    requests.push(["CONFIG", "SET", "replica-serve-stale-data", "yes"]);
    await both().compare([requests]);
  });
});
