/** What the methods of commands send, and that it is what they mean to a server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { outdatedFiles } from "../../scripts/generate-client.ts";
import { CommandBase, type Convert, type Mode } from "../../src/client/command-base.ts";
import { Commands } from "../../src/client/commands/all.ts";
import type { Word } from "../../src/client/link.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

interface Recording extends Mode {
  readonly text: string;
  readonly answer: readonly Word[];
}

class Recorder extends Commands<Recording> {
  blocking = 0;

  protected override run(request: readonly Word[], _convert?: Convert): readonly Word[] {
    return request;
  }

  protected override runBlocking(request: readonly Word[], convert?: Convert): readonly Word[] {
    this.blocking++;
    return this.run(request, convert);
  }
}

type Call = readonly [call: (client: Recorder) => readonly Word[], words: string];

const pairs = new Map([["a", 1]]);

/** Words with a space between them; `''`: an empty one. */
const CALLS: readonly Call[] = [
  // string
  [(c) => c.append("k", "v"), "APPEND k v"],
  [(c) => c.decr("k"), "DECR k"],
  [(c) => c.decrby("k", 2), "DECRBY k 2"],
  [(c) => c.delex("k"), "DELEX k"],
  [(c) => c.delex("k", { ifEq: "v" }), "DELEX k IFEQ v"],
  [(c) => c.delex("k", { ifNe: "v" }), "DELEX k IFNE v"],
  [(c) => c.delex("k", { ifDeq: "0123456789abcdef" }), "DELEX k IFDEQ 0123456789abcdef"],
  [(c) => c.delex("k", { ifDne: "0123456789abcdef" }), "DELEX k IFDNE 0123456789abcdef"],
  [(c) => c.delifeq("k", "v"), "DELIFEQ k v"],
  [(c) => c.digest("k"), "DIGEST k"],
  [(c) => c.get("k"), "GET k"],
  [(c) => c.getdel("k"), "GETDEL k"],
  [(c) => c.getex("k"), "GETEX k"],
  [(c) => c.getex("k", { ex: 1 }), "GETEX k EX 1"],
  [(c) => c.getex("k", { px: 1 }), "GETEX k PX 1"],
  [(c) => c.getex("k", { exAt: 1 }), "GETEX k EXAT 1"],
  [(c) => c.getex("k", { pxAt: 1n }), "GETEX k PXAT 1"],
  [(c) => c.getex("k", { persist: true }), "GETEX k PERSIST"],
  [(c) => c.getrange("k", 0, -1), "GETRANGE k 0 -1"],
  [(c) => c.getset("k", "v"), "GETSET k v"],
  [(c) => c.incr("k"), "INCR k"],
  [(c) => c.incrby("k", -3), "INCRBY k -3"],
  [(c) => c.incrbyfloat("k", 0.5), "INCRBYFLOAT k 0.5"],
  [(c) => c.lcs("a", "b"), "LCS a b"],
  [(c) => c.lcs("a", "b", { len: true }), "LCS a b LEN"],
  [(c) => c.lcs("a", "b", { idx: true, minMatchLen: 2, withMatchLen: true }), "LCS a b IDX MINMATCHLEN 2 WITHMATCHLEN"],
  [(c) => c.mget("a"), "MGET a"],
  [(c) => c.mget(["a", "b"]), "MGET a b"],
  [(c) => c.mset({ a: 1, b: "2" }), "MSET a 1 b 2"],
  [(c) => c.mset(pairs), "MSET a 1"],
  [
    (c) =>
      c.mset([
        ["a", 1],
        ["b", 2],
      ]),
    "MSET a 1 b 2",
  ],
  [(c) => c.msetex({ a: 1, b: 2 }), "MSETEX 2 a 1 b 2"],
  [(c) => c.msetex(pairs, { nx: true, ex: 5 }), "MSETEX 1 a 1 NX EX 5"],
  [(c) => c.msetex(pairs, { xx: true, keepTtl: true }), "MSETEX 1 a 1 XX KEEPTTL"],
  [(c) => c.msetnx({ a: 1 }), "MSETNX a 1"],
  [(c) => c.psetex("k", 5, "v"), "PSETEX k 5 v"],
  [(c) => c.set("k", "v"), "SET k v"],
  [(c) => c.set("k", "v", {}), "SET k v"],
  [(c) => c.set("k", "v", { ex: 10 }), "SET k v EX 10"],
  [(c) => c.set("k", "v", { nx: true, get: true, px: 10 }), "SET k v NX GET PX 10"],
  [(c) => c.set("k", "v", { xx: true, keepTtl: true }), "SET k v XX KEEPTTL"],
  [(c) => c.set("k", "v", { ifEq: "w", exAt: 4000000000 }), "SET k v IFEQ w EXAT 4000000000"],
  [(c) => c.set("k", "v", { ifNe: "w", pxAt: 4000000000000 }), "SET k v IFNE w PXAT 4000000000000"],
  [(c) => c.set("k", "v", { ifDeq: "0123456789abcdef" }), "SET k v IFDEQ 0123456789abcdef"],
  [(c) => c.set("k", "v", { ifDne: "0123456789abcdef" }), "SET k v IFDNE 0123456789abcdef"],
  [(c) => c.setex("k", 5, "v"), "SETEX k 5 v"],
  [(c) => c.setnx("k", "v"), "SETNX k v"],
  [(c) => c.setrange("k", 1, "v"), "SETRANGE k 1 v"],
  [(c) => c.strlen("k"), "STRLEN k"],
  [(c) => c.substr("k", 0, 1), "SUBSTR k 0 1"],
  // bitmap
  [(c) => c.bitcount("k"), "BITCOUNT k"],
  [(c) => c.bitcount("k", 0, -1), "BITCOUNT k 0 -1"],
  [(c) => c.bitcount("k", 0, -1, { bit: true }), "BITCOUNT k 0 -1 BIT"],
  [(c) => c.bitfield("k"), "BITFIELD k"],
  [(c) => c.bitfield("k", { get: { encoding: "u8", offset: 0 } }), "BITFIELD k GET u8 0"],
  [
    (c) =>
      c.bitfield("k", [
        { set: { encoding: "u8", offset: "#1", value: 3 } },
        { overflow: "SAT", incrby: { encoding: "i5", offset: 2, increment: 1 } },
      ]),
    "BITFIELD k SET u8 #1 3 OVERFLOW SAT INCRBY i5 2 1",
  ],
  [
    (c) =>
      c.bitfieldRo("k", {
        get: [
          ["u8", 0],
          ["u8", 8],
        ],
      }),
    "BITFIELD_RO k GET u8 0 GET u8 8",
  ],
  [(c) => c.bitop("AND", "d", ["a", "b"]), "BITOP AND d a b"],
  [(c) => c.bitpos("k", 1), "BITPOS k 1"],
  [(c) => c.bitpos("k", 1, 2), "BITPOS k 1 2"],
  [(c) => c.bitpos("k", 1, 2, -1, { byte: true }), "BITPOS k 1 2 -1 BYTE"],
  [(c) => c.getbit("k", 7), "GETBIT k 7"],
  [(c) => c.setbit("k", 7, 1), "SETBIT k 7 1"],
  // cluster
  [(c) => c.clusterAddslots([1, 2]), "CLUSTER ADDSLOTS 1 2"],
  [
    (c) =>
      c.clusterAddslotsrange([
        [1, 2],
        [4, 5],
      ]),
    "CLUSTER ADDSLOTSRANGE 1 2 4 5",
  ],
  [(c) => c.clusterBumpepoch(), "CLUSTER BUMPEPOCH"],
  [(c) => c.clusterCountFailureReports("id"), "CLUSTER COUNT-FAILURE-REPORTS id"],
  [(c) => c.clusterCountkeysinslot(1), "CLUSTER COUNTKEYSINSLOT 1"],
  [(c) => c.clusterDelslots(1), "CLUSTER DELSLOTS 1"],
  [(c) => c.clusterDelslotsrange([[1, 2]]), "CLUSTER DELSLOTSRANGE 1 2"],
  [(c) => c.clusterFailover({ force: true }), "CLUSTER FAILOVER FORCE"],
  [(c) => c.clusterFlushslots(), "CLUSTER FLUSHSLOTS"],
  [(c) => c.clusterForget("id"), "CLUSTER FORGET id"],
  [(c) => c.clusterGetkeysinslot(1, 2), "CLUSTER GETKEYSINSLOT 1 2"],
  [(c) => c.clusterHelp(), "CLUSTER HELP"],
  [(c) => c.clusterInfo(), "CLUSTER INFO"],
  [(c) => c.clusterKeyslot("k"), "CLUSTER KEYSLOT k"],
  [(c) => c.clusterLinks(), "CLUSTER LINKS"],
  [(c) => c.clusterMeet("127.0.0.1", 1, 2), "CLUSTER MEET 127.0.0.1 1 2"],
  [(c) => c.clusterMyid(), "CLUSTER MYID"],
  [(c) => c.clusterMyshardid(), "CLUSTER MYSHARDID"],
  [(c) => c.clusterNodes(), "CLUSTER NODES"],
  [(c) => c.clusterReplicas("id"), "CLUSTER REPLICAS id"],
  [(c) => c.clusterReplicate("id"), "CLUSTER REPLICATE id"],
  [(c) => c.clusterReset({ soft: true }), "CLUSTER RESET SOFT"],
  [(c) => c.clusterSaveconfig(), "CLUSTER SAVECONFIG"],
  [(c) => c.clusterSetConfigEpoch(3), "CLUSTER SET-CONFIG-EPOCH 3"],
  [(c) => c.clusterSetslot(1, { importing: "id" }), "CLUSTER SETSLOT 1 IMPORTING id"],
  [(c) => c.clusterSetslot(1, { stable: true }), "CLUSTER SETSLOT 1 STABLE"],
  [(c) => c.clusterShards(), "CLUSTER SHARDS"],
  [(c) => c.clusterSlaves("id"), "CLUSTER SLAVES id"],
  [(c) => c.clusterSlots(), "CLUSTER SLOTS"],
  [(c) => c.readonly(), "READONLY"],
  [(c) => c.readwrite(), "READWRITE"],
  // connection
  [(c) => c.auth("pass"), "AUTH pass"],
  [(c) => c.auth("pass", { username: "user" }), "AUTH user pass"],
  [(c) => c.clientGetname(), "CLIENT GETNAME"],
  [(c) => c.clientGetredir(), "CLIENT GETREDIR"],
  [(c) => c.clientHelp(), "CLIENT HELP"],
  [(c) => c.clientId(), "CLIENT ID"],
  [(c) => c.clientInfo(), "CLIENT INFO"],
  [(c) => c.clientKill("127.0.0.1:1"), "CLIENT KILL 127.0.0.1:1"],
  [(c) => c.clientKill({ id: 99 }), "CLIENT KILL ID 99"],
  [(c) => c.clientKill([{ type: "pubsub" }, { skipMe: "NO" }]), "CLIENT KILL TYPE pubsub SKIPME NO"],
  [
    (c) => c.clientKill([{ user: "u" }, { addr: "a:1" }, { laddr: "b:1" }, { maxAge: 1 }]),
    "CLIENT KILL USER u ADDR a:1 LADDR b:1 MAXAGE 1",
  ],
  [(c) => c.clientList(), "CLIENT LIST"],
  [(c) => c.clientList({ type: "normal" }), "CLIENT LIST TYPE normal"],
  [(c) => c.clientList({ id: [1, 2] }), "CLIENT LIST ID 1 2"],
  [(c) => c.clientNoEvict("ON"), "CLIENT NO-EVICT ON"],
  [(c) => c.clientNoTouch("OFF"), "CLIENT NO-TOUCH OFF"],
  [(c) => c.clientPause(1, { write: true }), "CLIENT PAUSE 1 WRITE"],
  [(c) => c.clientSetinfo({ libName: "lib" }), "CLIENT SETINFO lib-name lib"],
  [(c) => c.clientSetname("me"), "CLIENT SETNAME me"],
  [(c) => c.clientTracking("ON", { bcast: true, prefix: ["a", "b"], noLoop: true }), "CLIENT TRACKING ON PREFIX a PREFIX b BCAST NOLOOP"],
  [(c) => c.clientTracking("OFF"), "CLIENT TRACKING OFF"],
  [(c) => c.clientTracking("ON", { optIn: true }), "CLIENT TRACKING ON OPTIN"],
  [(c) => c.clientTrackinginfo(), "CLIENT TRACKINGINFO"],
  [(c) => c.clientUnblock(99, { error: true }), "CLIENT UNBLOCK 99 ERROR"],
  [(c) => c.clientUnpause(), "CLIENT UNPAUSE"],
  [(c) => c.echo("x"), "ECHO x"],
  [(c) => c.ping(), "PING"],
  [(c) => c.ping("x"), "PING x"],
  [(c) => c.select(1), "SELECT 1"],
  // generic
  [(c) => c.copy("a", "b", { db: 1, replace: true }), "COPY a b DB 1 REPLACE"],
  [(c) => c.del(["a", "b"]), "DEL a b"],
  [(c) => c.dump("k"), "DUMP k"],
  [(c) => c.dump("k", { version: 10 }), "DUMP k VERSION 10"],
  [(c) => c.exists("k"), "EXISTS k"],
  [(c) => c.expire("k", 5), "EXPIRE k 5"],
  [(c) => c.expire("k", 5, { nx: true }), "EXPIRE k 5 NX"],
  [(c) => c.expireat("k", 5, { xx: true }), "EXPIREAT k 5 XX"],
  [(c) => c.expiretime("k"), "EXPIRETIME k"],
  [(c) => c.keys("*"), "KEYS *"],
  [
    (c) => c.migrate("127.0.0.1", 1, "", 0, 5, { copy: true, replace: true, auth2: { username: "u", password: "p" }, keys: ["a", "b"] }),
    "MIGRATE 127.0.0.1 1 '' 0 5 COPY REPLACE AUTH2 u p KEYS a b",
  ],
  [(c) => c.migrate("127.0.0.1", 1, "k", 0, 5, { auth: "p" }), "MIGRATE 127.0.0.1 1 k 0 5 AUTH p"],
  [(c) => c.move("k", 1), "MOVE k 1"],
  [(c) => c.objectEncoding("k"), "OBJECT ENCODING k"],
  [(c) => c.objectFreq("k"), "OBJECT FREQ k"],
  [(c) => c.objectHelp(), "OBJECT HELP"],
  [(c) => c.objectIdletime("k"), "OBJECT IDLETIME k"],
  [(c) => c.objectRefcount("k"), "OBJECT REFCOUNT k"],
  [(c) => c.persist("k"), "PERSIST k"],
  [(c) => c.pexpire("k", 5, { gt: true }), "PEXPIRE k 5 GT"],
  [(c) => c.pexpireat("k", 5, { lt: true }), "PEXPIREAT k 5 LT"],
  [(c) => c.pexpiretime("k"), "PEXPIRETIME k"],
  [(c) => c.pttl("k"), "PTTL k"],
  [(c) => c.randomkey(), "RANDOMKEY"],
  [(c) => c.rename("a", "b"), "RENAME a b"],
  [(c) => c.renamenx("a", "b"), "RENAMENX a b"],
  [(c) => c.restore("k", 0, "bytes", { replace: true, absTtl: true, idleTime: 1 }), "RESTORE k 0 bytes REPLACE ABSTTL IDLETIME 1"],
  [(c) => c.restore("k", 0, "bytes", { freq: 1 }), "RESTORE k 0 bytes FREQ 1"],
  [(c) => c.scanStep(0, { match: "a*", count: 5, type: "string" }), "SCAN 0 MATCH a* COUNT 5 TYPE string"],
  [
    (c) => c.sort("k", { by: "w_*", limit: { offset: 0, count: 2 }, get: ["#", "o_*"], desc: true, alpha: true, store: "d" }),
    "SORT k BY w_* LIMIT 0 2 GET # GET o_* DESC ALPHA STORE d",
  ],
  [(c) => c.sortRo("k", { asc: true }), "SORT_RO k ASC"],
  [(c) => c.touch(["a", "b"]), "TOUCH a b"],
  [(c) => c.ttl("k"), "TTL k"],
  [(c) => c.type("k"), "TYPE k"],
  [(c) => c.unlink("k"), "UNLINK k"],
  [(c) => c.wait(0, 1), "WAIT 0 1"],
  [(c) => c.waitaof(0, 0, 1), "WAITAOF 0 0 1"],
  // geo
  [
    (c) =>
      c.geoadd(
        "k",
        [
          [1, 2, "a"],
          ["3", "4", "b"],
        ],
        { nx: true, ch: true },
      ),
    "GEOADD k NX CH 1 2 a 3 4 b",
  ],
  [(c) => c.geodist("k", "a", "b", { km: true }), "GEODIST k a b km"],
  [(c) => c.geohash("k", ["a", "b"]), "GEOHASH k a b"],
  [(c) => c.geopos("k", "a"), "GEOPOS k a"],
  [
    (c) => c.georadius("k", 1, 2, 3, "km", { withCoord: true, withDist: true, withHash: true, count: 2, any: true, asc: true }),
    "GEORADIUS k 1 2 3 km WITHCOORD WITHDIST WITHHASH COUNT 2 ANY ASC",
  ],
  [(c) => c.georadius("k", 1, 2, 3, "m", { store: "d" }), "GEORADIUS k 1 2 3 m STORE d"],
  [(c) => c.georadiusRo("k", 1, 2, 3, "ft", { desc: true }), "GEORADIUS_RO k 1 2 3 ft DESC"],
  [(c) => c.georadiusbymember("k", "a", 3, "mi", { storeDist: "d" }), "GEORADIUSBYMEMBER k a 3 mi STOREDIST d"],
  [(c) => c.georadiusbymemberRo("k", "a", 3, "mi"), "GEORADIUSBYMEMBER_RO k a 3 mi"],
  [
    (c) => c.geosearch("k", { fromMember: "a" }, { byRadius: { radius: 5, unit: "km" } }, { withDist: true, count: 3 }),
    "GEOSEARCH k FROMMEMBER a BYRADIUS 5 km COUNT 3 WITHDIST",
  ],
  [
    (c) => c.geosearch("k", { fromLonLat: { longitude: 1, latitude: 2 } }, { byBox: { width: 3, height: 4, unit: "m" } }, { asc: true }),
    "GEOSEARCH k FROMLONLAT 1 2 BYBOX 3 4 m ASC",
  ],
  [
    (c) => c.geosearchstore("d", "k", { fromMember: "a" }, { byRadius: { radius: 5, unit: "km" } }, { storeDist: true }),
    "GEOSEARCHSTORE d k FROMMEMBER a BYRADIUS 5 km STOREDIST",
  ],
  // hash
  [(c) => c.hdel("k", ["f", "g"]), "HDEL k f g"],
  [(c) => c.hexists("k", "f"), "HEXISTS k f"],
  [(c) => c.hexpire("k", 5, ["f", "g"], { nx: true }), "HEXPIRE k 5 NX FIELDS 2 f g"],
  [(c) => c.hexpireat("k", 5, "f"), "HEXPIREAT k 5 FIELDS 1 f"],
  [(c) => c.hexpiretime("k", "f"), "HEXPIRETIME k FIELDS 1 f"],
  [(c) => c.hget("k", "f"), "HGET k f"],
  [(c) => c.hgetall("k"), "HGETALL k"],
  [(c) => c.hgetdel("k", ["f"]), "HGETDEL k FIELDS 1 f"],
  [(c) => c.hgetex("k", ["f"], { ex: 5 }), "HGETEX k EX 5 FIELDS 1 f"],
  [(c) => c.hincrby("k", "f", 2), "HINCRBY k f 2"],
  [(c) => c.hincrbyfloat("k", "f", 2.5), "HINCRBYFLOAT k f 2.5"],
  [(c) => c.hkeys("k"), "HKEYS k"],
  [(c) => c.hlen("k"), "HLEN k"],
  [(c) => c.hmget("k", ["f", "g"]), "HMGET k f g"],
  [(c) => c.hmset("k", { f: 1 }), "HMSET k f 1"],
  [(c) => c.hpersist("k", "f"), "HPERSIST k FIELDS 1 f"],
  [(c) => c.hpexpire("k", 5, "f", { gt: true }), "HPEXPIRE k 5 GT FIELDS 1 f"],
  [(c) => c.hpexpireat("k", 5, "f", { lt: true }), "HPEXPIREAT k 5 LT FIELDS 1 f"],
  [(c) => c.hpexpiretime("k", "f"), "HPEXPIRETIME k FIELDS 1 f"],
  [(c) => c.hpttl("k", "f"), "HPTTL k FIELDS 1 f"],
  [(c) => c.hrandfield("k"), "HRANDFIELD k"],
  [(c) => c.hrandfield("k", 2), "HRANDFIELD k 2"],
  [(c) => c.hrandfield("k", 2, { withValues: true }), "HRANDFIELD k 2 WITHVALUES"],
  [(c) => c.hscanStep("k", 0, { match: "*", count: 1, noValues: true }), "HSCAN k 0 MATCH * COUNT 1 NOVALUES"],
  [(c) => c.hset("k", { f: "v", g: 2 }), "HSET k f v g 2"],
  [(c) => c.hset("k", [["f", new Uint8Array([65])]]), "HSET k f A"],
  [(c) => c.hsetex("k", { f: 1, g: 2 }, { fnx: true, px: 5 }), "HSETEX k FNX PX 5 FIELDS 2 f 1 g 2"],
  [(c) => c.hsetnx("k", "f", "v"), "HSETNX k f v"],
  [(c) => c.hstrlen("k", "f"), "HSTRLEN k f"],
  [(c) => c.httl("k", ["f"]), "HTTL k FIELDS 1 f"],
  [(c) => c.hvals("k"), "HVALS k"],
  // hyperloglog
  [(c) => c.pfadd("k"), "PFADD k"],
  [(c) => c.pfadd("k", ["a", "b"]), "PFADD k a b"],
  [(c) => c.pfcount(["k", "l"]), "PFCOUNT k l"],
  [(c) => c.pfmerge("d", ["k", "l"]), "PFMERGE d k l"],
  // list
  [(c) => c.blmove("a", "b", "LEFT", "RIGHT", 0.01), "BLMOVE a b LEFT RIGHT 0.01"],
  [(c) => c.blmpop(0.01, ["a", "b"], "LEFT", { count: 2 }), "BLMPOP 0.01 2 a b LEFT COUNT 2"],
  [(c) => c.blpop(["a", "b"], 0.01), "BLPOP a b 0.01"],
  [(c) => c.brpop("a", 0.01), "BRPOP a 0.01"],
  [(c) => c.brpoplpush("a", "b", 0.01), "BRPOPLPUSH a b 0.01"],
  [(c) => c.lindex("k", 0), "LINDEX k 0"],
  [(c) => c.linsert("k", "BEFORE", "a", "b"), "LINSERT k BEFORE a b"],
  [(c) => c.llen("k"), "LLEN k"],
  [(c) => c.lmove("a", "b", "RIGHT", "LEFT"), "LMOVE a b RIGHT LEFT"],
  [(c) => c.lmpop("a", "RIGHT"), "LMPOP 1 a RIGHT"],
  [(c) => c.lpop("k"), "LPOP k"],
  [(c) => c.lpop("k", 2), "LPOP k 2"],
  [(c) => c.lpos("k", "a", { rank: 1, count: 2, maxLen: 3 }), "LPOS k a RANK 1 COUNT 2 MAXLEN 3"],
  [(c) => c.lpush("k", ["a", "b"]), "LPUSH k a b"],
  [(c) => c.lpushx("k", "a"), "LPUSHX k a"],
  [(c) => c.lrange("k", 0, -1), "LRANGE k 0 -1"],
  [(c) => c.lrem("k", 0, "a"), "LREM k 0 a"],
  [(c) => c.lset("k", 0, "a"), "LSET k 0 a"],
  [(c) => c.ltrim("k", 0, 1), "LTRIM k 0 1"],
  [(c) => c.rpop("k", 2), "RPOP k 2"],
  [(c) => c.rpoplpush("a", "b"), "RPOPLPUSH a b"],
  [(c) => c.rpush("k", "a"), "RPUSH k a"],
  [(c) => c.rpushx("k", ["a"]), "RPUSHX k a"],
  // pubsub
  [(c) => c.publish("c", "m"), "PUBLISH c m"],
  [(c) => c.pubsubChannels("a*"), "PUBSUB CHANNELS a*"],
  [(c) => c.pubsubHelp(), "PUBSUB HELP"],
  [(c) => c.pubsubNumpat(), "PUBSUB NUMPAT"],
  [(c) => c.pubsubNumsub(["a", "b"]), "PUBSUB NUMSUB a b"],
  [(c) => c.pubsubShardchannels(), "PUBSUB SHARDCHANNELS"],
  [(c) => c.pubsubShardnumsub("a"), "PUBSUB SHARDNUMSUB a"],
  [(c) => c.spublish("c", "m"), "SPUBLISH c m"],
  // scripting
  [(c) => c.eval("return 1"), "EVAL return\\s1 0"],
  [(c) => c.eval("return 1", ["k"], ["a", 2]), "EVAL return\\s1 1 k a 2"],
  [(c) => c.evalRo("return 1", [], "a"), "EVAL_RO return\\s1 0 a"],
  [(c) => c.evalsha("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "k"), "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 k"],
  [(c) => c.evalshaRo("e0e1f9fabfc9d4800c877a703b823ac0578ff8db"), "EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0"],
  [(c) => c.fcall("f", ["a", "b"], 1), "FCALL f 2 a b 1"],
  [(c) => c.fcallRo("f"), "FCALL_RO f 0"],
  [(c) => c.functionDelete("lib"), "FUNCTION DELETE lib"],
  [(c) => c.functionDump(), "FUNCTION DUMP"],
  [(c) => c.functionFlush({ async: true }), "FUNCTION FLUSH ASYNC"],
  [(c) => c.functionHelp(), "FUNCTION HELP"],
  [(c) => c.functionKill(), "FUNCTION KILL"],
  [(c) => c.functionList({ libraryName: "l*", withCode: true }), "FUNCTION LIST LIBRARYNAME l* WITHCODE"],
  [(c) => c.functionLoad("code", { replace: true }), "FUNCTION LOAD REPLACE code"],
  [(c) => c.functionRestore("bytes", { append: true }), "FUNCTION RESTORE bytes APPEND"],
  [(c) => c.functionStats(), "FUNCTION STATS"],
  [(c) => c.scriptDebug("NO"), "SCRIPT DEBUG NO"],
  [(c) => c.scriptExists(["a", "b"]), "SCRIPT EXISTS a b"],
  [(c) => c.scriptFlush({ sync: true }), "SCRIPT FLUSH SYNC"],
  [(c) => c.scriptHelp(), "SCRIPT HELP"],
  [(c) => c.scriptKill(), "SCRIPT KILL"],
  [(c) => c.scriptLoad("return 1"), "SCRIPT LOAD return\\s1"],
  // server
  [(c) => c.aclCat(), "ACL CAT"],
  [(c) => c.aclCat("read"), "ACL CAT read"],
  [(c) => c.aclDeluser(["a", "b"]), "ACL DELUSER a b"],
  [(c) => c.aclDryrun("default", "GET", ["k"]), "ACL DRYRUN default GET k"],
  [(c) => c.aclGenpass(5), "ACL GENPASS 5"],
  [(c) => c.aclGetuser("default"), "ACL GETUSER default"],
  [(c) => c.aclHelp(), "ACL HELP"],
  [(c) => c.aclList(), "ACL LIST"],
  [(c) => c.aclLoad(), "ACL LOAD"],
  [(c) => c.aclLog(), "ACL LOG"],
  [(c) => c.aclLog(5), "ACL LOG 5"],
  [(c) => c.aclLog("RESET"), "ACL LOG RESET"],
  [(c) => c.aclSave(), "ACL SAVE"],
  [(c) => c.aclSetuser("u", ["on", "+get"]), "ACL SETUSER u on +get"],
  [(c) => c.aclUsers(), "ACL USERS"],
  [(c) => c.aclWhoami(), "ACL WHOAMI"],
  [(c) => c.bgrewriteaof(), "BGREWRITEAOF"],
  [(c) => c.bgsave({ schedule: true, version: 10 }), "BGSAVE SCHEDULE VERSION 10"],
  [(c) => c.commandCount(), "COMMAND COUNT"],
  [(c) => c.commandDocs(["get", "set"]), "COMMAND DOCS get set"],
  [(c) => c.commandGetkeys("GET", "k"), "COMMAND GETKEYS GET k"],
  [(c) => c.commandGetkeysandflags("GET", ["k"]), "COMMAND GETKEYSANDFLAGS GET k"],
  [(c) => c.commandHelp(), "COMMAND HELP"],
  [(c) => c.commandInfo("get"), "COMMAND INFO get"],
  [(c) => c.commandList({ filterBy: { aclCat: "read" } }), "COMMAND LIST FILTERBY ACLCAT read"],
  [(c) => c.commandlogGet(5, "LARGE-REPLY"), "COMMANDLOG GET 5 LARGE-REPLY"],
  [(c) => c.commandlogHelp(), "COMMANDLOG HELP"],
  [(c) => c.commandlogLen("SLOW"), "COMMANDLOG LEN SLOW"],
  [(c) => c.commandlogReset("LARGE-REQUEST"), "COMMANDLOG RESET LARGE-REQUEST"],
  [(c) => c.configGet(["save", "port"]), "CONFIG GET save port"],
  [(c) => c.configHelp(), "CONFIG HELP"],
  [(c) => c.configResetstat(), "CONFIG RESETSTAT"],
  [(c) => c.configRewrite(), "CONFIG REWRITE"],
  [(c) => c.configSet({ hz: 10 }), "CONFIG SET hz 10"],
  [(c) => c.dbsize(), "DBSIZE"],
  [(c) => c.failover({ to: { host: "127.0.0.1", port: 1, force: true }, timeout: 5 }), "FAILOVER TO 127.0.0.1 1 FORCE TIMEOUT 5"],
  [(c) => c.failover({ abort: true }), "FAILOVER ABORT"],
  [(c) => c.flushall({ async: true }), "FLUSHALL ASYNC"],
  [(c) => c.flushdb(), "FLUSHDB"],
  [(c) => c.info(), "INFO"],
  [(c) => c.info(["server", "clients"]), "INFO server clients"],
  [(c) => c.lastsave(), "LASTSAVE"],
  [(c) => c.latencyDoctor(), "LATENCY DOCTOR"],
  [(c) => c.latencyGraph("e"), "LATENCY GRAPH e"],
  [(c) => c.latencyHelp(), "LATENCY HELP"],
  [(c) => c.latencyHistogram(["get", "set"]), "LATENCY HISTOGRAM get set"],
  [(c) => c.latencyHistory("e"), "LATENCY HISTORY e"],
  [(c) => c.latencyLatest(), "LATENCY LATEST"],
  [(c) => c.latencyReset("e"), "LATENCY RESET e"],
  [(c) => c.lolwut({ version: 5 }), "LOLWUT VERSION 5"],
  [(c) => c.memoryDoctor(), "MEMORY DOCTOR"],
  [(c) => c.memoryHelp(), "MEMORY HELP"],
  [(c) => c.memoryMallocStats(), "MEMORY MALLOC-STATS"],
  [(c) => c.memoryPurge(), "MEMORY PURGE"],
  [(c) => c.memoryStats(), "MEMORY STATS"],
  [(c) => c.memoryUsage("k", { samples: 0 }), "MEMORY USAGE k SAMPLES 0"],
  [(c) => c.moduleHelp(), "MODULE HELP"],
  [(c) => c.moduleList(), "MODULE LIST"],
  [(c) => c.moduleLoad("/m.so", "a"), "MODULE LOAD /m.so a"],
  [
    (c) =>
      c.moduleLoadex("/m.so", {
        config: [
          ["a", "b"],
          ["c", "d"],
        ],
        args: ["e"],
      }),
    "MODULE LOADEX /m.so CONFIG a b CONFIG c d ARGS e",
  ],
  [(c) => c.moduleUnload("m"), "MODULE UNLOAD m"],
  [
    (c) => c.replicantCompare("127.0.0.1", 1, { auth: { username: "u", password: "p" }, sample: 1, differences: 2 }),
    "REPLICANT.COMPARE 127.0.0.1 1 AUTH u p SAMPLE 1 DIFFERENCES 2",
  ],
  [(c) => c.replicaof({ host: "127.0.0.1", port: 1 }), "REPLICAOF 127.0.0.1 1"],
  [(c) => c.replicaof("NO ONE"), "REPLICAOF NO ONE"],
  [(c) => c.slaveof("NO ONE"), "SLAVEOF NO ONE"],
  [(c) => c.role(), "ROLE"],
  [(c) => c.save({ version: 10 }), "SAVE VERSION 10"],
  [(c) => c.shutdown({ noSave: true, now: true, force: true }), "SHUTDOWN NOSAVE NOW FORCE"],
  [(c) => c.shutdown({ abort: true }), "SHUTDOWN ABORT"],
  [(c) => c.slowlogGet(5), "SLOWLOG GET 5"],
  [(c) => c.slowlogHelp(), "SLOWLOG HELP"],
  [(c) => c.slowlogLen(), "SLOWLOG LEN"],
  [(c) => c.slowlogReset(), "SLOWLOG RESET"],
  [(c) => c.swapdb(1, 2), "SWAPDB 1 2"],
  [(c) => c.time(), "TIME"],
  // set
  [(c) => c.sadd("k", ["a", "b"]), "SADD k a b"],
  [(c) => c.scard("k"), "SCARD k"],
  [(c) => c.sdiff(["k", "l"]), "SDIFF k l"],
  [(c) => c.sdiffstore("d", "k"), "SDIFFSTORE d k"],
  [(c) => c.sinter(["k", "l"]), "SINTER k l"],
  [(c) => c.sintercard(["k", "l"], { limit: 1 }), "SINTERCARD 2 k l LIMIT 1"],
  [(c) => c.sinterstore("d", ["k", "l"]), "SINTERSTORE d k l"],
  [(c) => c.sismember("k", "a"), "SISMEMBER k a"],
  [(c) => c.smembers("k"), "SMEMBERS k"],
  [(c) => c.smismember("k", ["a", "b"]), "SMISMEMBER k a b"],
  [(c) => c.smove("a", "b", "m"), "SMOVE a b m"],
  [(c) => c.spop("k"), "SPOP k"],
  [(c) => c.spop("k", 2), "SPOP k 2"],
  [(c) => c.srandmember("k", -2), "SRANDMEMBER k -2"],
  [(c) => c.srem("k", "a"), "SREM k a"],
  [(c) => c.sscanStep("k", "0", { match: "*" }), "SSCAN k 0 MATCH *"],
  [(c) => c.sunion(["k", "l"]), "SUNION k l"],
  [(c) => c.sunionstore("d", ["k", "l"]), "SUNIONSTORE d k l"],
  // sorted set
  [(c) => c.bzmpop(0.01, ["k", "l"], "MIN", { count: 2 }), "BZMPOP 0.01 2 k l MIN COUNT 2"],
  [(c) => c.bzpopmax("k", 0.01), "BZPOPMAX k 0.01"],
  [(c) => c.bzpopmin(["k", "l"], 0.01), "BZPOPMIN k l 0.01"],
  [
    (c) =>
      c.zadd(
        "k",
        [
          [1, "a"],
          [2, "b"],
        ],
        { gt: true },
      ),
    "ZADD k GT 1 a 2 b",
  ],
  [(c) => c.zadd("k", [["-inf", "a"]], { xx: true, ch: true, incr: true }), "ZADD k XX CH INCR -inf a"],
  [(c) => c.zadd("k", [[Number.POSITIVE_INFINITY, "a"]], { nx: true }), "ZADD k NX inf a"],
  [(c) => c.zcard("k"), "ZCARD k"],
  [(c) => c.zcount("k", "(1", "+inf"), "ZCOUNT k (1 +inf"],
  [(c) => c.zdiff(["k", "l"], { withScores: true }), "ZDIFF 2 k l WITHSCORES"],
  [(c) => c.zdiffstore("d", ["k", "l"]), "ZDIFFSTORE d 2 k l"],
  [(c) => c.zincrby("k", 1.5, "a"), "ZINCRBY k 1.5 a"],
  [
    (c) => c.zinter(["k", "l"], { weights: [1, 2], aggregate: "MAX", withScores: true }),
    "ZINTER 2 k l WEIGHTS 1 2 AGGREGATE MAX WITHSCORES",
  ],
  [(c) => c.zintercard("k", { limit: 1 }), "ZINTERCARD 1 k LIMIT 1"],
  [(c) => c.zinterstore("d", ["k"], { weights: 2 }), "ZINTERSTORE d 1 k WEIGHTS 2"],
  [(c) => c.zlexcount("k", "-", "+"), "ZLEXCOUNT k - +"],
  [(c) => c.zmpop("k", "MAX"), "ZMPOP 1 k MAX"],
  [(c) => c.zmscore("k", ["a", "b"]), "ZMSCORE k a b"],
  [(c) => c.zpopmax("k"), "ZPOPMAX k"],
  [(c) => c.zpopmin("k", 2), "ZPOPMIN k 2"],
  [(c) => c.zrandmember("k", 2, { withScores: true }), "ZRANDMEMBER k 2 WITHSCORES"],
  [(c) => c.zrange("k", 0, -1), "ZRANGE k 0 -1"],
  [
    (c) => c.zrange("k", "+inf", "(1", { byScore: true, rev: true, limit: { offset: 0, count: 5 }, withScores: true }),
    "ZRANGE k +inf (1 BYSCORE REV LIMIT 0 5 WITHSCORES",
  ],
  [(c) => c.zrangebylex("k", "-", "[b", { limit: { offset: 0, count: 1 } }), "ZRANGEBYLEX k - [b LIMIT 0 1"],
  [(c) => c.zrangebyscore("k", 1, 2, { withScores: true }), "ZRANGEBYSCORE k 1 2 WITHSCORES"],
  [(c) => c.zrangestore("d", "k", "-", "+", { byLex: true }), "ZRANGESTORE d k - + BYLEX"],
  [(c) => c.zrank("k", "a", { withScore: true }), "ZRANK k a WITHSCORE"],
  [(c) => c.zrem("k", ["a", "b"]), "ZREM k a b"],
  [(c) => c.zremrangebylex("k", "-", "+"), "ZREMRANGEBYLEX k - +"],
  [(c) => c.zremrangebyrank("k", 0, 1), "ZREMRANGEBYRANK k 0 1"],
  [(c) => c.zremrangebyscore("k", "-inf", 1), "ZREMRANGEBYSCORE k -inf 1"],
  [(c) => c.zrevrange("k", 0, 1), "ZREVRANGE k 0 1"],
  [(c) => c.zrevrangebylex("k", "+", "-"), "ZREVRANGEBYLEX k + -"],
  [(c) => c.zrevrangebyscore("k", 2, 1, { limit: { offset: 1, count: 2 } }), "ZREVRANGEBYSCORE k 2 1 LIMIT 1 2"],
  [(c) => c.zrevrank("k", "a"), "ZREVRANK k a"],
  [(c) => c.zscanStep("k", 0, { count: 5 }), "ZSCAN k 0 COUNT 5"],
  [(c) => c.zscore("k", "a"), "ZSCORE k a"],
  [(c) => c.zunion(["k", "l"], { aggregate: "MIN" }), "ZUNION 2 k l AGGREGATE MIN"],
  [(c) => c.zunionstore("d", ["k", "l"]), "ZUNIONSTORE d 2 k l"],
  // stream
  [(c) => c.xack("k", "g", ["1-1", "1-2"]), "XACK k g 1-1 1-2"],
  [(c) => c.xackdel("k", "g", ["1-1"], { keepRef: true }), "XACKDEL k g KEEPREF IDS 1 1-1"],
  [(c) => c.xadd("k", "*", { a: 1, b: 2 }), "XADD k * a 1 b 2"],
  [
    (c) =>
      c.xadd("k", "1-1", [["a", 1]], {
        noMkStream: true,
        acked: true,
        trim: { strategy: "MAXLEN", approximately: true, threshold: 5, limit: 9 },
      }),
    "XADD k NOMKSTREAM ACKED MAXLEN ~ 5 LIMIT 9 1-1 a 1",
  ],
  [(c) => c.xautoclaim("k", "g", "c", 5, "0", { count: 1, justId: true }), "XAUTOCLAIM k g c 5 0 COUNT 1 JUSTID"],
  [
    (c) => c.xclaim("k", "g", "c", 5, ["1-1"], { idle: 1, retryCount: 3, force: true, justId: true, lastId: "1-1" }),
    "XCLAIM k g c 5 1-1 IDLE 1 RETRYCOUNT 3 FORCE JUSTID LASTID 1-1",
  ],
  [(c) => c.xclaim("k", "g", "c", 5, "1-1", { time: 7 }), "XCLAIM k g c 5 1-1 TIME 7"],
  [(c) => c.xdel("k", "1-1"), "XDEL k 1-1"],
  [(c) => c.xdelex("k", ["1-1", "1-2"], { delRef: true }), "XDELEX k DELREF IDS 2 1-1 1-2"],
  [(c) => c.xgroupCreate("k", "g", "$", { mkStream: true, entriesRead: 5 }), "XGROUP CREATE k g $ MKSTREAM ENTRIESREAD 5"],
  [(c) => c.xgroupCreateconsumer("k", "g", "c"), "XGROUP CREATECONSUMER k g c"],
  [(c) => c.xgroupDelconsumer("k", "g", "c"), "XGROUP DELCONSUMER k g c"],
  [(c) => c.xgroupDestroy("k", "g"), "XGROUP DESTROY k g"],
  [(c) => c.xgroupHelp(), "XGROUP HELP"],
  [(c) => c.xgroupSetid("k", "g", "0", { entriesRead: 1 }), "XGROUP SETID k g 0 ENTRIESREAD 1"],
  [(c) => c.xinfoConsumers("k", "g"), "XINFO CONSUMERS k g"],
  [(c) => c.xinfoGroups("k"), "XINFO GROUPS k"],
  [(c) => c.xinfoHelp(), "XINFO HELP"],
  [(c) => c.xinfoStream("k"), "XINFO STREAM k"],
  [(c) => c.xinfoStream("k", { full: true, count: 2 }), "XINFO STREAM k FULL COUNT 2"],
  [(c) => c.xlen("k"), "XLEN k"],
  [(c) => c.xpending("k", "g"), "XPENDING k g"],
  [(c) => c.xpending("k", "g", "-", "+", 5, { idle: 1, consumer: "c" }), "XPENDING k g IDLE 1 - + 5 c"],
  [(c) => c.xrange("k", "-", "+"), "XRANGE k - +"],
  [(c) => c.xrange("k", "-", "+", { count: 1 }), "XRANGE k - + COUNT 1"],
  [(c) => c.xread({ k: "0", l: "1-1" }, { count: 2 }), "XREAD COUNT 2 STREAMS k l 0 1-1"],
  [(c) => c.xread([["k", "$"]], { block: 1 }), "XREAD BLOCK 1 STREAMS k $"],
  [
    (c) => c.xreadgroup("g", "c", { k: ">" }, { count: 1, block: 1, noAck: true }),
    "XREADGROUP GROUP g c COUNT 1 BLOCK 1 NOACK STREAMS k >",
  ],
  [(c) => c.xrevrange("k", "+", "-", { count: 1 }), "XREVRANGE k + - COUNT 1"],
  [(c) => c.xsetid("k", "5-5", { entriesAdded: 5, maxDeletedId: "1-1" }), "XSETID k 5-5 ENTRIESADDED 5 MAXDELETEDID 1-1"],
  [(c) => c.xtrim("k", "MINID", "5-5", { equal: true }), "XTRIM k MINID = 5-5"],
  [(c) => c.xtrim("k", "MAXLEN", 5, { approximately: true, limit: 100, keepRef: true }), "XTRIM k MAXLEN ~ 5 LIMIT 100 KEEPREF"],
];

/** Words as the table has them. */
function shown(words: readonly Word[]): string {
  const text = (word: Word): string =>
    word instanceof Uint8Array ? Buffer.from(word).toString() : word === Infinity ? "inf" : String(word);
  return words.map((word) => text(word).replaceAll(" ", "\\s") || "''").join(" ");
}

function methodNames(): string[] {
  const names: string[] = [];
  for (let prototype = Commands.prototype; prototype !== CommandBase.prototype; prototype = Object.getPrototypeOf(prototype)) {
    names.push(...Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor"));
  }
  return names;
}

test("the methods are those that the contracts of the commands make", () => expect(outdatedFiles()).toEqual([]));

describe("words", () => {
  const recorder = new Recorder();

  test("of every method are those that it means", () => {
    for (const [call, words] of CALLS) expect(shown(call(recorder))).toBe(words);
  });

  test("are in the table for every method", () => {
    const called = new Set<string | symbol>();
    const watched = new Proxy(recorder, {
      get(target, name, receiver) {
        called.add(name);
        return Reflect.get(target, name, receiver);
      },
    });
    for (const [call] of CALLS) call(watched);
    expect(methodNames().filter((name) => !called.has(name))).toEqual([]);
  });

  test("of what may wait go another way", () => {
    const waiting = CALLS.map(([call]) => {
      const other = new Recorder();
      const words = shown(call(other));
      return other.blocking > 0 ? words.replace(/ .*? (?=BLOCK)| .*/, " ").trim() : "";
    });
    const names = new Set(waiting.filter((words) => words !== "").map((words) => words.split(" ")[0]));
    expect([...names].sort()).toEqual(
      "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN REPLICANT.COMPARE XREAD XREADGROUP".split(" "),
    );
    const read = new Recorder();
    read.xread({ k: "0" }, { count: 2 });
    expect(read.blocking).toBe(0);
  });
});

describe("a server", () => {
  let server: TestServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startServer();
    client = await connect(server.port);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test("takes the words of every method for what its command may have", async () => {
    const recorder = new Recorder();
    const avoided =
      /^(SHUTDOWN|REPLICAOF 127|SLAVEOF|FAILOVER|MIGRATE|REPLICANT|AUTH|CLIENT KILL|ACL LOAD|CLIENT PAUSE|BGREWRITEAOF|SAVE|BGSAVE|CLIENT TRACKING ON OPTIN)/;
    const complaints: string[] = [];
    for (const [call, words] of CALLS) {
      if (avoided.test(words)) continue;
      await client.command("FLUSHALL");
      const reply = (await client.command(...call(recorder).map((word) => (typeof word === "bigint" ? String(word) : word)))).toString();
      if (/^-.*(syntax|wrong number|unknown (sub)?command|not an integer|not a valid float|Unrecognized)/i.test(reply))
        complaints.push(`${words}: ${reply}`);
    }
    expect(complaints).toEqual([]);
  });
});
