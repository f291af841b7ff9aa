/** How collections are read, of any type but streams: the two ways in which an image holds one, and what its listpacks are checked for. */
import { assert } from "../assert.ts";
import { copyBytes, equalBytes } from "../base/bytes.ts";
import {
  Element,
  MAX_PACKED_BYTES,
  packedCount,
  packedFind,
  packedFirst,
  packedFits,
  packedNext,
  packedRead,
  packedValid,
} from "../memory/packed.ts";
import { type HashSeed, hashBytes } from "../memory/siphash.ts";
import type { ValueLimits } from "../values/limits.ts";
import type { Temporary } from "../values/temporary.ts";
import { Encoding, type Type } from "../values/value-types.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure, type RdbError } from "./error.ts";
import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";
import { ZiplistReader } from "./ziplist.ts";

/** What the head of a listpack has in the place of a count that does not fit. */
const UNKNOWN_COUNT = 0xffff;

/** What is read in pieces. */
export interface ElementsForm {
  readonly type: Type;
  /** Reads one element and adds it; `left` are to come, with this one. Returns false, nothing changed, when the window ends inside it. */
  element(input: RdbInput, draft: Temporary, left: number): boolean;
  /** So many elements are said to come, or more: they may be prepared for. */
  expect?(draft: Temporary, count: number): void;
  /** Elements that were read. Asked where all of them together may have made nothing. */
  length?(draft: Temporary): number;
}

/** A collection saved as a count and its elements: an atom each, so that the largest loads in flat memory and a load can pause inside it. */
export class ElementsReader implements ValueReader {
  private readonly form: ElementsForm;
  private draft: Temporary | null = null;
  /** Elements to come, the one being read included. */
  private left = 0;

  constructor(form: ElementsForm) {
    this.form = form;
  }

  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    if (this.left === 0) {
      handler.empty(entry);
      return STEP.done;
    }
    this.draft = handler.draft(this.form.type);
    this.form.expect?.(this.draft, Math.min(this.left, input.mostExpected));
    return STEP.more;
  }

  next({ input, entry, handler }: ReadContext): Step {
    const { draft, form } = this;
    assert(draft !== null && this.left > 0, "an element is read only while there is one to come");
    if (!form.element(input, draft, this.left)) return STEP.incomplete;
    if (--this.left > 0) return STEP.more;
    this.draft = null;
    if (form.length?.(draft) === 0) handler.empty(entry);
    else handler.collection(entry, draft);
    return STEP.done;
  }
}

/** What is read at one go. */
export interface PackedForm {
  readonly type: Type;
  /**
   * Fills the draft from the structure in bytes[from, to), which came from `offset` of the image and which must not be trusted unless it is
   * vouched for. Returns what is wrong with it, or null. Errors: RdbError.
   */
  fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number, vouched: boolean): string | null;
  /** Elements that were in it. */
  length(draft: Temporary): number;
}

/** A collection saved as one string of bytes that have a structure of their own: one atom. */
export class PackedReader implements ValueReader {
  private readonly form: PackedForm;
  private readonly packed = new RdbString();

  constructor(form: PackedForm) {
    this.form = form;
  }

  begin({ input, entry, handler }: ReadContext): Step {
    const offset = input.offset;
    const start = input.pos;
    if (!input.readString(this.packed)) return STEP.incomplete;
    const draft = handler.draft(this.form.type);
    const { bytes, from, to } = this.packed;
    const failure = this.form.fill(draft, bytes, from, to, offset, input.vouched);
    if (failure !== null) throw input.error(failure, start);
    if (this.form.length(draft) === 0) handler.empty(entry);
    else handler.collection(entry, draft);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}

/** What is to be known of listpacks to take them as a set, hash or sorted set. */
export interface ListpackForm {
  /** "Hash listpack" and the like, for errors. */
  readonly what: string;
  /** Every `step`th entry, the first included, is a name that is there once only. */
  readonly step: 1 | 2;
  /** How many names may be held as a listpack. */
  limit(limits: ValueLimits): number;
  /** Whether it may be held as it stands, if it is well formed; it may always unless told. */
  fits?(bytes: Buffer, from: number, to: number): boolean;
  /** Adds the elements one by one. Returns what is wrong with them, or null. */
  add(draft: Temporary, bytes: Buffer, from: number, to: number): string | null;
}

/** Fills a draft from a listpack: as it stands if it may be so, else element by element. One that is vouched for is hardly looked at. */
export function fillFromListpack(form: ListpackForm): PackedForm["fill"] {
  const { step, what } = form;
  return (draft, bytes, from, to, _offset, vouched) => {
    const most = form.limit(draft.limits);
    if (!vouched || !isSmallListpack(bytes, from, to, step, most)) {
      const failure = checkListpack(what, draft, bytes, from, to, step);
      if (failure !== null) return failure;
      if (packedCount(bytes, from) / step > most || form.fits?.(bytes, from, to) === false) return form.add(draft, bytes, from, to);
    }
    takePacked(draft, Encoding.LISTPACK, bytes, from, to);
    return null;
  };
}

const ziplist = new ZiplistReader();
/** The first of a pair. */
let first = Buffer.alloc(64);

/**
 * Fills a draft from a ziplist of pairs, which is "Hash ziplist" or the like: `add` gets the first as bytes[0, length), and the second;
 * `missing` says that there is none.
 */
export function fillFromPairs(
  what: string,
  missing: string,
  add: (draft: Temporary, bytes: Buffer, length: number, second: ZiplistReader) => string | null,
): PackedForm["fill"] {
  return (draft, bytes, from, to, offset) => {
    ziplist.open(what, bytes, from, to, offset);
    while (ziplist.next()) {
      // An integer's digits are where the next one's will be.
      const length = ziplist.to - ziplist.from;
      if (length > first.length) first = Buffer.allocUnsafeSlow(length * 2);
      ziplist.bytes.copy(first, 0, ziplist.from, ziplist.to);
      if (!ziplist.next()) return integrityFailure(what, missing);
      const failure = add(draft, first, length, ziplist);
      if (failure !== null) return failure;
    }
    return null;
  };
}

/** The draft takes bytes[from, to) as they stand. */
export function takePacked(draft: Temporary, encoding: Encoding, bytes: Buffer, from: number, to: number): void {
  draft.setPacked(encoding, to - from);
  copyBytes(draft.buffer, draft.from, bytes, from, to);
}

/** Whether bytes[from, to) has head and end of a listpack of at most `most` names, every `step`th entry: enough of what is vouched for. */
export function isSmallListpack(bytes: Buffer, from: number, to: number, step: 1 | 2, most: number): boolean {
  if (!packedFits(bytes, from, to)) return false;
  const count = bytes[from + 4] | (bytes[from + 5] << 8);
  return count % step === 0 && count <= most * step && count !== UNKNOWN_COUNT;
}

/** The error for an element that is there already: "set members" and the like. */
export function duplicate(input: RdbInput, what: string): RdbError {
  return input.error(`Duplicate ${what} detected`, input.start);
}

/** Slots that are kept for the next listpack. */
const KEPT_SLOTS = 16 * 1024;

/** The entries of one listpack, by where they stand: tells whether a name stands twice, in time that grows no faster than the listpack. */
class UniqueEntries {
  /** By twos: the hash of an entry, and where it stands; 0 where there is none. */
  private slots = new Int32Array(128);
  private mask = 0;
  private used = 0;
  private seed: HashSeed = { k0: 0, k1: 0 };
  private readonly other = new Element();

