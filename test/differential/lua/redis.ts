/** Statements around redis.*: commands on keys of every type, what its functions take and refuse, and what replies are made of. */

import type { Template } from "./statements.ts";
import { someText } from "./text.ts";
import { e, joined, type Node, raw, s } from "./tree.ts";
import type { Writer } from "./writer.ts";

/** The keys that programs write to; what lies there first is in programs.ts. */
export const KEYS = ["string", "number", "list", "hash", "set", "zset", "stream", "missing"];

const WORDS = ["a", "b", "c", "1", "2", "10", "field", "", "x y", "\xff"];
/** Commands as words: `k` any key, `w` a word, `i` an integer, `n` a number; others stand for themselves. */
const COMMANDS = [
  ...[
    "GET k",
    "GET string",
    "SET string w",
    "SET missing w",
    "SET k w NX GET",
    "APPEND string w",
    "STRLEN k",
    "INCR number",
    "INCRBY number i",
    "INCRBYFLOAT number n",
    "GETRANGE string i i",
  ],
  ...[
    "MGET string missing list",
    "EXISTS k k",
    "DEL k",
    "TYPE k",
    "EXPIRE k 1000",
    "PERSIST k",
    "TTL missing",
    "RENAME missing k",
    "GETDEL string",
    "SETNX k w",
    "MSET string w missing w",
  ],
  ...[
    "LPUSH list w w",
    "RPUSH k w",
    "LRANGE list i i",
    "LRANGE list 0 -1",
    "LPOP list",
    "RPOP list i",
    "LLEN k",
    "LINDEX list i",
    "LSET list i w",
    "LREM list i w",
    "LPOS list w",
    "RPOPLPUSH list list",
  ],
  ...[
    "HSET hash w w",
    "HSET k w w",
    "HGET hash w",
    "HGETALL hash",
    "HDEL hash w",
    "HINCRBY hash w i",
    "HMGET hash w w",
    "HLEN k",
    "HKEYS hash",
    "HEXISTS hash w",
    "HINCRBYFLOAT hash w n",
  ],
  ...["SADD set w w", "SREM set w", "SCARD k", "SISMEMBER set w", "SMISMEMBER set w w", "SINTERCARD 1 set", "SADD k w", "SORT set ALPHA"],
  ...[
    "ZADD zset i w",
    "ZADD k i w",
    "ZSCORE zset w",
    "ZINCRBY zset i w",
    "ZRANGE zset 0 -1 WITHSCORES",
    "ZRANGEBYSCORE zset -inf +inf",
    "ZREM zset w",
    "ZRANK zset w",
    "ZCARD k",
    "ZPOPMIN zset",
    "ZADD zset INCR n w",
  ],
  ...[
    "XADD stream 9-9 w w",
    "XLEN stream",
    "XRANGE stream - +",
    "XADD k 7-1 f w",
    "XDEL stream 1-1",
    "OBJECT ENCODING number",
    "BITCOUNT string",
    "SETRANGE string i w",
    "LCS string number",
  ],
  ...[
    "PING",
    "PING w",
    "ECHO w",
    "DBSIZE",
    "SELECT i",
    "GET",
    "GET k k",
    "NOSUCH w",
    "SET string",
    "SET string w EX 0",
    "INCR k",
    "LPUSH",
    "HSET hash w",
    "ZADD zset x w",
    "SUBSCRIBE w",
    "MULTI",
    "WATCH k",
  ],
  ...[
    "CLIENT SETNAME w",
    "EVAL w 0",
    "AUTH w",
    "CONFIG GET maxmemory",
    "SPOP set 100",
    "KEYS strin?",
    "OBJECT FREQ k",
    "EXPIRE k x",
    "XADD stream 1-1 a b",
    "SCRIPT LOAD w",
    "SYNC",
  ],
];

/** What RESP3 has types for. */
const TYPED = [
  "'HGETALL', 'hash'",
  "'ZSCORE', 'zset', 'a'",
  "'SMEMBERS', 'set'",
  "'ZRANGE', 'zset', 0, -1, 'WITHSCORES'",
  "'GET', 'missing'",
  "'HRANDFIELD', 'hash', 0",
  "'ZINCRBY', 'zset', '0.5', 'a'",
  "'CONFIG', 'GET', 'maxmemory'",
  "'XRANGE', 'stream', '-', '+'",
  "'ZMSCORE', 'zset', 'a', 'none'",
  "'LPOS', 'list', 'none'",
  "'INCR', 'list'",
];

