import { describe, expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { useServer } from "../support/server.ts";

const MAX = "18446744073709551615";

/** Adds entries <ms>-0 from 1 on. */
function entries(count: number, key = "s"): Request[] {
  return Array.from({ length: count }, (_, index) => ["XADD", key, `${index + 1}-0`, "field", `value${index + 1}`]);
}

/** What can be seen of a stream. */
function looks(key = "s"): Request[] {
  return [
    ["XLEN", key],
    ["XRANGE", key, "-", "+"],
    ["XREVRANGE", key, "+", "-"],
    ["XINFO", "STREAM", key],
    ["TYPE", key],
    ["OBJECT", "ENCODING", key],
  ];
}

/** The times that the ids `*` are made of. */
function withoutTimes(reply: string): string {
  return reply.replace(/\$15\r\n\d{13}-\d/g, "<id>");
}

describeWithRedis("stream commands answer as Redis does", () => {
  const comparison = useComparison();

  test("XADD with ids of every form, in every state of the stream", async () => {
    const ids = [
      "*",
      "1-1",
      "1-0",
      "0-0",
      "0-1",
      "0-*",
      "1-*",
      "2-*",
      "5",
      "5-*",
      `5-${MAX}`,
      `${MAX}-*`,
      `${MAX}-${MAX}`,
      "9007199254740993-1",
    ];
    const odd = ["", "-", "+", "1-", "-1", "1-1-1", "a", "1-a", "1-**", "**", "$", ">", "18446744073709551616-0", "1-18446744073709551616"];
    const strange = [
      "007-1",
      " 7-1",
      "7- 1",
      "+7-1",
      "7-+1",
      "7--1",
      "7--01",
      "-0-1",
      "0x7-1",
      "7-1 ",
      "7.0-1",
      `7-0\0junk`,
      "1".repeat(128),
    ];
    const states: Request[][] = [
      [],
      entries(3),
      [["XADD", "s", "5-5", "a", "b"]],
      [["XADD", "s", `5-${MAX}`, "a", "b"]],
      [["XADD", "s", `${MAX}-5`, "a", "b"]],
      [["XADD", "s", `${MAX}-${MAX}`, "a", "b"]],
      [["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"]],
      [["SET", "s", "x"]],
    ];
    const cases: Request[][] = [];
    for (const state of states) {
      for (const id of [...ids, ...odd, ...strange]) {
        // 7.0 has another error for want of a sequence number; ours is tested below.
        if (id === "5-*" && String(state[0]?.[2]).startsWith("5-1")) continue;
        cases.push([
          ...state,
          ["XADD", "s", id, "f", "v"],
          ["XADD", "s", "NOMKSTREAM", id, "f", "v", "g", "w"],
          ["XRANGE", "s", "-", "+"],
          ["EXISTS", "s"],
        ]);
      }
    }
    await comparison().compare(cases, { mask: withoutTimes });
  });

  test("XADD with options, well and badly put", async () => {
    const add = (...words: (string | number)[]): Request[] => [...entries(5), ["XADD", "s", ...words], ...looks()];
    const cases = [
      add("MAXLEN", 3, "9-9", "a", "b"),
      add("MAXLEN", "=", 3, "9-9", "a", "b"),
      add("maxlen", "~", 3, "9-9", "a", "b"),
      add("MAXLEN", "~", 3, "LIMIT", 2, "9-9", "a", "b"),
      add("MAXLEN", "~", 0, "9-9", "a", "b"),
      add("MAXLEN", 0, "9-9", "a", "b"),
      add("MAXLEN", -1, "9-9", "a", "b"),
      add("MAXLEN", "x", "9-9", "a", "b"),
      add("MAXLEN", "9223372036854775807", "9-9", "a", "b"),
      add("MAXLEN", "=", "9-9", "a", "b"),
      add("MAXLEN", "~", "9-9", "a", "b"),
      add("MAXLEN", "9-9", "a", "b"),
      add("MAXLEN", 3, "MINID", "2", "9-9", "a", "b"),
      add("MINID", 3, "MAXLEN", "2", "9-9", "a", "b"),
      add("MAXLEN", 3, "MAXLEN", "2", "9-9", "a", "b"),
      add("MINID", "3-1", "9-9", "a", "b"),
      add("MINID", "=", "3", "9-9", "a", "b"),
      add("MINID", "~", "3", "9-9", "a", "b"),
      add("MINID", "99", "9-9", "a", "b"),
      add("MINID", "-", "9-9", "a", "b"),
      add("MINID", "+", "9-9", "a", "b"),
      add("MINID", "x", "9-9", "a", "b"),
      add("LIMIT", 3, "9-9", "a", "b"),
      add("LIMIT", 0, "9-9", "a", "b"),
      add("LIMIT", -3, "9-9", "a", "b"),
      add("LIMIT", "x", "9-9", "a", "b"),
      add("MAXLEN", 3, "LIMIT", 3, "9-9", "a", "b"),
      add("MAXLEN", "~", 3, "LIMIT", 0, "9-9", "a", "b"),
      add("MAXLEN", "~", 3, "LIMIT", -1, "9-9", "a", "b"),
      add("NOMKSTREAM", "NOMKSTREAM", "MAXLEN", 1, "9-9", "a", "b"),
      add("9-9", "a"),
      add("9-9", "a", "b", "c"),
      add("MAXLEN", 3, "9-9"),
      add("*", "a"),
      add("NOMKSTREAM", "9-9", "NOMKSTREAM"),
      add("9-9", "", ""),
      add("9-9", "a", "b", "a", "c"),
    ];
    await comparison().compare([...cases, [["XADD", "s", "NOMKSTREAM", "*", "a", "b"]], [["XADD"]], [["XADD", "s", "*", "a"]]]);
  });

  test("entries with the same, fewer, more and other fields, and values of every encoding and size", async () => {
    const values = [
      "",
      "0",
      "127",
      "128",
      "-1",
      "-4096",
      "4095",
      "32767",
      "-32768",
      "8388607",
      "2147483647",
      "-2147483649",
      "9223372036854775807",
    ];
    const more = [
      "-9223372036854775808",
      "9223372036854775808",
      "007",
      "-0",
      "1.5",
      "x".repeat(63),
      "x".repeat(64),
      "y".repeat(4095),
      "z".repeat(5000),
    ];
    const large = ["w".repeat(100_000), "1"];
    const requests: Request[] = [];
    for (const [index, value] of [...values, ...more, ...large].entries()) {
      requests.push(["XADD", "s", `${index + 1}-1`, "a", value]);
      requests.push(["XADD", "s", `${index + 1}-7`, "a", value, value, "b"]);
      requests.push(["XADD", "s", `${index + 1}-${MAX}`, "b", value]);
    }
    await comparison().compare([[...requests, ...looks(), ["XRANGE", "s", "5", "5-8"], ["XREVRANGE", "s", "+", "-", "COUNT", 3]]]);
  });

  test("XRANGE and XREVRANGE between ids of every form", async () => {
    const bounds = [
      "-",
      "+",
      "0",
      "3",
      "3-0",
      "(3",
      "(3-0",
      "(3-1",
      "7",
      "99",
      `(0-0`,
      `(${MAX}-${MAX}`,
      "(-",
      "(+",
      "(",
      "x",
      "",
      "3-",
      `3-${MAX}`,
      "4-*",
    ];
    const state = [...entries(12), ["XADD", "s", "12-5", "g", "h"], ["XDEL", "s", "4-0", "12-0", "1-0"]] as Request[];
    const requests: Request[] = [];
    for (const from of bounds) for (const to of bounds) requests.push(["XRANGE", "s", from, to], ["XREVRANGE", "s", to, from]);
    const counts = ["0", "1", "2", "100", "-1", "x", "9223372036854775807", "9223372036854775808"];
    for (const count of counts) requests.push(["XRANGE", "s", "-", "+", "COUNT", count], ["XREVRANGE", "s", "+", "-", "count", count]);
    for (const rest of [["COUNT"], ["COUNT", "1", "COUNT", "2"], ["x"], ["COUNT", "1", "x"]])
      requests.push(["XRANGE", "s", "-", "+", ...rest]);
    for (const key of ["none", "string"]) requests.push(["XRANGE", key, "-", "+"], ["XRANGE", key, "-", "+", "COUNT", 0], ["XLEN", key]);
    for (const protocol of [2, 3] as const) await comparison().compare([[["SET", "string", "x"], ...state, ...requests]], { protocol });
  });

  test("ranges over many nodes", async () => {
    const state = entries(450);
    const bounds = ["-", "+", "1", "100", "101", "(100", "(101", "200-0", "250", "449", "450", "451"];
    const requests: Request[] = [["XDEL", "s", ...Array.from({ length: 120 }, (_, index) => `${index + 90}-0`)]];
    for (const from of bounds) {
      for (const to of bounds) {
        requests.push(["XRANGE", "s", from, to, "COUNT", 150], ["XREVRANGE", "s", to, from, "COUNT", 130], ["XREVRANGE", "s", to, from]);
      }
    }
    await comparison().compare([[...state, ...requests, ["XINFO", "STREAM", "s"]]]);
  });

  test("XDEL: of the first, the last, all, the same twice, none; and what is left then", async () => {
    const cases = [
      ["1-0"],
      ["5-0"],
      ["3-0"],
      ["3-0", "3-0"],
      ["1-0", "2-0"],
      ["1-0", "2-0", "3-0", "4-0", "5-0"],
      ["9-9"],
      ["3"],
      ["x"],
      ["1-0", "x"],
      ["-"],
      ["+"],
    ].map((ids) => [...entries(5), ["XDEL", "s", ...ids], ...looks(), ["XADD", "s", "6-0", "a", "b"], ...looks()] as Request[]);
    await comparison().compare([
      ...cases,
      [["XDEL", "none", "1-0"]],
      [["XDEL", "none", "x"]],
      [
        ["SET", "s", "x"],
        ["XDEL", "s", "1"],
      ],
    ]);
  });

  test("XTRIM: both rules, exact and approximate, with and without LIMIT, over several nodes", async () => {
    const cases: Request[][] = [];
    for (const deleted of [[], ["1-0"], ["150-0", "99-0", "101-0"]]) {
      for (const rule of ["MAXLEN", "MINID"]) {
        for (const threshold of [0, 1, 99, 100, 101, 150, 199, 200, 201, 230, 250, 300]) {
          for (const how of [[], ["="], ["~"]]) {
            for (const limit of how[0] === "~" ? [[], ["LIMIT", 0], ["LIMIT", 100], ["LIMIT", 199]] : [[]]) {
              const trim = ["XTRIM", "s", rule, ...how, threshold, ...limit];
              const before: Request[] = deleted.length === 0 ? [] : [["XDEL", "s", ...deleted]];
              cases.push([
                ["COPY", "model", "s"],
                ...before,
                trim,
                ["XLEN", "s"],
                ["XINFO", "STREAM", "s"],
                ["XRANGE", "s", "-", "+", "COUNT", 3],
              ]);
            }
          }
        }
      }
    }
    await comparison().compare([[...entries(250, "model"), ...cases.flatMap((requests) => [...requests, ["DEL", "s"] as Request])]]);
  });

  test("XTRIM badly put", async () => {
    const words = [
      ["MAXLEN"],
      ["MAXLEN", "x"],
      ["MAXLEN", -1],
      ["MAXLEN", "~"],
      ["MAXLEN", "=", "~", 1],
      ["MINID", "x"],
      ["MAXLEN", 1, "MINID", 1],
      ["LIMIT", 1],
      ["MAXLEN", 1, "LIMIT", 1],
      ["MAXLEN", 1, "NOMKSTREAM"],
      ["MAXLEN", 1, "x"],
      ["1-1"],
    ];
    const cases = words.map((rest) => [...entries(3), ["XTRIM", "s", ...rest], ["XLEN", "s"]] as Request[]);
    await comparison().compare([
      ...cases,
      [["XTRIM", "none", "MAXLEN", 0]],
      [
        ["SET", "s", "x"],
        ["XTRIM", "s", "MAXLEN", 0],
      ],
    ]);
  });

  test("nodes begin where Redis begins them", async () => {
    const cases: Request[][] = [];
    for (const size of [1, 10, 37, 100, 500, 2000, 4090, 5000]) {
      const requests: Request[] = [];
      for (let index = 1; index <= 150; index++)
        requests.push(["XADD", "s", `${1700000000000 + index * 37}-0`, "field", "v".repeat(size), "n", index * 97]);
      cases.push([...requests, ["XINFO", "STREAM", "s"]]);
    }
    await comparison().compare(cases);
  });

  test("XSETID", async () => {
    const words = [
      ["5"],
      ["5-0"],
      ["4-9"],
      ["9-9"],
      ["x"],
      ["-"],
      ["9", "ENTRIESADDED", 100],
      ["9", "ENTRIESADDED", 4],
      ["9", "ENTRIESADDED", -1],
      ["9", "ENTRIESADDED", "x"],
      ["9", "ENTRIESADDED", "9223372036854775807"],
      ["9", "ENTRIESADDED"],
      ["9", "MAXDELETEDID", "8"],
      ["9", "MAXDELETEDID", "10"],
      ["9", "MAXDELETEDID", "0"],
      ["9", "ENTRIESADDED", 7, "MAXDELETEDID", "8-8"],
      ["9", "x", 1],
    ];
    const states: Request[][] = [
      entries(5),
      [...entries(5), ["XDEL", "s", "2-0"]],
      [...entries(2), ["XTRIM", "s", "MAXLEN", 0]],
      [],
      [["SET", "s", "x"]],
    ];
    const cases = states.flatMap((state) =>
      words.map((rest) => [...state, ["XSETID", "s", ...rest], ...looks(), ["XADD", "s", "20-0", "a", "b"]] as Request[]),
    );
    await comparison().compare(cases);
  });

  test("XREAD of several streams, in both protocols", async () => {
    const state = [
      ...entries(5),
      ...entries(3, "t"),
      ["XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM"],
      ["SET", "string", "x"],
    ] as Request[];
    const requests: Request[] = [
      ["XREAD", "STREAMS", "s", "0"],
      ["XREAD", "COUNT", 2, "STREAMS", "s", "t", "1", "2-0"],
      ["XREAD", "COUNT", 0, "STREAMS", "s", "0"],
      ["XREAD", "COUNT", -1, "STREAMS", "s", "0"],
      ["XREAD", "COUNT", "x", "STREAMS", "s", "0"],
      ["XREAD", "STREAMS", "s", "t", "5-0", "2-0"],
      ["XREAD", "STREAMS", "s", "s", "5-0", "4"],
      ["XREAD", "STREAMS", "s", "t", "empty", "none", "$", "$", "0", "0"],
      ["XREAD", "STREAMS", "s", `${MAX}-${MAX}`],
      ["XREAD", "STREAMS", "s", ">"],
      ["XREAD", "STREAMS", "s", "-"],
      ["XREAD", "STREAMS", "s", "x"],
      ["XREAD", "STREAMS", "string", "0"],
      ["XREAD", "STREAMS", "s", "string", "0", "0"],
      ["XREAD", "COUNT", 1, "s", "0"],
      ["XREAD", "NOACK", "STREAMS", "s", "0"],
      ["XREAD", "GROUP", "g", "c", "STREAMS", "s", "0"],
      ["XREAD", "BLOCK", "x", "STREAMS", "s", "$"],
      ["XREAD", "BLOCK", "-1", "STREAMS", "s", "$"],
      ["XREAD", "BLOCK", "1", "STREAMS", "s", "$"],
      ["XREAD", "BLOCK", "1", "COUNT", "1", "STREAMS", "s", "t", "0", "0"],
      ["MULTI"],
      ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
      ["EXEC"],
      ["XDEL", "s", "5-0", "4-0"],
      ["XREAD", "STREAMS", "s", "3-0"],
      ["XREAD", "STREAMS", "s", "2-0"],
    ];
    for (const protocol of [2, 3] as const) await comparison().compare([[...state, ...requests]], { protocol });
  });

  test("a random life of a stream", async () => {
    const random = new Random(20240229);
    const cases: Request[][] = [];
    for (let round = 0; round < 6; round++) {
      const requests: Request[] = [];
      let ms = 1;
      const id = () => `${random.between(0, ms + 1)}-${random.below(3)}`;
      for (let step = 0; step < 400; step++) {
        const kind = random.below(20);
        if (kind < 13) {
          if (random.chance(0.7)) ms += random.chance(0.05) ? 2 ** 40 : random.between(1, 5);
          const words = random.chance(0.8)
            ? ["field", "x".repeat(random.below(60))]
            : ["a", String(random.between(-70000, 70000)), "b", random.bytes(5)];
          requests.push(["XADD", "s", `${ms}-*`, ...words]);
        } else if (kind < 16) requests.push(["XDEL", "s", id(), id(), id()]);
        else if (kind === 16) requests.push(["XTRIM", "s", "MAXLEN", random.chance(0.5) ? "~" : "=", random.between(100, 250)]);
        else if (kind === 17) requests.push(["XTRIM", "s", "MINID", random.chance(0.5) ? "~" : "=", id()]);
        else if (kind === 18) requests.push(["XRANGE", "s", id(), id(), "COUNT", random.between(1, 30)]);
        else requests.push(["XREVRANGE", "s", id(), id(), "COUNT", random.between(1, 30)], ["XINFO", "STREAM", "s"]);
      }
      cases.push([...requests, ...looks()]);
    }
    await comparison().compare(cases);
  });

  test("COPY makes a stream that lives on by itself", async () => {
    await comparison().compare([
      [
        ...entries(150),
        ["XGROUP", "CREATE", "s", "g", "0"],
        ["XREADGROUP", "GROUP", "g", "c", "COUNT", 5, "STREAMS", "s", ">"],
        ["COPY", "s", "t"],
        ["XACK", "s", "g", "1-0"],
        ["XADD", "s", "200-0", "field", "x"],
        ["XADD", "t", "200-1", "field", "y"],
        ["XDEL", "t", "2-0"],
        ["XPENDING", "t", "g"],
        ["XPENDING", "s", "g"],
        ...looks("s"),
        ...looks("t"),
      ],
    ]);
  });

  test("the journal takes ids as they were made and trims as they came out; events tell what was done", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ...entries(250),
      ["XADD", "s", "300-*", "a", "b"],
      ["XADD", "s", "300-*", "a", "b"],
      ["XADD", "s", "NOMKSTREAM", "301-1", "a", "b"],
      ["XADD", "none", "NOMKSTREAM", "301-1", "a", "b"],
      ["XADD", "s", "maxlen", "200", "302-*", "a", "b"],
      ["XADD", "s", "MAXLEN", "=", "199", "303-0", "a", "b"],
      ["XADD", "s", "MAXLEN", "~", "150", "304-0", "a", "b"],
      ["XADD", "s", "MAXLEN", "~", "100", "LIMIT", "1000", "305-*", "a", "b"],
      ["XADD", "s", "MINID", "~", "290", "306-0", "a", "b"],
      ["XADD", "s", "MINID", "303", "307-0", "a", "b"],
      ["XADD", "s", "1-1", "a", "b"],
      ["XTRIM", "s", "MAXLEN", "1000"],
      ["XTRIM", "s", "MAXLEN", "~", "1"],
      ["XTRIM", "s", "MAXLEN", "=", "2"],
      ["XTRIM", "s", "MINID", "~", "306"],
      ...entries(250, "t"),
      ["XTRIM", "t", "MINID", "~", "220"],
      ["XTRIM", "t", "MAXLEN", "~", "10", "LIMIT", "1000"],
      ["XDEL", "t", "201-0", "202-0", "1-0"],
      ["XDEL", "t", "1-0"],
      ["XTRIM", "t", "MAXLEN", "0"],
      ["XADD", "t", "MAXLEN", "~", "0", "900-1", "a", "b"],
      ["XADD", "u", "MINID", "~", "900", "3-1", "a", "b"],
      ["XSETID", "t", "1000-0", "ENTRIESADDED", "400", "MAXDELETEDID", "999-0"],
      ["XREAD", "STREAMS", "s", "0"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("the id of XADD * is journalled", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["XADD", "s", "*", "a", "b"],
      ["XADD", "s", "MAXLEN", "~", "1", "*", "a", "b"],
    ]);
    const timed = ({ stream }: { stream: readonly string[] }) => stream.map((line) => line.replace(/<time>-\d+/, "<id>"));
    expect(timed(ours)).toEqual(timed(theirs));
    expect(timed(ours)).toEqual(["XADD s <id> a b", "XADD s MAXLEN = 2 <id> a b"]);
  });
});

