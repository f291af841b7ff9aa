import { describe, expect, test } from "bun:test";
import type { RawClient, Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { type Decoded, decode, itemsOf, textOf } from "../support/decode.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

const UNORDERED = new Set(["SMEMBERS", "SINTER", "SUNION", "SDIFF", "SSCAN", "SRANDMEMBER", "SPOP"]);
const LONG = "v".repeat(65);

/** Replies of commands whose order is free, with their elements sorted; all others as they are. */
function unordered(reply: string, request: Request): string {
  return UNORDERED.has(String(request[0])) ? JSON.stringify(sorted(decode(Buffer.from(reply, "latin1")))) : reply;
}

function sorted(value: Decoded): unknown {
  if (typeof value === "string") return value;
  const items = value.items.map(sorted);
  if (value.items.every((item) => typeof item === "string")) items.sort();
  return [value.mark, ...items];
}

function range(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from }, (_, index) => prefix + (from + index));
}

/** Sets of every kind, and keys that are none. */
const SETS: readonly Request[] = [
  ["SADD", "few", "1", "2", "3"],
  ["SADD", "wide", "-9223372036854775808", "9223372036854775807", "0", "70000", "9007199254740993"],
  ["SADD", "words", "a", "b", "c", "1", "2"],
  ["SADD", "many", ...range(0, 700)],
  ["SADD", "names", ...range(0, 300, "name-"), "a", "1", LONG],
  ["SADD", "single", "only"],
  ["SET", "text", "x"],
];
const KEYS = ["few", "wide", "words", "many", "names", "single", "missing", "text"];

