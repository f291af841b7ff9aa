/** How values of Lua become replies, and replies of commands values of Lua: compared with Redis, byte for byte. */
import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";
import { described, evals } from "./support.ts";

const RESULTS = [
  "return nil",
  "return",
  "return true",
  "return false",
  "return function() end",
  "return cjson.null",
  "return coroutine.create(function() end)",
  "return 'text'",
  "return ''",
  "return 'with\\0zero and\\r\\nlines'",
  "return string.rep('x', 40000)",
  "return 1, 2",
  "return {}",
  "return {1, 2, {3, {'four'}}, 5}",
  "return {1, nil, 3}",
  "return {nil, 2}",
  "return {1, 2, x = 3}",
  "return {[1.5] = 1}",
  "local t = {} t[3] = 3 t[2] = 2 t[1] = 1 return t",
  "return {1, false, true, 'x'}",
  "return setmetatable({}, {__index = function() return 1 end})",
  "return setmetatable({1}, {__index = {ok = 'fine', err = 'bad'}})",
];

const NUMBERS = [
  "0",
  "-0",
  "1.9999",
  "-1.9999",
  "2^31",
  "-2^31 - 1",
  "2^53",
  "2^53 + 2",
  "2^62",
  "2^63",
  "-2^63",
  "-2^64",
  "1e300",
  "1/0",
  "-1/0",
  "0/0",
];

const SPECIAL = [
  "return {ok = 'fine'}",
  "return {ok = ''}",
  "return {ok = 'a\\r\\nb\\nc\\0d'}",
  "return {ok = 5}",
  "return {ok = true}",
  "return {err = 'MY error'}",
  "return {err = ''}",
  "return {err = 'one'}",
  "return {err = 'a\\r\\nb'}",
  "return {err = 'CODE a\\n\\r\\n'}",
  "return {err = 'a\\0b'}",
  "return {err = 5}",
  "return {err = {}}",
  "return {err = 'first', ok = 'second'}",
  "return {1, {err = 'inner error'}, {ok = 'inner'}, {2, {err = 'x y'}}}",
  "return {double = 1}",
  "return {double = 1/0}",
  "return {double = '1'}",
  "return {big_number = '123456789012345678901234567890'}",
  "return {big_number = '1\\r\\n2'}",
  "return {big_number = 12}",
  "return {verbatim_string = {string = 'text', format = 'txt'}}",
  "return {verbatim_string = {string = 'a\\0b', format = 'markdown'}}",
  "return {verbatim_string = {string = 'text', format = 'x'}}",
  "return {verbatim_string = {string = 'text'}}",
  "return {verbatim_string = {format = 'txt'}}",
  "return {verbatim_string = 'text'}",
  "return {map = {key = 'value'}}",
  "return {map = {}}",
  "return {map = {[1] = {1, 2}, x = {map = {y = 2}}}}",
  "return {map = 'x'}",
  "return {set = {member = true}}",
  "return {set = {}}",
  "return {set = {'a'}}",
  "return {set = 1}",
  "return {map = {a = 1}, set = {b = 1}}",
];

/** Makes a list that lies in `depth` lists. */
function nested(depth: number, step = "{t}"): string {
  return `local t = 1 for i = 1, ${depth} do t = ${step} end return t`;
}

const COMMANDS = [
  "redis.call('ping')",
  "redis.call('set', 'key', 'value')",
  "redis.call('get', 'key')",
  "redis.call('get', 'missing')",
  "redis.call('incr', 'number')",
  "redis.call('decrby', 'number', 10)",
  "redis.call('rpush', 'list', 'a', 'b', '', 'd')",
  "redis.call('lrange', 'list', 0, -1)",
  "redis.call('lrange', 'list', 5, 6)",
  "redis.call('mget', 'key', 'missing', 'key')",
  "redis.call('hset', 'hash', 'f', 'v', 'g', 'w')",
  "redis.call('hgetall', 'hash')",
  "redis.call('hgetall', 'missing')",
  "redis.call('sadd', 'set', 'a')",
  "redis.call('smembers', 'set')",
  "redis.call('zadd', 'zset', 1, 'a', 2.5, 'b')",
  "redis.call('zrange', 'zset', 0, -1, 'withscores')",
  "redis.call('zscore', 'zset', 'b')",
  "redis.call('zscore', 'zset', 'missing')",
  "redis.call('zmscore', 'zset', 'a', 'x')",
  "redis.call('zpopmin', 'zset', 5)",
  "redis.call('xadd', 'stream', '1-1', 'f', 'v')",
  "redis.call('xrange', 'stream', '-', '+')",
  "redis.call('xread', 'streams', 'stream', '0')",
  "redis.call('xinfo', 'stream', 'stream')",
  "redis.call('config', 'get', 'maxmemory')",
  "redis.call('geoadd', 'geo', 13.361389, 38.115556, 'Palermo')",
  "redis.call('geopos', 'geo', 'Palermo', 'x')",
  "redis.call('object', 'encoding', 'number')",
  "redis.call('type', 'list')",
  "redis.call('exists', 'list')",
  "redis.call('lpos', 'list', 'z')",
  "redis.call('lcs', 'key', 'key', 'idx')",
  "redis.call('echo', 'a\\r\\nb')",
  "redis.call('command', 'info', 'get', 'nonesuch')",
  "redis.call('debug', 'protocol', 'double')",
  "redis.call('dump', 'key')",
  "redis.call('scan', 0, 'match', 'key')",
  "redis.call('sintercard', 1, 'set')",
  "redis.call('setbit', 'bits', 7, 1)",
  "redis.call('bitfield', 'bits', 'get', 'u4', 0, 'overflow', 'fail', 'incrby', 'u2', 0, 5)",
  "redis.call('incrbyfloat', 'number', '0.5')",
  "redis.pcall('get', 'list')",
  "redis.pcall('nonesuch')",
];

