/**
 * One measurement of a server in a program, or of a client of a server elsewhere, in a process of its own: `embedding-child.ts CASE WAY PORT
 * SECONDS` prints a number. Ways: "in-process", the clients "bun", "ioredis" and "node-redis" at PORT, and, to start, "ioredis-mock".
 */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Replicant } from "../../src/index.ts";
import { BULLMQ_JOBS, runBullmq } from "./bullmq.ts";
import { MOCK } from "./start-child.ts";
import { median } from "./table.ts";

/** What the cases ask of a way. */
interface Way {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  setAll(keys: readonly string[], value: string): Promise<unknown>;
  empty(): Promise<unknown>;
}

const KEYS = Array.from({ length: 1000 }, (_, index) => `key:${index}`);
const VALUE = "x".repeat(32);
const RESET_KEYS = 10_000;
const SERVERS = 20;

async function wayOf(name: string, port: number): Promise<Way> {
  if (name === "in-process") {
    const server = await Replicant.inProcess();
    const link = server.connect();
    return {
      set: (key, value) => link.send(["SET", key, value], false),
      get: (key) => link.send(["GET", key], false),
      setAll: (keys, value) =>
        link.sendAll(
          keys.map((key) => ["SET", key, value]),
          false,
        ),
      empty: () => server.reset(),
    };
  }
  if (name === "bun") {
    const client = new Bun.RedisClient(`redis://127.0.0.1:${port}`);
    return {
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      setAll: (keys, value) => Promise.all(keys.map((key) => client.set(key, value))),
      empty: () => client.send("FLUSHALL", []),
    };
  }
  if (name === "ioredis") {
    const client = new Redis(port);
    return {
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      setAll: (keys, value) => {
        const pipeline = client.pipeline();
        for (const key of keys) pipeline.set(key, value);
        return pipeline.exec();
      },
      empty: () => client.flushall(),
    };
  }
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  return {
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    setAll: (keys, value) => Promise.all(keys.map((key) => client.set(key, value))),
    empty: () => client.flushAll(),
  };
}

/** -> how often `step` could be done in a second, `count` at a time. */
async function rate(seconds: number, count: number, step: () => Promise<unknown>): Promise<number> {
  const warm = performance.now() + 500;
  while (performance.now() < warm) await step();
  const from = performance.now();
  let done = 0;
  while (performance.now() - from < seconds * 1000) {
    await step();
    done += count;
  }
  return (done * 1000) / (performance.now() - from);
}

async function resetMs(way: Way): Promise<number> {
  const samples: number[] = [];
  const keys = Array.from({ length: RESET_KEYS }, (_, index) => `key:${index}`);
  for (let round = 0; round < 15; round++) {
    await way.setAll(keys, VALUE);
    const from = performance.now();
    await way.empty();
    samples.push(performance.now() - from);
  }
  return median(samples);
}

async function startMs(name: string): Promise<number> {
  const samples: number[] = [];
  const { default: RedisMock } = name === "ioredis-mock" ? await import(MOCK) : { default: null };
  for (let round = 0; round < 20; round++) {
    const from = performance.now();
    if (RedisMock !== null) {
      // One that has the data of no other.
      await new RedisMock({ host: `host-${round}` }).set("key", "value");
      samples.push(performance.now() - from);
      continue;
    }
    const server = await Replicant.inProcess();
    await server.connect().send(["SET", "key", "value"], false);
    samples.push(performance.now() - from);
    await server.stop();
  }
  return median(samples);
}

/** -> MB that each further server takes, with one key. */
async function serverMb(): Promise<number> {
  const servers: Replicant[] = [];
  const add = async (): Promise<void> => {
    const server = await Replicant.inProcess();
    servers.push(server);
    await server.connect().send(["SET", "key", "value"], false);
  };
  for (let index = 0; index < 5; index++) await add();
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  for (let index = 0; index < SERVERS; index++) await add();
  Bun.gc(true);
  const mb = (process.memoryUsage.rss() - before) / SERVERS / 1e6;
  for (const server of servers) await server.stop();
  return mb;
}

async function bullmqJobs(way: string, port: number): Promise<number> {
  await using server = way === "in-process" ? await Replicant.inProcess() : null;
  let seconds = 0;

  await runBullmq(server === null ? { port } : server.ioredis(), "all", async (work) => {
    const from = performance.now();
    await work();
    seconds = (performance.now() - from) / 1000;
  });
  return BULLMQ_JOBS / seconds;
}

async function run(what: string, name: string, port: number, seconds: number): Promise<number> {
  switch (what) {
    case "get-set": {
      const way = await wayOf(name, port);
      let turn = 0;
      return rate(seconds, 200, async () => {
        for (let index = 0; index < 100; index++) {
          const key = KEYS[turn++ % KEYS.length];
          await way.set(key, VALUE);
          await way.get(key);
        }
      });
    }
    case "pipeline": {
      const way = await wayOf(name, port);
      return rate(seconds, KEYS.length, () => way.setAll(KEYS, VALUE));
    }
    case "reset":
      return resetMs(await wayOf(name, port));
    case "start":
      return startMs(name);
    case "memory":
      return serverMb();
    case "bullmq":
      return bullmqJobs(name, port);
    default:
      throw new Error(`no case is called ${what}`);
  }
}

const [what = "", name = "", port = "0", seconds = "1"] = process.argv.slice(2);
console.log(await run(what, name, Number(port), Number(seconds)));
process.exit(0);
