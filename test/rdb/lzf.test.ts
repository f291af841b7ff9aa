import { describe, expect, test } from "bun:test";
import { RdbError } from "../../src/rdb/error.ts";
import { LZF_MAX_RATIO, LzfCompressor, lzfDecompress, lzfDecompressHead } from "../../src/rdb/lzf.ts";
import { Random } from "./support.ts";

const GUARD = 0x5a;

/** Compresses into the middle of a guarded buffer and checks that nothing outside was touched; -> the compressed bytes or null. */
function compress(lzf: LzfCompressor, source: Buffer, from = 0, to: number = source.length): Buffer | null {
  const room = Math.max(0, to - from - 4);
  const target = Buffer.alloc(room + 32, GUARD);
  const packed = lzf.compress(source, from, to, target, 16);
  expect(packed).toBeLessThanOrEqual(room);
  for (const byte of [...target.subarray(0, 16), ...target.subarray(16 + room)])
    if (byte !== GUARD) throw new Error("wrote outside the target");
  return packed === 0 ? null : target.subarray(16, 16 + packed);
}

function decompress(packed: Buffer, length: number): Buffer {
  const target = Buffer.alloc(length + 32, GUARD);
  lzfDecompress(packed, 0, packed.length, target, 16, length);
  for (const byte of [...target.subarray(0, 16), ...target.subarray(16 + length)])
    if (byte !== GUARD) throw new Error("wrote outside the target");
  return target.subarray(16, 16 + length);
}

