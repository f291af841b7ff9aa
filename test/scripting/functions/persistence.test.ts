/** Function libraries in files: images and append-only files, exchanged with a real Redis. */
import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AofServer, Directory } from "../../aof/support.ts";
import { writeImage } from "../../rdb/support.ts";
import { infoField, until } from "../../replication/support.ts";
import type { RawClient } from "../../support/client.ts";
import { connect } from "../../support/client.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";

const LIBRARY = "#!lua name=lib\nredis.register_function('answer', function(keys) return redis.call('GET', keys[1]) end)";
const SECOND = `#!lua name=second\n${"-- long enough to be compressed\n".repeat(20)}redis.register_function('second', function() return 2 end)`;

/** A real Redis over the directory. */
async function redisOver(directory: Directory, ...args: string[]) {
  const process = await startRedis({ dir: directory.path, args: ["--enable-debug-command", "yes", ...args] });
  const client = await process.connect();
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await process.stop();
    },
  };
}

async function loadBoth(client: RawClient): Promise<void> {
  await client.text("FUNCTION", "LOAD", LIBRARY);
  await client.text("FUNCTION", "LOAD", SECOND);
  await client.text("SET", "k", "value");
}

/** Texts of the libraries, sorted: Redis has them in no order. */
async function texts(client: RawClient): Promise<string[]> {
  const reply = (await client.command("FUNCTION", "LIST", "WITHCODE")).toString("latin1");
  return [...reply.matchAll(/library_code\r\n\$\d+\r\n([\s\S]*?)\r\n(?=\*|$)/g)].map(([, text]) => text as string).sort();
}

async function expectBoth(client: RawClient): Promise<void> {
  expect(await texts(client)).toEqual([LIBRARY, SECOND].sort());
  expect(await client.text("FCALL", "answer", 1, "k")).toBe("value");
  expect(await client.text("FCALL", "SECOND", 0)).toBe("2");
}

async function rewritten(client: RawClient): Promise<void> {
  await client.text("BGREWRITEAOF");
  const busy = () => infoField(client, "persistence", "aof_rewrite_in_progress");
  await until(
    "the rewrite",
    async () => (await busy()) === "0" && (await infoField(client, "persistence", "aof_rewrite_scheduled")) === "0",
  );
}

describe("libraries in images", () => {
  test("come back after DEBUG RELOAD, and are gone when the image has none", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await loadBoth(client);
    await client.text("DEBUG", "RELOAD");
    await expectBoth(client);
    await client.text("SAVE");
    await client.text("FUNCTION", "DELETE", "lib");
    await client.text("FUNCTION", "LOAD", "#!lua name=third\nredis.register_function('third', function() end)");
    await client.text("DEBUG", "RELOAD", "NOSAVE");
    await expectBoth(client);
    await client.text("FUNCTION", "FLUSH");
    await client.text("DEBUG", "RELOAD");
    expect(await texts(client)).toEqual([]);
    client.close();
  });

  test("are refused where one of the name is there, and replace it with MERGE", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    await loadBoth(client);
    await client.text("SAVE");
    expect((await client.command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH")).toString()).toBe(
      "-ERR Error trying to load the RDB dump, check server logs.\r\n",
    );
    await client.text("FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('other', function() end)");
    await client.text("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE");
    await expectBoth(client);
    client.close();
  });

  test("count as a change when they are loaded or deleted, and not when they come from a file", async () => {
    await using server = await startServer();
    const client = await connect(server.port);
    const changes = async () => Number(await infoField(client, "persistence", "rdb_changes_since_last_save"));
    await client.text("FUNCTION", "LOAD", LIBRARY);
    await client.text("FUNCTION", "LOAD", "REPLACE", LIBRARY);
    await client.command("FUNCTION", "LOAD", LIBRARY);
    expect(await changes()).toBe(2);
    await client.text("DEBUG", "RELOAD");
    expect(await changes()).toBe(0);
    await client.text("FUNCTION", "DELETE", "lib");
    await client.text("FUNCTION", "FLUSH");
    expect(await changes()).toBe(2);
    client.close();
  });

  test("that cannot be loaded keep the server from starting, and so do those of the release candidates", async () => {
    for (const [bytes, why] of [
      [
        writeImage((writer) => library(writer, "#!lua name=lib\nreturn (")),
        "Failed loading library, Error compiling function: user_function:2:",
      ],
      [writeImage((writer) => library(writer, "no library")), "Failed loading library, Missing library metadata"],
      [Buffer.from("REDIS0010\xf6\x03lib", "latin1"), "function libraries of the 7.0 release candidates are not supported"],
    ] as const) {
      using directory = new Directory();
      writeFileSync(join(directory.path, "dump.rdb"), bytes);
      await expect(startServer({ dir: directory.path })).rejects.toThrow(why);
    }
  });
});

