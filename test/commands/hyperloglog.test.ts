import { expect, test } from "bun:test";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

/** Strings that are no HyperLogLog, or a damaged one. */
const DAMAGED: readonly (readonly [name: string, content: Buffer | string])[] = [
  ["text", "no such thing, though it is long enough"],
  ["number", "1234567890123456789"],
  ["empty", ""],
  ["short", "HYLL\x01\0\0\0\0\0\0\0\0\0\0"],
  ["header", Buffer.from(`HYLL\x01${"\0".repeat(11)}`, "latin1")],
  ["form", Buffer.from(`HYLL\x02${"\0".repeat(11)}\x7f\xff`, "latin1")],
  ["few", Buffer.from(`HYLL\x01${"\0".repeat(10)}\x80\x7f\xf0`, "latin1")],
  ["few noted", Buffer.from(`HYLL\x01\0\0\0\x09${"\0".repeat(7)}\x7f\xf0`, "latin1")],
  ["many", Buffer.from(`HYLL\x01${"\0".repeat(10)}\x80\x7f\xff\x81`, "latin1")],
  ["cut", Buffer.from(`HYLL\x01${"\0".repeat(10)}\x80\x3f\x3f\x7f`, "latin1")],
  ["vals", Buffer.from(`HYLL\x01${"\0".repeat(10)}\x80\x80\x84\x88\x7f\xfc`, "latin1")],
  ["dense", Buffer.concat([Buffer.from(`HYLL\0${"\0".repeat(10)}\x80`, "latin1"), Buffer.alloc(12287)])],
  ["dense ones", Buffer.concat([Buffer.from(`HYLL\0${"\0".repeat(10)}\x80`, "latin1"), Buffer.alloc(12288, 0xff)])],
  ["dense high", Buffer.concat([Buffer.from(`HYLL\0${"\0".repeat(10)}\x80`, "latin1"), Buffer.from("30c30c".repeat(4096), "hex")])],
  ["far noted", Buffer.from(`HYLL\x01\0\0\0${"\xff".repeat(7)}\x7f\x7f\xff`, "latin1")],
  ["small noted", Buffer.from(`HYLL\x01\0\0\0\x09${"\0".repeat(7)}\x7f\xff`, "latin1")],
];

function elements(random: Random, count: number, range: number): string[] {
  return Array.from({ length: count }, () => `element:${random.below(range)}`);
}

