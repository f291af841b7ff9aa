/**
 * A day's work of the main clients, over TLS and as a user with limited rights: pipelines, transactions, scripts, channels, streams with
 * groups, waiting for lists, walking through the keys, copies of values that another client changes, and going on when the server was
 * started again. (python3-redis does its day in `npm run test:debian`.)
 */
import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { Redis } from "ioredis";
import { BasicClientSideCache, createClient } from "redis";
import { until } from "../replication/support.ts";
import { testWithRedis } from "../support/redis.ts";
import { certificate, Day, PASSWORD, TLS, USER } from "./day.ts";
import { closing } from "./support.ts";

const KEYS = 500;
const names = Array.from({ length: KEYS }, (_, index) => `day:key:${index}`);

test("ioredis", async () => {
  await using day = await Day.begin();
  await using stack = new AsyncDisposableStack();
  const options = { port: day.tlsPort, username: USER, password: PASSWORD, tls: TLS, retryStrategy: () => 20 };
  const open = (protocol: 2 | 3) => {
    const opened = closing(stack, new Redis({ ...options, protocol }), (closed) => closed.disconnect());
    opened.on("error", () => {}); // while the server is down
    return opened;
  };
  const [client, waiting] = [open(3), open(3)];
  expect(await client.acl("WHOAMI")).toBe(USER);
  await expect(client.set("night:key", "x")).rejects.toThrow("NOPERM");
  await expect(client.flushall()).rejects.toThrow("NOPERM");

  const pipeline = client.pipeline();
  for (const [index, name] of names.entries()) pipeline.set(name, index);
  for (const name of names) pipeline.get(name);
  const results = (await pipeline.exec()) ?? [];
  expect(results.slice(KEYS).map(([, value]) => value)).toEqual(names.map((_, index) => String(index)));

  await client.watch("day:n");
  await day.other.text("SET", "day:n", "5");
  expect(await client.multi().incr("day:n").exec()).toBeNull();
  expect(await client.multi().incr("day:n").lpush("day:n", "x").exec()).toMatchObject([
    [null, 6],
    [{ message: expect.stringContaining("WRONGTYPE") }],
  ]);
  expect(await client.eval("return redis.call('incrby', KEYS[1], ARGV[1])", 1, "day:n", 4)).toBe(10);

  const listener = open(2);
  const heard: string[] = [];
  listener.on("message", (channel: string, text: string) => heard.push(`${channel} ${text}`));
  listener.on("pmessage", (pattern: string, channel: string, text: string) => heard.push(`${pattern} ${channel} ${text}`));
  await listener.subscribe("day:news");
  await expect(listener.subscribe("night:news")).rejects.toThrow("NOPERM");
  await listener.psubscribe("day:*");
  expect(await client.publish("day:news", "hello")).toBe(2);
  await until("both messages", () => heard.length === 2);
  expect(heard).toEqual(["day:news hello", "day:* day:news hello"]);

  await client.xgroup("CREATE", "day:stream", "workers", "$", "MKSTREAM");
  const entry = waiting.xreadgroup("GROUP", "workers", "ann", "COUNT", 1, "BLOCK", 0, "STREAMS", "day:stream", ">");
  await someoneWaits(day);
  const id = (await client.xadd("day:stream", "*", "f", "v")) ?? "";
  expect(await entry).toEqual([["day:stream", [[id, ["f", "v"]]]]]);
  expect(await client.xpending("day:stream", "workers")).toEqual([1, id, id, [["ann", "1"]]]);
  expect(await client.xautoclaim("day:stream", "workers", "bob", 0, "0")).toEqual(["0-0", [[id, ["f", "v"]]], []]);
  expect(await client.xack("day:stream", "workers", id)).toBe(1);

  const popped = waiting.blpop("day:list", 0);
  await someoneWaits(day);
  await client.rpush("day:list", "first", "second");
  expect(await popped).toEqual(["day:list", "first"]);

  const found = new Set<string>();
  for await (const keys of client.scanStream({ match: "day:key:*", count: 50 })) for (const key of keys as string[]) found.add(key);
  expect(found.size).toBe(KEYS);

  // ioredis keeps no copies by itself, and has no ear for invalidations in RESP3: a connection of RESP2 is told of what changes.
  const told: unknown[] = [];
  listener.on("message", (channel: string, keys: unknown) => channel === "__redis__:invalidate" && told.push(keys));
  await listener.subscribe("__redis__:invalidate");
  await client.client("TRACKING", "ON", "REDIRECT", await idOfListener(day));
  expect(await client.get("day:key:7")).toBe("7");
  await day.other.text("SET", "day:key:7", "changed");
  await until("the copy to be dropped", () => told.length === 1);
  expect(String(told[0])).toBe("day:key:7");

  await day.restart();
  expect(await client.get("day:key:7")).toBe("changed");
  await until("the listener to be back", async () => (await day.other.text("PUBSUB", "NUMPAT")) === "1");
  await client.publish("day:news", "again");
  await until("both messages", () => heard.includes("day:* day:news again") && heard.includes("day:news again"));
});