function library(writer: Parameters<Parameters<typeof writeImage>[0]>[0], text: string): void {
  writer.header([]);
  writer.library(Buffer.from(text));
  writer.end();
}

describeWithRedis("libraries in files exchanged with a real Redis", () => {
  test("an image of ours", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, { appendonly: "no" });
      await loadBoth(server.client);
      await server.client.text("SAVE");
    }
    await using redis = await redisOver(directory);
    await expectBoth(redis.client);
  });

  test("an image of Redis's", async () => {
    using directory = new Directory();
    {
      await using redis = await redisOver(directory);
      await loadBoth(redis.client);
      await redis.client.text("SAVE");
    }
    await using server = await AofServer.start(directory, { appendonly: "no" });
    await expectBoth(server.client);
    expect(await server.info("rdb_changes_since_last_save")).toBe("0");
  });

  describe.each(["yes", "no"] as const)("append-only files with aof-use-rdb-preamble %s", (preamble) => {
    test("of ours: as base after a rewrite, and as what came since", async () => {
      for (const rewrite of [false, true]) {
        using directory = new Directory();
        {
          await using server = await AofServer.start(directory, { "aof-use-rdb-preamble": preamble });
          await server.client.text("FUNCTION", "LOAD", LIBRARY);
          await server.client.text("FUNCTION", "LOAD", "#!lua name=gone\nredis.register_function('gone', function() end)");
          if (rewrite) await rewritten(server.client);
          await server.client.text("FUNCTION", "DELETE", "gone");
          await server.client.text("FUNCTION", "LOAD", SECOND);
          await server.client.text("SET", "k", "value");
        }
        {
          await using redis = await redisOver(directory, "--appendonly", "yes");
          await expectBoth(redis.client);
        }
        await using again = await AofServer.start(directory);
        await expectBoth(again.client);
        await again.client.text("DEBUG", "LOADAOF");
        await expectBoth(again.client);
      }
    });

    test("of Redis's", async () => {
      for (const rewrite of [false, true]) {
        using directory = new Directory();
        {
          await using redis = await redisOver(directory, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble);
          await redis.client.text("FUNCTION", "LOAD", SECOND);
          if (rewrite) await rewritten(redis.client);
          await redis.client.text("FUNCTION", "FLUSH");
          await loadBoth(redis.client);
        }
        await using server = await AofServer.start(directory);
        await expectBoth(server.client);
      }
    });
  });

  test("a base of commands has the same ones for libraries, at its head", async () => {
    const base = async (start: (directory: Directory) => Promise<{ client: RawClient } & AsyncDisposable>): Promise<string> => {
      using directory = new Directory();
      await using server = await start(directory);
      await server.client.text("FUNCTION", "LOAD", LIBRARY);
      await server.client.text("SET", "k", "v");
      await rewritten(server.client);
      return readFileSync(directory.file("appendonly.aof.2.base.aof"), "latin1");
    };
    const theirs = await base((directory) => redisOver(directory, "--appendonly", "yes", "--aof-use-rdb-preamble", "no"));
    expect(await base((directory) => AofServer.start(directory, { "aof-use-rdb-preamble": "no" }))).toBe(theirs);
    expect(theirs).toStartWith(`*3\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$${LIBRARY.length}\r\n${LIBRARY}\r\n`);
  });

  test("redis-cli --functions-rdb writes libraries and no keys, which a Redis and we start from", async () => {
    const redisCli = Bun.which("redis-cli");
    if (redisCli === null) return;
    using directory = new Directory();
    const file = join(directory.path, "dump.rdb");
    await using server = await startServer({ "repl-diskless-sync-delay": "0" });
    const client = await connect(server.port);
    await loadBoth(client);
    expect(
      await Bun.spawn([redisCli, "-p", String(server.port), "--functions-rdb", file], { stdout: "ignore", stderr: "ignore" }).exited,
    ).toBe(0);
    client.close();
    {
      await using redis = await redisOver(directory);
      expect(await texts(redis.client)).toEqual([LIBRARY, SECOND].sort());
      expect(await redis.client.text("DBSIZE")).toBe("0");
    }
    await using started = await AofServer.start(directory, { appendonly: "no" });
    expect(await texts(started.client)).toEqual([LIBRARY, SECOND].sort());
    expect(await started.client.text("DBSIZE")).toBe("0");
    rmSync(file);
  });
});
