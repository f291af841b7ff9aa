/** What limits the rate of requests: rate-limiter-flexible, and express-rate-limit with its store in Redis. */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { rateLimit } from "express-rate-limit";
import { Redis } from "ioredis";
import { type RedisReply, RedisStore } from "rate-limit-redis";
import { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { createClient } from "redis";
import { closing, useSoftwareServer } from "./support.ts";

const port = useSoftwareServer();

function newIoredis(stack: AsyncDisposableStack): Redis {
  return closing(stack, new Redis(port()), (client) => client.quit());
}

describe("rate-limiter-flexible", () => {
  test.each(["ioredis", "node-redis"])("lets through as many points as it has, through %s", async (clientName) => {
    await using stack = new AsyncDisposableStack();
    const node = createClient({ url: `redis://127.0.0.1:${port()}` });
    closing(stack, await node.connect(), (client) => client.close());
    const storeClient = clientName === "ioredis" ? newIoredis(stack) : node;
    const limiter = new RateLimiterRedis({
      storeClient,
      useRedisPackage: storeClient === node,
      keyPrefix: clientName,
      points: 3,
      duration: 3600,
    });
    expect(await limiter.consume("ann")).toMatchObject({ consumedPoints: 1, remainingPoints: 2, isFirstInDuration: true });
    expect(await limiter.consume("ann", 2)).toMatchObject({ consumedPoints: 3, remainingPoints: 0, isFirstInDuration: false });
    const refused: unknown = await limiter.consume("ann").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimiterRes);
    expect(refused).toMatchObject({ consumedPoints: 4, remainingPoints: 0 });
    expect(await limiter.consume("bob")).toMatchObject({ consumedPoints: 1 });
    expect(await limiter.get("ann")).toMatchObject({ consumedPoints: 4 });
    expect(await limiter.reward("ann", 2)).toMatchObject({ consumedPoints: 2 });
    await limiter.block("bob", 3600);
    await expect(limiter.consume("bob")).rejects.toMatchObject({ remainingPoints: 0 });
    expect(await limiter.delete("bob")).toBe(true);
    expect(await limiter.consume("bob")).toMatchObject({ consumedPoints: 1 });
  });

  test("a burst, and a queue of those who wait for their turn", async () => {
    await using stack = new AsyncDisposableStack();
    const storeClient = newIoredis(stack);
    const steady = new RateLimiterRedis({ storeClient, keyPrefix: "steady", points: 1, duration: 3600 });
    const burst = new RateLimiterRedis({ storeClient, keyPrefix: "burst", points: 2, duration: 3600 });
    const bursty = new BurstyRateLimiter(steady, burst);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => bursty.consume("ann")));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected"]);
    const queue = new RateLimiterQueue(new RateLimiterRedis({ storeClient, keyPrefix: "queue", points: 2, duration: 1 }), {
      maxQueueSize: 10,
    });
    expect(await Promise.all([1, 2, 3].map(() => queue.removeTokens(1, "ann")))).toHaveLength(3);
  });
});

describe("express-rate-limit with rate-limit-redis", () => {
  test("answers 429 to the third request, and counts each client for itself", async () => {
    await using stack = new AsyncDisposableStack();
    const client = newIoredis(stack);
    const sendCommand = (command: string, ...words: string[]) => client.call(command, ...words) as Promise<RedisReply>;
    const store = new RedisStore({ prefix: "web:", sendCommand });
    const application = express();
    const keyGenerator = (request: { get(header: string): string | undefined }) => request.get("x-client") ?? "";
    application.use(rateLimit({ store, limit: 2, windowMs: 3_600_000, keyGenerator, legacyHeaders: true }));
    application.get("/", (_request, response) => {
      response.send("welcome");
    });
    const server = createServer(application).listen(0, "127.0.0.1");
    closing(stack, server, (closed) => new Promise((resolve) => closed.close(resolve)));
    const visit = (name: string) =>
      fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { "x-client": name, connection: "close" } });
    const statuses = async (name: string) => [await visit(name), await visit(name), await visit(name)].map((response) => response.status);
    expect(await statuses("ann")).toEqual([200, 200, 429]);
    expect(await statuses("bob")).toEqual([200, 200, 429]);
    expect((await visit("carol")).headers.get("x-ratelimit-remaining")).toBe("1");
    expect(await store.get("ann")).toMatchObject({ totalHits: 3 });
    await store.decrement("ann");
    expect(await store.get("ann")).toMatchObject({ totalHits: 2 });
    await store.resetKey("ann");
    expect(await statuses("ann")).toEqual([200, 200, 429]);
    await client.script("FLUSH");
    await store.resetKey("ann");
    expect((await visit("ann")).status).toBe(200);
  });
});