/** The number of the one client who listens: over RESP2 he may not ask for it himself. */
async function idOfListener(day: Day): Promise<string> {
  return /id=(\d+)/.exec(await day.other.text("CLIENT", "LIST", "TYPE", "pubsub"))?.[1] ?? "";
}

/** Waits until a client does. */
async function someoneWaits(day: Day): Promise<void> {
  await until("a client to block", async () => /blocked_clients:[1-9]/.test(await day.other.text("INFO", "clients")));
}

test.each([2, 3] as const)("node-redis over RESP%i", async (RESP) => {
  await using day = await Day.begin();
  await using stack = new AsyncDisposableStack();
  const cache = new BasicClientSideCache();
  const socket = { host: "127.0.0.1", port: day.tlsPort, tls: true as const, ...TLS, reconnectStrategy: () => 20 };
  const open = async (copies: boolean) => {
    const caching = copies ? { clientSideCache: cache } : {};
    const opened = createClient({ username: USER, password: PASSWORD, socket, RESP, ...caching });
    opened.on("error", () => {}); // while the server is down
    return closing(stack, await opened.connect(), (closed) => closed.destroy());
  };
  const [client, waiting, listener] = [await open(RESP === 3), await open(false), await open(false)];
  expect(await client.aclWhoAmI()).toBe(USER);
  await expect(client.set("night:key", "x")).rejects.toThrow("NOPERM");

  // What is asked for at once goes out at once.
  await Promise.all(names.map((name, index) => client.set(name, String(index))));
  expect(await client.mGet(names)).toEqual(names.map((_, index) => String(index)));

  await client.watch("day:n");
  await day.other.text("SET", "day:n", "5");
  await expect(client.multi().incr("day:n").exec()).rejects.toThrow("watched keys");
  const replies: unknown = await client.multi().incr("day:n").get("day:n").exec();
  expect(replies).toEqual([6, "6"]);
  expect(await client.eval("return redis.call('incrby', KEYS[1], ARGV[1])", { keys: ["day:n"], arguments: ["4"] })).toBe(10);

  const heard: string[] = [];
  await listener.subscribe("day:news", (text, channel) => heard.push(`${channel} ${text}`));
  await listener.pSubscribe("day:*", (text, channel) => heard.push(`* ${channel} ${text}`));
  await listener.sSubscribe("day:shard", (text, channel) => heard.push(`${channel} ${text}`));
  await client.publish("day:news", "hello");
  await client.sPublish("day:shard", "aside");
  await until("all messages", () => heard.length === 3);
  expect(heard.sort()).toEqual(["* day:news hello", "day:news hello", "day:shard aside"]);

  await client.xGroupCreate("day:stream", "workers", "$", { MKSTREAM: true });
  const entry = waiting.xReadGroup("workers", "ann", { key: "day:stream", id: ">" }, { COUNT: 1, BLOCK: 0 });
  await someoneWaits(day);
  const id = await client.xAdd("day:stream", "*", { f: "v" });
  expect(JSON.stringify(await entry)).toContain(`"id":"${id}","message":{"f":"v"}`);
  expect(await client.xPending("day:stream", "workers")).toMatchObject({ pending: 1, firstId: id });
  expect(await client.xAutoClaim("day:stream", "workers", "bob", 0, "0")).toMatchObject({ messages: [{ id, message: { f: "v" } }] });
  expect(await client.xAck("day:stream", "workers", id)).toBe(1);

  const popped = waiting.blPop("day:list", 0);
  await someoneWaits(day);
  await client.rPush("day:list", ["first", "second"]);
  expect(await popped).toEqual({ key: "day:list", element: "first" });

  const found = new Set<string>();
  for await (const keys of client.scanIterator({ MATCH: "day:key:*", COUNT: 50 })) for (const key of keys) found.add(key);
  expect(found.size).toBe(KEYS);

  if (RESP === 3) {
    expect([await client.get("day:key:7"), await client.get("day:key:7")]).toEqual(["7", "7"]);
    expect(cache.stats().hitCount).toBe(1);
  }
  await day.other.text("SET", "day:key:7", "changed");
  await until("the copy to be dropped", async () => (await client.get("day:key:7")) === "changed");

  await day.restart();
  await until("the client to be back", async () => (await client.get("day:key:7").catch(() => "")) === "changed");
  await until("the listener to be back", async () => (await day.other.text("PUBSUB", "NUMPAT")) === "1");
  await client.publish("day:news", "again");
  await until("both messages", () => heard.includes("* day:news again") && heard.includes("day:news again"));
  if (RESP === 3) {
    expect([await client.get("day:key:8"), await client.get("day:key:8")]).toEqual(["8", "8"]);
    await day.other.text("SET", "day:key:8", "changed");
    await until("the copy to be dropped", async () => (await client.get("day:key:8")) === "changed");
  }
});

