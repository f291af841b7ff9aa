import { describe, expect, test } from "bun:test";
import {
  Element,
  EMPTY_PACKED_BYTES,
  type PackedSpace,
  packedAppend,
  packedAtEnd,
  packedBytes,
  packedCount,
  packedDelete,
  packedEnd,
  packedEntryBytes,
  packedEquals,
  packedFind,
  packedFirst,
  packedInit,
  packedInsert,
  packedInsertPair,
  packedIntegerBytes,
  packedNext,
  packedNumber,
  packedPrevious,
  packedRead,
  packedReplace,
  packedSeek,
  packedValid,
  packedWrite,
  packedWriteInteger,
} from "../../src/memory/packed.ts";
import { check, property, type Random } from "../support/property.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";

/** Packed bytes in a new buffer after each splice, at another place in it, so that an offset kept too long is found out. */
class Space implements PackedSpace {
  buffer = Buffer.alloc(EMPTY_PACKED_BYTES + 3, 0xee);
  from = 3;
  to = 3 + EMPTY_PACKED_BYTES;

  constructor() {
    packedInit(this.buffer, this.from);
  }

  splice(at: number, removed: number, inserted: number): void {
    const bytes = this.content;
    const from = (this.from + 5) % 17;
    this.buffer = Buffer.concat([
      Buffer.alloc(from, 0xee),
      bytes.subarray(0, at),
      Buffer.alloc(inserted, 0xdd),
      bytes.subarray(at + removed),
      Buffer.alloc(9, 0xee),
    ]);
    this.from = from;
    this.to = from + bytes.length - removed + inserted;
  }

  get content(): Buffer {
    return this.buffer.subarray(this.from, this.to);
  }
}

