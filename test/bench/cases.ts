/** What the throughput suite times: one entry per command (some have variants), with the data it works on. */
import type { Word } from "../support/client.ts";
import { SPARE_REQUESTS } from "./load.ts";
import { digits, inBatches, keyName } from "./servers.ts";

/** Data for a case: `command(from, to)` is one command that adds the items from..to; called for `batch` of them at a time. */
export type Fill = {
  /** How many; "requests": one for each request of the run (and some to spare), for commands that take one away each time. */
  readonly items: number | "requests";
  readonly batch: number;
  readonly command: (from: number, to: number) => readonly Word[];
};

/** The commands that make the data for a run of `requests`. */
export function fillCommands(fill: Fill, requests: number): Generator<readonly Word[]> {
  return inBatches(fill.items === "requests" ? requests + SPARE_REQUESTS : fill.items, fill.batch, fill.command);
}

export type Case = {
  /** What --only asks for: the command in lower case, with what is special about a variant after a dash. */
  readonly name: string;
  readonly group: string;
  /** The command line; `__rand_int__` becomes a number below `keyspace`, with 12 digits; `__rank__` (and `__rank+9__`): see ranks.ts. */
  readonly line: string;
  readonly keyspace: number;
  readonly fill: readonly Fill[];
  /** The command uses up or piles up data: the data is made again before every sample. */
  readonly fresh: boolean;
  /** The command leaves the data as good as new: it is kept for the next case that has the very same fill and shares it too. */
  readonly shared: boolean;
  /** The most requests of one sample. */
  readonly limit: number;
};

const R = "__rand_int__";
const KEY = `key:${R}`;
const V = "v".repeat(32);
const KEYS = 100_000;
const MANY = 1_000_000;
/** For commands that use up what is there: as many keys as requests at most, so that most requests find one. */
const PER_REQUEST = 500_000;
const LIMIT = 20_000_000;

type Extra = Partial<Omit<Case, "name" | "group" | "line" | "fill">> & { readonly fill?: Fill | readonly Fill[] };

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

/** `items` string keys; `value` replaces the usual 32 bytes. */
function strings(items: number, value: string = V): Fill {
  return { items, batch: 100, command: (from, to) => ["MSET", ...numbers(from, to).flatMap((index) => [keyName(index), value])] };
}

/** One list, set, sorted set or hash: `items` members added by `head`, each by the words of `member`. */
function members(head: string, items: Fill["items"], member: (index: number) => readonly Word[]): Fill {
  return { items, batch: 100, command: (from, to) => [...head.split(" "), ...numbers(from, to).flatMap(member)] };
}

/** `items` keys, each made by a command of its own. */
function each(items: Fill["items"], command: (index: number) => readonly Word[]): Fill {
  return { items, batch: 1, command };
}

const list = (items: Fill["items"], key = "list"): Fill => members(`RPUSH ${key}`, items, (index) => [`element:${digits(index)}`]);
const set = (items: Fill["items"], key = "set"): Fill => members(`SADD ${key}`, items, (index) => [`member:${digits(index)}`]);
const intset = (items: number, key: string, step = 1): Fill => members(`SADD ${key}`, items, (index) => [index * step]);
const zset = (items: Fill["items"], key = "zset"): Fill => members(`ZADD ${key}`, items, (index) => [index, `member:${digits(index)}`]);
const flat = (items: number): Fill => members("ZADD flat", items, (index) => [0, `member:${digits(index)}`]);
const hash = (items: number, key = "hash"): Fill => members(`HSET ${key}`, items, (index) => [`field:${digits(index)}`, V]);
const stream = (items: Fill["items"]): Fill => each(items, (index) => ["XADD", "stream", `${index + 1}-0`, "field", V]);
const smallHashes: Fill = each(KEYS, (index) => ["HSET", `hash:${digits(index)}`, "a", V, "b", V, "c", V]);
const geo: Fill = members("GEOADD geo", 10_000, (index) => [
  ((index * 7919) % 36000) / 100 - 180,
  ((index * 104729) % 17000) / 100 - 85,
  `member:${digits(index)}`,
]);
const once = (line: string): Fill => each(1, () => line.split(" "));

function define(group: string, entries: Readonly<Record<string, readonly [line: string, extra?: Extra]>>): Case[] {
  return Object.entries(entries).map(([name, [line, extra = {}]]) => {
    const fill = extra.fill === undefined ? [] : "command" in extra.fill ? [extra.fill] : extra.fill;
    return { name, group, line, keyspace: KEYS, fresh: false, shared: false, limit: LIMIT, ...extra, fill };
  });
}

