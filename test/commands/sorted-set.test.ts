import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf, ourEffects } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Scores that Redis 7.0 and 7.2 write alike. */
const SCORES = ["0", "1", "2", "-1", "5", "1.5", "-2.25", "10", "100", "0.5", "inf", "-inf", "1e3", "3"];
const MEMBERS = ["a", "b", "c", "d", "e", "f", "g", "", "10", "9", "-3", "aa", "ab", "b\xff", "x".repeat(70)];
const KEYS = ["z1", "z2", "z3", "set", "missing", "string"];
const BOUNDS = ["-inf", "+inf", "0", "(0", "1", "(1", "2", "(5", "10", "(inf", "", "nan", "x", "(", " 1", "1e400"];
const LEX = ["-", "+", "[a", "(a", "[b", "(c", "[", "(", "[z", "a", "", "-x", "[10", "(9"];
const RANKS = ["0", "1", "2", "-1", "-2", "5", "100", "-100", "9223372036854775807", "-9223372036854775808", "x", "1.5"];

/** Packed as small sets are, and large from the first member on. */
const ENCODINGS = { listpack: {}, skiplist: { "zset-max-listpack-entries": "0" } } as const;

function pairs(random: Random): string[] {
  return Array.from({ length: random.between(1, 4) }, () => [random.pick(SCORES), random.pick(MEMBERS)]).flat();
}

function some(random: Random, words: readonly string[], chance = 0.2): string[] {
  return words.filter(() => random.chance(chance));
}

function limit(random: Random): string[] {
  return random.chance(0.3) ? ["LIMIT", random.pick(["0", "1", "-1", "2", "50"]), random.pick(["0", "1", "-1", "3", "x"])] : [];
}

function sources(random: Random): string[] {
  const keys = Array.from({ length: random.between(1, 3) }, () => random.pick(KEYS.slice(0, random.chance(0.95) ? 5 : 6)));
  return [random.chance(0.95) ? String(keys.length) : random.pick(["0", "x", "9", "-1"]), ...keys];
}

function combination(random: Random, keys: number): string[] {
  const weights = [
    "WEIGHTS",
    ...Array.from({ length: random.chance(0.9) ? keys : 1 }, () => random.pick(["1", "2", "0", "-1", "inf", "x", "0.5"])),
  ];
  const aggregate = ["AGGREGATE", random.pick(["SUM", "min", "MAX", "avg"])];
  return [...(random.chance(0.3) ? weights : []), ...(random.chance(0.4) ? aggregate : [])];
}

function combined(name: string, destination: readonly string[]) {
  return (random: Random): Request => {
    const from = sources(random);
    const options = name.startsWith("ZDIFF") && random.chance(0.9) ? [] : combination(random, from.length - 1);
    return [name, ...destination, ...from, ...options, ...some(random, ["WITHSCORES"], 0.4)];
  };
}

