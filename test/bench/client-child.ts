/** A client in a process of its own, whose processor time is measured: `client-child.ts NAME PORT UNDER_WAY REQUESTS` prints ns a request. */
import Redis from "ioredis";
import { createClient } from "redis";
import { Client } from "../../src/client/index.ts";

/** What is measured of a client: sets and gets by turns, so many of them under way at a time. */
interface Subject {
  readonly set: (key: string, value: string) => Promise<unknown>;
  readonly get: (key: string) => Promise<unknown>;
  readonly close: () => unknown;
}

const SUBJECTS: Record<string, (port: number) => Promise<Subject>> = {
  replicant: async (port) => {
    const client = await Client.connect({ port });
    return { set: (key, value) => client.set(key, value), get: (key) => client.get(key), close: () => client.close() };
  },
  bun: async (port) => {
    const client = new Bun.RedisClient(`redis://127.0.0.1:${port}`);
    await client.connect();
    return { set: (key, value) => client.set(key, value), get: (key) => client.get(key), close: () => client.close() };
  },
  ioredis: async (port) => {
    const client = new Redis(port);
    return { set: (key, value) => client.set(key, value), get: (key) => client.get(key), close: () => client.disconnect() };
  },
  "node-redis": async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return { set: (key, value) => client.set(key, value), get: (key) => client.get(key), close: () => client.close() };
  },
};

const [name, port, underWay, requests] = process.argv.slice(2);
const subject = await SUBJECTS[name](Number(port));

async function run(count: number): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 2;
      const key = `key:${left % 1000}`;
      await subject.set(key, "a value of some length");
      await subject.get(key);
    }
  };
  await Promise.all(Array.from({ length: Number(underWay) }, work));
}

await run(Number(requests) / 4);
const before = process.cpuUsage();
await run(Number(requests));
const { user, system } = process.cpuUsage(before);
console.log(((user + system) * 1000) / Number(requests));
subject.close();
process.exit(0);