const repeat = (count: number, word: string): string => new Array<string>(count).fill(word).join(" ");
const keys: Extra = { fill: strings(KEYS) };
const manyKeys: Extra = { fill: strings(MANY), keyspace: MANY };
const grows: Extra = { fresh: true };
const usesUpKeys: Extra = { fill: strings(PER_REQUEST), keyspace: PER_REQUEST, fresh: true, limit: PER_REQUEST };
const usesUp = (fill: Fill): Extra => ({ fill, fresh: true, limit: PER_REQUEST, keyspace: PER_REQUEST });

const STRINGS = define("strings", {
  set: [`SET ${KEY} ${V}`, keys],
  "set-1m": [`SET ${KEY} ${V}`, manyKeys],
  "set-px": [`SET ${KEY} ${V} PX 3600000`, keys],
  "set-1k": [`SET ${KEY} ${"v".repeat(1024)}`, { fill: strings(KEYS, "v".repeat(1024)) }],
  get: [`GET ${KEY}`, keys],
  "get-1m": [`GET ${KEY}`, manyKeys],
  "get-1k": [`GET ${KEY}`, { fill: strings(KEYS, "v".repeat(1024)) }],
  incr: [`INCR ${KEY}`, { fill: strings(KEYS, "1") }],
  "incr-1m": [`INCR ${KEY}`, { fill: strings(MANY, "1"), keyspace: MANY }],
  incrby: [`INCRBY ${KEY} 7`, { fill: strings(KEYS, "1") }],
  decr: [`DECR ${KEY}`, { fill: strings(KEYS, "1") }],
  decrby: [`DECRBY ${KEY} 7`, { fill: strings(KEYS, "1") }],
  incrbyfloat: [`INCRBYFLOAT ${KEY} 0.5`, { fill: strings(KEYS, "1") }],
  mset: [`MSET ${repeat(10, `${KEY} ${V}`)}`, keys],
  "mset-1m": [`MSET ${repeat(10, `${KEY} ${V}`)}`, manyKeys],
  msetnx: [`MSETNX ${repeat(2, `${KEY} ${V}`)}`, keys],
  mget: [`MGET ${repeat(10, KEY)}`, keys],
  "mget-1m": [`MGET ${repeat(10, KEY)}`, manyKeys],
  append: [`APPEND ${KEY} x`, { ...keys, ...grows }],
  getrange: [`GETRANGE ${KEY} 4 11`, keys],
  setrange: [`SETRANGE ${KEY} 4 12345678`, keys],
  strlen: [`STRLEN ${KEY}`, keys],
  getset: [`GETSET ${KEY} ${V}`, keys],
  getex: [`GETEX ${KEY} EX 3600`, keys],
  getdel: [`GETDEL ${KEY}`, usesUpKeys],
  setnx: [`SETNX ${KEY} ${V}`, grows],
  setex: [`SETEX ${KEY} 3600 ${V}`, keys],
  psetex: [`PSETEX ${KEY} 3600000 ${V}`, keys],
  substr: [`SUBSTR ${KEY} 4 11`, keys],
  lcs: ["LCS left right LEN", { fill: [once("SET left ohmytextwithmanyletters"), once("SET right mynewtextandotherletters")] }],
});

const BITMAPS = define("bitmaps and HyperLogLog", {
  setbit: [`SETBIT bits:${R} 777 1`],
  getbit: ["GETBIT bits 777777", { fill: once("SETBIT bits 1000000 1") }],
  bitcount: ["BITCOUNT bits", { fill: once("SETBIT bits 80000 1") }],
  bitpos: ["BITPOS bits 1", { fill: once("SETBIT bits 80000 1") }],
  bitop: ["BITOP AND target bits other", { fill: [once("SETBIT bits 8000 1"), once("SETBIT other 8000 1")] }],
  bitfield: [`BITFIELD field:${R} INCRBY u8 0 1 GET u4 4`],
  bitfield_ro: ["BITFIELD_RO bits GET u8 0 GET u8 8", { fill: once("SETBIT bits 80000 1") }],
  pfadd: [`PFADD hll element:${R}`],
  pfcount: ["PFCOUNT hll", { fill: members("PFADD hll", 10_000, (index) => [`element:${index}`]) }],
  pfmerge: ["PFMERGE target hll", { fill: members("PFADD hll", 10_000, (index) => [`element:${index}`]) }],
});

