/** Which RDB version files and payloads have: what is asked for, by the directive and by VERSION, and what cannot be said in it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ours, until } from "../replication/support.ts";
import { connect } from "../support/client.ts";
import { startPeer, wantOfPeers } from "../support/peers.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";

const REFUSED = (version: number, what = 'key "timed" (db 3)'): string =>
  `-ERR Can't store ${what}, a hash with field expiration, in RDB version ${version}\r\n`;
const SYNTAX = "-ERR syntax error\r\n";
const UNKNOWN = "-ERR RDB version must be one of the following: auto, 10, 11, 12, 80\r\n";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "replicant-version-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function fill({ client }: Ours): Promise<void> {
  await client.command("FLUSHALL"); // what the test before has saved
  for (const line of [
    "SET s 1",
    "SADD set a b c",
    "RPUSH l a b",
    "HSET h a 1",
    "ZADD z 1 a",
    "XADD x 1-1 f v",
    "XGROUP CREATE x g 0",
    "XREADGROUP GROUP g c STREAMS x >",
  ])
    await client.command(...line.split(" "));
}

const saved = (): string => readFileSync(join(dir, "dump.rdb")).latin1Slice(0, 9);

async function asked({ client }: Pick<Ours, "client">, line: string): Promise<string> {
  return (await client.command(...line.split(" "))).toString("latin1");
}

/** The value type and the version of a payload. */
async function dumped(ours: Ours, line: string): Promise<readonly [type: number, version: number]> {
  const reply = await ours.client.command(...line.split(" "));
  const payload = reply.subarray(reply.indexOf("\n") + 1, reply.length - 2);
  return [payload[0], payload.readUInt16LE(payload.length - 10)];
}

describe("the version of an image", () => {
  test("is 10 unless the data needs more, or what the directive or VERSION says", async () => {
    await using ours = await Ours.start({ dir });
    await fill(ours);
    for (const [line, header] of [
      ["SAVE", "REDIS0010"],
      ["SAVE VERSION 11", "REDIS0011"],
      ["SAVE version 12", "REDIS0012"],
      ["SAVE VERSION 80", "VALKEY080"],
      ["SAVE VERSION AUTO", "REDIS0010"],
    ]) {
      expect([line, await asked(ours, line)]).toEqual([line, "+OK\r\n"]);
      expect([line, saved()]).toEqual([line, header]);
    }
    expect(await asked(ours, "CONFIG SET rdb-version 11")).toBe("+OK\r\n");
    await asked(ours, "SAVE");
    expect(saved()).toBe("REDIS0011");
    expect(await asked(ours, "BGSAVE VERSION 80")).toBe("+Background saving started\r\n");
    await until("the background save", () => !ours.server.persistence.saving);
    expect(saved()).toBe("VALKEY080");
    expect(await asked(ours, "BGSAVE SCHEDULE VERSION 12")).toBe("+Background saving started\r\n");
    await until("the background save", () => !ours.server.persistence.saving);
    expect(saved()).toBe("REDIS0012");
    expect(await asked(ours, "BGSAVE")).toBe("+Background saving started\r\n");
    await until("the background save", () => !ours.server.persistence.saving);
    expect(saved()).toBe("REDIS0011");
  });

  test("is that of the first that has times of fields where there are some, and a version without is refused with a key and its type", async () => {
    await using ours = await Ours.start({ dir });
    await fill(ours);
    await asked(ours, "SELECT 3");
    await asked(ours, "HSET timed f 1");
    await asked(ours, "HEXPIRE timed 1000 FIELDS 1 f");
    await asked(ours, "SAVE");
    expect(saved()).toBe("REDIS0012");
    for (const line of ["SAVE", "BGSAVE", "BGSAVE SCHEDULE"])
      for (const version of [10, 11]) expect(await asked(ours, `${line} VERSION ${version}`)).toBe(REFUSED(version));
    expect(saved()).toBe("REDIS0012");
    expect(await asked(ours, "SAVE VERSION 80")).toBe("+OK\r\n");
    expect(saved()).toBe("VALKEY080");
    await asked(ours, "CONFIG SET rdb-version 10");
    expect(await asked(ours, "SAVE")).toBe(REFUSED(10));
    // What needs no such file goes on.
    expect(await asked(ours, "DEBUG RELOAD")).toBe("+OK\r\n");
    expect(await asked(ours, "HTTL timed FIELDS 1 f")).toMatch(/^\*1\r\n:\d+/);
    await asked(ours, "HPERSIST timed FIELDS 1 f");
    expect(await asked(ours, "SAVE")).toBe("+OK\r\n");
    expect(saved()).toBe("REDIS0010");
  });

  test("makes a save point fail that cannot say what there is", async () => {
    await using ours = await Ours.start({ dir, save: "1 1", "rdb-version": "10" });
    const { server } = ours;
    await asked(ours, "HSET timed f 1");
    await asked(ours, "HEXPIRE timed 1000 FIELDS 1 f");
    server.persistence.lastSaveAt -= 10;
    server.persistence.cron();
    expect(server.persistence.lastSaveOk).toBe(false);
    expect(ours.log).toContain(
      'Background saving error: ERR Can\'t store key "timed" (db 0), a hash with field expiration, in RDB version 10',
    );
    expect(await asked(ours, "SET a b")).toStartWith("-MISCONF");
    await asked(ours, "CONFIG SET rdb-version auto");
    expect(await asked(ours, "SAVE")).toBe("+OK\r\n");
    expect(await asked(ours, "SET a b")).toBe("+OK\r\n");
    await asked(ours, "CONFIG SET save ");
  });

  test("is asked for in no other form", async () => {
    await using ours = await Ours.start({ dir });
    for (const line of [
      "SAVE VERSION 10 11",
      "BGSAVE VERSION",
      "BGSAVE SCHEDULE VERSION",
      "BGSAVE VERSION 10 SCHEDULE",
      "DUMP k VERSION 10 x",
    ])
      expect([line, await asked(ours, line)]).toEqual([line, SYNTAX]);
    for (const line of ["SAVE VERSION 9", "BGSAVE VERSION 13", "BGSAVE SCHEDULE VERSION x", "DUMP k VERSION 81"])
      expect([line, await asked(ours, line)]).toEqual([line, UNKNOWN]);
    expect(await asked(ours, "CONFIG SET rdb-version 9")).toContain("argument(s) must be one of the following: auto, 10, 11, 12, 80");
    expect(await asked(ours, "CONFIG GET rdb-version")).toBe("*2\r\n$11\r\nrdb-version\r\n$4\r\nauto\r\n");
    expect(await asked(ours, "DUMP k VERSION 10")).toBe("$-1\r\n");
  });
});

