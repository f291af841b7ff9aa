/** The typed client against servers of both families: replies as they are typed, chains, channels, streams, scans, scripts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Client, defineFunction, defineScript, LinkError, ReplyError } from "../../src/client/index.ts";
import { Replicant } from "../../src/index.ts";
import { failureOf } from "../support/failure.ts";
import { pathOfPeer, startPeer, wantOfPeers } from "../support/peers.ts";
import { startRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

interface Running {
  connect(): Promise<Client>;
  stop(): Promise<unknown>;
}

interface Subject {
  readonly name: string;
  readonly skip: string;
  start(): Promise<Running>;
}

async function listening(server: Promise<{ readonly port: number; stop(): Promise<unknown> }>): Promise<Running> {
  const { port, stop } = await server.then((running) => ({ port: running.port, stop: () => running.stop() }));
  return { connect: () => Client.connect(`redis://127.0.0.1:${port}`), stop };
}

async function inProcess(): Promise<Running> {
  const server = await Replicant.inProcess();
  return { connect: async () => new Client(server.connect(), async () => server.connect()), stop: () => server.stop() };
}

const WITHOUT_REDIS = Bun.which("redis-server") === null ? " (skipped: there is no redis-server on the PATH)" : "";

const SUBJECTS: readonly Subject[] = [
  { name: "Replicant", skip: "", start: () => listening(startServer()) },
  { name: "Replicant in this process", skip: "", start: inProcess },
  { name: "Redis 7", skip: WITHOUT_REDIS, start: () => listening(startRedis()) },
  { name: "Redis 8", skip: wantOfPeers("redis8"), start: () => listening(startPeer("redis8")) },
  { name: "Valkey 9", skip: wantOfPeers("valkey9"), start: () => listening(startPeer("valkey9")) },
];

/** The next so many items; then it is left as `break` leaves it. */
async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

