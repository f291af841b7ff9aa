import { expect, test } from "bun:test";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

/** int64s and what is none. */
const INTEGERS = [
  "0",
  "1",
  "-1",
  "2",
  "7",
  "8",
  "-8",
  "23",
  "24",
  "-25",
  "100",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775807",
  "01",
  "1.5",
  "",
  "x",
];

/** Fewer of them, for pairs. */
const BOUNDS = ["0", "1", "-1", "7", "8", "-9", "24", "100", "9223372036854775807", "-9223372036854775808", "-9223372036854775807", "x"];

/** Before each case: keys of several kinds. */
const KEYS: Request[] = [
  ["SET", "abc", "abc"],
  ["SET", "number", "12345"],
  ["SET", "empty", ""],
  ["SET", "ones", Buffer.alloc(40, 0xff)],
  ["SET", "zeros", Buffer.alloc(40)],
  ["SET", "mixed", Buffer.from("0000ff00f0f0aa55ffff00", "hex"), "EX", "1000"],
  ["SET", "long", Buffer.concat([Buffer.alloc(70_001), Buffer.of(0x10), Buffer.alloc(9_999, 0xff)])],
];
const NAMES = ["abc", "number", "empty", "ones", "zeros", "mixed", "long", "missing"];

describeWithRedis("bitmap commands answer as Redis does", () => {
  const comparison = useComparison();

  test("SETBIT and GETBIT: offsets and bits of all kinds, at strings of all encodings", async () => {
    const cases: Request[][] = [];
    for (const name of NAMES) {
      for (const offset of [...INTEGERS, "4294967295", "4294967296", "#1", " 1"]) {
        const asked: Request[] = [["GETBIT", name, offset]];
        // Redis takes half a second for the half gigabyte of the last bit that may be set.
        if (offset !== "4294967295") asked.push(["SETBIT", name, offset, "1"], ["SETBIT", name, offset, "0"], ["STRLEN", name]);
        cases.push([...KEYS, ...asked, ["OBJECT", "ENCODING", name], ["TTL", name], ["GET", name]]);
      }
    }
    for (const bit of ["0", "1", "2", "-1", "01", "x", "", "9223372036854775807"])
      cases.push([
        ["SETBIT", "k", "5", bit],
        ["SETBIT", "k", "9223372036854775807", bit],
        ["GET", "k"],
        ["EXISTS", "k"],
      ]);
    await comparison().compare(cases);
  });

  test("BITCOUNT and BITPOS: ranges of bytes and bits, whole, empty and upside down", async () => {
    const requests: Request[] = [...KEYS];
    for (const name of NAMES) {
      requests.push(["BITCOUNT", name], ["BITPOS", name, "0"], ["BITPOS", name, "1"], ["BITPOS", name, "2"], ["BITPOS", name, "x"]);
      for (const start of INTEGERS) {
        requests.push(["BITCOUNT", name, start], ["BITPOS", name, "0", start], ["BITPOS", name, "1", start], ["BITPOS", name, start]);
        for (const end of BOUNDS.includes(start) ? BOUNDS : ["-1"]) {
          for (const unit of [[], ["bit"], ["BYTE"], ["bits"], ["BIT", "x"]]) {
            requests.push(["BITCOUNT", name, start, end, ...unit]);
            requests.push(["BITPOS", name, "0", start, end, ...unit], ["BITPOS", name, "1", start, end, ...unit]);
          }
        }
      }
    }
    await comparison().compare([requests]);
  });

  test("BITCOUNT and BITPOS with random ranges", async () => {
    const random = new Random(20);
    const requests: Request[] = [...KEYS];
    for (let round = 0; round < 3000; round++) {
      const name = random.pick(NAMES);
      const length = name === "long" ? 80_010 : 45;
      const unit = random.pick(["BIT", "BYTE"]);
      const bound = () => random.between(-length, length) * (unit === "BIT" ? random.between(1, 8) : 1);
      requests.push(["BITCOUNT", name, bound(), bound(), unit], ["BITPOS", name, random.below(2), bound(), bound(), unit]);
      requests.push(["BITPOS", name, random.below(2), bound()], ["BITPOS", name, random.below(2), bound(), bound()]);
    }
    await comparison().compare([requests]);
  });

  test("BITOP: every operation on keys of all lengths, missing ones and the target itself", async () => {
    const cases: Request[][] = [];
    for (const operation of ["AND", "or", "XoR", "not", "nand", "", "a"]) {
      for (const name of NAMES)
        for (const second of [[], ["mixed"], ["missing", "abc"], ["long", "ones"], [name, "target"]])
          cases.push([
            ...KEYS,
            ["SET", "target", "old value of the target", "EX", "100"],
            ["BITOP", operation, "target", name, ...second],
            ["GET", "target"],
            ["TTL", "target"],
            ["OBJECT", "ENCODING", "target"],
            ["BITOP", operation, "abc", "abc", ...second],
            ["GET", "abc"],
          ]);
    }
    cases.push([
      ["BITOP", "NOT", "t"],
      ["BITOP", "NOT", "t", "a", "b"],
      ["BITOP", "x", "t"],
      ["BITOP", "AND", "t", "none"],
    ]);
    await comparison().compare(cases);
  });

  test("BITFIELD: what is malformed is refused in Redis's order", async () => {
    const words = ["GET", "set", "INCRBY", "OVERFLOW", "u8", "i64", "u64", "i65", "u0", "i0", "x8", "u", "", "u8\0x", "08", "WRAP", "fail"];
    const values = ["0", "#1", "#", "-1", "#-1", "x", "9223372036854775807", "4294967295", "4294967296", "#9223372036854775807"];
    const cases: Request[] = [["BITFIELD", "k"], ["BITFIELD_RO", "k"], ["BITFIELD", "k", "OVERFLOW", "SAT"], ["BITFIELD"]];
    const random = new Random(3);
    for (const name of ["BITFIELD", "BITFIELD_RO"]) {
      for (const a of words) {
        cases.push([name, "k", a]);
        for (const b of words) {
          for (const value of values) cases.push([name, "k", "GET", b, value], [name, "k", a, b, random.pick(values)]);
          cases.push([name, "k", a, b, "0", random.pick(["1", "x", ""])], [name, "k", "GET", "u8", "0", a, b, "1", "1"]);
        }
      }
    }
    // A field at the last bits that may be had would make half a gigabyte of it.
    const small = cases.filter(
      (words) => !words.includes("4294967295") || words.slice(2).every((word) => !/^(set|incrby)$/i.test(String(word))),
    );
    for (const protocol of [2, 3] as const) await comparison().compare([[["SET", "k", "abcdefgh"], ...small, ["GET", "k"]]], { protocol });
  });

  test("BITFIELD: random operations on fields of all widths, near and beyond what they hold", async () => {
    const random = new Random(77);
    const extremes = [0n, 1n, -1n, 127n, -128n, 2n ** 62n, -(2n ** 62n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, -(2n ** 53n) + 1n];
    const draw = () => {
      if (random.chance(0.4)) return random.pick(extremes);
      const value = BigInt(`0x${random.bytes(8).toString("hex")}`) >> BigInt(random.between(1, 63));
      return random.chance(0.5) ? value : -value;
    };
    const cases: Request[][] = [];
    for (let round = 0; round < 120; round++) {
      const requests: Request[] = random.chance(0.3) ? [["SET", "k", random.pick(["123456", "abc", "", "x".repeat(100)])]] : [];
      for (let request = 0; request < 20; request++) {
        const words: string[] = [];
        for (let operation = random.between(1, 5); operation > 0; operation--) {
          if (random.chance(0.4)) words.push("OVERFLOW", random.pick(["WRAP", "SAT", "FAIL"]));
          const signed = random.chance(0.5);
          const bits = random.chance(0.3) ? random.pick([1, 8, 32, 53, 54, 62, 63]) : random.between(1, signed ? 64 : 63);
          const field = [`${signed ? "i" : "u"}${bits}`, random.chance(0.3) ? `#${random.below(12)}` : String(random.below(300))];
          const name = random.pick(["GET", "SET", "INCRBY"]);
          words.push(name, ...field, ...(name === "GET" ? [] : [String(draw())]));
        }
        requests.push([random.chance(0.1) ? "BITFIELD_RO" : "BITFIELD", "k", ...words]);
        if (random.chance(0.2)) requests.push(["GET", "k"], ["OBJECT", "ENCODING", "k"]);
      }
      cases.push([...requests, ["GET", "k"]]);
    }
    await comparison().compare(cases);
  });

  test("random sequences of SETBIT and its kin leave the same strings", async () => {
    const random = new Random(5);
    const cases: Request[][] = [];
    for (let round = 0; round < 30; round++) {
      const requests: Request[] = [];
      const name = () => random.pick(["a", "b", "c", "d"]);
      // Beyond 262,144 bits a string does not fit the record.
      const offset = () => random.below(random.pick([16, 1000, 300_000, 1_000_000]));
      for (let step = 0; step < 60; step++) {
        const draw = random.below(10);
        if (draw < 4) requests.push(["SETBIT", name(), offset(), random.below(2)]);
        else if (draw < 5) requests.push(["SET", name(), random.pick(["7", "1234567890", "text", ""])]);
        else if (draw < 6) requests.push(["BITOP", random.pick(["AND", "OR", "XOR"]), name(), name(), name(), name()]);
        else if (draw < 7) requests.push(["BITOP", "NOT", name(), name()]);
        else if (draw < 8) requests.push(["BITFIELD", name(), "INCRBY", `u${random.between(1, 63)}`, offset(), random.below(1000)]);
        else requests.push(["GETBIT", name(), offset()], ["BITCOUNT", name()], ["BITPOS", name(), random.below(2)]);
      }
      for (const each of ["a", "b", "c", "d"]) requests.push(["GET", each], ["OBJECT", "ENCODING", each]);
      cases.push(requests);
    }
    await comparison().compare(cases);
  });

  test("every command refuses another type", async () => {
    const commands: Request[] = [
      ["SETBIT", "k", "1", "1"],
      ["GETBIT", "k", "1"],
      ["BITCOUNT", "k"],
      ["BITPOS", "k", "1"],
      ["BITOP", "AND", "t", "s", "k"],
      ["BITFIELD", "k", "SET", "u8", "0", "1"],
      ["BITFIELD", "k", "GET", "u8", "0"],
      ["BITFIELD_RO", "k", "GET", "u8", "0"],
    ];
    await comparison().compare([
      [["SET", "s", "x"], ["LPUSH", "k", "x"], ...commands, ["TYPE", "k"], ["BITOP", "NOT", "k", "s"], ["GET", "k"]],
    ]);
  });

  test("writes, events and what replicas are sent", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ["SETBIT", "k", "7", "0"],
      ["SETBIT", "k", "7", "0"],
      ["SETBIT", "k", "7", "1"],
      ["SETBIT", "k", "7", "1"],
      ["SETBIT", "k", "20", "0"],
      ["GETBIT", "k", "7"],
      ["SET", "n", "12"],
      ["SETBIT", "n", "0", "0"],
      ["SETBIT", "n", "9", "1"],
      ["BITFIELD", "k", "GET", "u8", "0"],
      ["BITFIELD", "k", "SET", "u8", "0", "1"],
      ["BITFIELD", "k", "SET", "u8", "0", "1", "INCRBY", "i5", "100", "3"],
      ["BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "u2", "0", "9"],
      ["BITFIELD", "fresh", "SET", "u2", "0", "0"],
      ["BITFIELD", "none", "GET", "u2", "0"],
      ["BITOP", "AND", "t", "k", "n"],
      ["BITOP", "NOT", "t", "t"],
      ["BITOP", "OR", "t", "none"],
      ["BITOP", "OR", "t", "none"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("changes are counted as Redis counts them", async () => {
    const requests: Request[] = [
      ["SETBIT", "k", "7", "0"],
      ["SETBIT", "k", "7", "0"],
      ["SETBIT", "k", "7", "1"],
      ["BITFIELD", "k", "SET", "u8", "0", "9", "INCRBY", "u8", "0", "0", "INCRBY", "u8", "8", "1"],
      ["BITFIELD", "new", "SET", "u8", "0", "0", "SET", "u8", "8", "0", "OVERFLOW", "FAIL", "SET", "u1", "0", "2"],
      ["BITOP", "AND", "t", "k", "new"],
      ["BITOP", "AND", "t", "none"],
    ];
    const asked = requests.flatMap((request): Request[] => [request, ["INFO", "persistence"]]);
    const changes = (reply: string) => /rdb_changes_since_last_save:(\d+)/.exec(reply)?.[1] ?? reply;
    const counts: string[] = [];
    await comparison().compare([[["SAVE"], ...asked]], {
      mask: (reply, [name]) => {
        if (name !== "INFO") return reply;
        counts.push(changes(reply));
        return changes(reply);
      },
    });
    expect(counts).toContain("8");
  });
});

describeWithRedis("proto-max-bulk-len bounds bitmaps", () => {
  const comparison = useComparison({ "proto-max-bulk-len": "1048576" });

  test("no bit beyond it can be had", async () => {
    const offsets = ["8388607", "8388608", "#8388607", "#1048575", "#1048576"];
    const requests = offsets.flatMap((offset): Request[] => [
      ["SETBIT", "k", offset, "1"],
      ["GETBIT", "k", offset],
      ["BITFIELD", "f", "SET", "u8", offset, "1"],
      ["BITFIELD", "f", "GET", "i64", offset],
      ["STRLEN", "f"],
    ]);
    await comparison().compare([requests]);
  });
});