describeWithRedis("values of Lua and replies", () => {
  const comparison = useComparison({ "enable-debug-command": "yes" });

  for (const protocol of [2, 3] as const) {
    test(`what a script returns becomes a reply in RESP${protocol}`, async () => {
      await comparison().compare([evals(...RESULTS, ...SPECIAL, ...NUMBERS.map((number) => `return ${number}`))], { protocol });
    });

    test(`what a script returns after setresp(3) becomes a reply in RESP${protocol}`, async () => {
      const scripts = [...RESULTS, ...SPECIAL].map((script) => `redis.setresp(3) ${script}`);
      await comparison().compare([evals(...scripts)], { protocol });
    });

    test(`replies nest until Lua's stack is full in RESP${protocol}`, async () => {
      const scripts = [7994, 7995, 7996, 7997].map((depth) => nested(depth));
      for (const depth of [2664, 2665, 2666, 3999, 4000]) scripts.push(nested(depth, "{map = {[1] = t}}"));
      for (const depth of [1999, 2000, 2664, 2665, 2666, 2667, 2668]) scripts.push(nested(depth, "{set = {[t] = true}}"));
      for (const depth of [1997, 1998, 1999, 2000, 2001]) scripts.push(nested(depth, "{map = {[t] = 1}}"));
      await comparison().compare([evals(...scripts)], { protocol });
    });
  }

  test("a reply becomes a value of Lua", async () => {
    await comparison().compare([evals(...COMMANDS.map(described))]);
  });

  test("a reply in RESP3 becomes a value of Lua", async () => {
    const described3 = (expression: string) => `redis.setresp(3) ${described(expression)}`;
    // Doubles in RESP3: 7.0 shows the numbers 2.5 and so on as 7.2 does, all digits of others are those of 7.2.
    const commands = COMMANDS.filter((expression) => !/geopos|version/.test(expression));
    await comparison().compare([evals(...commands.map(described3))]);
  });

  test("every type of the protocol becomes a value of Lua", async () => {
    const types = ["string", "integer", "double", "null", "array", "set", "map", "bignum", "true", "false", "verbatim", "attrib"];
    const requests = types.flatMap((type) =>
      [2, 3].map((protocol) => `redis.setresp(${protocol}) ${described(`redis.call('debug', 'protocol', '${type}')`)}`),
    );
    await comparison().compare([
      [["DEBUG", "SET-DISABLE-DENY-SCRIPTS", 1], ...evals(...requests), ["DEBUG", "SET-DISABLE-DENY-SCRIPTS", 0]],
    ]);
  });

  test("numbers become arguments: whole ones digit by digit", async () => {
    const numbers = ["1", "-1", "1e15", "2^53", "2^53 + 2", "0.5", "-0.25", "1e21", "1/0", "-1/0", "0/0"];
    await comparison().compare([evals(...numbers.map((number) => `return redis.call('echo', ${number})`))]);
  });
});

test("numbers that 7.0 wrote with seventeen digits become the shortest arguments, as in 7.2", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  for (const [number, text] of [
    ["-0", "0"],
    ["0.1", "0.1"],
    ["1e-7", "1e-7"],
    ["1e20", "1e+20"],
    ["2^62", "4611686018427387904"],
    ["-2^62", "-4611686018427387904"],
    ["2^61", "2305843009213693952"],
  ]) {
    expect(await client.text("EVAL", `return redis.call('echo', ${number})`, 0)).toBe(String(text));
  }
  client.close();
});

test("a table that holds itself twice ends the connection, not the server", async () => {
  await using server = await startServer({ "lua-memory-limit": "1mb" });
  const client = await connect(server.port);
  await expect(client.command("EVAL", "local t = {} t[1] = t t[2] = t return t", 0)).rejects.toThrow();
  const other = await connect(server.port);
  expect(await other.text("EVAL", "return 'fine'", 0)).toBe("fine");
  other.close();
});

test("a command that would block answers at once that there is nothing, as in 7.2", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const calls = ["'blpop', 'x', 0", "'blmpop', 0, 1, 'x', 'left'", "'brpoplpush', 'x', 'y', 0", "'bzpopmin', 'x', 0"];
  for (const call of calls) expect(String(await client.command("EVAL", `return redis.call(${call})`, 0))).toBe("$-1\r\n");
  expect(String(await client.command("EVAL", "redis.call('set', 'x', 1) return redis.call('wait', 1, 0)", 0))).toBe(":0\r\n");
  expect(String(await client.command("EVAL", "return redis.pcall('XRead', 'block', 0, 'streams', 'x', '$')", 0))).toBe(
    "-ERR XRead command is not allowed with BLOCK option from scripts\r\n",
  );
  client.close();
});