const EDGES = [0, 1, 127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648, 4294967295, 4294967296, 2 ** 53 - 1];
const WORDS = [
  ...EDGES.flatMap((edge) => [String(edge), String(-edge), String(-edge - 1)]),
  ...[
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
  ],
  ...["999999999", "1000000000", "999999999999999999", "9999999999999999999", "18446744073709551616", "1000000000000", "-4294967296"],
  ...["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "1e3", "a", "12345678901x", "-x", "--1", "/", ":"],
];
const LENGTHS = [
  0, 1, 2, 24, 25, 62, 63, 64, 65, 125, 126, 127, 128, 4093, 4094, 4095, 4096, 4097, 16376, 16377, 16378, 16379, 16380, 20000,
];

/** Whether Redis's string2ll takes it. */
function isInteger(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function randomEntry(random: Random): Buffer {
  if (random.chance(0.4)) return Buffer.from(random.pick(WORDS));
  if (random.chance(0.5)) return Buffer.from(String(random.between(-300, 300)));
  return random.bytes(random.chance(0.03) ? random.pick(LENGTHS) : random.below(70));
}

function entries(space: PackedSpace): Buffer[] {
  const element = new Element();
  const found: Buffer[] = [];
  let at = packedFirst(space.buffer, space.from);
  while (!packedAtEnd(space.buffer, at)) {
    const next = packedRead(space.buffer, at, element);
    check(next === packedNext(space.buffer, at), "read and next disagree");
    found.push(Buffer.from(element.bytes.subarray(element.from, element.to)));
    at = next;
  }
  check(at === space.to - 1, "the end is not at the end");
  return found;
}

function checkSpace(space: Space, model: Buffer[]): void {
  check(packedBytes(space.buffer, space.from) === space.to - space.from, "the total is wrong");
  check(packedCount(space.buffer, space.from) === model.length, "the count is wrong");
  check(packedValid(space.buffer, space.from, space.to), "not valid");
  const found = entries(space);
  check(found.length === model.length && found.every((entry, index) => entry.equals(model[index])), "the entries are wrong");
  let at = packedSeek(space.buffer, space.from, -1);
  for (let index = model.length - 1; index >= 0; index--) {
    check(packedEquals(space.buffer, at, model[index], 0, model[index].length), `entry ${index} differs backwards`);
    at = packedPrevious(space.buffer, space.from, at);
  }
  check(at === -1, "the way back does not end");
}

property(
  "edits and reads agree with an array",
  (random) => {
    const space = new Space();
    const model: Buffer[] = [];
    for (let step = 0; step < 300; step++) {
      const entry = randomEntry(random);
      const other = randomEntry(random);
      const index = random.below(model.length + 1);
      const place =
        index === model.length ? space.to - 1 : packedSeek(space.buffer, space.from, random.chance(0.5) ? index : index - model.length);
      let at: number;
      switch (random.below(8)) {
        case 0:
          at = packedInsert(space, place, entry, 0, entry.length);
          model.splice(index, 0, entry);
          break;
        case 1:
          at = packedInsertPair(space, place, entry, 0, entry.length, other, 0, other.length);
          model.splice(index, 0, entry, other);
          break;
        case 2:
          at = packedAppend(space, entry, 0, entry.length);
          model.push(entry);
          break;
        case 3:
          at = packedInsertPair(space, packedEnd(space), entry, 0, entry.length, other, 0, other.length);
          model.push(entry, other);
          break;
        case 4:
          at = packedInsert(space, packedFirst(space.buffer, space.from), entry, 0, entry.length);
          model.unshift(entry);
          break;
        case 5: {
          const count = random.below(6);
          at = packedDelete(space, place, count);
          model.splice(index, count);
          const isThere = index < model.length ? packedEquals(space.buffer, at, model[index], 0, model[index].length) : at === space.to - 1;
          check(isThere, "what follows the deleted is not where it was said to be");
          at = -1;
          break;
        }
        default:
          if (index === model.length) continue;
          at = packedReplace(space, place, entry, 0, entry.length);
          model[index] = entry;
      }
      if (at !== -1) check(packedEquals(space.buffer, at, entry, 0, entry.length), "the new entry is not where it was said to be");
      checkSpace(space, model);
    }
  },
  6,
);

property(
  "find looks at every entry, or every other",
  (random) => {
    const space = new Space();
    const model = Array.from({ length: random.below(60) }, () => randomEntry(random));
    for (const entry of model) packedAppend(space, entry, 0, entry.length);
    for (let round = 0; round < 300; round++) {
      const wanted = random.chance(0.5) && model.length > 0 ? random.pick(model) : randomEntry(random);
      for (const step of [1, 2] as const) {
        const index = model.findIndex((entry, at) => at % step === 0 && entry.equals(wanted));
        const padded = Buffer.concat([Buffer.from("7"), wanted, Buffer.from("7")]);
        if (step === 2 && model.length % 2 === 1) continue;
        const at = packedFind(space.buffer, space.from, padded, 1, padded.length - 1, step);
        check(at === (index < 0 ? -1 : packedSeek(space.buffer, space.from, index)), `find ${wanted.toString("latin1")}, step ${step}`);
      }
    }
  },
  20,
);

test("what reads as an int64 is kept as one, and comes back digit by digit", () => {
  for (const word of WORDS) {
    const space = new Space();
    const bytes = Buffer.from(word);
    const at = packedAppend(space, bytes, 0, bytes.length);
    const isString = (space.buffer[at] & 0xc0) === 0x80;
    expect({ word, isString }).toEqual({ word, isString: !isInteger(word) });
    expect(entries(space)).toEqual([bytes]);
    const number = Number(word);
    expect(packedNumber(space.buffer, at)).toBe(isInteger(word) && Number.isSafeInteger(number) ? number : Number.NaN);
  }
});

test("integers are written from numbers as from their digits", () => {
  for (const word of WORDS) {
    if (!isInteger(word) || !Number.isSafeInteger(Number(word))) continue;
    const bytes = Buffer.from(word);
    const [ours, fromDigits] = [Buffer.alloc(12), Buffer.alloc(12)];
    const end = packedWriteInteger(ours, 0, Number(word));
    expect({ word, end, bytes: ours }).toEqual({ word, end: packedWrite(fromDigits, 0, bytes, 0, bytes.length), bytes: fromDigits });
    expect([packedIntegerBytes(Number(word)), packedEntryBytes(bytes, 0, bytes.length)]).toEqual([end, end]);
  }
});

describe("the format", () => {
  /** Entries as the specification has them, without header and end. */
  const CASES: [string, number[]][] = [
    ["0", [0x00, 1]],
    ["127", [0x7f, 1]],
    ["128", [0xc0, 0x80, 2]],
    ["-1", [0xdf, 0xff, 2]],
    ["-4096", [0xd0, 0x00, 2]],
    ["4095", [0xcf, 0xff, 2]],
    ["4096", [0xf1, 0x00, 0x10, 3]],
    ["-32768", [0xf1, 0x00, 0x80, 3]],
    ["32768", [0xf2, 0x00, 0x80, 0x00, 4]],
    ["-8388608", [0xf2, 0x00, 0x00, 0x80, 4]],
    ["8388608", [0xf3, 0x00, 0x00, 0x80, 0x00, 5]],
    ["-2147483648", [0xf3, 0x00, 0x00, 0x00, 0x80, 5]],
    ["2147483648", [0xf4, 0, 0, 0, 0x80, 0, 0, 0, 0, 9]],
    ["-9223372036854775808", [0xf4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9]],
    ["9223372036854775807", [0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 9]],
    ["", [0x80, 1]],
    ["ab", [0x82, 0x61, 0x62, 3]],
    ["x".repeat(63), [0xbf, ...Array(63).fill(0x78), 64]],
    ["x".repeat(64), [0xe0, 64, ...Array(64).fill(0x78), 66]],
    ["x".repeat(126), [0xe0, 126, ...Array(126).fill(0x78), 1, 0x80]],
    ["x".repeat(4095), [0xef, 0xff, ...Array(4095).fill(0x78), 32, 0x81]],
    ["x".repeat(4096), [0xf0, 0, 0x10, 0, 0, ...Array(4096).fill(0x78), 32, 0x85]],
    ["x".repeat(16377), [0xf0, 0xf9, 0x3f, 0, 0, ...Array(16377).fill(0x78), 127, 0xfe]],
    ["x".repeat(16378), [0xf0, 0xfa, 0x3f, 0, 0, ...Array(16378).fill(0x78), 0, 0xff, 0xff]],
  ];

  for (const [text, entry] of CASES) {
    test(`of ${text.length > 20 ? `${text.length} bytes` : `'${text}'`}`, () => {
      const space = new Space();
      packedAppend(space, Buffer.from(text), 0, text.length);
      const total = 7 + entry.length;
      expect([...space.content]).toEqual([total & 0xff, total >> 8, 0, 0, 1, 0, ...entry, 0xff]);
    });
  }

  test("says unknown from 65535 entries on, and counts them", () => {
    const count = 65536;
    const body = Buffer.alloc(count * 2);
    for (let i = 0; i < count; i++) body[i * 2 + 1] = 1;
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 0xff, 0xff]), body, Buffer.from([0xff])]);
    bytes.writeUInt32LE(bytes.length, 0);
    expect(packedCount(bytes, 0)).toBe(count);
    expect(packedValid(bytes, 0, bytes.length)).toBe(true);
    expect(packedSeek(bytes, 0, count - 1)).toBe(6 + (count - 1) * 2);
    expect(packedSeek(bytes, 0, count)).toBe(-1);
    expect(packedSeek(bytes, 0, -count)).toBe(6);
    expect(packedSeek(bytes, 0, -count - 1)).toBe(-1);
    const space = new Space();
    space.buffer = bytes;
    space.from = 0;
    space.to = bytes.length;
    packedDelete(space, 6, 10);
    expect(packedCount(space.buffer, space.from)).toBe(count - 10);
    expect(space.content.readUInt16LE(4)).toBe(0xffff);
  });

  test("finds digits that a foreign hand kept as a string, and integers in wider forms than they need", () => {
    const bytes = Buffer.from([
      0, 0, 0, 0, 4, 0, 0x82, 0x31, 0x32, 3, 0xf1, 5, 0, 3, 0xf4, 7, 0, 0, 0, 0, 0, 0, 0, 9, 0xe0, 1, 0x61, 3, 0xff,
    ]);
    bytes[0] = bytes.length;
    expect(packedValid(bytes, 0, bytes.length)).toBe(true);
    expect(["12", "5", "7", "a"].map((text) => packedFind(bytes, 0, Buffer.from(text), 0, text.length, 1))).toEqual([6, 10, 14, 24]);
  });
});

