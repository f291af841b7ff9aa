/** A network that fails: what is sent is lost, and nobody is told. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ADDRESSES, ISLAND_PORT, type IslandServer, Islands, mayIsolate } from "../support/islands.ts";
import { testWithRedis } from "../support/redis.ts";
import { infoField, linkUp, load, sameOffset, until } from "./support.ts";

const OURS = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];
const REDIS = ["redis-server"];
const ARGS = ["--repl-ping-replica-period", "1", "--repl-timeout", "2", "--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"];

async function startBoth(islands: Islands, master: readonly string[], replica: readonly string[]): Promise<[IslandServer, IslandServer]> {
  const above = await islands.start(0, master, ARGS);
  const below = await islands.start(1, replica, [...ARGS, "--replicaof", `${ADDRESSES[0]} ${ISLAND_PORT}`]);
  await linkUp(below.client);
  return [above, below];
}

async function write(server: IslandServer, from: number, count: number): Promise<void> {
  await load(server.client, count, (index) => ["SET", `key:${from + index}`, `value ${from + index}`]);
}

async function expectSame(above: IslandServer, below: IslandServer): Promise<void> {
  await sameOffset(above.client, below.client);
  expect(await below.client.text("DEBUG", "DIGEST")).toBe(await above.client.text("DEBUG", "DIGEST"));
}

/** Both notice that the other is silent, go on without it, and the history is gone on with when it is there again. */
async function partition(master: readonly string[], replica: readonly string[]): Promise<void> {
  await using islands = await Islands.make();
  const [above, below] = await startBoth(islands, master, replica);
  await using _above = above;
  await using _below = below;
  await write(above, 0, 1000);
  await expectSame(above, below);
  islands.pull();
  await write(above, 1000, 1000);
  await until(
    "the replica to miss its master",
    async () => (await infoField(below.client, "replication", "master_link_status")) === "down",
  );
  await until("the master to give its replica up", async () => (await infoField(above.client, "replication", "connected_slaves")) === "0");
  await write(above, 2000, 1000);
  expect(await below.client.text("GET", "key:7")).toBe("value 7");
  islands.plug();
  await linkUp(below.client);
  await expectSame(above, below);
  expect([await infoField(above.client, "stats", "sync_full"), await infoField(above.client, "stats", "sync_partial_ok")]).toEqual([
    "1",
    "1",
  ]);
}

describe.concurrent.skipIf(!mayIsolate)("a network that fails (needs unshare, nsenter and ip, and leave to make namespaces)", () => {
  test("parts ours from ours, which go on from where they were", () => partition(OURS, OURS));
  testWithRedis("parts ours from a Redis below", () => partition(OURS, REDIS));
  testWithRedis("parts a Redis from ours below", () => partition(REDIS, OURS));

  test("for a moment is not noticed: the link stays, and nothing is lost", async () => {
    await using islands = await Islands.make();
    const [above, below] = await startBoth(islands, OURS, OURS);
    await using _above = above;
    await using _below = below;
    for (const server of [above, below]) await server.client.text("CONFIG", "SET", "repl-timeout", 60);
    islands.pull();
    await write(above, 0, 2000);
    islands.plug();
    await expectSame(above, below);
    const counts = ["sync_full", "sync_partial_ok"].map((field) => infoField(above.client, "stats", field));
    expect(await Promise.all(counts)).toEqual(["1", "0"]);
  });

  test("leaves a replica that died in it half open: it is given up after repl-timeout, and WAIT does not count it", async () => {
    await using islands = await Islands.make();
    const [above, below] = await startBoth(islands, OURS, OURS);
    await using _above = above;
    await using _below = below;
    islands.pull();
    await below.kill();
    await write(above, 0, 10);
    expect(await above.client.text("WAIT", 1, 50)).toBe("0");
    await until(
      "the master to give its replica up",
      async () => (await infoField(above.client, "replication", "connected_slaves")) === "0",
    );
    expect(await above.log()).toContain("Disconnecting timedout replica (streaming sync)");
  });

  test("leaves a master that died in it half open: its replica says so, and serves what it has", async () => {
    await using islands = await Islands.make();
    const [above, below] = await startBoth(islands, OURS, OURS);
    await using _above = above;
    await using _below = below;
    await write(above, 0, 10);
    await expectSame(above, below);
    islands.pull();
    await above.kill();
    await until(
      "the replica to miss its master",
      async () => (await infoField(below.client, "replication", "master_link_status")) === "down",
    );
    expect(await below.log()).toContain("MASTER timeout: no data nor PING received...");
    expect(await below.client.text("GET", "key:7")).toBe("value 7");
  });
});
