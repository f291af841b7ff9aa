import { expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

const INTEGERS = [
  "0",
  "1",
  "-1",
  "999999999999999",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "+1",
  "01",
  "",
  "x",
];
const FLOATS = ["0.1", "-0.3", "1e10", "1e-10", "3.0e3", "1e4932", "-1e4932", "inf", "-inf", "nan", " 1", "1 ", ".5", "5.", "0x10", "-0"];

function pairs(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => [`field:${from + index}`, `value:${from + index}`]).flat();
}

/** The bulk strings in a reply. */
function words(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n([^\r\n]*)\r\n/g)].map(([, text]) => text);
}

/** Replies about whole hashes, whose order is each server's own, with their elements sorted: pairs as pairs. */
function inOrder(reply: string, [name]: Request): string {
  const command = String(name).toUpperCase();
  if (!["HGETALL", "HKEYS", "HVALS", "HSCAN", "HRANDFIELD"].includes(command) || reply.startsWith("-")) return reply;
  const width = command === "HGETALL" || command === "HSCAN" ? 2 : 1;
  const elements = words(reply);
  const cursor = command === "HSCAN" ? elements.splice(0, 1) : [];
  const groups: string[] = [];
  for (let at = 0; at < elements.length; at += width) groups.push(elements.slice(at, at + width).join(" = "));
  return [reply.slice(0, reply.indexOf("\r\n")), ...cursor, ...groups.sort()].join(", ");
}

