/** The table `redis`, and what protects it and all other globals: compared with Redis, byte for byte. */
import { expect, test } from "bun:test";
import { Ours } from "../replication/support.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { described, evals } from "./support.ts";

const ALL_NAMES = "local t = {} for k in pairs(redis) do t[#t + 1] = k end return t";

describeWithRedis("the table `redis`", () => {
  const comparison = useComparison();

  test("has Redis's entries, in Redis's order", async () => {
    await comparison().compare([
      evals(
        ALL_NAMES,
        "local t = {} for k, v in pairs(redis) do if type(v) == 'number' and k ~= 'REDIS_VERSION_NUM' then t[#t + 1] = k .. v end end return t",
        "local t = {} for k, v in pairs(redis) do t[#t + 1] = k .. type(v) end return t",
        "return {type(redis.REDIS_VERSION), type(redis.REDIS_VERSION_NUM)}",
      ),
    ]);
  });

  test("makes replies", async () => {
    const texts = [
      "''",
      "'x'",
      "'ERR text'",
      "'-ERR text'",
      "'--X text'",
      "'a b\\r\\n'",
      "'a\\0b c'",
      "' x'",
      "5",
      "{}",
      "nil",
      "'a', 'b'",
    ];
    const made = texts.flatMap((text) => [`redis.error_reply(${text})`, `redis.status_reply(${text})`]);
    await comparison().compare([
      evals(...made.map(described), ...made.map((expression) => `return ${expression}`), "return redis.error_reply()"),
    ]);
  });

  test("hashes", async () => {
    const texts = ["''", "'x'", "'\\255\\0'", "12", "1.5", "nil", "{}", "'a', 'b'", ""];
    await comparison().compare([evals(...texts.map((text) => `return redis.sha1hex(${text})`))]);
  });

  test("says what it does not take", async () => {
    await comparison().compare([
      evals(
        "redis.setresp()",
        "redis.setresp(4)",
        "redis.setresp('3') return {double = 1.5}",
        "redis.setresp(3.7) return true",
        "redis.setresp({})",
        "return redis.setresp(2)",
        "redis.set_repl(4)",
        "redis.set_repl(-1)",
        "redis.set_repl('x')",
        "return redis.set_repl(redis.REPL_ALL)",
        "redis.log()",
        "redis.log(redis.LOG_DEBUG)",
        "redis.log('x', 'y')",
        "redis.log(-1, 'y')",
        "redis.log(4, 'y')",
        "return redis.log(redis.LOG_DEBUG, 'y')",
        "return redis.replicate_commands()",
        "return redis.breakpoint()",
        "return redis.debug('x')",
        "return redis.acl_check_cmd('get', 'x')",
        "return redis.acl_check_cmd('nonesuch', 'x')",
        "return redis.acl_check_cmd('config|get')",
        "return redis.acl_check_cmd('config', 'get')",
        "return redis.acl_check_cmd('config', 'nonesuch')",
        "return redis.acl_check_cmd()",
        "return redis.acl_check_cmd({})",
      ),
    ]);
  });

  test("the RESP version and where writes go are those of one script", async () => {
    await comparison().compare([evals("redis.setresp(3) return redis.call('get', 'x') == nil", "return redis.call('get', 'x') == nil")]);
  });
});

