/** What becomes of a server on a full disk, and of its data: nothing acknowledged is lost, reads go on, and writes do when there is room again. */
import { describe, expect, test } from "bun:test";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { infoField, Ours, until } from "../replication/support.ts";
import { encodeCommand, type RawClient } from "../support/client.ts";
import { mayMount, SmallDisk } from "../support/small-disk.ts";

const OURS = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];
const DISK_BYTES = 8 * 1024 * 1024;
const VALUE = "v".repeat(50_000);

function appendOnly(policy: string): string[] {
  return ["--appendonly", "yes", "--appendfsync", policy, "--save", "", "--auto-aof-rewrite-percentage", "0"];
}

/** Takes all the room there is, but for `rest` bytes. */
function fill(disk: SmallDisk, rest = 0): string {
  const filler = join(disk.outside, "filler");
  const chunk = Buffer.alloc(64 * 1024);
  let size = 0;
  try {
    for (; ; size += chunk.length) writeFileSync(filler, chunk, { flag: "a" });
  } catch {
    // No room is left.
  }
  if (rest > 0) {
    rmSync(filler);
    for (let left = size - rest; left > 0; left -= chunk.length) writeFileSync(filler, chunk, { flag: "a" });
  }
  return filler;
}

/** Sets `prefix:1`, `prefix:2` and so on until one is refused. -> how many were not, and the error. */
async function setUntilRefused(client: RawClient, prefix: string): Promise<{ count: number; error: string }> {
  for (let count = 0; count < 10_000; count++) {
    const reply = (await client.command("SET", `${prefix}:${count + 1}`, VALUE)).toString("latin1");
    if (reply !== "+OK\r\n") return { count, error: reply.trim() };
  }
  throw new Error("the disk never got full");
}

async function writable(client: RawClient): Promise<void> {
  await until("writes that are taken again", async () => (await client.command("SET", "room", "yes")).toString("latin1") === "+OK\r\n");
}

