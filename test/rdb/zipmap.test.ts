import { describe, expect, test } from "bun:test";
import { RdbError } from "../../src/rdb/error.ts";
import { ZipmapReader } from "../../src/rdb/zipmap.ts";
import { zipmap } from "./old-encodings.ts";
import { Random } from "./support.ts";

/** The pairs of bytes that stand somewhere in a larger buffer. */
function pairsOf(bytes: Buffer): [string, string][] {
  const buffer = Buffer.concat([Buffer.from("......"), bytes, Buffer.alloc(40, 0x2e)]);
  const reader = new ZipmapReader();
  const pairs: [string, string][] = [];
  reader.open(buffer, 6, 6 + bytes.length, 100);
  while (reader.next())
    pairs.push([buffer.latin1Slice(reader.fieldFrom, reader.fieldTo), buffer.latin1Slice(reader.valueFrom, reader.valueTo)]);
  return pairs;
}

function errorOf(bytes: Buffer): string {
  try {
    pairsOf(bytes);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    expect(error.offset).toBe(100);
    return error.message;
  }
  throw new Error("it was read");
}

describe("a zipmap", () => {
  test("gives pairs of every length, without the bytes that it leaves unused", () => {
    const pairs: [string, string][] = [
      ["a", "1"],
      ["", ""],
      ["f".repeat(253), "v".repeat(254)],
      ["g".repeat(254), "w".repeat(70_000)],
    ];
    expect(pairsOf(zipmap(pairs))).toEqual(pairs);
    expect(pairsOf(zipmap(pairs, { unused: 3 }))).toEqual(pairs);
  });

  test("of nothing is none, as for Redis", () => {
    expect(errorOf(zipmap([]))).toContain("it has no pairs");
  });

  test("may say that it has more pairs than its header can count", () => {
    const bytes = zipmap([["a", "b"]]);
    bytes[0] = 254;
    expect(pairsOf(bytes)).toEqual([["a", "b"]]);
  });

  test.each([
    ["no bytes", "", "0 bytes are too few"],
    ["one byte", "\xff", "1 bytes are too few"],
    ["no closing byte", "\x01\x01a\x01\0b", "it does not end with its closing byte"],
    ["a closing byte too early", "\x01\x01a\x01\0b\xff\xff", "a closing byte stands before the end"],
    ["a wrong count", "\x02\x01a\x01\0b\xff", "it says that it has 2 pairs, but it has 1"],
    ["a field beyond the end", "\x01\x09a\x01\0b\xff", "a pair reaches beyond the end"],
    ["a value beyond the end", "\x01\x01a\x09\0b\xff", "a pair reaches beyond the end"],
    ["unused bytes beyond the end", "\x01\x01a\x01\x01b\xff", "a pair reaches beyond the end"],
    ["a field without value", "\x01\x01a\xff", "a pair is broken off"],
    ["a broken off length", "\x01\xfe\x01\x00\xff", "a pair reaches beyond the end"],
    ["a length of 4 GiB", "\x01\xfe\xff\xff\xff\xff\x01\x00\xff", "a pair reaches beyond the end"],
  ])("with %s is refused", (_, text, message) => {
    expect(errorOf(Buffer.from(text, "latin1"))).toContain(message);
  });

  test("broken anywhere is refused or read, and nothing else", () => {
    const random = new Random(6);
    const whole = zipmap([
      ["field", "value"],
      ["f".repeat(300), "1"],
      ["", "x".repeat(20)],
    ]);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(whole.subarray(0, random.below(20) === 0 ? random.below(whole.length) : whole.length));
      for (let change = random.below(3); change >= 0 && bytes.length > 0; change--) bytes[random.below(bytes.length)] = random.below(256);
      try {
        pairsOf(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RdbError);
      }
    }
  });
});
