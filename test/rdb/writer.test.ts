import { describe, expect, test } from "bun:test";
import { Crc64 } from "../../src/rdb/crc64.ts";
import { RdbString } from "../../src/rdb/entry.ts";
import { RdbInput } from "../../src/rdb/input.ts";
import { RdbWriter } from "../../src/rdb/writer.ts";
import { entry, Random, readImage, stringEntry, textDouble, writeEntries, writeImage } from "./support.ts";

/** The bytes that `build` writes, without header or end, in hexadecimal. */
function hex(build: (writer: RdbWriter) => void, compress = true): string {
  return writeImage(
    (writer) => {
      build(writer);
      writer.flush();
    },
    { compress },
  ).toString("hex");
}

function rawString(text: string, compress = true): string {
  const bytes = Buffer.from(text, "latin1");
  return hex((writer) => writer.rawString(bytes, 0, bytes.length), compress);
}

function inputOver(bytes: Buffer): RdbInput {
  const input = new RdbInput();
  input.open(bytes, 0, bytes.length, 0, false);
  return input;
}

describe("the RDB writer", () => {
  test("writes version 10, the facts, and the checksum of all before it", () => {
    const image = writeImage((writer) => {
      writer.header([
        ["redis-ver", "7.2.4"],
        ["redis-bits", 64],
      ]);
      writer.end();
    });
    const body = Buffer.concat([Buffer.from("REDIS0010\xfa\x09redis-ver\x057.2.4\xfa\x0aredis-bits\xc0\x40\xff", "latin1")]);
    const crc = new Crc64();
    crc.update(body, 0, body.length);
    expect(image.subarray(0, -8).toString("latin1")).toBe(body.toString("latin1"));
    expect(image.readInt32LE(image.length - 8)).toBe(crc.low);
    expect(image.readInt32LE(image.length - 4)).toBe(crc.high);
  });

  test("writes zeros for a checksum when that is off", () => {
    const image = writeImage((writer) => writeEntries(writer, [entry("k", "v")]), { checksum: false });
    expect(image.subarray(-9).toString("hex")).toBe(`ff${"00".repeat(8)}`);
    expect(readImage(image).reader.checksum).toBe("absent");
  });

  test.each([
    [0, "00"],
    [63, "3f"],
    [64, "4040"],
    [16383, "7fff"],
    [16384, "8000004000"],
    [0xffffffff, "80ffffffff"],
    [2 ** 32, "810000000100000000"],
    [Number.MAX_SAFE_INTEGER, "81001fffffffffffff"],
  ])("writes length %d as %s, and it is read back", (n, expected) => {
    expect(hex((writer) => writer.length(n))).toBe(expected);
    const input = inputOver(Buffer.from(expected, "hex"));
    expect(input.readLength()).toBe(true);
    expect(input.value).toBe(n);
    expect(input.left).toBe(0);
  });

  test.each([
    [0, 5, "05"],
    [0, -1, "80ffffffff"],
    [0x1fffff, -1, "81001fffffffffffff"],
    [-1, -2, "81fffffffffffffffe"],
  ])("writes the 64-bit length of halves %d, %d as %s", (high, low, expected) => {
    expect(hex((writer) => writer.length64(high, low))).toBe(expected);
    const input = inputOver(Buffer.from(expected, "hex"));
    input.readLength();
    expect([input.valueHigh | 0, input.valueLow | 0]).toEqual([high, low]);
  });

  test.each([
    ["0", "c000"],
    ["127", "c07f"],
    ["-128", "c080"],
    ["128", "c18000"],
    ["-129", "c17fff"],
    ["32767", "c1ff7f"],
    ["-32768", "c10080"],
    ["32768", "c200800000"],
    ["2147483647", "c2ffffff7f"],
    ["-2147483648", "c200000080"],
  ])("writes the string %s as an integer, %s, and it is read back", (text, expected) => {
    expect(rawString(text)).toBe(expected);
    const target = new RdbString();
    expect(inputOver(Buffer.from(expected, "hex")).readString(target)).toBe(true);
    expect(target.text()).toBe(text);
  });

  test.each(["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "2147483648", "-2147483649", "12345678901", "1e3", "-01"])(
    "writes %j, which is no canonical int32, as it stands",
    (text) => {
      expect(rawString(text)).toBe(Buffer.from(`${String.fromCharCode(text.length)}${text}`, "latin1").toString("hex"));
    },
  );

  test("compresses from 21 bytes on, when that is on and saves something", () => {
    expect(rawString("a".repeat(20))).toBe(`14${"61".repeat(20)}`);
    expect(rawString("a".repeat(21))).toMatch(/^c3..15/);
    expect(rawString("a".repeat(21), false)).toBe(`15${"61".repeat(21)}`);
    const random = new Random(8).bytes(100).toString("latin1");
    expect(rawString(random)).toBe(`4064${Buffer.from(random, "latin1").toString("hex")}`);
  });

  test("writes the shortest lengths before a compressed string, however long it was", () => {
    const target = new RdbString();
    for (const length of [21, 63, 64, 67, 68, 70, 200, 16383, 16384, 16390, 70_000, 300_000]) {
      for (const alphabet of length < 200 ? [1] : [1, 6]) {
        const text = new Random(length).bytes(length, alphabet);
        const written = Buffer.from(
          hex((writer) => writer.rawString(text, 0, length)),
          "hex",
        );
        expect(written[0]).toBe(0xc3);
        const input = inputOver(written.subarray(1));
        input.readLength();
        const packed = input.value;
        expect(input.pos).toBe(packed < 64 ? 1 : packed < 16384 ? 2 : 5);
        const whole = inputOver(written);
        expect(whole.readString(target)).toBe(true);
        expect(whole.left).toBe(0);
        expect(target.take().equals(text)).toBe(true);
      }
    }
  });

  test.each([0, -0, 1, -1.5, Math.PI, 1e300, -5e-324, 2 ** 53, Infinity, -Infinity, NaN, 0.1, 1e21, 1.5e-7])(
    "writes the double %d in binary and as text, and both are read back",
    (value) => {
      const binary = inputOver(
        Buffer.from(
          hex((writer) => writer.binaryDouble(value)),
          "hex",
        ),
      );
      expect(binary.readBinaryDouble()).toBe(true);
      expect(binary.number).toBe(value);
      const text = inputOver(
        Buffer.from(
          hex((writer) => textDouble(writer, value)),
          "hex",
        ),
      );
      expect(text.readTextDouble()).toBe(true);
      expect(text.number).toBe(value);
    },
  );

  test.each([0, 1, -1, 1_700_000_000_123, -1_700_000_000_123, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 32, -(2 ** 32), -(2 ** 33) + 5])(
    "writes the time %d as an int64, and it is read back",
    (value) => {
      const bytes = Buffer.from(
        hex((writer) => writer.int64(value)),
        "hex",
      );
      expect(bytes.readBigInt64LE()).toBe(BigInt(value));
      const input = inputOver(bytes);
      input.readInt64();
      expect(input.number).toBe(value);
    },
  );

  test("hands a long string to the sink as it is, without a copy", () => {
    const handed: Buffer[] = [];
    const writer = new RdbWriter({ write: (bytes) => void handed.push(bytes) }, { compress: false });
    const value = Buffer.alloc(200_000, "abcdefgh");
    writer.header([]);
    stringEntry(writer, Buffer.from("k"), 0, 1, value, 0, value.length);
    writer.end();
    expect(handed).toContain(value);
  });

  test("writes the same whatever the size of its buffer, and counts what it wrote", () => {
    const entries = new Random(9).entries(150);
    const expected = writeImage((writer) => writeEntries(writer, entries));
    for (const bufferBytes of [32, 33, 50, 100, 1000, 20_000, 1 << 20]) {
      let counted = 0;
      const image = writeImage(
        (writer) => {
          writeEntries(writer, entries);
          counted = writer.bytesWritten;
        },
        { bufferBytes },
      );
      expect(image.equals(expected)).toBe(true);
      expect(counted).toBe(image.length);
    }
  });

  test("refuses a buffer that is too small to work with", () => {
    expect(() => new RdbWriter({ write() {} }, { bufferBytes: 31 })).toThrow("at least 32 bytes");
  });
});
