import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Link, Word } from "../../src/client/link.ts";
import { Replicant } from "../../src/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "replicant-embedding-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asker(link: Link): (...words: Word[]) => Promise<unknown> {
  return (...words) => link.send(words, false);
}

const LIBRARY = "#!lua name=lib\nredis.register_function('twice', function(keys, args) return args[1] * 2 end)";

describe("the state of a server as bytes", () => {
  test("has all databases and the functions, and comes back in another server", async () => {
    await using first = await Replicant.inProcess();
    await using second = await Replicant.inProcess();
    const ask = asker(first.connect());
    await ask("SET", "text", "grün");
    await ask("SET", "soon", 1, "PX", 1_000_000);
    await ask("RPUSH", "list", 1, 2, 3);
    await ask("ZADD", "z", 1.5, "m");
    await ask("XADD", "s", "1-1", "f", "v");
    await ask("HSET", "h", "a", 1, "b", 2);
    await ask("HPEXPIRE", "h", 1_000_000, "FIELDS", 1, "a");
    await ask("SELECT", 7);
    await ask("SET", "seventh", "yes");
    await ask("FUNCTION", "LOAD", LIBRARY);
    const digest = await ask("DEBUG", "DIGEST").catch(() => null);
    const image = await first.snapshot();
    const other = asker(second.connect());
    await other("SET", "old", "data");
    await other("FUNCTION", "LOAD", LIBRARY.replace("lib", "old").replace("twice", "thrice"));
    await second.restore(image);
    expect(await other("GET", "text")).toBe("grün");
    expect(await other("EXISTS", "old")).toBe(0);
    expect(await other("PTTL", "soon")).toBeWithin(1, 1_000_001);
    expect(await other("HPTTL", "h", "FIELDS", 2, "a", "b")).toEqual([expect.any(Number), -1]);
    expect(await other("FCALL", "twice", 0, 21)).toBe(42);
    expect(other("FCALL", "thrice", 0)).rejects.toThrow("ERR Function not found");
    await other("SELECT", 7);
    expect(await other("GET", "seventh")).toBe("yes");
    expect(await other("DEBUG", "DIGEST").catch(() => null)).toBe(digest);
  });

  test("of many keys is the one of its moment, whatever comes after it", async () => {
    await using server = await Replicant.inProcess();
    const link = server.connect();
    const ask = asker(link);
    const keys = Array.from({ length: 30_000 }, (_, index): Word[] => ["SET", `key:${index}`, `value ${index}`]);
    await link.sendAll(keys, false);
    const taken = server.snapshot();
    await ask("SET", "key:7", "changed");
    await server.flush();
    expect(await ask("DBSIZE")).toBe(0);
    await server.restore(await taken);
    expect(await ask("DBSIZE")).toBe(30_000);
    expect(await ask("GET", "key:7")).toBe("value 7");
  });

  test("that are none, or damaged, change nothing", async () => {
    await using server = await Replicant.inProcess();
    const ask = asker(server.connect());
    await ask("SET", "k", "v");
    const image = await server.snapshot();
    image[image.length - 12] ^= 1;
    expect(server.restore(image)).rejects.toThrow("this is no image, or a damaged one");
    expect(server.restore(new TextEncoder().encode("REDIS"))).rejects.toThrow("this is no image, or a damaged one");
    expect(await ask("GET", "k")).toBe("v");
    expect(await ask("INFO", "persistence")).toContain("loading:0");
  });

  test("touch the keys that are watched, and serve who waits for one", async () => {
    await using server = await Replicant.inProcess();
    const [link, waiting] = [server.connect(), server.connect()];
    await link.send(["RPUSH", "queue", "job"], false);
    const image = await server.snapshot();
    await server.flush();
    const popped = waiting.send(["BLPOP", "queue", 0], false);
    await link.send(["WATCH", "queue"], false);
    await server.restore(image);
    expect(await popped).toEqual(["queue", "job"]);
    expect((await link.sendAll([["MULTI"], ["PING"], ["EXEC"]], false))[2]).toBeNull();
  });
});

describe("the folder of a server", () => {
  test("keeps the data set, where one is named", async () => {
    const dir = mkdtempSync(join(folder, "saved-"));
    const first = await Replicant.inProcess({ dir, save: [[3600, 1]] });
    await first.connect().send(["SET", "kept", "yes"], false);
    await first.stop();
    expect(readFileSync(join(dir, "dump.rdb"), "latin1")).toStartWith("REDIS00");
    await using second = await Replicant.inProcess({ dir });
    expect(await second.connect().send(["GET", "kept"], false)).toBe("yes");
    const image = new Uint8Array(readFileSync(join(dir, "dump.rdb")));
    await using third = await Replicant.inProcess();
    await third.restore(image);
    expect(await third.connect().send(["GET", "kept"], false)).toBe("yes");
  });

  test("has an append-only file, where that is wanted, and answers wait for it", async () => {
    const dir = mkdtempSync(join(folder, "logged-"));
    const options = { dir, appendonly: true, appendfsync: "always" as const, save: [] };
    const first = await Replicant.inProcess(options);
    const link = first.connect();
    expect(await link.send(["SET", "logged", 1], false)).toBe("OK");
    expect(
      await link.sendAll(
        [
          ["INCR", "logged"],
          ["INCR", "logged"],
        ],
        false,
      ),
    ).toEqual([2, 3]);
    const image = await first.snapshot();
    await link.send(["SET", "logged", 100], false);
    await first.restore(image);
    expect(await link.send(["INCR", "logged"], false)).toBe(4);
    await first.stop();
    await using second = await Replicant.inProcess(options);
    expect(await second.connect().send(["GET", "logged"], false)).toBe("4");
  });

  test("stays out of the program's working directory, where none is named", async () => {
    const before = readdirSync(process.cwd()).sort();
    await using server = await Replicant.inProcess({ enableTypescriptFunctions: "yes" });
    const ask = asker(server.connect());
    await ask("SET", "k", 1);
    expect(ask("SAVE")).rejects.toThrow("ERR");
    expect(ask("CONFIG", "SET", "appendonly", "yes")).rejects.toThrow("Unable to turn on AOF");
    const dir = (await ask("CONFIG", "GET", "dir")) as Map<string, string>;
    expect(dir.get("dir")).toEndWith("no folder was named");
    expect(existsSync(dir.get("dir") ?? "")).toBe(false);
    const code = "#!typescript name=code\nregisterFunction({ name: 'one' }, () => 1);";
    expect(await ask("FUNCTION", "LOAD", code)).toBe("code");
    expect(await ask("FCALL", "one", 0)).toBe(1);
    await server.stop();
    expect(readdirSync(process.cwd()).sort()).toEqual(before);
  });
});