test("Bun.redis", async () => {
  await using day = await Day.begin();
  await using stack = new AsyncDisposableStack();
  const { ca, cert, key } = TLS;
  const open = async () => {
    const options = { tls: { ca, cert, key, rejectUnauthorized: false }, autoReconnect: true, maxRetries: 100 };
    const opened = new RedisClient(`rediss://${USER}:${PASSWORD}@127.0.0.1:${day.tlsPort}`, options);
    await opened.connect();
    return closing(stack, opened, (closed) => closed.close());
  };
  const [client, waiting, listener] = [await open(), await open(), await open()];
  expect(await client.send("ACL", ["WHOAMI"])).toBe(USER);
  await expect(client.set("night:key", "x")).rejects.toThrow("NOPERM");

  // What is asked for at once goes out at once.
  await Promise.all(names.map((name, index) => client.set(name, String(index))));
  expect(await Promise.all(names.map((name) => client.get(name)))).toEqual(names.map((_, index) => String(index)));

  await client.send("WATCH", ["day:n"]);
  await day.other.text("SET", "day:n", "5");
  const transaction = () => Promise.all([client.send("MULTI", []), client.incr("day:n"), client.get("day:n"), client.send("EXEC", [])]);
  expect(await transaction()).toEqual(["OK", "QUEUED", "QUEUED", null] as unknown[] as Awaited<ReturnType<typeof transaction>>);
  expect((await transaction())[3]).toEqual([6, "6"]);
  expect(await client.send("EVAL", ["return redis.call('incrby', KEYS[1], ARGV[1])", "1", "day:n", "4"])).toBe(10);

  const heard: string[] = [];
  await listener.subscribe("day:news", (text, channel) => heard.push(`${channel} ${text}`));
  expect(await client.publish("day:news", "hello")).toBe(1);
  await until("the message", () => heard.length === 1);
  expect(heard).toEqual(["day:news hello"]);

  await client.send("XGROUP", ["CREATE", "day:stream", "workers", "$", "MKSTREAM"]);
  const entry = waiting.send("XREADGROUP", "GROUP workers ann COUNT 1 BLOCK 0 STREAMS day:stream >".split(" "));
  await someoneWaits(day);
  const id = await client.send("XADD", ["day:stream", "*", "f", "v"]);
  expect(await entry).toEqual({ "day:stream": [[id, ["f", "v"]]] });
  expect(await client.send("XPENDING", ["day:stream", "workers"])).toEqual([1, id, id, [["ann", "1"]]]);
  expect(await client.send("XAUTOCLAIM", ["day:stream", "workers", "bob", "0", "0"])).toEqual(["0-0", [[id, ["f", "v"]]], []]);
  expect(await client.send("XACK", ["day:stream", "workers", id])).toBe(1);

  const popped = waiting.send("BLPOP", ["day:list", "0"]);
  await someoneWaits(day);
  await client.rpush("day:list", "first");
  expect(await popped).toEqual(["day:list", "first"]);

  const found = new Set<string>();
  let cursor = "0";
  do {
    const [next, keys] = await client.send("SCAN", [cursor, "MATCH", "day:key:*", "COUNT", "50"]);
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== "0");
  expect(found.size).toBe(KEYS);

  // Bun keeps no copies and drops what it is told of changes: that it is told must not disturb it.
  const tracked = async () => /tracking_total_keys:(\d+)/.exec(await day.other.text("INFO", "stats"))?.[1];
  await client.send("CLIENT", ["TRACKING", "ON"]);
  expect([await client.get("day:key:7"), await tracked()]).toEqual(["7", "1"]);
  await day.other.text("SET", "day:key:7", "changed");
  expect([await tracked(), await client.get("day:key:7")]).toEqual(["0", "changed"]);

  await day.restart();
  await until("the client to be back", async () => (await client.get("day:key:7").catch(() => "")) === "changed");
});

