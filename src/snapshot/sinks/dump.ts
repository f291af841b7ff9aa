/**
 * The payload of DUMP and RESTORE: one value as an image holds it, that can be carried to another server.
 *
 *     value type (1 byte), value, RDB version (2 bytes, little-endian), CRC-64 of all that (8 bytes)
 *
 * FUNCTION DUMP's has function libraries in the place of type and value, each as an image has it: an opcode, the text.
 */

import { copied, copyBytes } from "../../base/bytes.ts";
import type { RdbAskedVersion } from "../../config/options/persistence.ts";
import { Crc64 } from "../../rdb/crc64.ts";
import { RdbEntry } from "../../rdb/entry.ts";
import { familyOf, RDB_CHECKSUM_BYTES, RDB_COMMON_VERSION, RDB_WRITTEN_VERSION, valueTypeName } from "../../rdb/format.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import { RdbInput } from "../../rdb/input.ts";
import { Omitted } from "../../rdb/omitted.ts";
import { type ReadContext, STEP } from "../../rdb/value.ts";
import { ownReaders, VALUE_READERS } from "../../rdb/value-readers.ts";
import { RdbWriter } from "../../rdb/writer.ts";
import { isTimed } from "../../values/hash/timed.ts";
import type { Holder } from "../../values/holder.ts";
import type { Type } from "../../values/value-types.ts";
import { encodingOf, walkValue } from "../value-walk.ts";
import { RdbSink, rdbForm, rdbLacksTimes, rdbTypeOf, rdbVersion } from "./rdb.ts";

const VERSION_BYTES = 2;
/** What stands behind the content. */
export const FOOTER_BYTES = VERSION_BYTES + RDB_CHECKSUM_BYTES;
const MIN_BYTES = 1024;
/** A buffer above this is not kept for the next payload. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Puts payloads together; one for many. */
export class PayloadWriter {
  private readonly out: RdbWriter;
  private readonly sink: RdbSink;
  private buffer = Buffer.allocUnsafeSlow(MIN_BYTES);
  private length = 0;

  /** `compress`: directive rdbcompression. */
  constructor(options: { readonly compress: boolean }) {
    this.out = new RdbWriter(
      { write: (bytes, from, to) => this.append(bytes, from, to) },
      { compress: options.compress, checksum: false, bufferBytes: MIN_BYTES },
    );
    this.sink = new RdbSink(this.out, rdbForm("auto"));
  }

  /** Returns the payload of a value of this type in this version; null where that cannot hold it, a hash with times of fields. */
  write(type: Type, value: Holder, version: RdbAskedVersion): Buffer | null {
    const { out, sink } = this;
    const encoding = encodingOf(value);
    const timed = isTimed(encoding);
    if (timed && rdbLacksTimes(version)) return null;
    this.length = 0;
    sink.form = rdbForm(version);
    out.byte(rdbTypeOf(type, encoding, sink.form));
    walkValue(sink, type, value);
    return this.sealed(rdbVersion(version, sink.form, timed));
  }

  /** Returns the payload of function libraries. */
  writeLibraries(texts: readonly string[]): Buffer {
    this.length = 0;
    for (const text of texts) this.out.library(Buffer.from(text, "latin1"));
    return this.sealed(RDB_WRITTEN_VERSION);
  }

  private sealed(version: number): Buffer {
    this.out.flush();
    this.reserve(FOOTER_BYTES);
    const versionAt = this.length;
    const crcAt = versionAt + VERSION_BYTES;
    this.buffer.writeUInt16LE(version, versionAt);
    const crc = new Crc64();
    crc.update(this.buffer, 0, crcAt);
    const payload = copied(this.buffer, 0, crc.writeTo(this.buffer, crcAt));
    if (this.buffer.length > MAX_KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(MIN_BYTES);
    return payload;
  }

  private append(bytes: Buffer, from: number, to: number): void {
    this.reserve(to - from);
    this.length = copyBytes(this.buffer, this.length, bytes, from, to);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    copyBytes(larger, 0, this.buffer, 0, this.length);
    this.buffer = larger;
  }
}

/**
 * Whether bytes[from, to) end as a payload does: with a version that can be read and, unless that is not to be looked at, the right checksum.
 * Versions after the common ones may have none: Redis 8.10 sends its replicas payloads whose checksum is zero.
 */
export function payloadValid(bytes: Buffer, from: number, to: number, options: { readonly checksum: boolean }): boolean {
  if (to - from < FOOTER_BYTES) return false;
  const version = bytes.readUInt16LE(to - FOOTER_BYTES);
  if (version > 0 && familyOf(version) === null) return false;
  if (!options.checksum) return true;
  if (version > RDB_COMMON_VERSION && bytes.readBigUInt64LE(to - RDB_CHECKSUM_BYTES) === 0n) return true;
  const crc = new Crc64();
  crc.update(bytes, from, to - RDB_CHECKSUM_BYTES);
  return bytes.readInt32LE(to - RDB_CHECKSUM_BYTES) === crc.low && bytes.readInt32LE(to - RDB_CHECKSUM_BYTES + 4) === crc.high;
}

/**
 * Reads the value of the payload bytes[from, to), its footer checked before; the handler is given it as if it were an image's, under no
 * key. Only `string`, `draft`, `collection`, `empty`, `warning` and `abandon` are called. Errors: RdbError, its `offset` in the payload.
 */
export function readPayload(bytes: Buffer, from: number, to: number, handler: RdbHandler): void {
  const input = new RdbInput();
  input.open(bytes, from, to - FOOTER_BYTES, 0, false);
  if (!input.readByte()) throw input.error("the payload is empty");
  const type = input.value;
  const version = bytes.readUInt16LE(to - FOOTER_BYTES);
  const make = VALUE_READERS.get(type) ?? ownReaders(version).get(type);
  if (make === undefined)
    throw input.error(`value type ${type}, ${valueTypeName(type, version) ?? "unknown"}, is not supported (RDB version ${version})`, from);
  const reader = make();
  const omitted = new Omitted();
  const context: ReadContext = { input, entry: new RdbEntry(), handler, type, templates: null, omitted };
  try {
    let step = reader.begin(context);
    while (step === STEP.more) {
      input.start = input.pos;
      step = reader.next(context);
    }
    if (step === STEP.incomplete) throw input.error("the payload ends inside the value");
    omitted.report(handler);
  } catch (error) {
    handler.abandon();
    throw error;
  }
}
