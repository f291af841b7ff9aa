/**
 * Strings that are set or deleted depending on what is there: SET's IFEQ and its kin, DELEX, DIGEST, MSETEX, which Redis 8.4 brought, and
 * Valkey's DELIFEQ. What is expected is what Redis 8.4 and Valkey 9.1 answer and publish; where one can be had, Valkey is asked.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Frame } from "../../src/protocol/frame.ts";
import { linkUp, Ours, until } from "../replication/support.ts";
import { connect, type RawClient, replyText, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { ourEffects } from "../support/effects.ts";
import { askLine, expectTurns, type Turn } from "../support/lines.ts";
import { startPeer, wantOfPeers } from "../support/peers.ts";
import { startServer, type TestServer } from "../support/server.ts";

let ours: TestServer;
let client: RawClient;

beforeAll(async () => {
  ours = await startServer();
  client = await connect(ours.port);
});
afterAll(async () => {
  client.close();
  await ours.stop();
});

const ask = (line: string, on = client): Promise<string> => askLine(on, line);
const converse = (...turns: readonly Turn[]): Promise<void> => expectTurns(client, turns);

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const SYNTAX = "-ERR syntax error";
const BAD_DIGEST = "-ERR must be exactly 16 hexadecimal characters";

describe("DIGEST", () => {
  test("is XXH3 of the bytes, whatever their number and however they are stored", async () => {
    const cases: readonly (readonly [value: Word, digest: string])[] = [
      ["", "2d06800538d394c2"],
      ["a", "e6c632b61e964e1f"],
      ["0", "1982e3a7bb241055"],
      ["-9223372036854775808", "ed867b9f25e14491"],
      ["123456789", "72dcb18b67a17dff"],
      ["Hello world", "b6acb9d84a38ff74"],
      ["0123456789abcdefg", "d2e63ed5466f5c32"],
      [Buffer.from([0, 255, 128, 10, 13]), "692f374d27101ac4"],
      ["x".repeat(129), "e4f9742108fe27dc"],
      ["x".repeat(241), "14da9e5c301a6a1d"],
      ["x".repeat(1025), "9cd2e05a61b8a761"],
      ["x".repeat(1_000_000), "ef02eeb2d3625399"],
    ];
    for (const [value, digest] of cases) {
      await client.command("SET", "k", value);
      expect(replyText(await client.command("DIGEST", "k"))).toBe(digest);
    }
    await client.command("SET", "k", "Hello");
    await client.command("APPEND", "k", " world");
    expect(await ask("DIGEST k")).toBe("$16 b6acb9d84a38ff74");
  });

  test("of no key is null, of another type refused", async () => {
    await converse(
      ["RPUSH l a", ":1"],
      ["DIGEST l", WRONG_TYPE],
      ["DIGEST none", "$-1"],
      ["DIGEST", "-ERR wrong number of arguments for 'digest' command"],
      ["DIGEST a b", "-ERR wrong number of arguments for 'digest' command"],
    );
  });
});

describe("SET with a comparison", () => {
  test("sets the value only if it holds; of a key that is not there nothing is equal and all is unequal", async () => {
    await converse(
      ["SET none x IFEQ a", "$-1"],
      ["SET none x IFDEQ 0000000000000000", "$-1"],
      ["EXISTS none", ":0"],
      ["SET k a IFNE x", "+OK"],
      ["SET k b IFNE a", "$-1"],
      ["SET k b IFEQ x", "$-1"],
      ["SET k b IFEQ ab", "$-1"],
      ["SET k b IFEQ a", "+OK"],
      ["SET k c IFEQ b GET", "$1 b"],
      ["SET k d IFEQ x GET", "$1 c"],
      ["SET k d iFnE c gEt", "$1 c"],
      ["GET k", "$1 c"],
      ["SET new x IFNE a GET", "$-1"],
      ["SET other x IFEQ a GET", "$-1"],
      ["GET new", "$1 x"],
      ["EXISTS other", ":0"],
      ["SET fresh x IFDNE 0000000000000000", "+OK"],
    );
  });

  test("compares digests in either case; what is no digest is unequal", async () => {
    await converse(
      ["SET k hello", "+OK"],
      ["SET k a IFDNE 9555e8555c62dcfd", "$-1"],
      ["SET k a IFDEQ 9555e8555c62dcfe", "$-1"],
      ["SET k a IFDEQ zzzzzzzzzzzzzzzz", "$-1"],
      ["SET k hello IFDNE zzzzzzzzzzzzzzzz", "+OK"],
      ["SET k a IFDEQ 9555E8555C62dcfd", "+OK"],
      ["GET k", "$1 a"],
    );
  });

  test("compares numbers as they are written", async () => {
    await converse(
      ["SET n 10", "+OK"],
      ["SET n 11 IFEQ 010", "$-1"],
      ["SET n 11 IFEQ 10", "+OK"],
      ["INCR n", ":12"],
      ["SET n x IFEQ 12", "+OK"],
    );
  });

  test("sets the expiration, keeps it or takes it away", async () => {
    await converse(
      ["SET k a", "+OK"],
      ["SET k b IFEQ a EX 100", "+OK"],
      ["SET k c IFEQ x PX 1", "$-1"],
      ["SET k c KEEPTTL IFEQ b", "+OK"],
      ["TTL k", ":100"],
      ["SET k d PXAT 4102444800000 IFNE x", "+OK"],
      ["PEXPIRETIME k", ":4102444800000"],
      ["SET k e IFEQ d", "+OK"],
      ["TTL k", ":-1"],
    );
  });

  test("is refused as Redis refuses it, and in its order", async () => {
    await converse(
      ["SET k v NX IFEQ a", SYNTAX],
      ["SET k v XX IFNE a", SYNTAX],
      ["SET k v IFEQ a IFNE b", SYNTAX],
      ["SET k v IFDEQ a IFDNE b", SYNTAX],
      ["SET k v IFEQ", SYNTAX],
      ["SET k v GET IFDNE", SYNTAX],
      ["SET k v IFEQ a PERSIST", SYNTAX],
      ["GETEX k IFEQ a", SYNTAX],
      ["SET k v IFNE a NX", "+OK"], // Redis has it so
      ["SET k w IFEQ v NX", "$-1"],
      ["SET k w IFEQ v IFEQ x", "$-1"],
      ["SET k w IFEQ x XX IFEQ v", SYNTAX],
      ["SET k w IFEQ v EX 0", "-ERR invalid expire time in 'set' command"],
      ["SET k w IFDEQ zz EX x", "-ERR value is not an integer or out of range"],
      ["SET none w IFDEQ zz", "$-1"],
      ["SET k w IFDEQ zz", BAD_DIGEST],
      ["SET k w IFDNE 00000000000000000", BAD_DIGEST],
      ["SET k w IFDNE zz GET", BAD_DIGEST],
      ["RPUSH l a", ":1"],
      ["SET l x IFEQ a", WRONG_TYPE],
      ["SET l x IFNE a", WRONG_TYPE],
      ["SET l x IFDEQ zz", WRONG_TYPE],
      ["SET l x IFDNE zz GET", WRONG_TYPE],
      ["TYPE l", "+list"],
    );
  });
});

describe("DELEX and DELIFEQ", () => {
  test("delete a key if the comparison holds", async () => {
    await converse(
      ["SET k a", "+OK"],
      ["DELEX k IFEQ b", ":0"],
      ["DELEX k IFNE a", ":0"],
      ["DELEX k IFDEQ 0000000000000000", ":0"],
      ["DELEX k IFDNE E6C632B61E964E1F", ":0"],
      ["DELEX k IFDEQ E6C632B61E964E1F", ":1"],
      ["DELEX k IFEQ a", ":0"],
      ["SET k a", "+OK"],
      ["DELEX k ifeq a", ":1"],
      ["SET k a", "+OK"],
      ["DELEX k IFNE b", ":1"],
      ["SET k 12", "+OK"],
      ["DELEX k IFDNE 0000000000000000", ":1"],
      ["SET k 12", "+OK"],
      ["DELIFEQ k 1", ":0"],
      ["DELIFEQ k 12", ":1"],
      ["DELIFEQ k 12", ":0"],
      ["RPUSH l a", ":1"],
      ["DELEX l", ":1"],
      ["DELEX l", ":0"],
    );
  });

  test("are refused as Redis and Valkey refuse them", async () => {
    await converse(
      ["DELEX", "-ERR wrong number of arguments for 'delex' command"],
      ["DELEX none IFEQ", "-ERR wrong number of arguments for 'delex' command"],
      ["DELEX none IFEQ a b", "-ERR wrong number of arguments for 'delex' command"],
      ["DELEX none FOO a", ":0"],
      ["DELEX none IFDEQ zz", ":0"],
      ["RPUSH l a", ":1"],
      ["DELEX l FOO a", "-ERR Key should be of string type if conditions are specified"],
      ["DELEX l IFDEQ zz", "-ERR Key should be of string type if conditions are specified"],
      ["SET k a", "+OK"],
      ["DELEX k FOO a", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"],
      ["DELEX k IFDEQ zz", BAD_DIGEST],
      ["DELEX k IFDNE zz", BAD_DIGEST],
      ["DELIFEQ k", "-ERR wrong number of arguments for 'delifeq' command"],
      ["DELIFEQ k a b", "-ERR wrong number of arguments for 'delifeq' command"],
      ["DELIFEQ l a", WRONG_TYPE],
    );
  });
});

describe("MSETEX", () => {
  test("sets several keys and one expiration, all or none", async () => {
    await converse(
      ["MSETEX 2 a 1 b 2", ":1"],
      ["MSETEX 2 b 3 c 3 NX", ":0"],
      ["MSETEX 2 b 3 c 3 XX", ":0"],
      ["MGET a b c", "*3 $1 1 $1 2 $-1"],
      ["MSETEX 2 a 4 b 4 EX 100 XX", ":1"],
      ["TTL b", ":100"],
      ["MSETEX 2 b 5 c 5 KEEPTTL", ":1"],
      ["TTL b", ":100"],
      ["TTL c", ":-1"],
      ["MSETEX 2 c 6 c 7 EXAT 4102444800", ":1"],
      ["PEXPIRETIME c", ":4102444800000"],
      ["MSETEX 1 c 8", ":1"],
      ["TTL c", ":-1"],
      ["MSETEX 2 z 1 z 2 NX PXAT 9223372036854775807", ":1"],
      ["GET z", "$1 2"],
      ["PEXPIRETIME z", ":9223372036854775807"],
      ["MSETEX 1 z 3 PXAT 1", ":1"],
      ["GET z", "$-1"],
      ["RPUSH l a", ":1"],
      ["MSETEX 2 l x nx XX PX 100000", ":1"],
      ["GET l", "$1 x"],
      ["GET nx", "$2 XX"],
    );
  });

  test("is refused as Redis refuses it, and in its order", async () => {
    const count = "-ERR invalid numkeys value";
    const pairs = "-ERR wrong number of key-value pairs";
    await converse(
      ["MSETEX 1 a", "-ERR wrong number of arguments for 'msetex' command"],
      ["MSETEX 0 a b", count],
      ["MSETEX -1 a b", count],
      ["MSETEX x a b", count],
      ["MSETEX 2147483648 a b", count],
      ["MSETEX 9223372036854775808 a b", count],
      ["MSETEX 2147483647 a b", pairs],
      ["MSETEX 2 a b", pairs],
      ["MSETEX 2 a b c", pairs],
      ["MSETEX 1 a b c", SYNTAX],
      ["MSETEX 1 a b NX XX", SYNTAX],
      ["MSETEX 1 a b EX", SYNTAX],
      ["MSETEX 1 a b EX 10 PX 10", SYNTAX],
      ["MSETEX 1 a b KEEPTTL EX 1", SYNTAX],
      ["MSETEX 1 a b GET", SYNTAX],
      ["MSETEX 1 a b PERSIST", SYNTAX],
      ["MSETEX 1 a b IFEQ c", SYNTAX],
      ["MSETEX 1 a b EX 0", "-ERR invalid expire time in 'msetex' command"],
      ["MSETEX 1 a b EX 9223372036854775807 XX", "-ERR invalid expire time in 'msetex' command"],
      ["MSETEX 1 a b EX x", "-ERR value is not an integer or out of range"],
      ["EXISTS a", ":0"],
    );
  });
});

test("a key that has expired is not there", async () => {
  await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await converse(["MSETEX 4 a x b x c x d x PXAT 1", ":1"]);
  await converse(["SET a y PXAT 1", "+OK"], ["SET a z IFEQ y", "$-1"], ["SET b y PXAT 1", "+OK"], ["SET b z IFNE y", "+OK"]);
  await converse(["SET a y PXAT 1", "+OK"], ["DELEX a IFEQ y", ":0"], ["SET b y PXAT 1", "+OK"], ["DELEX b", ":0"]);
  await converse(["SET a y PXAT 1", "+OK"], ["DELIFEQ a y", ":0"], ["SET b y PXAT 1", "+OK"], ["MSETEX 1 b z NX", ":1"]);
  await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
});

test("what changes nothing is no change for transactions and listeners; all run in scripts and transactions", async () => {
  const other = await connect(ours.port);
  await converse(["SET k a", "+OK"], ["WATCH k", "+OK"], ["MULTI", "+OK"], ["SET k b IFEQ a", "+QUEUED"], ["DELEX k IFEQ b", "+QUEUED"]);
  for (const line of ["SET k x IFEQ b", "DELEX k IFNE a", "DELIFEQ k b", "MSETEX 1 k x NX"]) await ask(line, other);
  expect(await ask("EXEC")).toBe("*2 +OK :1");
  for (const line of ["SET k b IFEQ a", "DELEX k IFEQ a", "DELIFEQ k a", "MSETEX 1 k x", "DELEX k"]) {
    await converse(["SET k a", "+OK"], ["WATCH k", "+OK"], ["MULTI", "+OK"], ["PING", "+QUEUED"]);
    await ask(line, other);
    expect([line, await ask("EXEC")]).toEqual([line, "*-1"]);
  }
  other.close();
  const script =
    "return {redis.call('SET','k','b','IFEQ','a'), redis.call('DIGEST','k'), redis.call('MSETEX',1,'m','x','EX',10), redis.call('DELEX','k','IFNE','x')}";
  await converse(["SET k a", "+OK"]);
  expect((await client.command("EVAL", script, "0")).toString()).toBe("*4\r\n+OK\r\n$16\r\n575a0b1c44d8843f\r\n:1\r\n:1\r\n");
});

test("replicas get what every one of them can execute; listeners hear what Redis tells them", async () => {
  const { stream, events } = await ourEffects({ ours }, [
    ["SET", "k", "a", "IFNE", "x"],
    ["SET", "k", "b", "IFEQ", "a", "GET"],
    ["SET", "k", "c", "IFEQ", "a"],
    ["SET", "k", "c", "KEEPTTL", "IFDNE", "0000000000000000", "GET"],
    ["SET", "k", "d", "IFEQ", "c", "EX", "100"],
    ["SET", "k", "e", "IFEQ", "d", "PXAT", "4102444800000"],
    ["DELEX", "k", "IFEQ", "x"],
    ["DELEX", "k", "IFEQ", "e"],
    ["MSETEX", "2", "a", "1", "b", "2", "NX"],
    ["MSETEX", "2", "a", "1", "b", "2", "EX", "100"],
    ["MSETEX", "1", "a", "1", "KEEPTTL", "XX"],
    ["DELIFEQ", "a", "1"],
    ["DELEX", "b"],
  ]);
  expect(stream).toEqual([
    "SET k a",
    "SET k b",
    "SET k c KEEPTTL",
    "SET k d PXAT <time>",
    "SET k e PXAT <time>",
    "DEL k",
    "MSET a 1 b 2",
    "MULTI",
    "SET a 1 PXAT <time>",
    "SET b 2 PXAT <time>",
    "EXEC",
    "SET a 1 KEEPTTL",
    "DEL a",
    "DEL b",
  ]);
  const heard = "set k,set k,set k,set k,expire k,set k,expire k,del k,set a,set b,expire a,set a,expire b,set b,set a,del a,del b";
  expect(events.filter((event) => !event.startsWith("new "))).toEqual(heard.split(",").map((event) => `${event}@0`));
});

test("what masters of either family send is executed", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start();
  await ask(`REPLICAOF 127.0.0.1 ${master.port}`, replica.client);
  await linkUp(replica.client);
  const sent = [
    "SET k a",
    "SET k b IFEQ a",
    "SET k c IFDNE 0000000000000000 KEEPTTL",
    "SET k d IFNE x PXAT 4102444800000",
    "SET n x IFNE a NX",
    "SET gone 1",
    "DELEX gone",
    "MSETEX 2 a 1 b 2 NX PXAT 4102444800000",
    "MSETEX 2 a 3 c 4 EXAT 4102444800",
    "MSETEX 1 b 5 KEEPTTL",
    "SET done 1",
  ];
  for (const line of sent) master.server.journal.append(0, new Frame().encode(line.split(" ")));
  await until("the stream to arrive", async () => (await ask("EXISTS done", replica.client)) === ":1");
  expect(await ask("MGET k n gone a b c", replica.client)).toBe("*6 $1 d $1 x $-1 $1 3 $1 5 $1 4");
  for (const key of ["k", "a", "b", "c"]) expect(await ask(`PEXPIRETIME ${key}`, replica.client)).toBe(":4102444800000");
});

test("the append-only file brings it all back", async () => {
  await using server = await Ours.start({ appendonly: "yes" });
  const lines = ["SET k a", "SET k b IFEQ a EX 1000", "MSETEX 2 a 1 b 2 PXAT 4102444800000", "MSETEX 2 b 3 c 4 KEEPTTL", "DELEX a"];
  for (const line of lines) await ask(line, server.client);
  await ask("DEBUG LOADAOF", server.client);
  expect(await ask("MGET k a b c", server.client)).toBe("*4 $1 b $-1 $1 3 $1 4");
  expect(await ask("PEXPIRETIME b", server.client)).toBe(":4102444800000");
  expect(await ask("TTL c", server.client)).toBe(":-1");
});

test("keys and how they are accessed depend on the options", async () => {
  await converse(
    ["COMMAND GETKEYS MSETEX 2 a 1 b 2 NX", "*2 $1 a $1 b"],
    ["COMMAND GETKEYS MSETEX 3 a 1 b 2", "-ERR Invalid arguments specified for command"],
    ["COMMAND GETKEYSANDFLAGS MSETEX 1 a 1", "*1 *2 $1 a *2 +OW +update"],
    ["COMMAND GETKEYSANDFLAGS SET a b IFEQ c", "*1 *2 $1 a *2 +RW +update"],
    ["COMMAND GETKEYSANDFLAGS SET a b IFDNE c GET", "*1 *2 $1 a *3 +RW +access +update"],
    ["COMMAND GETKEYSANDFLAGS SET a IFEQ", "*1 *2 $1 a *2 +OW +update"],
    ["COMMAND GETKEYSANDFLAGS DELEX a", "*1 *2 $1 a *2 +RM +delete"],
    ["COMMAND GETKEYSANDFLAGS DELEX a IFDEQ x", "*1 *2 $1 a *2 +RW +delete"],
    ["COMMAND GETKEYSANDFLAGS DELIFEQ a x", "*1 *2 $1 a *2 +RM +delete"],
    ["COMMAND GETKEYSANDFLAGS DIGEST a", "*1 *2 $1 a *2 +RO +access"],
  );
  const info = await ask("COMMAND INFO MSETEX");
  expect(info).toContain("msetex :-4 *3 +write +denyoom +movablekeys :0 :0 :0");
  expect(info).toContain("$6 keynum $4 spec *6 $9 keynumidx :0 $8 firstkey :1 $7 keystep :2");
});

const want = wantOfPeers("valkey9");
describe.skipIf(want !== "")(`as Valkey has them${want}:`, () => {
  const both = useComparison({}, (options) => startPeer("valkey9", options));
  const words = (lines: readonly string[]): Request[] => lines.map((line) => line.split(" "));

  test("SET with IFEQ, DELIFEQ and MSETEX", async () => {
    const ifeq = ["SET k v IFEQ a", "SET k a", "SET k b IFEQ x", "SET k b IFEQ a", "SET k c IFEQ b GET", "SET k d IFEQ x GET", "GET k"];
    const times = ["SET k d IFEQ c EX 100", "TTL k", "SET k e IFEQ d KEEPTTL", "TTL k", "SET k f IFEQ e", "TTL k", "SET k v IFEQ"];
    const wrong = ["SET k v NX IFEQ a", "SET k v XX IFEQ a", "RPUSH l a", "SET l x IFEQ a", "SET l x IFEQ a GET", "SET k v IFEQ f EX 0"];
    const deleting = ["SET k a", "DELIFEQ k b", "DELIFEQ k a", "DELIFEQ k a", "DELIFEQ l a", "DELIFEQ k", "DELIFEQ k a b"];
    const setting = ["MSETEX 2 a 1 b 2", "MSETEX 2 b 3 c 3 NX", "MSETEX 2 b 3 c 3 XX", "MSETEX 2 a 4 b 4 EX 100 XX", "TTL b", "MGET a b c"];
    const keeping = ["MSETEX 2 b 5 c 5 KEEPTTL", "TTL b", "TTL c", "MSETEX 1 z 3 PXAT 1", "GET z", "MSETEX 1 a b EX 10 EX 20", "TTL a"];
    const refused = ["MSETEX 1 a b c", "MSETEX 1 a b NX XX", "MSETEX 1 a b EX 0", "MSETEX 1 a b EX x", "MSETEX 1 a b KEEPTTL EX 1"];
    const asked = ["COMMAND GETKEYSANDFLAGS MSETEX 2 a 1 b 2 EX 1", "COMMAND GETKEYSANDFLAGS DELIFEQ a x", "COMMAND INFO MSETEX DELIFEQ"];
    await both().compare([
      words([...ifeq, ...times, ...wrong]),
      words(deleting),
      words([...setting, ...keeping]),
      words([...refused, ...asked]),
    ]);
  });

  test("HSCAN with NOVALUES", async () => {
    const lines = ["HSET h a 1 b 2", "HSCAN h 0 NOVALUES", "HSCAN h 0 MATCH a* NOVALUES COUNT 5", "HSCAN h 0 COUNT NOVALUES"];
    const others = ["SADD s a", "SSCAN s 0 NOVALUES", "ZADD z 1 a", "ZSCAN z 0 NOVALUES", "SCAN 0 NOVALUES", "HSCAN none 0 FOO"];
    for (const protocol of [2, 3] as const) await both().compare([words([...lines, ...others])], { protocol });
  });
});
