/**
 * The commands of every data type, as templates.
 *
 * Left out, because 7.0.15 and 7.2 differ by design, or because two servers cannot be expected to agree:
 *
 * | left out | why |
 * | --- | --- |
 * | ZRANK, ZREVRANK with WITHSCORE | new in 7.2 |
 * | OBJECT ENCODING of small lists and sets | "listpack" in 7.2, "quicklist" and "hashtable" in 7.0: compared with that in mind |
 * | XINFO CONSUMERS beyond names and counts, XINFO STREAM FULL | 7.2 adds active-time and inactive |
 * | XADD with `*`, XGROUP CREATE and XSETID beyond the entries made here | ids come from the clock |
 * | XSETID below the highest deleted id | an error since 7.2 |
 * | LPOS with RANK -9223372036854775808 | an error since 7.2 |
 * | consumers that wait for nothing | 7.2 makes them earlier, and replicas do not hear of it |
 * | BITFIELD with OVERFLOW FAIL beyond the end of a string | the string grows, and replicas do not hear of it: a bit far behind is set first |
 * | ranges by name in a sorted set of several scores | nowhere defined: they have keys of their own (`lexkey`), whose scores are all 0 |
 * | groups whose names hold a NUL | Redis cuts them off there in its errors |
 * | SCAN and its kin with a cursor or without a high COUNT | the order of tables differs |
 * | SORT ALPHA of elements that differ in a NUL only | Redis leaves comparing to strcoll, which ends there |
 * | scores that are no short decimal | 7.0 writes them as "%.17g", 7.2 as the shortest text: compared as numbers |
 * | XREAD and XREADGROUP with unbalanced streams | 7.2 quotes the name of the command: compared with that in mind |
 * | encodings of sets and sorted sets | 7.2 changes them ahead of commands with many arguments; and Redis unpacks a sorted set to SORT it |
 * | how much a group has read and how often it delivered, on replicas | XREADGROUP does not tell them |
 * | HyperLogLogs with damaged registers | Redis stops half-way, and replicas do not hear of it |
 * | scores nearer to 0 than 2e-308 | SORT in Redis takes them for an error once they are packed |
 * | the sign of a score of -0 | a packed one loses it, and what is packed depends on SORT |
 * | counters of streams that overflow | they are signed in Redis, which then refuses its own stream of commands |
 * | XAUTOCLAIM with a COUNT of millions | whether there is memory for that many depends on the machine |
 * | BLPOP and its kin outside MULTI | they would wait: test/commands/blocking.test.ts has them |
 * | idle times | the clock again: minimal idle times are 0 or beyond reach |
 * | SPOP of a part of a set | left to chance; the whole of it and none of it are asked for |
 * | SORT with both BY and LIMIT or STORE | ties have no order of their own |
 * | keys that expire while the sequence runs | the moment is left to chance |
 */
import { commands } from "./generator.ts";

export const strings = commands(
  "string",
  `
  8x SET key text {[NX|XX] [GET] [KEEPTTL] [EX seconds] [PXAT unixtimems]}
  2x SET key text [EX seconds] [PX milliseconds] [EXAT unixtime]
  4x GET key
  GETSET key text
  GETDEL key
  2x GETEX key [EX seconds] [PX milliseconds] [EXAT unixtime] [PXAT unixtimems] [PERSIST]
  SETNX key text
  SETEX key seconds text
  PSETEX key milliseconds text
  3x APPEND key text
  2x STRLEN key
  2x SETRANGE key offset text
  2x GETRANGE key index index
  SUBSTR key index index
  2x INCR key
  DECR key
  3x INCRBY key integer
  DECRBY key integer
  4x INCRBYFLOAT key double
  MSET (key text)+
  MSETNX (key text)+
  2x MGET otherkey+
  LCS key key {[LEN] [IDX] [MINMATCHLEN small] [WITHMATCHLEN]}
  `,
);