const LISTS = define("lists", {
  lpush: [`LPUSH list ${V}`, grows],
  rpush: [`RPUSH list ${V}`, grows],
  lpushx: [`LPUSHX list ${V}`, { fill: list(1), ...grows }],
  rpushx: [`RPUSHX list ${V}`, { fill: list(1), ...grows }],
  "rpush-small": [`RPUSH list:${R} x`, grows],
  lpop: ["LPOP list", usesUp(list("requests"))],
  rpop: ["RPOP list", usesUp(list("requests"))],
  lmpop: ["LMPOP 1 list LEFT", usesUp(list("requests"))],
  blpop: ["BLPOP list 1", usesUp(list("requests"))],
  brpop: ["BRPOP list 1", usesUp(list("requests"))],
  blmpop: ["BLMPOP 1 1 list LEFT", usesUp(list("requests"))],
  lmove: ["LMOVE list list LEFT RIGHT", { fill: list(1000) }],
  blmove: ["BLMOVE list list LEFT RIGHT 1", { fill: list(1000) }],
  rpoplpush: ["RPOPLPUSH list list", { fill: list(1000) }],
  brpoplpush: ["BRPOPLPUSH list list 1", { fill: list(1000) }],
  "lrange-10": ["LRANGE list 0 9", { fill: list(1000) }],
  "lrange-100": ["LRANGE list 0 99", { fill: list(1000) }],
  "lrange-600": ["LRANGE list 0 599", { fill: list(1000) }],
  lindex: ["LINDEX list 500", { fill: list(1000) }],
  "lindex-small": ["LINDEX list 50", { fill: list(100) }],
  llen: ["LLEN list", { fill: list(1000) }],
  lset: [`LSET list 500 ${V}`, { fill: list(1000) }],
  linsert: [`LINSERT list BEFORE element:${digits(5)} x`, { fill: list(100), ...grows, limit: 20_000 }],
  lrem: ["LREM list 1 absent", { fill: list(100) }],
  ltrim: ["LTRIM list 0 -1", { fill: list(1000) }],
  lpos: [`LPOS list element:${digits(50)}`, { fill: list(100) }],
});

const HASHES = define("hashes", {
  hset: [`HSET hash field:${R} ${V}`, { fill: hash(KEYS) }],
  "hset-small": [`HSET hash:${R} b ${V}`, { fill: smallHashes }],
  hsetnx: [`HSETNX hash field:${R} ${V}`, grows],
  hmset: [`HMSET hash:${R} a ${V} b ${V}`, { fill: smallHashes }],
  hget: [`HGET hash field:${R}`, { fill: hash(KEYS) }],
  "hget-small": [`HGET hash:${R} b`, { fill: smallHashes }],
  hmget: [`HMGET hash ${repeat(5, `field:${R}`)}`, { fill: hash(KEYS) }],
  hgetall: [`HGETALL hash:${R}`, { fill: smallHashes }],
  "hgetall-100": ["HGETALL hash", { fill: hash(100) }],
  hkeys: ["HKEYS hash", { fill: hash(100) }],
  hvals: ["HVALS hash", { fill: hash(100) }],
  hdel: [`HDEL hash field:${R}`, usesUp(hash(PER_REQUEST))],
  hexists: [`HEXISTS hash field:${R}`, { fill: hash(KEYS) }],
  hlen: ["HLEN hash", { fill: hash(100) }],
  hstrlen: [`HSTRLEN hash field:${R}`, { fill: hash(KEYS) }],
  hincrby: [`HINCRBY counters field:${R} 1`],
  hincrbyfloat: [`HINCRBYFLOAT counters field:${R} 0.5`],
  hrandfield: ["HRANDFIELD hash", { fill: hash(KEYS) }],
  hscan: ["HSCAN hash 0 COUNT 10", { fill: hash(KEYS) }],
});

