/** SORT and SORT_RO, compared with a real Redis byte for byte. */
import { describe, expect, test } from "bun:test";
import { connect, type RawClient, replyText } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { useServer } from "../support/server.ts";

function range(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from }, (_, index) => prefix + (from + index));
}

/** Lists, sets and sorted sets of every encoding, weights and hashes that patterns lead to, and keys that cannot be sorted. */
const DATA: readonly Request[] = [
  ["RPUSH", "numbers", "10", "9", "-1", "2.5", "1e2", "0x1f", "2.50", "-0", "0", "10"],
  ["RPUSH", "words", "b", "a", "", "B", "aa", "\xff", "a", "abcdefgh", "abcdefgi", "abcdef"],
  ["RPUSH", "ids", "1", "3", "2", "5", "4", "5"],
  ["RPUSH", "wide", "9223372036854775807", "-9223372036854775808", "9007199254740993", "9007199254740992", "9007199254740994"],
  ["RPUSH", "long", ...range(0, 300, "element-")],
  ["SADD", "ints", "5", "3", "1", "4", "2"],
  ["SADD", "fewWords", "a", "c", "b"],
  ["ZADD", "scores", "3", "1", "2", "2", "1", "3", "0", "4", "0", "5"],
  ["ZADD", "manyScores", ...range(0, 200).flatMap((n) => [String(Number(n) % 7), `z${n}`])],
  [
    "MSET",
    "w1",
    "30",
    "w2",
    "10",
    "w3",
    "20",
    "w5",
    "10",
    "t1",
    "c",
    "t2",
    "a",
    "t3",
    "b",
    "t5",
    "a",
    "empty1",
    "",
    "object1",
    "one",
    "object3",
    "three",
  ],
  ["HSET", "h1", "f", "9", "name", "nine", "->", "arrow"],
  ["HSET", "h2", "f", "8", "name", "eight"],
  ["HSET", "h3", "f", "7"],
  ["RPUSH", "w4", "a list"],
  ["SET", "bad1", "x"],
  ["SET", "text", "x"],
  ["HSET", "hash", "a", "b"],
];
const KEYS = ["numbers", "words", "ids", "wide", "long", "ints", "fewWords", "scores", "manyScores", "missing", "text", "hash"];
/** What SORT leaves to chance: the order of sets and sorted sets where nothing is compared, or weights are equal. */
const CHANCE = new Set(["fewWords", "scores", "manyScores"]);

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

