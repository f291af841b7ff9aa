import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { RdbString } from "../../src/rdb/entry.ts";
import { RdbError } from "../../src/rdb/error.ts";
import { VALUE_TYPE } from "../../src/rdb/format.ts";
import { moduleName } from "../../src/rdb/module.ts";
import { RdbReader } from "../../src/rdb/reader.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "../../src/rdb/value.ts";
import { VALUE_READERS } from "../../src/rdb/value-readers.ts";
import { entry, Random, Recorder, readImage, stringEntry, writeEntries, writeImage } from "./support.ts";

const HEADER = "REDIS0010";
const NO_CHECKSUM = "\0".repeat(8);
/** An image with no checksum around these bytes (latin1). */
const image = (body: string, header = HEADER): Buffer => Buffer.from(`${header}${body}\xff${NO_CHECKSUM}`, "latin1");

/** The error that reading the whole of `bytes` ends with; pushed in pieces of `pieceBytes`. */
function errorOf(bytes: Buffer, pieceBytes = bytes.length): RdbError {
  try {
    readImage(bytes, Math.max(1, pieceBytes));
  } catch (error) {
    expect(error).toBeInstanceOf(RdbError);
    if (error instanceof RdbError) return error;
  }
  throw new Error("it was read without an error");
}

const ENTRIES = [
  entry("plain", "value"),
  entry("empty", ""),
  entry("", "empty key"),
  entry("int8", "-7", { expireAt: 1_900_000_000_123 }),
  entry("int16", "3000"),
  entry("int32", "-2000000000", { expireAt: 1, idle: 100_000 }),
  entry("42", "a key that is an integer", { freq: 255 }),
  entry("lzf", "abc".repeat(50), { db: 3, idle: 0 }),
  entry("k".repeat(70), "\x00\xff\r\n", { db: 3, freq: 0, expireAt: -5 }),
  entry("long", new Random(10).bytes(300).toString("latin1"), { db: 12 }),
];
const AUX = [
  ["redis-ver", "7.2.4"],
  ["ctime", "1700000000"],
] as const;
const SMALL = writeImage((writer) => writeEntries(writer, ENTRIES, AUX));