describeWithRedis("globals", () => {
  const comparison = useComparison();

  test("are Redis's", async () => {
    await comparison().compare([
      evals(
        "local t = {} for k, v in pairs(_G) do t[#t + 1] = k .. ' ' .. type(v) end table.sort(t) return t",
        ...["string", "table", "math", "coroutine", "cjson", "cmsgpack", "struct", "bit"].map(
          (library) => `local t = {} for k, v in pairs(${library}) do t[#t + 1] = k .. ' ' .. type(v) end return t`,
        ),
      ),
    ]);
  });

  test("cannot be made, changed or taken away", async () => {
    await comparison().compare([
      evals(
        "x = 1",
        "function f() end",
        "_G.x = 1",
        "_G['x'] = 1",
        "string = nil",
        "string.rep = nil",
        "string.new = 1",
        "redis.call = nil",
        "KEYS = nil",
        "KEYS[1] = 'x' return KEYS",
        "ARGV.x = 1 return ARGV.x",
        "math.pi = 3",
        "cjson.null = 1",
        "rawset(_G, 'x', 1)",
        "rawset(string, 'x', 1)",
        "setmetatable(_G, {})",
        "setmetatable(_G, nil)",
        "setmetatable(string, {})",
        "getmetatable(_G).__index = nil",
        "getmetatable('').__index = nil",
        "getmetatable('').__add = function() end",
        "table.insert(_G, 1)",
        "table.insert(string, 1)",
        "table.remove(_G)",
        "table.sort(_G)",
        "return type(getmetatable(_G))",
        "return type(getmetatable(_G).__index)",
        "return getmetatable(_G).__newindex",
        "return getmetatable(_G).__index(_G, 'x')",
        "return getmetatable(_G).__index()",
        "local t = setmetatable({}, {__index = _G}) return t.nonesuch",
        "local t = setmetatable({}, {__newindex = _G}) t.x = 1",
        "return rawget(_G, 'nonesuch')",
        "return type(rawget(_G, 'redis'))",
      ),
    ]);
  });

  test("that are not there are an error", async () => {
    await comparison().compare([
      evals(
        "return x",
        "return _G.x",
        "return _G[1]",
        "return _G[1.5]",
        "return _G[true]",
        "return _G[{}]",
        "return os",
        "return print",
        "return io",
        "return require",
        "return dofile",
        "return getfenv",
        "return newproxy",
        "return debug",
        "return module",
        "return package",
        "return setfenv",
        "return type(__redis__err__handler)",
        "return __redis__err__handler('x')",
        "return cjson.encode(__redis__err__handler('x'))",
        "return cjson.encode(__redis__err__handler({err = 'X y'}))",
        "if not pcall(function() return y end) then return 'caught' end",
      ),
    ]);
  });

  test("functions that were dumped cannot be loaded", async () => {
    await comparison().compare([
      evals(
        "return string.dump(function() return 1 end):sub(1, 12)",
        "return string.dump(string.dump)",
        "return {pcall(loadstring, string.dump(function() return 1 end))}",
        "return loadstring(string.dump(function() return 1 end))()",
      ),
    ]);
  });

  test("a script sees nothing of the one before", async () => {
    await comparison().compare([
      [
        ["EVAL", "local t = KEYS t.x = 1 return {KEYS[1], ARGV[1], ARGV[2]}", 1, "k", "a", "b"],
        ["EVAL", "return 1", 1, "k", "a", "b"],
        ["EVAL", "return {_G['KE' .. 'YS'], _G['AR' .. 'GV']}", 1, "k", "a", "b"],
        ["EVAL", "return 1", 0],
        ["EVAL", "return loadstring('return {KE' .. 'YS, AR' .. 'GV}')()", 1, "l", "c"],
        ["EVAL", "return {KEYS.x or 'nothing', #KEYS, #ARGV, KEYS[1]}", 0],
        ["EVAL", "return {#KEYS, #ARGV, KEYS, ARGV}", 3, "", "\xff\x00", "3", "x"],
      ],
    ]);
  });
});

test("redis.log writes to the log, from its level on", async () => {
  await using server = await Ours.start();
  await server.client.command("CONFIG", "SET", "loglevel", "notice");
  await server.client.command(
    "EVAL",
    "redis.log(redis.LOG_VERBOSE, 'too low') redis.log(redis.LOG_NOTICE, 'one', 2, {}, nil, 'three ä')",
    0,
  );
  await server.client.command("EVAL", "redis.log('3', 'warned')", 0);
  const lines = server.log.split("\n").map((line) => line.replace(/^\S+ \d+ \w+ \d+ \S+ /, ""));
  expect(lines).not.toContain(". too low");
  expect(lines).toContain("* one 2 three \xc3\xa4");
  expect(lines).toContain("# warned");
});
