/**
 * Reads an RDB image as its bytes come. A push parser: bytes from a file or a socket are pushed, cut wherever they are cut, and the handler
 * is called as entries complete. Strings are handed out where they lie in the chunk; only an atom that straddles two chunks is copied.
 *
 * Hot. Measured for a million entries with keys of 16 and values of 32 bytes, with the checksum: 55 ms (18 without it), and 235 ms when
 * every value is compressed; chunks of 4 KiB or of 512 KiB make no difference.
 */
import { assert } from "../assert.ts";
import { copyBytes, latin1 } from "../base/bytes.ts";
import { Crc64, crc64Hex } from "./crc64.ts";
import { RdbEntry, RdbString } from "./entry.ts";
import { ChecksumMissing, RdbError } from "./error.ts";
import {
  familyOf,
  OPCODE,
  RDB_CHECKSUM_BYTES,
  RDB_COMMON_VERSION,
  RDB_FIRST_CHECKSUM_VERSION,
  RDB_HEADER_BYTES,
  RDB_MAGIC,
  RDB_VERSIONS,
  type RdbFamily,
  valueTypeName,
} from "./format.ts";
import type { RdbHandler } from "./handler.ts";
import { InlinedCommandReader } from "./inlined-command.ts";
import { RdbInput } from "./input.ts";
import { ModuleAuxSkipper } from "./module.ts";
import { Omitted } from "./omitted.ts";
import { HashTemplates } from "./template-hash.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";
import { ownReaders, VALUE_READERS } from "./value-readers.ts";

export type RdbReaderOptions = {
  /** Directive rdbchecksum: whether the checksum is computed and compared. On unless told. */
  readonly checksum?: boolean;
  /**
   * Whether the image ends with a checksum, as can be told of a file that is an image and nothing else. Where that is then compared, packed
   * values are not looked into: if it does not hold the reading ends with an error (ChecksumMissing where there is none after all), and
   * what was loaded must be thrown away unused. Off unless told.
   */
  readonly checksumPresent?: boolean;
  /** Size of the image in bytes, where it is known: what is vouched for has no collection with more elements than find room in it. */
  readonly size?: number;
  /** Who reads which value type. `VALUE_READERS` unless told. */
  readonly readers?: ReadonlyMap<number, () => ValueReader>;
  /** Who reads what modules saved beside the keys. It is passed over, with a warning, unless told. */
  readonly moduleAux?: ValueReader;
  /** Who reads those beside them of an image of this version. `ownReaders` unless told. */
  readonly ownReaders?: (version: number) => ReadonlyMap<number, () => ValueReader>;
};

/** What the next atom is. */
const PHASE = { header: 0, body: 1, value: 2, checksum: 3, finished: 4 } as const;
type Phase = (typeof PHASE)[keyof typeof PHASE];
const PHASE_NAMES = ["the header", "an entry", "a value", "the checksum", "nothing"] as const;

const CLUSTER_SLOTS = 16384;

/** The shortest element of a collection: a length and a byte. */
const MIN_ELEMENT_BYTES = 2;
/** Elements that room is made for at once, however many are said to come: 256 MB of buckets. */
const MOST_PREPARED = 2 ** 26;
/** The lowest byte that is an opcode and not a value type. */
const FIRST_OPCODE = OPCODE.familyOwn;
/** An atom that straddles chunks is put together here ... */
const CARRY_BYTES = 64 * 1024;
/** ... or, where it is longer, in memory that grows eightfold: a byte is copied less than twice, and 16 times what came is the most. */
const CARRY_GROWTH = 8;

/** One image, from its magic to its checksum. */
export class RdbReader implements ReadContext {
  readonly handler: RdbHandler;
  readonly input = new RdbInput();
  readonly entry = new RdbEntry();
  readonly templates = new HashTemplates();
  readonly omitted = new Omitted();
  type = 0;
  /** The version in the header, or 0 before it was read. */
  version = 0;
  /** Bytes of the image taken in so far. */
  offset = 0;
  /** What became of the checksum: `absent` when the file has none (or is older than version 5), `ignored` when it was not to be looked at. */
  checksum: "pending" | "verified" | "absent" | "ignored" = "pending";
  private readonly verify: boolean;
  private readonly checksumPresent: boolean;
  private readonly size: number;
  private readonly crc = new Crc64();
  private readonly readers: (ValueReader | undefined)[] = [];
  private readonly ownReaders: (version: number) => ReadonlyMap<number, () => ValueReader>;
  private readonly moduleAux: ValueReader;
  private readonly inlined = new InlinedCommandReader();
  private readonly auxName = new RdbString();
  private readonly auxValue = new RdbString();
  private phase: Phase = PHASE.header;
  /** Who reads on in phase `value`. */
  private current: ValueReader;
  private failure: unknown = null;
  /** From where on the open window is not summed yet. */
  private summed = 0;
  private readonly smallCarry = Buffer.allocUnsafeSlow(CARRY_BYTES);
  /** The beginning, carry[0, carried), of an atom that the last chunk broke off; it has `need` bytes or more. */
  private carry = this.smallCarry;
  private carried = 0;
  private need = 0;