describeWithRedis("SORT answers as Redis does", () => {
  const comparison = useComparison();

  for (const protocol of [2, 3] as const) {
    test(`every type with every option, RESP${protocol}`, async () => {
      const requests: Request[] = [...DATA];
      for (const name of KEYS) {
        for (const order of ["", "ASC", "desc", "DESC ASC"]) {
          for (const option of [
            "",
            "ALPHA",
            "LIMIT 1 3",
            "alpha limit 0 2",
            "BY nosort",
            "BY nosort LIMIT 1 2",
            "BY nosort ALPHA LIMIT 2 -1",
          ]) {
            if (CHANCE.has(name) && name === "fewWords" && option.includes("nosort")) continue;
            requests.push(["SORT", name, ...words(order), ...words(option)], ["SORT_RO", name, ...words(option), ...words(order)]);
            requests.push(["SORT", name, ...words(option), "STORE", "to", ...words(order)], ["LRANGE", "to", "0", "-1"]);
          }
        }
      }
      await comparison().compare([requests], { protocol });
    });

    test(`BY and GET, RESP${protocol}`, async () => {
      const requests: Request[] = [...DATA];
      const gets = [
        "",
        "GET #",
        "GET object*",
        "GET object* GET # GET h*->name",
        "GET h*->f",
        "GET h*->",
        "GET h*->nothing",
        "GET nothing",
        "GET w*",
        "GET **",
        "GET #*",
        "GET *->f",
        "GET h*->->",
      ];
      const bys = [
        "BY w*",
        "BY h*->f",
        "BY missing*",
        "BY empty*",
        "BY # ",
        "BY h*->",
        "BY t* ALPHA",
        "BY h*->name ALPHA",
        "BY missing* ALPHA",
        "BY w* BY nosort",
        "BY nosort BY w*",
        "BY *",
        "BY nothing->f",
      ];
      for (const name of ["ids", "ints", "missing", "text"]) {
        for (const get of gets) {
          for (const by of ["", ...bys]) {
            for (const order of ["", "DESC", "LIMIT 1 2", "LIMIT 1 2 DESC"])
              requests.push(["SORT", name, ...words(by), ...words(get), ...words(order)]);
          }
          requests.push(["SORT", name, ...words(get), "STORE", "to"], ["LRANGE", "to", "0", "-1"], ["SORT_RO", name, ...words(get)]);
        }
      }
      await comparison().compare([requests], { protocol });
    });
  }

  test("LIMIT at and beyond all edges", async () => {
    const requests: Request[] = [...DATA];
    const numbers = ["-9223372036854775808", "-2", "-1", "0", "1", "4", "5", "6", "7", "9223372036854775807"];
    for (const name of ["ids", "ints", "scores", "missing"]) {
      for (const offset of numbers) {
        for (const count of numbers) {
          for (const option of ["", "DESC", "BY w*", "BY nosort", "BY nosort DESC", "BY t* ALPHA"]) {
            if (name === "scores" && option === "BY t* ALPHA") continue;
            requests.push(["SORT", name, "LIMIT", offset, count, ...words(option)]);
          }
          requests.push(["SORT", name, "LIMIT", offset, count, "STORE", "to"], ["LRANGE", "to", "0", "-1"]);
        }
      }
    }
    await comparison().compare([requests]);
  });

  test("bad requests get the same errors", async () => {
    const requests: Request[] = [...DATA];
    const bad = [
      "junk",
      "LIMIT",
      "LIMIT 1",
      "LIMIT x 1",
      "LIMIT 1 x",
      "LIMIT 1 9223372036854775808",
      "BY",
      "GET",
      "STORE",
      "ASC junk",
      "LIMIT x 1 junk",
      "junk LIMIT x 1",
      "GET a BY",
      "ALPHA ALPHA x",
      "STORE a STORE",
    ];
    for (const name of KEYS) {
      for (const option of bad) requests.push(["SORT", name, ...words(option)], ["SORT_RO", name, ...words(option)]);
      requests.push(
        ["SORT_RO", name, "STORE", "to"],
        ["SORT", name, "STORE", "a", "STORE", "b", "ALPHA"],
        ["LRANGE", "b", "0", "-1"],
        ["EXISTS", "a"],
      );
      requests.push(
        ["SORT", name, "BY", "bad*"],
        ["SORT", name, "BY", "bad*", "STORE", "to"],
        ["SORT", name, "STORE", "text"],
        ["SORT", name, "BY", "w*", "STORE", name],
      );
      requests.push(["SORT"], ["SORT_RO"], ["DEL", "text", "to", "b", ...KEYS], ...DATA);
    }
    await comparison().compare([requests]);
  });

  test("what is a number for it, and what is not", async () => {
    const texts = [
      "1",
      "+1",
      " 1",
      "1 ",
      "1e5",
      "1e400",
      "-1e400",
      "1e-400",
      "1e-310",
      "1e-308",
      "2.3e-308",
      "0e-999",
      "inf",
      "-INF",
      "infinity",
      "nan",
      "0x10",
      "0x1p-1074",
      "0x1p-1075",
      "1.",
      ".5",
      ".",
      "-",
      "1e",
      "1_0",
      "",
      "\t-3",
      "1\x002",
    ];
    // A conversation each: Redis looks at the machine's last error, and one that is out of range is not forgotten before the next connection.
    const cases = texts.map((text): Request[] => [
      ["RPUSH", "k", "1", text],
      ["SORT", "k"],
      ["SET", "v1", text],
      ["SORT", "k", "BY", "v*"],
      ["SORT", "k", "DESC", "BY", "v*", "LIMIT", "0", "1"],
    ]);
    await comparison().compare(cases);
  });

  test("equal weights leave elements where they were, but for LIMIT, which moves them as Redis does", async () => {
    for (const count of [5, 7, 8, 41, 100, 300]) {
      const random = new Random(count);
      const requests: Request[] = [["RPUSH", "k", ...Array.from({ length: count }, () => String(random.below(1000)))]];
      for (let id = 0; id < 1000; id++) {
        const kind = random.below(5);
        if (kind < 4) requests.push(["SET", `w${id}`, "abcdefgh".slice(0, kind + 4)]);
      }
      for (const order of ["", "DESC"]) {
        for (const limit of ["", "LIMIT 0 1", "LIMIT 1 3", "LIMIT 3 40", "LIMIT 0 99", "LIMIT 50 1000", "LIMIT 0 -1"]) {
          requests.push(["SORT", "k", "BY", "w*", "ALPHA", ...words(order), ...words(limit)]);
          requests.push(["SORT", "k", "ALPHA", ...words(order), ...words(limit), "GET", "#", "GET", "w*"]);
          requests.push(["SORT", "k", ...words(order), ...words(limit)]);
        }
      }
      await comparison().compare([requests]);
    }
  });

  test("strings with much in common", async () => {
    for (const length of [1, 5, 6, 7, 12, 90, 95, 96, 97, 200, 5000]) {
      const random = new Random(length);
      const common = "\xffprefix".repeat(length).slice(0, length);
      const element = () =>
        common.slice(0, length - random.below(2)) + random.pick(["", "a", "b", "\x01", "\xff", "abcdefghijkl", "abcdefghijkm"]);
      const requests: Request[] = [["RPUSH", "k", ...Array.from({ length: 60 }, element)]];
      requests.push(
        ["SORT", "k", "ALPHA"],
        ["SORT", "k", "ALPHA", "DESC"],
        ["SORT", "k", "ALPHA", "STORE", "to"],
        ["LRANGE", "to", "0", "-1"],
      );
      await comparison().compare([requests]);
    }
  });

  test("stored lists of any length, of short elements and long", async () => {
    for (const [count, longest] of [
      [1, 10_000],
      [20, 9000],
      [600, 300],
      [5000, 20],
    ]) {
      const random = new Random(count);
      const element = () => "x".repeat(random.chance(0.1) ? random.below(longest) : random.below(8)) + random.below(1000);
      await comparison().compare([
        [
          ["RPUSH", "k", ...Array.from({ length: count }, element)],
          ["SORT", "k", "ALPHA", "STORE", "to"],
          ["LRANGE", "to", "0", "-1"],
          ["LINDEX", "to", String(count >> 1)],
          ["SORT", "k", "BY", "nosort", "GET", "#", "GET", "nothing", "STORE", "to"],
          ["LRANGE", "to", "0", "-1"],
          ["LLEN", "to"],
        ],
      ]);
    }
  });

  test("random lists, sets and options", async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed);
      const element = () =>
        random.pick([String(random.below(50)), String(random.below(50) - 25), (random.next() * 100).toFixed(random.below(5))]);
      const requests: Request[] = [];
      for (let id = -25; id < 50; id++) {
        if (random.chance(0.8)) requests.push(["SET", `w${id}`, element()]);
        if (random.chance(0.8)) requests.push(["HSET", `h${id}`, "f", element(), "g", `${random.below(9)}-${id}`]);
      }
      for (let i = 0; i < 120; i++) {
        if (i % 10 === 0) {
          requests.push(["DEL", "list", "ints", "zset"], ["RPUSH", "list", ...Array.from({ length: random.between(1, 300) }, element)]);
          requests.push(["SADD", "ints", ...Array.from({ length: random.between(1, 200) }, () => String(random.below(300) - 100))]);
          requests.push(["ZADD", "zset", ...range(0, random.between(1, 300)).flatMap(() => [element(), element()])]);
        }
        const by = random.pick(["", "", "BY w*", "BY h*->f", "BY nosort"]);
        const name = random.pick(["list", "ints", "zset", "to"]);
        const options = [...words(by), ...words(random.pick(["", "ASC", "DESC"]))];
        if (random.chance(0.3) && (name === "list" || by === "")) options.push("ALPHA");
        if (random.chance(0.4)) options.push("LIMIT", String(random.below(60) - 5), String(random.below(60) - 5));
        for (let gets = random.below(3); gets > 0; gets--) options.push("GET", random.pick(["#", "w*", "h*->g", "h*->x", "x"]));
        if (random.chance(0.3)) requests.push(["SORT", name, ...options, "STORE", "to"], ["LRANGE", "to", "0", "-1"]);
        else requests.push([random.pick(["SORT", "SORT_RO"]), name, ...options]);
      }
      await comparison().compare([requests], { protocol: random.pick([2, 3] as const) });
    }
  });

  test("what SORT leaves behind is what Redis leaves", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ...DATA,
      ["SORT", "ids"],
      ["SORT", "ids", "STORE", "to"],
      ["SORT", "ids", "BY", "w*", "GET", "object*", "GET", "#", "STORE", "to", "LIMIT", "0", "3"],
      ["EXPIRE", "to", "1000"],
      ["SORT", "ints", "STORE", "to", "BY", "nosort"],
      ["TTL", "to"],
      ["SORT", "words", "STORE", "to"],
      ["SORT", "missing", "STORE", "to"],
      ["SORT", "missing", "STORE", "to"],
      ["SORT", "ids", "LIMIT", "9", "1", "STORE", "text"],
      ["SORT", "scores", "STORE", "scores"],
      ["SORT_RO", "ids", "LIMIT", "0", "1"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("changes are counted as Redis counts them", async () => {
    const counted = async (client: RawClient, requests: readonly Request[]) => {
      await client.command("FLUSHALL");
      for (const request of DATA) await client.command(...request);
      const changes = async () =>
        Number(/rdb_changes_since_last_save:(\d+)/.exec((await client.command("INFO", "persistence")).toString())?.[1]);
      const counts: number[] = [];
      for (const request of requests) {
        const before = await changes();
        await client.command(...request);
        counts.push((await changes()) - before);
      }
      return counts;
    };
    const requests: Request[] = [
      ["SORT", "ids"],
      ["SORT", "ids", "STORE", "to"],
      ["SORT", "ids", "STORE", "to", "GET", "#", "GET", "w*"],
      ["SORT", "missing", "STORE", "to"],
      ["SORT", "missing", "STORE", "to"],
    ];
    const ours = await connect(comparison().ours.port);
    const redis = await connect(comparison().redis.port);
    try {
      expect(await counted(ours, requests)).toEqual(await counted(redis, requests));
    } finally {
      ours.close();
      redis.close();
    }
  });

  test("a destination that waits is served, and keys that patterns lead to expire when they are looked at", async () => {
    await comparison().compare([
      [
        ...DATA,
        ["SET", "w2", "1", "PX", "1"],
        ["DEBUG", "SLEEP", "0.01"],
        ["SORT", "ids", "BY", "w*", "GET", "w*"],
        ["EXISTS", "w2"],
        ["SET", "to", "x", "PX", "1"],
        ["DEBUG", "SLEEP", "0.01"],
        ["SORT", "ids", "GET", "to", "GET", "w*", "STORE", "to"],
        ["LRANGE", "to", "0", "-1"],
        ["TTL", "to"],
      ],
    ]);
  });
});

describe("what SORT stores", () => {
  let client: RawClient;
  useServer((_, connected) => {
    client = connected;
  });

  test("is a listpack as long as it is small, as in 7.2", async () => {
    const encodingOf = async (...elements: string[]) => {
      await client.command("DEL", "k", "to");
      await client.command("RPUSH", "k", ...elements);
      await client.command("SORT", "k", "ALPHA", "STORE", "to");
      return replyText(await client.command("OBJECT", "ENCODING", "to"));
    };
    expect(await encodingOf("a")).toBe("listpack");
    expect(await encodingOf(...range(0, 1000))).toBe("listpack");
    expect(await encodingOf(...range(0, 3000))).toBe("quicklist");
    expect(await encodingOf("x".repeat(8000))).toBe("listpack");
    expect(await encodingOf("x".repeat(8192))).toBe("quicklist");
    expect(await encodingOf("x".repeat(5000), "a")).toBe("listpack");
    expect(await encodingOf("x".repeat(5000), "y".repeat(5000))).toBe("quicklist");
  });
});