describeWithRedis("HyperLogLog commands answer as Redis does", () => {
  const comparison = useComparison();

  test("PFADD leaves Redis's bytes after every step, while sparse and when it becomes dense", async () => {
    const random = new Random(1);
    const cases: Request[][] = [];
    for (const [steps, perStep, range] of [
      [150, 1, 1000],
      [60, 20, 2000],
      [40, 100, 1_000_000],
      [20, 400, 100_000],
    ]) {
      const requests: Request[] = [];
      for (let step = 0; step < steps; step++) {
        requests.push(["PFADD", "k", ...elements(random, perStep, range)], ["GET", "k"], ["PFDEBUG", "ENCODING", "k"]);
        if (random.chance(0.3)) requests.push(["PFCOUNT", "k"], ["GET", "k"]);
        if (random.chance(0.1)) requests.push(["PFDEBUG", "DECODE", "k"]);
      }
      cases.push([...requests, ["PFCOUNT", "k"], ["GET", "k"], ["OBJECT", "ENCODING", "k"]]);
    }
    await comparison().compare(cases);
  });

  test("PFADD with elements of all lengths, and without any", async () => {
    const random = new Random(2);
    const requests: Request[] = [
      ["PFADD", "k"],
      ["GET", "k"],
      ["PFADD", "k"],
      ["PFCOUNT", "k"],
      ["GET", "k"],
      ["PFADD", "k", ""],
    ];
    for (let length = 0; length < 70; length++) requests.push(["PFADD", "k", random.bytes(length), random.bytes(length)], ["GET", "k"]);
    requests.push(["PFADD", "k", random.bytes(100_000)], ["GET", "k"], ["PFCOUNT", "k"]);
    await comparison().compare([requests]);
  });

  test("PFCOUNT and PFMERGE of several keys, sparse, dense and missing", async () => {
    const random = new Random(3);
    const cases: Request[][] = [];
    for (let round = 0; round < 25; round++) {
      const requests: Request[] = [];
      for (const name of ["a", "b", "c"])
        if (random.chance(0.8)) requests.push(["PFADD", name, ...elements(random, random.pick([1, 10, 300, 3000]), 20_000)]);
      const names = () => Array.from({ length: random.between(0, 3) }, () => random.pick(["a", "b", "c", "none"]));
      for (let step = 0; step < 6; step++) {
        const target = random.pick(["a", "b", "t"]);
        requests.push(["PFCOUNT", "a", ...names()], ["PFMERGE", target, ...names()], ["GET", target], ["PFCOUNT", target], ["GET", target]);
      }
      requests.push(
        ["PFDEBUG", "GETREG", "a"],
        ["PFDEBUG", "TODENSE", "b"],
        ["PFDEBUG", "TODENSE", "b"],
        ["GET", "b"],
        ["PFDEBUG", "ENCODING", "b"],
      );
      cases.push(requests);
    }
    await comparison().compare(cases);
  });

  test("what is no HyperLogLog, or a damaged one, is refused or read as Redis reads it", async () => {
    const cases = DAMAGED.map(([name, content]): Request[] => {
      const set: Request = ["SET", "k", content];
      const good: Request = ["PFADD", "good", "a", "b"];
      return [
        [set, ["PFADD", "k"], ["OBJECT", "ENCODING", "k"], ["GET", "k"]],
        [set, ["PFCOUNT", "k"], ["GET", "k"], ["PFCOUNT", "k"], ["OBJECT", "ENCODING", "k"]],
        [set, good, ["PFCOUNT", "good", "k"], ["PFCOUNT", "k", "good"]],
        [set, good, ["PFMERGE", "good", "k"], ["GET", "good"], ["PFMERGE", "k", "good"], ["GET", "k"]],
        ...["GETREG", "DECODE", "ENCODING", "TODENSE"].map((subcommand) => [set, ["PFDEBUG", subcommand, "k"], ["GET", "k"]]),
        // Redis writes beyond the end of a string whose last opcode is cut off.
        ...["a", "b", "c", "d"]
          .slice(name === "cut" ? 4 : 0)
          .map((element) => [set, ["PFADD", "k", element], ["GET", "k"], ["PFCOUNT", "k"]]),
      ].flat();
    });
    await comparison().compare(cases);
  });

  test("arguments are refused in Redis's order", async () => {
    await comparison().compare([
      [
        ["PFADD"],
        ["PFCOUNT"],
        ["PFCOUNT", "none"],
        ["PFCOUNT", "none", "nor this"],
        ["PFMERGE"],
        ["PFMERGE", "t"],
        ["GET", "t"],
        ["PFDEBUG"],
        ["PFDEBUG", "GETREG"],
        ["PFDEBUG", "GETREG", "none"],
        ["PFDEBUG", "nosuch", "none"],
        ["PFDEBUG", "nosuch", "t"],
        ["PFDEBUG", "Nosu\0ch", "t"],
        ["PFDEBUG", "TODENSE", "t", "x"],
        ["PFDEBUG", "TODENSE", "t"],
        ["PFDEBUG", "DECODE", "t"],
        ["PFSELFTEST", "x"],
        ["LPUSH", "list", "x"],
        ["PFADD", "list", "x"],
        ["PFCOUNT", "list"],
        ["PFCOUNT", "t", "list"],
        ["PFMERGE", "list", "t"],
        ["PFMERGE", "t", "list"],
        ["PFDEBUG", "nosuch", "list"],
      ],
    ]);
  });

  test("writes, events and what replicas are sent", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["PFADD", "k"],
      ["PFADD", "k"],
      ["PFADD", "k", "a", "b"],
      ["PFADD", "k", "a", "b"],
      ["PFCOUNT", "k"],
      ["PFCOUNT", "k"],
      ["PFADD", "l", "c", "d"],
      ["PFCOUNT", "k", "l"],
      ["PFMERGE", "k", "l"],
      ["PFMERGE", "k", "l"],
      ["PFCOUNT", "k"],
      ["PFDEBUG", "ENCODING", "k"],
      ["PFDEBUG", "TODENSE", "k"],
      ["PFDEBUG", "TODENSE", "k"],
      ["PFDEBUG", "GETREG", "l"],
      ["PFDEBUG", "GETREG", "l"],
    ]);
    expect(ours).toEqual(theirs);
    expect(ours.stream.filter((command) => command.startsWith("PFCOUNT"))).toEqual(["PFCOUNT k", "PFCOUNT k"]);
  });

  test("changes are counted as Redis counts them", async () => {
    const requests: Request[] = [
      ["PFADD", "k"],
      ["PFADD", "k", "a", "b", "c"],
      ["PFADD", "new", "a", "b", "b"],
      ["PFCOUNT", "k"],
      ["PFCOUNT", "k"],
      ["PFCOUNT", "k", "new"],
      ["PFMERGE", "k", "new"],
      ["PFDEBUG", "TODENSE", "k"],
    ];
    const counts: string[] = [];
    await comparison().compare([[["SAVE"], ...requests.flatMap((request): Request[] => [request, ["INFO", "persistence"]])]], {
      mask: (reply, [name]) => {
        if (name !== "INFO") return reply;
        counts.push(/rdb_changes_since_last_save:(\d+)/.exec(reply)?.[1] ?? reply);
        return counts[counts.length - 1];
      },
    });
    expect(counts).toContain("10");
  });

  test("PFCOUNT tells who watches the key when it notes what it counted", async () => {
    const replies = await Promise.all(
      [comparison().ours.port, comparison().redis.port].map(async (port) => {
        const [watcher, other] = [await connect(port), await connect(port)];
        const answers: string[] = [];
        for (const request of [
          ["PFADD", "w", "a"],
          ["PFCOUNT", "w"],
          ["PFADD", "w", "b"],
        ])
          await other.command(...request);
        for (let round = 0; round < 2; round++) {
          await watcher.command("WATCH", "w");
          await other.command("PFCOUNT", "w");
          await watcher.command("MULTI");
          await watcher.command("PFCOUNT", "w");
          answers.push((await watcher.command("EXEC")).toString());
        }
        watcher.close();
        other.close();
        return answers;
      }),
    );
    expect(replies[0]).toEqual(replies[1]);
    expect(replies[0]).toEqual(["*-1\r\n", "*1\r\n:2\r\n"]);
  });

  test("hll-sparse-max-bytes decides when a HyperLogLog becomes dense, for values of any size", async () => {
    const random = new Random(9);
    const cases = ["0", "17", "18", "100", "500", "16000", "20000"].map((limit): Request[] => {
      const requests: Request[] = [["CONFIG", "SET", "hll-sparse-max-bytes", limit]];
      for (let step = 0; step < 30; step++)
        requests.push(["PFADD", "k", ...elements(random, random.between(1, limit.length > 4 ? 500 : 10), 50_000)], ["GET", "k"]);
      return [
        ...requests,
        ["PFADD", "l", "x"],
        ["PFMERGE", "t", "k", "l"],
        ["GET", "t"],
        ["CONFIG", "SET", "hll-sparse-max-bytes", "3000"],
      ];
    });
    await comparison().compare(cases);
  });
});
