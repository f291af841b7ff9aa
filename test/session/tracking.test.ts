import { describe, expect, test } from "bun:test";
import { BasicClientSideCache, createClient } from "redis";
import { until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { Comparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

/** Who sends what: `a` keeps copies, `b` changes keys, `c` is told in a's place. `$a` and so on stand for their ids. */
type Line = readonly [who: "a" | "b" | "c", ...words: Word[]];

/** More than there are clients: a length must not look like an id. */
const TWENTY = Array.from({ length: 20 }, (_, index) => 100 + index);

const RESP3: Line = ["a", "HELLO", 3];
const ON: readonly Line[] = [RESP3, ["a", "CLIENT", "TRACKING", "ON"]];

const SCENARIOS: Readonly<Record<string, readonly Line[]>> = {
  "what others change": [
    ...ON,
    ["b", "SET", "k", 1],
    ["a", "GET", "k"],
    ["b", "SET", "k", 2],
    ["b", "SET", "k", 3],
    ["a", "GET", "k"],
    ["b", "DEL", "k"],
  ],
  "what is not read": [...ON, ["a", "SET", "k", 1], ["b", "SET", "k", 2], ["a", "TTL", "missing"], ["b", "SET", "missing", 1]],
  "its own changes": [...ON, ["a", "GET", "k"], ["a", "SET", "k", 1], ["a", "MGET", "k", "l"], ["a", "MSET", "k", 1, "l", 2]],
  "its own changes, which it need not hear of": [
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "NOLOOP"],
    ["a", "GET", "k"],
    ["a", "SET", "k", 1],
    ["a", "GET", "k"],
    ["b", "SET", "k", 2],
  ],
  "every kind of read": [
    ...ON,
    ["b", "HSET", "h", "f", 1],
    ["b", "RPUSH", "l", 1],
    ["b", "SADD", "s", 1],
    ["b", "ZADD", "z", 1, "m"],
    ["b", "XADD", "x", "1-1", "f", 1],
    ["a", "HGETALL", "h"],
    ["a", "LRANGE", "l", 0, -1],
    ["a", "SUNION", "s", "t"],
    ["a", "ZRANGE", "z", 0, -1],
    ["a", "XRANGE", "x", "-", "+"],
    ["a", "STRLEN", "k"],
    ["b", "HINCRBY", "h", "f", 1],
    ["b", "LPOP", "l"],
    ["b", "SADD", "t", 1],
    ["b", "ZINCRBY", "z", 1, "m"],
    ["b", "XTRIM", "x", "MAXLEN", 0],
    ["b", "APPEND", "k", 1],
  ],
  "renames, copies and other databases": [
    ...ON,
    ["b", "SET", "k", 1],
    ["a", "MGET", "k", "m"],
    ["b", "RENAME", "k", "l"],
    ["a", "MGET", "l", "m"],
    ["b", "COPY", "l", "m"],
    ["a", "GET", "k"],
    ["b", "SELECT", 1],
    ["b", "SET", "k", "elsewhere"],
  ],
  "two keys of one command": [
    ...ON,
    ["b", "MSET", "k", 1, "l", 2],
    ["a", "MGET", "k", "l"],
    ["b", "RENAME", "k", "l"],
    ["a", "MGET", "k", "l"],
    ["b", "RENAMENX", "l", "k"],
    ["b", "SADD", "s", ...TWENTY],
    ["b", "SADD", "t", 1],
    ["a", "SUNION", "s", "t"],
    ["b", "SMOVE", "s", "t", 102],
    ["b", "RPUSH", "p", ...TWENTY],
    ["b", "RPUSH", "q", ...TWENTY],
    ...["p", "q"].map((key): Line => ["a", "LLEN", key]),
    ["b", "LMOVE", "p", "q", "LEFT", "RIGHT"],
    ...["p", "q"].map((key): Line => ["a", "LLEN", key]),
    ["b", "RPOPLPUSH", "p", "q"],
    ...["p", "q"].map((key): Line => ["a", "LLEN", key]),
    ["b", "BLMOVE", "p", "q", "LEFT", "RIGHT", 0],
    ["a", "MGET", "k", "l"],
    ["b", "COPY", "k", "l"],
    ["a", "MGET", "k", "l"],
    ["b", "MSET", "l", 1, "k", 2],
    ["a", "MGET", "k", "l"],
    ["b", "MOVE", "l", 1],
    ["a", "MGET", "k", "l"],
    ["b", "DEL", "l", "k"],
  ],
  time: [
    ...ON,
    ["b", "SET", "k", 1],
    ["a", "GET", "k"],
    ["b", "EXPIRE", "k", 100],
    ["a", "GET", "k"],
    ["b", "PERSIST", "k"],
    ["a", "GET", "k"],
    ["b", "PEXPIREAT", "k", 1],
  ],
  "emptied databases": [
    ...ON,
    ["a", "GET", "k"],
    ["b", "FLUSHALL"],
    ["b", "SET", "k", 1],
    ["a", "GET", "k"],
    ["b", "FLUSHDB"],
    ["a", "FLUSHALL"],
    ["b", "SWAPDB", 0, 1],
  ],
  transactions: [
    ...ON,
    ["a", "GET", "k"],
    ["a", "MULTI"],
    ["a", "SET", "k", 1],
    ["a", "GET", "k"],
    ["a", "SET", "k", 2],
    ["a", "EXEC"],
    ["b", "SET", "k", 3],
  ],
  "what scripts read": [
    ...ON,
    ["a", "EVAL", "return redis.call('get', KEYS[1])", 1, "k"],
    ["b", "SET", "k", 1],
    ["a", "EVAL_RO", "return redis.call('get', KEYS[1])", 1, "k"],
    ["b", "EVAL", "return redis.call('set', KEYS[1], 2)", 1, "k"],
  ],
  "what it opts into": [
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "OPTIN"],
    ["a", "GET", "k"],
    ["b", "SET", "k", 1],
    ["a", "CLIENT", "CACHING", "YES"],
    ["a", "CLIENT", "TRACKINGINFO"],
    ["a", "GET", "k"],
    ["a", "GET", "l"],
    ["b", "MSET", "k", 2, "l", 2],
    ["a", "CLIENT", "CACHING", "YES"],
    ["a", "MULTI"],
    ["a", "GET", "k"],
    ["a", "GET", "l"],
    ["a", "EXEC"],
    ["a", "GET", "m"],
    ["b", "MSET", "k", 2, "l", 2, "m", 2],
    ["a", "CLIENT", "CACHING", "NO"],
  ],
  "what it opts out of": [
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "OPTOUT"],
    ["a", "GET", "k"],
    ["a", "CLIENT", "CACHING", "NO"],
    ["a", "GET", "l"],
    ["b", "MSET", "k", 1, "l", 1],
    ["a", "CLIENT", "CACHING", "YES"],
  ],
  prefixes: [
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "PREFIX", "job:"],
    ["b", "MSET", "job:2", 1, "job:1", 1, "user:1", 1, "other", 1],
    ["a", "SET", "user:2", 1],
    ["a", "GET", "other"],
    ["b", "SET", "other", 2],
    ["b", "FLUSHALL"],
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "z"],
    ["a", "CLIENT", "TRACKINGINFO"],
    ["b", "MSET", "zebra", 1, "job:3", 1],
    ["a", "CLIENT", "TRACKING", "OFF"],
    ["b", "SET", "user:3", 1],
    ["a", "CLIENT", "TRACKINGINFO"],
  ],
  "all keys but its own": [
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP"],
    ["a", "SET", "mine", 1],
    ["b", "SET", "yours", 1],
    ["b", "DEL", "mine", "yours"],
  ],
  "a channel of another connection": [
    ["c", "SUBSCRIBE", "__redis__:invalidate"],
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT", "$c"],
    ["a", "CLIENT", "GETREDIR"],
    ["a", "GET", "k"],
    ["b", "SET", "k", 1],
    ["a", "GET", "k"],
    ["b", "FLUSHALL"],
  ],
  "another connection of RESP3": [
    ["c", "HELLO", 3],
    RESP3,
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT", "$c"],
    ["a", "GET", "k"],
    ["b", "SET", "k", 1],
  ],
  "nothing, where pushes cannot be": [
    ["a", "CLIENT", "TRACKING", "ON"],
    ["a", "GET", "k"],
    ["b", "SET", "k", 1],
    ["a", "GET", "k"],
    ["a", "HELLO", 3],
    ["b", "SET", "k", 2],
  ],
  "an end": [...ON, ["a", "GET", "k"], ["a", "RESET"], ["b", "SET", "k", 1], ["a", "CLIENT", "TRACKINGINFO"], ["a", "CLIENT", "GETREDIR"]],
  errors: [
    RESP3,
    ["a", "CLIENT", "CACHING", "YES"],
    ["a", "CLIENT", "TRACKING", "MAYBE"],
    ["a", "CLIENT", "TRACKING", "ON", "BOGUS"],
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT"],
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT", "x"],
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT", 999_999],
    ["a", "CLIENT", "TRACKING", "ON", "REDIRECT", "$c", "REDIRECT", "$b"],
    ["a", "CLIENT", "TRACKING", "ON", "PREFIX", "x"],
    ["a", "CLIENT", "TRACKING", "ON", "OPTIN", "OPTOUT"],
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "OPTIN"],
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "a"],
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab"],
    ["a", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "abc"],
    ["a", "CLIENT", "TRACKING", "ON"],
    ["a", "CLIENT", "TRACKING", "OFF"],
    ["a", "CLIENT", "TRACKING", "ON", "OPTIN"],
    ["a", "CLIENT", "TRACKING", "ON", "OPTOUT"],
    ["a", "CLIENT", "CACHING", "MAYBE"],
    ["a", "CLIENT", "TRACKING"],
    ["a", "CLIENT", "GETREDIR", "x"],
  ],
};