  constructor(handler: RdbHandler, options: RdbReaderOptions = {}) {
    this.handler = handler;
    const { checksum = true, checksumPresent = false, size = 0, readers = VALUE_READERS } = options;
    this.ownReaders = options.ownReaders ?? ownReaders;
    this.moduleAux = options.moduleAux ?? new ModuleAuxSkipper();
    this.current = this.moduleAux;
    this.size = size;
    this.verify = checksum;
    this.checksumPresent = checksumPresent;
    for (const [type, make] of readers) this.readers[type] = make();
  }

  /** Whether the image has come to its end; what follows it is not the reader's. */
  get finished(): boolean {
    return this.phase === PHASE.finished;
  }

  /** What is being read, after an error or at an unexpected end: the value type and the key, latin1; null outside values, and in a key. */
  get underWay(): { readonly type: number; readonly key: string } | null {
    const { input, entry, phase } = this;
    if (phase === PHASE.body) {
      // The atom is an entry if it begins with a value type, and its key may be broken off.
      input.pos = input.start;
      try {
        if (!input.readByte() || input.value >= FIRST_OPCODE) return null;
        this.type = input.value;
        if (!input.readString(entry.key)) return null;
      } catch {
        return null;
      }
    } else if (phase !== PHASE.value || this.current === this.moduleAux || this.type >= FIRST_OPCODE) return null;
    return { type: this.type, key: entry.key.text() };
  }

  /**
   * Takes in chunk[from, to), which is not used after this returns. Returns how many of these bytes belong to the image: all of them until it is
   * finished. Errors: RdbError where it cannot be read, and whatever the handler throws; after either every further call throws the same.
   */
  push(chunk: Uint8Array, from = 0, to: number = chunk.length): number {
    this.throwFailure();
    if (this.phase === PHASE.finished) return 0;
    const bytes = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    try {
      let at = from;
      if (this.carried > 0) at = this.completeCarried(bytes, from, to);
      if (at < to && !this.finished) at = this.readWindow(bytes, at, to);
      return at - from;
    } catch (error) {
      this.failure = error;
      this.handler.abandon();
      throw error;
    }
  }

