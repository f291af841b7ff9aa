import { describe, expect, test } from "bun:test";
import { EventClass } from "../../src/keyspace/events.ts";
import { EvictionState, evictionMs, evictionPolicy } from "../../src/keyspace/eviction.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { connect } from "../support/client.ts";
import { LOOK } from "../support/lookup.ts";
import { startServer } from "../support/server.ts";

const START = 1_700_000_000_000;

/** A keyspace under a policy that evicts for as long as it takes. */
function underPolicy(word: string): Keyspace {
  const keyspace = new Keyspace({ databases: 2, now: START });
  Object.assign(keyspace.eviction.settings, { policy: evictionPolicy(word), samples: 10, budgetMs: Number.POSITIVE_INFINITY });
  if (word.endsWith("lfu")) keyspace.lfu = { logFactor: 10, decayMinutes: 1 };
  return keyspace;
}

function put(keyspace: Keyspace, name: string, expireAt = NO_EXPIRY, database = 0): void {
  const key = Buffer.from(name);
  const value = Buffer.alloc(1000, "v");
  const target = keyspace.databases[database];
  target.setString(target.write(LOOK, key, 0, key.length), LOOK.keyHash, key, 0, key.length, value, 0, value.length, expireAt);
}

function has(keyspace: Keyspace, name: string, database = 0): boolean {
  return keyspace.databases[database].locate(Buffer.from(name)) !== 0;
}

/** Has as much memory freed as `count` of the keys made by `put` take. */
function evict(keyspace: Keyspace, count: number): EvictionState {
  keyspace.eviction.settings.limit = keyspace.usedBytes - count * 1000;
  return keyspace.eviction.run();
}

describe("eviction", () => {
  test("with allkeys-lru takes keys that were not used for long", () => {
    const keyspace = underPolicy("allkeys-lru");
    for (let index = 0; index < 200; index++) put(keyspace, `old ${index}`);
    keyspace.now = START + 3_600_000;
    for (let index = 0; index < 200; index++) put(keyspace, `new ${index}`);
    expect(evict(keyspace, 100)).toBe(EvictionState.WITHIN);
    const left = Array.from({ length: 200 }, (_, index) => index);
    expect(left.filter((index) => has(keyspace, `new ${index}`)).length).toBe(200);
    expect(left.filter((index) => has(keyspace, `old ${index}`)).length).toBeLessThan(120);
    expect(keyspace.stats.evicted).toBeGreaterThan(90);
  });

  for (const word of ["allkeys-lru", "volatile-ttl", "noeviction"]) {
    test(`under ${word} takes no key while what is gone already waits to be freed`, () => {
      const keyspace = underPolicy(word);
      for (let index = 0; index < 100; index++) put(keyspace, `stays ${index}`, START + 1_000_000, 1);
      const within = keyspace.usedBytes + 10_000;
      for (let index = 0; index < 5000; index++) put(keyspace, `goes ${index}`);
      keyspace.clear({ sync: false }, [keyspace.databases[0]]);
      expect(keyspace.lazyFree.pending).toBe(5000);
      Object.assign(keyspace.eviction.settings, { limit: within, budgetMs: 0 });
      let state = keyspace.eviction.run();
      expect(state).toBe(EvictionState.RUNNING);
      while (state === EvictionState.RUNNING) state = keyspace.eviction.run();
      expect([state, keyspace.stats.evicted, keyspace.databases[1].size]).toEqual([EvictionState.WITHIN, 0, 100]);
    });
  }

  test("that finds nothing to take is not kept waiting by what an image reads", () => {
    const keyspace = underPolicy("volatile-lru");
    put(keyspace, "key");
    put(keyspace, "other", NO_EXPIRY, 1);
    const { table } = keyspace.databases[0];
    table.guard = { beforeChange() {} };
    keyspace.clear({ sync: false }, [keyspace.databases[0]]);
    keyspace.eviction.settings.limit = 1;
    expect(keyspace.eviction.run()).toBe(EvictionState.STUCK);
    table.guard = null;
  });

  test("notes for how long there was more than may be", () => {
    const keyspace = underPolicy("noeviction");
    const { stats, eviction } = keyspace;
    eviction.settings.policy = null;
    for (let index = 0; index < 100; index++) put(keyspace, `key ${index}`);
    eviction.settings.limit = keyspace.usedBytes;
    expect([eviction.run(), stats.exceededSince]).toEqual([EvictionState.WITHIN, 0]);
    expect(evict(keyspace, 10)).toBe(EvictionState.STUCK);
    const { exceededSince } = stats;
    expect(exceededSince).toBeGreaterThan(0);
    expect(eviction.run()).toBe(EvictionState.STUCK);
    expect(stats.exceededSince).toBe(exceededSince);
    eviction.settings.limit = 0;
    expect(eviction.run()).toBe(EvictionState.WITHIN);
    expect(stats.exceededSince).toBe(0);
    expect(stats.exceededMs).toBeGreaterThan(0);
    // What eviction itself makes room for counts up to then.
    eviction.settings.policy = evictionPolicy("allkeys-random");
    expect(evict(keyspace, 10)).toBe(EvictionState.WITHIN);
    expect(stats.exceededSince).toBe(0);
    keyspace.resetStats();
    expect(stats.exceededMs).toBe(0);
  });

  test("with allkeys-lfu takes keys that are seldom used", () => {
    const keyspace = underPolicy("allkeys-lfu");
    for (let index = 0; index < 100; index++) {
      put(keyspace, `often ${index}`);
      put(keyspace, `seldom ${index}`);
      for (let use = 0; use < 300; use++) keyspace.databases[0].read(LOOK, Buffer.from(`often ${index}`), 0, `often ${index}`.length);
    }
    expect(evict(keyspace, 60)).toBe(EvictionState.WITHIN);
    expect(Array.from({ length: 100 }, (_, index) => has(keyspace, `often ${index}`)).every((there) => there)).toBe(true);
  });

  test("with volatile-ttl takes what expires first", () => {
    const keyspace = underPolicy("volatile-ttl");
    for (let index = 0; index < 100; index++) put(keyspace, `key ${index}`, START + 1_000_000 * (index + 1));
    put(keyspace, "stays");
    expect(evict(keyspace, 20)).toBe(EvictionState.WITHIN);
    expect(has(keyspace, "key 0")).toBe(false);
    expect(has(keyspace, "key 99")).toBe(true);
    expect(has(keyspace, "stays")).toBe(true);
  });

  for (const word of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    test(`with ${word} leaves alone what does not expire, and says when nothing else is left`, () => {
      const keyspace = underPolicy(word);
      for (let index = 0; index < 300; index++) put(keyspace, `stays ${index}`);
      for (let index = 0; index < 5; index++) put(keyspace, `may go ${index}`, START + 1_000_000, 1);
      expect(evict(keyspace, 50)).toBe(EvictionState.STUCK);
      expect(keyspace.databases[0].size).toBe(300);
      expect(keyspace.databases[1].size).toBe(0);
    });
  }

  test("with allkeys-random takes from every database", () => {
    const keyspace = underPolicy("allkeys-random");
    for (let index = 0; index < 50; index++) for (const database of [0, 1]) put(keyspace, `key ${index}`, NO_EXPIRY, database);
    expect(evict(keyspace, 40)).toBe(EvictionState.WITHIN);
    expect(keyspace.databases[0].size).toBeLessThan(50);
    expect(keyspace.databases[1].size).toBeLessThan(50);
  });

  test("tells listeners and replicas of each key", () => {
    const keyspace = underPolicy("allkeys-random");
    const heard: string[] = [];
    keyspace.onLeaving = (database, key) => heard.push(`journal ${database.index} ${key}`);
    keyspace.eventClasses = EventClass.EVICTED;
    keyspace.publishEvent = (_, name, key, database) => heard.push(`${name} ${database} ${key}`);
    put(keyspace, "key", NO_EXPIRY, 1);
    evict(keyspace, 1);
    expect(heard).toEqual(["journal 1 key", "evicted 1 key"]);
  });

  test("goes on for the time that the tenacity allows", () => {
    expect([0, 10, 100].map(evictionMs)).toEqual([0, 0.5, Number.POSITIVE_INFINITY]);
    expect(evictionMs(50)).toBeGreaterThan(100);
    const keyspace = underPolicy("allkeys-random");
    keyspace.eviction.settings.budgetMs = -1;
    for (let index = 0; index < 100; index++) put(keyspace, `key ${index}`);
    expect(evict(keyspace, 90)).toBe(EvictionState.RUNNING);
    expect(keyspace.databases[0].size).toBe(84);
  });
});