test("a payload has the version asked for, the types of which it may have", async () => {
  await using ours = await Ours.start();
  await fill(ours);
  await asked(ours, "HSET timed f 1");
  await asked(ours, "HEXPIRE timed 1000 FIELDS 1 f");
  for (const [line, type, version] of [
    ["DUMP set", 2, 10],
    ["DUMP set VERSION 10", 2, 10],
    ["DUMP set VERSION 11", 20, 11],
    ["DUMP set VERSION 80", 20, 80],
    ["DUMP x", 19, 10],
    ["DUMP x VERSION 12", 21, 12],
    ["DUMP timed", 25, 12],
    ["DUMP timed VERSION 12", 25, 12],
    ["DUMP timed VERSION 80", 22, 80],
    ["DUMP h VERSION 80", 16, 80],
  ] as const)
    expect([line, ...(await dumped(ours, line))]).toEqual([line, type, version]);
  expect(await asked(ours, "DUMP timed VERSION 11")).toBe(REFUSED(11, 'key "timed"'));
  await asked(ours, "CONFIG SET rdb-version 10");
  expect(await asked(ours, "DUMP timed")).toBe(REFUSED(10, 'key "timed"'));
  await asked(ours, "CONFIG SET rdb-version 11");
  expect(await dumped(ours, "DUMP x")).toEqual([21, 11]);
});

test("an image of every version is read again as what it was", async () => {
  await using ours = await Ours.start({ dir });
  await fill(ours);
  await asked(ours, "XGROUP CREATECONSUMER x g idle");
  const digest = await asked(ours, "DEBUG DIGEST");
  const active = async (): Promise<string[]> =>
    [...(await asked(ours, "XINFO STREAM x FULL")).matchAll(/active-time\r\n(\S+)/g)].map(([, time]) => time);
  const before = await active();
  expect(before).toContain(":-1");
  for (const version of ["11", "12", "80", "10"]) {
    expect(await asked(ours, `SAVE VERSION ${version}`)).toBe("+OK\r\n");
    expect(await asked(ours, "DEBUG RELOAD NOSAVE")).toBe("+OK\r\n");
    expect([version, await asked(ours, "DEBUG DIGEST")]).toEqual([version, digest]);
    // When consumers were active is in no version before 11.
    if (version !== "10") expect([version, await active()]).toEqual([version, before]);
  }
});

testWithRedis("a file of version 10 that was asked for loads in Redis 7.0", async () => {
  await using ours = await Ours.start({ dir, "rdb-version": "10" });
  await fill(ours);
  const digest = await asked(ours, "DEBUG DIGEST");
  expect(await asked(ours, "SAVE")).toBe("+OK\r\n");
  await using redis = await startRedis({ args: ["--dir", dir, "--enable-debug-command", "yes", "--save", ""] });
  const client = await connect(redis.port);
  expect((await client.command("DEBUG", "DIGEST")).toString()).toBe(digest);
  client.close();
});

for (const [peer, versions] of [
  ["redis8", ["10", "11", "12"]],
  ["valkey9", ["10", "11", "80"]],
] as const) {
  const want = wantOfPeers(peer);
  test.skipIf(want !== "")(`files and payloads of the versions ${versions.join(", ")} are read by ${peer}${want}`, async () => {
    await using ours = await Ours.start({ dir });
    await fill(ours);
    for (const version of versions) {
      if (Number(version) > 11) {
        await asked(ours, "HSET timed f 1");
        await asked(ours, "HEXPIRE timed 1000 FIELDS 1 f");
      }
      expect(await asked(ours, `SAVE VERSION ${version}`)).toBe("+OK\r\n");
      await using server = await startPeer(peer, { args: ["--dir", dir, "--save", ""] });
      const client = await server.connect();
      const same = async (line: string): Promise<void> =>
        expect([version, line, await asked({ client }, line)]).toEqual([version, line, await asked(ours, line)]);
      await same("DBSIZE");
      for (const line of ["SMEMBERS set", "HGETALL h", "XRANGE x - +", "XPENDING x g", "HLEN timed"]) await same(line);
      if (Number(version) > 11) expect(await asked({ client }, "HTTL timed FIELDS 1 f")).toMatch(/^\*1\r\n:\d{3,4}/);
      for (const key of ["set", "x", ...(Number(version) > 11 ? ["timed"] : [])]) {
        const reply = await ours.client.command("DUMP", key, "VERSION", version);
        const payload = reply.subarray(reply.indexOf("\n") + 1, reply.length - 2);
        expect([key, (await client.command("RESTORE", `${key}2`, 0, payload)).toString()]).toEqual([key, "+OK\r\n"]);
      }
      client.close();
    }
  });
}