describeWithRedis("set commands answer as Redis does", () => {
  const comparison = useComparison();

  for (const protocol of [2, 3] as const) {
    test(`members in, out and asked for, RESP${protocol}`, async () => {
      const requests: Request[] = [...SETS];
      for (const name of KEYS) {
        requests.push(["SCARD", name], ["SMEMBERS", name], ["SSCAN", name, "0", "COUNT", "100000"], ["TYPE", name]);
        for (const member of ["1", "a", "01", "", LONG, "9223372036854775807", "9223372036854775808"]) {
          requests.push(["SISMEMBER", name, member], ["SMISMEMBER", name, member, "2", "name-7", member]);
        }
        requests.push(["SADD", name, "2", "b", "b", "-5"], ["SREM", name, "2", "2", "b", "nothing", "70000"], ["SMEMBERS", name]);
        requests.push(["SMOVE", name, "few", "1"], ["SMOVE", name, "new", "a"], ["SMOVE", "words", name, "c"], ["SMOVE", name, name, "1"]);
        requests.push(["SMEMBERS", "new"], ["SMEMBERS", "words"], ["SMEMBERS", "few"]);
      }
      requests.push(["SREM", "single", "only"], ["EXISTS", "single"], ["SMOVE", "missing", "text", "x"], ["SMOVE", "text", "missing", "x"]);
      await comparison().compare([requests], { protocol, mask: unordered });
    });

    test(`sets of several sets, RESP${protocol}`, async () => {
      const requests: Request[] = [...SETS];
      for (const command of ["SINTER", "SUNION", "SDIFF"]) {
        for (const a of KEYS) {
          requests.push([command, a]);
          for (const b of KEYS) requests.push([command, a, b], [command, a, b, "words"], [command, b, a, a, "few"]);
        }
      }
      await comparison().compare([requests], { protocol, mask: unordered });
    });
  }

  test("an intset is answered with in ascending order", async () => {
    await comparison().compare([
      [
        ["SADD", "a", "5", "-3", "70000", "1", "9223372036854775807", "-9223372036854775808", "9007199254740993"],
        ["SADD", "b", "5", "1", "-3", "4"],
        ["SMEMBERS", "a"],
        ["SINTER", "a", "b"],
        ["SUNION", "b", "a"],
        ["SDIFF", "a", "b"],
        ["SSCAN", "a", "0"],
        ["SSCAN", "a", "0", "COUNT", "1"],
        ["SSCAN", "a", "17", "MATCH", "*7*"],
        ["SRANDMEMBER", "a", "10"],
        ["SPOP", "a", "10"],
        ["EXISTS", "a"],
      ],
    ]);
  });

  test("stored results, over keys of any type, one of the sources included", async () => {
    const requests: Request[] = [...SETS];
    for (const command of ["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]) {
      for (const a of KEYS) {
        for (const b of KEYS) {
          requests.push([command, "target", a, b], ["SMEMBERS", "target"], ["SCARD", "target"]);
        }
      }
      requests.push(["SET", "target", "text"], [command, "target", "few", "missing", "few"], ["TYPE", "target"]);
      requests.push(["SET", "target", "text", "PX", "1000000"], [command, "target", "words", "words", "words"], ["TTL", "target"]);
      requests.push(["SADD", "self", "1", "2", "x"], [command, "self", "self", "few"], ["SMEMBERS", "self"], ["DEL", "self"]);
      requests.push([command, "target", "text", "few"], [command, "target"], [command, "text", "few", "words"], ["SET", "text", "x"]);
    }
    await comparison().compare([requests], { mask: unordered });
  });

  test("SINTERCARD with its limits", async () => {
    const requests: Request[] = [...SETS];
    for (const a of KEYS) {
      for (const b of KEYS) {
        requests.push(["SINTERCARD", "2", a, b], ["SINTERCARD", "2", a, b, "LIMIT", "2"], ["SINTERCARD", "1", a, "limit", "0"]);
      }
    }
    requests.push(["SINTERCARD", "3", "few", "words", "many", "LIMIT", "1", "LIMIT", "9223372036854775807"]);
    for (const numkeys of ["0", "-1", "x", "", "9223372036854775808", "9223372036854775807", "3", "2", "1"]) {
      requests.push(["SINTERCARD", numkeys, "few", "words"]);
    }
    for (const options of [["LIMIT"], ["LIMIT", "-1"], ["LIMIT", "x"], ["LIMIT", "1", "LIMIT"], ["JUNK", "1"], ["LIMIT", "1", "text"]]) {
      requests.push(["SINTERCARD", "1", "few", ...options], ["SINTERCARD", "1", "text", ...options]);
    }
    await comparison().compare([requests]);
  });

  test("SPOP and SRANDMEMBER where chance has no say", async () => {
    const requests: Request[] = [...SETS];
    for (const protocol of [2, 3] as const) {
      const asked: Request[] = [...requests];
      for (const name of ["single", "missing", "text"]) {
        asked.push(["SRANDMEMBER", name], ["SRANDMEMBER", name, "-3"]);
        for (const count of ["0", "1", "7", "9223372036854775807"]) asked.push(["SRANDMEMBER", name, count]);
        for (const count of ["x", "", "9223372036854775808", "-9223372036854775808", "1.5"]) {
          asked.push(["SRANDMEMBER", name, count], ["SPOP", name, count]);
        }
        asked.push(["SRANDMEMBER", name, "1", "2"], ["SPOP", name, "1", "2"], ["SPOP", name, "-1"], ["SPOP", name, "0"]);
      }
      for (const name of ["few", "words", "many", "names"])
        asked.push(["SRANDMEMBER", name, "1000"], ["SPOP", name, "1000"], ["EXISTS", name]);
      for (const name of ["single", "missing", "text"]) asked.push(["SPOP", name], ["EXISTS", name]);
      await comparison().compare([asked], { protocol, mask: unordered });
    }
  });

  test("SSCAN's options and cursors", async () => {
    const requests: Request[] = [...SETS];
    for (const name of ["few", "names", "missing", "text"]) {
      for (const pattern of ["*", "name-1*", "?", "[ab]", "", LONG]) {
        requests.push(["SSCAN", name, "0", "MATCH", pattern, "COUNT", "10000"], ["SSCAN", name, "0", "count", "10000", "match", pattern]);
      }
      for (const cursor of ["x", "-", "1a", "18446744073709551616", " 0"]) requests.push(["SSCAN", name, cursor]);
      for (const options of [["COUNT"], ["COUNT", "0"], ["COUNT", "x"], ["MATCH"], ["TYPE", "set"], ["JUNK", "x"]]) {
        requests.push(["SSCAN", name, "0", ...options], ["SSCAN", name, "x", ...options]);
      }
    }
    await comparison().compare([requests], { mask: unordered });
  });

  test("wrong types and numbers of arguments", async () => {
    const requests: Request[] = [...SETS];
    for (const command of "SADD SREM SMEMBERS SISMEMBER SMISMEMBER SCARD SMOVE SPOP SRANDMEMBER SINTER SUNION SDIFF SINTERSTORE".split(
      " ",
    )) {
      for (const words of [[], ["text"], ["text", "a"], ["text", "a", "b"], ["text", "text", "b"], ["missing", "text", "text"]]) {
        requests.push([command, ...words]);
      }
    }
    await comparison().compare([requests], { mask: unordered });
  });

  test("random conversations", async () => {
    const cases: Request[][] = [];
    const seed = Math.floor(Math.random() * 2 ** 32);
    for (let index = 0; index < 20; index++) cases.push(conversation(new Random(seed + index)));
    await comparison().compare(cases, { mask: unordered });
  });

  /** Requests whose answers do not depend on chance. */
  function conversation(random: Random): Request[] {
    const pick = <T>(from: readonly T[]): T => random.pick(from);
    const below = (limit: number) => random.below(limit);
    const name = () => pick(["a", "b", "c", "d"]);
    const kind = below(3);
    const member = () => (kind === 0 ? String(below(40) - 20) : kind === 1 ? `w${below(40)}` : String(below(9) ** 18 * pick([1, -1])));
    const members = () => Array.from({ length: 1 + below(6) }, member);
    return Array.from({ length: 150 }, (): Request => {
      const command = pick("SADD SADD SADD SREM SREM SMEMBERS SISMEMBER SMISMEMBER SCARD SMOVE SINTER SUNION SDIFF STORE STORE".split(" "));
      if (command === "STORE") return [pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), name(), name(), name(), name()];
      if (command === "SMEMBERS" || command === "SCARD") return [command, name()];
      if (command === "SISMEMBER") return [command, name(), member()];
      if (command === "SMOVE") return [command, name(), name(), member()];
      if (/INTER|UNION|DIFF/.test(command)) return [command, name(), name(), name()];
      return [command, name(), ...members()];
    });
  }
});

