/** Times of fields of hashes. What is expected is what Redis 8.0.6 answers, publishes and sends to replicas. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Ours, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { ourEffects } from "../support/effects.ts";
import { askLine, expectTurns, type Turn } from "../support/lines.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** In 2100, in ms. */
const FAR = 4102444800000;

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

/** Sends the lines in turn over an empty server, and expects these replies. */
const converse = (...turns: readonly Turn[]): Promise<void> => expectTurns(client, turns);

/** Has fields expire only when they are looked at. */
async function lazily<T>(action: () => Promise<T>): Promise<T> {
  await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  try {
    return await action();
  } finally {
    await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }
}

/** Waits until a time that was set before is over. */
async function pass(ms: number): Promise<void> {
  const end = Date.now() + ms;
  await until("the time to pass", () => Date.now() > end);
}

for (const [form, entries] of [
  ["small", "128"],
  ["large", "2"],
] as const) {
  describe(`times of fields of ${form} hashes`, () => {
    beforeAll(() => client.command("CONFIG", "SET", "hash-max-listpack-entries", entries));
    afterAll(() => client.command("CONFIG", "SET", "hash-max-listpack-entries", "512"));

    test("are set on conditions, read and removed", async () => {
      await converse(
        ["HSET h a 1 b 2 c 3", ":3"],
        ["HPEXPIREAT h 4102444800000 FIELDS 2 a b", "*2 :1 :1"],
        ["HPEXPIRETIME h FIELDS 4 a b c x", "*4 :4102444800000 :4102444800000 :-1 :-2"],
        ["HEXPIRETIME h FIELDS 2 a c", "*2 :4102444800 :-1"],
        ["HPEXPIREAT h 4102444801000 NX FIELDS 2 a c", "*2 :0 :1"],
        ["HPEXPIREAT h 4102444802000 XX FIELDS 2 a x", "*2 :1 :-2"],
        ["HPEXPIREAT h 4102444801000 GT FIELDS 3 a b c", "*3 :0 :1 :0"],
        ["HPERSIST h FIELDS 3 c c x", "*3 :1 :-1 :-2"],
        ["HPEXPIREAT h 4102444800001 LT FIELDS 3 a b c", "*3 :1 :1 :1"],
        ["HPEXPIRETIME h FIELDS 3 a b c", "*3 :4102444800001 :4102444800001 :4102444800001"],
        ["HEXPIRETIME h FIELDS 1 a", "*1 :4102444801"],
        ["OBJECT ENCODING h", form === "small" ? "$10 listpackex" : "$9 hashtable"],
        ["HSET h a 1", ":0"],
        ["HINCRBY h b 1", ":3"],
        ["HINCRBYFLOAT h c 1.5", "$3 4.5"],
        ["HPEXPIRETIME h FIELDS 3 a b c", "*3 :-1 :4102444800001 :4102444800001"],
        ["HTTL none FIELDS 2 a b", "*2 :-2 :-2"],
        ["HPERSIST none FIELDS 1 a", "*1 :-2"],
        ["HEXPIRE none 10 FIELDS 1 a", "*1 :-2"],
        ["HEXPIRE h 100 FIELDS 1 a", "*1 :1"],
        ["HTTL h FIELDS 1 a", "*1 :100"],
      );
    });

    test("that are past delete", async () => {
      await converse(
        ["HSET h a 1 b 2 c 3", ":3"],
        ["HEXPIRE h 0 FIELDS 2 a x", "*2 :2 :-2"],
        ["HLEN h", ":2"],
        ["HPEXPIREAT h 1 FIELDS 2 b c", "*2 :2 :2"],
        ["EXISTS h", ":0"],
      );
    });

    test("are read and set by HGETEX", async () => {
      await converse(
        ["HSET h a 1 b 2 c 3", ":3"],
        ["HGETEX h PXAT 4102444800000 FIELDS 2 a x", "*2 $1 1 $-1"],
        ["HGETEX h FIELDS 1 a", "*1 $1 1"],
        ["HPEXPIRETIME h FIELDS 1 a", "*1 :4102444800000"],
        ["HGETEX h PERSIST FIELDS 2 a b", "*2 $1 1 $1 2"],
        ["HPEXPIRETIME h FIELDS 1 a", "*1 :-1"],
        ["HGETEX h EX 0 FIELDS 2 a a", "*2 $1 1 $-1"],
        ["HGETEX h EXAT 1 FIELDS 2 b c", "*2 $1 2 $1 3"],
        ["EXISTS h", ":0"],
        ["HGETEX h EX 10 FIELDS 1 a", "*1 $-1"],
      );
    });

    test("are set by HSETEX", async () => {
      await converse(
        ["HSETEX h PXAT 4102444800000 FIELDS 3 a 1 b 2 c 3", ":1"],
        ["HSETEX h FNX FIELDS 2 d 4 a 5", ":0"],
        ["HSETEX h FXX KEEPTTL FIELDS 1 a 6", ":1"],
        ["HSETEX h FXX FIELDS 2 a 7 d 4", ":0"],
        ["HSETEX h FIELDS 1 b 8", ":1"],
        ["HMGET h a b c d", "*4 $1 6 $1 8 $1 3 $-1"],
        ["HPEXPIRETIME h FIELDS 3 a b c", "*3 :4102444800000 :-1 :4102444800000"],
        ["HSETEX h EX 0 FIELDS 1 a 5", ":1"],
        ["HEXISTS h a", ":0"],
        ["HGETDEL h FIELDS 3 b c x", "*3 $1 8 $1 3 $-1"],
        ["EXISTS h", ":0"],
      );
    });

    test("go along with the key: COPY, RENAME, MOVE, DUMP and RESTORE, DEBUG RELOAD", async () => {
      await converse(
        ["HSET h a 1 b 2 c 3", ":3"],
        ["HPEXPIREAT h 4102444800000 FIELDS 2 a b", "*2 :1 :1"],
        ["COPY h i", ":1"],
        ["RENAME i j", "+OK"],
        ["MOVE j 1", ":1"],
        ["SELECT 1", "+OK"],
        ["HPEXPIRETIME j FIELDS 3 a b c", "*3 :4102444800000 :4102444800000 :-1"],
        ["SELECT 0", "+OK"],
        ["DEBUG RELOAD", "+OK"],
        ["HPEXPIRETIME h FIELDS 3 a b c", "*3 :4102444800000 :4102444800000 :-1"],
        ["HMGET h a b c", "*3 $1 1 $1 2 $1 3"],
      );
      const dump = await client.command("DUMP", "h");
      await client.command("RESTORE", "k", 0, dump.subarray(dump.indexOf("\r\n") + 2, -2));
      expect(await ask("HPEXPIRETIME k FIELDS 3 a b c")).toBe("*3 :4102444800000 :4102444800000 :-1");
      expect(Number((await ask("MEMORY USAGE k")).slice(1))).toBeGreaterThan(40);
    });

    test("that are over hide the field before it is deleted", async () => {
      await lazily(async () => {
        await converse(["HSET h a 1 b 2 c 3 d 4 e 5 f 6", ":6"], ["HPEXPIRE h 1 FIELDS 5 a b c d e", "*5 :1 :1 :1 :1 :1"]);
        await pass(2);
        for (const [line, reply] of [
          ["HGETALL h", "*2 $1 f $1 6"],
          ["HKEYS h", "*1 $1 f"],
          ["HVALS h", "*1 $1 6"],
          ["HSCAN h 0 COUNT 100", "*2 $1 0 *2 $1 f $1 6"],
          ["HSCAN h 0 COUNT 100 NOVALUES", "*2 $1 0 *1 $1 f"],
          ["HRANDFIELD h", "$1 f"],
          ["HRANDFIELD h 5", "*1 $1 f"],
          ["HRANDFIELD h -2", "*2 $1 f $1 f"],
          ["HRANDFIELD h 1 WITHVALUES", "*2 $1 f $1 6"],
          ["HTTL h FIELDS 2 a f", "*2 :-2 :-1"],
          ["HLEN h", ":6"],
          ["HGET h a", "$-1"],
          ["HLEN h", ":5"],
          ["HEXISTS h b", ":0"],
          ["HSETNX h c 7", ":1"],
          ["HINCRBY h d 7", ":7"],
          ["HMGET h c d e", "*3 $1 7 $1 7 $-1"],
          ["HLEN h", ":3"],
        ] as const) {
          expect([line, await ask(line)]).toEqual([line, reply]);
        }
      });
    });

    test("that are over delete the field without being asked, and the key with the last", async () => {
      await converse(["HSET h a 1 b 2 c 3", ":3"], ["HPEXPIRE h 1 FIELDS 2 a b", "*2 :1 :1"]);
      await until("the fields to go", async () => (await ask("HLEN h")) === ":1");
      await converse(["HSET h a 1 b 2 c 3", ":3"], ["HPEXPIRE h 1 FIELDS 3 a b c", "*3 :1 :1 :1"]);
      await until("the key to go", async () => (await ask("EXISTS h")) === ":0");
    });

    test("that are over are counted, whoever finds them", async () => {
      const counted = async () => /expired_subkeys:(\d+)\s+expired_fields:(\d+)/.exec(await ask("INFO stats"))?.slice(1);
      await ask("CONFIG RESETSTAT");
      await converse(["HSET h a 1 b 2 c 3", ":3"], ["HPEXPIRE h 1 FIELDS 1 a", "*1 :1"], ["HPEXPIRE h 0 FIELDS 1 b", "*1 :2"]);
      await until("the field to go", async () => (await ask("HLEN h")) === ":1");
      await lazily(async () => {
        await ask("HPEXPIRE h 1 FIELDS 1 c");
        await pass(2);
        await ask("HGET h c");
        expect(await ask("HSETNX h c 1")).toBe(":1");
      });
      await ask("HGETEX h EXAT 1 FIELDS 1 c");
      await ask("HSETEX h PXAT 1 FIELDS 2 d 1 e 1");
      expect(await counted()).toEqual(["6", "6"]);
    });
  });
}

