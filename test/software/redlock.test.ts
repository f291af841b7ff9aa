/** Redlock does its main job: one holder of a lock at a time, over one server and over a majority of three. */
import { describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { closing, startSoftwareServer } from "./support.ts";

const HOUR_MS = 3_600_000;

/** Redlock over as many servers of its own, closed with the stack. */
async function start(stack: AsyncDisposableStack, servers: number, retryCount = 0): Promise<{ redlock: Redlock; clients: Redis[] }> {
  const clients: Redis[] = [];
  for (let n = 0; n < servers; n += 1) {
    const { port } = stack.use(await startSoftwareServer());
    clients.push(closing(stack, new Redis(port), (client) => client.quit()));
  }
  return { redlock: new Redlock(clients, { retryCount, retryDelay: 5, retryJitter: 0 }), clients };
}

describe("Redlock", () => {
  test.each([1, 3])("one holder at a time, over %i servers", async (servers) => {
    await using stack = new AsyncDisposableStack();
    const { redlock, clients } = await start(stack, servers);
    const lock = await redlock.lock("seat:7", HOUR_MS);
    await expect(Promise.resolve(redlock.lock("seat:7", HOUR_MS))).rejects.toThrow("Exceeded 0 attempts");
    const extended = await lock.extend(2 * HOUR_MS);
    for (const client of clients) expect(await client.pttl("seat:7")).toBeGreaterThan(HOUR_MS);
    await extended.unlock();
    const both = await redlock.lock(["seat:7", "seat:8"], HOUR_MS);
    await expect(Promise.resolve(redlock.lock("seat:8", HOUR_MS))).rejects.toThrow("Exceeded 0 attempts");
    await both.unlock();
    await expect(Promise.resolve(both.unlock())).rejects.toThrow("Unable to fully release the lock");
    await expect(Promise.resolve(both.extend(HOUR_MS))).rejects.toThrow();
    for (const client of clients) expect(await client.dbsize()).toBe(0);
  });

  test("a lock that was never released can be had after its time", async () => {
    await using stack = new AsyncDisposableStack();
    const { redlock } = await start(stack, 1, 1000);
    const forgotten = await redlock.lock("seat:9", 60);
    const lock = await redlock.lock("seat:9", HOUR_MS);
    expect(lock.expiration).toBeGreaterThan(forgotten.expiration);
    await expect(Promise.resolve(forgotten.unlock())).rejects.toThrow("Unable to fully release the lock");
  });

  test("two of three servers are enough", async () => {
    await using stack = new AsyncDisposableStack();
    const { redlock, clients } = await start(stack, 3);
    redlock.on("clientError", () => {});
    await clients[0]?.sadd("seat:10", "no string: its lock cannot be had");
    const lock = await redlock.lock("seat:10", HOUR_MS);
    await expect(Promise.resolve(redlock.lock("seat:10", HOUR_MS))).rejects.toThrow("Exceeded 0 attempts");
    await lock.extend(HOUR_MS);
    expect(await clients[1]?.exists("seat:10")).toBe(1);
  });
});