export const bitmaps = commands(
  "bitmap",
  `
  5x SETBIT key bitoffset bit
  3x GETBIT key bitoffset
  4x BITCOUNT key [bitposition bitposition [BYTE|BIT]]
  4x BITPOS key bit [bitposition [bitposition [BYTE|BIT]]]
  4x BITOP AND|OR|XOR|NOT otherkey otherkey+
  6x BITFIELD key {[GET fieldtype fieldoffset] [OVERFLOW WRAP|SAT|FAIL] [SET fieldtype fieldoffset integer] [INCRBY fieldtype fieldoffset integer]}
  2x BITFIELD_RO key (GET fieldtype fieldoffset)*
  SET key text
  SETRANGE key offset text
  APPEND key text
  2x GET key
  DEL key
  `,
);

export const logs = commands(
  "log",
  `
  8x PFADD key member*
  4x PFCOUNT key+
  3x PFMERGE key key*
  2x GET key
  STRLEN key
  DEL key
  SET key text
  PFDEBUG GETREG|ENCODING|DECODE key
  `,
);

export const lists = commands(
  "list",
  `
  5x RPUSH key text+
  4x LPUSH key text+
  RPUSH key member+
  LPUSHX key text+
  RPUSHX key text+
  3x LPOP key [count]
  3x RPOP key [count]
  2x LLEN key
  4x LRANGE key index index
  LRANGE key 0 -1
  3x LINDEX key index
  4x LINSERT key BEFORE|AFTER text text
  4x LSET key index text
  4x LREM key small text
  LTRIM key index index
  3x LPOS key text {[RANK rank] [COUNT count] [MAXLEN count]}
  3x LMOVE otherkey otherkey LEFT|RIGHT LEFT|RIGHT
  RPOPLPUSH otherkey otherkey
  2x LMPOP keys LEFT|RIGHT [COUNT count]
  SORT key {[ASC|DESC] [ALPHA] [LIMIT index count] [GET getpattern] [STORE otherkey]}
  `,
);

export const hashes = commands(
  "hash",
  `
  8x HSET key (member text)+
  2x HMSET key (member text)+
  2x HSETNX key member text
  4x HGET key member
  2x HMGET key member+
  HGETALL key
  HKEYS key
  HVALS key
  2x HLEN key
  2x HSTRLEN key member
  2x HEXISTS key member
  3x HDEL key member+
  3x HINCRBY key member integer
  3x HINCRBYFLOAT key member double
  2x HRANDFIELD key [sample [WITHVALUES]]
  HSCAN key cursor COUNT everything [MATCH pattern]
  `,
);

export const sets = commands(
  "set",
  `
  6x SADD key member+
  SADD key integer+
  4x SREM key member+
  2x SCARD key
  2x SISMEMBER key member
  2x SMISMEMBER key member+
  SMEMBERS key
  2x SMOVE otherkey otherkey member
  SRANDMEMBER key [sample]
  SPOP key 100000
  SPOP key 0
  2x SINTER otherkey+
  2x SUNION otherkey+
  2x SDIFF otherkey+
  2x SINTERSTORE otherkey otherkey+
  2x SUNIONSTORE otherkey otherkey+
  2x SDIFFSTORE otherkey otherkey+
  2x SINTERCARD keys [LIMIT small]
  SSCAN key cursor COUNT everything [MATCH pattern]
  SORT key {[ASC|DESC] [ALPHA] [LIMIT index count] [STORE otherkey]}
  `,
);