/** Numbers are those that 7.0 and 7.2 write alike. */
function argument(w: Writer): Node {
  return w.chance(0.3)
    ? raw(w.pick(["1", "2.5", "-3", "10", "1e15", "2^52", "0.25"]))
    : w.value(w.pick(["string", "string", "string", "list", "boolean"]));
}

function commandWords(w: Writer): Node[] {
  return w
    .pick(COMMANDS)
    .split(" ")
    .map((word) => {
      if (word === "k") return w.chance(0.2) ? raw(`KEYS[${w.random.between(1, 3)}]`) : w.string(w.pick(KEYS));
      if (word === "w") return w.pick([argument, ...Array(4).fill(() => w.string(w.pick(WORDS)))])(w);
      if (word === "i")
        return raw(w.chance(0.3) ? w.string(String(w.random.between(-3, 5))).parts.join("") : String(w.random.between(-3, 5)));
      if (word === "n") return raw(w.pick(["1.5", "-0.25", "'3.0'", "0.5", "1e3", "3"]));
      return w.string(w.chance(0.1) ? word.toLowerCase() : word);
    });
}

/** Commands, their results, and the errors they end with. */
function redisCalls(w: Writer): Node[] {
  const result = w.newName;
  const by = w.pick(["call", "call", "pcall"]);
  const words = commandWords(w);
  return w.pick([
    () => [s`see(pcall(redis.${by}, ${words}))`],
    () => [s`see(pcall(redis.${by}, ${words}))`],
    () => [
      s`local ok, ${result} = pcall(redis.pcall, ${words}) see(ok, ${result}) if type(${result}) == "table" then see(#${result}, ${result}[1], ${result}.err, ${result}.ok) end`,
    ],
    () => [s`see(redis.pcall(${words}))`],
    () => [s`redis.setresp(3) see(pcall(redis.${by}, ${words})) redis.setresp(2)`],
    () => [s`redis.setresp(3) see(redis.pcall(${w.pick(TYPED)})) redis.setresp(${w.pick(["2", "3"])})`],
    () => [s`see(pcall(function() local r = redis.call(${words}) return r end))`],
    () => [s`for i = 1, ${w.random.between(1, 3)} do see(redis.pcall(${words})) end`],
    () => [
      s`see(pcall(redis.${w.pick(["call", "pcall"])}, ${w.pick(["", "nil", "{}", "'GET', {}", "'SET', 'string', nil", "'GET', true", "function() end", "'SET', 'string', 1.5", "'SET', 'string', 2^52", "'SET', 'string', -0.5"])}))`,
    ],
  ])();
}

/** A command that is not protected: its error ends the program. */
function bareCall(w: Writer): Node[] {
  if (w.chance(0.7)) return [s`see(redis.pcall(${commandWords(w)}))`];
  return [s`see(redis.call(${commandWords(w)}))`];
}

