import { describe, expect, test } from "bun:test";
import { until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { type Comparison, type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

/** Strings of every form: int, embstr, raw, compressible, too long for the arena, with an expiry, in several databases; keys long and binary. */
const DATA: readonly Request[] = [
  ["SET", "int", "12345"],
  ["SET", "negative", "-42"],
  ["SET", "embedded", "hello"],
  ["SET", "raw", "x".repeat(60)],
  ["SET", "mixed", "the quick brown fox jumps over the lazy dog, and does it again"],
  ["SET", "compressible", "abc".repeat(1000)],
  ["SET", "huge", "0123456789".repeat(20_000)],
  ["SET", "empty", ""],
  ["SET", "k".repeat(40_000), "long key"],
  ["SET", Buffer.from([0, 255, 13, 10]), Buffer.from([255, 0, 10])],
  ["SET", "expiring", "soon", "EX", "10000"],
  ["SELECT", "3"],
  ["SET", "elsewhere", "1"],
];

/** DEBUG OBJECT's address and access time differ by nature. */
function maskObject(reply: string): string {
  return reply
    .replace(/at:0x[0-9a-f]+/, "at:ADDRESS")
    .replace(/refcount:\d+/, "refcount:N")
    .replace(/lru:\d+ lru_seconds_idle:\d+/, "lru:TIME");
}

async function withOurs(comparison: Comparison, work: (client: RawClient) => Promise<void>): Promise<void> {
  const client = await connect(comparison.ours.port);
  try {
    await work(client);
  } finally {
    client.close();
  }
}

describeWithRedis("DEBUG like Redis", () => {
  const comparison = useComparison();

  test("DIGEST and DIGEST-VALUE are the same for the same data", async () => {
    await comparison().compare([
      [["DEBUG", "DIGEST"]],
      [...DATA, ["DEBUG", "DIGEST"], ["SELECT", "0"], ["DEBUG", "DIGEST-VALUE", "int", "raw", "huge", "expiring", "none", "empty"]],
      [["DEBUG", "DIGEST-VALUE"]],
    ]);
  });

  test("OBJECT tells the same encodings and lengths", async () => {
    // Not those that LZF shortens: ours finds shorter forms than liblzf.
    const keys = ["int", "negative", "embedded", "mixed", "empty", "none"];
    await comparison().compare([[...DATA, ["SELECT", "0"], ...keys.map((key) => ["DEBUG", "OBJECT", key])]], { mask: maskObject });
  });

  test("PROTOCOL answers with one of each kind, in RESP2 and RESP3", async () => {
    const kinds = [
      "string",
      "integer",
      "bignum",
      "null",
      "array",
      "set",
      "map",
      "attrib",
      "push",
      "verbatim",
      "true",
      "false",
      "NULL",
      "nosuch",
    ];
    const cases = kinds.map((kind) => [["DEBUG", "PROTOCOL", kind]]);
    await comparison().compare(cases);
    // The push overtakes nothing here: it is a reply of its own, and the one after it is left unread by the conversation.
    await comparison().compare(cases, { protocol: 3 });
    await comparison().compare([[["DEBUG", "PROTOCOL", "double"]]], { protocol: 3 });
    // Redis 7.0 shows seventeen digits of it to RESP2 clients, 7.2 the shortest form.
    await withOurs(comparison(), async (client) => {
      expect((await client.command("DEBUG", "PROTOCOL", "double")).toString()).toBe("$5\r\n3.141\r\n");
    });
  });

  test("POPULATE makes the same keys", async () => {
    await comparison().compare([
      [["SET", "key:3", "kept"], ["DEBUG", "POPULATE", "100"], ["DBSIZE"], ["GET", "key:3"], ["GET", "key:99"], ["DEBUG", "DIGEST"]],
      [
        ["DEBUG", "POPULATE", "10", "p", "4"],
        ["DEBUG", "DIGEST"],
      ],
      [
        ["DEBUG", "POPULATE", "10", "p", "300"],
        ["DEBUG", "DIGEST"],
      ],
      [["DEBUG", "POPULATE", "2", "p".repeat(200)], ["DBSIZE"], ["DEBUG", "DIGEST"]],
      [["DEBUG", "POPULATE", "0"], ["DBSIZE"]],
      [["DEBUG", "POPULATE", "-1"]],
      [["DEBUG", "POPULATE", "many"]],
      [["DEBUG", "POPULATE", "1", "p", "-1"]],
      [["DEBUG", "POPULATE"]],
    ]);
  });

  test("the small ones answer the same", async () => {
    await comparison().compare([
      [["DEBUG", "SLEEP", "0.001"]],
      [["DEBUG", "SLEEP", "nonsense"]],
      [["DEBUG", "SLEEP"]],
      [
        ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
        ["DEBUG", "SET-ACTIVE-EXPIRE", "1"],
      ],
      [["DEBUG", "ERROR", "MINE is this\r\nerror"]],
      [["DEBUG", "LOG", "a message"]],
      [["DEBUG", "CHANGE-REPL-ID"]],
      [
        ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b"],
        ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"],
      ],
      [["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "4gb"]],
      [["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "ten"]],
      [
        ["DEBUG", "PAUSE-CRON", "1"],
        ["DEBUG", "PAUSE-CRON", "0"],
      ],
      [
        ["DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "NEVER"],
        ["DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "RESET"],
      ],
      [["DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "often"]],
      [["DEBUG", "REPLYBUFFER", "RESIZING", "1"]],
      [["DEBUG", "REPLYBUFFER", "NOSUCH", "1"]],
      [["DEBUG", "REPLICATE", "SET", "x", "y"]],
      [
        ["SET", "s", "v"],
        ["DEBUG", "LISTPACK", "s"],
        ["DEBUG", "QUICKLIST", "s", "1"],
        ["DEBUG", "HTSTATS-KEY", "s"],
      ],
      [
        ["DEBUG", "LISTPACK", "none"],
        ["DEBUG", "QUICKLIST", "none"],
        ["DEBUG", "HTSTATS-KEY", "none"],
        ["DEBUG", "OBJECT", "none"],
      ],
      [
        ["DEBUG", "HTSTATS", "16"],
        ["DEBUG", "HTSTATS", "-1"],
        ["DEBUG", "HTSTATS", "one"],
      ],
      [["DEBUG", "NOSUCH"], ["debug", "NOSUCH"], ["DEBUG", "x".repeat(200)], ["DEBUG", "DIGEST", "x"], ["DEBUG"]],
      [["DEBUG", "RELOAD", "SOMEHOW"]],
    ]);
  });

  test("RELOAD keeps the data set, whole or merged", async () => {
    await comparison().compare([
      [...DATA, ["DEBUG", "RELOAD"], ["DEBUG", "DIGEST"], ["DBSIZE"]],
      [["SET", "a", "1"], ["SAVE"], ["SET", "a", "2"], ["SET", "b", "3"], ["DEBUG", "RELOAD", "NOSAVE"], ["GET", "a"], ["GET", "b"]],
      [
        ["SET", "a", "1"],
        ["SAVE"],
        ["SET", "a", "2"],
        ["SET", "b", "3"],
        ["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"],
        ["GET", "a"],
        ["GET", "b"],
      ],
    ]);
  });

  test("HTSTATS tells the size of the table and counts every key once", async () => {
    await comparison().compare([[["DEBUG", "HTSTATS", "9"]]], {
      mask: (reply) => /\[Dictionary HT\]\n(.*\n)*?(?=\[)/.exec(reply)?.[0] ?? reply,
    });
    await withOurs(comparison(), async (client) => {
      await client.command("FLUSHALL");
      await client.command("DEBUG", "POPULATE", "100");
      const stats = await client.text("DEBUG", "HTSTATS", "0", "full");
      const counted = [...stats.matchAll(/^ {3}(\d+): (\d+) \(/gm)].map(([, length, chains]) => Number(length) * Number(chains));
      const elements = [...stats.matchAll(/^ number of elements: (\d+)$/gm)].map(([, count]) => Number(count));
      expect(counted.reduce((sum, keys) => sum + keys, 0)).toBe(100);
      expect(elements.slice(0, -1).reduce((sum, keys) => sum + keys, 0)).toBe(100);
    });
  });
});

describe("DEBUG", () => {
  const REFUSAL =
    '-ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set ' +
    "this option in the configuration file, and then restart the server.\r\n";

  test("is for those whom enable-debug-command names", async () => {
    for (const [allowed, answer] of [
      ["no", REFUSAL],
      ["local", "+OK\r\n"],
      ["yes", "+OK\r\n"],
    ] as const) {
      const server = await startServer({ "enable-debug-command": allowed });
      const client = await connect(server.port);
      expect((await client.command("DEBUG", "SLEEP", "0")).toString()).toBe(answer);
      client.close();
      await server.stop();
    }
  });

  test("HELP names every subcommand that there is", async () => {
    const server = await startServer();
    const client = await connect(server.port);
    const help = (await client.command("DEBUG", "HELP")).toString("latin1");
    for (const word of ["DIGEST", "DIGEST-VALUE", "OBJECT", "POPULATE", "PROTOCOL", "RELOAD", "SLEEP", "HTSTATS", "PAUSE-CRON"]) {
      expect(help).toContain(`+${word}`);
    }
    client.close();
    await server.stop();
  });

  test("SET-ACTIVE-EXPIRE 0 leaves an expired key where it is, and 1 has it go", async () => {
    const server = await startServer({ hz: "100" });
    const client = await connect(server.port);
    await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await client.command("SET", "k", "v", "PX", "1");
    await client.command("DEBUG", "SLEEP", "0.1");
    expect(server.server.housekeeping.activeExpiry).toBe(false);
    expect(await client.text("DBSIZE")).toBe("1");
    await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    await until("the key to go", async () => (await client.text("DBSIZE")) === "0");
    client.close();
    await server.stop();
  });
});
