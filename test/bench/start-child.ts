/**
 * The first server of a program, from its import to the answer to its first command: `start-child.ts WAY` prints how long the import took, and
 * how long the rest (ms). Ways: "in-process", "ioredis-mock".
 */
import { resolve } from "node:path";

/** What stands in for a Redis elsewhere: a client that has one in it. */
interface Mock {
  set(key: string, value: string): Promise<unknown>;
}

export const MOCK = resolve(import.meta.dirname, "../alternatives/node_modules/ioredis-mock");

async function first(way: string): Promise<readonly [imported: number, started: number]> {
  const from = performance.now();
  if (way === "ioredis-mock") {
    const { default: RedisMock }: { default: new () => Mock } = await import(MOCK);
    const imported = performance.now();
    await new RedisMock().set("key", "value");
    return [imported - from, performance.now() - imported];
  }
  const { Replicant } = await import("../../src/index.ts");
  const imported = performance.now();
  const server = await Replicant.inProcess();
  await server.connect().send(["SET", "key", "value"], false);
  return [imported - from, performance.now() - imported];
}

if (import.meta.main) {
  console.log((await first(process.argv[2] ?? "")).join(" "));
  process.exit(0);
}
