import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { Collation } from "../../src/base/collation.ts";
import { connect, type Word } from "../support/client.ts";
import { startServer as startProcess } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const PROGRAM = [process.execPath, "run", resolve(import.meta.dir, "../../src/main.ts")];

/** Words whose order is another in most languages than that of their bytes. */
const WORDS = [
  "b",
  "a",
  "B",
  "A",
  "ä",
  "Å",
  "z",
  "Zebra",
  "zebra",
  "éclair",
  "eclair",
  "Eclat",
  "co-op",
  "coop",
  "co op",
  "_x",
  "x",
  "10",
  "9",
  "",
  "ß",
];

/** A locale of this machine with an order of its own; null where there is none. */
function someLocale(): string | null {
  try {
    const { stdout } = Bun.spawnSync(["locale", "-a"]);
    const names = stdout.toString().split("\n");
    return names.find((name) => /^[a-z]{2}_[A-Z]{2}\.utf-?8$/i.test(name)) ?? null;
  } catch {
    return null;
  }
}

const LOCALE = process.env.LOCPATH === undefined ? someLocale() : "en_US.UTF-8";

const ASKED: readonly (readonly Word[])[] = [
  ["RPUSH", "l", ...WORDS],
  ["SORT", "l", "ALPHA"],
  ["SORT", "l", "ALPHA", "DESC"],
  ["SORT", "l", "ALPHA", "LIMIT", 3, 4],
  ["SORT", "l", "ALPHA", "STORE", "stored"],
  ["LRANGE", "stored", 0, -1],
  ["MSET", ...WORDS.flatMap((word, index) => [`w:${word}`, WORDS[(index * 7) % WORDS.length]])],
  ["DEL", "w:x"],
  ["SORT", "l", "BY", "w:*", "ALPHA"],
  ["SORT", "l", "BY", "w:*", "ALPHA", "LIMIT", 2, 5],
  ["SORT", "l", "BY", "w:*", "ALPHA", "STORE", "stored"],
  ["LRANGE", "stored", 0, -1],
];

describe("locale-collate", () => {
  // Redis 7.0 has no such directive: it follows the environment.
  test.skipIf(LOCALE === null || Bun.which("redis-server") === null)(
    `has SORT ALPHA follow a language as Redis does (${LOCALE ?? "skipped: this machine has the C locale only"})`,
    async () => {
      const env = { LC_ALL: LOCALE ?? "" };
      await using redis = await startRedis({ env });
      await using ours = await startProcess(PROGRAM, { env, args: ["--save", ""] });
      await using told = await startProcess(PROGRAM, { env: { LC_ALL: "C" }, args: ["--save", "", "--locale-collate", LOCALE ?? ""] });
      const seen = await Promise.all(
        [redis, ours, told].map(async (server) => {
          const client = await server.connect();
          const replies: string[] = [];
          for (const words of ASKED) replies.push((await client.command(...words)).toString());
          client.close();
          return replies;
        }),
      );
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
    },
  );

  test("is refused for a locale that is not there, and keeps the order of before", async () => {
    await using server = await startServer({ "locale-collate": "C" });
    const client = await connect(server.port);
    for (const name of ["nowhere", "en_US.", "!"])
      expect((await client.command("CONFIG", "SET", "locale-collate", name)).toString()).toBe(
        "-ERR CONFIG SET failed (possibly related to argument 'locale-collate') - Invalid locale name\r\n",
      );
    expect(await client.text("CONFIG", "SET", "locale-collate", "POSIX")).toBe("OK");
    await client.command("RPUSH", "l", ...WORDS);
    const sorted = WORDS.map((word) => Buffer.from(word)).sort(Buffer.compare);
    const reply = Buffer.concat([
      Buffer.from(`*${WORDS.length}\r\n`),
      ...sorted.map((word) => Buffer.from(`$${word.length}\r\n${word}\r\n`)),
    ]);
    expect((await client.command("SORT", "l", "ALPHA")).toString()).toBe(reply.toString());
    client.close();
  });

  test("at the start is an error where it is named, and is passed over where the environment names it", async () => {
    expect(startServer({ "locale-collate": "nowhere" })).rejects.toThrow("Failed to configure LOCALE for invalid locale name.");
    await using server = await startProcess(PROGRAM, { env: { LC_ALL: "nowhere" }, args: ["--save", ""] });
    expect(await server.log()).toContain("Failed to configure LOCALE for invalid locale name.");
  });

  test("C, POSIX and C.UTF-8 are the order of bytes", () => {
    const collation = new Collation();
    for (const name of ["C", "POSIX", "C.UTF-8", "C.utf8"])
      expect([name, collation.use(name), collation.byBytes]).toEqual([name, true, true]);
  });
});