export const sortedSets = commands(
  "zset",
  `
  8x ZADD key {[NX|XX] [GT|LT] [CH]} (double member)+
  ZADD key {[NX|XX] [GT|LT] [CH] [INCR]} double member
  2x ZADD lexkey (0 member)+
  2x ZINCRBY key double member
  4x ZREM key member+
  ZCARD key
  2x ZSCORE key member
  ZMSCORE key member+
  2x ZRANK key member
  2x ZREVRANK key member
  2x ZCOUNT key scorebound scorebound
  2x ZLEXCOUNT lexkey lexbound lexbound
  2x ZRANGE key index index {[REV] [WITHSCORES]}
  3x ZRANGE key scorebound scorebound BYSCORE {[REV] [LIMIT index small] [WITHSCORES]}
  3x ZRANGE lexkey lexbound lexbound BYLEX {[REV] [LIMIT index small]}
  ZREVRANGE key index index [WITHSCORES]
  ZRANGEBYSCORE key scorebound scorebound {[LIMIT index small] [WITHSCORES]}
  ZREVRANGEBYSCORE key scorebound scorebound {[LIMIT index small] [WITHSCORES]}
  ZRANGEBYLEX lexkey lexbound lexbound [LIMIT index small]
  ZREVRANGEBYLEX lexkey lexbound lexbound [LIMIT index small]
  ZRANGESTORE otherkey otherkey index index [REV]
  ZRANGESTORE otherkey otherkey scorebound scorebound BYSCORE {[REV] [LIMIT index small]}
  ZRANGESTORE otherkey lexkey lexbound lexbound BYLEX {[REV] [LIMIT index small]}
  ZREMRANGEBYRANK key index index
  ZREMRANGEBYSCORE key scorebound scorebound
  ZREM lexkey member+
  ZREMRANGEBYLEX lexkey lexbound lexbound
  2x ZUNION zsetkeys {[WEIGHTS double+] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]}
  2x ZINTER zsetkeys {[WEIGHTS double double] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]}
  ZDIFF zsetkeys [WITHSCORES]
  2x ZUNIONSTORE key zsetkeys {[WEIGHTS double double] [AGGREGATE SUM|MIN|MAX]}
  2x ZINTERSTORE key zsetkeys {[WEIGHTS double double] [AGGREGATE SUM|MIN|MAX]}
  ZDIFFSTORE key zsetkeys
  2x ZINTERCARD zsetkeys [LIMIT small]
  2x ZPOPMIN key [count]
  2x ZPOPMAX key [count]
  ZMPOP zsetkeys MIN|MAX [COUNT count]
  ZRANDMEMBER key [sample [WITHSCORES]]
  ZSCAN key cursor COUNT everything [MATCH pattern]
  SADD setkey member+
  SORT key {[BY sortpattern] [ASC|DESC] [ALPHA]}
  `,
);

export const streams = commands(
  "stream",
  `
  12x XADD key {[NOMKSTREAM] [MAXLEN threshold]} newid (text text)+
  4x XADD key newid text text text text
  XADD key [MAXLEN|MINID [=|~] threshold [LIMIT count]] newid (text text)+
  2x XLEN key
  3x XRANGE key rangeid rangeid [COUNT count]
  3x XREVRANGE key rangeid rangeid [COUNT count]
  3x XDEL key id+
  2x XTRIM key MAXLEN [=|~] threshold [LIMIT count]
  2x XTRIM key MINID [=|~] id [LIMIT count]
  2x XSETID key highid [ENTRIESADDED few] [MAXDELETEDID id]
  2x XREAD [COUNT count] STREAMS streams
  4x XGROUP CREATE key group lastid {[MKSTREAM] [ENTRIESREAD few]}
  XGROUP SETID key group lastid [ENTRIESREAD few]
  XGROUP DESTROY key group
  XGROUP CREATECONSUMER key group consumer
  XGROUP DELCONSUMER key group consumer
  8x XREADGROUP GROUP group consumer {[COUNT count] [NOACK]} STREAMS groupstreams
  4x XACK key group id+
  2x XPENDING key group
  3x XPENDING key group [IDLE idle] rangeid rangeid count [consumer]
  4x XCLAIM key group consumer idle id+ {[IDLE idle] [TIME unixtimems] [RETRYCOUNT small] [FORCE] [JUSTID] [LASTID id]}
  4x XAUTOCLAIM key group consumer idle id {[COUNT few] [JUSTID]}
  XINFO STREAM key
  XINFO GROUPS key
  XINFO CONSUMERS key group
  `,
);