/** Plays a scenario. -> all that each of the three was sent, as text. */
async function play(port: number, lines: readonly Line[]): Promise<Record<string, string>> {
  const clients: Record<string, RawClient> = { a: await connect(port), b: await connect(port), c: await connect(port) };
  const told: Record<string, string> = { a: "", b: "", c: "" };
  const ids: Record<string, string> = {};
  for (const [name, client] of Object.entries(clients)) ids[name] = (await client.command("CLIENT", "ID")).toString().slice(1).trim();
  let round = 0;
  // What a client is sent is all there once it has had an answer to what it asked after it.
  const settle = async (name: string): Promise<void> => {
    const marker = `marker-${round++}`;
    clients[name].send(encodeCommand(["PING", marker]));
    for (;;) {
      const reply = (await clients[name].readReply()).toString("latin1");
      if (reply.includes(marker)) return;
      told[name] += reply;
    }
  };
  let queueing = false;
  for (const [who, ...words] of lines) {
    if (words[0] === "MULTI" || words[0] === "EXEC") queueing = words[0] === "MULTI";
    clients[who].send(encodeCommand(words.map((word) => (/^\$[abc]$/.test(String(word)) ? ids[String(word)[1]] : word))));
    if (queueing) told[who] += (await clients[who].readReply()).toString("latin1");
    else for (const name of [who, "a", "b", "c"]) await settle(name);
  }
  for (const client of Object.values(clients)) client.close();
  for (const name of ["a", "b", "c"]) {
    told[name] = told[name].replace(/%7\r\n\$6\r\nserver[\s\S]*?modules\r\n\*0\r\n/g, "HELLO").replaceAll(`\n:${ids.c}\r\n`, "\n:$c\r\n");
  }
  return told;
}

