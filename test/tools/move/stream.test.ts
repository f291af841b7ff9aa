import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { urlOf } from "../../follow/support.ts";
import { Ours, startReal, until } from "../../replication/support.ts";
import { type RawClient, replyText } from "../../support/client.ts";
import { testWithRedis } from "../../support/redis.ts";
import { Move } from "./support.ts";

testWithRedis("what changes databases, functions and many keys at once arrives as it was meant", async () => {
  await using source = await startReal();
  await using target = await Ours.start();
  const { client } = source;
  await client.command("SET", "a", "in zero");
  const move = new Move(["--pause-source", "60", "--unpause", urlOf(source), urlOf(target)]);
  await move.reaches("image");
  for (const words of [
    ["SELECT", 1],
    ["SET", "a", "in one", "PX", 3_600_000],
    ["SWAPDB", 0, 1],
    ["MOVE", "a", 5],
    ["SET", "b", 1, "EX", 5000],
    ["COPY", "b", "c", "DB", 2],
    ["RENAME", "b", "d"],
    ["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('two', function() return 2 end)"],
    ["EVAL", "redis.call('SET', KEYS[1], redis.call('TIME')[1]) redis.call('EXPIRE', KEYS[1], 900) return 1", 1, "by script"],
    ["SELECT", 7],
    ["SET", "x", 1],
    ["FLUSHDB"],
    ["RPUSH", "list", 1, 2, 3],
    ["MULTI"],
    ["LMOVE", "list", "other", "LEFT", "RIGHT"],
    ["SORT", "list", "STORE", "sorted"],
    ["EXEC"],
  ])
    expect((await client.command(...words)).toString()).not.toStartWith("-");
  expect(await move.code.then((code) => [code, move.differences(), move.complaints])).toEqual([0, [], ""]);
  const digests = await Promise.all([client, target.client].map((one) => one.command("DEBUG", "DIGEST")));
  expect(digests[1].toString()).toBe(digests[0].toString());
  expect(replyText(await target.client.command("FCALL", "two", 0))).toBe("2");
});

test("keys with times arrive as they are when their databases were exchanged, and the target is late", async () => {
  await using source = await Ours.start();
  await using target = await Ours.start();
  const { client } = source;
  for (let number = 0; number < 5; number++) await client.command("SET", `k${number}`, number, "PX", 1500);
  const move = new Move(["--verify", "none", urlOf(source), urlOf(target)]);
  await move.reaches("caught-up");
  await client.command("SWAPDB", 0, 3);
  await target.client.command("SELECT", 3);
  await until("them to be there", async () => replyText(await target.client.command("DBSIZE")) === "5");
  await client.command("SELECT", 3);
  expect(Number(replyText(await client.command("PTTL", "k0")))).toBeGreaterThan(0);
  await target.client.command("CLIENT", "PAUSE", 1600, "WRITE");
  for (let number = 0; number < 5; number++) {
    await client.command("INCR", `k${number}`);
    await client.command("PERSIST", `k${number}`);
  }
  const values = async (one: RawClient) => (await one.command("MGET", "k0", "k1", "k2", "k3", "k4")).toString();
  const wanted = await values(client);
  await until("the target to have them", async () => (await values(target.client)) === wanted);
  expect(replyText(await target.client.command("PTTL", "k4"))).toBe("-1");
  expect(await move.stop()).toBe(4);
});

test("ends where the source exchanges databases that the target does not have, before anything of it is written", async () => {
  await using source = await Ours.start();
  await using target = await Ours.start({ databases: "2" });
  const { client } = source;
  await client.command("SET", "k", 1);
  const words = ["--verify", "none", urlOf(source), urlOf(target)];
  const move = new Move(words);
  await move.reaches("caught-up");
  await client.command("SWAPDB", 0, 9);
  expect(await move.code).toBe(2);
  expect(move.complaints).toContain("exchanged database 9 with another, which the target does not have");
  const again = new Move(words);
  expect(await again.code).toBe(2);
});

testWithRedis("of commands that the target does not know the keys are copied", async () => {
  await using source = await Ours.start();
  await using target = await startReal("--rename-command", "APPEND", "", "--rename-command", "SINTERSTORE", "");
  const move = new Move(["--pause-source", "60", "--unpause", urlOf(source), `127.0.0.1:${target.port}`]);
  await move.reaches("image");
  const { client } = source;
  for (let number = 0; number < 50; number++) {
    await client.command("APPEND", "text", `${number};`);
    await client.command("RPUSH", "list", number);
  }
  await client.command("SADD", "set", 1, 2, 3);
  await client.command("SINTERSTORE", "same", "set", "set");
  expect(await move.code.then((code) => [code, move.differences()])).toEqual([0, []]);
  expect(move.complaints).toMatch(/does not know .*append/);
  expect(replyText(await target.client.command("STRLEN", "text"))).toBe(replyText(await client.command("STRLEN", "text")));
  expect(replyText(await target.client.command("SCARD", "same"))).toBe("3");
});

testWithRedis("where the target lets no one keep the position, the file has it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "replicant-move-"));
  const file = join(folder, "position");
  await using source = await Ours.start();
  await using target = await Ours.start();
  await target.client.command("ACL", "SETUSER", "writer", "on", ">two", "+@all", "~data:*");
  await source.client.command("SET", "data:1", 1);
  const words = ["--verify", "none", "--position-file", file, "--to-user", "writer", urlOf(source), urlOf(target)];
  const environment = { REPLICANT_TO_PASSWORD: "two" };
  try {
    const refused = new Move(
      words.filter((word) => word !== "--position-file" && word !== file),
      environment,
    );
    expect(await refused.code.then((code) => [code, refused.complaints])).toEqual([2, expect.stringContaining("keeps no position")]);
    const move = new Move(words, environment);
    await move.reaches("caught-up");
    await source.client.command("SET", "data:2", 2);
    await until("it to be there", async () => replyText(await target.client.command("EXISTS", "data:2")) === "1");
    expect(await move.stop()).toBe(4);
    expect(move.complaints).toContain("what is written while a connection breaks may be written twice");
    expect(readFileSync(file, "latin1")).toMatch(/^owned [0-9a-f]{40}:\d+:0\n$/);
    await source.client.command("INCR", "data:2");
    const again = new Move(["--until", "caught-up", ...words], environment);
    expect(await again.code.then((code) => [code, again.complaints])).toEqual([0, move.complaints.replace(/.*stopped.*\n/, "")]);
    expect(again.names()).toEqual(["begins", "goes-on", "caught-up"]);
    expect(replyText(await target.client.command("GET", "data:2"))).toBe("3");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
