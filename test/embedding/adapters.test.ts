import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Replicant } from "../../src/index.ts";

let server: Replicant;
beforeAll(async () => {
  server = await Replicant.inProcess();
});
afterAll(() => server.stop());

describe("ioredis", () => {
  test("does its main jobs without a port", async () => {
    const redis = new Redis({ ...server.ioredis() });
    expect(await redis.set("k", "grün")).toBe("OK");
    expect(await redis.get("k")).toBe("grün");
    expect(await redis.getBuffer("k")).toEqual(Buffer.from("grün"));
    expect(await redis.pipeline().incr("n").incr("n").lpush("k", "x").exec()).toEqual([
      [null, 1],
      [null, 2],
      [expect.any(Error), undefined],
    ]);
    expect(await redis.multi().set("m", 1).get("m").exec()).toEqual([
      [null, "OK"],
      [null, "1"],
    ]);
    redis.defineCommand("twice", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)" });
    expect(await (redis as Redis & { twice(key: string, by: number): Promise<number> }).twice("t", 21)).toBe(42);
    expect(redis.lpush("k", 1)).rejects.toThrow("WRONGTYPE");
    const long = "x".repeat(5_000_000);
    await redis.set("long", long);
    expect(await redis.get("long")).toBe(long);
    const many = await Promise.all(Array.from({ length: 2000 }, (_, index) => redis.incr(`many:${index % 7}`)));
    expect(many.length).toBe(2000);
    await redis.quit();
  });

  test("subscribes, waits for lists, follows streams of keys, and is a second client by duplicate()", async () => {
    const redis = new Redis({ ...server.ioredis() });
    const listener = redis.duplicate();
    const heard = Promise.withResolvers<unknown[]>();
    listener.on("message", (channel, message) => heard.resolve([channel, message]));
    await listener.subscribe("news");
    await redis.publish("news", "hello");
    expect(await heard.promise).toEqual(["news", "hello"]);
    const waiting = redis.duplicate();
    const popped = waiting.brpop("list", 0);
    await redis.lpush("list", "a");
    expect(await popped).toEqual(["list", "a"]);
    await redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`scan:${index}`, index])));
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: "scan:*", count: 10 })) for (const key of keys) found.add(key);
    expect(found.size).toBe(100);
    for (const one of [redis, listener, waiting]) one.disconnect();
  });

  test("is cut off when it is killed, comes back, and ends with the server", async () => {
    await using own = await Replicant.inProcess();
    const redis = new Redis({ ...own.ioredis(), retryStrategy: () => 1 });
    const id = await redis.client("ID");
    const back = new Promise((resolve) => redis.once("close", () => redis.once("ready", resolve)));
    await own.connect().send(["CLIENT", "KILL", "ID", id as number], false);
    await back;
    expect(await redis.ping()).toBe("PONG");
    redis.on("error", () => {});
    const end = new Promise((resolve) => redis.once("end", resolve));
    await own.stop();
    await end;
  });

  test("needs no password where it is in the program, and may log in as anyone", async () => {
    await using own = await Replicant.inProcess({ requirepass: "secret", users: ["reader on >pw ~* +@read +info"] });
    const redis = new Redis({ ...own.ioredis() });
    expect(await redis.set("k", 1)).toBe("OK");
    const reader = new Redis({ ...own.ioredis(), username: "reader", password: "pw" });
    reader.on("error", () => {});
    expect(await reader.get("k")).toBe("1");
    expect(reader.set("k", 2)).rejects.toThrow("NOPERM");
    redis.disconnect();
    reader.disconnect();
  });
});

describe("BullMQ", () => {
  test("runs on a server in the program", async () => {
    const connection = server.ioredis();
    const queue = new Queue("paint", { connection }).setMaxListeners(100);
    const events = new QueueEvents("paint", { connection });
    await events.waitUntilReady();
    const worker = new Worker("paint", async (job) => job.data.n * 2, { connection });
    const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: "wall", data: { n } })));
    expect(await Promise.all(jobs.map((job) => job.waitUntilFinished(events)))).toEqual(jobs.map((_, n) => n * 2));
    const delayed = await queue.add("later", { n: 4 }, { delay: 20 });
    expect(await delayed.waitUntilFinished(events)).toBe(8);
    expect(await queue.getJobCounts("completed", "failed")).toEqual({ completed: 51, failed: 0 });
    await worker.close();
    await events.close();
    await queue.close();
  });
});

describe.skipIf(process.platform === "win32")("over a unix socket, which goes with the server,", () => {
  test("node-redis does its main jobs", async () => {
    await using own = await Replicant.inProcess({ requirepass: "secret" });
    const options = own.nodeRedis();
    const client = createClient(options);
    await client.connect();
    expect(await client.set("k", "v", { expiration: { type: "EX", value: 100 } })).toBe("OK");
    expect(await client.get("k")).toBe("v");
    expect((await client.multi().incr("n").incr("n").exec()) as unknown[]).toEqual([1, 2]);
    const listener = client.duplicate();
    await listener.connect();
    const heard = Promise.withResolvers<string>();
    await listener.subscribe("news", (message) => heard.resolve(message));
    await client.publish("news", "hello");
    expect(await heard.promise).toBe("hello");
    await listener.close();
    await client.close();
    const { socket } = options as { socket: { path: string } };
    expect(existsSync(socket.path)).toBe(true);
    await own.stop();
    expect(existsSync(socket.path)).toBe(false);
    expect(() => own.nodeRedis()).toThrow("the server has stopped");
  });

  test("Bun's client does its main jobs", async () => {
    const client = new Bun.RedisClient(server.bunRedis());
    await client.set("bun", "v");
    expect(await client.get("bun")).toBe("v");
    expect(await Promise.all([client.incr("bunned"), client.incr("bunned")])).toEqual([1, 2]);
    expect(await client.send("HSET", ["bun:h", "f", "v"])).toBe(1);
    client.close();
  });
});

test("any other client gets a stream", async () => {
  const stream = server.socket();
  const answer = new Promise((resolve) => stream.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  stream.write("*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n");
  expect(await answer).toBe("$2\r\nhi\r\n");
  const closed = new Promise((resolve) => stream.once("close", resolve));
  stream.end();
  await closed;
});

test("a stream takes text of any encoding and bytes, in the order in which they are written, and as they are then", async () => {
  await using server = await Replicant.inProcess();
  const stream = server.socket();
  const reply = Promise.withResolvers<string>();
  let read = "";
  stream.on("data", (chunk: Buffer) => {
    read += chunk.toString();
    if (read.endsWith("end\r\n")) reply.resolve(read);
  });
  const bytes = Buffer.from("ab");
  stream.write("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$10\r\ngrün");
  stream.write("ü", "latin1");
  stream.write(bytes);
  bytes.write("xx");
  stream.write("2121", "hex");
  stream.write("\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  const long = "x".repeat(3_000_000);
  stream.write(`*2\r\n$4\r\nECHO\r\n$${long.length}\r\n${long}\r\n`);
  stream.write("*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n");
  const [set, length, value, longLength, echoed] = (await reply.promise).split("\r\n");
  expect([set, length, longLength, echoed === long]).toEqual(["+OK", "$10", "$3000000", true]);
  expect(value).toBe(Buffer.concat([Buffer.from("grün"), Buffer.from([0xfc]), Buffer.from("ab!!")]).toString());
  stream.destroy();
});
