/** Images that Valkey 9.2 packs as a whole: seven bytes, then an LZ4 or a Zstd frame. The frames are those of the tools of both formats. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, createZstdCompress } from "node:zlib";
import { EnvelopedImage } from "../../src/rdb/envelope.ts";
import { RdbReader } from "../../src/rdb/reader.ts";
import { FakeMaster, id, linkUp, Ours, streamed } from "../replication/support.ts";
import { entry, Recorder, writeEntries, writeImage } from "./support.ts";

/** 40 keys of three lengths, then a long value that no codec makes shorter; about 300 KB. */
const ENTRIES = Array.from({ length: 40 }, (_, index) =>
  entry(`key:${index}`, `${"value ".repeat(index % 3 === 0 ? 2000 : index)}${index}`),
);
const IMAGE = writeImage((out) => writeEntries(out, ENTRIES), { compress: false });

type Codec = "lz4" | "zstd";
const envelope = (codec: number, { version = 1, reserved = 0, kind = 1 } = {}): Buffer =>
  Buffer.from([0x56, 0x43, 0x53, version, codec, reserved, kind]);

/** An LZ4 frame of blocks of 64 KiB: those of an even number packed, referring to those before, the others as they are. */
function lz4(bytes: Buffer, { blockChecksums = true, contentChecksum = true, contentSize = false } = {}): Buffer {
  const checksum = (part: Buffer): Buffer => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(Bun.hash.xxHash32(Buffer.from(part), 0) >>> 0);
    return word;
  };
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  const flags = 0x40 | (blockChecksums ? 0x10 : 0) | (contentChecksum ? 4 : 0) | (contentSize ? 8 : 0);
  const head = Buffer.concat([Buffer.of(flags, 0x40), contentSize ? size : Buffer.alloc(0)]);
  const parts: Buffer[] = [Buffer.from("04224d18", "hex"), head, Buffer.of((checksum(head).readUInt32LE() >>> 8) & 0xff)];
  for (let at = 0, index = 0; at < bytes.length; at += 65536, index++) {
    const plain = bytes.subarray(at, at + 65536);
    const packed = index % 2 === 0 ? lz4Block(bytes, at, at + plain.length) : null;
    const block = packed ?? plain;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(packed === null ? block.length + 0x8000_0000 : block.length);
    parts.push(length, block);
    if (blockChecksums) parts.push(checksum(block));
  }
  parts.push(Buffer.alloc(4));
  if (contentChecksum) parts.push(checksum(bytes));
  return Buffer.concat(parts);
}

/** Packs bytes[from, to) with the matches of four bytes and more that a table of the last places finds, also before `from`. */
function lz4Block(bytes: Buffer, from: number, to: number): Buffer {
  const out: number[] = [];
  const places = new Map<number, number>();
  const longer = (rest: number): void => {
    for (let left = rest; ; left -= 255) {
      out.push(Math.min(left, 255));
      if (left < 255) return;
    }
  };
  const sequence = (begin: number, end: number, distance: number, match: number): void => {
    const literals = end - begin;
    out.push((Math.min(literals, 15) << 4) | (match === 0 ? 0 : Math.min(match - 4, 15)));
    if (literals >= 15) longer(literals - 15);
    out.push(...bytes.subarray(begin, end));
    if (match === 0) return;
    out.push(distance & 0xff, distance >> 8);
    if (match - 4 >= 15) longer(match - 19);
  };
  for (let at = Math.max(0, from - 60000); at < from; at++) places.set(bytes.readUInt32LE(at), at);
  let begin = from;
  for (let at = from; at < to - 12; ) {
    const word = bytes.readUInt32LE(at);
    const place = places.get(word);
    places.set(word, at);
    let match = 0;
    if (place !== undefined && at - place < 65536) while (at + match < to - 5 && bytes[place + match] === bytes[at + match]) match++;
    if (place === undefined || match < 4) {
      at++;
      continue;
    }
    sequence(begin, at, at - place, match);
    at += match;
    begin = at;
  }
  sequence(begin, to, 0, 0);
  return Buffer.from(out);
}

/** A Zstd frame as Valkey makes it: streamed, so that it does not say its size, with a checksum. */
async function zstd(bytes: Buffer): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => stream.on("end", resolve));
  stream.write(bytes.subarray(0, 1000));
  stream.end(bytes.subarray(1000));
  await ended;
  const frames = Buffer.concat(parts);
  // Bun ends what is streamed with another frame, which is empty.
  const empty = frames.lastIndexOf(Buffer.from("28b52ffd", "hex"));
  return frames.subarray(0, empty > 0 ? empty : frames.length);
}

