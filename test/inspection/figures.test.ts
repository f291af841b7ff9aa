/** REPLICANT.HOTKEYS and REPLICANT.STATS beside what is known of what was done. */
import { describe, expect, test } from "bun:test";
import { HotKeys } from "../../src/inspection/hot-keys.ts";
import { STALL_BOUNDS } from "../../src/inspection/stalls.ts";
import { infoField, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { type Decoded, decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { Random } from "../support/property.ts";
import { startServer } from "../support/server.ts";

async function ask(client: RawClient, ...words: Word[]): Promise<ReturnType<typeof mapOf>> {
  return mapOf(decode(await client.command(...words)));
}

async function line(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString("latin1").trimEnd();
}

function hottest(reply: ReturnType<typeof mapOf>): string[] {
  return itemsOf(reply.get("keys")).map((one) => textOf(itemsOf(one)[1]));
}

describe("REPLICANT.HOTKEYS", () => {
  test("counts every key that commands and scripts use with SAMPLE 1, in all databases", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await client.command("SET", "before", "v");
    expect(await line(client, "REPLICANT.HOTKEYS", "GET")).toBe("$-1");
    expect(await line(client, "REPLICANT.HOTKEYS", "STOP")).toBe("$-1");
    expect(await line(client, "REPLICANT.HOTKEYS", "START", "SAMPLE", 1, "COUNT", 3)).toBe("+OK");
    expect(await line(client, "REPLICANT.HOTKEYS", "START")).toBe("-ERR hotkeys tracking is already in progress");
    for (let count = 0; count < 5; count++) await client.command("GET", "five");
    await client.command("MSET", "five", "v", "two", "v");
    await client.command("EVAL", "return redis.call('GET', KEYS[1])", 1, "two");
    await client.command("SELECT", 1);
    for (let count = 0; count < 9; count++) await client.command("INCR", "nine");
    await client.command("GET", "one");
    const found = await ask(client, "REPLICANT.HOTKEYS", "GET");
    expect(itemsOf(found.get("keys")).map((one) => itemsOf(one).slice(0, 4).map(textOf).join(" "))).toEqual([
      "1 nine 9 0",
      "0 five 6 0",
      "0 two 3 0",
    ]);
    expect(await line(client, "REPLICANT.HOTKEYS", "RESET")).toStartWith("-ERR");
    await client.command("REPLICANT.HOTKEYS", "STOP");
    await client.command("GET", "five");
    expect(hottest(await ask(client, "REPLICANT.HOTKEYS", "GET"))).toEqual(["nine", "five", "two"]);
    await client.command("REPLICANT.HOTKEYS", "RESET");
    expect(await line(client, "REPLICANT.HOTKEYS", "GET")).toBe("$-1");
    client.close();
  });

  test("ends by itself, and costs nothing that runs then", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    const { watch } = server.server;
    const before = watch.bytes;
    await client.command("REPLICANT.HOTKEYS", "START", "DURATION", 1);
    expect(watch.bytes).toBe(0);
    await until("the end of the count", async () => textOf((await ask(client, "REPLICANT.HOTKEYS", "GET")).get("tracking-active")) === "0");
    expect(watch.bytes).toBe(before);
    client.close();
  });

  test("shows a user keys that it may read", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await client.command("REPLICANT.HOTKEYS", "START", "SAMPLE", 1);
    for (const key of ["a:1", "a:1", "b:1"]) await client.command("GET", key);
    await client.command("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~b:*");
    await client.command("AUTH", "u", "x");
    expect(hottest(await ask(client, "REPLICANT.HOTKEYS", "GET"))).toEqual(["b:1"]);
    client.close();
  });

  test("the sketch has the keys that are used most, and says by how much a count may be too high", () => {
    const random = new Random(7);
    const hot = new HotKeys(10, 1, 0);
    const real = new Map<string, number>();
    for (let count = 0; count < 200_000; count++) {
      // One in three uses is of one of ten keys; the rest is spread over 50,000.
      const name = random.below(3) === 0 ? `hot ${Math.min(random.below(10), random.below(10))}` : `cold ${random.below(50_000)}`;
      real.set(name, (real.get(name) ?? 0) + 1);
      const bytes = Buffer.from(name);
      hot.add(0, bytes, 0, bytes.length);
    }
    const shown = hot.hottest(() => true);
    expect(shown.map(({ name }) => name)).toEqual(
      [...real]
        .sort((a, b) => b[1] - a[1])
        .slice(0, 10)
        .map(([name]) => name),
    );
    for (const { name, count, error } of shown) {
      expect(count).toBeGreaterThanOrEqual(real.get(name) ?? 0);
      expect(count - error).toBeLessThanOrEqual(real.get(name) ?? 0);
    }
  });

  test("one in so many is drawn, whatever the rhythm of the requests", () => {
    const hot = new HotKeys(1, 100, 0);
    const drawn = [0, 0];
    for (let count = 0; count < 400_000; count++) if (hot.samples()) drawn[count % 2] = (drawn[count % 2] ?? 0) + 1;
    for (const half of drawn) expect(Math.abs(half - 2000)).toBeLessThan(300);
  });
});

