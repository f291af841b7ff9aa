import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { LOOK } from "../support/lookup.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

const FAR = 99999999999999;
/** Values of all encodings and of sizes on both sides of the limits that decide where a value lies. */
const SIZES = [0, 1, 20, 44, 45, 1000, 32000, 32767, 32768, 100_000, 1_500_000];

function value(size: number): string {
  return "abcdefghij".repeat(Math.ceil(size / 10)).slice(0, size);
}

describeWithRedis("string commands answer as Redis does", () => {
  const comparison = useComparison();

  test("SET with each option, each pair of options and each malformed time", async () => {
    const options = [
      ["NX"],
      ["xx"],
      ["GET"],
      ["KEEPTTL"],
      ["EX", 100],
      ["px", 100000],
      ["EXAT", FAR],
      ["PXAT", FAR],
      ["PERSIST"],
      ["junk"],
    ];
    const after: Request[] = [
      ["GET", "k"],
      ["PEXPIRETIME", "other"],
      ["TTL", "k"],
    ];
    const cases: Request[][] = [];
    for (const before of [[], [["SET", "k", "old"]], [["SET", "k", "old", "EX", "50"]]] as Request[][]) {
      for (const option of options) {
        cases.push([...before, ["SET", "k", "v", ...option], ...after]);
        for (const second of options) cases.push([...before, ["SET", "k", "v", ...option, ...second], ...after]);
      }
    }
    const times = [
      "0",
      "-1",
      "abc",
      "",
      "1.5",
      " 1",
      "9223372036854775",
      "9223372036854776",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
    ];
    for (const option of ["EX", "PX", "EXAT", "PXAT"]) {
      for (const time of times)
        cases.push(
          [
            ["SET", "k", "v", option, time, "GET"],
            ["GET", "k"],
          ],
          [
            ["SET", "k", "v"],
            ["GETEX", "k", option, time],
            ["GET", "k"],
          ],
        );
      cases.push([
        ["SET", "k", "v", option],
        ["GETEX", "k", option],
        ["SET", "k", "v", option, "10", option, "20"],
        ["PERSIST", "k"], // not TTL: the two are not asked in the same millisecond
      ]);
    }
    await comparison().compare(cases);
  });

  test("times beyond 2^53 ms are kept to the millisecond", async () => {
    const times = ["9007199254740993", "9223372036854775807", "9223372036854775806", "9223372036854774784"];
    await comparison().compare(
      times.map((time) => [
        ["SET", "k", "v", "PXAT", time],
        ["PEXPIRETIME", "k"],
        ["EXPIRETIME", "k"],
        ["SET", "k", "other", "KEEPTTL"],
        ["APPEND", "k", value(1000)],
        ["RENAME", "k", "l"],
        ["COPY", "l", "m"],
        ["PEXPIRETIME", "m"],
        ["GETEX", "m", "PXAT", "9007199254740995"],
        ["PEXPIRETIME", "m"],
        ["PEXPIREAT", "l", time, "GT"],
        ["PEXPIREAT", "l", "9007199254740992", "LT"],
        ["PEXPIREAT", "l", "9007199254740993", "GT"],
        ["PEXPIRETIME", "l"],
        ["PERSIST", "l"],
        ["PTTL", "l"],
      ]),
    );
  });

  test("SET GET, GETSET, GETDEL and GETEX on a missing key and on another type", async () => {
    await comparison().compare(
      [[], [["SET", "k", "v"]], [["SET", "k", "v", "EX", "100"]]].map((before) => [
        ...(before as Request[]),
        ["SET", "k", "w", "GET"],
        ["SET", "k", "x", "NX", "GET"],
        ["SET", "k", "y", "XX", "GET", "get"],
        ["GETSET", "k", "z"],
        ["TTL", "k"],
        ["GETEX", "k", "PERSIST"],
        ["GETEX", "k", "EX", "10", "PERSIST"],
        ["GETEX", "k", "KEEPTTL"],
        ["GETEX", "k", "EXAT", "1"],
        ["EXISTS", "k"],
        ["GETEX", "missing", "EX", "-1"],
        ["GETDEL", "k"],
        ["SETNX", "k", "1"],
        ["SETNX", "k", "2"],
        ["GETDEL", "k"],
        ["GETDEL", "k"],
        ["SETEX", "k", "10", "v"],
        ["SETEX", "k", "0", "v"],
        ["SETEX", "k", "v", "10"],
        ["PSETEX", "k", "-5", "v"],
        ["PSETEX", "k", "100000", "v"],
        ["GET"],
        ["GET", "k", "l"],
        ["SET", "k"],
      ]),
    );
  });

  test("values of every size and encoding, written over each other, grown and renamed", async () => {
    const cases: Request[][] = [];
    for (const first of SIZES) {
      for (const second of SIZES) {
        cases.push([
          ["SET", "k", value(first), "EX", "1000"],
          ["OBJECT", "ENCODING", "k"],
          ["SET", "k", value(second), "KEEPTTL"],
          ["STRLEN", "k"],
          ["GET", "k"],
          ["TTL", "k"],
          ["APPEND", "k", value(first)],
          ["OBJECT", "ENCODING", "k"],
          ["SETRANGE", "k", first, "middle"],
          ["GETRANGE", "k", "-20", "-1"],
          ["RENAME", "k", "l"],
          ["PERSIST", "l"],
          ["COPY", "l", "k"],
          ["EXPIRE", "l", "100"],
          ["GET", "l"],
          ["APPEND", "l", "x"],
          ["GET", "k"],
        ]);
      }
    }
    await comparison().compare(cases);
  });

  test("keys of every size", async () => {
    await comparison().compare(
      SIZES.map((size) => [
        ["SET", value(size), "1", "EX", "1000"],
        ["INCR", value(size)],
        ["SET", value(size), value(40_000), "KEEPTTL"],
        ["APPEND", value(size), "x"],
        ["PERSIST", value(size)],
        ["RENAME", value(size), `${value(size)}!`],
        ["STRLEN", `${value(size)}!`],
        ["KEYS", "*"],
        ["DEL", `${value(size)}!`],
        ["DBSIZE"],
      ]),
    );
  });

  test("encodings", async () => {
    const values = [
      "",
      "0",
      "-0",
      "1",
      "-1",
      "007",
      "+1",
      " 1",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "1.0",
      "x".repeat(44),
      "x".repeat(45),
    ];
    await comparison().compare(
      values.map((text) => [
        ["SET", "k", text],
        ["OBJECT", "ENCODING", "k"],
        ["INCR", "k"],
        ["OBJECT", "ENCODING", "k"],
        ["SET", "k", text],
        ["APPEND", "k", ""],
        ["OBJECT", "ENCODING", "k"],
        ["INCRBYFLOAT", "k", "1"],
        ["OBJECT", "ENCODING", "k"],
        ["APPEND", "new", text],
        ["OBJECT", "ENCODING", "new"],
        ["SETRANGE", "range", 0, text],
        ["OBJECT", "ENCODING", "range"],
        ["GETSET", "set", text],
        ["OBJECT", "ENCODING", "set"],
        ["MSET", "m", text, "m", text],
        ["OBJECT", "ENCODING", "m"],
      ]),
    );
  });

  test("MGET, MSET and MSETNX", async () => {
    await comparison().compare([
      [
        ["MSET", "a", "1", "b", "2", "a", "3"],
        ["MGET", "a", "b", "c", "a"],
        ["MSETNX", "c", "1", "a", "2"],
        ["MGET", "c"],
        ["MSETNX", "c", "1", "d", "2", "c", "3"],
        ["MGET", "c", "d"],
        ["MSET", "a"],
        ["MSET", "a", "1", "b"],
        ["MSETNX", "a", "1", "b"],
        ["MGET"],
      ],
    ]);
  });

  test("ranges at every offset", async () => {
    const offsets = [
      "0",
      "1",
      "3",
      "4",
      "100",
      "-1",
      "-3",
      "-4",
      "-5",
      "-100",
      "9223372036854775807",
      "-9223372036854775808",
      "-9223372036854775807",
    ];
    const requests: Request[] = [
      ["SET", "k", "abcd"],
      ["SET", "n", "12345"],
    ];
    for (const first of offsets) {
      for (const last of offsets)
        requests.push(["GETRANGE", "k", first, last], ["SUBSTR", "n", first, last], ["GETRANGE", "missing", first, last]);
    }
    requests.push(["GETRANGE", "k", "a", "1"], ["GETRANGE", "k", "1", ""], ["GETRANGE", "k", "9223372036854775808", "1"]);
    for (const offset of offsets) requests.push(["SETRANGE", "new", offset, ""], ["SETRANGE", "k", offset, ""]);
    for (const offset of ["-1", "x", "536870912", "9223372036854775807"])
      requests.push(["SETRANGE", "k", offset, "x"], ["SETRANGE", "missing", offset, "x"]);
    requests.push(
      ["SETRANGE", "fresh", "5", "x"],
      ["GET", "fresh"],
      ["SETRANGE", "n", "2", "xy"],
      ["GET", "n"],
      ["SETRANGE", "n", "10", "z"],
      ["GET", "n"],
    );
    await comparison().compare([requests]);
  });

  test("counters at the edges of int64 and of what a double holds", async () => {
    const edges = [
      "0",
      "1",
      "-1",
      "9",
      "99",
      "999999999999999",
      "1000000000000000",
      "9007199254740991",
      "9007199254740993",
      "9223372036854775806",
      "9223372036854775807",
    ];
    const all = [
      ...edges,
      ...edges.map((edge) => `-${edge}`),
      "-9223372036854775808",
      "9223372036854775808",
      "007",
      "1.5",
      "",
      " 1",
      "1 ",
      "abc",
      "+5",
    ];
    const cases: Request[][] = all.map((held) => {
      const requests: Request[] = [];
      for (const name of ["INCR", "DECR"]) requests.push(["SET", "k", held, "EX", "100"], [name, "k"], ["GET", "k"], ["TTL", "k"]);
      for (const by of all)
        for (const name of ["INCRBY", "DECRBY"])
          requests.push(["SET", "k", held], [name, "k", by], ["GET", "k"], ["OBJECT", "ENCODING", "k"]);
      return requests;
    });
    cases.push([
      ["INCR", "new"],
      ["DECR", "other"],
      ["INCRBY", "third", "-5"],
      ["MGET", "new", "other", "third"],
    ]);
    await comparison().compare(cases);
  });

  test("LCS in both protocols", async () => {
    const requests: Request[] = [["MSET", "a", "ohmytext", "b", "mynewtext", "c", "", "n", "12345"]];
    const options = [
      [],
      ["LEN"],
      ["IDX"],
      ["IDX", "MINMATCHLEN", "4"],
      ["IDX", "MINMATCHLEN", "4", "WITHMATCHLEN"],
      ["idx", "withmatchlen"],
    ];
    const wrong = [["LEN", "IDX"], ["MINMATCHLEN"], ["MINMATCHLEN", "x"], ["IDX", "MINMATCHLEN", "-3"], ["junk"]];
    for (const option of [...options, ...wrong]) {
      for (const [one, other] of ["ab", "ba", "aa", "ac", "an", "ax", "xy"]) requests.push(["LCS", one, other, ...option]);
    }
    await comparison().compare([requests]);
    await comparison().compare([requests], { protocol: 3 });
  });

  test("propagation and keyspace events", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["SET", "k", "v"],
      ["SET", "k", "v", "EX", "100"],
      ["SET", "k", "v", "GET", "EXAT", FAR, "XX"],
      ["SET", "k", "v", "GET", "KEEPTTL", "get"],
      ["SET", "k", "v", "NX"],
      ["SETNX", "k", "v"],
      ["SETNX", "nx", "v"],
      ["SETEX", "k", "100", "v"],
      ["PSETEX", "k", "100000", "v"],
      ["GETSET", "k", "w"],
      ["GETEX", "k"],
      ["GETEX", "k", "EX", "100"],
      ["GETEX", "k", "PXAT", FAR],
      ["GETEX", "k", "PERSIST"],
      ["GETEX", "k", "PERSIST"],
      ["GETEX", "k", "EXAT", "1"],
      ["GETDEL", "k"],
      ["GETDEL", "nx"],
      ["MSET", "a", "1", "b", "2"],
      ["MSETNX", "a", "1", "c", "2"],
      ["MSETNX", "c", "1", "d", "2"],
      ["INCR", "a"],
      ["DECRBY", "a", "30"],
      ["INCRBY", "a", "9223372036854775807"],
      ["INCRBYFLOAT", "a", "1.5e1"],
      ["INCRBYFLOAT", "f", "0.1"],
      ["INCR", "f"],
      ["APPEND", "b", "x"],
      ["APPEND", "e", "x"],
      ["SETRANGE", "e", "3", "y"],
      ["SETRANGE", "e", "3", ""],
      ["SETRANGE", "missing", "3", ""],
      ["MGET", "a", "missing"],
    ]);
    expect(ours).toEqual(theirs);
  });
});

