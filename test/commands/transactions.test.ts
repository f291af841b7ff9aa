import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { type Comparison, type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** One step of a scenario: who sends what ("me" is the client with the transaction), or PASS: until SOON is over. */
type Step = readonly [who: "me" | "other", ...request: Word[]];

/** Stands in a scenario for a time that has come after PASS. */
const SOON = "soon";

/**
 * Plays a scenario on a server and returns who asked what and what the answer was. A machine that took so long that SOON had come before
 * PASS plays it again, with more time.
 */
async function play(port: number, steps: readonly Step[], lifeMs = 20): Promise<string[]> {
  const soon = Date.now() + lifeMs;
  const clients = { me: await connect(port), other: await connect(port) };
  const replies: string[] = [];
  await clients.other.command("FLUSHALL");
  // Keys that expire stay until a request looks: the scenarios decide who and when.
  await clients.other.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  let late = false;
  for (const [who, ...request] of steps) {
    if (request[0] === "PASS") {
      late = Date.now() >= soon;
      await Bun.sleep(Math.max(0, soon + 2 - Date.now()));
    } else {
      const words = request.map((word) => (word === SOON ? soon : word));
      replies.push(`${who} ${request.join(" ")} -> ${(await clients[who].command(...words)).toString("latin1")}`);
    }
  }
  await clients.other.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  clients.me.close();
  clients.other.close();
  return late ? play(port, steps, lifeMs * 4) : replies;
}

async function compareScenario(both: Comparison, steps: readonly Step[]): Promise<string[]> {
  const [ours, theirs] = await Promise.all([play(both.ours.port, steps), play(both.redis.port, steps)]);
  expect(ours).toEqual(theirs);
  return ours;
}

const NIL = "me EXEC -> *-1\r\n";
const RAN = "me EXEC -> *1\r\n+PONG\r\n";

/** Scenarios of WATCH, PING, EXEC, by what makes EXEC fail, or does not. */
const WATCHING: Readonly<Record<string, readonly [outcome: typeof NIL | typeof RAN, ...steps: Step[]]>> = {
  "an untouched key": [RAN, ["other", "SET", "k", "1"], ["me", "WATCH", "k"]],
  "a key that another client sets": [NIL, ["me", "WATCH", "k"], ["other", "SET", "k", "1"]],
  "a key set to what it holds already": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "SET", "k", "1"]],
  "a key that the client itself sets": [NIL, ["me", "WATCH", "k"], ["me", "SET", "k", "1"]],
  "a key set inside the same transaction's time, by itself": [RAN, ["me", "WATCH", "k"], ["other", "SET", "other", "1"]],
  "one of several keys": [NIL, ["me", "WATCH", "a", "b", "c"], ["other", "SET", "c", "1"]],
  "a key watched twice": [NIL, ["me", "WATCH", "k", "k"], ["me", "WATCH", "k"], ["other", "SET", "k", "1"]],
  "the same key of another database": [RAN, ["me", "WATCH", "k"], ["other", "SELECT", "1"], ["other", "SET", "k", "1"]],
  "a key watched before SELECT": [NIL, ["me", "WATCH", "k"], ["me", "SELECT", "1"], ["other", "SET", "k", "1"]],
  "a key deleted": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "DEL", "k"]],
  "a missing key deleted": [RAN, ["me", "WATCH", "k"], ["other", "DEL", "k"]],
  "a key only read": [RAN, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "GET", "k"], ["other", "TOUCH", "k"]],
  "a key given an expiry": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "EXPIRE", "k", "100"]],
  "a key given none": [RAN, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "PERSIST", "k"]],
  "a key renamed away": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "RENAME", "k", "l"]],
  "a key renamed to": [NIL, ["other", "SET", "l", "1"], ["me", "WATCH", "k"], ["other", "RENAME", "l", "k"]],
  "a key moved to another database": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "MOVE", "k", "1"]],
  "a key copied over": [NIL, ["other", "SET", "l", "1"], ["me", "WATCH", "k"], ["other", "COPY", "l", "k"]],
  "a key appended to": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "APPEND", "k", "2"]],
  "a write that fails": [RAN, ["other", "SET", "k", "x"], ["me", "WATCH", "k"], ["other", "INCR", "k"]],
  "FLUSHALL of an existing key": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "FLUSHALL"]],
  "FLUSHALL of a missing key": [RAN, ["other", "SET", "l", "1"], ["me", "WATCH", "k"], ["other", "FLUSHALL"]],
  "FLUSHDB ASYNC of an existing key": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "FLUSHDB", "ASYNC"]],
  "FLUSHDB of another database": [RAN, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "SELECT", "1"], ["other", "FLUSHDB"]],
  "SWAPDB that takes the key": [NIL, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "SWAPDB", "0", "1"]],
  "SWAPDB that brings the key": [
    NIL,
    ["other", "SELECT", "1"],
    ["other", "SET", "k", "1"],
    ["me", "WATCH", "k"],
    ["other", "SWAPDB", "0", "1"],
  ],
  "SWAPDB where the key is on neither side": [RAN, ["other", "SET", "l", "1"], ["me", "WATCH", "k"], ["other", "SWAPDB", "1", "0"]],
  "SWAPDB of other databases": [RAN, ["other", "SET", "k", "1"], ["me", "WATCH", "k"], ["other", "SWAPDB", "1", "2"]],
  "a key that was touched, after UNWATCH": [RAN, ["me", "WATCH", "k"], ["other", "SET", "k", "1"], ["me", "UNWATCH"]],
  "a key watched after another was touched": [NIL, ["me", "WATCH", "k"], ["other", "SET", "k", "1"], ["me", "WATCH", "l"]],
  "a key forgotten by DISCARD": [RAN, ["me", "WATCH", "k"], ["me", "MULTI"], ["me", "DISCARD"], ["other", "SET", "k", "1"]],
  "a key forgotten by EXEC": [RAN, ["me", "WATCH", "k"], ["me", "MULTI"], ["me", "EXEC"], ["other", "SET", "k", "1"]],
  "a key forgotten by a failed EXEC": [
    RAN,
    ["me", "WATCH", "k"],
    ["other", "SET", "k", "1"],
    ["me", "MULTI"],
    ["me", "EXEC"],
    ["other", "SET", "k", "2"],
  ],
  "a key that expires": [NIL, ["other", "SET", "k", "1", "PXAT", SOON], ["me", "WATCH", "k"], ["me", "PASS"]],
  "a key that expires and is found so by another client": [
    NIL,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "WATCH", "k"],
    ["me", "PASS"],
    ["other", "GET", "k"],
  ],
  "a key that had expired already": [RAN, ["other", "SET", "k", "1", "PXAT", SOON], ["me", "PASS"], ["me", "WATCH", "k"]],
  "a key that had expired already, then deleted for it": [
    RAN,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "PASS"],
    ["me", "WATCH", "k"],
    ["other", "GET", "k"],
    ["other", "DEL", "k"],
  ],
  "a key that had expired already, then set": [
    NIL,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "PASS"],
    ["me", "WATCH", "k"],
    ["other", "SET", "k", "2"],
  ],
  "FLUSHALL of a key that had expired already": [
    RAN,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "PASS"],
    ["me", "WATCH", "k"],
    ["other", "FLUSHALL"],
  ],
  "FLUSHALL of a key that expired since": [
    NIL,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "WATCH", "k"],
    ["me", "PASS"],
    ["other", "FLUSHALL"],
  ],
  "SWAPDB that brings an expired key in place of none": [
    RAN,
    ["other", "SELECT", "1"],
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "PASS"],
    ["me", "WATCH", "k"],
    ["other", "SWAPDB", "0", "1"],
  ],
  "SWAPDB that brings an expired key in place of an expired one": [
    RAN,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["other", "SELECT", "1"],
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "PASS"],
    ["me", "WATCH", "k"],
    ["other", "SWAPDB", "0", "1"],
  ],
  "SWAPDB that takes a key that expired since": [
    NIL,
    ["other", "SET", "k", "1", "PXAT", SOON],
    ["me", "WATCH", "k"],
    ["me", "PASS"],
    ["other", "SWAPDB", "0", "1"],
  ],
};

