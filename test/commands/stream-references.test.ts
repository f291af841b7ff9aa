/**
 * Deleting entries of streams with regard to the groups that reference them: XDELEX, XACKDEL and the options of XADD and XTRIM that Redis
 * 8.2 brought. What is expected is what Redis 8.4 answers and publishes.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Frame } from "../../src/protocol/frame.ts";
import { linkUp, Ours, startReal, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { ourEffects } from "../support/effects.ts";
import { askLine, expectTurns, type Turn } from "../support/lines.ts";
import { Random } from "../support/property.ts";
import { testWithRedis } from "../support/redis.ts";
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

/** The ids of the entries that there are, and those that are pending in a group. */
async function entries(key: string, on = client): Promise<string> {
  return (await ask(`XRANGE ${key} - +`, on)).match(/\d+-\d+/g)?.join(" ") ?? "";
}
async function pending(key: string, group: string, on = client): Promise<string> {
  return (await ask(`XPENDING ${key} ${group} - + 1000`, on)).match(/\d+-\d+/g)?.join(" ") ?? "";
}

/** Makes a stream with the ids 1-0 to count-0. */
async function makeStream(key: string, count: number, on = client): Promise<void> {
  for (let id = 1; id <= count; id++) await ask(`XADD ${key} ${id}-0 f v`, on);
}

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const SYNTAX = "-ERR syntax error";
const NOT_POSITIVE = "-ERR Number of IDs must be a positive integer";
const OTHER_COUNT = "-ERR The `numids` parameter must match the number of arguments";
const BAD_ID = "-ERR Invalid stream ID specified as stream command argument";