const SETS = define("sets", {
  sadd: [`SADD set member:${R}`, { fill: set(KEYS) }],
  "sadd-intset": ["SADD ints 250", { fill: intset(500, "ints") }],
  srem: [`SREM set member:${R}`, usesUp(set(PER_REQUEST))],
  sismember: [`SISMEMBER set member:${R}`, { fill: set(KEYS) }],
  "sismember-intset": ["SISMEMBER ints 250", { fill: intset(500, "ints") }],
  smismember: [`SMISMEMBER set ${repeat(5, `member:${R}`)}`, { fill: set(KEYS) }],
  scard: ["SCARD set", { fill: set(100) }],
  smembers: ["SMEMBERS set", { fill: set(100) }],
  spop: ["SPOP set", usesUp(set("requests"))],
  srandmember: ["SRANDMEMBER set", { fill: set(KEYS) }],
  smove: [`SMOVE set other member:${R}`, usesUp(set(PER_REQUEST))],
  sinter: ["SINTER a b", { fill: [set(100, "a"), set(50, "b")] }],
  "sinter-intset": ["SINTER a b", { fill: [intset(200, "a"), intset(200, "b", 2)] }],
  sintercard: ["SINTERCARD 2 a b", { fill: [set(100, "a"), set(50, "b")] }],
  sinterstore: ["SINTERSTORE target a b", { fill: [set(100, "a"), set(50, "b")] }],
  sunion: ["SUNION a b", { fill: [set(100, "a"), set(50, "b")] }],
  sunionstore: ["SUNIONSTORE target a b", { fill: [set(100, "a"), set(50, "b")] }],
  sdiff: ["SDIFF a b", { fill: [set(100, "a"), set(50, "b")] }],
  sdiffstore: ["SDIFFSTORE target a b", { fill: [set(100, "a"), set(50, "b")] }],
  sscan: ["SSCAN set 0 COUNT 10", { fill: set(KEYS) }],
});