describeWithRedis("what set commands leave behind is what Redis leaves", () => {
  const comparison = useComparison();
  const lazy = useComparison({ "lazyfree-lazy-server-del": "yes" });

  test("streams and events", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["SADD", "a", "1", "2", "x", "x"],
      ["SADD", "a", "1"],
      ["SADD", "b", "2"],
      ["SREM", "a", "1", "nothing"],
      ["SREM", "a", "nothing"],
      ["SREM", "missing", "x"],
      ["SMOVE", "a", "b", "x"],
      ["SMOVE", "a", "b", "nothing"],
      ["SMOVE", "a", "a", "2"],
      ["SMOVE", "a", "b", "2"],
      ["SMOVE", "b", "c", "2"],
      ["SREM", "b", "x"],
      ["SADD", "d", "1", "2", "3"],
      ["SINTERSTORE", "t", "c", "d"],
      ["SUNIONSTORE", "t", "c", "d"],
      ["SDIFFSTORE", "t", "c", "d"],
      ["SINTERSTORE", "t", "c", "missing"],
      ["SDIFFSTORE", "t", "d", "c"],
      ["SDIFFSTORE", "t", "d", "d"],
      ["SUNIONSTORE", "t", "missing"],
      ["SRANDMEMBER", "d", "2"],
      ["SPOP", "c"],
      ["SPOP", "c"],
      ["SPOP", "d", "0"],
      ["SPOP", "d", "3"],
      ["SPOP", "d", "3"],
      ["SADD", "e", "x", "y"],
      ["SPOP", "e", "100"],
      ["SADD", "f", "1"],
      ["EXPIRE", "f", "100"],
      ["SUNIONSTORE", "f", "f"],
      ["SMEMBERS", "missing"],
      ["SISMEMBER", "missing", "1"],
      ["SINTER", "missing", "f"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("SPOP of one member is journalled as SREM", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["SADD", "a", "1", "2"],
      ["SPOP", "a"],
    ]);
    expect(ours.stream[1]).toMatch(/^SREM a [12]$/);
    expect(shapes(ours.stream)).toEqual(shapes(theirs.stream));
    expect(ours.events).toEqual(theirs.events);
  });

  // From here on 7.2 does otherwise than 7.0.
  test("with lazyfree-lazy-server-del a set that is popped whole is journalled as UNLINK", async () => {
    const { ours, theirs } = await effectsOf(lazy(), [
      ["SADD", "a", "1", "2"],
      ["SPOP", "a", "2"],
    ]);
    expect(ours.events).toEqual(theirs.events);
    expect(ours.stream).toEqual(["SADD a 1 2", "UNLINK a"]);
  });

  const POPS: readonly (readonly [size: number, count: number, batches: readonly number[]])[] = [
    [10, 3, [3]],
    [10, 9, [9]],
    [3000, 100, [100]],
    [3000, 1024, [1024]],
    [5000, 2500, [1024, 1024, 452]],
    [3000, 2990, [1024, 1024, 942]],
    [500, 490, [490]],
  ];
  for (const [size, count, batches] of POPS) {
    test(`SPOP of ${count} members of ${size} is journalled as SREM of ${batches.join(", ")}`, async () => {
      for (const prefix of ["", "w"]) {
        const { ours, theirs } = await effectsOf(comparison(), [
          ["SADD", "a", ...range(0, size, prefix)],
          ["SPOP", "a", count],
        ]);
        const removals = batches.map((batch) => `SREM ${batch + 2}`);
        expect(shapes(ours.stream).slice(1)).toEqual(removals.length === 1 ? removals : ["MULTI 1", ...removals, "EXEC 1"]);
        expect(ours.events).toEqual(theirs.events);
        const removed = ours.stream.filter((line) => line.startsWith("SREM")).flatMap((line) => line.split(" ").slice(2));
        expect(new Set(removed).size).toBe(count);
      }
    });
  }

  /** Each command's name, and how many words it has. */
  function shapes(stream: readonly string[]): string[] {
    return stream.map((line) => `${line.split(" ")[0]} ${line.split(" ").length}`);
  }
});

