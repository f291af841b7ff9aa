import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PLAIN, QuickList } from "../../src/values/list/quicklist.ts";
import { connect, encodeCommand, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

const LONG = "x".repeat(100);
/** Integers of every width that a listpack has, digits that are none, bytes of every length of header; one beyond a node. */
const ELEMENTS = [
  "a",
  "",
  "0",
  "127",
  "-4096",
  "70000",
  "-8388609",
  "2147483648",
  "9223372036854775807",
  "007",
  "1.5",
  "b".repeat(64),
  "c".repeat(4096),
];

function range(key: string): Request {
  return ["LRANGE", key, "0", "-1"];
}

function pushed(key: string, elements: readonly string[]): Request {
  return ["RPUSH", key, ...elements];
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index}`);
}

/** Lists that are small, of one node, of several and of nodes of one element. */
const LISTS: readonly Request[] = [
  pushed("l", ["a", "b", "c", "a", "b"]),
  pushed("l", numbers(300)),
  pushed("l", ELEMENTS),
  pushed(
    "l",
    Array.from({ length: 20 }, (_, index) => `${LONG.repeat(10)}${index}`),
  ),
  pushed(
    "l",
    Array.from({ length: 4 }, (_, index) => `${index}`.repeat(9000)),
  ),
];

describeWithRedis("list commands answer as Redis does", () => {
  const comparison = useComparison();

  async function compare(cases: readonly (readonly Request[])[]): Promise<void> {
    await comparison().compare(cases);
    await comparison().compare(cases, { protocol: 3 });
  }

  test("pushing at both ends, one and several, to keys that are there or not or of another type", async () => {
    const cases: Request[][] = [];
    for (const name of ["LPUSH", "RPUSH", "LPUSHX", "RPUSHX"]) {
      cases.push(
        [[name, "l", "a"], [name, "l", "b", "c", "d"], range("l"), ["LLEN", "l"], ["TYPE", "l"]],
        [["RPUSH", "l", "x"], [name, "l", ...ELEMENTS], range("l")],
        [["RPUSH", "l", "x"], [name, "l", ...numbers(3000)], range("l"), ["LLEN", "l"]],
        [
          ["SET", "l", "v"],
          [name, "l", "a"],
          ["GET", "l"],
        ],
        [[name], [name, "l"], [name, "l", "a"], ["EXISTS", "l"]],
        [
          ["RPUSH", "l", "x"],
          ["EXPIRE", "l", "100"],
          [name, "l", "y"],
          ["TTL", "l"],
        ],
      );
    }
    await compare(cases);
  });

  test("LPOP and RPOP with and without count", async () => {
    const cases: Request[][] = [];
    for (const name of ["LPOP", "RPOP"]) {
      for (const list of LISTS)
        cases.push([
          list,
          [name, "l"],
          [name, "l", "2"],
          ["LLEN", "l"],
          [name, "l", "0"],
          range("l"),
          [name, "l", "100000"],
          ["EXISTS", "l"],
        ]);
      cases.push(
        [[name, "l"], [name, "l", "1"], [name, "l", "0"], [name, "l", "-1"], [name, "l", "x"], [name, "l", "1", "2"], [name]],
        [
          ["RPUSH", "l", "a"],
          [name, "l", "-1"],
          [name, "l", "9223372036854775808"],
          [name, "l", "1.5"],
          [name, "l"],
          [name, "l"],
        ],
        [
          ["SET", "l", "v"],
          [name, "l"],
          [name, "l", "1"],
          [name, "l", "0"],
          [name, "l", "-1"],
        ],
        [
          ["RPUSH", "l", "a", "b"],
          [name, "l", "9223372036854775807"],
          ["EXISTS", "l"],
        ],
      );
    }
    await compare(cases);
  });

  test("LRANGE, LINDEX and LTRIM with indexes on both sides of both ends", async () => {
    const indexes = ["0", "1", "2", "4", "5", "6", "150", "299", "300", "-1", "-2", "-5", "-6", "-300", "-301"];
    const far = ["9223372036854775807", "-9223372036854775808", "9007199254740993", "x", "1.0", "9223372036854775808", ""];
    const cases: Request[][] = [];
    for (const list of LISTS) {
      const reads: Request[] = [list];
      for (const start of [...indexes, ...far]) {
        reads.push(["LINDEX", "l", start]);
        for (const stop of ["0", "3", "5", "299", "300", "-1", "-3", "-300", "-301", "9223372036854775807"])
          reads.push(["LRANGE", "l", start, stop]);
      }
      cases.push(reads);
    }
    for (const list of LISTS.slice(0, 2)) {
      for (const start of indexes) for (const stop of indexes) cases.push([list, ["LTRIM", "l", start, stop], range("l"), ["EXISTS", "l"]]);
      for (const index of far) cases.push([list, ["LTRIM", "l", index, "1"], ["LTRIM", "l", "1", index], range("l")]);
    }
    for (const list of LISTS.slice(2)) cases.push([list, ["LTRIM", "l", "1", "-2"], range("l"), ["LTRIM", "l", "2", "2"], range("l")]);
    for (const command of [
      ["LRANGE", "l", "0", "1"],
      ["LTRIM", "l", "0", "1"],
      ["LINDEX", "l", "0"],
      ["LLEN", "l"],
    ])
      cases.push(
        [command, command.slice(0, -1), [...command, "x"]],
        [["SET", "l", "v"], command],
        [
          ["LRANGE", "none", "x", "0"],
          ["LINDEX", "none", "x"],
        ],
      );
    await comparison().compare(cases);
    await comparison().compare([cases[0]], { protocol: 3 });
  });

  test("LSET at each place with shorter, longer and much longer elements", async () => {
    const cases: Request[][] = [];
    for (const list of LISTS) {
      for (const index of ["0", "1", "-1", "2", "4", "-4", "150"])
        for (const by of ["z", "12345", LONG, "y".repeat(9000)]) cases.push([list, ["LSET", "l", index, by], range("l"), ["LLEN", "l"]]);
    }
    cases.push(
      [
        ["LSET", "none", "0", "a"],
        ["LSET", "none", "x", "a"],
      ],
      [["RPUSH", "l", "a"], ["LSET", "l", "1", "b"], ["LSET", "l", "-2", "b"], ["LSET", "l", "x", "b"], ["LSET", "l", "0"], range("l")],
      [
        ["SET", "l", "v"],
        ["LSET", "l", "0", "b"],
        ["LSET", "l", "x", "b"],
      ],
    );
    await comparison().compare(cases);
  });

  test("LINSERT before and after, in lists of every size", async () => {
    const cases: Request[][] = [];
    for (const where of ["BEFORE", "after"]) {
      for (const pivot of [
        "a",
        "b",
        "0",
        "150",
        "299",
        "",
        "007",
        "7",
        "9223372036854775807",
        `${LONG.repeat(10)}7`,
        "2".repeat(9000),
        "none",
      ])
        for (const list of LISTS)
          cases.push([list, ["LINSERT", "l", where, pivot, "new"], ["LINSERT", "l", where, pivot, LONG.repeat(90)], range("l")]);
      cases.push(
        [
          ["LINSERT", "none", where, "a", "b"],
          ["EXISTS", "none"],
        ],
        [
          ["SET", "l", "v"],
          ["LINSERT", "l", where, "a", "b"],
        ],
      );
    }
    cases.push([
      ["RPUSH", "l", "a"],
      ["LINSERT", "l", "beside", "a", "b"],
      ["LINSERT", "l", "before", "a"],
      ["LINSERT", "none", "x", "a", "b"],
    ]);
    await comparison().compare(cases);
  });

  test("LREM from both ends, some and all", async () => {
    const cases: Request[][] = [];
    const repeated = pushed(
      "l",
      Array.from({ length: 900 }, (_, index) => ["a", "a", "7", LONG, "b"][index % 5]),
    );
    for (const count of ["0", "1", "-1", "2", "-2", "3", "-250", "100000", "-9223372036854775807"]) {
      for (const element of ["a", "7", LONG, "none"]) cases.push([repeated, ["LREM", "l", count, element], range("l"), ["LLEN", "l"]]);
      cases.push([pushed("l", ["a", "a"]), ["LREM", "l", count, "a"], ["EXISTS", "l"]], [["LREM", "none", count, "a"]]);
    }
    for (const list of LISTS.slice(2)) for (const element of ELEMENTS) cases.push([list, ["LREM", "l", "0", element], range("l")]);
    cases.push([
      ["LREM", "none", "x", "a"],
      ["SET", "l", "v"],
      ["LREM", "l", "x", "a"],
      ["LREM", "l", "1", "a"],
      ["LREM", "l", "1"],
    ]);
    await comparison().compare(cases);
  });

  test("LPOS with every combination of its options", async () => {
    const lists = [
      pushed("l", ["a", "b", "c", "1", "2", "3", "c", "c"]),
      pushed(
        "l",
        Array.from({ length: 1000 }, (_, index) => ["c", "5", LONG][index % 3]),
      ),
    ];
    const cases: Request[][] = [];
    for (const list of lists) {
      const asks: Request[] = [list];
      for (const element of ["a", "c", "5", "05", LONG, "none"]) {
        asks.push(["LPOS", "l", element]);
        for (const rank of ["1", "2", "3", "-1", "-2", "100", "-100"]) {
          asks.push(["LPOS", "l", element, "RANK", rank]);
          for (const count of ["0", "1", "2", "500"]) {
            asks.push(["LPOS", "l", element, "rank", rank, "COUNT", count]);
            for (const most of ["0", "1", "3", "999"]) asks.push(["LPOS", "l", element, "COUNT", count, "maxlen", most, "RANK", rank]);
          }
        }
      }
      cases.push(asks);
    }
    const wrong: Request[] = [];
    for (const option of ["RANK", "COUNT", "MAXLEN"])
      for (const value of ["-1", "0", "x", "", "9223372036854775807", "-9223372036854775807", "9223372036854775808", "1.5"])
        wrong.push(["LPOS", "l", "c", option, value], ["LPOS", "none", "c", option, value]);
    wrong.push(["LPOS", "l", "c", "RANK"], ["LPOS", "l", "c", "JUNK", "1"], ["LPOS", "l", "c", "COUNT", "1", "COUNT", "2"], ["LPOS", "l"]);
    cases.push(
      [lists[0], ...wrong],
      [
        ["SET", "l", "v"],
        ["LPOS", "l", "c"],
        ["LPOS", "l", "c", "RANK", "0"],
      ],
      [
        ["LPOS", "none", "c"],
        ["LPOS", "none", "c", "COUNT", "0"],
      ],
    );
    await compare(cases);
  });

  test("LMOVE and RPOPLPUSH between lists, within one, from and to keys that are none", async () => {
    const cases: Request[][] = [];
    const moves: Request[] = [];
    for (const from of ["LEFT", "right"])
      for (const to of ["left", "RIGHT"]) moves.push(["LMOVE", "l", "m", from, to], ["LMOVE", "l", "l", from, to]);
    moves.push(["RPOPLPUSH", "l", "m"], ["RPOPLPUSH", "l", "l"]);
    for (const move of moves) {
      for (const list of LISTS) cases.push([list, move, ["RPUSH", "m", "1", "2"], move, move, range("l"), range("m")]);
      cases.push(
        [move, ["EXISTS", "l", "m"]],
        [["RPUSH", "l", "one"], move, range("l"), range("m"), ["EXISTS", "l", "m"], move],
        [["SET", "l", "v"], move, ["EXISTS", "m"]],
        [["RPUSH", "l", "a"], ["SET", "m", "v"], move, range("l")],
        [["RPUSH", "l", "a", "b"], ["EXPIRE", "l", "100"], move, ["TTL", "l"], ["TTL", "m"]],
      );
    }
    cases.push([
      ["RPUSH", "l", "a"],
      ["LMOVE", "l", "m", "up", "left"],
      ["LMOVE", "l", "m", "left", "down"],
      ["LMOVE", "l", "m", "left"],
      ["RPOPLPUSH", "l"],
    ]);
    cases.push(
      [
        ["SET", "l", "v"],
        ["LMOVE", "l", "m", "up", "left"],
      ],
      [
        ["SET", "m", "v"],
        ["LMOVE", "none", "m", "left", "left"],
      ],
    );
    await compare(cases);
  });

  test("LMPOP from the first list that is there", async () => {
    const both: Request[] = [
      ["RPUSH", "l", "a", "b", "c"],
      ["RPUSH", "m", "d", "e"],
    ];
    const asks: Request[] = [
      ["LMPOP", "1", "l", "LEFT"],
      ["LMPOP", "2", "none", "m", "right"],
      ["LMPOP", "2", "l", "m", "LEFT", "COUNT", "2"],
      ["LMPOP", "2", "l", "m", "RIGHT", "count", "100"],
      ["LMPOP", "1", "none", "LEFT"],
      ["LMPOP", "2", "s", "l", "LEFT"],
      ["LMPOP", "2", "l", "s", "LEFT"],
    ];
    const wrong: Request[] = [
      ["LMPOP", "0", "l", "LEFT"],
      ["LMPOP", "-1", "l", "LEFT"],
      ["LMPOP", "x", "l", "LEFT"],
      ["LMPOP", "2", "l", "LEFT"],
      ["LMPOP", "3", "l", "LEFT"],
      ["LMPOP", "1", "l", "m", "LEFT"],
      ["LMPOP", "1", "l", "LEFT", "COUNT"],
      ["LMPOP", "1", "l", "LEFT", "COUNT", "0"],
      ["LMPOP", "1", "l", "LEFT", "COUNT", "-1"],
      ["LMPOP", "1", "l", "LEFT", "COUNT", "x"],
      ["LMPOP", "1", "l", "LEFT", "COUNT", "1", "COUNT", "1"],
      ["LMPOP", "1", "l", "LEFT", "JUNK", "1"],
      ["LMPOP", "1", "l"],
    ];
    await compare([...asks, ...wrong].map((ask) => [...both, ["SET", "s", "v"], ask, range("l"), range("m"), ask, ["EXISTS", "l", "m"]]));
  });

  test("what replicas and listeners are told", async () => {
    const setUp: Request[] = [
      ["RPUSH", "l", "a", "b", "a", "1", "2"],
      ["RPUSH", "m", "x"],
      ["SET", "s", "v"],
    ];
    const requests: Request[] = [
      ["LPUSH", "new", "a", "b"],
      ["LPUSHX", "none", "a"],
      ["RPUSHX", "l", "c"],
      ["LPOP", "none"],
      ["LPOP", "l", "0"],
      ["RPOP", "l"],
      ["LPOP", "l", "2"],
      ["LPOP", "m"],
      ["RPOP", "l", "100"],
      ["LSET", "l", "0", "z"],
      ["LSET", "l", "100", "z"],
      ["LINSERT", "l", "before", "b", "y"],
      ["LINSERT", "l", "before", "none", "y"],
      ["LREM", "l", "0", "a"],
      ["LREM", "l", "0", "none"],
      ["LREM", "m", "0", "x"],
      ["LTRIM", "l", "1", "-2"],
      ["LTRIM", "l", "0", "-1"],
      ["LTRIM", "l", "5", "1"],
      ["LTRIM", "none", "5", "1"],
      ["LMOVE", "l", "m", "left", "right"],
      ["LMOVE", "m", "l", "right", "left"],
      ["LMOVE", "m", "new", "right", "left"],
      ["LMOVE", "l", "l", "right", "left"],
      ["LMOVE", "m", "m", "left", "left"],
      ["LMOVE", "none", "l", "right", "left"],
      ["RPOPLPUSH", "l", "m"],
      ["LMPOP", "2", "none", "l", "LEFT", "COUNT", "2"],
      ["LMPOP", "2", "m", "l", "RIGHT", "COUNT", "10"],
      ["LMPOP", "1", "none", "LEFT"],
      ["RPUSH", "s", "wrong"],
      ["LRANGE", "l", "0", "-1"],
      ["LPOS", "l", "a"],
    ];
    const all = requests.flatMap((request): Request[] => [["DEL", "l", "m", "s", "new"], ...setUp, request]);
    const { ours, theirs } = await effectsOf(comparison(), all);
    expect(ours).toEqual(theirs);
  });

  test("random requests on a few lists", async () => {
    const random = new Random(20260801);
    const element = () =>
      random.pick(["a", "b", "1", "22", "-70000", LONG, `${random.below(50)}`, random.chance(0.1) ? LONG.repeat(100) : "c"]);
    const name = () => random.pick(["l", "m", "n"]);
    const index = () => `${random.between(-40, 40)}`;
    const makers: (() => Request)[] = [
      () => [random.pick(["LPUSH", "RPUSH"]), name(), ...Array.from({ length: random.between(1, 8) }, element)],
      () => [random.pick(["LPUSH", "RPUSH"]), name(), ...Array.from({ length: random.between(1, 300) }, element)],
      () => [random.pick(["LPOP", "RPOP"]), name(), `${random.below(6)}`],
      () => [random.pick(["LPOP", "RPOP"]), name()],
      () => ["LSET", name(), index(), element()],
      () => ["LINSERT", name(), random.pick(["BEFORE", "AFTER"]), element(), element()],
      () => ["LREM", name(), `${random.between(-3, 3)}`, element()],
      () => ["LTRIM", name(), `${random.between(-300, 10)}`, `${random.between(-10, 300)}`],
      () => ["LMOVE", name(), name(), random.pick(["LEFT", "RIGHT"]), random.pick(["LEFT", "RIGHT"])],
      () => ["LRANGE", name(), index(), index()],
      () => ["LINDEX", name(), index()],
      () => ["LPOS", name(), element(), "COUNT", "0", "RANK", random.pick(["1", "-1"])],
      () => ["LMPOP", "2", name(), name(), random.pick(["LEFT", "RIGHT"]), "COUNT", `${random.between(1, 9)}`],
    ];
    const requests = Array.from({ length: 3000 }, (_, at): Request => (at % 100 === 99 ? range(name()) : random.pick(makers)()));
    await comparison().compare([[...requests, range("l"), range("m"), range("n")]]);
  });
});

describe("lists as Redis 7.2 holds them", () => {
  let server: TestServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startServer({ "enable-debug-command": "yes" });
    client = await connect(server.port);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  async function ask(...words: (string | number)[]): Promise<string> {
    return (await client.command(...words)).toString("latin1");
  }

  /** Which nodes of a large list are plain. */
  function plainNodes(name: string): number[] {
    const key = Buffer.from(name);
    const { table } = server.server.keyspace.databases[0];
    const address = table.find(table.hash(key, 0, key.length), key, 0, key.length);
    const list = server.server.keyspace.space.objects.get(table.handle(address));
    if (!(list instanceof QuickList)) throw new Error(`${name} is not a large list`);
    return Array.from({ length: list.length }, (_, node) => node).filter((node) => list.kind(node) === PLAIN);
  }

  async function encoding(key: string): Promise<string> {
    return (await ask("OBJECT", "ENCODING", key)).split("\r\n")[1];
  }

  test("a small list is a listpack, a large one a quicklist, and one that shrinks to half the limit a listpack again", async () => {
    await ask("CONFIG", "SET", "list-max-listpack-size", 4);
    await ask("DEL", "l");
    await ask("RPUSH", "l", "a", "b", "c", "d");
    expect(await encoding("l")).toBe("listpack");
    await ask("RPUSH", "l", "e");
    expect(await encoding("l")).toBe("quicklist");
    await ask("RPOP", "l");
    await ask("RPOP", "l");
    expect(await encoding("l")).toBe("quicklist");
    await ask("LREM", "l", 1, "a");
    expect(await encoding("l")).toBe("listpack");
    expect(await ask("LRANGE", "l", 0, -1)).toBe("*2\r\n$1\r\nb\r\n$1\r\nc\r\n");
    await ask("CONFIG", "SET", "list-max-listpack-size", -2);
  });

  test("what is about to be added counts by its bytes, at once", async () => {
    await ask("DEL", "l", "m");
    await ask("RPUSH", "l", "x".repeat(4000), "y".repeat(4000));
    expect(await encoding("l")).toBe("listpack");
    await ask("RPUSH", "m", "x".repeat(8185));
    expect(await encoding("m")).toBe("listpack");
    await ask("DEL", "m");
    await ask("RPUSH", "m", "x".repeat(8186));
    expect(await encoding("m")).toBe("quicklist");
    await ask("LSET", "l", 0, "z".repeat(300));
    expect(await encoding("l")).toBe("quicklist");
    await ask("LSET", "l", 1, "z");
    expect(await encoding("l")).toBe("listpack");
  });

  test("an insertion or replacement that comes to nothing still makes room", async () => {
    for (const request of [
      ["LINSERT", "l", "BEFORE", "none", "x".repeat(9000)],
      ["LSET", "l", "7", "x".repeat(9000)],
    ]) {
      await ask("DEL", "l");
      await ask("RPUSH", "l", "a");
      expect(await ask(...request)).toMatch(/^(:-1|-ERR index out of range)\r\n$/);
      expect(await encoding("l")).toBe("quicklist");
      expect(await ask("LRANGE", "l", 0, -1)).toBe("*1\r\n$1\r\na\r\n");
    }
  });

  test("a number moved off a large list does not count", async () => {
    await ask("DEL", "l", "m", "n");
    await ask("RPUSH", "l", "x".repeat(9000), "12345678");
    await ask("RPUSH", "n", "12345678");
    await ask("RPUSH", "m", "y".repeat(8176));
    await ask("LMOVE", "l", "m", "RIGHT", "RIGHT");
    expect(await encoding("m")).toBe("listpack");
    await ask("RPOP", "m");
    await ask("LMOVE", "n", "m", "RIGHT", "RIGHT");
    expect(await encoding("m")).toBe("quicklist");
  });

  test("DEBUG QUICKLIST-PACKED-THRESHOLD says from which length on elements are not packed", async () => {
    expect(await ask("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "10b")).toBe("+OK\r\n");
    await ask("CONFIG", "SET", "list-max-listpack-size", 2);
    await ask("DEL", "l");
    await ask("RPUSH", "l", "a", "b", "c", "d".repeat(10), "e");
    await ask("LSET", "l", 0, "f".repeat(11));
    await ask("LINSERT", "l", "AFTER", "b", "g".repeat(12));
    await ask("LSET", "l", 4, "d");
    expect(await ask("LPOS", "l", "g".repeat(12))).toBe(":2\r\n");
    expect(await ask("LRANGE", "l", 0, -1)).toBe(
      `*6\r\n$11\r\n${"f".repeat(11)}\r\n$1\r\nb\r\n$12\r\n${"g".repeat(12)}\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n`,
    );
    expect(plainNodes("l")).toEqual([0, 2]);
    expect(await ask("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0")).toBe("+OK\r\n");
    await ask("RPUSH", "l", "h".repeat(100_000));
    expect(plainNodes("l")).toEqual([0, 2]);
    expect(await ask("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "4gb")).toBe(
      "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n",
    );
    await ask("CONFIG", "SET", "list-max-listpack-size", -2);
  });

  test("DEBUG LISTPACK and QUICKLIST look at lists of their encoding only", async () => {
    await ask("DEL", "l", "m");
    await ask("RPUSH", "l", "a", "12");
    await ask("RPUSH", "m", "x".repeat(9000), "12");
    expect(await ask("DEBUG", "LISTPACK", "l")).toBe("+Listpack structure printed on stdout\r\n");
    expect(await ask("DEBUG", "LISTPACK", "m")).toBe("-ERR Not a listpack encoded object.\r\n");
    expect(await ask("DEBUG", "QUICKLIST", "m", "1")).toBe("+Quicklist structure printed on stdout\r\n");
    expect(await ask("DEBUG", "QUICKLIST", "l")).toBe("-ERR Not a quicklist encoded object.\r\n");
    expect(await ask("DEBUG", "QUICKLIST", "none")).toBe("-ERR no such key\r\n");
  });

  test("a list in every encoding gives its memory back when its last element goes", async () => {
    const { space } = server.server.keyspace;
    await ask("FLUSHALL", "SYNC");
    const before = space.arena.usedBytes;
    for (const [count, bytes] of [
      [3, 3],
      [5000, 20],
      [3, 9000],
      [4, 70_000],
    ]) {
      for (let left = count; left > 0; left--) await ask("RPUSH", "l", "x".repeat(bytes));
      for (let left = count; left > 0; left--) await ask(left % 2 === 0 ? "LPOP" : "RPOP", "l");
      expect([await ask("EXISTS", "l"), space.arena.usedBytes, space.objects.usedBytes]).toEqual([":0\r\n", before, 0]);
    }
  });

  test("the directory of a list's nodes is counted as used memory as it grows", async () => {
    const { keyspace } = server.server;
    await ask("FLUSHALL", "SYNC");
    for (let left = 3000; left > 0; left--) client.send(encodeCommand(["RPUSH", "l", "x".repeat(8200)]));
    for (let left = 3000; left > 0; left--) await client.readReply();
    expect(keyspace.space.objects.usedBytes).toBeGreaterThan(3000 * 16);
    await ask("LTRIM", "l", 0, 9);
    expect(keyspace.space.objects.usedBytes).toBeLessThan(2000);
  });

  test("a rank that has no opposite is refused", async () => {
    await ask("DEL", "l");
    await ask("RPUSH", "l", "a");
    expect(await ask("LPOS", "l", "a", "RANK", "-9223372036854775808")).toBe(
      "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
    );
  });
});