describeWithRedis("transactions, beside Redis", () => {
  const both = useComparison();

  for (const [name, [outcome, ...steps]] of Object.entries(WATCHING)) {
    test(`EXEC ${outcome === NIL ? "does nothing" : "runs"} after watching: ${name}`, async () => {
      const replies = await compareScenario(both(), [...steps, ["me", "MULTI"], ["me", "PING"], ["me", "EXEC"]]);
      expect(replies.at(-1)).toBe(outcome);
    });
  }

  const ERRORS: readonly (readonly Request[])[] = [
    [["EXEC"], ["DISCARD"], ["UNWATCH"], ["WATCH"], ["MULTI", "x"], ["EXEC", "x"], ["DISCARD", "x"], ["UNWATCH", "x"]],
    [["MULTI"], ["EXEC"], ["MULTI"], ["DISCARD"], ["EXEC"]],
    [["MULTI"], ["MULTI"], ["PING"], ["EXEC"]],
    [["MULTI"], ["WATCH", "k"], ["PING"], ["EXEC"]],
    [["MULTI"], ["NOSUCH", "x"], ["PING"], ["EXEC"], ["PING"]],
    [["MULTI"], ["GET"], ["PING"], ["EXEC"]],
    [["MULTI"], ["CLIENT", "NOSUCH"], ["EXEC"]],
    [["MULTI"], ["CLIENT"], ["EXEC"]],
    [["MULTI"], ["NOSUCH"], ["DISCARD"], ["MULTI"], ["PING"], ["EXEC"]],
    [["MULTI"], ["EXEC", "x"], ["EXEC"]],
    [["MULTI"], ["DISCARD", "x"], ["EXEC"]],
    [["WATCH", "k"], ["SET", "k", "v"], ["MULTI"], ["NOSUCH"], ["EXEC"], ["GET", "k"]],
    [["WATCH", "k"], ["MULTI"], ["UNWATCH"], ["EXEC"]],
    [["WATCH", "k"], ["SET", "k", "v"], ["MULTI"], ["UNWATCH"], ["EXEC"]],
  ];
  const RUNS: readonly (readonly Request[])[] = [
    [
      ["MULTI"],
      ["SET", "k", "v"],
      ["GET", "k"],
      ["GET", "missing"],
      ["INCR", "k"],
      ["APPEND", "k", "w"],
      ["GET", "k"],
      ["EXEC"],
      ["GET", "k"],
    ],
    [["MULTI"], ["SELECT", "2"], ["SET", "k", "in 2"], ["EXEC"], ["GET", "k"], ["SELECT", "0"], ["GET", "k"]],
    [["MULTI"], ["PING", "a", "b"], ["SELECT", "99"], ["EXEC"]],
    [["MULTI"], ["HELLO", "x"], ["AUTH", "x"], ["EXEC"]],
    [["MULTI"], ["CLIENT", "SETNAME", "x"], ["CLIENT", "GETNAME"], ["COMMAND", "GETKEYS", "GET", "k"], ["EXEC"], ["CLIENT", "GETNAME"]],
    [["MULTI"], ["SET", "k", "x".repeat(50_000)], ["GET", "k"], ["EXEC"]],
    [["MULTI"], ["FUNCTION", "FLUSH"], ["FUNCTION", "FLUSH", "ASYNC"], ["FUNCTION", "FLUSH", "sync"], ["FUNCTION", "FLUSH", "x"], ["EXEC"]],
    [["FUNCTION", "FLUSH", "SYNC", "x"], ["FUNCTION"], ["FUNCTION", "NOSUCH"]],
  ];
  for (const protocol of [2, 3] as const) {
    test(`errors while queueing and in EXEC, RESP${protocol}`, () => both().compare(ERRORS, { protocol }));
    test(`EXEC answers with every command's answer, errors too, RESP${protocol}`, () => both().compare(RUNS, { protocol }));
  }

  test("thousands of commands, longer than what is read at a time", async () => {
    const requests = Array.from({ length: 5000 }, (_, index): Word[] => {
      const key = `k:${index % 40}`;
      if (index % 500 === 7) return ["SET", key, "x".repeat(70_000)];
      if (index % 7 === 1) return ["MSET", ...Array.from({ length: 2 * (index % 30) + 1 + (index % 2) }, (_, word) => `w:${word}`)];
      return [
        ["SET", key, `v${index}`],
        ["LPUSH", `l:${index % 9}`, key],
        ["STRLEN", key],
        ["INCR", key],
      ][index % 4];
    });
    await both().compare([[["MULTI"], ...requests, ["EXEC"]]]);
  });

  test("a nil EXEC is null in RESP3", () =>
    both().compare([[["WATCH", "k"], ["SET", "k", "v"], ["MULTI"], ["PING"], ["EXEC"], ["EXEC"]]], { protocol: 3 }));

  test("HELLO inside EXEC changes the protocol of the answers after it", async () => {
    const script = [["MULTI"], ["GET", "missing"], ["HELLO", "3"], ["GET", "missing"], ["EXEC"], ["GET", "missing"]];
    await both().compare([script], {
      mask: (reply) => reply.replace(/(\$2\r\nid\r\n):\d+/, "$1:ID").replace(/(\$7\r\nversion\r\n)\$\d+\r\n[\d.]+/, "$1VERSION"),
    });
  });

  test("a whole transaction in one packet, and cut anywhere", async () => {
    const script = Buffer.concat([["MULTI"], ["SET", "k", "v"], ["GET", "k"], ["EXEC"]].map(encodeCommand));
    const answer = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\nv\r\n";
    const client = await connect(both().ours.port);
    for (let cut = 0; cut < script.length; cut += 7) {
      client.send(script.subarray(0, cut));
      await Bun.sleep(0);
      client.send(script.subarray(cut));
      const replies = [await client.readReply(), await client.readReply(), await client.readReply(), await client.readReply()];
      expect(Buffer.concat(replies).toString()).toBe(answer);
    }
    client.close();
  });
});