/** One of many kinds of content, from all the same to all different. */
function sample(random: Random): Buffer {
  const length = random.below(random.below(4) === 0 ? 70_000 : 400);
  const kind = random.below(3);
  if (kind === 0) return random.bytes(length, 1 + random.below(255));
  if (kind === 1) return Buffer.alloc(length, random.bytes(1 + random.below(300)));
  const parts: Buffer[] = [];
  for (let size = 0; size < length; ) {
    const part = random.below(2) === 0 ? random.bytes(1 + random.below(50)) : Buffer.alloc(1 + random.below(300), random.below(256));
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

describe("LZF", () => {
  test("gives back what it was given, whatever that is, with one compressor for all", () => {
    const random = new Random(3);
    const lzf = new LzfCompressor();
    let compressed = 0;
    for (let round = 0; round < 1500; round++) {
      const source = sample(random);
      const from = random.below(Math.min(5, source.length + 1));
      const packed = compress(lzf, source, from);
      if (packed === null) continue;
      compressed++;
      expect(decompress(packed, source.length - from).equals(source.subarray(from))).toBe(true);
    }
    expect(compressed).toBeGreaterThan(700);
  });

  test("saves at least 4 bytes or says 0", () => {
    const lzf = new LzfCompressor();
    const lengths = Array.from({ length: 40 }, (_, length) => compress(lzf, Buffer.alloc(length, "a"))?.length ?? 0);
    // One literal, and 1 to 8 more bytes in a two-byte repeat or up to 264 in one of three: 4 bytes at most for `a` times 10 and more.
    expect(lengths.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    for (const [length, packed] of lengths.entries()) expect(packed === 0 || packed <= length - 4).toBe(true);
    expect(lengths.slice(10)).toEqual(Array(30).fill(5));
  });

  test("does not try to shorten random bytes", () => {
    const random = new Random(4);
    const lzf = new LzfCompressor();
    for (const length of [0, 1, 4, 5, 32, 33, 64, 1000, 200_000]) expect(compress(lzf, random.bytes(length))).toBeNull();
  });

  test("gives up on a long string that shows no gain in 64 KiB", () => {
    const lzf = new LzfCompressor();
    const random = new Random(5);
    const plain = Buffer.alloc(100_000, "abc");
    expect(compress(lzf, Buffer.concat([random.bytes(70_000), plain]))).toBeNull();
    expect(compress(lzf, Buffer.concat([random.bytes(60_000), plain]))).not.toBeNull();
  });

  test("respects a target that is smaller than the saving would need", () => {
    const lzf = new LzfCompressor();
    const source = Buffer.alloc(1000, "abcd");
    const needed = compress(lzf, source)?.length ?? 0;
    expect(needed).toBeGreaterThan(0);
    const target = Buffer.alloc(needed + 1);
    expect(lzf.compress(source, 0, 1000, target, 1)).toBe(needed);
    expect(lzf.compress(source, 0, 1000, target, 2)).toBe(0);
  });

  test("stays right when its table of positions starts over", () => {
    const lzf = new LzfCompressor();
    const random = new Random(6);
    Object.assign(lzf, { base: 0x7fffffff - 100_000 });
    for (let round = 0; round < 300; round++) {
      const source = random.bytes(2000, 4);
      const packed = compress(lzf, source);
      expect(packed === null ? null : decompress(packed, 2000).equals(source)).toBe(true);
    }
  });

  test("no three bytes make more than LZF_MAX_RATIO allows", () => {
    const lzf = new LzfCompressor();
    const source = Buffer.alloc(1_000_000);
    const packed = compress(lzf, source);
    expect(packed).not.toBeNull();
    expect(source.length).toBeLessThanOrEqual((packed?.length ?? 0) * LZF_MAX_RATIO);
  });

  test.each([
    ["ends inside a run of literals", [0x02, 0x61, 0x62], 3],
    ["ends before the distance of a repeat", [0x00, 0x61, 0x20], 4],
    ["ends before the distance of a long repeat", [0x00, 0x61, 0xe0, 0x00], 10],
    ["repeats what is not there yet", [0x00, 0x61, 0x20, 0x01], 4],
    ["repeats at the very start", [0x20, 0x00], 3],
    ["makes more literals than announced", [0x01, 0x61, 0x62], 1],
    ["repeats more than announced", [0x00, 0x61, 0x20, 0x00], 3],
    ["makes less than announced", [0x00, 0x61], 2],
    ["is empty but should not be", [], 1],
  ])("refuses input that %s", (_, bytes, length) => {
    expect(() => decompress(Buffer.from(bytes), length)).toThrow(RdbError);
    expect(() => decompress(Buffer.from(bytes), length)).toThrow("Invalid LZF compressed string");
  });

  test("says at which byte of the file the corruption is", () => {
    const bytes = Buffer.from([0xff, 0x00, 0x61, 0x20, 0x01, 0xff]);
    const caught = catchError(() => lzfDecompress(bytes, 1, 5, Buffer.alloc(4), 0, 4, 1000));
    expect(caught).toBeInstanceOf(RdbError);
    expect((caught as RdbError).offset).toBe(1002);
  });

  test("the head of a string is that of the whole, of any length, and of random bytes it is no more than was asked for", () => {
    const lzf = new LzfCompressor();
    const random = new Random(11);
    let heads = 0;
    for (let round = 0; round < 600; round++) {
      const source = sample(random);
      const packed = compress(lzf, source);
      const most = random.below(300);
      const target = Buffer.alloc(most + 32, GUARD);
      const bytes = packed ?? random.bytes(random.below(60), 256);
      const made = lzfDecompressHead(bytes, 0, bytes.length, target, 16, most);
      if (packed !== null) {
        heads++;
        expect(made).toBe(Math.min(most, source.length));
        expect(target.subarray(16, 16 + made).equals(source.subarray(0, made))).toBe(true);
      }
      expect(made).toBeLessThanOrEqual(most);
      for (const byte of [...target.subarray(0, 16), ...target.subarray(16 + most)])
        if (byte !== GUARD) throw new Error("wrote outside the target");
    }
    expect(heads).toBeGreaterThan(100);
  });

  test("a string beyond the reach of 31 bits is refused with a clear error", () => {
    expect(() => lzfDecompress(Buffer.alloc(8), 0, 8, Buffer.alloc(8), 0, 2 ** 31)).toThrow("more than 2 GiB");
  });

  test("decompressing random bytes throws RdbError or fills the target, and never leaves it", () => {
    const random = new Random(7);
    let failed = 0;
    for (let round = 0; round < 3000; round++) {
      const caught = catchError(() => decompress(random.bytes(random.below(60), 256), random.below(300)));
      if (caught === null) continue;
      expect(caught).toBeInstanceOf(RdbError);
      failed++;
    }
    expect(failed).toBeGreaterThan(1000);
  });
});

function catchError(body: () => unknown): unknown {
  try {
    body();
    return null;
  } catch (error) {
    return error;
  }
}