  /** Empties the set, to take about `count` entries. */
  begin(seed: HashSeed, count: number): void {
    this.seed = seed;
    let size = 64;
    while (size < count * 2) size *= 2;
    const needed = size * 2;
    if (this.slots.length < needed || this.slots.length > KEPT_SLOTS * 2) this.slots = new Int32Array(needed);
    else this.slots.fill(0, 0, needed);
    this.mask = size - 1;
    this.used = 0;
  }

  /** Adds the entry at `at` of `list`, which spells bytes[from, to). Returns whether there was none like it. */
  add(list: Buffer, at: number, bytes: Buffer, from: number, to: number): boolean {
    const hash = hashBytes(this.seed, bytes, from, to - from);
    const { slots, mask, other } = this;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) {
      if (slots[slot * 2] === hash) {
        packedRead(list, slots[slot * 2 + 1] - 1, other);
        if (other.to - other.from === to - from && equalBytes(other.bytes, other.from, bytes, from, to - from)) return false;
      }
      slot = (slot + 1) & mask;
    }
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = at + 1;
    if (++this.used * 2 > mask) this.widen();
    return true;
  }

  /** The listpack has more entries than its header could say. */
  private widen(): void {
    const old = this.slots;
    const size = (this.mask + 1) * 2;
    assert(this.used < size, "a set of entries always has free slots");
    this.slots = new Int32Array(size * 2);
    this.mask = size - 1;
    for (let at = 0; at < size; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = old[at] & this.mask;
      while (this.slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot * 2] = old[at];
      this.slots[slot * 2 + 1] = old[at + 1];
    }
  }
}

/** So many names are told apart by one bit of their hash each, and looked for where that bit is taken: two in a hundred of ten. */
const FEW = 128;
const BITS = 2048;
const taken = new Int32Array(BITS >>> 5);
const unique = new UniqueEntries();
const element = new Element();

export const BAD_LISTPACK = "its lengths or counts do not fit";

/** What is wrong with the listpack bytes[from, to), in which every `step`th entry is there once only; null for nothing. */
function checkListpack(what: string, { tables }: Temporary, bytes: Buffer, from: number, to: number, step: 1 | 2): string | null {
  if (to - from > MAX_PACKED_BYTES || !packedValid(bytes, from, to, { step })) return integrityFailure(what, BAD_LISTPACK);
  const names = bytes.readUInt16LE(from + 4) / step;
  const few = names <= FEW;
  if (few) taken.fill(0);
  else unique.begin(tables.seed, names);
  for (let at = packedFirst(bytes, from); at < to - 1; ) {
    const next = packedRead(bytes, at, element);
    const isNew = few
      ? takesBit(element) || packedFind(bytes, from, element.bytes, element.from, element.to, step) === at
      : unique.add(bytes, at, element.bytes, element.from, element.to);
    if (!isNew) return integrityFailure(what, "listpack with dup elements");
    at = step === 1 ? next : packedNext(bytes, next);
  }
  return null;
}

/** Takes the bit of a name. Returns whether no other had it, so that the name is surely new. */
function takesBit({ bytes, from, to }: Element): boolean {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193); // FNV-1a
  const bit = (hash ^ (hash >>> 15)) & (BITS - 1);
  const mask = 1 << (bit & 31);
  if ((taken[bit >>> 5] & mask) !== 0) return false;
  taken[bit >>> 5] |= mask;
  return true;
}