describe.skipIf(!mayMount)("on a full disk (needs unshare and nsenter, and leave to mount)", () => {
  test("with appendfsync everysec writes are refused, then taken again, and none that was taken is lost", async () => {
    await using disk = await SmallDisk.make(DISK_BYTES);
    const keys: string[] = [];
    {
      await using server = await disk.start(OURS, appendOnly("everysec"));
      const client = await server.connect();
      const filler = fill(disk, 2 * 1024 * 1024);
      const { count, error } = await setUntilRefused(client, "before");
      expect(count).toBeGreaterThan(10);
      expect(error).toBe("-MISCONF Errors writing to the AOF file: No space left on device");
      expect((await client.command("PING")).toString("latin1")).toBe(`${error}\r\n`);
      expect((await client.command("GET", "before:1")).length).toBe(VALUE.length + "$50000\r\n\r\n".length);
      expect(await infoField(client, "persistence", "aof_last_write_status")).toBe("err");
      rmSync(filler);
      await writable(client);
      expect(await infoField(client, "persistence", "aof_last_write_status")).toBe("ok");
      for (let index = 1; index <= count; index++) keys.push(`before:${index}`);
      for (let index = 1; index <= 20; index++) keys.push(`after:${index}`);
      for (const key of keys.slice(count)) expect(await client.text("SET", key, VALUE)).toBe("OK");
      client.close();
      await server.stop("SIGKILL");
    }
    await using server = await disk.start(OURS, appendOnly("everysec"));
    const client = await server.connect();
    expect(await client.text("EXISTS", ...keys)).toBe(String(keys.length));
    client.close();
  });

  test("with appendfsync always the server ends, as Redis does, and starts again with all that was acknowledged", async () => {
    await using disk = await SmallDisk.make(DISK_BYTES);
    const acknowledged: string[] = [];
    {
      await using server = await disk.start(OURS, appendOnly("always"));
      const client = await server.connect();
      fill(disk, 2 * 1024 * 1024);
      try {
        for (let count = 1; ; count++) {
          await client.text("SET", `key:${count}`, VALUE);
          acknowledged.push(`key:${count}`);
        }
      } catch (error) {
        expect(String(error)).toContain("closed the connection");
      }
      client.close();
      expect(await server.exited).toBe(1);
      expect(await server.log()).toContain("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
    }
    rmSync(join(disk.outside, "filler"));
    await using server = await disk.start(OURS, appendOnly("always"));
    const client = await server.connect();
    expect(acknowledged.length).toBeGreaterThan(10);
    expect([await client.text("EXISTS", ...acknowledged), await client.text("DBSIZE")]).toEqual([
      String(acknowledged.length),
      String(acknowledged.length),
    ]);
    client.close();
  });

  test("a save fails, the file of before stays, and writes are refused until one succeeds", async () => {
    await using disk = await SmallDisk.make(DISK_BYTES);
    await using server = await disk.start(OURS, ["--save", "3600 1000000"]);
    const client = await server.connect();
    await client.text("SET", "first", "x");
    await client.text("SAVE");
    const size = statSync(join(disk.outside, "dump.rdb")).size;
    const filler = fill(disk);
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)));
    for (let index = 0; index < 10; index++) await client.command("SET", `random:${index}`, random);
    expect(await client.text("BGSAVE")).toBe("Background saving started");
    await until("the save to fail", async () => (await infoField(client, "persistence", "rdb_last_bgsave_status")) === "err");
    expect((await client.command("SET", "second", "x")).toString("latin1")).toStartWith(
      "-MISCONF Redis is configured to save RDB snapshots",
    );
    expect((await client.command("SAVE")).toString("latin1")).toBe("-ERR\r\n");
    expect(statSync(join(disk.outside, "dump.rdb")).size).toBe(size);
    rmSync(filler);
    expect(await client.text("BGSAVE")).toBe("Background saving started");
    await writable(client);
    client.close();
  });

  test("a rewrite of the append-only file fails, and what there was stays in use", async () => {
    await using disk = await SmallDisk.make(DISK_BYTES);
    {
      await using server = await disk.start(OURS, appendOnly("always"));
      const client = await server.connect();
      const random = Buffer.from(crypto.getRandomValues(new Uint8Array(50_000)));
      for (let index = 0; index < 40; index++) await client.command("SET", `random:${index}`, random);
      const filler = fill(disk, 512 * 1024);
      await client.text("BGREWRITEAOF");
      await until("the rewrite to fail", async () => (await infoField(client, "persistence", "aof_last_bgrewrite_status")) === "err");
      rmSync(filler);
      await writable(client);
      await client.text("SET", "last", "word");
      client.close();
      await server.stop("SIGKILL");
    }
    await using server = await disk.start(OURS, appendOnly("always"));
    const client = await server.connect();
    expect([await client.text("DBSIZE"), await client.text("GET", "last")]).toEqual(["42", "word"]);
    client.close();
  });

  test("a replica cannot take an image in, says why, and takes it in when there is room", async () => {
    await using disk = await SmallDisk.make(DISK_BYTES);
    await using master = await Ours.start();
    for (let index = 0; index < 40; index++)
      await master.client.command("SET", `random:${index}`, Buffer.from(crypto.getRandomValues(new Uint8Array(50_000))));
    await using replica = await disk.start(OURS, ["--save", "", "--repl-diskless-load", "disabled"]);
    const client = await replica.connect();
    client.send(encodeCommand(["SET", "own", "data"]));
    await client.readReply();
    const filler = fill(disk, 256 * 1024);
    await client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the synchronisation to fail", async () => (await replica.log()).includes("No space left on device"));
    expect(await infoField(client, "replication", "master_link_status")).toBe("down");
    rmSync(filler);
    await until("the link to be up", async () => (await infoField(client, "replication", "master_link_status")) === "up");
    expect(await client.text("DBSIZE")).toBe("40");
    client.close();
  });
});