describeWithRedis("clients that keep copies are told as by Redis of", () => {
  test.each(Object.keys(SCENARIOS))("%s", async (name) => {
    const comparison = await Comparison.start();
    try {
      const lines: Line[] = [["b", "FLUSHALL"], ...SCENARIOS[name]];
      expect(await play(comparison.ours.port, lines)).toEqual(await play(comparison.redis.port, lines));
    } finally {
      await comparison.stop();
    }
  });
});

describe("clients that keep copies", () => {
  test("are told of keys that are evicted or forgotten, and counted", async () => {
    await using server = await startServer({ "tracking-table-max-keys": "2" });
    const client = await connect(server.port);
    await client.command("HELLO", 3);
    await client.command("CLIENT", "TRACKING", "ON");
    for (const key of ["one", "two", "three"]) await client.command("GET", key);
    expect((await client.readReply()).toString()).toBe(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\none\r\n");
    const info = await client.text("INFO");
    for (const field of ["tracking_clients:1", "tracking_total_keys:2", "tracking_total_items:2", "tracking_total_prefixes:0"])
      expect(info).toContain(`${field}\r\n`);
    expect(await client.text("CLIENT", "LIST")).toMatch(/ flags=t .* redir=0 /);
    client.close();
  });

  test("remember what a script reads, not what it declares (since 7.2)", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await client.command("HELLO", 3);
    await client.command("CLIENT", "TRACKING", "ON");
    for (const name of ["EVAL", "EVAL_RO"]) {
      await client.command(name, "return redis.call('get', KEYS[1])", 2, "k", "unread");
      expect(await client.text("SET", "unread", 1)).toBe("OK");
      expect(await client.text("SET", "k", 1)).toBe("OK");
      expect((await client.readReply()).toString()).toContain("invalidate");
    }
    client.close();
  });

  test("hear that the one who is told in their place is gone", async () => {
    await using server = await startServer();
    const [client, other] = [await connect(server.port), await connect(server.port)];
    const id = (await other.command("CLIENT", "ID")).toString().trim();
    await client.command("HELLO", 3);
    await client.command("CLIENT", "TRACKING", "ON", "REDIRECT", id.slice(1));
    await client.command("GET", "k");
    other.close();
    await until("the other to be gone", () => server.server.clients.count === 1);
    await client.command("SET", "k", 1);
    expect((await client.readReply()).toString()).toBe(`>2\r\n$21\r\ntracking-redir-broken\r\n${id}\r\n`);
    expect((await client.command("CLIENT", "TRACKINGINFO")).toString()).toContain("broken_redirect");
    expect(await client.text("CLIENT", "LIST")).toContain(" flags=tR ");
    client.close();
  });

  test("leave nothing behind", async () => {
    await using server = await startServer();
    const clients = await Promise.all(Array.from({ length: 3 }, () => connect(server.port)));
    for (const [index, client] of clients.entries()) {
      await client.command("CLIENT", "TRACKING", "ON", ...(index === 0 ? ["BCAST", "PREFIX", "a"] : []));
      await client.command("GET", "k");
    }
    const { tracking, keyspace } = server.server;
    expect([tracking.clientCount, tracking.keyCount, tracking.prefixCount]).toEqual([3, 1, 1]);
    for (const client of clients) client.close();
    await until("all to be gone", () => server.server.clients.count === 0);
    expect([tracking.clientCount, tracking.keyCount, tracking.itemCount, tracking.prefixCount, keyspace.tracker]).toEqual([
      0,
      0,
      0,
      0,
      null,
    ]);
  });

  test("may be node-redis with its cache", async () => {
    await using server = await startServer();
    const cache = new BasicClientSideCache();
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: 3, clientSideCache: cache });
    await client.connect();
    const other = await connect(server.port);
    await other.command("SET", "k", "first");
    expect([await client.get("k"), await client.get("k")]).toEqual(["first", "first"]);
    expect(cache.stats().hitCount).toBe(1);
    await other.command("SET", "k", "second");
    await until("the copy to be dropped", async () => (await client.get("k")) === "second");
    other.close();
    client.destroy();
  });
});