testWithRedis("redis-cli", async () => {
  await using day = await Day.begin();
  const login = ["-p", String(day.tlsPort), "--user", USER, "--pass", PASSWORD, "--no-auth-warning"];
  const files = ["--tls", "--cacert", certificate("ca.crt"), "--cert", certificate("client.crt"), "--key", certificate("client.key")];
  const start = (...words: string[]) =>
    // To a pipe redis-cli would print only in the end.
    Bun.spawn(["stdbuf", "-oL", "redis-cli", ...login, ...files, ...words], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const cli = async (words: readonly string[], input = ""): Promise<string> => {
    const child = start(...words);
    child.stdin.write(input);
    await child.stdin.end();
    const [out] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    return out.trim();
  };
  expect(await cli(["ACL", "WHOAMI"])).toBe(USER);
  expect(await cli(["SET", "night:key", "x"])).toStartWith("NOPERM");

  const load = names.map((name, index) => `SET ${name} ${index}\r\n`).join("");
  expect(await cli(["--pipe"], load)).toEndWith(`errors: 0, replies: ${KEYS}`);
  expect(await cli(["MGET", ...names])).toBe(names.map((_, index) => index).join("\n"));
  expect(await cli([], "MULTI\nINCR day:n\nINCR day:n\nEXEC\n")).toBe("OK\nQUEUED\nQUEUED\n1\n2");
  expect(await cli(["-x", "EVAL", "return redis.call('incrby', KEYS[1], ARGV[1])", "1", "day:n"], "4")).toBe("6");

  /** Reads what a process prints until it has printed this. */
  const reader = (child: ReturnType<typeof start>) => {
    const lines = child.stdout.getReader();
    let printed = "";
    return async (text: string) => {
      while (!printed.includes(text)) {
        const { value, done } = await lines.read();
        if (done) throw new Error(`redis-cli ended, and had printed ${printed}`);
        printed += Buffer.from(value).toString("latin1");
      }
      printed = printed.slice(printed.indexOf(text) + text.length);
    };
  };
  const listener = start("SUBSCRIBE", "day:news");
  const hears = reader(listener);
  await hears("subscribe\nday:news\n1\n");
  expect(await cli(["PUBLISH", "day:news", "hello"])).toBe("1");
  await hears("message\nday:news\nhello\n");
  listener.kill();
  await listener.exited;

  await cli(["XGROUP", "CREATE", "day:stream", "workers", "$", "MKSTREAM"]);
  const entry = cli("XREADGROUP GROUP workers ann COUNT 1 BLOCK 0 STREAMS day:stream >".split(" "));
  await someoneWaits(day);
  const id = await cli(["XADD", "day:stream", "*", "f", "v"]);
  expect(await entry).toBe(`day:stream\n${id}\nf\nv`);
  expect(await cli(["XPENDING", "day:stream", "workers"])).toBe(`1\n${id}\n${id}\nann\n1`);
  expect(await cli(["XAUTOCLAIM", "day:stream", "workers", "bob", "0", "0"])).toBe(`0-0\n${id}\nf\nv`);
  expect(await cli(["XACK", "day:stream", "workers", id])).toBe("1");

  const popped = cli(["BLPOP", "day:list", "0"]);
  await someoneWaits(day);
  await cli(["RPUSH", "day:list", "first"]);
  expect(await popped).toBe("day:list\nfirst");
  expect(new Set((await cli(["--scan", "--pattern", "day:key:*"])).split("\n")).size).toBe(KEYS);

  // One that stays: it shows what it is told of its copies, and is back when the server is.
  const stays = start("-3", "--show-pushes", "yes");
  const shows = reader(stays);
  const say = async (line: string) => {
    stays.stdin.write(`${line}\n`);
    await stays.stdin.flush();
  };
  await say("CLIENT TRACKING ON");
  await shows("OK\n");
  await say("GET day:key:7");
  await shows("7\n");
  await day.other.text("SET", "day:key:7", "changed");
  await say("GET day:key:7");
  await shows("invalidate");
  await shows("day:key:7");
  await shows("changed\n");
  await day.restart();
  // The first finds that the connection is gone.
  for (let time = 0; time < 2; time++) await say("GET day:key:7");
  await shows("changed\n");
  await stays.stdin.end();
  await stays.exited;
});