const ZSETS = define("sorted sets", {
  zadd: [`ZADD zset ${R} member:${R}`, { fill: zset(KEYS) }],
  "zadd-small": [`ZADD zset:${R} 1 a 2 b`],
  zincrby: [`ZINCRBY zset 1 member:${R}`, { fill: zset(KEYS) }],
  zrem: [`ZREM zset member:${R}`, usesUp(zset(PER_REQUEST))],
  zscore: [`ZSCORE zset member:${R}`, { fill: zset(KEYS) }],
  zmscore: [`ZMSCORE zset ${repeat(5, `member:${R}`)}`, { fill: zset(KEYS) }],
  zrank: [`ZRANK zset member:${R}`, { fill: zset(KEYS) }],
  zrevrank: [`ZREVRANK zset member:${R}`, { fill: zset(KEYS) }],
  zcard: ["ZCARD zset", { fill: zset(100) }],
  zcount: [`ZCOUNT zset ${R} +inf`, { fill: zset(KEYS) }],
  zlexcount: [`ZLEXCOUNT flat [member:${R} +`, { fill: flat(KEYS) }],
  zrange: ["ZRANGE zset 1000 1009", { fill: zset(KEYS) }],
  "zrange-100": ["ZRANGE zset 0 99 WITHSCORES", { fill: zset(KEYS) }],
  zrevrange: ["ZREVRANGE zset 0 9", { fill: zset(KEYS) }],
  zrangebyscore: [`ZRANGEBYSCORE zset ${R} +inf LIMIT 0 10`, { fill: zset(KEYS) }],
  zrevrangebyscore: [`ZREVRANGEBYSCORE zset ${R} -inf LIMIT 0 10`, { fill: zset(KEYS) }],
  zrangebylex: [`ZRANGEBYLEX flat [member:${R} + LIMIT 0 10`, { fill: flat(KEYS) }],
  zrevrangebylex: [`ZREVRANGEBYLEX flat [member:${R} - LIMIT 0 10`, { fill: flat(KEYS) }],
  zrangestore: ["ZRANGESTORE target zset 0 9", { fill: zset(KEYS) }],
  zpopmin: ["ZPOPMIN zset", usesUp(zset("requests"))],
  zpopmax: ["ZPOPMAX zset", usesUp(zset("requests"))],
  zmpop: ["ZMPOP 1 zset MIN", usesUp(zset("requests"))],
  bzpopmin: ["BZPOPMIN zset 1", usesUp(zset("requests"))],
  bzpopmax: ["BZPOPMAX zset 1", usesUp(zset("requests"))],
  bzmpop: ["BZMPOP 1 1 zset MIN", usesUp(zset("requests"))],
  zremrangebyrank: ["ZREMRANGEBYRANK zset 0 0", usesUp(zset("requests"))],
  zremrangebyscore: [`ZREMRANGEBYSCORE zset ${R} ${R}`, { fill: zset(KEYS) }],
  zremrangebylex: ["ZREMRANGEBYLEX flat [z [zz", { fill: flat(KEYS) }],
  zrandmember: ["ZRANDMEMBER zset", { fill: zset(KEYS) }],
  zunion: ["ZUNION 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zunionstore: ["ZUNIONSTORE target 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zinter: ["ZINTER 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zintercard: ["ZINTERCARD 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zinterstore: ["ZINTERSTORE target 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zdiff: ["ZDIFF 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zdiffstore: ["ZDIFFSTORE target 2 a b", { fill: [zset(100, "a"), zset(50, "b")] }],
  zscan: ["ZSCAN zset 0 COUNT 10", { fill: zset(KEYS) }],
  geoadd: [`GEOADD geo 13.361389 38.115556 member:${R}`],
  geopos: [`GEOPOS geo member:${R}`, { fill: geo, keyspace: 10_000 }],
  geodist: [`GEODIST geo member:${R} member:${R}`, { fill: geo, keyspace: 10_000 }],
  geohash: [`GEOHASH geo member:${R}`, { fill: geo, keyspace: 10_000 }],
  geosearch: ["GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 500 km", { fill: geo }],
  geosearchstore: ["GEOSEARCHSTORE target geo FROMLONLAT 15 37 BYRADIUS 500 km", { fill: geo }],
  georadius: ["GEORADIUS geo 15 37 500 km", { fill: geo }],
  georadius_ro: ["GEORADIUS_RO geo 15 37 500 km", { fill: geo }],
  georadiusbymember: [`GEORADIUSBYMEMBER geo member:${R} 500 km`, { fill: geo, keyspace: 10_000 }],
  georadiusbymember_ro: [`GEORADIUSBYMEMBER_RO geo member:${R} 500 km`, { fill: geo, keyspace: 10_000 }],
});

const group = once("XGROUP CREATE stream group 0");
const pending = once("XREADGROUP GROUP group consumer COUNT 100 STREAMS stream >");

const STREAMS = define("streams", {
  xadd: [`XADD stream * field ${V}`, grows],
  "xadd-maxlen": [`XADD stream MAXLEN ~ 1000 * field ${V}`],
  xlen: ["XLEN stream", { fill: stream(1000) }],
  "xrange-10": ["XRANGE stream - + COUNT 10", { fill: stream(1000) }],
  "xrange-100": ["XRANGE stream - + COUNT 100", { fill: stream(1000) }],
  xrevrange: ["XREVRANGE stream + - COUNT 10", { fill: stream(1000) }],
  xread: ["XREAD COUNT 10 STREAMS stream 0", { fill: stream(1000) }],
  xreadgroup: [
    "XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >",
    { ...usesUp(stream("requests")), fill: [stream("requests"), group] },
  ],
  xack: ["XACK stream group 1-0", { fill: [stream(1000), group, pending] }],
  xpending: ["XPENDING stream group", { fill: [stream(1000), group, pending] }],
  xclaim: ["XCLAIM stream group other 0 2-0", { fill: [stream(1000), group, pending] }],
  xautoclaim: ["XAUTOCLAIM stream group other 0 0 COUNT 10", { fill: [stream(1000), group, pending] }],
  xinfo: ["XINFO STREAM stream", { fill: stream(1000) }],
  xdel: ["XDEL stream 1-1", { fill: stream(1000) }],
  xtrim: ["XTRIM stream MAXLEN 1000", { fill: stream(1000) }],
});

/** 7919 has no divisor in common with a million: every score once, and neighbours by rank far apart in the order of their making. */
const bigZset: Fill = members("ZADD zset", MANY, (index) => [(index * 7919) % MANY, `member:${digits(index)}`]);
const bigHash = hash(MANY);
const bigSet = set(MANY);
const bigList = list(MANY);
const bigStream = stream(MANY);
const big = (fill: Fill): Extra => ({ fill, keyspace: MANY, shared: true });

/** One key of a million elements. Cases of one key stand together, so that it is made once; those that change it most come last. */
const BIG_KEYS = define("big keys", {
  "zrange-big": ["ZRANGE zset __rank__ __rank+9__", { ...big(bigZset), keyspace: MANY - 10 }],
  "zrangebyscore-big": [`ZRANGEBYSCORE zset ${R} +inf LIMIT 0 10`, big(bigZset)],
  "zrank-big": [`ZRANK zset member:${R}`, big(bigZset)],
  "zscore-big": [`ZSCORE zset member:${R}`, big(bigZset)],
  "zadd-big": [`ZADD zset ${R} member:${R}`, big(bigZset)],
  "hget-big": [`HGET hash field:${R}`, big(bigHash)],
  "hset-big": [`HSET hash field:${R} ${V}`, big(bigHash)],
  "sismember-big": [`SISMEMBER set member:${R}`, big(bigSet)],
  "lindex-big": [`LINDEX list ${MANY / 2}`, big(bigList)],
  "lrange-big": [`LRANGE list ${MANY / 2} ${MANY / 2 + 99}`, big(bigList)],
  "xrange-big": [`XRANGE stream ${R} + COUNT 10`, big(bigStream)],
  "xadd-big": [`XADD stream * field ${V}`, { fill: bigStream, limit: PER_REQUEST }],
});

const KEYSPACE = define("keys", {
  exists: [`EXISTS ${KEY}`, keys],
  del: [`DEL ${KEY}`, usesUpKeys],
  unlink: [`UNLINK ${KEY}`, usesUpKeys],
  expire: [`EXPIRE ${KEY} 3600`, keys],
  pexpire: [`PEXPIRE ${KEY} 3600000`, keys],
  expireat: [`EXPIREAT ${KEY} 4102444800`, keys],
  pexpireat: [`PEXPIREAT ${KEY} 4102444800000`, keys],
  expiretime: [`EXPIRETIME ${KEY}`, keys],
  pexpiretime: [`PEXPIRETIME ${KEY}`, keys],
  ttl: [`TTL ${KEY}`, keys],
  pttl: [`PTTL ${KEY}`, keys],
  persist: [`PERSIST ${KEY}`, keys],
  type: [`TYPE ${KEY}`, keys],
  touch: [`TOUCH ${KEY}`, keys],
  rename: ["RENAME a a", { fill: once("SET a 1") }],
  renamenx: ["RENAMENX a a", { fill: once("SET a 1") }],
  copy: [`COPY ${KEY} target REPLACE`, { fill: strings(KEYS) }],
  move: [`MOVE absent:${R} 1`, keys],
  randomkey: ["RANDOMKEY", keys],
  scan: ["SCAN 0 COUNT 10", keys],
  dump: [`DUMP ${KEY}`, keys],
  "memory-usage": [`MEMORY USAGE ${KEY}`, keys],
  object: [`OBJECT ENCODING ${KEY}`, keys],
  sort: ["SORT list LIMIT 0 10 ALPHA", { fill: list(100) }],
  sort_ro: ["SORT_RO list LIMIT 0 10 ALPHA", { fill: list(100) }],
  dbsize: ["DBSIZE", keys],
  keys: ["KEYS key:00000000000?", { fill: strings(1000) }],
});

const SCRIPT = "return redis.call('get',KEYS[1])";
const SCRIPT_SHA = new Bun.CryptoHasher("sha1").update(SCRIPT).digest("hex");
const LIBRARY = "#!lua name=bench\nredis.register_function('bench', function(keys) return redis.call('get', keys[1]) end)";

const CONNECTION = define("connection, messages and scripts", {
  ping: ["PING"],
  echo: [`ECHO ${V}`],
  select: ["SELECT 0"],
  time: ["TIME"],
  publish: [`PUBLISH channel ${V}`],
  spublish: [`SPUBLISH channel ${V}`],
  watch: ["WATCH watched"],
  unwatch: ["UNWATCH"],
  "client-id": ["CLIENT ID"],
  "config-get": ["CONFIG GET maxmemory"],
  command: ["COMMAND COUNT"],
  "acl-whoami": ["ACL WHOAMI"],
  info: ["INFO"],
  role: ["ROLE"],
  lastsave: ["LASTSAVE"],
  eval: [`EVAL "${SCRIPT}" 1 ${KEY}`, keys],
  eval_ro: [`EVAL_RO "${SCRIPT}" 1 ${KEY}`, keys],
  evalsha: [`EVALSHA ${SCRIPT_SHA} 1 ${KEY}`, { fill: [strings(KEYS), each(1, () => ["SCRIPT", "LOAD", SCRIPT])] }],
  fcall: [`FCALL bench 1 ${KEY}`, { fill: [strings(KEYS), each(1, () => ["FUNCTION", "LOAD", "REPLACE", LIBRARY])] }],
});

/** Every case, in the order of the tables. */
export const CASES: readonly Case[] = [
  ...STRINGS,
  ...KEYSPACE,
  ...LISTS,
  ...HASHES,
  ...SETS,
  ...ZSETS,
  ...STREAMS,
  ...BIG_KEYS,
  ...BITMAPS,
  ...CONNECTION,
];