describe("untrusted bytes", () => {
  function sample(random: Random): Buffer {
    const space = new Space();
    for (let i = random.between(1, 8); i > 0; i--) {
      const entry = randomEntry(random);
      packedAppend(space, entry, 0, entry.length);
    }
    return Buffer.from(space.content);
  }

  property(
    "are valid only whole, and what is valid can be walked both ways",
    (random) => {
      const bytes = sample(random);
      expect(packedValid(bytes, 0, bytes.length)).toBe(true);
      expect(packedValid(bytes, 0, bytes.length - 1)).toBe(false);
      expect(packedValid(Buffer.concat([bytes, Buffer.from([0xff])]), 0, bytes.length + 1)).toBe(false);
      for (let round = 0; round < 200; round++) {
        const broken = Buffer.from(bytes);
        for (let i = random.between(1, 3); i > 0; i--) broken[random.below(Math.min(broken.length, 60))] = random.below(256);
        if (!packedValid(broken, 0, broken.length)) continue;
        const space = new Space();
        space.buffer = broken;
        space.from = 0;
        space.to = broken.length;
        checkSpace(space, entries(space));
      }
    },
    20,
  );

  property("that are noise are refused without reading outside", (random) => {
    for (let round = 0; round < 2000; round++) {
      const length = random.between(0, 40);
      const bytes = random.bytes(length + 20);
      if (length >= 7 && random.chance(0.8)) {
        bytes.writeUInt32LE(length, 10);
        bytes.writeUInt16LE(random.chance(0.5) ? 0xffff : random.below(6), 14);
        bytes[10 + length - 1] = 0xff;
      }
      // Only the window may matter: the same answer whatever surrounds it.
      const other = Buffer.from(bytes);
      other.fill(0, 0, 10).fill(0, 10 + length);
      check(packedValid(bytes, 10, 10 + length) === packedValid(other, 10, 10 + length), "bytes outside were read");
    }
  });

  test("must hold as many entries as the step asks for", () => {
    const space = new Space();
    for (const word of ["a", "1", "b"]) packedAppend(space, Buffer.from(word), 0, 1);
    expect(packedValid(space.buffer, space.from, space.to, { step: 2 })).toBe(false);
    packedAppend(space, Buffer.from("2"), 0, 1);
    expect(packedValid(space.buffer, space.from, space.to, { step: 2 })).toBe(true);
  });
});

describeWithRedis("beside a real Redis", () => {
  test("a hash is byte for byte what it dumps", async () => {
    const redis = await startRedis({ args: ["--rdbcompression", "no", "--hash-max-listpack-value", "30000"] });
    try {
      const client = await redis.connect();
      const words = [...WORDS, ...LENGTHS.slice(2).map((length) => "y".repeat(length))];
      const space = new Space();
      for (const [index, word] of words.entries()) {
        const field = Buffer.from(`f${index}`);
        packedInsertPair(space, packedEnd(space), field, 0, field.length, Buffer.from(word), 0, word.length);
        await client.command("HSET", "hash", field, word);
      }
      const dump = await client.command("DUMP", "hash");
      expect(dump.includes(space.content)).toBe(true);
      client.close();
    } finally {
      await redis.stop();
    }
  });
});