describeWithRedis("hash commands answer as Redis does", () => {
  const comparison = useComparison();

  for (const protocol of [2, 3] as const) {
    test(`setting, reading and deleting, RESP${protocol}`, async () => {
      await comparison().compare(
        [
          [
            ["HSET", "h", "a", "1", "b", "two", "a", "3", "", "empty", "e", ""],
            ["HSET", "h", "a", "4", "c", "5"],
            ["hMsEt", "h", "d", "6", "a", "7"],
            ["HSETNX", "h", "a", "8"],
            ["HSETNX", "h", "f", "9"],
            ["HSETNX", "new", "f", "9"],
            ["HGET", "h", "a"],
            ["HGET", "h", ""],
            ["HGET", "h", "e"],
            ["HGET", "h", "missing"],
            ["HMGET", "h", "a", "missing", "b", "a", "e"],
            ["HGETALL", "h"],
            ["HKEYS", "h"],
            ["HVALS", "h"],
            ["HLEN", "h"],
            ["HSTRLEN", "h", "b"],
            ["HSTRLEN", "h", "a"],
            ["HSTRLEN", "h", "e"],
            ["HSTRLEN", "h", "missing"],
            ["HEXISTS", "h", "e"],
            ["HEXISTS", "h", "missing"],
            ["HDEL", "h", "a", "missing", "b", "a"],
            ["HGETALL", "h"],
            ["HDEL", "h", "c", "d", "", "e", "f", "f"],
            ["EXISTS", "h"],
            ["TYPE", "new"],
            ["OBJECT", "ENCODING", "new"],
          ],
        ],
        { protocol },
      );
    });

    test(`keys that are not there, or hold something else, RESP${protocol}`, async () => {
      const requests: Request[] = [
        ["HSET", "k", "a", "1"],
        ["HMSET", "k", "a", "1"],
        ["HSETNX", "k", "a", "1"],
        ["HINCRBY", "k", "a", "1"],
        ["HINCRBYFLOAT", "k", "a", "1"],
      ];
      const reading: Request[] = [
        ["HGET", "k", "a"],
        ["HMGET", "k", "a", "b"],
        ["HGETALL", "k"],
        ["HKEYS", "k"],
        ["HVALS", "k"],
        ["HLEN", "k"],
        ["HSTRLEN", "k", "a"],
        ["HEXISTS", "k", "a"],
        ["HDEL", "k", "a", "b"],
        ["HRANDFIELD", "k"],
        ["HRANDFIELD", "k", "3"],
        ["HRANDFIELD", "k", "-3", "WITHVALUES"],
        ["HRANDFIELD", "k", "0"],
        ["HRANDFIELD", "k", "x"],
        ["HSCAN", "k", "0"],
        ["HSCAN", "k", "17"],
        ["HSCAN", "k", "x"],
        ["HSCAN", "k", "0", "COUNT", "0"],
        ["HSCAN", "k", "0", "JUNK"],
      ];
      const emptied: Request[] = requests.flatMap((request) => [request, ["HGETALL", "k"], ["DEL", "k"]]);
      await comparison().compare([reading, emptied, [["SET", "k", "string"], ...requests, ...reading, ["GET", "k"]]], { protocol });
    });
  }

  test("too few and too many arguments", async () => {
    const requests: Request[] = [
      ["HSET", "h", "a", "1", "b"],
      ["HMSET", "h", "a", "1", "b"],
      ["HSET", "h", "a"],
      ["HMSET", "h", "a"],
    ];
    for (const name of ["HGETALL", "HKEYS", "HVALS", "HLEN"]) requests.push([name], [name, "h", "x"]);
    for (const name of ["HGET", "HSTRLEN", "HEXISTS", "HMGET", "HDEL", "HSCAN"]) requests.push([name, "h"]);
    for (const name of ["HSETNX", "HINCRBY", "HINCRBYFLOAT"]) requests.push([name, "h", "a"], [name, "h", "a", "1", "2"]);
    requests.push(["HRANDFIELD"], ["HRANDFIELD", "h", "1", "WITHVALUES", "x"], ["EXISTS", "h"]);
    await comparison().compare([requests]);
  });

  test("HINCRBY", async () => {
    const requests: Request[] = [];
    for (const value of INTEGERS) {
      for (const increment of INTEGERS) {
        requests.push(["HSET", "h", "f", value], ["HINCRBY", "h", "f", increment], ["HGET", "h", "f"], ["HINCRBY", "h", "f", increment]);
      }
    }
    for (const increment of INTEGERS) requests.push(["HINCRBY", `new:${increment}`, "f", increment], ["EXISTS", `new:${increment}`]);
    requests.push(["HSET", "h", "9007199254740993", "9007199254740993"], ["HINCRBY", "h", "9007199254740993", "2"], ["HGETALL", "h"]);
    await comparison().compare([requests]);
  });

  test("HINCRBYFLOAT", async () => {
    const requests: Request[] = [];
    for (const value of [...FLOATS, "10", "-9223372036854775808", "x", ""]) {
      for (const increment of [...FLOATS, "1", "x", ""]) {
        requests.push(["HSET", "h", "f", value], ["HINCRBYFLOAT", "h", "f", increment], ["HGET", "h", "f"]);
      }
    }
    for (const increment of FLOATS) requests.push(["HINCRBYFLOAT", "new", increment, increment]);
    requests.push(["HGETALL", "new"], ["OBJECT", "ENCODING", "new"], ["OBJECT", "ENCODING", "h"]);
    await comparison().compare([requests], { mask: inOrder });
  });

  test("encodings follow the sizes and the number of what is set", async () => {
    const cases: Request[][] = [
      [["HSET", "h", "a".repeat(64), "b".repeat(64)]],
      [["HSET", "h", "a", "b".repeat(65)]],
      [["HSET", "h", "a".repeat(65), "b"]],
      [["HSETNX", "h", "a".repeat(65), "b"]],
      [["HSET", "h", "a", "1", "a", "b".repeat(65), "a", "2"]],
      [["HSET", "h", ...pairs(0, 512)]],
      [
        ["HSET", "h", ...pairs(0, 500)],
        ["HSET", "h", ...pairs(500, 512)],
        ["HSET", "h", "field:0", "x"],
      ],
      [
        ["HSET", "h", ...pairs(0, 512)],
        ["HSET", "h", "one more", "x"],
      ],
      [
        ["HSET", "h", ...pairs(0, 512)],
        ["HSETNX", "h", "one more", "x"],
      ],
      [
        ["HSET", "h", ...pairs(0, 512)],
        ["HINCRBY", "h", "one more", "1"],
      ],
      [
        ["HSET", "h", ...pairs(0, 512)],
        ["HINCRBY", "h", "field:1", "1"],
      ],
      [["HINCRBY", "h", "f".repeat(65), "1"]],
      [["HINCRBYFLOAT", "h", "f", "1e80"]],
      [
        ["HSET", "h", ...pairs(0, 600)],
        ["HDEL", "h", ...pairs(10, 600)],
      ],
    ];
    await comparison().compare(
      cases.map((requests) => [...requests, ["OBJECT", "ENCODING", "h"], ["HLEN", "h"], ["HGETALL", "h"]]),
      { mask: inOrder },
    );
  });

  // Redis 7.0 looks at what is there afterwards: 512 fields.
  test("more fields than are allowed make a hash large though some come twice", async () => {
    const client = await connect(comparison().ours.port);
    await client.command("DEL", "h");
    await client.command("HSET", "h", ...pairs(0, 512), "field:0", "again");
    expect((await client.command("OBJECT", "ENCODING", "h")).toString()).toBe("$9\r\nhashtable\r\n");
    expect((await client.command("HLEN", "h")).toString()).toBe(":512\r\n");
    client.close();
  });

  test("lowered and raised limits", async () => {
    await comparison().compare(
      [
        [
          ["HSET", "h", ...pairs(0, 5)],
          ["CONFIG", "SET", "hash-max-listpack-entries", "4", "hash-max-listpack-value", "10"],
          ["OBJECT", "ENCODING", "h"],
          ["HSET", "h", "field:1", "1"],
          ["OBJECT", "ENCODING", "h"],
          ["HSET", "i", "a", "12345678901"],
          ["OBJECT", "ENCODING", "i"],
          ["HINCRBY", "j", "a", "12345678901"],
          ["OBJECT", "ENCODING", "j"],
          ["CONFIG", "SET", "hash-max-listpack-entries", "0"],
          ["HSET", "k", "a", "1"],
          ["OBJECT", "ENCODING", "k"],
          ["CONFIG", "SET", "hash-max-listpack-entries", "512", "hash-max-listpack-value", "64"],
        ],
      ],
      { mask: inOrder },
    );
  });

  test("random requests on packed and large hashes", async () => {
    const random = new Random(20250712);
    const fields = ["", "1", "-1", "a", "field", "9223372036854775807", "\xff\x00", "f".repeat(64), "g".repeat(65)];
    const values = ["", "0", "7", "-12345", "1.5", "text", "v".repeat(64), "w".repeat(65), "x".repeat(40_000)];
    const cases = Array.from({ length: 12 }, (_, index) => {
      const start: Request[] = index % 2 === 0 ? [] : [["HSET", "h", ...pairs(0, 520)]];
      const own = index % 2 === 0 ? fields.slice(0, -1) : fields;
      const held = index % 2 === 0 ? values.slice(0, -2) : values;
      const steps = Array.from({ length: 150 }, (): Request => {
        const field = random.chance(0.2) ? `field:${random.below(520)}` : random.pick(own);
        return random.pick<Request>([
          ["HSET", "h", field, random.pick(held)],
          ["HSET", "h", field, random.pick(held), random.pick(own), random.pick(held)],
          ["HSETNX", "h", field, random.pick(held)],
          ["HGET", "h", field],
          ["HMGET", "h", field, random.pick(own)],
          ["HDEL", "h", field, random.pick(own)],
          ["HSTRLEN", "h", field],
          ["HINCRBY", "h", field, String(random.between(-1e9, 1e9))],
          ["HINCRBYFLOAT", "h", field, String(random.between(-1000, 1000) / 8)],
          ["HLEN", "h"],
          ["HGETALL", "h"],
          ["OBJECT", "ENCODING", "h"],
        ]);
      });
      return [...start, ...steps];
    });
    await comparison().compare(cases, { mask: inOrder });
  });

  test("HRANDFIELD's arguments, and whole hashes of it", async () => {
    const counts = ["0", "x", "", "1.5", "9223372036854775808", "-9223372036854775808", "9223372036854775807", "600"];
    const wide = ["4611686018427387903", "4611686018427387904", "-4611686018427387904", "-9223372036854775807"];
    for (const [count, protocol] of [
      [5, 2],
      [5, 3],
      [512, 2],
      [600, 3],
    ] as const) {
      const requests: Request[] = [["HSET", "h", ...pairs(0, count)]];
      for (const each of counts) requests.push(["HRANDFIELD", "h", each], ["HRANDFIELD", "h", each, "withvalues"]);
      for (const each of wide.slice(0, 3)) requests.push(["HRANDFIELD", "missing", each, "WITHVALUES"]);
      for (const each of wide) requests.push(["HRANDFIELD", "missing", each]);
      requests.push(["HRANDFIELD", "h", wide[1], "WITHVALUES"], ["HRANDFIELD", "h", wide[2], "WITHVALUES"]);
      requests.push(["HRANDFIELD", "h", "1", "junk"], ["HRANDFIELD", "h", "x", "junk"], ["HRANDFIELD", "h", "1", "WITHVALUES", "x"]);
      await comparison().compare([requests], { protocol, mask: inOrder });
    }
  });

  test("HRANDFIELD's draws have the shape that Redis's have", async () => {
    const shape = (reply: string): string => reply.replace(/\$\d+\r\n(field|value):\d+\r\n/g, "$1 ");
    for (const protocol of [2, 3] as const) {
      for (const size of [1, 20, 600]) {
        const requests: Request[] = [
          ["HSET", "h", ...pairs(0, size)],
          ["HRANDFIELD", "h"],
        ];
        for (const count of ["1", "-1", "7", "-7", "15", "250", "-250", "599"]) {
          requests.push(["HRANDFIELD", "h", count], ["HRANDFIELD", "h", count, "WITHVALUES"]);
        }
        await comparison().compare([requests], { protocol, mask: shape });
      }
    }
  });

  test("HSCAN of packed hashes, and of large ones in one call", async () => {
    for (const [size, protocol] of [
      [5, 2],
      [512, 3],
      [600, 2],
    ] as const) {
      const requests: Request[] = [["HSET", "h", ...pairs(0, size), "1", "2", "9007199254740993", "big"]];
      for (const options of [
        ["COUNT", "10000"],
        ["COUNT", "10000", "MATCH", "*1*"],
        ["MATCH", "field:1?", "count", "20000"],
        ["COUNT", "10000", "MATCH", "9*3"],
        ["COUNT", "10000", "MATCH", "value*"],
        ["COUNT", "10000", "MATCH", "*"],
        ["COUNT", "9223372036854775807"],
        ["COUNT", "0"],
        ["COUNT", "x"],
        ["COUNT", "9223372036854775808"],
        ["COUNT"],
        ["MATCH"],
        ["TYPE", "hash"],
        ["x", "y"],
      ]) {
        requests.push(["HSCAN", "h", "0", ...options]);
      }
      requests.push(["HSCAN", "h", "x"], ["HSCAN", "h", "-1x"], ["HSCAN", "h", "18446744073709551616"]);
      if (size <= 510) requests.push(["HSCAN", "h", "0"], ["HSCAN", "h", "5"], ["HSCAN", "h", "0", "COUNT", "1"]);
      await comparison().compare([requests], { protocol, mask: inOrder });
    }
  });

  test("propagation and keyspace events", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["HSET", "h", "a", "1", "b", "2"],
      ["HSET", "h", "a", "1"],
      ["hmset", "h", "a", "2"],
      ["HSETNX", "h", "a", "3"],
      ["HSETNX", "h", "c", "3"],
      ["HINCRBY", "h", "c", "5"],
      ["HINCRBY", "h", "c", "x"],
      ["HINCRBY", "h", "c", "9223372036854775807"],
      ["HINCRBY", "h", "wide", "9223372036854775807"],
      ["HINCRBYFLOAT", "h", "c", "0.5"],
      ["HINCRBYFLOAT", "h", "c", "inf"],
      ["HINCRBYFLOAT", "other", "f", "1e3"],
      ["HDEL", "h", "missing"],
      ["HDEL", "missing", "missing"],
      ["HDEL", "h", "a", "missing", "b"],
      ["HDEL", "h", "c", "wide", "again"],
      ["HGET", "h", "a"],
      ["HSET", "large", ...pairs(0, 520)],
      ["HRANDFIELD", "large", "3"],
      ["HDEL", "large", ...pairs(0, 520)],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("transactions that watch a hash notice its changes and nothing else", async () => {
    const watched = (request: Request, other: Request): Request[] => [["WATCH", "h"], request, ["MULTI"], other, ["EXEC"]];
    await comparison().compare([
      [
        ["HSET", "h", "a", "1"],
        ...watched(["HSETNX", "h", "a", "2"], ["HGET", "h", "a"]),
        ...watched(["HDEL", "h", "missing"], ["HGET", "h", "a"]),
        ...watched(["HINCRBY", "h", "a", "x"], ["HGET", "h", "a"]),
        ...watched(["HSET", "h", "a", "1"], ["HGET", "h", "a"]),
        ...watched(["HINCRBY", "h", "a", "1"], ["HGET", "h", "a"]),
        ...watched(["HDEL", "h", "a"], ["HGET", "h", "a"]),
      ],
    ]);
  });

  test("each change counts as often as in Redis", async () => {
    const changes = async (port: number): Promise<number[]> => {
      const client = await connect(port);
      const counts: number[] = [];
      const count = async (): Promise<number> =>
        Number(/rdb_changes_since_last_save:(\d+)/.exec((await client.command("INFO", "persistence")).toString())?.[1]);
      await client.command("FLUSHALL");
      for (const request of [
        ["HSET", "h", "a", "1", "b", "2", "a", "3"],
        ["HDEL", "h", "a", "x"],
        ["HDEL", "h", "b"],
        ["HSET", "h", ...pairs(0, 520)],
        ["HINCRBY", "h", "n", "1"],
        ["HDEL", "h", "n", ...pairs(0, 520)],
      ]) {
        const before = await count();
        await client.command(...request);
        counts.push((await count()) - before);
      }
      client.close();
      return counts;
    };
    expect(await changes(comparison().ours.port)).toEqual(await changes(comparison().redis.port));
  });

  test("HSCAN lists every field that stays, while others come and go", async () => {
    const client = await connect(comparison().ours.port);
    try {
      await client.command("DEL", "h");
      await client.command("HSET", "h", ...pairs(0, 3000));
      const seen = await scanAll(client, async (round) => {
        const from = 3000 + round * 50;
        await client.command("HSET", "h", ...pairs(from, from + 50));
        if (round > 20) await client.command("HDEL", "h", ...pairs(from - 1000, from - 950));
      });
      for (let index = 0; index < 3000; index++) expect(seen.get(`field:${index}`)).toBe(`value:${index}`);
    } finally {
      client.close();
    }
  });

  test("HRANDFIELD with a negative count draws from all fields, and values are those of their fields", async () => {
    const client = await connect(comparison().ours.port);
    try {
      for (const size of [100, 1000]) {
        await client.command("DEL", "h");
        await client.command("HSET", "h", ...pairs(0, size));
        const drawn = words((await client.command("HRANDFIELD", "h", -20 * size, "WITHVALUES")).toString("latin1"));
        expect(drawn.length).toBe(40 * size);
        const seen = new Set<string>();
        for (let at = 0; at < drawn.length; at += 2) {
          expect(drawn[at].replace("field", "value")).toBe(drawn[at + 1]);
          seen.add(drawn[at]);
        }
        expect(seen.size).toBeGreaterThan(size * 0.98);
        for (const count of [size / 10, size / 2, size - 1]) {
          const sample = words((await client.command("HRANDFIELD", "h", count)).toString("latin1"));
          expect(new Set(sample).size).toBe(count);
        }
      }
    } finally {
      client.close();
    }
  });
});

/** Walks the whole hash, with `between` after each call. -> what came up, fields with values. */
async function scanAll(client: RawClient, between: (round: number) => Promise<void>): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  let cursor = "0";
  let round = 0;
  do {
    const [next, ...elements] = words((await client.command("HSCAN", "h", cursor, "COUNT", 20)).toString("latin1"));
    cursor = next;
    for (let at = 0; at < elements.length; at += 2) seen.set(elements[at], elements[at + 1]);
    await between(round++);
  } while (cursor !== "0" && round < 10_000);
  return seen;
}