describeWithRedis("string commands with a small proto-max-bulk-len answer as Redis does", () => {
  const comparison = useComparison({ "proto-max-bulk-len": "1048576" });

  test("when a string or the table of LCS would be longer than that", async () => {
    await comparison().compare([
      [
        ["SETRANGE", "k", "1048570", "abcdef"],
        ["APPEND", "k", "x"],
        ["SETRANGE", "k", "1048571", "abcdef"],
        ["SETRANGE", "missing", "1048571", "abcdef"],
        ["MSET", "a", value(511), "b", value(511), "c", value(512)],
        ["LCS", "a", "b", "LEN"],
        ["LCS", "a", "c", "LEN"],
        ["LCS", "a", "c"],
      ],
    ]);
  });
});

describe("string commands", () => {
  let server: TestServer | null = null;
  afterEach(async () => {
    await server?.stop();
    server = null;
  });

  test("a counter is changed where it stands while its length stays", async () => {
    server = await startServer();
    const client = await connect(server.port);
    await client.command("SET", "k", "100");
    const [database] = server.server.keyspace.databases;
    const name = Buffer.from("k");
    const address = database.find(LOOK, name, 0, 1);
    const used = server.server.keyspace.space.arena.usedBytes;
    for (let count = 0; count < 500; count++) await client.command("INCR", "k");
    expect(database.find(LOOK, name, 0, 1)).toBe(address);
    expect(server.server.keyspace.space.arena.usedBytes).toBe(used);
    expect(await client.text("GET", "k")).toBe("600");
    client.close();
  });

  /** What the journal takes for these requests, as the bytes of the stream. */
  async function journalOf(directives: Parameters<typeof startServer>[0], requests: readonly Request[]): Promise<string> {
    server = await startServer(directives);
    const { journal } = server.server;
    journal.start();
    const cursor = journal.open(journal.offset);
    const client = await connect(server.port);
    for (const request of requests) await client.command(...request);
    client.close();
    let stream = "";
    journal.read(cursor, (bytes, from, to) => {
      stream += bytes.latin1Slice(from, to);
      return to - from;
    });
    return stream;
  }

  test("what expires in the past is journalled as UNLINK with lazyfree-lazy-expire", async () => {
    const requests: Request[] = [
      ["MSET", "k", "v", "l", "w"],
      ["EXPIRE", "k", "-1"],
      ["GETEX", "l", "PXAT", "1"],
    ];
    const stream = await journalOf({ "lazyfree-lazy-expire": "yes" }, requests);
    expect(stream).toEndWith("*2\r\n$6\r\nUNLINK\r\n$1\r\nk\r\n*2\r\n$6\r\nUNLINK\r\n$1\r\nl\r\n");
  });

  test("SET with PXAT is journalled as it came, GET included (Redis 7.0 dropped the GET, 7.2 does not)", async () => {
    const stream = await journalOf({}, [["SET", "k", "v", "PXAT", FAR, "GET"]]);
    expect(stream).toEndWith("*6\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$4\r\nPXAT\r\n$14\r\n99999999999999\r\n$3\r\nGET\r\n");
  });
});
