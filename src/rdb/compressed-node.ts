/**
 * Nodes of big lists and streams that stay compressed, as the image has them, until they are looked into (memory/nodes.ts): of
 *
 *     a list      the length of its listpack (4 bytes, little-endian), the listpack as LZF
 *     a stream    the master id (16 bytes), the length of its listpack, the listpack as LZF
 *
 * Only what a checksum vouches for is kept so. All the same everything is checked when a node is decoded: one that is broken is an error
 * then, of the command that needs it, and stays as it is.
 */

import { assert } from "../assert.ts";
import type { CompressedForm } from "../memory/node-image.ts";
import { packedCount, packedNumber, packedValid } from "../memory/packed.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import { ID_BYTES, StreamId } from "../values/stream/stream-id.ts";
import { NodeMaker } from "../values/stream/stream-listpack.ts";
import type { RdbInput } from "./input.ts";
import { lzfDecompress, lzfDecompressHead } from "./lzf.ts";
import type { RdbWriter } from "./writer.ts";

const LENGTH_BYTES = 4;
/** A node may be so many bytes longer than its listpack, and no more: then no room is lost to it. */
const MIN_SAVED = LENGTH_BYTES;
/** Larger ones are decoded at once: it would take long later, while a client waits. */
const MAX_LISTPACK = 128 * 1024;
/** As much of a listpack as tells how many elements, or live entries, it has: its head and one entry of a number. */
const HEAD_BYTES = 16;
const COUNT_AT = 4;
const FIRST_ENTRY_AT = 6;
const UNKNOWN_COUNT = 0xffff;

/** A node that was loaded from an image does not hold what it should. */
class BrokenNode extends Error {
  override name = "BrokenNode";
}

/** Where listpacks are decompressed to. */
let listpack = Buffer.allocUnsafeSlow(16 * 1024);
const id = new StreamId();
const maker = new NodeMaker();
const head = Buffer.allocUnsafeSlow(HEAD_BYTES);

/** Decompresses what stands at `at` of `stored`, behind its length, to `listpack`. Returns that length. Errors: BrokenNode. */
function decompress({ buffer, from, to }: ByteSpan, at: number, what: string): number {
  assert(to - from > at + LENGTH_BYTES, "a compressed node has a length and bytes");
  const length = buffer.readUInt32LE(from + at);
  if (length > listpack.length) listpack = Buffer.allocUnsafeSlow(length);
  try {
    lzfDecompress(buffer, from + at + LENGTH_BYTES, to, listpack, 0, length);
  } catch (error) {
    throw broken(what, error instanceof Error ? error.message : String(error));
  }
  return length;
}

function broken(what: string, why: string): BrokenNode {
  return new BrokenNode(`a node of a ${what} that was loaded from an RDB file is corrupt: ${why}`);
}

function show(into: ByteSpan, bytes: Buffer, length: number): void {
  into.buffer = bytes;
  into.from = 0;
  into.to = length;
}

export const LIST_FORM: CompressedForm = {
  decode(stored, count, into) {
    const length = decompress(stored, 0, "list");
    if (!packedValid(listpack, 0, length) || packedCount(listpack, 0) !== count) throw broken("list", "its lengths or counts do not fit");
    show(into, listpack, length);
  },
};

export const STREAM_FORM: CompressedForm = {
  decode(stored, count, into) {
    id.read(stored.buffer, stored.from);
    const length = decompress(stored, ID_BYTES, "stream");
    if (!maker.make(listpack, 0, length, id) || maker.live !== count) throw broken("stream", "its listpack does not fit");
    show(into, maker.bytes, maker.length);
  },
};

/** Writes the listpack of the compressed node `stored`, behind `at` bytes of other things. Returns about how many bytes that took reading. */
export function writeCompressed(out: RdbWriter, { buffer, from, to }: ByteSpan, at: number): number {
  out.lzfString(buffer, from + at + LENGTH_BYTES, to, buffer.readUInt32LE(from + at));
  return to - from;
}

/** The bytes of a node that is to stay compressed: bytes[0, length). */
export class CompressedNode {
  bytes = Buffer.allocUnsafeSlow(16 * 1024);
  length = 0;
  /** Elements, or live entries. */
  count = 0;

  /** Takes the compressed listpack that `input` has just read, as a node of a list. Returns false when that cannot be, or saves nothing. */
  takeList(input: RdbInput): boolean {
    if (!this.take(input, 0)) return false;
    this.count = head.readUInt16LE(COUNT_AT);
    return this.count > 0 && this.count < UNKNOWN_COUNT;
  }

  /** Likewise as a node of a stream with this master id. */
  takeStream(input: RdbInput, masterId: StreamId): boolean {
    if (!this.take(input, ID_BYTES)) return false;
    masterId.write(this.bytes, 0);
    this.count = packedNumber(head, FIRST_ENTRY_AT);
    return this.count >= 0; // NaN is not
  }

  private take({ bytes, packedFrom, packedTo, unpacked }: RdbInput, at: number): boolean {
    const packed = packedTo - packedFrom;
    if (unpacked < HEAD_BYTES || unpacked > MAX_LISTPACK || packed + MIN_SAVED > unpacked) return false;
    if (lzfDecompressHead(bytes, packedFrom, packedTo, head, 0, HEAD_BYTES) < HEAD_BYTES || head.readUInt32LE(0) !== unpacked) return false;
    const length = at + LENGTH_BYTES + packed;
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(length * 2);
    this.bytes.writeUInt32LE(unpacked, at);
    bytes.copy(this.bytes, at + LENGTH_BYTES, packedFrom, packedTo);
    this.length = length;
    return true;
  }
}
