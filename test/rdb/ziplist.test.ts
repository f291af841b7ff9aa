import { describe, expect, test } from "bun:test";
import { RdbError } from "../../src/rdb/error.ts";
import { ZiplistReader } from "../../src/rdb/ziplist.ts";
import { rawZiplist, ziplist, ziplistEntry } from "./old-encodings.ts";
import { Random } from "./support.ts";

/** The entries of bytes that stand somewhere in a larger buffer. */
function entriesOf(bytes: Buffer): string[] {
  const buffer = Buffer.concat([Buffer.from("......"), bytes, Buffer.alloc(40, 0x2e)]);
  const reader = new ZiplistReader();
  const entries: string[] = [];
  reader.open("Ziplist", buffer, 6, 6 + bytes.length, 100);
  while (reader.next()) entries.push(reader.bytes.latin1Slice(reader.from, reader.to));
  return entries;
}

function errorOf(bytes: Buffer): string {
  try {
    entriesOf(bytes);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    expect(error.offset).toBe(100);
    return error.message;
  }
  throw new Error("it was read");
}

describe("a ziplist", () => {
  test("of nothing has no entries", () => {
    expect(entriesOf(ziplist([]))).toEqual([]);
  });

  test("gives strings of every length and integers of every size", () => {
    const texts = ["", "a", "x".repeat(63), "y".repeat(64), "z".repeat(253), "w".repeat(16383), "v".repeat(16384), "\xff\0\xfe"];
    const numbers = [0, 1, 12, 13, -1, -128, 127, 128, -32768, 32767, 32768, -8388608, 8388607, 8388608, -2147483648, 2147483647];
    const wide = [2147483648n, -9223372036854775808n, 9223372036854775807n];
    expect(entriesOf(ziplist([...texts, ...numbers, ...wide]))).toEqual([...texts, ...numbers.map(String), ...wide.map(String)]);
  });

  test("may say that it has more entries than its header can count", () => {
    const bytes = ziplist(["a", "b"]);
    bytes.writeUInt16LE(0xffff, 8);
    expect(entriesOf(bytes)).toEqual(["a", "b"]);
  });

  test("may give the length of a short entry in five bytes", () => {
    const first = ziplistEntry("a", 0);
    expect(entriesOf(rawZiplist([first, ziplistEntry("b", first.length, { longPrevious: true })]))).toEqual(["a", "b"]);
  });

  test.each([
    ["too few bytes", Buffer.from("\x0a\0\0\0\x0a\0\0\0\0\0", "latin1"), "10 bytes are too few"],
    ["no bytes", Buffer.alloc(0), "0 bytes are too few"],
    ["a wrong number of bytes", patched(ziplist(["a"]), 0, 99), "it says that it has 99 bytes, but it has 14"],
    ["no closing byte", patched(ziplist(["a"]), 13, 0), "it does not end with its closing byte"],
    ["a closing byte too early", patched(ziplist(["a", "b"]), 13, 0xff), "a closing byte stands before the end"],
    ["a wrong last entry", patched(ziplist(["a", "b"]), 4, 10), "its header names a wrong last entry"],
    ["a wrong count", patched(ziplist(["a", "b"]), 8, 3), "it says that it has 3 entries, but it has 2"],
    ["a wrong length before", patched(ziplist(["a", "b"]), 13, 7), "the entry before is said to have 7 bytes, but has 3"],
    ["a string beyond the end", patched(ziplist(["a", "b"]), 14, 0x3f), "an entry reaches beyond the end"],
    ["an unknown string", patched(ziplist(["a", "b"]), 14, 0xa0), "unknown encoding 0xa0"],
    ["an unknown integer", patched(ziplist(["a", "b"]), 14, 0xc1), "unknown encoding 0xc1"],
    ["a broken off integer", patched(ziplist(["a", "b"]), 14, 0xe0), "an entry reaches beyond the end"],
    ["a broken off length", patched(ziplist(["a", ""]), 14, 0x80), "an entry reaches beyond the end"],
    ["a broken off length before", patched(ziplist(["a", ""]), 13, 0xfe), "an entry reaches beyond the end"],
  ])("with %s is refused", (_, bytes, message) => {
    expect(errorOf(bytes)).toContain(message);
  });

  test("broken anywhere is refused or read, and nothing else", () => {
    const random = new Random(5);
    const whole = ziplist(["a", 5, "hello", -70000, "x".repeat(300), 2 ** 40, ""]);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(whole.subarray(0, random.below(20) === 0 ? random.below(whole.length) : whole.length));
      for (let change = random.below(3); change >= 0 && bytes.length > 0; change--) bytes[random.below(bytes.length)] = random.below(256);
      try {
        entriesOf(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RdbError);
      }
    }
  });
});

function patched(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}