  /** To be called when the input is over. Errors: RdbError when the image is not. */
  finish(): void {
    this.throwFailure();
    if (this.phase === PHASE.finished) return;
    const begin = this.offset - this.carried;
    const what = this.phase === PHASE.body && this.carried === 0 ? "the end-of-file opcode" : PHASE_NAMES[this.phase];
    const lacking = this.carried === 0 ? "is missing" : `from byte ${begin} on lacks at least ${this.need - this.carried} bytes`;
    this.failure = new RdbError(`Unexpected EOF reading RDB file: the input ends here, but ${what} ${lacking}`, this.offset);
    this.handler.abandon();
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** Reads bytes[from, to) in place. Returns where the image ends in it, or `to`. */
  private readWindow(bytes: Buffer, from: number, to: number): number {
    const input = this.input;
    input.open(bytes, from, to, this.offset, false);
    this.summed = from;
    while (this.phase !== PHASE.finished) {
      input.start = input.pos;
      if (this.step()) continue;
      const rest = to - input.start;
      assert(rest >= 0, "an atom begins inside its window");
      this.sumTo(bytes, to);
      this.offset += to - from;
      this.need = input.need;
      if (rest > 0) this.append(bytes, input.start, to);
      return to;
    }
    assert(input.pos <= to, "an image ends inside its window");
    this.offset += input.pos - from;
    return input.pos;
  }

  /** Adds to the broken atom what it lacks, and reads it once it is whole. Returns the position in `bytes` after what was used. */
  private completeCarried(bytes: Buffer, from: number, to: number): number {
    const input = this.input;
    let at = from;
    while (at < to) {
      assert(this.need > this.carried, "an atom that was broken off needs more bytes than are there");
      const count = Math.min(this.need - this.carried, to - at);
      const begin = this.carried;
      this.append(bytes, at, at + count);
      this.offset += count;
      at += count;
      this.summed = begin;
      this.sumTo(this.carry, this.carried);
      if (this.carried < this.need) break;
      const exclusive = this.carry !== this.smallCarry;
      input.open(this.carry, 0, this.carried, this.offset - this.carried, exclusive);
      if (this.step()) {
        assert(input.left === 0, "an RDB atom ended before what it said it needed");
        this.carried = 0;
        this.carry = this.smallCarry;
        break;
      }
      this.need = input.need;
    }
    return at;
  }

  /** Copies bytes[from, to) behind what is carried, which has room for `need` bytes or grows towards it. */
  private append(bytes: Buffer, from: number, to: number): void {
    const total = this.carried + to - from;
    if (total > this.carry.length) {
      const size = this.need <= total * 2 * CARRY_GROWTH ? this.need : total * CARRY_GROWTH;
      const larger = Buffer.allocUnsafeSlow(size);
      copyBytes(larger, 0, this.carry, 0, this.carried);
      this.carry = larger;
    }
    assert(total <= this.carry.length, "what is carried has room");
    copyBytes(this.carry, this.carried, bytes, from, to);
    this.carried = total;
  }

  /** Takes the window's bytes up to `to` into the checksum; they are nearest to the processor now. */
  private sumTo(bytes: Buffer, to: number): void {
    if (this.verify && this.phase !== PHASE.checksum && this.phase !== PHASE.finished) this.crc.update(bytes, this.summed, to);
    this.summed = to;
  }

  /** Reads one atom. Returns false when the window ends inside it. */
  private step(): boolean {
    switch (this.phase) {
      case PHASE.body:
        return this.stepBody();
      case PHASE.value:
        return this.took(this.current.next(this));
      case PHASE.header:
        return this.stepHeader();
      default:
        return this.stepChecksum();
    }
  }

  private stepHeader(): boolean {
    const input = this.input;
    if (!input.has(RDB_HEADER_BYTES)) return false;
    const version = this.versionIn(latin1(input.bytes, input.pos, input.pos + RDB_HEADER_BYTES));
    input.pos += RDB_HEADER_BYTES;
    this.version = version;
    for (const [type, make] of this.ownReaders(version)) this.readers[type] ??= make();
    input.vouched = this.verify && this.checksumPresent && version >= RDB_FIRST_CHECKSUM_VERSION;
    if (input.vouched)
      input.mostExpected = Math.max(input.mostExpected, Math.min(MOST_PREPARED, Math.floor(this.size / MIN_ELEMENT_BYTES)));
    this.phase = PHASE.body;
    return true;
  }

  private versionIn(header: string): number {
    const { input } = this;
    const family: RdbFamily = header.startsWith(RDB_MAGIC.valkey) ? "valkey" : "redis";
    const digits = header.slice(RDB_MAGIC[family].length);
    if (!header.startsWith(RDB_MAGIC[family]) || !/^\d+$/.test(digits))
      throw input.error(`bad magic: it starts with ${JSON.stringify(header)}, no RDB file does`);
    const version = Number(digits);
    const [oldest, newest] = RDB_VERSIONS[family];
    if (version >= oldest && version <= newest) return version;
    const whose = family === "valkey" ? "Valkey's version" : "version";
    throw input.unsupported(`${whose} ${version} cannot be read, only ${oldest} to ${newest}`);
  }

  private stepBody(): boolean {
    const input = this.input;
    if (!input.readByte()) return false;
    const code = input.value;
    this.type = code;
    if (code >= FIRST_OPCODE) return this.stepOpcode(code);
    const reader = this.readers[code];
    if (reader === undefined) return this.stepUnknown(code);
    if (!input.readString(this.entry.key)) return false;
    return this.took(reader.begin(this), reader);
  }

  /** Draws the consequences of a step in a value. Returns whether its atom is over. */
  private took(step: Step, reader: ValueReader = this.current): boolean {
    if (step === STEP.incomplete) return false;
    if (step === STEP.done) {
      this.phase = PHASE.body;
      this.entry.reset();
    } else if (this.phase === PHASE.body) {
      this.phase = PHASE.value;
      this.current = reader;
      this.entry.key.keep();
    }
    return true;
  }

  private stepUnknown(code: number): boolean {
    const { input, entry } = this;
    const name = valueTypeName(code, this.version);
    if (name === undefined) throw input.error(`unknown opcode ${code}`, input.start);
    if (!input.readString(entry.key)) return false;
    const key = entry.key.take();
    this.handler.unsupported(code, key);
    const shown = JSON.stringify(latin1(key, 0, Math.min(key.length, 128)));
    throw input.unsupported(`value type ${code}, ${name}, of key ${shown} is not supported (RDB version ${this.version})`, input.start);
  }

  private stepOpcode(code: number): boolean {
    const { input, entry } = this;
    switch (code) {
      case OPCODE.expireTimeMs:
        if (!input.readInt64()) return false;
        entry.expireAt = input.number;
        if (input.number > Number.MAX_SAFE_INTEGER) entry.farExpiry = input.exactInt64();
        return true;
      case OPCODE.expireTime:
        if (!input.readInt32()) return false;
        entry.expireAt = input.number * 1000;
        return true;
      case OPCODE.freq:
        if (!input.readByte()) return false;
        entry.freq = input.value;
        return true;
      case OPCODE.idle:
        if (!input.readLength()) return false;
        entry.idle = input.value;
        return true;
      case OPCODE.moduleAux:
        return this.took(this.moduleAux.begin(this), this.moduleAux);
      case OPCODE.endOfFile:
        return this.stepEnd();
      default:
        return this.stepRareOpcode(code);
    }
  }

  private stepRareOpcode(code: number): boolean {
    const { input, handler, auxName, auxValue } = this;
    switch (code) {
      case OPCODE.aux:
        if (!input.readString(auxName) || !input.readString(auxValue)) return false;
        handler.aux(auxName.text(), auxValue.text());
        return true;
      case OPCODE.selectDb:
        if (!input.readLength()) return false;
        handler.database(input.value);
        return true;
      case OPCODE.resizeDb: {
        if (!input.readLength()) return false;
        const keys = input.value;
        if (!input.readLength()) return false;
        handler.sizes(keys, input.value);
        return true;
      }
      case OPCODE.function2:
        if (!input.readString(auxValue)) return false;
        handler.library(auxValue.take());
        return true;
      case OPCODE.slotInfo:
        return this.stepSlotInfo();
      case OPCODE.familyOwn: {
        const { family } = this;
        if (family === null) throw input.error(`unknown opcode ${code}`, input.start);
        const reader = family === "redis" ? this.templates : this.inlined;
        return this.took(reader.begin(this), reader);
      }
      case OPCODE.keyMeta: {
        const { family } = this;
        const what = family === "redis" ? "what modules keep about keys" : "a slot that is being imported";
        if (family === null) throw input.error(`unknown opcode ${code}`, input.start);
        throw input.unsupported(`${what} (opcode ${code}) is not supported`, input.start);
      }
      case OPCODE.functionPreGa:
        throw input.unsupported("function libraries of the 7.0 release candidates are not supported", input.start);
      default:
        throw input.error(`unknown opcode ${code}`, input.start);
    }
  }

  /** Sizes again, by cluster slot: the database's are enough. */
  private stepSlotInfo(): boolean {
    const { input } = this;
    if (!input.readLength()) return false;
    if (input.value >= CLUSTER_SLOTS) throw input.error(`there is no cluster slot ${input.value}`, input.start);
    return input.readLength() && input.readLength();
  }

  /** Whose meaning opcodes have that both families use; null in images older than that. */
  private get family(): RdbFamily | null {
    return this.version > RDB_COMMON_VERSION ? familyOf(this.version) : null;
  }

  private stepEnd(): boolean {
    this.omitted.report(this.handler);
    this.sumTo(this.input.bytes, this.input.pos);
    if (this.version >= RDB_FIRST_CHECKSUM_VERSION) {
      this.phase = PHASE.checksum;
      return true;
    }
    this.checksum = "absent";
    this.phase = PHASE.finished;
    return true;
  }

  private stepChecksum(): boolean {
    const input = this.input;
    if (!input.has(RDB_CHECKSUM_BYTES)) return false;
    const low = input.bytes.readInt32LE(input.pos);
    const high = input.bytes.readInt32LE(input.pos + 4);
    const { crc } = this;
    if (!this.verify) this.checksum = "ignored";
    else if (low === 0 && high === 0) this.missChecksum();
    else if (low === crc.low && high === crc.high) this.checksum = "verified";
    else throw input.error(`RDB CRC error: the file says ${crc64Hex(low, high)}, its bytes make ${crc.hex()}`);
    input.pos += RDB_CHECKSUM_BYTES;
    this.phase = PHASE.finished;
    return true;
  }

  private missChecksum(): void {
    const { input } = this;
    if (input.vouched) throw new ChecksumMissing("there is no checksum, though there are bytes behind it", input.offset);
    this.checksum = "absent";
  }
}
