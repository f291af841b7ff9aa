import { describe, expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type CompareOptions, type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

const MAX = "18446744073709551615";

/**
 * Five entries, a group that has read three of them for two of its consumers. (Those who claim or read in vain come to be in 7.2 only:
 * tested below.)
 */
const READ: readonly Request[] = [
  ...entries(5),
  ["XGROUP", "CREATE", "s", "g", "0"],
  ["XGROUP", "CREATECONSUMER", "s", "g", "carol"],
  ["XGROUP", "CREATECONSUMER", "s", "g", "dave"],
  ["XREADGROUP", "GROUP", "g", "alice", "COUNT", 2, "STREAMS", "s", ">"],
  ["XREADGROUP", "GROUP", "g", "bob", "COUNT", 1, "STREAMS", "s", ">"],
];

function entries(count: number, key = "s"): Request[] {
  return Array.from({ length: count }, (_, index) => ["XADD", key, `${index + 1}-0`, "field", `value${index + 1}`]);
}

/** Times differ, and how long ago something was does too. */
function withoutTimes(reply: string, request: Request): string {
  const timeless = reply.replace(/:1\d{12}\r\n/g, ":<time>\r\n");
  if (request[0] === "XPENDING") return timeless.replace(/:(\d*?)\d{1,5}\r\n:(\d+)\r\n/g, ":$1<idle>\r\n:$2\r\n");
  // 7.2 tells more of consumers than 7.0: tested below.
  if (request[0] === "XINFO")
    return timeless
      .replace(/\$(9|4)\r\n(seen-time|idle)\r\n:[^\r]*\r\n(\$(11|8)\r\n(active-time|inactive)\r\n:[^\r]*\r\n)?/g, "<seen>")
      .replace(/[*%]\d+\r\n(?=\$4\r\nname)/g, "<consumer>");
  return timeless;
}

const MASKED: CompareOptions = { mask: withoutTimes };

/** What can be seen of the groups of a stream. */
function looks(key = "s", group = "g"): Request[] {
  return [
    ["XINFO", "GROUPS", key],
    ["XINFO", "CONSUMERS", key, group],
    ["XPENDING", key, group],
    ["XPENDING", key, group, "-", "+", 100],
    ["XINFO", "STREAM", key, "FULL"],
  ];
}

describeWithRedis("consumer groups answer as Redis does", () => {
  const comparison = useComparison();

  test("XGROUP CREATE and SETID with every id and option, well and badly put", async () => {
    const ids = ["0", "$", "2-0", "5-5", "-", "+", "x", "", `${MAX}-${MAX}`];
    const options = [
      [],
      ["MKSTREAM"],
      ["ENTRIESREAD", 3],
      ["ENTRIESREAD", -1],
      ["ENTRIESREAD", -2],
      ["ENTRIESREAD", "x"],
      ["ENTRIESREAD", "9223372036854775807"],
      ["ENTRIESREAD"],
      ["MKSTREAM", "ENTRIESREAD", 2],
      ["ENTRIESREAD", 2, "mkstream"],
      ["MKSTREAM", "MKSTREAM", "MKSTREAM"],
      ["MKSTREAM", "MKSTREAM", "MKSTREAM", "MKSTREAM"],
      ["ENTRIESREAD", 1, "ENTRIESREAD", 2],
      ["x"],
    ];
    const cases: Request[][] = [];
    for (const state of [[], entries(5), [["SET", "s", "x"]]] as Request[][]) {
      for (const option of options) {
        for (const id of ids) {
          cases.push([
            ...state,
            ["XGROUP", "CREATE", "s", "g", id, ...option],
            ["XGROUP", "CREATE", "s", "g", id, ...option],
            ["XINFO", "GROUPS", "s"],
          ]);
        }
      }
    }
    for (const option of options) {
      for (const id of ids)
        cases.push([...READ, ["XGROUP", "SETID", "s", "g", id, ...option], ["XGROUP", "SETID", "s", "none", id, ...option], ...looks()]);
    }
    await comparison().compare(cases, MASKED);
  });

  test("XGROUP's other subcommands", async () => {
    const requests: Request[] = [
      ["XGROUP", "CREATECONSUMER", "s", "g", "carol"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "carol"],
      ["XGROUP", "CREATECONSUMER", "s", "none", "carol"],
      ["XGROUP", "CREATECONSUMER", "none", "g", "carol"],
      ["XGROUP", "CREATECONSUMER", "s", "g"],
      ...looks(),
      ["XGROUP", "DELCONSUMER", "s", "g", "alice"],
      ["XGROUP", "DELCONSUMER", "s", "g", "alice"],
      ["XGROUP", "DELCONSUMER", "s", "none", "alice"],
      ["XGROUP", "DELCONSUMER", "none", "g", "alice"],
      ...looks(),
      ["XREADGROUP", "GROUP", "g", "dave", "COUNT", 1, "STREAMS", "s", ">"],
      ...looks(),
      ["XGROUP", "DESTROY", "s", "none"],
      ["XGROUP", "DESTROY", "none", "g"],
      ["XGROUP", "DESTROY", "s", "g"],
      ["XGROUP", "DESTROY", "s", "g"],
      ...looks(),
      ["XGROUP", "NOPE", "s", "g"],
      ["XGROUP", "DESTROY", "s"],
      ["XGROUP"],
      ["XINFO"],
      ["XINFO", "NOPE", "s"],
      ["XINFO", "GROUPS", "none"],
      ["XINFO", "CONSUMERS", "none", "g"],
      ["XINFO", "STREAM", "none"],
    ];
    for (const protocol of [2, 3] as const) await comparison().compare([[...READ, ...requests]], { ...MASKED, protocol });
  });

  test("XREADGROUP: new entries, history, several streams, NOACK, and badly put", async () => {
    const read = (...words: (string | number)[]): Request[] => [
      ...READ,
      ...entries(4, "t"),
      ["XGROUP", "CREATE", "t", "g", "2"],
      ["XREADGROUP", ...words],
      ...looks(),
      ...looks("t"),
    ];
    const cases = [
      read("GROUP", "g", "alice", "STREAMS", "s", ">"),
      read("GROUP", "g", "alice", "STREAMS", "s", "0"),
      read("GROUP", "g", "alice", "STREAMS", "s", "1"),
      read("GROUP", "g", "alice", "STREAMS", "s", "2"),
      read("GROUP", "g", "alice", "COUNT", 1, "STREAMS", "s", "0"),
      read("GROUP", "g", "new", "STREAMS", "s", "0"),
      read("GROUP", "g", "new", "COUNT", 1, "STREAMS", "s", ">"),
      read("GROUP", "g", "new", "NOACK", "STREAMS", "s", ">"),
      read("GROUP", "g", "alice", "NOACK", "STREAMS", "s", "0"),
      read("COUNT", 1, "GROUP", "g", "alice", "STREAMS", "s", "t", ">", ">"),
      read("GROUP", "g", "alice", "STREAMS", "s", "s", ">", ">"),
      read("GROUP", "g", "alice", "COUNT", 1, "STREAMS", "s", "s", "s", ">", ">", ">"),
      read("GROUP", "g", "alice", "COUNT", 1, "STREAMS", "s", "s", "t", ">", "0", "0"),
      read("GROUP", "g", "alice", "STREAMS", "s", `${MAX}-${MAX}`),
      read("GROUP", "g", "alice", "STREAMS", "s", `${MAX}-1`),
      read("GROUP", "g", "alice", "STREAMS", "s", "$"),
      read("GROUP", "g", "alice", "STREAMS", "s", "-"),
      read("GROUP", "g", "alice", "STREAMS", "s", "x"),
      read("GROUP", "none", "alice", "STREAMS", "s", ">"),
      read("GROUP", "g", "alice", "STREAMS", "none", ">"),
      read("GROUP", "g", "alice", "STREAMS", "s", "none", ">", ">"),
      read("COUNT", 1, "COUNT", 2, "NOACK", "NOACK", "STREAMS", "s", ">"),
      read("GROUP", "g", "STREAMS", "s", ">", "x"),
      read("GROUP", "g", "alice", "BLOCK", 1, "STREAMS", "s", "0"),
      read("GROUP", "g", "alice", "x", "STREAMS", "s", "0"),
      read("GROUP", "g", "alice", "COUNT", 1, "BLOCK", 1, "s"),
    ];
    for (const protocol of [2, 3] as const) await comparison().compare(cases, { ...MASKED, protocol });
  });

  test("entries deleted while they are pending", async () => {
    await comparison().compare(
      [
        [
          ...READ,
          ["XDEL", "s", "1-0", "4-0"],
          ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", "0"],
          ...looks(),
          ["XREADGROUP", "GROUP", "g", "bob", "STREAMS", "s", ">"],
          ...looks(),
          ["XCLAIM", "s", "g", "carol", 0, "1-0", "2-0", "3-0"],
          ...looks(),
          ["XDEL", "s", "5-0"],
          ["XAUTOCLAIM", "s", "g", "dave", 0, "0"],
          ...looks(),
        ],
      ],
      MASKED,
    );
  });

  test("how far groups are behind, whatever was deleted, trimmed and set", async () => {
    const steps: Request[] = [
      ["XGROUP", "CREATE", "s", "begin", "0"],
      ["XGROUP", "CREATE", "s", "end", "$"],
      ["XGROUP", "CREATE", "s", "middle", "5-0"],
      ["XGROUP", "CREATE", "s", "known", "5-0", "ENTRIESREAD", 5],
      ["XGROUP", "CREATE", "s", "future", "1000-0"],
      ...["begin", "end", "middle", "known", "future"].map((group): Request => ["XGROUP", "CREATECONSUMER", "s", group, "c"]),
    ];
    const read = ["begin", "end", "middle", "known", "future"].map(
      (group): Request => ["XREADGROUP", "GROUP", group, "c", "COUNT", 1, "STREAMS", "s", ">"],
    );
    const changes: Request[][] = [
      [],
      [["XDEL", "s", "1-0"]],
      [["XDEL", "s", "7-0"]],
      [["XDEL", "s", "10-0"]],
      [["XTRIM", "s", "MAXLEN", 6]],
      [["XTRIM", "s", "MAXLEN", 3]],
      [["XTRIM", "s", "MAXLEN", 0]],
      [["XSETID", "s", "20-0", "ENTRIESADDED", 30]],
      [
        ["XDEL", "s", "7-0"],
        ["XTRIM", "s", "MAXLEN", 2],
      ],
    ];
    const cases = changes.map(
      (change) =>
        [
          ...entries(10),
          ...steps,
          ...change,
          ["XINFO", "GROUPS", "s"],
          ...read,
          ["XINFO", "GROUPS", "s"],
          ["XADD", "s", "50-0", "a", "b"],
          ["XINFO", "GROUPS", "s"],
          ...read,
          ["XINFO", "GROUPS", "s"],
        ] as Request[],
    );
    await comparison().compare(cases, MASKED);
  });

  test("XACK", async () => {
    const requests: Request[] = [
      ["XACK", "s", "g", "x"],
      ["XACK", "s", "g", "1-0", "x"],
      ["XACK", "s", "g", "1-0", "1-0", "9-9", "3"],
      ...looks(),
      ["XACK", "s", "none", "1-0"],
      ["XACK", "s", "none", "x"],
      ["XACK", "none", "g", "x"],
      ["XACK", "s", "g"],
      ["SET", "string", "x"],
      ["XACK", "string", "g", "1"],
    ];
    await comparison().compare([[...READ, ...requests]], MASKED);
  });

  test("XPENDING with ranges, consumers and IDLE, well and badly put", async () => {
    const words = [
      [],
      ["-", "+", 10],
      ["-", "+", 1],
      ["-", "+", 0],
      ["-", "+", -1],
      ["-", "+", "x"],
      ["(1", "(3", 10],
      ["(1-0", "+", 10],
      ["2", "2", 10],
      ["3", "1", 10],
      ["x", "+", 10],
      [`(${MAX}-${MAX}`, "+", 10],
      ["-", "(0-0", 10],
      ["-", "+", 10, "alice"],
      ["-", "+", 1, "alice"],
      ["-", "+", 10, "bob"],
      ["-", "+", 10, "nobody"],
      ["-", "+", 10, "alice", "x"],
      ["-", "+", 10, "alice", "x", "y"],
      ["-", "+", 10, "alice", "x", "y", "z"],
      ["IDLE", 0, "-", "+", 10],
      ["IDLE", 100000, "-", "+", 10],
      ["IDLE", "x", "-", "+", 10],
      ["IDLE", 0, "-", "+"],
      ["IDLE", 0, "-", "+", 10, "bob"],
      ["-"],
      ["-", "+"],
    ];
    const requests = words.flatMap((rest): Request[] => [
      ["XPENDING", "s", "g", ...rest],
      ["XPENDING", "s", "none", ...rest],
      ["XPENDING", "none", "g", ...rest],
      ["XPENDING", "string", "g", ...rest],
    ]);
    const unread: Request[] = [
      ...entries(1),
      ["XGROUP", "CREATE", "s", "g", "$"],
      ["XPENDING", "s", "g"],
      ["XPENDING", "s", "g", "-", "+", 1],
    ];
    for (const protocol of [2, 3] as const)
      await comparison().compare([[...READ, ["SET", "string", "x"], ...requests], unread], { ...MASKED, protocol });
  });

  test("XCLAIM with each option, and badly put", async () => {
    const claim = (...words: (string | number)[]): Request[] => [...READ, ["XCLAIM", "s", "g", ...words], ...looks()];
    const cases = [
      claim("bob", 0, "1-0"),
      claim("bob", 0, "1-0", "3-0", "9-9", "4-0"),
      claim("alice", 0, "1-0"),
      claim("carol", 0, "1-0"),
      claim("carol", 100000, "1-0"),
      claim("carol", -5, "1-0"),
      claim("carol", "x", "1-0"),
      claim("carol", 0, "x"),
      claim("carol", 0, "1-0", "x"),
      claim("carol", 0, "1-0", "JUSTID"),
      claim("carol", 0, "1-0", "4-0", "FORCE"),
      claim("carol", 0, "4-0", "FORCE", "JUSTID"),
      claim("carol", 0, "9-9", "FORCE"),
      claim("carol", 100000, "4-0", "1-0", "FORCE"),
      claim("carol", 0, "1-0", "IDLE", 100),
      claim("carol", 0, "1-0", "IDLE", "x"),
      claim("carol", 0, "1-0", "IDLE", -100),
      claim("carol", 0, "1-0", "TIME", 1_600_000_000_000),
      claim("carol", 0, "1-0", "TIME", 99_999_999_999_999),
      claim("carol", 0, "1-0", "TIME", -1),
      claim("carol", 0, "1-0", "TIME", "x"),
      claim("carol", 0, "1-0", "RETRYCOUNT", 7),
      claim("carol", 0, "1-0", "RETRYCOUNT", -7),
      claim("carol", 0, "1-0", "RETRYCOUNT", "9223372036854775807"),
      claim("carol", 0, "1-0", "RETRYCOUNT", "x"),
      claim("carol", 0, "1-0", "LASTID", "9-9"),
      claim("carol", 0, "9-9", "LASTID", "9-9"),
      claim("carol", 0, "1-0", "LASTID", "1-0"),
      claim("carol", 0, "1-0", "LASTID", "x"),
      claim("carol", 0, "1-0", "LASTID"),
      claim("carol", 0, "1-0", "NOPE"),
      claim("carol", 0, "FORCE"),
      claim("carol", 0, "1-0", "JUSTID", "2-0"),
    ];
    const elsewhere: Request[] = [
      ["XCLAIM", "none", "g", "c", 0, "1"],
      ...entries(1),
      ["XCLAIM", "s", "g", "c", "x", "1"],
      ["SET", "s", "x"],
      ["XCLAIM", "s", "g", "c", 0, "1"],
    ];
    await comparison().compare([...cases, elsewhere], MASKED);
  });

  test("XAUTOCLAIM with each option, and badly put", async () => {
    const claim = (...words: (string | number)[]): Request[] => [
      ...READ,
      ["XDEL", "s", "2-0"],
      ["XAUTOCLAIM", "s", "g", ...words],
      ...looks(),
    ];
    const cases = [
      claim("carol", 0, "0"),
      claim("carol", 0, "-"),
      claim("carol", 0, "+"),
      claim("carol", 0, "(1-0"),
      claim("carol", 0, `(${MAX}-${MAX}`),
      claim("carol", 0, "0", "COUNT", 1),
      claim("carol", 0, "0", "COUNT", 2),
      claim("carol", 0, "0", "COUNT", 0),
      claim("carol", 0, "0", "COUNT", -1),
      claim("carol", 0, "0", "COUNT", "x"),
      claim("carol", 0, "0", "COUNT", "9223372036854775807"),
      claim("carol", 0, "0", "COUNT"),
      claim("carol", 0, "0", "JUSTID"),
      claim("carol", 0, "2", "COUNT", 1, "JUSTID"),
      claim("alice", 100000, "0"),
      claim("alice", -1, "0"),
      claim("carol", "x", "0"),
      claim("carol", 0, "x"),
      claim("carol", 0, "0", "NOPE"),
    ];
    const elsewhere: Request[] = [
      ["XAUTOCLAIM", "none", "g", "c", 0, "0"],
      ["XAUTOCLAIM", "none", "g", "c", 0, "0", "x"],
      ["SET", "s", "x"],
      ["XAUTOCLAIM", "s", "g", "c", "x", "0"],
      ["XAUTOCLAIM", "s", "g", "c", 0, "0"],
    ];
    await comparison().compare([...cases, elsewhere], MASKED);
  });

  test("XINFO STREAM with FULL and COUNT", async () => {
    const words = [
      [],
      ["FULL"],
      ["full", "count", 1],
      ["FULL", "COUNT", 0],
      ["FULL", "COUNT", -1],
      ["FULL", "COUNT", "x"],
      ["FULL", "COUNT"],
      ["FULL", "x", 1],
      ["x"],
      ["FULL", "COUNT", 1, 2],
    ];
    const more: Request[] = [
      ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", ">"],
      ["XGROUP", "CREATE", "s", "a", "$"],
    ];
    const requests = words.map((rest): Request => ["XINFO", "STREAM", "s", ...rest]);
    const empty: Request[] = [["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"], ...requests];
    for (const protocol of [2, 3] as const)
      await comparison().compare([[...READ, ...entries(15).slice(5), ...more, ...requests], empty], { ...MASKED, protocol });
  });

  test("a random life of a group", async () => {
    const random = new Random(777);
    const cases: Request[][] = [];
    for (let round = 0; round < 4; round++) {
      let last = 0;
      const requests: Request[] = [["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"]];
      const names = ["alice", "bob", "carol", "dave"];
      for (const name of names) requests.push(["XGROUP", "CREATECONSUMER", "s", "g", name]);
      const consumer = () => random.pick(names);
      const id = () => `${random.between(Math.max(1, last - 300), last + 1)}-0`;
      for (let step = 0; step < 500; step++) {
        const kind = random.below(12);
        if (kind < 4) for (let left = random.below(8); left >= 0; left--) requests.push(["XADD", "s", `${++last}-0`, "f", last]);
        else if (kind < 7) requests.push(["XREADGROUP", "GROUP", "g", consumer(), "COUNT", random.between(1, 12), "STREAMS", "s", ">"]);
        else if (kind === 7) requests.push(["XACK", "s", "g", id(), id(), id(), id()]);
        else if (kind === 8) requests.push(["XCLAIM", "s", "g", consumer(), 0, id(), id(), id(), ...(random.chance(0.5) ? ["FORCE"] : [])]);
        else if (kind === 9) requests.push(["XDEL", "s", id(), id()]);
        else if (kind === 10) requests.push(["XREADGROUP", "GROUP", "g", consumer(), "COUNT", 20, "STREAMS", "s", id()]);
        else if (random.chance(0.3)) requests.push(["XAUTOCLAIM", "s", "g", consumer(), 0, id(), "COUNT", random.between(1, 9)]);
        else if (random.chance(0.1)) {
          const name = consumer();
          requests.push(["XGROUP", "DELCONSUMER", "s", "g", name], ["XGROUP", "CREATECONSUMER", "s", "g", name]);
        } else if (random.chance(0.2)) requests.push(["XGROUP", "SETID", "s", "g", id()]);
        if (step % 50 === 0) requests.push(...looks());
      }
      cases.push([...requests, ...looks()]);
    }
    await comparison().compare(cases, MASKED);
  });

  test("the journal takes what came of reading and claiming; events tell of it", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ...READ,
      ["XGROUP", "CREATE", "s", "h", "$", "ENTRIESREAD", "3"],
      ["XGROUP", "CREATE", "t", "g", "$", "MKSTREAM"],
      ["XGROUP", "CREATECONSUMER", "t", "g", "alice"],
      ["XGROUP", "SETID", "s", "h", "0"],
      ["XGROUP", "CREATECONSUMER", "s", "h", "c"],
      ["XGROUP", "CREATECONSUMER", "s", "h", "c"],
      ["XREADGROUP", "GROUP", "h", "new", "NOACK", "COUNT", "2", "STREAMS", "s", ">"],
      ["XREADGROUP", "GROUP", "h", "new", "NOACK", "STREAMS", "s", ">"],
      ["XREADGROUP", "GROUP", "h", "new", "STREAMS", "s", ">"],
      ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", "0"],
      ["XREADGROUP", "GROUP", "g", "alice", "STREAMS", "t", "s", ">", ">"],
      ["XCLAIM", "s", "g", "carol", "0", "1-0", "2-0"],
      ["XCLAIM", "s", "g", "carol", "0", "1-0", "RETRYCOUNT", "9", "TIME", "1600000000000", "JUSTID"],
      ["XCLAIM", "s", "g", "carol", "100000", "3-0", "LASTID", "7-7"],
      ["XCLAIM", "s", "g", "dave", "100000", "3-0"],
      ["XDEL", "s", "2-0", "4-0"],
      ["XCLAIM", "s", "g", "bob", "0", "2-0"],
      ["XAUTOCLAIM", "s", "g", "bob", "0", "0", "COUNT", "3"],
      ["XAUTOCLAIM", "s", "g", "dave", "100000", "0"],
      ["XACK", "s", "g", "1-0", "99-0"],
      ["XACK", "s", "g", "1-0"],
      ["XGROUP", "DELCONSUMER", "s", "g", "bob"],
      ["XGROUP", "DELCONSUMER", "s", "g", "bob"],
      ["XGROUP", "DESTROY", "s", "g"],
      ["XGROUP", "DESTROY", "s", "g"],
    ]);
    expect(ours).toEqual(theirs);
  });
});

