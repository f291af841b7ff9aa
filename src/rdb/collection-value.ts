/** What the readers of lists, sets, hashes and sorted sets share: the two ways in which an image holds a collection. */
import { assert } from "../assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { Element, MAX_PACKED_BYTES, packedFind, packedFirst, packedFits, packedNext, packedRead, packedValid } from "../memory/packed.ts";
import type { Temporary } from "../values/temporary.ts";
import type { Encoding, Type } from "../values/value-types.ts";
import { RdbString } from "./entry.ts";
import type { RdbError } from "./error.ts";
import type { RdbInput } from "./input.ts";
import { UniqueEntries } from "./unique.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** What the head of a listpack has in the place of a count that does not fit. */
const UNKNOWN_COUNT = 0xffff;

/** A collection saved as a count and its elements: an atom each, so that the largest loads in flat memory and a load can pause inside it. */
export abstract class ElementsReader implements ValueReader {
  protected abstract readonly type: Type;
  private draft: Temporary | null = null;
  /** Elements to come, the one being read included. */
  protected left = 0;

  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    if (this.left === 0) {
      handler.empty(entry);
      return STEP.done;
    }
    this.draft = handler.draft(this.type);
    this.expect(this.draft, Math.min(this.left, input.mostExpected));
    return STEP.more;
  }

  next({ input, entry, handler }: ReadContext): Step {
    const { draft } = this;
    assert(draft !== null && this.left > 0, "an element is read only while there is one to come");
    if (!this.element(input, draft)) return STEP.incomplete;
    if (--this.left > 0) return STEP.more;
    this.draft = null;
    // Nothing is left where all that there was turned out to be empty nodes.
    if (this.isEmpty(draft)) handler.empty(entry);
    else handler.collection(entry, draft);
    return STEP.done;
  }

  /** So many elements are said to come, or more: they may be prepared for. */
  protected expect(_draft: Temporary, _count: number): void {}

  /** Reads one element and adds it. Returns false, with nothing changed, when the window ends inside it. Errors: RdbError. */
  protected abstract element(input: RdbInput, draft: Temporary): boolean;

  /** Whether all elements together made nothing. */
  protected isEmpty(_draft: Temporary): boolean {
    return false;
  }
}

/** A collection saved as one string of bytes that have a structure of their own: one atom. */
export abstract class PackedReader implements ValueReader {
  protected abstract readonly type: Type;
  private readonly packed = new RdbString();

  begin({ input, entry, handler }: ReadContext): Step {
    const offset = input.offset;
    const start = input.pos;
    if (!input.readString(this.packed)) return STEP.incomplete;
    const draft = handler.draft(this.type);
    const { bytes, from, to } = this.packed;
    const failure = this.fill(draft, bytes, from, to, offset, input.vouched);
    if (failure !== null) throw input.error(failure, start);
    if (this.isEmpty(draft)) handler.empty(entry);
    else handler.collection(entry, draft);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }

  /**
   * Fills the draft from the structure in bytes[from, to), which came from `offset` of the image and which nobody vouches for unless told. Returns what is wrong with it,
   * or null. Errors: RdbError.
   */
  protected abstract fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number, vouched: boolean): string | null;

  /** Whether there was nothing in it. */
  protected abstract isEmpty(draft: Temporary): boolean;
}

/** The draft takes bytes[from, to) as they stand. */
export function takePacked(draft: Temporary, encoding: Encoding, bytes: Buffer, from: number, to: number): void {
  draft.setPacked(encoding, to - from);
  copyBytes(draft.buffer, draft.from, bytes, from, to);
}

/** Whether bytes[from, to) has head and end of a listpack of no more than `most` names, every `step`th entry being one: as much as is to be known of one that is vouched for. */
export function isSmallListpack(bytes: Buffer, from: number, to: number, step: 1 | 2, most: number): boolean {
  if (!packedFits(bytes, from, to)) return false;
  const count = bytes[from + 4] | (bytes[from + 5] << 8);
  return count % step === 0 && count <= most * step && count !== UNKNOWN_COUNT;
}

/** Names that are no more than this are told apart by one bit of their hash each, and looked for only where that bit is taken already: two in a hundred of ten. */
const FEW = 128;
const BITS = 2048;
const taken = new Int32Array(BITS >>> 5);
const unique = new UniqueEntries();
const element = new Element();

/**
 * What is wrong with the listpack bytes[from, to) as a collection in which every `step`th entry, the first included, is there once only; null for nothing.
 */
export function checkListpack({ tables }: Temporary, bytes: Buffer, from: number, to: number, step: 1 | 2): string | null {
  if (to - from > MAX_PACKED_BYTES || !packedValid(bytes, from, to, { step })) return "bad listpack: its lengths or counts do not fit";
  const names = bytes.readUInt16LE(from + 4) / step;
  const few = names <= FEW;
  if (few) taken.fill(0);
  else unique.begin(tables.seed, names);
  for (let at = packedFirst(bytes, from); at < to - 1; ) {
    const next = packedRead(bytes, at, element);
    const isNew = few
      ? takesBit(element) || packedFind(bytes, from, element.bytes, element.from, element.to, step) === at
      : unique.add(bytes, at, element.bytes, element.from, element.to);
    if (!isNew) return "an element is there twice";
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

/** The error for an element that is there already. */
export function duplicate(input: RdbInput, what: string): RdbError {
  return input.error(`${what} is there twice`, input.start);
}