test("bad requests are refused with Redis's errors, in its order", async () => {
  const missing = "-ERR Mandatory argument FIELDS is missing or not at the right position";
  const mismatch = "-ERR The `numfields` parameter must match the number of arguments";
  const positive = "-ERR Number of fields must be a positive integer";
  await converse(
    ["HSET h a 1", ":1"],
    ["SET s x", "+OK"],
    ["HEXPIRE s x FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
    ["HEXPIRE h 10 FIELDS 0", "-ERR wrong number of arguments for 'hexpire' command"],
    ["HEXPIRE h x FIELDS 1 a", "-ERR value is not an integer or out of range"],
    ["HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"],
    ["HEXPIREAT h 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hexpireat' command"],
    ["HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command"],
    ["HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1 :1"],
    ["HEXPIRE h 10 BAD FIELDS 1 a", missing],
    ["HEXPIRE h 10 NX XX FIELDS 1 a", missing],
    ["HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0"],
    ["HEXPIRE h 10 FIELDS 2 a", mismatch],
    ["HEXPIRE h 10 FIELDS 1 a NX", mismatch],
    ["HTTL h FIELD 1 a", missing],
    ["HTTL h FIELDS 0 a", positive],
    ["HTTL h FIELDS 1 a b", mismatch],
    ["HPERSIST h FIELDS x a", positive],
    ["HGETEX h EX 10 PERSIST FIELDS 1 a", missing],
    ["HGETEX h EX FIELDS 1 a", "-ERR value is not an integer or out of range"],
    ["HGETEX s EX x FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
    ["HGETDEL h FIELDS 2 a", mismatch],
    ["HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified"],
    ["HSETEX h EX 1 KEEPTTL FIELDS 1 a 1", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"],
    ["HSETEX h FOO FIELDS 1 a 1", "-ERR unknown argument: FOO"],
    ["HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields"],
    ["HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command"],
    ["HSETEX h FIELDS 1 a 1 KEEPTTL", "-ERR wrong number of arguments for 'hsetex' command"],
    ["HSETEX s EX -1 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0"],
  );
});

test("replicas get absolute times and deletions; listeners hear of both", async () => {
  const { stream, events } = await ourEffects({ ours }, [
    ["HSET", "h", "a", "1", "b", "2", "c", "3"],
    ["HEXPIRE", "h", "100", "NX", "FIELDS", "3", "a", "b", "x"],
    ["HEXPIRE", "h", "100", "GT", "FIELDS", "1", "c"],
    ["HPERSIST", "h", "FIELDS", "1", "a"],
    ["HGETEX", "h", "EX", "100", "FIELDS", "2", "a", "x"],
    ["HGETEX", "h", "PERSIST", "FIELDS", "1", "a"],
    ["HINCRBYFLOAT", "h", "b", "1.5"],
    ["HSETEX", "h", "FNX", "EX", "100", "FIELDS", "1", "d", "4"],
    ["HSETEX", "h", "PXAT", "1", "FIELDS", "2", "d", "4", "e", "5"],
    ["HGETDEL", "h", "FIELDS", "2", "a", "x"],
    ["HEXPIRE", "h", "0", "FIELDS", "2", "b", "c"],
  ]);
  expect(stream).toEqual([
    "HSET h a 1 b 2 c 3",
    "HPEXPIREAT h <time> NX FIELDS 2 a b",
    "HPERSIST h FIELDS 1 a",
    "HPEXPIREAT h <time> FIELDS 2 a x",
    "HPERSIST h FIELDS 1 a",
    "HSETEX h KEEPTTL FIELDS 1 b 3.5",
    "HSETEX h FNX PXAT <time> FIELDS 1 d 4",
    "MULTI",
    "HDEL h d",
    "HDEL h e",
    "EXEC",
    "HDEL h a x",
    "MULTI",
    "HDEL h b",
    "HDEL h c",
    "EXEC",
  ]);
  expect(events.filter((event) => !event.startsWith("new "))).toEqual(
    "hset hexpire hpersist hexpire hpersist hincrbyfloat hset hexpire hset hdel hdel hdel del".split(" ").map((name) => `${name} h@0`),
  );
});

test("replicas get an HDEL for each field that expired; listeners hear of it once", async () => {
  const { stream, events } = await lazily(() =>
    ourEffects({ ours }, async (port) => {
      const other = await connect(port);
      for (const line of ["HSET h a 1 b 2 c 3", "HPEXPIRE h 1 FIELDS 3 a b c"]) await ask(line, other);
      await pass(2);
      for (const line of ["HMGET h a b", "HINCRBY h c 1"]) await ask(line, other);
      other.close();
    }),
  );
  expect(stream.slice(2)).toEqual(["MULTI", "HDEL h a", "HDEL h b", "EXEC", "MULTI", "HDEL h c", "HINCRBY h c 1", "EXEC"]);
  expect(events.filter((event) => !event.startsWith("new ")).slice(2)).toEqual(["hexpired h@0", "hexpired h@0", "del h@0", "hincrby h@0"]);
});

test("a replica hides a field whose time is over, and leaves it to its master to delete", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start();
  master.server.housekeeping.activeExpiry = false;
  await ask("HSET h a 1 b 2", master.client);
  await ask(`REPLICAOF 127.0.0.1 ${master.port}`, replica.client);
  await until("the replica to have the key", async () => (await ask("HLEN h", replica.client)) === ":2");
  await ask(`HPEXPIRE h 1 FIELDS 1 a`, master.client);
  await ask("SET done 1", master.client);
  await until("the replica to have it all", async () => (await ask("EXISTS done", replica.client)) === ":1");
  await pass(2);
  expect(await ask("HGETALL h", replica.client)).toBe("*2 $1 b $1 2");
  expect(await ask("HGET h a", replica.client)).toBe("$-1");
  expect(await ask("HLEN h", replica.client)).toBe(":2");
  master.server.housekeeping.activeExpiry = true;
  await until("the master's HDEL", async () => (await ask("HLEN h", replica.client)) === ":1");
});

test("what comes from a Redis 8 master is executed: HINCRBYFLOAT's HSETEX, times that are past already", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start();
  await ask(`REPLICAOF 127.0.0.1 ${master.port}`, replica.client);
  await until("the link to be up", async () => (await ask("INFO replication", replica.client)).includes("master_link_status:up"));
  const { journal } = master.server;
  const { Frame } = await import("../../src/protocol/frame.ts");
  for (const line of ["HSET h a 1", "HSETEX h KEEPTTL FIELDS 1 a 2.5", "HPEXPIREAT h 1 FIELDS 1 a"])
    journal.append(0, new Frame().encode(line.split(" ")));
  await until("the stream to arrive", async () => (await ask("HLEN h", replica.client)) === ":1");
  expect(await ask("HGETALL h", replica.client)).toBe("*0");
});

test("an append-only file without a preamble has the times", async () => {
  await using server = await Ours.start({ appendonly: "yes", "aof-use-rdb-preamble": "no", "hash-max-listpack-entries": "3" });
  await ask("HSET small a 1 b 2", server.client);
  await ask("HSET large a 1 b 2 c 3 d 4", server.client);
  for (const key of ["small", "large"]) await ask(`HPEXPIREAT ${key} ${FAR} FIELDS 1 a`, server.client);
  await ask("BGREWRITEAOF", server.client);
  await until("the rewrite", async () => (await ask("INFO persistence", server.client)).includes("aof_rewrite_in_progress:0"));
  await ask("DEBUG LOADAOF", server.client);
  for (const key of ["small", "large"])
    expect([key, await ask(`HPEXPIRETIME ${key} FIELDS 2 a b`, server.client)]).toEqual([key, `*2 :${FAR} :-1`]);
});

test("COMMAND DOCS says what Redis 8 does of the arguments", async () => {
  const docs = (await client.command("COMMAND", "DOCS", "HSETEX")).toString("latin1");
  const names = [...docs.matchAll(/\$4\r\nname\r\n\$\d+\r\n([^\r]+)\r\n\$4\r\ntype\r\n\$\d+\r\n([^\r]+)/g)].map(
    ([, name, type]) => `${name}:${type}`,
  );
  expect(names.join(" ")).toBe(
    "key:key condition:oneof fnx:pure-token fxx:pure-token expiration:oneof seconds:integer milliseconds:integer " +
      "unix-time-seconds:unix-time unix-time-milliseconds:unix-time keepttl:pure-token fields:block numfields:integer data:block " +
      "field:string value:string",
  );
});