const OPERATIONS: readonly ((random: Random) => Request)[] = [
  (r) => ["ZADD", r.pick(KEYS), ...pairs(r)],
  (r) => ["ZADD", r.pick(KEYS), ...pairs(r)],
  (r) => ["ZADD", r.pick(KEYS), ...some(r, ["NX", "xx", "GT", "lt", "CH", "INCR"]), ...pairs(r)],
  (r) => ["ZADD", r.pick(KEYS), ...some(r, ["NX", "XX", "GT", "LT", "ch", "incr"]), r.pick(SCORES), r.pick(MEMBERS)],
  (r) => ["ZADD", r.pick(KEYS), r.pick(["x", "", "nan", " 1", "1 ", "0x10", "1e999", "5"]), "a", ...some(r, ["1"])],
  (r) => ["ZINCRBY", r.pick(KEYS), r.pick([...SCORES, "x", "nx"]), r.pick(MEMBERS)],
  (r) => ["ZREM", r.pick(KEYS), ...Array.from({ length: r.between(1, 3) }, () => r.pick(MEMBERS))],
  (r) => ["ZSCORE", r.pick(KEYS), r.pick(MEMBERS)],
  (r) => ["ZMSCORE", r.pick(KEYS), r.pick(MEMBERS), r.pick(MEMBERS)],
  (r) => ["ZCARD", r.pick(KEYS)],
  (r) => ["ZCOUNT", r.pick(KEYS), r.pick(BOUNDS), r.pick(BOUNDS)],
  (r) => ["ZLEXCOUNT", "lex", r.pick(LEX), r.pick(LEX)],
  (r) => [r.pick(["ZRANK", "ZREVRANK"]), r.pick(KEYS), r.pick(MEMBERS)],
  (r) => [r.pick(["ZRANGE", "ZREVRANGE"]), r.pick(KEYS), r.pick(RANKS), r.pick(RANKS), ...some(r, ["WITHSCORES", "junk", "REV"])],
  (r) => ["ZRANGE", r.pick(KEYS), r.pick(RANKS), r.pick(RANKS), ...some(r, ["REV", "WITHSCORES", "BYSCORE", "BYLEX"]), ...limit(r)],
  (r) => ["ZRANGE", r.pick(KEYS), r.pick(BOUNDS), r.pick(BOUNDS), "BYSCORE", ...some(r, ["REV", "WITHSCORES"], 0.5), ...limit(r)],
  (r) => ["ZRANGE", "lex", r.pick(LEX), r.pick(LEX), "BYLEX", ...some(r, ["REV"], 0.5), ...limit(r)],
  (r) => [
    r.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]),
    r.pick(KEYS),
    r.pick(BOUNDS),
    r.pick(BOUNDS),
    ...some(r, ["WITHSCORES"]),
    ...limit(r),
  ],
  (r) => [r.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]), "lex", r.pick(LEX), r.pick(LEX), ...limit(r)],
  (r) => ["ZRANGESTORE", r.pick(KEYS), r.pick(KEYS), r.pick(RANKS), r.pick(RANKS), ...some(r, ["REV", "WITHSCORES"])],
  (r) => ["ZRANGESTORE", "z3", r.pick(KEYS), r.pick(BOUNDS), r.pick(BOUNDS), "BYSCORE", ...some(r, ["REV"]), ...limit(r)],
  (r) => ["ZREMRANGEBYRANK", r.pick(KEYS), r.pick(RANKS), r.pick(RANKS)],
  (r) => ["ZREMRANGEBYSCORE", r.pick(KEYS), r.pick(BOUNDS), r.pick(BOUNDS)],
  (r) => ["ZREMRANGEBYLEX", "lex", r.pick(LEX), r.pick(LEX)],
  (r) => ["ZADD", "lex", ...MEMBERS.slice(0, r.between(1, 9)).flatMap((member) => ["0", member])],
  (r) => [r.pick(["ZPOPMIN", "ZPOPMAX"]), r.pick(KEYS), ...r.pick([[], ["1"], ["2"], ["0"], ["100"], ["-1"], ["x"], ["1", "2"]])],
  (r) => [
    "ZMPOP",
    ...sources(r),
    r.pick(["MIN", "max", "mid"]),
    ...r.pick([[], ["COUNT", "2"], ["COUNT", "0"], ["COUNT"], ["count", "1", "COUNT", "2"]]),
  ],
  combined("ZUNION", []),
  combined("ZINTER", []),
  combined("ZDIFF", []),
  combined("ZUNIONSTORE", ["z3"]),
  combined("ZINTERSTORE", ["z3"]),
  combined("ZDIFFSTORE", ["z2"]),
  (r) => ["ZINTERCARD", ...sources(r), ...r.pick([[], ["LIMIT", "1"], ["LIMIT", "0"], ["LIMIT", "-1"], ["LIMIT", "x"], ["LIMIT"]])],
  (r) => [
    "ZRANDMEMBER",
    r.pick(["nothing", "text", "one"]),
    ...r.pick([[], ["1"], ["-2"], ["0"], ["x"], ["2", "WITHSCORES"], ["1", "junk"]]),
  ],
  (r) => [
    "ZSCAN",
    r.pick(["one", "nothing", "text"]),
    r.pick(["0", "x"]),
    ...r.pick([[], ["MATCH", "o*"], ["COUNT", "5"], ["COUNT", "0"], ["TYPE", "x"], ["COUNT"]]),
  ],
  (r) => ["SADD", "set", r.pick(MEMBERS), r.pick(["a", "b", "c"])],
  (r) => ["DEL", r.pick(KEYS.slice(0, 3))],
];

const PREPARED: readonly Request[] = [
  ["SET", "string", "value"],
  ["SET", "text", "value"],
  ["ZADD", "one", "1.5", "only"],
  ["SADD", "set", "a", "b", "c", "10"],
];