for (const { name, skip, start } of SUBJECTS) {
  (skip === "" ? describe : describe.skip)(`${name}${skip}`, () => {
    let server: Running;
    let client: Client;
    beforeAll(async () => {
      server = await start();
      client = await server.connect();
    });
    afterAll(async () => {
      await client.close();
      await server.stop();
    });
    beforeEach(async () => {
      await client.flushall();
    });

    test("replies are what their types say", async () => {
      expect(await client.set("k", "v", { ex: 100 })).toBe("OK");
      expect(await client.set("k", "w", { nx: true })).toBeNull();
      expect(await client.set("k", "w", { get: true })).toBe("v");
      expect(await client.get("none")).toBeNull();
      expect(await client.incr("n")).toBe(1);
      expect(await client.mget(["k", "none"])).toEqual(["w", null]);
      expect(await client.hset("h", { a: 1, b: "zwei", "": "" })).toBe(3);
      expect(await client.hgetall("h")).toEqual({ a: "1", b: "zwei", "": "" });
      expect(await client.hgetall("none")).toEqual({});
      expect(await client.sadd("s", ["a", "b"])).toBe(2);
      expect(await client.smembers("s")).toEqual(new Set(["a", "b"]));
      expect(
        await client.zadd("z", [
          [1, "a"],
          [2.5, "b"],
          ["inf", "c"],
        ]),
      ).toBe(3);
      expect(await client.zrange("z", 0, -1)).toEqual(["a", "b", "c"]);
      expect(await client.zrange("z", 0, -1, { withScores: true })).toEqual([
        ["a", 1],
        ["b", 2.5],
        ["c", Number.POSITIVE_INFINITY],
      ]);
      expect(await client.zscore("z", "b")).toBe(2.5);
      expect(await client.zadd("z", [[1, "a"]], { incr: true })).toBe(2);
      expect(await client.rpush("l", ["a", "b", "c"])).toBe(3);
      expect(await client.lpop("l")).toBe("a");
      expect(await client.lpop("l", 5)).toEqual(["b", "c"]);
      expect(await client.lpop("l", 5)).toBeNull();
      expect(await client.configGet(["hz", "maxmemory"])).toMatchObject({ maxmemory: "0" });
      expect(await client.type("h")).toBe("hash");
      expect(await client.ping()).toBe("PONG");
      expect(await client.info("server")).toContain("redis_version:");
      expect((await client.clientInfo()).includes(" resp=3")).toBe(true);
      await client.geoadd("g", [
        [13.361389, 38.115556, "Palermo"],
        [15.087269, 37.502669, "Catania"],
      ]);
      expect(await client.geosearch("g", { fromMember: "Palermo" }, { byRadius: { radius: 200, unit: "km" } }, { asc: true })).toEqual([
        "Palermo",
        "Catania",
      ]);
      const near = await client.geosearch(
        "g",
        { fromMember: "Palermo" },
        { byRadius: { radius: 200, unit: "km" } },
        { desc: true, count: 1, withDist: true, withCoord: true },
      );
      expect(near).toMatchObject([{ member: "Catania", distance: 166.2742 }]);
      expect(near[0].coordinates?.[0]).toBeCloseTo(15.087269, 4);
      expect((await client.commandDocs("get")).get.arguments?.[0].name).toBe("key");
    });

    test("errors have the server's text and code", async () => {
      await client.set("k", "text");
      const error = await failureOf(client.incr("k"));
      expect([error instanceof ReplyError, error.message, (error as ReplyError).code]).toEqual([
        true,
        "ERR value is not an integer or out of range",
        "ERR",
      ]);
      expect(((await failureOf(client.lpush("k", 1))) as ReplyError).code).toBe("WRONGTYPE");
      expect((await failureOf(client.call("NONSENSE", 1))).message).toStartWith("ERR unknown command");
    });

    test("bytes go in and come out", async () => {
      const value = new Uint8Array([0, 255, 13, 10, 200]);
      const key = new Uint8Array([107, 200]);
      await client.set(key, value);
      expect(await client.bytes.get(key)).toEqual(value);
      await client.hset("h", new Map([[key, value]]));
      expect([...(await client.bytes.hgetall("h"))]).toEqual([[key, value]]);
      expect(await client.bytes.type("h")).toBe("hash");
      const pushed = await client.bytes.pipeline().get(key).strlen(key).exec();
      expect(pushed).toEqual([value, 5]);
      const dumped = await client.bytes.dump(key);
      expect(await client.restore("copy", 0, dumped ?? "")).toBe("OK");
      expect(await client.bytes.get("copy")).toEqual(value);
    });

    test("any command can be called by its words; those that change the connection are refused", async () => {
      expect(await client.call("set", "k", 5)).toBe("OK");
      expect(await client.call("HGETALL", "none")).toEqual(new Map());
      expect(await client.call("blpop", "none", "0.01")).toBeNull();
      expect((await failureOf(client.call("subscribe", "a"))).message).toBe(
        "SUBSCRIBE changes what the connection is: use client.subscribe() instead",
      );
      expect((await failureOf(client.call("CLIENT", "reply", "OFF"))).message).toStartWith("CLIENT REPLY changes");
      expect(() => client.pipeline().call("MULTI")).toThrow("use client.multi() instead");
    });

    test("a pipeline gives all replies, or the first error, or each", async () => {
      const replies = await client.pipeline().set("k", 1).incr("k").get("k").hgetall("none").call("PING").exec();
      expect(replies).toEqual(["OK", 2, "2", {}, "PONG"]);
      const failing = () => client.pipeline().set("k", "x").incr("k").get("k");
      expect((await failureOf(failing().exec())).message).toBe("ERR value is not an integer or out of range");
      const [set, error, got] = await failing().settle();
      expect([set, (error as ReplyError).code, got]).toEqual(["OK", "ERR", "x"]);
      expect(await client.pipeline().exec()).toEqual([]);
    });

    test("a chain is sent once", async () => {
      const pipeline = client.pipeline().incr("once");
      const transaction = client.multi().incr("once");
      const again = "the commands of this chain were sent already: exec() and settle() send them once";
      const another = "GET: the commands of this chain were sent already: begin another one";
      await pipeline.exec();
      expect((await failureOf(pipeline.exec())).message).toBe(again);
      expect((await failureOf(pipeline.settle())).message).toBe(again);
      expect(() => pipeline.get("k")).toThrow(another);
      await transaction.exec();
      expect((await failureOf(transaction.exec())).message).toBe(again);
      expect((await failureOf(transaction.settle())).message).toBe(again);
      expect(() => transaction.get("k")).toThrow(another);
      expect(await client.get("once")).toBe("2");
    });

    test("a transaction gives all replies, and says why it was refused", async () => {
      expect(await client.multi().set("k", 1).incr("k").hgetall("none").exec()).toEqual(["OK", 2, {}]);
      expect(await client.multi().exec()).toEqual([]);
      const [one, error] = await client.multi().set("k", "x").incr("k").settle();
      expect([one, (error as ReplyError).message]).toEqual(["OK", "ERR value is not an integer or out of range"]);
      const refused = await failureOf(client.multi().set("k", "y").call("GET").exec());
      expect([(refused as ReplyError).code, (refused.cause as Error).message]).toEqual([
        "EXECABORT",
        "ERR wrong number of arguments for 'get' command",
      ]);
      expect(await client.get("k")).toBe("x");
    });

    test("watched keys make a task begin again until no one changes them", async () => {
      let rounds = 0;
      const result = await client.watch("n", async (watching) => {
        const value = Number(await watching.get("n"));
        if (rounds++ < 2) await client.set("n", rounds * 10);
        const replies = await watching
          .multi()
          .set("n", value + 1)
          .get("n")
          .exec();
        return replies?.[1] ?? null;
      });
      expect([rounds, result]).toEqual([3, "21"]);
      const never = await client.watch(
        ["n"],
        async (watching) => {
          await client.incr("n");
          return await watching.multi().get("n").exec();
        },
        { attempts: 3 },
      );
      expect([never, await client.get("n")]).toEqual([null, "24"]);
      expect(await client.watch("n", async (watching) => await watching.get("n"))).toBe("24");
      expect(
        (
          await failureOf(
            client.watch("n", async () => {
              throw new Error("mine");
            }),
          )
        ).message,
      ).toBe("mine");
    });

    test("what waits does so on links of its own", async () => {
      const waiting = [client.blpop("a", 0), client.blpop(["b", "c"], 0), client.xread({ s: "$" }, { block: 0 })];
      expect(await client.ping()).toBe("PONG");
      while (Number(/blocked_clients:(\d+)/.exec(await client.info("clients"))?.[1]) < 3) await client.ping();
      await client.rpush("c", "2");
      await client.rpush("a", "1");
      const id = await client.xadd("s", "*", { f: "v" });
      expect(await Promise.all(waiting)).toEqual([["a", "1"], ["c", "2"], { s: [[id, { f: "v" }]] }]);
      expect(await client.blpop("a", 0.001)).toBeNull();
    });

    test("another database, or another user, is that of all that the client does", async () => {
      const other = await server.connect();
      await other.blpop("none", 0.001);
      expect(await other.select(1)).toBe("OK");
      await other.rpush("l", "x");
      expect(await other.blpop("l", 1)).toEqual(["l", "x"]);
      expect((await failureOf(other.call("SELECT", 2))).message).toContain("use client.select() instead");
      await other.aclSetuser("reader", ["on", ">secret", "~*", "+@read", "+@connection"]);
      expect(await other.auth("secret", { username: "reader" })).toBe("OK");
      expect((await failureOf(other.set("k", "v"))).message).toStartWith("NOPERM");
      expect((await failureOf(other.blpop("l", 1))).message).toStartWith("NOPERM");
      expect(((await failureOf(other.auth("wrong", { username: "reader" }))) as ReplyError).code).toBe("WRONGPASS");
      await other.close();
    });

    test("another database is that of what is sent behind it, though no one waited for it", async () => {
      const other = await server.connect();
      const selected = other.select(1);
      const pushed = other.rpush("behind", "x");
      const popped = other.blpop("behind", 1);
      const refused = other.select(10_000).catch((error: Error) => error.message);
      const second = other.blpop("none", 0.01);
      expect(await Promise.all([selected, pushed, popped, second])).toEqual(["OK", 1, ["behind", "x"], null]);
      expect(await refused).toContain("DB index is out of range");
      await other.close();
    });

    test("an error has the stack of who asked", async () => {
      await client.set("text", "v");
      const asks: (() => Promise<unknown>)[] = [
        async function named() {
          await client.lpush("text", "x");
        },
        async function named() {
          await client.hgetall("text");
        },
        async function named() {
          await client.blpop("text", 1);
        },
        async function named() {
          await client.pipeline().get("text").lpush("text", "x").exec();
        },
        async function named() {
          await client.multi().get("text").call("GET").exec();
        },
      ];
      for (const ask of asks) expect((await failureOf(ask())).stack).toMatch(/at (?:async )?named .*client\.test\.ts/);
    });

    test("is shown as a line", async () => {
      const shown: unknown[] = [client, client.bytes, client.pipeline().get("k"), client.stream("s"), client.stream("s").group("g")];
      const texts = shown.map((one) => Bun.inspect(one));
      expect(texts.map((text) => text.replace(/127\.0\.0\.1:\d+/, "HOST"))).toEqual([
        name === "Replicant in this process" ? "Client { in this process }" : "Client { HOST }",
        name === "Replicant in this process" ? "Client { in this process }" : "Client { HOST }",
        "Pipeline { 1 command }",
        'StreamOf { "s" }',
        'GroupOf { "g" of "s" }',
      ]);
    });

    test("channels are iterated", async () => {
      const messages = client.subscribe("a", "b");
      const patterns = client.bytes.psubscribe("a*", { limit: 5 });
      await Promise.all([messages.ready, patterns.ready]);
      await client.publish("a", "1");
      await client.publish("other", "2");
      await client.publish("b", "3é");
      await client.publish("ab", "4");
      expect(await take(messages, 2)).toEqual([
        { channel: "a", message: "1" },
        { channel: "b", message: "3é" },
      ]);
      expect(
        (await take(patterns, 2)).map(({ pattern, channel, message }) =>
          [pattern, channel, message].map((bytes) => Buffer.from(bytes).toString()),
        ),
      ).toEqual([
        ["a*", "a", "1"],
        ["a*", "ab", "4"],
      ]);
      expect(await client.pubsubNumsub(["a", "b"])).toEqual({ a: 0, b: 0 });
      const shards = client.ssubscribe("s");
      await shards.ready;
      await client.spublish("s", "x");
      expect(await take(shards, 1)).toEqual([{ channel: "s", message: "x" }]);
    });

    test("channels are subscribed to once, for all who listen, until the last one leaves", async () => {
      const [first, second] = [client.subscribe("a"), client.subscribe("a", "b")];
      await Promise.all([first.ready, second.ready]);
      expect(await client.pubsubNumsub(["a", "b"])).toEqual({ a: 1, b: 1 });
      await client.publish("a", "x");
      expect(await take(first, 1)).toEqual([{ channel: "a", message: "x" }]);
      expect(await client.pubsubNumsub(["a"])).toEqual({ a: 1 });
      const next = second.next();
      expect(await next).toEqual({ done: false, value: { channel: "a", message: "x" } });
      const pending = second.next();
      await second.close();
      expect(await pending).toEqual({ done: true, value: undefined });
      expect(await second.next()).toEqual({ done: true, value: undefined });
    });

    test("a program that is slower than its channel is told so, after what waits", async () => {
      const messages = client.subscribe("a", { limit: 2 });
      await messages.ready;
      for (let at = 0; at < 4; at++) await client.publish("a", String(at));
      while ((await client.pubsubNumsub("a")).a > 0) await client.ping();
      expect([(await messages.next()).value, (await messages.next()).value]).toEqual([
        { channel: "a", message: "0" },
        { channel: "a", message: "1" },
      ]);
      const error = await failureOf(messages.next());
      expect([error instanceof LinkError, error.message]).toEqual([
        true,
        "more than 2 messages wait to be taken: the program is slower than those who publish",
      ]);
      expect(await messages.next()).toEqual({ done: true, value: undefined });
    });

    test("channels are listened to again when their link was lost", async () => {
      const messages = client.subscribe("a");
      await messages.ready;
      await client.clientKill({ type: "pubsub" });
      while ((await client.publish("a", "again")) === 0) await client.ping();
      expect(await take(messages, 1)).toEqual([{ channel: "a", message: "again" }]);
    });

    test("streams are read as they grow", async () => {
      const first = await client.xadd("s", "*", { n: 1 });
      const read = client.stream("s").read({ from: "0" });
      expect((await read.next()).value).toEqual({ id: first, fields: { n: "1" } });
      const waiting = read.next();
      const second = await client.xadd("s", "*", { n: 2, text: "é" });
      expect((await waiting).value).toEqual({ id: second, fields: { n: "2", text: "é" } });
      await read.return();
      const controller = new AbortController();
      const news = client.bytes.stream("s").read({ signal: controller.signal });
      const none = news.next();
      controller.abort();
      expect(await none).toEqual({ done: true, value: undefined });
    });

    test("consumers of a group share its entries, and get again what they did not acknowledge", async () => {
      const group = client.stream("s").group("g");
      expect(await group.create({ from: "0" })).toBe(true);
      expect(await group.create()).toBe(false);
      for (let n = 1; n <= 4; n++) await client.xadd("s", "*", { n });
      const one = await take(group.consume({ consumer: "one", count: 2 }), 2);
      expect(one.map(({ fields }) => fields.n)).toEqual(["1", "2"]);
      expect(await one[0].ack()).toBe(true);
      expect(await one[0].ack()).toBe(false);
      expect((await take(group.consume({ consumer: "one", count: 2 }), 3)).map(({ fields }) => fields.n)).toEqual(["2", "3", "4"]);
      const claimed = await take(group.consume({ consumer: "two", claimAfter: 0 }), 3);
      for (const entry of claimed) await entry.ack();
      expect((await client.xpending("s", "g"))[0]).toBe(0);
    });

    test("scans are iterated to their end", async () => {
      const pipeline = client.pipeline();
      for (let at = 0; at < 300; at++) pipeline.set(`k${at}`, at);
      await pipeline
        .sadd(
          "s",
          Array.from({ length: 300 }, (_, at) => `m${at}`),
        )
        .exec();
      await client.hset("h", Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`f${at}`, at])));
      await client.zadd(
        "z",
        Array.from({ length: 300 }, (_, at) => [at / 2, `m${at}`] as const),
      );
      await client.zadd("small", [
        ["-inf", "low"],
        [1, "one"],
        ["inf", "high"],
      ]);
      const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
        const list: Item[] = [];
        for await (const item of items) list.push(item);
        return list;
      };
      expect(new Set(await all(client.scan({ match: "k*" }))).size).toBe(300);
      expect(await all(client.scan({ type: "hash", count: 1000 }))).toEqual(["h"]);
      expect(new Map(await all(client.hscan("h"))).get("f299")).toBe("299");
      expect(new Set(await all(client.sscan("s"))).size).toBe(300);
      expect(new Map(await all(client.zscan("z"))).get("m299")).toBe(149.5);
      expect(await all(client.zscan("small"))).toEqual([
        ["low", Number.NEGATIVE_INFINITY],
        ["one", 1],
        ["high", Number.POSITIVE_INFINITY],
      ]);
      expect((await take(client.bytes.hscan("h"), 1))[0].map((bytes) => bytes instanceof Uint8Array)).toEqual([true, true]);
    });

    test("scripts are known to a server after their first run", async () => {
      const add = defineScript({ numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])", reply: Number });
      expect(await client.script(add, ["n"], [5])).toBe(5);
      expect(await client.scriptExists(add.sha1)).toEqual([1]);
      expect(await client.script(add, ["n"], [5])).toBe(10);
      expect(await client.multi().script(add, ["n"], [1]).get("n").exec()).toEqual([11, "11"]);
      expect((await failureOf(client.script(add, ["n"], ["x"]))).message).toContain("value is not an integer");
      const read = defineScript<1, string | null>({ numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])", readOnly: true });
      expect(await client.pipeline().script(read, ["n"]).exec()).toEqual(["11"]);
      expect(await client.script(read, ["none"])).toBeNull();
    });

    test("closing ends what waits", async () => {
      const other = await server.connect();
      const [popped, messages, entries] = [failureOf(other.blpop("none", 0)), other.subscribe("a"), other.stream("s").read()];
      const [message, entry] = [messages.next(), entries.next()];
      await messages.ready;
      while (Number(/blocked_clients:(\d+)/.exec(await other.info("clients"))?.[1]) < 2) await other.ping();
      const last = other.get("k");
      await other.close();
      expect(await last).toBeNull();
      expect(await popped).toBeInstanceOf(LinkError);
      expect([await message, await entry]).toEqual([
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
      expect(await failureOf(other.ping())).toBeInstanceOf(LinkError);
      expect(await failureOf(other.blpop("none", 1))).toBeInstanceOf(LinkError);
    });
  });
}