describe("streams of our own server", () => {
  let client: RawClient;
  useServer((_, connected) => {
    client = connected;
  });

  async function say(...words: (string | number)[]): Promise<string> {
    return (await client.command(...words)).toString("latin1");
  }

  test("XADD * goes on from an id in the future", async () => {
    await client.command("XADD", "future", "99999999999999-7", "a", "b");
    expect((await client.command("XADD", "future", "*", "a", "b")).toString()).toBe("$16\r\n99999999999999-8\r\n");
  });

  test("XREAD BLOCK gives up in time", async () => {
    await client.command("XADD", "waited", "1-1", "a", "b");
    expect(await say("XREAD", "BLOCK", 5, "STREAMS", "waited", "$")).toBe("*-1\r\n");
    expect(await say("XREAD", "BLOCK", "9223372036854775807", "STREAMS", "waited", "$")).toBe("-ERR timeout is out of range\r\n");
  });

  test("XADD ms-* has no sequence number left (7.2's error)", async () => {
    await client.command("XADD", "full", `5-${MAX}`, "a", "b");
    expect(await say("XADD", "full", "5-*", "a", "b")).toBe(
      "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n",
    );
  });

  test("lists of streams without an id for each are named by their command (7.2's words)", async () => {
    const rest = "for each stream key an ID or";
    expect(await say("XREAD", "STREAMS", "a", "b", "0")).toBe(
      `-ERR Unbalanced 'xread' list of streams: ${rest} '$' must be specified.\r\n`,
    );
    expect(await say("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", "0")).toBe(
      `-ERR Unbalanced 'xreadgroup' list of streams: ${rest} '>' must be specified.\r\n`,
    );
  });

  test("XSETID does not go below the largest id that was deleted (since 7.2)", async () => {
    for (const request of [...entries(5, "down"), ["XDEL", "down", "5-0"]]) await client.command(...request);
    expect(await say("XSETID", "down", "4-9")).toBe("-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n");
    expect(await say("XSETID", "down", "5-0")).toBe("+OK\r\n");
  });
});