export const geo = commands(
  "geo",
  `
  8x GEOADD key {[NX|XX] [CH]} (longitude latitude member)+
  2x GEOPOS key member*
  2x GEOHASH key member*
  2x GEODIST key member member [unit]
  3x GEOSEARCH key FROMLONLAT longitude latitude BYRADIUS distance unit {[ASC|DESC] [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT small [ANY]]}
  3x GEOSEARCH key FROMMEMBER member BYBOX distance distance unit {[ASC|DESC] [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT small [ANY]]}
  2x GEOSEARCH key {[FROMMEMBER member] [FROMLONLAT longitude latitude] [BYBOX distance distance unit] [BYRADIUS distance unit] [COUNT small]}
  GEOSEARCHSTORE otherkey otherkey FROMLONLAT longitude latitude BYRADIUS|BYRADIUS distance unit {[ASC|DESC] [STOREDIST]}
  GEORADIUS key longitude latitude distance unit {[ASC|DESC] [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT small [ANY]] [STORE otherkey] [STOREDIST otherkey]}
  GEORADIUSBYMEMBER key member distance unit {[ASC|DESC] [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT small [ANY]] [STOREDIST otherkey]}
  GEORADIUS_RO key longitude latitude distance unit {[ASC|DESC] [WITHCOORD]}
  ZRANGE key 0 -1 WITHSCORES
  ZREM key member
  `,
);

export const keys = commands(
  "string",
  `
  3x SET anykey text
  3x RPUSH anykey text+
  3x HSET anykey (member text)+
  3x SADD anykey member+
  3x ZADD anykey (double member)+
  2x XADD anykey newid text text
  4x DEL anykey+
  UNLINK anykey+
  3x EXISTS anykey+
  TOUCH anykey+
  4x TYPE anykey
  4x OBJECT ENCODING anykey
  4x RENAME anykey anykey
  3x RENAMENX anykey anykey
  4x COPY anykey anykey {[REPLACE] [DB bit]}
  2x MOVE anykey bit
  SWAPDB bit bit
  3x EXPIRE anykey seconds
  2x PEXPIRE anykey milliseconds
  3x EXPIREAT anykey unixtime [NX|XX|GT|LT]
  3x PEXPIREAT anykey unixtimems {[NX|XX] [GT|LT]}
  2x TTL anykey
  2x PTTL anykey
  2x EXPIRETIME anykey
  2x PEXPIRETIME anykey
  3x PERSIST anykey
  2x DUMP anykey
  6x RESTORE anykey milliseconds payload {[REPLACE] [IDLETIME small] [FREQ count]}
  2x RESTORE anykey unixtimems payload {[REPLACE] [ABSTTL]}
  KEYS pattern
  2x SCAN cursor COUNT everything {[MATCH pattern] [TYPE typename]}
  DBSIZE
  RANDOMKEY
  4x SORT anykey {[LIMIT index count] [GET getpattern] [GET getpattern] [ASC|DESC] [ALPHA] [STORE anykey]}
  2x SORT_RO anykey {[BY sortpattern] [GET getpattern] [ASC|DESC] [ALPHA]}
  SORT anykey {[BY sortpattern] [GET getpattern] [ASC|DESC] [ALPHA]}
  HGETALL anykey
  LRANGE anykey 0 -1
  SMEMBERS anykey
  ZRANGE anykey 0 -1 WITHSCORES
  XRANGE anykey - +
  SELECT bit
  `,
);

/** Databases that go as a whole; what results, and is no key, is left from before. */
export const emptying = commands(
  "string",
  `
  2x FLUSHALL [SYNC|ASYNC]
  3x FLUSHDB [SYNC|ASYNC]
  2x SWAPDB bit bit
  4x SELECT bit
  DBSIZE
  20x SUNION setkey+
  20x ZUNIONSTORE zsetkey zsetkeys
  20x SUNIONSTORE setkey setkey+
  40x SADD setkey member+
  40x ZADD zsetkey (double member)+
  20x RPUSH listkey text+
  20x SET key text
  20x SETRANGE key offset text
  `,
);