for (const [encoding, directives] of Object.entries(ENCODINGS)) {
  describeWithRedis(`sorted set commands answer as Redis does, as ${encoding}`, () => {
    const comparison = useComparison(directives);

    for (const protocol of [2, 3] as const) {
      test(`whatever the requests, in RESP${protocol}`, async () => {
        const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
        const random = new Random(seed);
        const cases = Array.from({ length: 12 }, () => {
          const requests: Request[] = [...PREPARED];
          for (let i = 0; i < 250; i++) requests.push(random.pick(OPERATIONS)(random));
          for (const name of KEYS.slice(0, 3)) requests.push(["ZRANGE", name, "0", "-1", "WITHSCORES"], ["OBJECT", "ENCODING", name]);
          return requests;
        });
        try {
          await comparison().compare(cases, { protocol });
        } catch (error) {
          throw new Error(`failed with PROPERTY_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
        }
      });
    }

    test("every argument check comes in Redis's order", async () => {
      const wrong: Request[] = [
        ["ZADD", "string", "1"],
        ["ZADD", "string", "1", "a", "2"],
        ["ZADD", "string", "NX", "XX", "1", "a"],
        ["ZADD", "string", "NX", "GT", "1", "a"],
        ["ZADD", "string", "GT", "LT", "1", "a"],
        ["ZADD", "string", "INCR", "1", "a", "2", "b"],
        ["ZADD", "string", "x", "a"],
        ["ZADD", "string", "1", "a", "x", "b"],
        ["ZADD", "string", "1", "a"],
        ["ZADD", "z", "NX", "CH"],
        ["ZINCRBY", "string", "x", "a"],
        ["ZRANGE", "string", "x", "0"],
        ["ZRANGE", "string", "0", "0", "LIMIT", "x", "0"],
        ["ZRANGE", "string", "0", "0", "LIMIT", "0", "0"],
        ["ZRANGE", "string", "0", "0", "LIMIT", "0", "-1"],
        ["ZRANGE", "string", "x", "y", "BYLEX", "WITHSCORES"],
        ["ZRANGE", "string", "x", "y", "BYLEX", "BYSCORE"],
        ["ZRANGE", "string", "x", "y", "BYLEX"],
        ["ZRANGE", "string", "x", "y", "BYSCORE"],
        ["ZRANGE", "string", "0", "0", "REV", "REV"],
        ["ZREVRANGE", "string", "0", "0", "LIMIT", "0", "1"],
        ["ZRANGEBYSCORE", "string", "0", "0", "REV"],
        ["ZRANGEBYLEX", "string", "-", "+", "WITHSCORES"],
        ["ZRANGESTORE", "d", "string", "0", "0", "WITHSCORES"],
        ["ZRANGESTORE", "d", "string", "0", "0"],
        ["ZREMRANGEBYRANK", "string", "x", "0"],
        ["ZREMRANGEBYSCORE", "string", "x", "0"],
        ["ZREMRANGEBYLEX", "string", "x", "y"],
        ["ZPOPMIN", "string", "-1"],
        ["ZPOPMIN", "string", "x"],
        ["ZPOPMIN", "string", "0"],
        ["ZMPOP", "0", "string", "MIN"],
        ["ZMPOP", "x", "string", "MIN"],
        ["ZMPOP", "2", "string", "MIN"],
        ["ZMPOP", "1", "string", "MIN", "COUNT", "x"],
        ["ZMPOP", "2", "missing", "string", "MIN"],
        ["ZUNION", "1", "string", "junk"],
        ["ZUNION", "1", "missing", "WEIGHTS", "x"],
        ["ZUNION", "1", "missing", "WEIGHTS"],
        ["ZUNION", "0", "missing"],
        ["ZUNIONSTORE", "d", "0", "missing"],
        ["ZUNIONSTORE", "d", "1", "missing", "WITHSCORES"],
        ["ZDIFF", "1", "missing", "WEIGHTS", "1"],
        ["ZINTERCARD", "1", "missing", "WITHSCORES"],
        ["ZINTERCARD", "x", "missing"],
        ["ZRANDMEMBER", "string", "x"],
        ["ZRANDMEMBER", "missing", "-9223372036854775808"],
        ["ZRANDMEMBER", "missing", "9223372036854775807", "WITHSCORES"],
        ["ZRANDMEMBER", "missing", "1", "WITHSCORES", "x"],
        ["ZSCAN", "missing", "0", "junk"],
        ["ZSCAN", "string", "0"],
      ];
      await comparison().compare([[...PREPARED, ...wrong]]);
    });

    test("sums that are no number are refused or count as 0", async () => {
      await comparison().compare([
        [
          ["ZADD", "a", "inf", "m"],
          ["ZINCRBY", "a", "-inf", "m"],
          ["ZADD", "a", "INCR", "-inf", "m"],
          ["ZADD", "b", "-inf", "m"],
          ["ZUNION", "2", "a", "b", "WITHSCORES"],
          ["ZINTER", "2", "a", "b", "WEIGHTS", "0", "1", "WITHSCORES"],
          ["ZINTER", "2", "a", "b", "WEIGHTS", "0", "0", "AGGREGATE", "MAX", "WITHSCORES"],
          ["ZUNIONSTORE", "a", "2", "a", "a", "WEIGHTS", "1", "-1"],
          ["ZRANGE", "a", "0", "-1", "WITHSCORES"],
        ],
      ]);
    });

    test("large sets: ranks, ranges, stores and pops over thousands of members", async () => {
      const random = new Random(7);
      const requests: Request[] = [];
      for (let i = 0; i < 30; i++) {
        const batch: Word[] = [];
        for (let j = 0; j < 200; j++) batch.push(random.between(-500, 500) / 2, `member:${random.below(4000)}`);
        requests.push(["ZADD", "big", ...batch]);
        requests.push(["ZADD", "even", ...batch.map((word, index) => (index % 2 === 0 ? 1 : word))]);
      }
      for (let i = 0; i < 300; i++) {
        const member = `member:${random.below(4000)}`;
        requests.push(
          ["ZRANK", "big", member],
          ["ZREVRANK", "even", member],
          ["ZSCORE", "big", member],
          ["ZINCRBY", "big", random.between(-20, 20), member],
          ["ZCOUNT", "big", random.between(-250, 0), random.between(0, 250)],
          ["ZRANGE", "big", random.below(3000), random.below(3100), "WITHSCORES"],
          ["ZRANGE", "even", `[${member}`, "+", "BYLEX", "LIMIT", random.below(50), 5],
          ["ZRANGE", "even", "+", `(${member}`, "BYLEX", "REV", "LIMIT", random.below(50), 5],
          ["ZRANGEBYSCORE", "big", random.between(-250, 250), "+inf", "LIMIT", random.below(20), 3, "WITHSCORES"],
          ["ZREM", random.pick(["big", "even"]), member],
          ["ZPOPMIN", "big", random.below(3)],
          ["ZPOPMAX", "even", random.below(3)],
        );
      }
      requests.push(
        ["ZUNIONSTORE", "all", 2, "big", "even"],
        ["ZINTERSTORE", "both", 2, "big", "even", "WEIGHTS", 1, 2, "AGGREGATE", "MAX"],
        ["ZDIFFSTORE", "rest", 2, "even", "both"],
        ["ZRANGESTORE", "part", "all", "-50", "50", "BYSCORE"],
        ["ZREMRANGEBYRANK", "all", 100, -100],
        ["ZREMRANGEBYSCORE", "both", "(-100", "100"],
        ["ZREMRANGEBYLEX", "even", "[member:1", "(member:3"],
      );
      for (const name of ["big", "even", "all", "both", "rest", "part"]) {
        requests.push(["ZRANGE", name, 0, -1, "WITHSCORES"], ["OBJECT", "ENCODING", name]);
      }
      await comparison().compare([requests]);
    });

    test("leaves the same events, and the same stream for replicas", async () => {
      const requests: Request[] = [
        ["ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e", 6, "f"],
        ["ZADD", "z", 1, "a"],
        ["ZADD", "z", "XX", "CH", 7, "a", 8, "new"],
        ["ZADD", "z", "INCR", 1, "b"],
        ["ZADD", "none", "XX", 1, "a"],
        ["ZINCRBY", "z", 0, "b"],
        ["ZINCRBY", "z", 2, "b"],
        ["ZREM", "z", "c", "missing"],
        ["ZREM", "z", "missing"],
        ["ZPOPMIN", "z"],
        ["ZPOPMAX", "z", 0],
        ["ZPOPMAX", "none"],
        ["ZMPOP", 2, "none", "z", "MAX", "COUNT", 2],
        ["ZMPOP", 1, "none", "MIN"],
        ["ZADD", "y", 1, "a", 2, "b", 3, "c", 4, "d"],
        ["ZREMRANGEBYRANK", "y", 0, 0],
        ["ZREMRANGEBYSCORE", "y", 2, 2],
        ["ZREMRANGEBYSCORE", "y", 20, 20],
        ["ZADD", "lex", 0, "b", 0, "c"],
        ["ZREMRANGEBYLEX", "lex", "[c", "[c"],
        ["ZREM", "y", "c"],
        ["ZUNIONSTORE", "u", 2, "z", "y"],
        ["ZINTERSTORE", "u", 2, "z", "y"],
        ["ZINTERSTORE", "u", 2, "z", "y"],
        ["ZDIFFSTORE", "u", 2, "z", "y"],
        ["ZRANGESTORE", "y", "z", 0, -1],
        ["ZRANGESTORE", "y", "z", 50, 60],
        ["ZRANGESTORE", "y", "z", 50, 60],
        ["ZMPOP", 1, "z", "MIN", "COUNT", 100],
        ["ZADD", "w", 1, "a"],
        ["ZPOPMIN", "w"],
        ["ZADD", "w", 1, "a"],
        ["ZREMRANGEBYRANK", "w", 0, -1],
        ["SET", "w", "string"],
        ["ZADD", "v", 1, "a"],
        ["EXPIRE", "v", 1000],
        ["ZRANGESTORE", "w", "v", 0, -1],
        ["ZREM", "v", "a"],
      ];
      const { ours, theirs } = await effectsOf(comparison(), requests);
      expect(ours.events).toEqual(theirs.events);
      expect(ours.stream).toEqual(theirs.stream);
    });
  });
}

describe("what Redis 7.2 does and 7.0 does not", () => {
  let server: TestServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startServer();
    client = await connect(server.port);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  async function ask(...words: Word[]): Promise<string> {
    return (await client.command(...words)).toString("latin1");
  }

  test("ZRANK and ZREVRANK WITHSCORE", async () => {
    await ask("ZADD", "rank", "1.5", "a", "2", "b");
    expect(await ask("ZRANK", "rank", "b", "withscore")).toBe("*2\r\n:1\r\n$1\r\n2\r\n");
    expect(await ask("ZREVRANK", "rank", "a", "WITHSCORE")).toBe("*2\r\n:1\r\n$3\r\n1.5\r\n");
    expect(await ask("ZRANK", "rank", "missing", "WITHSCORE")).toBe("*-1\r\n");
    expect(await ask("ZRANK", "missing", "a", "WITHSCORE")).toBe("*-1\r\n");
    expect(await ask("ZRANK", "missing", "a")).toBe("$-1\r\n");
    expect(await ask("ZRANK", "rank", "a", "scores")).toBe("-ERR syntax error\r\n");
    expect(await ask("ZRANK", "rank", "a", "WITHSCORE", "x")).toBe("-ERR wrong number of arguments for 'zrank' command\r\n");
    const resp3 = await connect(server.port);
    await resp3.command("HELLO", 3);
    expect((await resp3.command("ZRANK", "rank", "a", "WITHSCORE")).toString()).toBe("*2\r\n:0\r\n,1.5\r\n");
    expect((await resp3.command("ZRANK", "rank", "missing", "WITHSCORE")).toString()).toBe("_\r\n");
    resp3.close();
  });

  test("scores come in their shortest form, but for ZSCAN of a large set", async () => {
    await ask("ZADD", "short", "3.3", "a", "0.1", "b", "1e20", "c", "123456789.123", "d", "1e-7", "e");
    expect(await ask("ZMSCORE", "short", "a", "b", "c", "d", "e")).toBe(
      "*5\r\n$3\r\n3.3\r\n$3\r\n0.1\r\n$5\r\n1e+20\r\n$13\r\n123456789.123\r\n$4\r\n1e-7\r\n",
    );
    expect(await ask("ZSCAN", "short", "0", "MATCH", "a")).toBe("*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$3\r\n3.3\r\n");
    await ask("ZADD", "long", "3.3", "a".repeat(65), "1e20", "b", "-1e-5", "c", "123456789.123", "d", "17", "e");
    const scanned = async (member: string) => (await ask("ZSCAN", "long", "0", "MATCH", member, "COUNT", "100")).split("\r\n").at(-2);
    expect(await scanned("a*")).toBe("3.2999999999999998");
    expect(await scanned("b")).toBe("1e+20");
    expect(await scanned("c")).toBe("-1.0000000000000001e-05");
    expect(await scanned("d")).toBe("123456789.123");
    expect(await scanned("e")).toBe("17");
  });

  test("ZRANDMEMBER draws every member alike, and as many different ones as it is asked for", async () => {
    for (const [name, members] of [
      ["packed", 20],
      ["large", 500],
    ] as const) {
      await ask("ZADD", name, ...Array.from({ length: members }, (_, index) => [index, `m${index}`]).flat());
      for (const count of [1, 2, members >> 4, members >> 1, members - 1, members, members * 2]) {
        const found = (await ask("ZRANDMEMBER", name, count)).match(/m\d+/g) ?? [];
        expect(found.length).toBe(Math.min(count, members));
        expect(new Set(found).size).toBe(found.length);
      }
      const drawn = (await ask("ZRANDMEMBER", name, -members * 40)).match(/m\d+/g) ?? [];
      expect(drawn.length).toBe(members * 40);
      const times = new Map<string, number>();
      for (const member of drawn) times.set(member, (times.get(member) ?? 0) + 1);
      expect(times.size).toBe(members);
      // 40 on average, 6.3 the standard deviation.
      expect(Math.max(...times.values())).toBeLessThan(40 + 6.3 * 7);
      const scored = (await ask("ZRANDMEMBER", name, 5, "WITHSCORES")).match(/m\d+\r\n\$\d+\r\n\d+/g) ?? [];
      expect(scored.length).toBe(5);
      for (const pair of scored) expect(pair).toMatch(/^m(\d+)\r\n\$\d+\r\n\1$/);
    }
  });

  test("ZSCAN comes upon every member that is there all along, while others come and go", async () => {
    await ask("ZADD", "scan", ...Array.from({ length: 2000 }, (_, index) => [index, `stays${index}`]).flat());
    const seen = new Set<string>();
    let cursor = "0";
    let turn = 0;
    do {
      const words = (await ask("ZSCAN", "scan", cursor, "COUNT", 50)).split("\r\n");
      cursor = words[2];
      for (const word of words) if (word.startsWith("stays")) seen.add(word);
      for (let i = 0; i < 20; i++) await ask("ZADD", "scan", turn, `comes${turn}:${i}`);
      if (turn % 2 === 0) for (let i = 0; i < 20; i++) await ask("ZREM", "scan", `comes${turn}:${i}`);
      turn++;
    } while (cursor !== "0");
    expect(seen.size).toBe(2000);
  });
});

describe("a range of members over different scores", () => {
  test("reaches replicas as ranks: what it finds depends on how a set is stored", async () => {
    await using server = await startServer();
    const zset: Request = ["ZADD", "z", "0", "e", "0", "m", "0", "a", "1", "d", "2", "f"];
    const streamOf = async (...requests: Request[]) => (await ourEffects({ ours: server }, [zset, ...requests])).stream.slice(1);
    for (const entries of ["0", "128"]) {
      expect(server.server.config.set([["zset-max-listpack-entries", entries]])).toBeNull();
      expect((await streamOf(["ZREMRANGEBYLEX", "z", "[e", "+"]))[0]).toMatch(/^ZREMRANGEBYRANK z \d 4$/);
      expect((await streamOf(["ZRANGESTORE", "to", "z", "[e", "+", "BYLEX", "LIMIT", "1", "1"]))[0]).toMatch(/^ZRANGESTORE to z (\d) \1$/);
      const emptied = await streamOf(["SET", "to", "x"], ["ZRANGESTORE", "to", "z", "(f", "[e", "BYLEX"]);
      expect(emptied).toEqual(["SET to x", "ZRANGESTORE to z 1 0"]);
    }
    const equal: Request = ["ZADD", "y", "1", "a", "1", "b"];
    const requests: Request[] = [
      ["ZRANGESTORE", "to", "y", "[b", "+", "BYLEX"],
      ["ZREMRANGEBYLEX", "y", "[b", "+"],
    ];
    expect((await streamOf(equal, ...requests)).slice(1)).toEqual(requests.map((words) => words.join(" ")));
  });
});