describeWithRedis("XREAD BLOCK beside Redis", () => {
  const comparison = useComparison();

  /** What the waiting client gets once another has done `requests`. */
  async function waited(port: number, read: Request, requests: readonly Request[]): Promise<string> {
    const [waiting, other] = await Promise.all([connect(port), connect(port)]);
    try {
      const reply = waiting.command(...read);
      while (!(await other.command("INFO", "clients")).includes("blocked_clients:1")) await Bun.sleep(1);
      for (const request of requests) await other.command(...request);
      return (await reply).toString("latin1");
    } finally {
      waiting.close();
      other.close();
    }
  }

  test("is served by the entry that comes, and not by one that was there", async () => {
    for (const port of [comparison().ours.port, comparison().redis.port]) {
      const setup = await connect(port);
      await setup.command("DEL", "w1", "w2");
      await setup.command("XADD", "w1", "1-1", "a", "b");
      setup.close();
    }
    const play = (port: number) =>
      waited(
        port,
        ["XREAD", "BLOCK", 0, "STREAMS", "w1", "w2", "$", "$"],
        [
          ["XADD", "w2", "NOMKSTREAM", "1-1", "x", "y"],
          ["XDEL", "w1", "1-1"],
          ["XADD", "w1", "2-2", "c", "d"],
        ],
      );
    const [ours, theirs] = await Promise.all([play(comparison().ours.port), play(comparison().redis.port)]);
    expect(ours).toBe(theirs);
    expect(ours).toContain("2-2");
  });
});