describe("REPLICANT.STATS", () => {
  test("has the figures of INFO", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await client.command("SET", "a", "v", "EX", 1000);
    await client.command("GET", "a");
    await client.command("GET", "nothing");
    await client.command("SELECT", 3);
    await client.command("SET", "b", "v");
    const stats = await ask(client, "REPLICANT.STATS");
    const text = (name: string): string => textOf(stats.get(name));
    expect(text("hits")).toBe(await infoField(client, "stats", "keyspace_hits"));
    expect(text("misses")).toBe("1");
    expect(text("commands")).toBe("6");
    expect(itemsOf(stats.get("databases")).map((one) => itemsOf(one).map(textOf).join(" "))).toEqual(["0 1 1", "3 1 0"]);
    expect(textOf(mapOf(stats.get("clients")).get("connected"))).toBe("1");
    expect(textOf(mapOf(stats.get("memory")).get("used"))).toBe(await infoField(client, "memory", "used_memory"));
    expect(textOf(mapOf(stats.get("replication")).get("role"))).toBe("master");
    client.close();
  });

  test("has latencies whose differences are those of the calls between two questions", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    const latency = async (): Promise<{ count: number; steps: number[][] }> => {
      const found = mapOf((await ask(client, "REPLICANT.STATS")).get("latency"));
      return {
        count: Number(textOf(found.get("count"))),
        steps: itemsOf(found.get("buckets")).map((one) => itemsOf(one).map((item: Decoded) => Number(textOf(item)))),
      };
    };
    await latency();
    const before = await latency();
    for (let count = 0; count < 50; count++) await client.command("SET", "a", "v");
    const after = await latency();
    expect(after.count - before.count).toBe(51);
    expect(after.steps.at(-1)?.[1]).toBe(after.count);
    for (let index = 1; index < after.steps.length; index++) {
      expect(after.steps[index]?.[0]).toBeGreaterThan(after.steps[index - 1]?.[0] ?? 0);
      expect(after.steps[index]?.[1]).toBeGreaterThan(after.steps[index - 1]?.[1] ?? 0);
    }
    await client.command("CONFIG", "RESETSTAT");
    expect((await latency()).count).toBeLessThan(3);
    client.close();
  });

  test("has the longest stall since each client asked last", async () => {
    await using server = await startServer();
    const [one, two] = [await connect(server.port), await connect(server.port)];
    const longest = async (client: RawClient): Promise<number> =>
      Number(textOf(mapOf((await ask(client, "REPLICANT.STATS")).get("stalls")).get("longest")));
    await longest(one);
    await longest(two);
    await one.command("DEBUG", "SLEEP", "0.2");
    let seen = 0;
    await until("the stall to be seen", async () => {
      seen = await longest(one);
      return seen > 100_000;
    });
    expect(await longest(two)).toBeGreaterThan(100_000);
    expect(await longest(two)).toBeLessThan(seen);
    expect(server.server.inspections.stalls.counts.slice(STALL_BOUNDS.indexOf(200)).some((count) => count > 0)).toBe(true);
    one.close();
    two.close();
  });
});