describe("transactions", () => {
  let server: TestServer;
  let me: RawClient;
  let other: RawClient;
  beforeEach(async () => {
    server = await startServer();
    me = await connect(server.port);
    other = await connect(server.port);
  });
  afterEach(async () => {
    me.close();
    other.close();
    await server.stop();
  });

  const all = (client: RawClient, ...requests: Word[][]) => client.pipeline(requests).then((replies) => Buffer.concat(replies).toString());

  test("no one sees the middle of a transaction", async () => {
    const running = Array.from({ length: 200 }, () => [["MULTI"], ["INCR", "a"], ["INCR", "b"], ["EXEC"]]).flat();
    const mine = me.pipeline(running);
    for (let look = 0; look < 50; look++) {
      const [, values] = (await other.command("MGET", "a", "b")).toString().split("*2\r\n");
      const [one, two] = values.match(/\$\d+\r\n\d+|\$-1/g) ?? [];
      expect(one).toBe(two);
    }
    await mine;
  });

  test("the journal takes a transaction as one unit, without what only reads, and nothing of one that does not run", async () => {
    const { journal } = server.server;
    journal.start();
    const cursor = journal.open(journal.offset);
    const taken = () => {
      let text = "";
      journal.read(cursor, (bytes, from, to) => {
        text += bytes.toString("latin1", from, to);
        return to - from;
      });
      return text;
    };
    const encoded = (...requests: Word[][]) => Buffer.concat(requests.map(encodeCommand)).toString();

    await all(me, ["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["SELECT", "1"], ["SET", "b", "2"], ["EXEC"]);
    expect(taken()).toBe(encoded(["MULTI"], ["SELECT", 0], ["SET", "a", "1"], ["SELECT", 1], ["SET", "b", "2"], ["EXEC"]));
    await all(me, ["MULTI"], ["SET", "c", "1"], ["EXEC"]);
    expect(taken()).toBe(encoded(["SET", "c", "1"]));
    await all(me, ["MULTI"], ["GET", "c"], ["EXEC"], ["MULTI"], ["SET", "c", "2"], ["DISCARD"]);
    expect(taken()).toBe("");
    await all(me, ["WATCH", "c"], ["SET", "c", "3"], ["MULTI"], ["SET", "c", "4"], ["EXEC"]);
    expect(taken()).toBe(encoded(["SET", "c", "3"]));
    await all(me, ["MULTI"], ["SET", "c", "5"], ["NOSUCH"], ["EXEC"], ["FUNCTION", "FLUSH"]);
    expect(taken()).toBe(encoded(["FUNCTION", "FLUSH"]));
    journal.close(cursor);
  });

  test("a queue that is sure to fail is not kept", async () => {
    await all(me, ["MULTI"], ["SET", "k", "v"], ["NOSUCH"], ["SET", "k", "x".repeat(10_000)]);
    const session = [...server.server.clients].find((session) => session.queueing);
    expect(session?.transaction?.bytes).toBeLessThan(5_000);
    expect((await other.command("GET", "k")).toString()).toBe("$-1\r\n");
  });

  test("EXEC is counted once, and as failed only when it is itself refused", async () => {
    await all(me, ["SET", "k", "text"], ["MULTI"], ["INCR", "k"], ["EXEC"], ["EXEC"]);
    const entry = (name: string) => server.server.commands.byName.get(name);
    expect([entry("exec")?.calls, entry("exec")?.failed]).toEqual([2, 1]);
    expect([entry("incr")?.calls, entry("incr")?.failed]).toEqual([1, 1]);
  });

  test("a client that leaves takes its watched keys along", async () => {
    await all(me, ["WATCH", "a", "b"], ["MULTI"]);
    expect(server.server.keyspace.watched.size).toBe(2);
    me.send(encodeCommand(["QUIT"]));
    await me.closed;
    await other.command("PING");
    expect(server.server.keyspace.watched.size).toBe(0);
  });

  test("memory that is full refuses a transaction with a write in it, but not one that reads", async () => {
    await all(me, ["SET", "k", "v"], ["MULTI"], ["SET", "k", "w"]);
    await all(other, ["MULTI"], ["GET", "k"]);
    const third = await connect(server.port);
    expect((await third.command("CONFIG", "SET", "maxmemory", "1")).toString()).toBe("+OK\r\n");
    expect((await me.command("EXEC")).toString()).toBe(
      "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n",
    );
    expect((await other.command("EXEC")).toString()).toBe("*1\r\n$1\r\nv\r\n");
    expect((await me.command("EXEC")).toString()).toBe("-ERR EXEC without MULTI\r\n");
    third.close();
  });
});
