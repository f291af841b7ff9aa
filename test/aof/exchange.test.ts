import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { infoField, until } from "../replication/support.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { AofServer, Directory, everyKind, send } from "./support.ts";

/** A real Redis over the directory. */
async function startReal(directory: Directory, ...args: string[]) {
  const process = await startRedis({ dir: directory.path, args: ["--appendonly", "yes", "--enable-debug-command", "yes", ...args] });
  const client = await process.connect();
  return {
    client,
    digest: () => client.text("DEBUG", "DIGEST"),
    async rewrite() {
      await client.text("BGREWRITEAOF");
      await until("Redis's rewrite", async () => (await infoField(client, "persistence", "aof_rewrite_in_progress")) === "0");
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await process.stop();
    },
  };
}

describeWithRedis("files exchanged with a real Redis", () => {
  describe.each(["yes", "no"] as const)("with aof-use-rdb-preamble %s", (preamble) => {
    test("of ours are loaded by it, before and after a rewrite of ours and with what came since", async () => {
      using directory = new Directory();
      for (const rewrite of [false, true]) {
        let digest = "";
        {
          await using server = await AofServer.start(directory, { "aof-use-rdb-preamble": preamble, "aof-timestamp-enabled": "yes" });
          await server.run("FLUSHALL");
          await send(server.client, everyKind());
          if (rewrite) await server.rewrite();
          await send(server.client, [
            ["SELECT", 6],
            ["SET", "since", 1],
            ["MULTI"],
            ["INCR", "since"],
            ["SADD", "s", "m"],
            ["SPOP", "s"],
            ["EXEC"],
          ]);
          digest = await server.digest();
        }
        await using redis = await startReal(directory);
        expect(await redis.digest()).toBe(digest);
        await redis.client.text("SET", "theirs", 1);
      }
    });

    test("of Redis's are loaded by us, before and after a rewrite of its own and with what came since", async () => {
      using directory = new Directory();
      let digest = "";
      for (const rewrite of [false, true]) {
        {
          await using redis = await startReal(directory, "--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", "yes");
          await redis.client.text("FLUSHALL");
          await send(redis.client, everyKind());
          if (rewrite) await redis.rewrite();
          await send(redis.client, [
            ["SELECT", 6],
            ["SET", "since", 1],
            ["MULTI"],
            ["INCR", "since"],
            ["SADD", "s", "m"],
            ["SPOP", "s"],
            ["EXEC"],
          ]);
          digest = await redis.digest();
        }
        await using server = await AofServer.start(directory);
        expect(await server.digest()).toBe(digest);
        await server.run("SET", "ours", 1);
      }
    });

    test("of an old version, one file beside the directory, become the base", async () => {
      using directory = new Directory();
      let digest = "";
      {
        await using redis = await startReal(directory, "--aof-use-rdb-preamble", preamble);
        await send(redis.client, everyKind(100));
        await redis.rewrite();
        digest = await redis.digest();
      }
      const form = preamble === "yes" ? "rdb" : "aof";
      renameSync(directory.file(`appendonly.aof.2.base.${form}`), join(directory.path, "appendonly.aof"));
      rmSync(directory.files, { recursive: true });
      // A crash after the manifest was written, before the file was moved, is no obstacle.
      mkdirSync(directory.files);
      {
        await using server = await AofServer.start(directory);
        expect(await server.digest()).toBe(digest);
        expect(directory.manifest).toBe("file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
        expect(existsSync(join(directory.path, "appendonly.aof"))).toBe(false);
        expect(directory.log).toContain(
          "Successfully migrated an old-style AOF file (appendonly.aof) into the AOF directory (appendonlydir).",
        );
        await server.run("SET", "more", 1);
        digest = await server.digest();
      }
      await using redis = await startReal(directory);
      expect(await redis.digest()).toBe(digest);
    });
  });
});