describe("functions in TypeScript", () => {
  const take = defineFunction({
    name: "take",
    numberOfKeys: 1,
    description: "Takes one of a limited number of requests",
    run: (call, [key], [limit, seconds]) => {
      const count = call<number>("INCR", key);
      if (count === 1) call("EXPIRE", key, seconds);
      return { left: Math.max(-1, Number(limit) - count), keys: [key], none: null };
    },
  });

  test("run where the data is, and return what they return", async () => {
    await using server = await startServer({ "enable-typescript-functions": "local" });
    await using client = await Client.connect({ port: server.port });
    expect(await client.function(take, ["user:1"], [3, 60])).toEqual({ left: 2, keys: ["user:1"], none: null });
    expect((await client.function(take, ["user:1"], [3, 60])).left).toBe(1);
    expect((await client.functionList())[0].functions[0]).toMatchObject({
      name: "take",
      description: "Takes one of a limited number of requests",
    });
    await client.functionFlush();
    expect((await client.function(take, ["user:1"], [3, 60])).left).toBe(0);
    const method = defineFunction({
      name: "taken",
      numberOfKeys: 1,
      readOnly: true,
      run(call, [key]) {
        return call<string>("GET", key);
      },
    });
    expect(await client.function(method, ["user:1"])).toBe("3");
    expect((await failureOf(client.function(take, [] as never))).message).toBe("take has 1 keys, and is given 0");
  });

  test("are refused where there are none", async () => {
    await using server = await startServer();
    await using client = await Client.connect({ port: server.port });
    expect(await failureOf(client.function(take, ["k"], [1, 1]))).toBeInstanceOf(ReplyError);
  });
});

test("peers are there where they must be", () => {
  if (process.env.REPLICANT_PEERS !== undefined) expect([pathOfPeer("redis8"), pathOfPeer("valkey9")]).not.toContain(null);
});