describeWithRedis("sets that are kept packed beyond what a record holds", () => {
  const comparison = useComparison({ "set-max-intset-entries": "100000" });

  test("are answered with as Redis does", async () => {
    const numbers = range(0, 20000).map((text) => String(Number(text) * 3_000_000_017));
    await comparison().compare([
      [
        ["SADD", "k", ...numbers],
        ["OBJECT", "ENCODING", "k"],
        ["SADD", "k", "1", "9223372036854775807", numbers[7]],
        ["SREM", "k", ...numbers.slice(100, 19000)],
        ["SMEMBERS", "k"],
        ["SINTERSTORE", "t", "k", "k"],
        ["OBJECT", "ENCODING", "t"],
        ["SDIFF", "k", "t"],
        ["SUNION", "k", "t"],
        ["SREM", "k", ...numbers.slice(0, 19990)],
        ["SMEMBERS", "k"],
        ["SPOP", "k", "1000"],
        ["EXISTS", "k"],
      ],
    ]);
  });
});

describe("OBJECT ENCODING of sets is that of Redis 7.2", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((started, connected) => {
    server = started;
    client = connected;
  });

  async function encodingAfter(...requests: readonly Request[]): Promise<string> {
    server.server.keyspace.clear({ sync: true });
    for (const request of requests) await client.command(...request);
    return textOf(decode(await client.command("OBJECT", "ENCODING", "k")));
  }

  test("as members come", async () => {
    expect(await encodingAfter(["SADD", "k", "1"])).toBe("intset");
    expect(await encodingAfter(["SADD", "k", ...range(0, 512)])).toBe("intset");
    expect(await encodingAfter(["SADD", "k", ...range(0, 513)])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "k", "a"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", "1", "a"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", ...range(0, 128, "w")])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", ...range(0, 129, "w")])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "k", ...range(0, 128, "w"), "w1"])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "k", ...range(0, 128, "w")], ["SADD", "k", "w1"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", ...range(0, 128)], ["SADD", "k", "a"])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "k", "a", LONG])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "k", "a", LONG], ["SREM", "k", LONG])).toBe("hashtable");
    expect(await encodingAfter(["SADD", "from", "a"], ["SMOVE", "from", "k", "a"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "from", "1", "a"], ["SMOVE", "from", "k", "1"])).toBe("intset");
  });

  test("of stored results", async () => {
    const sources: Request[] = [
      ["SADD", "ints", ...range(0, 300)],
      ["SADD", "more", ...range(200, 513)],
      ["SADD", "mixed", "x", ...range(0, 600)],
      ["SADD", "other", "x", "y", ...range(100, 600)],
      ["SADD", "p", "1"],
      ["SADD", "q", "2"],
      ["SADD", "r", "3"],
    ];
    const stored = (...request: Request) => encodingAfter(...sources, request);
    expect(await stored("SINTERSTORE", "k", "ints", "more")).toBe("intset");
    expect(await stored("SINTERSTORE", "k", "ints", "mixed")).toBe("intset");
    expect(await stored("SINTERSTORE", "k", "mixed", "other")).toBe("hashtable");
    expect(await stored("SUNIONSTORE", "k", "ints", "more")).toBe("hashtable");
    expect(await stored("SUNIONSTORE", "k", "ints")).toBe("intset");
    expect(await stored("SDIFFSTORE", "k", "mixed", "other")).toBe("intset");
    // Taking others away from a hash table rather than adding what is in none of them.
    expect(await stored("SDIFFSTORE", "k", "other", "mixed", "p", "q", "r")).toBe("hashtable");
    expect(await stored("SDIFFSTORE", "k", "other", "mixed")).toBe("listpack");
  });

  test("of what SPOP leaves", async () => {
    const words = ["SADD", "k", ...range(0, 600, "w")];
    expect(await encodingAfter(words, ["SPOP", "k", "499"])).toBe("hashtable");
    expect(await encodingAfter(words, ["SPOP", "k", "500"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", ...range(0, 600)], ["SPOP", "k", "590"])).toBe("listpack");
    expect(await encodingAfter(["SADD", "k", ...range(0, 500)], ["SPOP", "k", "490"])).toBe("intset");
    expect(await encodingAfter(["SADD", "k", ...range(0, 100, "w")], ["SPOP", "k", "99"])).toBe("listpack");
  });
});

describe("members at random", () => {
  let client: RawClient;
  useServer((_, connected) => {
    client = connected;
  });

  async function list(...words: Word[]): Promise<string[]> {
    return itemsOf(decode(await client.command(...words))).map(textOf);
  }

  const KINDS: readonly (readonly [string, readonly string[]])[] = [
    ["intset", range(0, 500)],
    ["listpack", range(0, 100, "w")],
    ["hashtable", range(0, 1000, "w")],
  ];
  for (const [kind, words] of KINDS) {
    test(`SRANDMEMBER gives members of a set that is ${kind}, with a count each once, with a negative one as many as asked for`, async () => {
      await client.command("DEL", "k");
      await client.command("SADD", "k", ...words);
      expect(textOf(decode(await client.command("OBJECT", "ENCODING", "k")))).toBe(kind);
      for (const count of [1, 2, 30, Math.floor(words.length / 2), words.length - 1, words.length, words.length + 1]) {
        const found = await list("SRANDMEMBER", "k", count);
        expect(found.length).toBe(Math.min(count, words.length));
        expect(new Set(found).size).toBe(found.length);
        const drawn = await list("SRANDMEMBER", "k", -count);
        expect(drawn.length).toBe(count);
        for (const member of [...found, ...drawn]) expect(words).toContain(member);
      }
      expect(await list("SMEMBERS", "k")).toBeArrayOfSize(words.length);
    });

    test(`SPOP takes members out of a set that is ${kind}, and keeps its expiry`, async () => {
      for (const count of [1, 2, Math.floor(words.length / 2), words.length - 3, words.length - 1]) {
        await client.command("DEL", "k");
        await client.command("SADD", "k", ...words);
        await client.command("EXPIRE", "k", 1000);
        const popped = await list("SPOP", "k", count);
        popped.push(textOf(decode(await client.command("SPOP", "k"))));
        const left = words.length > count + 1 ? await list("SMEMBERS", "k") : [];
        expect([...popped, ...left].sort()).toEqual([...words].sort());
        if (left.length > 0) expect(decode(await client.command("TTL", "k"))).toMatch(/^:(999|1000)$/);
      }
    });
  }

  test("SSCAN comes upon every member that is there throughout, while others come and go", async () => {
    await client.command("DEL", "k");
    const staying = range(0, 500, "stays-");
    await client.command("SADD", "k", ...staying);
    const found = new Set<string>();
    let cursor = "0";
    let step = 0;
    do {
      const [next, members] = itemsOf(decode(await client.command("SSCAN", "k", cursor, "COUNT", 20)));
      for (const member of itemsOf(members)) found.add(textOf(member));
      cursor = textOf(next);
      if (step < 10) await client.command("SADD", "k", ...range(step * 300, step * 300 + 300, "comes-"));
      else if (step < 20) await client.command("SREM", "k", ...range((step - 10) * 300, (step - 10) * 300 + 300, "comes-"));
      step++;
    } while (cursor !== "0");
    expect(staying.filter((member) => !found.has(member))).toEqual([]);
  });
});
