/** EVAL, EVALSHA and those that only read: arguments, shebang lines, the cache; compared with Redis, byte for byte. */

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { connect } from "../../support/client.ts";
import { type Request, useComparison } from "../../support/compare.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";

const sha1 = (text: string) => createHash("sha1").update(text, "latin1").digest("hex");

const BOTH = "return {KEYS, ARGV}";

describeWithRedis("EVAL", () => {
  const comparison = useComparison();

  test("takes keys and arguments", async () => {
    const counts = [
      "0",
      "1",
      "2",
      "3",
      "4",
      "-1",
      "x",
      "",
      "01",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "99999999999999999999",
    ];
    for (const [command, script] of [
      ["EVAL", BOTH],
      ["EVAL_RO", BOTH],
      ["EVALSHA", sha1(BOTH)],
      ["EVALSHA_RO", sha1(BOTH)],
    ]) {
      await comparison().compare([
        [
          ["EVAL", BOTH, 0],
          ...counts.map((count): Request => [command, script, count, "a", "", "\x00\xff"]),
          [command, script],
          [command],
          [command, script, 0],
        ],
      ]);
    }
  });

  test("finds scripts by their SHA-1", async () => {
    const script = "return 'found'";
    const sha = sha1(script);
    await comparison().compare([
      [
        ["SCRIPT", "FLUSH"],
        ["EVALSHA", sha, 0],
        ["EVALSHA", sha, "x"],
        ["EVALSHA", "short", "x"],
        ["EVALSHA", "", 0],
        ["EVALSHA", `${sha}0`, 0],
        ["EVAL", script, 0],
        ["EVALSHA", sha, 0],
        ["EVALSHA", sha.toUpperCase(), 0],
        ["EVALSHA_RO", sha, 0],
        ["EVALSHA", `${sha.slice(0, 39)}\x00`, 0],
        ["EVALSHA", sha.replace(/\d/, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x20)), 0],
        ["EVALSHA", `${sha.slice(0, 8)}${"0".repeat(32)}`, 0],
        ["SCRIPT", "EXISTS", sha, sha.toUpperCase(), "x", ""],
        ["SCRIPT", "FLUSH"],
        ["EVALSHA", sha, 0],
        ["SCRIPT", "EXISTS", sha],
        ["MULTI"],
        ["EVALSHA", sha, 0],
        ["EVAL", script, 0],
        ["EVALSHA", sha, 0],
        ["EXEC"],
      ],
    ]);
  });

  test("a script that does not compile is not known", async () => {
    await comparison().compare([
      [
        ["EVAL", "return (", 0],
        ["EVALSHA", sha1("return ("), 0],
        ["SCRIPT", "EXISTS", sha1("return (")],
        ["EVAL", "error('x')", 0],
        ["EVALSHA", sha1("error('x')"), 0],
      ],
    ]);
  });

  test("texts of every length, and texts that differ in one byte", async () => {
    const requests: Request[] = [];
    for (const length of [0, 1, 30, 63, 64, 65, 95, 96, 97, 500, 5000]) {
      for (const mark of ["a", "b"]) {
        const script = `return '${mark}' --${mark.repeat(length)}`;
        requests.push(["EVAL", script, 0], ["EVAL", script, 0], ["EVALSHA", sha1(script), 0]);
        requests.push(["EVAL", `--${"x".repeat(length)}${mark}${"y".repeat(length)}\nreturn '${mark}${length}'`, 0]);
      }
    }
    await comparison().compare([[...requests, ...requests]]);
  });

  test("bytes", async () => {
    await comparison().compare([
      [
        ["EVAL", "return '\xe4\xff\x80'", 0],
        ["EVAL", "return #'\xe4\xff\x80'", 0],
        ["EVAL", "return 'a\x00b'", 0],
        ["EVAL", "return 1 \x00", 0],
        ["EVAL", "-- comment\r\nreturn 1\r\n", 0],
        ["EVAL", "\xef\xbb\xbfreturn 1", 0],
        ["EVAL", "\x1bLua", 0],
        ["EVAL", "# comment\nreturn 1", 0],
        ["EVAL", "", 0],
        ["EVAL", " ", 0],
      ],
    ]);
  });

  test("reads what a script says of itself", async () => {
    const lines = [
      "#!lua",
      "#!lua ",
      "#!",
      "#! lua",
      "#!lua5.1",
      "#!LUA",
      "#!lua flags",
      "#!lua flags=",
      "#!lua flags=no-writes",
      "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys",
      "#!lua flags=no-writes flags=allow-oom",
      "#!lua flags=no-writes,",
      "#!lua flags=,",
      "#!lua flags=nonesuch",
      "#!lua flags=No-Writes",
      "#!lua flags=no-writes name=x",
      "#!lua name=x",
      "#!lua Flags=no-writes",
      '#!lua "flags=no-writes"',
      "#!lua 'flags=no-writes",
      '#!lua "x"y',
      "#!lua\tflags=no-writes\t",
      "#!lua flags=no-writes\r",
      "#!lua flags=no-\x00writes",
      "#!\x00lua",
      "#!javascript",
      '#!"lua"',
    ];
    await comparison().compare([
      [
        ...lines.map((line): Request => ["EVAL", `${line}\nreturn redis.call('set', 'x', 1)`, 0]),
        ...lines.map((line): Request => ["EVAL", line, 0]),
        ...lines.map((line): Request => ["SCRIPT", "LOAD", `${line}\nreturn 1`]),
        ["EVAL", "#!lua\n\nerror('on line 3')", 0],
        ["EVAL", " #!lua\nreturn 1", 0],
        ["EVAL", "#!lua\n#!lua\nreturn 1", 0],
      ],
    ]);
  });
});

test("LUA-TIME-LIMIT is an older name of busy-reply-threshold", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  expect((await client.command("CONFIG", "SET", "lua-time-limit", 7)).toString()).toBe("+OK\r\n");
  expect((await client.command("CONFIG", "GET", "busy-reply-threshold")).toString()).toContain("$1\r\n7\r\n");
  client.close();
});

test("INFO tells of the scripts", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const field = async (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec((await client.command("INFO", "memory")).toString())?.[1]);
  expect(await field("number_of_cached_scripts")).toBe(0);
  expect(await field("used_memory_scripts")).toBe(0);
  await client.command("EVAL", "return 1", 0);
  await client.command("SCRIPT", "LOAD", "return 2");
  expect(await field("number_of_cached_scripts")).toBe(2);
  expect(await field("used_memory_scripts_eval")).toBeGreaterThan(16);
  await client.command("SCRIPT", "FLUSH");
  expect(await field("number_of_cached_scripts")).toBe(0);
  expect(await field("used_memory_scripts_eval")).toBe(0);
  client.close();
});