describe("consumer groups as in 7.2", () => {
  let client: RawClient;
  let server: TestServer;
  useServer((started, connected) => {
    client = connected;
    server = started;
  });

  async function say(...words: (string | number)[]): Promise<string> {
    return (await client.command(...words)).toString("latin1");
  }

  test("XINFO CONSUMERS tells how long consumers have been inactive, XINFO STREAM FULL when they were active", async () => {
    for (const request of [
      ...entries(1, "times"),
      ["XGROUP", "CREATE", "times", "g", "0"],
      ["XGROUP", "CREATECONSUMER", "times", "g", "c"],
    ]) {
      await client.command(...(request as Request));
    }
    expect(await say("XINFO", "CONSUMERS", "times", "g")).toMatch(
      /^\*1\r\n\*8\r\n\$4\r\nname\r\n\$1\r\nc\r\n\$7\r\npending\r\n:0\r\n\$4\r\nidle\r\n:\d+\r\n\$8\r\ninactive\r\n:-1\r\n$/,
    );
    expect(await say("XINFO", "STREAM", "times", "FULL")).toMatch(
      /\$9\r\nseen-time\r\n:\d{13}\r\n\$11\r\nactive-time\r\n:-1\r\n\$9\r\npel-count/,
    );
    await client.command("XREADGROUP", "GROUP", "g", "c", "STREAMS", "times", ">");
    expect(await say("XINFO", "CONSUMERS", "times", "g")).toMatch(/inactive\r\n:\d+\r\n$/);
    expect(await say("XINFO", "STREAM", "times", "FULL")).toMatch(/active-time\r\n:\d{13}\r\n/);
  });

  test("who waits to read through a group hears of an entry, of the group's end, and of the key's", async () => {
    const ends: readonly [Request, string][] = [
      [["XADD", "waited", "1-1", "a", "b"], "*1\r\n*2\r\n$6\r\nwaited\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"],
      [["XGROUP", "DESTROY", "waited", "g"], "-NOGROUP No such key 'waited' or consumer group 'g' in XREADGROUP with GROUP option\r\n"],
      [["DEL", "waited"], "-NOGROUP No such key 'waited' or consumer group 'g' in XREADGROUP with GROUP option\r\n"],
      [["SET", "waited", "x"], "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
    ];
    for (const [request, expected] of ends) {
      await client.command("DEL", "waited");
      await client.command("XGROUP", "CREATE", "waited", "g", "$", "MKSTREAM");
      const waiting = await connect(server.port);
      const reply = waiting.command("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "waited", ">");
      while (!(await say("INFO", "clients")).includes("blocked_clients:1")) await Bun.sleep(1);
      await client.command(...request);
      expect((await reply).toString("latin1")).toBe(expected);
      waiting.close();
    }
  });

  test("consumers come to be when they claim or read in vain, and only NOACK has the journal told", async () => {
    const { journal } = server.server;
    journal.start();
    for (const request of [...entries(1, "vain"), ["XGROUP", "CREATE", "vain", "g", "$"] as Request]) await client.command(...request);
    const cursor = journal.open(journal.offset);
    for (const request of [
      ["XREADGROUP", "GROUP", "g", "reads", "STREAMS", "vain", ">"],
      ["XREADGROUP", "GROUP", "g", "forgets", "NOACK", "STREAMS", "vain", ">"],
      ["XCLAIM", "vain", "g", "claims", 0, "1-0"],
      ["XAUTOCLAIM", "vain", "g", "sweeps", 0, "0"],
    ] as Request[]) {
      await client.command(...request);
    }
    const names = [...(await say("XINFO", "CONSUMERS", "vain", "g")).matchAll(/name\r\n\$\d+\r\n(\w+)/g)].map(([, name]) => name);
    expect(names).toEqual(["claims", "forgets", "reads", "sweeps"]);
    let stream = "";
    journal.read(cursor, (bytes, from, to) => {
      stream += bytes.toString("latin1", from, to);
      return to - from;
    });
    journal.close(cursor);
    expect(stream.match(/XGROUP|CREATECONSUMER|XREADGROUP|XCLAIM|XAUTOCLAIM|forgets/g)).toEqual(["XGROUP", "CREATECONSUMER", "forgets"]);
  });

  test("thousands of pending entries of two consumers are found, counted and given up", async () => {
    const total = 20_000;
    await client.command("XGROUP", "CREATE", "many", "g", "0", "MKSTREAM");
    for (let index = 1; index <= total; index += 1000) {
      await Promise.all(Array.from({ length: 1000 }, (_, offset) => client.command("XADD", "many", `${index + offset}-0`, "a", offset)));
      await client.command("XREADGROUP", "GROUP", "g", index % 2000 === 1 ? "odd" : "even", "STREAMS", "many", ">");
    }
    expect(await say("XPENDING", "many", "g")).toBe(
      "*4\r\n:20000\r\n$3\r\n1-0\r\n$7\r\n20000-0\r\n*2\r\n*2\r\n$4\r\neven\r\n$5\r\n10000\r\n*2\r\n$3\r\nodd\r\n$5\r\n10000\r\n",
    );
    expect(await say("XACK", "many", "g", "10000-0", "10001-0", "1-0", "20000-0", "20001-0")).toBe(":4\r\n");
    expect(await say("XGROUP", "DELCONSUMER", "many", "g", "odd")).toBe(":9998\r\n");
    expect(await say("XPENDING", "many", "g", "-", "+", 1)).toMatch(/^\*1\r\n\*4\r\n\$6\r\n1001-0\r\n\$4\r\neven\r\n:\d+\r\n:1\r\n$/);
    expect(await say("XPENDING", "many", "g")).toBe(
      "*4\r\n:9998\r\n$6\r\n1001-0\r\n$7\r\n19999-0\r\n*1\r\n*2\r\n$4\r\neven\r\n$4\r\n9998\r\n",
    );
  });
});
