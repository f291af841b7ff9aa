/** Libraries in TypeScript in their file, and nowhere else: neither images nor append-only files have them. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLibraryFile, writeLibraryFile } from "../../../src/scripting/functions/library-file.ts";
import { AofServer, Directory } from "../../aof/support.ts";
import { infoField } from "../../replication/support.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { COUNTER, ENABLED, libraries, load, reply, withBody } from "./typescript-support.ts";

const SAVED = { ...ENABLED, appendonly: "no" };
const LUA = "#!lua name=inlua\nredis.register_function('l', function() return 'lua' end)";
const BYTES = `#!javascript name=bytes\n// \xff\xfe no UTF-8, and a line that looks like the end:\nend\nregisterFunction({ name: "b" }, () => 1);`;

const fileOf = (directory: Directory): string => join(directory.path, "dump.rdb.functions");

describe("the functions file", () => {
  test("brings libraries back after a crash, whatever was saved, and what functions wrote is in the data", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, SAVED);
      await load(server.client, COUNTER);
      await load(server.client, LUA);
      await load(server.client, withBody("return 2"));
      await server.client.text("FCALL", "count", 1, "k");
      await server.client.text("SAVE");
      await load(server.client, withBody('return "new"'));
    }
    await using again = await AofServer.start(directory, SAVED);
    expect(await libraries(again.client)).toEqual(["inlua LUA", "counter TYPESCRIPT", "lib TYPESCRIPT"]);
    expect(await again.client.text("FCALL", "f", 0)).toBe("new");
    expect(await again.client.text("FCALL", "count", 1, "k")).toBe("1");
    expect(await again.client.text("GET", "k")).toBe("2");
  });

  test("is written by each change, at once and whole", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, SAVED);
    const texts = () => readLibraryFile(fileOf(directory)).length;
    expect(existsSync(fileOf(directory))).toBe(false);
    await load(server.client, COUNTER);
    await load(server.client, withBody("return 2"));
    expect(texts()).toBe(2);
    await server.client.text("FUNCTION", "DELETE", "counter");
    expect(texts()).toBe(1);
    await load(server.client, LUA);
    expect(texts()).toBe(1);
    await load(server.client, LUA.replace("inlua", "lib").replace("'l'", "'m'"));
    expect(texts()).toBe(0);
    await load(server.client, COUNTER);
    await server.client.text("FUNCTION", "FLUSH");
    expect(texts()).toBe(0);
    expect(await infoField(server.client, "persistence", "rdb_changes_since_last_save")).toBe("3");
  });

  test("keeps bytes as they are, and is not taken for whole when it is not", () => {
    using directory = new Directory();
    const path = fileOf(directory);
    const texts = [COUNTER, Buffer.from(BYTES, "latin1").latin1Slice(), ""];
    writeLibraryFile(path, texts);
    expect(readLibraryFile(path)).toEqual(texts);
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[40] ^= 1;
    for (const bytes of [
      whole.subarray(0, -1),
      whole.subarray(0, 60),
      damaged,
      Buffer.concat([whole, whole]),
      Buffer.from("REDIS0011"),
      Buffer.alloc(0),
    ]) {
      writeFileSync(path, bytes);
      expect(() => readLibraryFile(path)).toThrow(`The functions file ${path} is damaged`);
    }
  });

  test("that is damaged, or has a library that cannot be loaded, keeps the server from starting", async () => {
    using directory = new Directory();
    writeFileSync(fileOf(directory), "REPLICANT");
    await expect(AofServer.start(directory, SAVED)).rejects.toThrow(`The functions file ${fileOf(directory)} is damaged`);
    writeLibraryFile(fileOf(directory), ["#!typescript name=lib\nlet a = ;"]);
    await expect(AofServer.start(directory, SAVED)).rejects.toThrow(
      `Fatal error loading the functions of ${fileOf(directory)}: Error compiling function: lib:2: Unexpected ;`,
    );
  });

  test("is left alone where the directive is off, and the log says so", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, SAVED);
      await load(server.client, COUNTER);
    }
    {
      await using server = await AofServer.start(directory, { appendonly: "no" });
      expect(await libraries(server.client)).toEqual([]);
      expect(directory.log).toContain(`The functions of ${fileOf(directory)} are not loaded: directive enable-typescript-functions is off`);
      await server.client.text("FUNCTION", "FLUSH");
      await load(server.client, LUA);
      await server.client.text("SAVE");
    }
    await using server = await AofServer.start(directory, { ...SAVED, "enable-typescript-functions": "local" });
    expect(await libraries(server.client)).toEqual(["inlua LUA", "counter TYPESCRIPT"]);
  });

  test("that cannot be written keeps libraries as they were", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, SAVED);
    await load(server.client, COUNTER);
    // A directory in the way of the temporary file.
    const temporary = `${fileOf(directory)}.${process.pid}.tmp`;
    mkdirSync(temporary);
    const refusal = "-ERR The functions file cannot be written, see the server log|";
    expect(await reply(server.client, "FUNCTION", "LOAD", withBody("return 1"))).toBe(refusal);
    expect(await reply(server.client, "FUNCTION", "LOAD", "REPLACE", LUA.replace("inlua", "counter"))).toBe(refusal);
    expect(await reply(server.client, "FUNCTION", "DELETE", "counter")).toBe(refusal);
    expect(await reply(server.client, "FUNCTION", "FLUSH")).toBe(refusal);
    expect(await libraries(server.client)).toEqual(["counter TYPESCRIPT"]);
    expect(await server.client.text("FCALL", "count", 1, "k")).toBe("1");
    expect(directory.log).toContain(`Can't write the functions file ${fileOf(directory)} (open): `);
    rmSync(temporary, { recursive: true });
    await load(server.client, withBody("return 1"));
    expect(readLibraryFile(fileOf(directory)).length).toBe(2);
  });

  test("is beside the data set, wherever that goes", async () => {
    using directory = new Directory();
    using other = new Directory();
    await using server = await AofServer.start(directory, { ...SAVED, "enable-protected-configs": "yes" });
    await load(server.client, COUNTER);
    await server.client.text("CONFIG", "SET", "dir", other.path, "dbfilename", "other.rdb");
    await load(server.client, withBody("return 1"));
    expect(readLibraryFile(join(other.path, "other.rdb.functions")).length).toBe(2);
  });
});

describe("a data set that is loaded again keeps the libraries in TypeScript", () => {
  test("by DEBUG RELOAD", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, SAVED);
    await load(server.client, COUNTER);
    await load(server.client, LUA);
    await server.client.text("FCALL", "count", 1, "k");
    await server.client.text("DEBUG", "RELOAD");
    expect(await libraries(server.client)).toEqual(["inlua LUA", "counter TYPESCRIPT"]);
    expect(await server.client.text("FCALL", "count", 1, "k")).toBe("2");
  });

  test("by DEBUG LOADAOF, whatever names other libraries had in the meantime", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, ENABLED);
    await load(server.client, LUA.replace("'l'", "'count'"));
    await server.client.text("FUNCTION", "DELETE", "inlua");
    await load(server.client, COUNTER);
    await server.client.text("FCALL", "count", 1, "k");
    await server.client.text("DEBUG", "LOADAOF");
    expect(await libraries(server.client)).toEqual(["counter TYPESCRIPT"]);
    expect(await server.client.text("FCALL", "count", 1, "k")).toBe("2");
    expect(await server.client.text("GET", "k")).toBe("2");
  });
});

test("an image that has a function of the same name has the say", async () => {
  using directory = new Directory();
  {
    await using server = await AofServer.start(directory, SAVED);
    await load(server.client, LUA.replace("'l'", "'count'"));
    await server.client.text("SAVE");
    await server.client.text("FUNCTION", "DELETE", "inlua");
    await load(server.client, COUNTER);
  }
  await using server = await AofServer.start(directory, SAVED);
  expect(await libraries(server.client)).toEqual(["inlua LUA", "counter TYPESCRIPT"]);
  expect(await server.client.text("FCALL", "count", 1, "k")).toBe("lua");
  await server.client.text("FUNCTION", "DELETE", "inlua");
  expect(await server.client.text("FCALL", "count", 1, "k")).toBe("1");
});

describeWithRedis("a real Redis finds none of them", () => {
  test("in images", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, SAVED);
      await load(server.client, COUNTER);
      await load(server.client, LUA);
      await server.client.text("FCALL", "count", 1, "k");
      await server.client.text("SAVE");
    }
    await using redis = await startRedis({ dir: directory.path });
    const client = await redis.connect();
    expect(await libraries(client)).toEqual(["inlua LUA"]);
    expect(await client.text("GET", "k")).toBe("1");
    client.close();
  });

  test("in append-only files, where one in Lua is deleted whose place one in TypeScript took", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory, ENABLED);
      await load(server.client, LUA);
      await load(server.client, LUA.replace("inlua", "stays").replace("'l'", "'s'"));
      await load(server.client, withBody("return 1").replace("lib", "inlua"));
      await load(server.client, COUNTER);
      await server.client.text("FCALL", "count", 1, "k");
      await server.client.text("FUNCTION", "DELETE", "counter");
    }
    await using redis = await startRedis({ dir: directory.path, args: ["--appendonly", "yes"] });
    const client = await redis.connect();
    expect(await libraries(client)).toEqual(["stays LUA"]);
    expect(await client.text("GET", "k")).toBe("1");
    expect(await redis.log()).not.toContain("rror");
    client.close();
  });
});