let packed: Readonly<Record<Codec, Buffer>>;
let dir = "";
beforeAll(async () => {
  packed = {
    lz4: Buffer.concat([envelope(1), lz4(IMAGE)]),
    zstd: Buffer.concat([envelope(2), await zstd(IMAGE)]),
  };
  dir = mkdtempSync(join(tmpdir(), "replicant-envelope-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Reads an image in pieces of so many bytes. Returns what was seen, and how many bytes the image took. */
function read(bytes: Buffer, pieceBytes = bytes.length): { seen: Recorder; used: number } {
  const seen = new Recorder();
  const image = new EnvelopedImage(new RdbReader(seen));
  let used = 0;
  while (used < bytes.length && !image.finished) {
    const piece = Buffer.from(bytes.subarray(used, used + pieceBytes));
    used += image.push(piece, 0, piece.length);
    piece.fill(0xee);
  }
  image.finish();
  return { seen, used };
}

describe("an image that is packed as a whole", () => {
  for (const codec of ["lz4", "zstd"] as const) {
    for (const pieceBytes of [1, 7, 1000, 1 << 20]) {
      test(`by ${codec} is read in pieces of ${pieceBytes}, and what follows it left alone`, () => {
        expect(packed[codec].length).toBeLessThan(IMAGE.length);
        const { seen, used } = read(Buffer.concat([packed[codec], Buffer.from("what follows")]), pieceBytes);
        expect(seen.entries).toEqual(ENTRIES);
        expect(used).toBe(packed[codec].length);
      });
    }

    test(`by ${codec} is loaded as a snapshot, as the base of an append-only file, and in a full synchronization`, async () => {
      const check = async (ours: Ours): Promise<void> => {
        expect(await ours.client.text("GET", "key:4")).toBe(ENTRIES[4].value);
        expect(await ours.client.text("DBSIZE")).toBe(String(ENTRIES.length));
      };
      writeFileSync(join(dir, "dump.rdb"), packed[codec]);
      {
        await using ours = await Ours.start({ dir });
        await check(ours);
      }
      const files = join(dir, `${codec}-aof`);
      mkdirSync(join(files, "appendonlydir"), { recursive: true });
      writeFileSync(join(files, "appendonlydir", "appendonly.aof.1.base.rdb"), packed[codec]);
      writeFileSync(join(files, "appendonlydir", "appendonly.aof.1.incr.aof"), "");
      const manifest = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
      writeFileSync(join(files, "appendonlydir", "appendonly.aof.manifest"), manifest);
      {
        await using ours = await Ours.start({ dir: files, appendonly: "yes" });
        await check(ours);
      }
      for (const load of ["disabled", "on-empty-db"]) {
        using master = new FakeMaster();
        await using ours = await Ours.start({ replicaof: `127.0.0.1 ${master.port}`, "repl-diskless-load": load });
        const link = await master.accept();
        await link.greet();
        link.send(`+FULLRESYNC ${id("a")} 0\r\n`);
        link.send(streamed(packed[codec]));
        await linkUp(ours.client);
        await check(ours);
      }
    });

    test(`by ${codec} is refused where it is cut off or damaged`, () => {
      const bytes = packed[codec];
      for (const length of [3, 7, 20, bytes.length >> 1, bytes.length - 1])
        expect(() => read(bytes.subarray(0, length), 100)).toThrow("RDB, byte");
      for (const at of [8, 12, bytes.length >> 1, bytes.length - 60]) {
        const damaged = Buffer.from(bytes);
        damaged[at] ^= 0xff;
        expect(() => read(damaged, 1000)).toThrow("RDB, byte");
      }
    });
  }

  test("by LZ4 is read without checksums of the frame, and with its size said", () => {
    for (const options of [
      { blockChecksums: false },
      { contentChecksum: false },
      { contentSize: true, blockChecksums: false, contentChecksum: false },
    ])
      expect(read(Buffer.concat([envelope(1), lz4(IMAGE, options)]), 5000).seen.entries).toEqual(ENTRIES);
  });

  test("is refused in a form that is not known", async () => {
    const frame = await zstd(IMAGE);
    for (const [head, message] of [
      [envelope(3), "it is packed with codec 3; LZ4 (1) and Zstd (2) can be unpacked"],
      [envelope(2, { version: 2 }), "it is packed in a form that is not known (version 2)"],
      [envelope(2, { reserved: 1 }), "it is packed in a form that is not known (version 1)"],
      [envelope(2, { kind: 2 }), "what is packed is no image (kind 2)"],
      [envelope(1), "no LZ4 frame begins there"],
    ] as const)
      expect(() => read(Buffer.concat([head, frame]))).toThrow(message);
    expect(() => read(Buffer.concat([envelope(2), lz4(IMAGE)]))).toThrow("no Zstd frame begins there");
    expect(() => read(Buffer.concat([envelope(1), lz4(Buffer.concat([IMAGE, Buffer.from("more")]))]))).toThrow(
      "something behind the image",
    );
    expect(() => read(Buffer.from("VCX"))).toThrow("Unexpected EOF");
  });

  test("is refused where it claims more than it may need, before memory is taken for that", () => {
    // A Zstd window of 2^41 bytes; an LZ4 block of 16 MiB in a frame of blocks of 64 KiB; blocks of 4 GiB there are none.
    expect(() => read(Buffer.concat([envelope(2), Buffer.from("28b52ffd00f80000", "hex"), Buffer.alloc(100)]))).toThrow(
      "its Zstd frame is broken",
    );
    const long = lz4(IMAGE);
    long.writeUInt32LE(16 * 1024 * 1024, 7);
    expect(() => read(Buffer.concat([envelope(1), long]))).toThrow("an LZ4 block of 16777216 bytes is longer than its frame allows");
    const small = lz4(IMAGE);
    small[5] = 0x10;
    expect(() => read(Buffer.concat([envelope(1), small]))).toThrow("its LZ4 frame is of an unknown form");
  });
});
