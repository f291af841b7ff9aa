/** A master that is started again goes on with the history in its RDB file, so that its replicas need no full synchronization. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";
import { follow, infoField, load, Ours, sameOffset, startReal, until } from "./support.ts";

type Master = { readonly client: RawClient; readonly port: number } & AsyncDisposable;
type Start = (dir: string) => Promise<Master>;

const BACKLOG = "16384";
const ours: Start = async (dir) => {
  const started = await Ours.start({ dir, "repl-backlog-size": BACKLOG });
  started.pretendLater(0); // the first second brings a PING where there are replicas
  return started;
};
const real: Start = (dir) => startReal("--dir", dir, "--repl-backlog-size", BACKLOG);

async function numbers(client: RawClient, ...fields: string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const field of fields) found[field] = Number(await infoField(client, field.startsWith("sync_") ? "stats" : "replication", field));
  return found;
}

/** What becomes of a master, and of its replicas, that has `writes` and then `expired` keys whose time passes before it is started again. */
async function restart(start: Start, writes: number, expired: number) {
  const dir = mkdtempSync(join(tmpdir(), "replicant-restart-"));
  try {
    await using redis = await startReal();
    await using replica = await Ours.start();
    let master = await start(dir);
    try {
      for (const { client } of [redis, replica]) await follow(client, master.port);
      await load(master.client, writes, (index) => (index % 9 === 0 ? ["SELECT", index % 3] : ["SET", `key:${index}`, index]));
      await master.client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      await load(master.client, expired, (index) => ["SET", `expired:${index}`, "value", "PX", 10]);
      const over = Date.now() + 11;
      for (const { client } of [redis, replica]) await sameOffset(master.client, client);
      const id = await infoField(master.client, "replication", "master_replid");
      const offset = await sameOffset(master.client, replica.client);
      // The child that made the image for the replicas may not have been reaped yet.
      await until("no save to be under way", async () => (await infoField(master.client, "persistence", "rdb_bgsave_in_progress")) === "0");
      await master.client.text("SAVE");
      await until("the keys' time to pass", () => Date.now() > over);
      // NOW: no question to lagging replicas, which would take their offset beyond that of the file.
      await master.client.text("SHUTDOWN", "NOSAVE", "NOW").catch(() => {});
      await master[Symbol.asyncDispose]();
      master = await start(dir);
      const { client } = master;
      const restored = await numbers(client, "master_repl_offset", "second_repl_offset", "repl_backlog_histlen", "repl_backlog_active");
      const first = Number(await infoField(client, "replication", "repl_backlog_first_byte_offset"));
      const sameId = (await infoField(client, "replication", "master_replid")) === id;
      const formerId = (await infoField(client, "replication", "master_replid2")) === id;
      for (const { client: follower } of [redis, replica]) await follow(follower, master.port);
      const syncs = await numbers(client, "sync_partial_ok", "sync_full");
      for (const { client: follower } of [redis, replica]) await sameOffset(client, follower);
      const digests = await Promise.all([client, redis.client, replica.client].map((one) => one.text("DEBUG", "DIGEST")));
      restored.master_repl_offset -= offset;
      restored.second_repl_offset -= offset;
      return { restored, first: first - offset, sameId, formerId, syncs, digests: new Set(digests).size };
    } finally {
      await master[Symbol.asyncDispose]();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const AGAIN = { sameId: false, formerId: true, digests: 1, syncs: { sync_partial_ok: 2, sync_full: 0 } };

for (const [what, writes] of [["has written nothing", 0] as const, ["has written", 200] as const]) {
  testWithRedis(`a master that ${what} is gone on with partially after it was started again, as Redis's is`, async () => {
    const result = await restart(ours, writes, 0);
    expect(result).toEqual(await restart(real, writes, 0));
    const restored = { master_repl_offset: 0, second_repl_offset: 1, repl_backlog_histlen: 0, repl_backlog_active: 1 };
    expect(result).toEqual({ ...AGAIN, restored, first: 1 });
  });
}

testWithRedis("replicas of a master that was started again hear of the keys whose time had passed by then, as Redis's do", async () => {
  const result = await restart(ours, 100, 100);
  expect(result).toEqual(await restart(real, 100, 100));
  expect(result).toMatchObject(AGAIN);
  expect(result.restored.repl_backlog_histlen).toBe(result.restored.master_repl_offset);
  expect(result.restored.repl_backlog_histlen).toBeGreaterThan(100);
});

testWithRedis("where more deletions than the backlog holds came of that, replicas synchronize fully, as Redis's do", async () => {
  const result = await restart(ours, 100, 2048);
  expect(result).toMatchObject({ ...AGAIN, syncs: { sync_partial_ok: 0, sync_full: 2 } });
  expect(result.first).toBeGreaterThan(result.restored.second_repl_offset);
  expect((await restart(real, 100, 2048)).syncs).toEqual(result.syncs);
});

test("A master that loads its data again (DEBUG RELOAD) tells replicas of the keys whose time has passed, which Redis does not", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start();
  await follow(replica.client, master.port);
  await master.client.text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await master.client.command("ZADD", "key", 1, "old");
  const over = Date.now() + 200;
  await master.client.command("PEXPIREAT", "key", over);
  await until("the end of its time", () => Date.now() > over);
  expect(master.server.keyspace.databases[0].size).toBe(1);
  await master.client.text("DEBUG", "RELOAD");
  await master.client.command("ZADD", "key", 2, "new");
  await sameOffset(master.client, replica.client);
  expect((await replica.client.command("ZRANGE", "key", 0, -1)).toString()).toBe("*1\r\n$3\r\nnew\r\n");
  expect(await replica.client.text("DEBUG", "DIGEST")).toBe(await master.client.text("DEBUG", "DIGEST"));
});
