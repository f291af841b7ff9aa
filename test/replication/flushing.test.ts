/** Databases are emptied while images are made of them, replicas follow and writes come: what is left is what a real Redis has. */
import { expect } from "bun:test";
import type { Word } from "../support/client.ts";
import { Random } from "../support/property.ts";
import { testWithRedis } from "../support/redis.ts";
import { follow, infoField, load, Ours, sameOffset, startReal, until } from "./support.ts";

/** A write of one of the types, small and large. */
function write(random: Random): Word[] {
  const member = (): string => `member:${random.below(400)}`;
  const many = (): string[] => Array.from({ length: random.chance(0.05) ? 300 : 3 }, member);
  const name = random.below(60);
  switch (random.below(8)) {
    case 0:
      return ["HSET", `hash:${name}`, ...many().flatMap((field) => [field, random.below(1000)])];
    case 1:
      return ["SADD", `set:${name}`, ...many()];
    case 2:
      return ["ZADD", `zset:${name}`, ...many().flatMap((field) => [random.below(1000), field])];
    case 3:
      return ["RPUSH", `list:${name}`, ...many(), "x".repeat(random.below(300))];
    case 4:
      return ["SUNIONSTORE", `set:${name}`, `set:${random.below(60)}`, `set:${random.below(60)}`];
    case 5:
      return ["DEL", `${random.pick(["hash", "set", "zset", "list"])}:${name}`];
    case 6:
      return ["SET", `large:${name}`, "v".repeat(random.below(60_000))];
    default:
      return ["SET", `string:${random.below(3000)}`, random.below(1_000_000), "EX", 10_000];
  }
}

/** Commands that empty databases, with what makes others hold something or not. */
const EMPTYING: readonly (readonly Word[])[] = [
  ["FLUSHALL"],
  ["FLUSHALL", "SYNC"],
  ["FLUSHALL", "ASYNC"],
  ["FLUSHDB"],
  ["FLUSHDB", "ASYNC"],
  ["SELECT", 1],
  ["SELECT", 0],
  ["SWAPDB", 0, 1],
  ["EVAL", "redis.call('SET', 'in a script', 1); redis.call('FLUSHALL'); return redis.call('RPUSH', 'behind', 'it')", 0],
];

testWithRedis("every server below, and the append-only file, has what a real Redis has", async () => {
  const random = new Random(20261130);
  // The image of a rewrite takes its time, so that databases go in the middle of it.
  await using master = await Ours.start({ appendonly: "yes", "rdb-key-save-delay": "20" });
  await using below = await Ours.start();
  await using real = await startReal();
  await using alone = await startReal();
  const { client } = master;
  await follow(below.client, master.port);
  await follow(real.client, master.port);
  const digest = async (server: { readonly client: typeof client }): Promise<string> => server.client.text("DEBUG", "DIGEST");
  const both = (count: number, command: () => readonly Word[]): Promise<unknown> => {
    const commands = Array.from({ length: count }, command);
    return Promise.all([client, alone.client].map((one) => load(one, count, (index) => commands[index])));
  };
  for (let round = 0; round < 6; round++) {
    await both(1500, () => write(random));
    await client.text("BGREWRITEAOF");
    // One packet: the rewrite has only begun.
    let emptied = 0;
    await both(1200, () => (random.chance(0.005) || ++emptied === 30 ? random.pick(EMPTYING) : write(random)));
    const expected = await digest(alone);
    expect(await digest(master)).toBe(expected);
    await sameOffset(client, below.client);
    await sameOffset(client, real.client);
    expect(await digest(below)).toBe(expected);
    expect(await digest(real)).toBe(expected);
    await until("the rewrite", async () => (await infoField(client, "persistence", "aof_rewrite_in_progress")) === "0");
    expect(await infoField(client, "persistence", "aof_last_bgrewrite_status")).toBe("ok");
    await client.text("DEBUG", "LOADAOF");
    expect(await digest(master)).toBe(expected);
    // Between commands nothing is left half built: then databases would go key by key.
    expect(master.server.keyspace.space.arena.drafts).toBe(0);
    await until("all to be freed", async () => (await infoField(client, "memory", "lazyfree_pending_objects")) === "0");
  }
});