test("a server under a policy takes writes where one without refuses them", async () => {
  const { port, server, stop } = await startServer({});
  const client = await connect(port);
  const fill = async () => {
    for (let index = 0; index < 300; index++) await client.command("SET", `key ${index}`, "v".repeat(1000));
  };
  await fill();
  await client.command("CONFIG", "SET", "maxmemory", server.keyspace.usedBytes + server.clients.memory.total);
  expect(await client.text("SET", "more", "v".repeat(2000))).toBe("OK"); // full, but not more than full
  expect(String(await client.command("SET", "more", "v".repeat(2000)))).toStartWith("-OOM");
  expect(await client.text("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")).toBe("OK");
  await fill();
  await client.command("SET", "fresh", "value");
  expect(String(await client.command("OBJECT", "FREQ", "fresh"))).toBe(":5\r\n");
  expect(server.keyspace.stats.evicted).toBeGreaterThan(0);
  expect(await client.text("INFO", "stats")).toMatch(/evicted_keys:[1-9]/);
  client.close();
  await stop();
});

test("a table does not grow where keys would have to go for it, unless it is crowded", async () => {
  await using server = await startServer({ "maxmemory-policy": "allkeys-random" });
  const client = await connect(server.port);
  await client.command("DEBUG", "POPULATE", 4096, "key", 1);
  const { keyspace, clients } = server.server;
  const { table } = keyspace.databases[0];
  const buckets = table.bucketBytes;
  await client.command("CONFIG", "SET", "maxmemory", keyspace.usedBytes + clients.memory.total + 10_000);
  for (const key of ["k1", "k2", "k3"]) await client.command("SET", key, "v");
  expect(keyspace.stats.evicted).toBe(0);
  expect([table.size, table.bucketBytes]).toEqual([4099, buckets]);
  await client.command("CONFIG", "SET", "maxmemory", 0);
  await client.command("SET", "k4", "v");
  expect(table.bucketBytes).toBeGreaterThan(buckets);
  client.close();
});