describe("XDELEX", () => {
  test("deletes entries and lets their references be", async () => {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"]);
    await makeStream("s", 4);
    await ask("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
    expect(await ask("XDELEX s IDS 3 1-0 1-0 9-0")).toBe("*3 :1 :-1 :-1");
    expect(await ask("XDELEX s KEEPREF IDS 1 4")).toBe("*1 :1");
    expect([await entries("s"), await pending("s", "g")]).toEqual(["2-0 3-0", "1-0 2-0 3-0"]);
    expect(await ask("XINFO STREAM s")).toContain("max-deleted-entry-id $3 4-0 $13 entries-added :4 $23 recorded-first-entry-id $3 2-0");
  });

  test("with DELREF takes the references out of all groups, those of entries that are gone too", async () => {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"], ["XGROUP CREATE s h 0", "+OK"]);
    await makeStream("s", 4);
    for (const group of ["g", "h"]) await ask(`XREADGROUP GROUP ${group} c STREAMS s >`);
    await ask("XDEL s 3");
    expect(await ask("XDELEX s IDS 3 1 3 9 DELREF")).toBe("*3 :1 :-1 :-1");
    expect([await entries("s"), await pending("s", "g"), await pending("s", "h")]).toEqual(["2-0 4-0", "2-0 4-0", "2-0 4-0"]);
    expect(await ask("XPENDING s g")).toBe("*4 :2 $3 2-0 $3 4-0 *1 *2 $1 c $1 2");
  });

  test("with ACKED leaves what a group has yet to read or to acknowledge", async () => {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"], ["XGROUP CREATE s h 0", "+OK"]);
    await makeStream("s", 4);
    expect(await ask("XDELEX s ACKED IDS 3 1-0 9-9 0-5")).toBe("*3 :2 :2 :2");
    await ask("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
    await ask("XREADGROUP GROUP h c COUNT 2 NOACK STREAMS s >");
    expect(await ask("XDELEX s ACKED IDS 2 1 2")).toBe("*2 :2 :2");
    await ask("XACK s g 2-0 3-0");
    expect(await ask("XDELEX s ACKED IDS 6 1 2 2 3 4 1-5")).toBe("*6 :2 :1 :-1 :2 :2 :-1");
    await ask("XGROUP DESTROY s h");
    expect(await ask("XDELEX s ACKED IDS 3 1 3 4")).toBe("*3 :2 :1 :2");
    await ask("DEBUG RELOAD");
    expect(await ask("XDELEX s ACKED IDS 2 1 4")).toBe("*2 :2 :2");
    await ask("XGROUP SETID s g 1");
    expect(await ask("XDELEX s ACKED IDS 2 1 4")).toBe("*2 :2 :2");
    await ask("XGROUP DESTROY s g");
    expect(await ask("XDELEX s ACKED IDS 3 1 4 9")).toBe("*3 :1 :1 :-1");
    expect(await ask("EXISTS s")).toBe(":1");
  });

  test("is refused as Redis refuses it, and in its order", async () => {
    await converse(
      ["XDELEX s IDS 1", "-ERR wrong number of arguments for 'xdelex' command"],
      ["XDELEX s IDS 2 1-1 2-2", "*2 :-1 :-1"],
      ["XDELEX s IDS 1 x", "*1 :-1"],
      ["XDELEX s IDS 1 x IDS 2 1 2", "*2 :-1 :-1"],
      ["XDELEX s IDS abc 1-1", NOT_POSITIVE],
      ["XDELEX s IDS 0 1-1", NOT_POSITIVE],
      ["XDELEX s IDS -5 1-1", NOT_POSITIVE],
      ["XDELEX s IDS 9223372036854775808 1", NOT_POSITIVE],
      ["XDELEX s IDS 9223372036854775807 1", OTHER_COUNT],
      ["XDELEX s IDS 3 1-1 2-2", OTHER_COUNT],
      ["XDELEX s IDS 1 1-1 2-2", SYNTAX],
      ["XDELEX s KEEPREF KEEPREF IDS 1 1-1", SYNTAX],
      ["XDELEX s IDS 1 1-1 ACKED DELREF", SYNTAX],
      ["XDELEX s ACKED DELREF IDS 1 1-1", SYNTAX],
      ["XDELEX s 1-1 2-2 3-3", SYNTAX],
      ["XDELEX s ACKED KEEPREF IDS", SYNTAX],
      ["XDELEX s ACKED IDS 1", OTHER_COUNT],
      ["SET string x", "+OK"],
      ["XDELEX string IDS abc 1-1", WRONG_TYPE],
      ["XADD s 1-0 f v", "$3 1-0"],
      ["XDELEX s IDS 2 1-0 x", BAD_ID],
      ["XDELEX s ACKED", "-ERR wrong number of arguments for 'xdelex' command"],
      ["XLEN s", ":1"],
    );
    expect(await ask("XACKDEL s g DELREF ACKED 1")).toBe(SYNTAX);
  });
});

describe("XACKDEL", () => {
  test("acknowledges what the group has pending, and deletes that", async () => {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"], ["XGROUP CREATE s h 0", "+OK"]);
    await makeStream("s", 5);
    await ask("XREADGROUP GROUP g c COUNT 4 STREAMS s >");
    await ask("XREADGROUP GROUP h c COUNT 3 STREAMS s >");
    expect(await ask("XACKDEL s g IDS 3 1-0 1-0 5-0")).toBe("*3 :1 :-1 :-1");
    expect([await entries("s"), await pending("s", "g"), await pending("s", "h")]).toEqual([
      "2-0 3-0 4-0 5-0",
      "2-0 3-0 4-0",
      "1-0 2-0 3-0",
    ]);
    expect(await ask("XACKDEL s g DELREF IDS 1 2-0")).toBe("*1 :1");
    expect([await entries("s"), await pending("s", "g"), await pending("s", "h")]).toEqual(["3-0 4-0 5-0", "3-0 4-0", "1-0 3-0"]);
    expect(await ask("XACKDEL s g ACKED IDS 2 3-0 4-0")).toBe("*2 :2 :2");
    expect([await entries("s"), await pending("s", "g"), await pending("s", "h")]).toEqual(["3-0 4-0 5-0", "", "1-0 3-0"]);
    expect(await ask("XACKDEL s h IDS 2 3-0 1-0 ACKED")).toBe("*2 :1 :1");
    expect([await entries("s"), await pending("s", "h")]).toEqual(["4-0 5-0", ""]);
  });

  test("is refused as Redis refuses it, and in its order", async () => {
    await converse(
      ["XACKDEL s g IDS 1", "-ERR wrong number of arguments for 'xackdel' command"],
      ["XACKDEL s g IDS 2 x y", "*2 :-1 :-1"],
      ["XACKDEL s g IDS 2 x", OTHER_COUNT],
      ["XACKDEL s g KEEPREF IDS 1", OTHER_COUNT],
      ["XACKDEL s g IDS abc 1-1", NOT_POSITIVE],
      ["XACKDEL s g IDS 1 1-1 FOO", SYNTAX],
      ["XACKDEL s g KEEPREF ACKED IDS 1 1", SYNTAX],
      ["XACKDEL s g 1 2 3", SYNTAX],
      ["SET string x", "+OK"],
      ["XACKDEL string g IDS abc 1-1", WRONG_TYPE],
      ["XADD s 1-0 f v", "$3 1-0"],
      ["XACKDEL s g IDS 2 1-0 x", "*2 :-1 :-1"],
      ["XGROUP CREATE s g 0", "+OK"],
      ["XACKDEL s g IDS 2 1-0 x", BAD_ID],
    );
  });
});

describe("XADD and XTRIM with regard to references", () => {
  beforeAll(() => client.command("CONFIG", "SET", "stream-node-max-entries", "3"));
  afterAll(() => client.command("CONFIG", "SET", "stream-node-max-entries", "100"));

  /** 1-0 to 8-0, of which the group g has 2-0 and 5-0 pending, has acknowledged up to 7-0, and the group h has read up to 6-0. */
  async function prepare(): Promise<void> {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"], ["XGROUP CREATE s h 0", "+OK"]);
    await makeStream("s", 8);
    await ask("XREADGROUP GROUP g c COUNT 7 STREAMS s >");
    await ask("XREADGROUP GROUP h c COUNT 6 NOACK STREAMS s >");
    await ask("XACK s g 1-0 3-0 4-0 6-0 7-0");
  }

  test("ACKED removes the first entries that no group needs", async () => {
    await prepare();
    expect(await ask("XTRIM s MAXLEN = 5 ACKED")).toBe(":3");
    expect(await entries("s")).toBe("2-0 5-0 6-0 7-0 8-0");
    expect(await ask("XINFO STREAM s")).toContain("max-deleted-entry-id $3 0-0 $13 entries-added :8 $23 recorded-first-entry-id $3 2-0");
    expect(await ask("XADD s MINID 7 ACKED 9-0 f v")).toBe("$3 9-0");
    expect(await entries("s")).toBe("2-0 5-0 7-0 8-0 9-0");
    expect(await ask("XTRIM s ACKED MAXLEN 0")).toBe(":0");
    expect(await pending("s", "g")).toBe("2-0 5-0");
  });

  test("ACKED goes on through the nodes that would go as a whole, and no further", async () => {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"]);
    await makeStream("s", 5);
    await ask("XREADGROUP GROUP g c STREAMS s >");
    await ask("XACK s g 4-0 5-0");
    expect(await ask("XTRIM s MAXLEN 3 ACKED")).toBe(":0");
    expect(await ask("XTRIM s MAXLEN 2 ACKED")).toBe(":2");
    expect(await entries("s")).toBe("1-0 2-0 3-0");
  });

  test("DELREF removes entries and their references", async () => {
    await prepare();
    expect(await ask("XTRIM s DELREF MINID 3")).toBe(":2");
    expect([await entries("s"), await pending("s", "g")]).toEqual(["3-0 4-0 5-0 6-0 7-0 8-0", "5-0"]);
    expect(await ask("XADD s MAXLEN 2 DELREF 9-0 f v")).toBe("$3 9-0");
    expect([await entries("s"), await pending("s", "g")]).toEqual(["8-0 9-0", ""]);
  });

  test("whole nodes are looked into entry by entry too, as Redis does since 8.4.4", async () => {
    await prepare();
    expect(await ask("XTRIM s MINID ~ 6 LIMIT 2 ACKED")).toBe(":0");
    expect(await ask("XTRIM s MINID ~ 6 ACKED")).toBe(":2");
    expect(await entries("s")).toBe("2-0 4-0 5-0 6-0 7-0 8-0");
    expect(await ask("XADD s MAXLEN ~ 2 DELREF 9-0 f v")).toBe("$3 9-0");
    expect([await entries("s"), await pending("s", "g")]).toEqual(["7-0 8-0 9-0", ""]);
    expect(await ask("XTRIM s MAXLEN ~ 1 KEEPREF")).toBe(":0");
  });

  test("without groups they make no difference", async () => {
    for (const option of ["KEEPREF", "DELREF", "ACKED"]) {
      await converse(["XADD s 1-0 f v", "$3 1-0"]);
      await makeStream("s", 8);
      expect(await ask(`XTRIM s MAXLEN ~ 3 ${option}`)).toBe(":3");
      expect(await ask(`XTRIM s ${option} MAXLEN 3`)).toBe(":2");
      expect(await entries("s")).toBe("6-0 7-0 8-0");
    }
  });

  test("are refused as Redis refuses them", async () => {
    await converse(
      ["XADD s DELREF 1-0 f v", "$3 1-0"],
      ["XADD s DELREF ACKED 2-0 f v", BAD_ID],
      ["XADD s MAXLEN 1 ACKED ACKED 2-0 f v", BAD_ID],
      ["XADD s ACKED f v", BAD_ID],
      ["XADD s ACKED 2-0 f", "-ERR wrong number of arguments for 'xadd' command"],
      ["XADD s ACKED NOMKSTREAM MAXLEN = 1 2-0 f v", "$3 2-0"],
      ["XTRIM s ACKED DELREF MAXLEN 1", SYNTAX],
      ["XTRIM s MAXLEN 1 ACKED DELREF", SYNTAX],
      ["XTRIM s KEEPREF ACKED", SYNTAX],
      ["XTRIM s MAXLEN 0 LIMIT 1 ACKED", "-ERR syntax error, LIMIT cannot be used without the special ~ option"],
      ["XTRIM s ACKED LIMIT 1", "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"],
      ["XTRIM none MAXLEN 0 ACKED", ":0"],
      ["SET string x", "+OK"],
      ["XTRIM string MAXLEN 0 ACKED", WRONG_TYPE],
      ["XLEN s", ":1"],
    );
  });
});

test("replicas get what every one of them can execute; listeners hear what Redis tells them", async () => {
  await client.command("CONFIG", "SET", "stream-node-max-entries", "3");
  const setUp = async (port: number) => {
    const other = await connect(port);
    await ask("XGROUP CREATE s g 0 MKSTREAM", other);
    await ask("XGROUP CREATE s h 0", other);
    await makeStream("s", 9, other);
    await ask("XREADGROUP GROUP g c COUNT 8 STREAMS s >", other);
    await ask("XREADGROUP GROUP h c COUNT 8 NOACK STREAMS s >", other);
    return other;
  };
  const lines = [
    "XDELEX s ACKED IDS 1 1-0",
    "XACKDEL s g ACKED IDS 2 1-0 9-0",
    "XDEL s 2-0",
    "XDELEX s DELREF IDS 1 2-0",
    "XDELEX s KEEPREF IDS 1 3-0",
    "XACK s g 5-0 6-0",
    "XTRIM s MAXLEN 4 ACKED",
    "XTRIM s MINID 7 ACKED",
    "XACK s g 8-0",
    "XADD s MAXLEN = 3 ACKED 10-0 f v",
    "XTRIM s MINID 8 DELREF",
    "XADD s MAXLEN ~ 2 DELREF 11-* f v",
    "XADD s DELREF 12-0 f v",
    "XACKDEL s g IDS 1 3-0",
  ];
  const begun = await ourEffects({ ours }, async (port) => (await setUp(port)).close());
  const { stream, events } = await ourEffects({ ours }, async (port) => {
    const other = await setUp(port);
    for (const line of lines) await ask(line, other);
    other.close();
  });
  expect(stream.slice(begun.stream.length)).toEqual([
    ...["MULTI", "XACK s g 1-0", "XDEL s 1-0", "EXEC"],
    "XDEL s 2-0",
    "XACK s g 2-0",
    "XDEL s 3-0",
    "XACK s g 5-0 6-0",
    ...["MULTI", "XDEL s 5-0 6-0", "XSETID s 9-0 ENTRIESADDED 9 MAXDELETEDID 3-0", "EXEC"],
    "XACK s g 8-0",
    ...["MULTI", "XADD s 10-0 f v", "XDEL s 8-0", "XSETID s 10-0 ENTRIESADDED 10 MAXDELETEDID 3-0", "EXEC"],
    ...["MULTI", "XACK s g 4-0 7-0", "XTRIM s MINID = 8", "EXEC"],
    "XADD s MAXLEN = 2 11-0 f v",
    "XADD s 12-0 f v",
    "XACK s g 3-0",
  ]);
  const heard = "xdel,xdel,xdel,xtrim,xadd,xtrim,xtrim,xadd,xtrim,xadd".split(",").map((name) => `${name} s@0`);
  expect(events.slice(begun.events.length)).toEqual(heard);
  await client.command("CONFIG", "SET", "stream-node-max-entries", "100");
});

test("clients that watch the key learn of entries that go, not of references", async () => {
  const other = await connect(ours.port);
  for (const [line, seen] of [
    ["XDELEX s IDS 1 1-0", true],
    ["XDELEX s IDS 1 9-0", false],
    ["XDELEX s DELREF IDS 1 2-0", false],
    ["XACKDEL s g IDS 1 3-0", true],
    ["XACKDEL s h ACKED IDS 1 3-0", false],
    ["XTRIM s MAXLEN 0 ACKED", false],
  ] as const) {
    await converse(["XGROUP CREATE s g 0 MKSTREAM", "+OK"], ["XGROUP CREATE s h 0", "+OK"]);
    await makeStream("s", 3);
    await ask("XREADGROUP GROUP g c STREAMS s >");
    await ask("XREADGROUP GROUP h c STREAMS s >");
    await ask("XDEL s 2-0");
    for (const turn of ["WATCH s", "MULTI", "PING"]) await ask(turn);
    await ask(line, other);
    expect([line, await ask("EXEC")]).toEqual([line, seen ? "*-1" : "*1 +PONG"]);
  }
  other.close();
});

test("what a Redis 8.2 master sends is executed", async () => {
  await using master = await Ours.start({ "stream-node-max-entries": "3" });
  await using replica = await Ours.start({ "stream-node-max-entries": "3" });
  await ask(`REPLICAOF 127.0.0.1 ${master.port}`, replica.client);
  await linkUp(replica.client);
  const added = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => `XADD s ${id}-0 f v`);
  const claims = [1, 2, 3, 4, 5, 6].map((id) => `XCLAIM s g c 0 ${id}-0 TIME 1 RETRYCOUNT 1 FORCE JUSTID LASTID 6-0`);
  const sent = [
    ...added,
    "XGROUP CREATE s g 0",
    ...claims,
    "XACKDEL s g ACKED IDS 1 2-0",
    "XACK s g 3-0",
    "XDELEX s DELREF IDS 1 5-0",
    "XTRIM s MAXLEN = 5 LIMIT 100 ACKED",
    "XADD s ACKED MAXLEN = 5 9-0 f v",
    "XADD s MINID = 2 DELREF 10-0 f v",
    "SET done 1",
  ];
  for (const line of sent) master.server.journal.append(0, new Frame().encode(line.split(" ")));
  await until("the stream to arrive", async () => (await ask("EXISTS done", replica.client)) === ":1");
  expect([await entries("s", replica.client), await pending("s", "g", replica.client)]).toEqual(["4-0 6-0 7-0 8-0 9-0 10-0", "4-0 6-0"]);
});

/** A request about the stream s of entries 1-0 up to `last`-0, with up to three groups. */
function anyRequest(random: Random, last: number): string {
  const id = (): string => `${random.between(1, last + 1)}-0`;
  const ids = Array.from({ length: random.between(1, 4) }, id);
  const group = `g${random.below(3)}`;
  const references = random.pick(["KEEPREF", "DELREF", "ACKED"]);
  const threshold = random.chance(0.5)
    ? `MAXLEN ${random.pick(["=", "~"])} ${random.below(10)}`
    : `MINID ${random.pick(["=", "~"])} ${id()}`;
  return random.pick([
    `XADD s ${last + 1}-0 f v`,
    `XADD s ${threshold} ${references} ${last + 1}-0 f v`,
    `XTRIM s ${references} ${threshold}`,
    `XGROUP CREATE s ${group} ${random.pick(["0", "$"])}`,
    `XREADGROUP GROUP ${group} c COUNT ${random.between(1, 5)} ${random.chance(0.3) ? "NOACK " : ""}STREAMS s >`,
    `XACK s ${group} ${ids.join(" ")}`,
    `XDEL s ${ids.join(" ")}`,
    `XDELEX s ${references} IDS ${ids.length} ${ids.join(" ")}`,
    `XACKDEL s ${group} ${references} IDS ${ids.length} ${ids.join(" ")}`,
  ]);
}

/** What is to be the same on a replica. The lowest id stands there for the largest deleted one where that is 0-0. */
async function stateOf(on: RawClient): Promise<string[]> {
  const info = await ask("XINFO STREAM s", on);
  const facts = info.replace(/radix-tree-(keys|nodes) :\d+/g, "").replace("max-deleted-entry-id $3 0-1", "max-deleted-entry-id $3 0-0");
  const lists = ["g0", "g1", "g2"].map((group) => pending("s", group, on));
  return [await entries("s", on), facts, ...(await Promise.all(lists))];
}

testWithRedis("after any requests our replica and a Redis 7 have the same", async () => {
  await using master = await Ours.start({ "stream-node-max-entries": "2" });
  await using replica = await Ours.start({ "stream-node-max-entries": "2" });
  await using real = await startReal("--stream-node-max-entries", "2");
  const replicas = [replica.client, real.client];
  for (const each of replicas) await ask(`REPLICAOF 127.0.0.1 ${master.port}`, each);
  for (const each of replicas) await linkUp(each);
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const random = new Random(seed);
    const requests: string[] = ["FLUSHALL"];
    for (let last = 0; requests.length < 60; ) {
      requests.push(anyRequest(random, last));
      if (requests.at(-1)?.startsWith("XADD") === true) last++;
    }
    for (const line of requests) await ask(line, master.client);
    await ask(`SET done ${seed}`, master.client);
    for (const each of replicas) {
      await until("the stream to arrive", async () => (await ask("GET done", each)) === `$1 ${seed}`);
      expect({ requests, state: await stateOf(each) }).toEqual({ requests, state: await stateOf(master.client) });
    }
  }
});

test("a comparison of master and replica finds no difference where a trim left entries behind it", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start();
  await ask(`REPLICAOF 127.0.0.1 ${master.port}`, replica.client);
  await linkUp(replica.client);
  await ask("XGROUP CREATE s g 0 MKSTREAM", master.client);
  await makeStream("s", 4, master.client);
  for (const line of ["XREADGROUP GROUP g c STREAMS s >", "XACK s g 1 3 4", "XTRIM s MAXLEN 2 ACKED"]) await ask(line, master.client);
  await until("the stream to arrive", async () => (await entries("s", replica.client)) === "2-0 4-0");
  for (const [on, id] of [
    [master.client, "0-0"],
    [replica.client, "0-1"],
  ] as const) {
    expect(await ask("XINFO STREAM s", on)).toContain(`max-deleted-entry-id $3 ${id}`);
  }
  expect(await ask(`REPLICANT.COMPARE 127.0.0.1 ${replica.port}`, master.client)).toContain("differences *0");
});