describe("the RDB reader", () => {
  test("gives what the writer was given", () => {
    const { seen, reader, used } = readImage(SMALL);
    expect(seen.entries).toEqual(ENTRIES);
    expect(seen.auxFields).toEqual(AUX.map(([name, value]) => [name, value]));
    expect(seen.databases).toEqual([
      { index: 0, keys: 7, expires: 2 },
      { index: 3, keys: 2, expires: 1 },
      { index: 12, keys: 1, expires: 0 },
    ]);
    expect({ used, version: reader.version, checksum: reader.checksum, offset: reader.offset }).toEqual({
      used: SMALL.length,
      version: 10,
      checksum: "verified",
      offset: SMALL.length,
    });
  });

  test("gives the same when it is cut in two at any byte", () => {
    for (let cut = 0; cut <= SMALL.length; cut++) {
      const seen = new Recorder();
      const reader = new RdbReader(seen);
      const first = Buffer.from(SMALL.subarray(0, cut));
      expect(reader.push(first)).toBe(cut);
      first.fill(0xee);
      expect(reader.push(SMALL, cut)).toBe(SMALL.length - cut);
      expect(reader.finished).toBe(true);
      expect(reader.checksum).toBe("verified");
      expect(seen.entries).toEqual(ENTRIES);
    }
  });

  test("gives the same in pieces of any size, one byte included", () => {
    for (let size = 1; size < 100; size++) expect(readImage(SMALL, size).seen.entries).toEqual(ENTRIES);
  });

  test("gives what the writer was given for random entries, in random pieces", () => {
    const random = new Random(11);
    for (let round = 0; round < 15; round++) {
      const entries = random.entries(60);
      const compress = round % 2 === 0;
      const bytes = writeImage((writer) => writeEntries(writer, entries), { compress });
      const seen = new Recorder();
      const reader = new RdbReader(seen);
      for (let at = 0; at < bytes.length; ) {
        const to = Math.min(bytes.length, at + random.below(random.below(3) === 0 ? 40_000 : 50));
        expect(reader.push(bytes, at, to)).toBe(to - at);
        at = to;
      }
      reader.finish();
      expect(reader.checksum).toBe("verified");
      expect(seen.entries).toEqual(entries);
    }
  });

  test("accepts a Uint8Array that is no Buffer, a view into a larger one too", () => {
    const larger = new Uint8Array(SMALL.length + 20);
    larger.set(SMALL, 10);
    const seen = new Recorder();
    const reader = new RdbReader(seen);
    expect(reader.push(larger.subarray(10, 10 + SMALL.length))).toBe(SMALL.length);
    expect(seen.entries).toEqual(ENTRIES);
  });

  test("stops at its own end and leaves what follows to the caller, wherever the cut is", () => {
    const mark = "0123456789abcdef0123456789abcdef01234567";
    const bytes = Buffer.concat([SMALL, Buffer.from(mark)]);
    for (const size of [1, 7, 8, 9, 40, SMALL.length - 1, SMALL.length, SMALL.length + 1, bytes.length]) {
      const { reader, used } = readImage(bytes, size);
      expect(used).toBe(SMALL.length);
      expect(reader.push(bytes, used)).toBe(0);
      expect(reader.offset).toBe(SMALL.length);
      reader.finish();
    }
  });

  test("hands out strings where they lie in the chunk", () => {
    const handler = new Recorder();
    const bytes = writeImage((writer) => writeEntries(writer, [entry("key", "value")]));
    let places: unknown;
    handler.string = ({ key, value }) => {
      places = [key.bytes === bytes, value.bytes === bytes, key.to - key.from, value.length, value.exclusive];
    };
    new RdbReader(handler).push(bytes);
    expect(places).toEqual([true, true, 3, 5, false]);
  });

  test("gives away the memory of a long string that came in pieces or compressed, and of no other", () => {
    const long = new Random(12).bytes(200_000).toString("latin1");
    const bytes = writeImage((writer) =>
      writeEntries(writer, [entry("pieces", long), entry("lzf", "abcd".repeat(50_000)), entry("short", "x")]),
    );
    const taken: Buffer[] = [];
    const kinds: boolean[] = [];
    const handler = new Recorder();
    handler.string = ({ value }) => {
      kinds.push(value.exclusive);
      taken.push(value.take());
    };
    const reader = new RdbReader(handler);
    for (let at = 0; at < bytes.length; at += 1000) {
      const piece = Buffer.from(bytes.subarray(at, at + 1000));
      reader.push(piece);
      piece.fill(0xee);
    }
    expect(kinds).toEqual([true, true, false]);
    expect(taken.map((value) => value.toString("latin1"))).toEqual([long, "abcd".repeat(50_000), "x"]);
  });

  test("reads every version from 1 to 12, and the checksum from 5 on", () => {
    for (let version = 1; version <= 12; version++) {
      const header = `REDIS${String(version).padStart(4, "0")}`;
      const bytes = Buffer.from(`${header}\xfe\x00\x00\x01k\x01v\xff${version >= 5 ? NO_CHECKSUM : ""}more`, "latin1");
      const { seen, reader, used } = readImage(bytes);
      expect(seen.entries).toEqual([entry("k", "v")]);
      expect([reader.version, used]).toEqual([version, bytes.length - 4]);
      expect(reader.checksum).toBe("absent");
    }
  });

  test("reads an expiry in seconds, as the first versions wrote it", () => {
    const body = "\xfd\x00\xe1\x0b\x5e\x00\x01k\x01v\x00\x01l\x01w";
    expect(readImage(image(body, "REDIS0002")).seen.entries).toEqual([entry("k", "v", { expireAt: 1_577_836_800_000 }), entry("l", "w")]);
  });

  test("reads lengths that are longer than they need be", () => {
    const body = "\x00\x40\x01k\x80\x00\x00\x00\x01v\x00\x81\x00\x00\x00\x00\x00\x00\x00\x01l\x01w";
    for (const size of [1, 4, 100]) expect(readImage(image(body), size).seen.entries).toEqual([entry("k", "v"), entry("l", "w")]);
  });

  test("hands over function libraries, and skips the sizes of cluster slots", () => {
    const code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    const bytes = writeImage((writer) => {
      writer.header([]);
      writer.library(Buffer.from(code));
      writer.raw(Buffer.from("f440050102", "hex"), 0, 5);
      stringEntry(writer, Buffer.from("k"), 0, 1, Buffer.from("v"), 0, 1);
      writer.end();
    });
    for (const size of [1, 1000]) {
      const { seen } = readImage(bytes, size);
      expect(seen.libraries).toEqual([code]);
      expect(seen.entries).toEqual([entry("k", "v")]);
    }
  });

  test("refuses the function format of the 7.0 release candidates", () => {
    expect(errorOf(image("\xf6\x03lib")).message).toBe("RDB, byte 9: function libraries of the 7.0 release candidates are not supported");
  });

  test("skips what modules saved beside the keys, and says so", () => {
    // "ReJSON-RL" at encoding version 3; elements: signed 300, unsigned 2^32, float, double, string, compressed string, end.
    const id = [..."ReJSON-RL"].reduce(
      (sum, c) => sum * 64n + BigInt("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(c)),
      0n,
    );
    const bytes = writeImage((writer) => {
      writer.header([]);
      const word = Buffer.alloc(8);
      word.writeBigUInt64BE(id * 1024n + 3n);
      writer.raw(Buffer.from([0xf7]), 0, 1);
      writer.length64(word.readInt32BE(0), word.readInt32BE(4));
      for (const n of [2, 1, 1, 300, 2, 2 ** 32, 3]) writer.length(n);
      writer.raw(Buffer.alloc(4, 0xfe), 0, 4);
      writer.length(4);
      writer.binaryDouble(1.5);
      for (const text of ["\x00 text", "text".repeat(20)]) {
        writer.length(5);
        writer.rawString(Buffer.from(text), 0, text.length);
      }
      writer.length(0);
      stringEntry(writer, Buffer.from("k"), 0, 1, Buffer.from("v"), 0, 1);
      writer.end();
    });
    for (const size of [1, 3, 1000]) {
      const { seen, reader } = readImage(bytes, size);
      expect(seen.warnings).toEqual([`the data that module "ReJSON-RL" (encoding version 3) saved beside the keys was skipped`]);
      expect(seen.entries).toEqual([entry("k", "v")]);
      expect(reader.checksum).toBe("verified");
    }
    expect(moduleName(0, 0)).toBe("AAAAAAAAA");
    expect(moduleName(0xffffffff, 0xffffffff)).toBe("_________");
  });

  test("takes a reader for another type, whose values are many atoms, without being changed itself", () => {
    const lists: unknown[] = [];
    class ListReader implements ValueReader {
      private left = 0;
      private elements: string[] = [];
      private readonly element = new RdbString();

      begin({ input }: ReadContext): Step {
        if (!input.readLength()) return STEP.incomplete;
        this.left = input.value;
        this.elements = [];
        return STEP.more;
      }

      next({ input, entry: { key, expireAt } }: ReadContext): Step {
        if (!input.readString(this.element)) return STEP.incomplete;
        this.elements.push(this.element.text());
        if (--this.left > 0) return STEP.more;
        lists.push({ key: key.text(), expireAt, elements: this.elements });
        return STEP.done;
      }
    }
    const texts = ["one", "2", "three".repeat(20), ""];
    const bytes = writeImage((writer) => {
      writer.header([]);
      for (const name of ["list", "77", "l".repeat(100)]) {
        writer.expiry(5000);
        writer.key(VALUE_TYPE.list, Buffer.from(name), 0, name.length);
        writer.length(texts.length);
        for (const text of texts) writer.rawString(Buffer.from(text), 0, text.length);
        stringEntry(writer, Buffer.from(name), 0, 1, Buffer.from("v"), 0, 1);
      }
      writer.end();
    });
    const readers = new Map([...VALUE_READERS, [VALUE_TYPE.list, () => new ListReader()] as const]);
    for (let size = 1; size <= bytes.length; size++) {
      lists.length = 0;
      const { seen, reader } = readImage(bytes, size, { readers });
      expect(lists).toEqual(["list", "77", "l".repeat(100)].map((key) => ({ key, expireAt: 5000, elements: texts })));
      expect(seen.entries).toEqual([entry("l", "v"), entry("7", "v"), entry("l", "v")]);
      expect(reader.checksum).toBe("verified");
    }
  });

  test("refuses module data that makes no sense", () => {
    expect(errorOf(image("\xf7\x05\x03\x01\x00")).message).toContain("bad module data: opcode 3");
    expect(errorOf(image("\xf7\x05\x02\x01\x06\x00")).message).toContain("bad module data: unknown element 6");
  });
});

describe("an image that cannot be read", () => {
  test("names the type, the key and the place of a value of another type", () => {
    const seen = new Recorder();
    const reader = new RdbReader(seen);
    const bytes = image("\xfe\x00\x00\x01a\x01b\x19\x06my key\x01\x02\x00");
    expect(() => reader.push(bytes)).toThrow(
      'RDB, byte 16: value type 25, hash with field expiry (listpack), of key "my key" is not supported',
    );
    expect(seen.refused).toEqual([{ type: 25, key: "my key" }]);
    expect(() => reader.push(bytes)).toThrow('of key "my key" is not supported');
    expect(() => reader.finish()).toThrow('of key "my key" is not supported');
  });

  test("names the value types that cannot be held, and knows none above 33", () => {
    const refused = new Set([6, ...Array.from({ length: 12 }, (_, index) => 22 + index)]);
    for (let type = 1; type < 242; type++) {
      if (VALUE_READERS.has(type)) continue;
      const message = errorOf(image(`${String.fromCharCode(type)}\x01k`)).message;
      if (refused.has(type))
        expect(message).toMatch(new RegExp(`^RDB, byte 9: value type ${type}, .+, of key "k" is not supported \\(RDB version \\d+\\)$`));
      else expect(message).toBe(`RDB, byte 9: unknown opcode ${type}`);
    }
    expect([...VALUE_READERS.keys()].sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    ]);
  });

  test.each([
    ["", "REDIX0010", 'byte 0: bad magic: it starts with "REDIX0010", no RDB file does'],
    ["", "REDIS001x", "byte 0: bad magic"],
    ["", "REDIS 010", "byte 0: bad magic"],
    ["", "REDIS0017", "byte 0: version 17 cannot be read, only 1 to 16"],
    ["", "REDIS0080", "byte 0: version 80 cannot be read, only 1 to 16"],
    ["", "VALKEY079", "byte 0: Valkey's version 79 cannot be read, only 80 to 81"],
    ["", "VALKEY082", "byte 0: Valkey's version 82 cannot be read"],
    ["", "VALKEY 80", "byte 0: bad magic"],
    ["", "VALKEX080", "byte 0: bad magic"],
    ["\xf4\x80\x00\x00\x40\x00\x00\x00", HEADER, "byte 9: there is no cluster slot 16384"],
    ["\x16\x01k", "REDIS0011", 'value type 22, hash with field expiry (7.4 release candidate), of key "k" is not supported'],
    ["\x1b\x01k", "REDIS0011", 'value type 27, stream with unowned pending entries, of key "k" is not supported (RDB version 11)'],
    ["\x18\x01k", "VALKEY080", "unknown opcode 24"],
    ["\x1c\x01k", "REDIS0014", 'value type 28, array, of key "k" is not supported (RDB version 14)'],
    ["\x18\x01k", "VALKEY081", "unknown opcode 24"],
    ["\x21\x01k", "REDIS0015", 'value type 33, rate limiter (GCRA), of key "k" is not supported (RDB version 15)'],
    ["\x22\x01k", "REDIS0016", "unknown opcode 34"],
    ["", "REDIS9999", "byte 0: version 9999 cannot be read"],
    ["", "REDIS0000", "byte 0: version 0 cannot be read"],
    ["\xfe\xc0", HEADER, "byte 10: bad length: 0xc0 is a string encoding"],
    ["\xfe\x82", HEADER, "byte 10: bad length: it starts with 0x82"],
    ["\x00\x01k\xbf", HEADER, "byte 12: bad length: it starts with 0xbf"],
    ["\x00\x01k\xc4", HEADER, "byte 12: Unknown RDB string encoding type 4"],
    ["\x00\xff", HEADER, "byte 10: Unknown RDB string encoding type 63"],
    ["\x00\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff", HEADER, "bad length: 18446744073709552000 bytes are more than a string can have"],
    ["\x00\x01k\xc3\x02\x50\x00aa", HEADER, "byte 12: bad length: 2 bytes of LZF cannot make 4096"],
    ["\x00\x01k\xc3\x02\x81\xff\xff\xff\xff\xff\xff\xff\xffaa", HEADER, "byte 12: bad length: 2 bytes of LZF cannot make"],
    ["\x00\x01k\xc3\x02\x05\x20\x00", HEADER, "byte 15: Invalid LZF compressed string: a repeat from 1 bytes back, 0 bytes in"],
  ])("is refused with its place and reason: %j after %s", (body, header, message) => {
    for (const size of [1, 5, 1000]) expect(errorOf(image(body, header), size).message).toContain(message);
  });

  test("is refused when the checksum does not fit, or is none of ours", () => {
    const bytes = Buffer.from(SMALL);
    const good = bytes.subarray(-8).reverse().toString("hex");
    bytes.subarray(-8).reverse();
    bytes[bytes.length - 1] ^= 1;
    const stated = Buffer.from(bytes.subarray(-8)).reverse().toString("hex");
    for (const size of [1, 100, 10_000]) {
      const error = errorOf(bytes, size);
      expect(error.message).toBe(`RDB, byte ${bytes.length - 8}: RDB CRC error: the file says ${stated}, its bytes make ${good}`);
      expect(error.offset).toBe(bytes.length - 8);
    }
    expect(readImage(bytes, 100, { checksum: false }).reader.checksum).toBe("ignored");
  });

  test("is refused as truncated wherever it ends too early, with the place", () => {
    for (let length = 0; length < SMALL.length; length++) {
      for (const size of [1, length]) {
        const error = errorOf(SMALL.subarray(0, length), size);
        expect(error.message).toMatch(
          /Unexpected EOF reading RDB file: the input ends here, but the (header|checksum|end-of-file)|Unexpected EOF reading RDB file: the input ends here, but an entry/,
        );
        expect(error.offset).toBe(length);
      }
    }
    expect(errorOf(SMALL.subarray(0, 4)).message).toBe(
      "RDB, byte 4: Unexpected EOF reading RDB file: the input ends here, but the header from byte 0 on lacks at least 5 bytes",
    );
    expect(errorOf(SMALL.subarray(0, 9)).message).toBe(
      "RDB, byte 9: Unexpected EOF reading RDB file: the input ends here, but the end-of-file opcode is missing",
    );
    expect(errorOf(image("\x00\x01k\x40\x64abc").subarray(0, 17)).message).toContain("but an entry from byte 9 on lacks at least 97 bytes");
  });

  test("is refused with RdbError and nothing else for any single byte changed", () => {
    const random = new Random(13);
    for (let at = 0; at < SMALL.length; at++) {
      const bytes = Buffer.from(SMALL);
      bytes[at] ^= 1 + random.below(255);
      errorOf(bytes);
      errorOf(bytes, 11);
    }
  });

  test("is refused with RdbError, or read, for random damage when no checksum tells", () => {
    const random = new Random(14);
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(SMALL);
      for (let change = 1 + random.below(4); change > 0; change--) bytes[9 + random.below(bytes.length - 9)] = random.below(256);
      try {
        readImage(bytes, 1 + random.below(200), { checksum: false });
      } catch (error) {
        if (!(error instanceof RdbError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test("is refused with RdbError for random bytes after the header", () => {
    const random = new Random(15);
    for (let round = 0; round < 2000; round++)
      errorOf(Buffer.concat([Buffer.from(HEADER), random.bytes(1 + random.below(60))]), 1 + random.below(20));
  });

  test("ends with what the handler throws, and goes on throwing it", () => {
    const handler = new Recorder();
    const failure = new Error("no such database");
    handler.database = () => {
      throw failure;
    };
    const reader = new RdbReader(handler);
    expect(() => reader.push(SMALL)).toThrow(failure);
    expect(() => reader.push(SMALL)).toThrow(failure);
    expect(() => reader.finish()).toThrow(failure);
    expect(reader.finished).toBe(false);
  });
});

describe("the memory of the RDB reader", () => {
  const original = Buffer.allocUnsafeSlow;
  const allocated = (): number => spy.mock.calls.reduce((sum, [size]) => sum + size, 0);
  let spy = spyOn(Buffer, "allocUnsafeSlow");
  spy.mockRestore();
  const watch = (): void => {
    spy = spyOn(Buffer, "allocUnsafeSlow").mockImplementation((size) => original(size));
  };
  afterEach(() => spy.mockRestore());

  test("follows what has come, not what is announced", () => {
    for (const lengthOf of ["value", "key"]) {
      const reader = new RdbReader(new Recorder());
      watch();
      reader.push(Buffer.from(`${HEADER}\x00${lengthOf === "key" ? "" : "\x01k"}\x80\xff\xff\xff\x00`, "latin1"));
      expect(allocated()).toBe(0);
      const piece = Buffer.alloc(10_000);
      for (let sent = 0; sent < 300_000; sent += piece.length) {
        reader.push(piece);
        expect(allocated()).toBeLessThan(16 * (sent + 2 * piece.length));
      }
      expect(() => reader.finish()).toThrow("Unexpected EOF");
      spy.mockRestore();
    }
  });

  test("moves a long string about once, however small its pieces", () => {
    const value = Buffer.alloc(40_000_000, "0123456789");
    const bytes = writeImage(
      (writer) => {
        writer.header([]);
        stringEntry(writer, Buffer.from("k"), 0, 1, value, 0, value.length);
        writer.end();
      },
      { compress: false },
    );
    let whole = false;
    const handler = new Recorder();
    handler.string = (seen) => {
      whole = seen.value.take().equals(value);
    };
    const reader = new RdbReader(handler);
    watch();
    for (let at = 0; at < bytes.length; at += 20_000) reader.push(bytes, at, Math.min(bytes.length, at + 20_000));
    expect(whole).toBe(true);
    expect(reader.checksum).toBe("verified");
    // Each block but the last is copied into the next: what was allocated beyond the string bounds what was copied beyond once.
    expect(allocated()).toBeLessThan(1.3 * value.length);
    expect(spy.mock.calls.length).toBeLessThan(5);
  });
});