function redisFunctions(w: Writer): Node[] {
  const call = w.pick([
    () => e`redis.sha1hex(${w.times(0, 2, () => w.value("any"))})`,
    () =>
      e`redis.error_reply(${w.pick(["'My error'", "'-ERR x'", "'ERR  two  blanks'", "''", "'a\\r\\nb'", "5", "", "'x', 'y'", "{}", "'- x'"])})`,
    () => e`redis.status_reply(${w.pick(["'OK'", "''", "'a b'", "5", "", "nil"])})`,
    () => e`redis.setresp(${w.pick(["2", "3", "4", "'3'", "", "2, 3", "2.5"])})`,
    () => e`redis.set_repl(${w.pick(["redis.REPL_ALL", "redis.REPL_NONE", "99", "redis.REPL_AOF", "'3'"])})`,
    () => raw("redis.replicate_commands()"),
    () => e`redis.acl_check_cmd(${w.pick(["'GET', 'a'", "'nosuch'", "'SET'", "", "{}", "'get'"])})`,
    () =>
      e`redis.log(${w.pick(["redis.LOG_DEBUG, 'x'", "'x'", "", "9, 'y'", "-1, 'y'", "redis.LOG_DEBUG, 'a', 'b'", "redis.LOG_DEBUG, {}"])})`,
    () => e`redis.${w.pick(["breakpoint", "debug"])}(${w.pick(["", "1", "'x', 2"])})`,
    () =>
      raw(
        w.pick([
          "redis.LOG_WARNING",
          "redis.REPL_ALL",
          "redis.REPL_SLAVE",
          "redis.nothing",
          "redis.LOG_VERBOSE + redis.LOG_NOTICE",
          "redis.register_function",
        ]),
      ),
    () =>
      raw(
        w.pick([
          "#KEYS",
          "#ARGV",
          "KEYS[1]",
          "ARGV[1]",
          "ARGV",
          "KEYS",
          "_VERSION",
          "cjson._NAME",
          "cmsgpack._NAME",
          "bit.nothing",
          "struct.nothing",
        ]),
      ),
    () => e`rawset(${w.pick(["_G", "redis", "math", "string", "KEYS", "{}", "cjson", "bit"])}, "x", 1)`,
    () => e`rawget(${w.pick(["_G", "redis", "math"])}, ${w.pick(["'x'", "'pi'", "'call'", "'print'"])}) ~= nil`,
    () => e`setmetatable(${w.pick(["_G", "redis", "math", "cjson", "KEYS", "''", "nil"])}, ${w.pick(["nil", "{}"])}) ~= nil`,
    () => e`type(getmetatable(${w.pick(["_G", "redis", "math", "''", "KEYS", "1"])}))`,
    () =>
      raw(
        w.pick([
          "type(loadstring)",
          "collectgarbage()",
          "collectgarbage('step')",
          "collectgarbage('nope')",
          "type(collectgarbage('count'))",
          "type(gcinfo())",
        ]),
      ),
  ])();
  if (w.chance(0.12)) {
    return [
      s`see(pcall(function() ${w.pick(["x = 1", "redis.x = 1", "math.pi = 3", "_G.y = 2", "KEYS[1] = 'z' return KEYS", "cjson.null = 1", "string.x = 1", "function g() end", "_G.print()", "return print", "ARGV = {1}", "KEYS.x = 1 return KEYS"])} end))`,
    ];
  }
  return [s`see(pcall(function() return ${call} end))`];
}

/** What the conversions to replies have names for. */
export function reply(w: Writer): Node {
  const depth = w.depth;
  w.depth = 1;
  const make = (): Node =>
    w.pick([
      () => w.value("number"),
      () => w.value("string"),
      () =>
        raw(
          w.pick([
            "true",
            "false",
            "nil",
            "cjson.null",
            "function() end",
            "1.9",
            "-1.9",
            "2^53",
            "2^63",
            "-2^63",
            "1e19",
            "0/0",
            "1/0",
            "-1/0",
            "coroutine.create(function() end)",
          ]),
        ),
      () => e`{${w.times(0, 4, make)}}`,
      () => e`{${w.times(0, 2, make)}}`,
      () => e`{ok = ${w.pick(["'fine'", "''", "5", "'a\\r\\nb'", "{}", "true"])}}`,
      () => e`{err = ${w.pick(["'My error'", "'-x'", "''", "5", "'ERR a\\r\\nb'", "true", "'CODE text'"])}}`,
      () => e`{double = ${w.pick(["1.5", "'x'", "1/0", "0/0", "10", "1e100"])}}`,
      () => e`{map = {${w.pick(["", "a = 1", "[1] = 'x'", "a = {b = 1}"])}}}`,
      () => e`{set = {${w.pick(["", "a = true", "[1] = true", "x = 1"])}}}`,
      () => e`{big_number = ${w.pick(["'12345678901234567890'", "'x'", "5", "'1\\r\\n2'"])}}`,
      () => e`{verbatim_string = {format = ${w.pick(["'txt'", "'toolong'", "5"])}, string = ${w.pick(["'text'", "5", "''"])}}}`,
      () => e`redis.${w.pick(["status_reply", "error_reply"])}(${w.string(someText(w.random))})`,
      () => e`redis.pcall(${commandWords(w)})`,
      () => e`{${joined([make(), raw("n = 1"), raw("[4] = 'after a hole'")].slice(0, w.random.between(1, 3)), ", ")}}`,
    ])();
  const made = make();
  w.depth = depth;
  return made;
}

export const REDIS: readonly Template[] = [redisFunctions, redisFunctions];

/** Only for programs whose keys are laid out first, and looked at in the end. */
export const EFFECTS: readonly Template[] = [redisCalls, redisCalls, redisCalls, bareCall];
