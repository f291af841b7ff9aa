/** Finds out whether a name stands twice in a listpack, in time that grows with the listpack and no faster, whatever the names are. */
import { equalBytes } from "../base/bytes.ts";
import { Element, packedRead } from "../memory/packed.ts";
import { type HashSeed, hashBytes } from "../memory/siphash.ts";

/** Slots that are kept for the next listpack. */
const KEPT_SLOTS = 16 * 1024;

/** A set of entries of one listpack, by where they stand. */
export class UniqueEntries {
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
    this.allot(size);
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

  private allot(size: number): void {
    const needed = size * 2;
    if (this.slots.length < needed || this.slots.length > KEPT_SLOTS * 2) this.slots = new Int32Array(needed);
    else this.slots.fill(0, 0, needed);
    this.mask = size - 1;
    this.used = 0;
  }

  /** The listpack has more entries than its header could say. */
  private widen(): void {
    const old = this.slots;
    const size = (this.mask + 1) * 2;
    const { used } = this;
    this.slots = new Int32Array(size * 2);
    this.mask = size - 1;
    for (let at = 0; at < size; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = old[at] & this.mask;
      while (this.slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot * 2] = old[at];
      this.slots[slot * 2 + 1] = old[at + 1];
    }
    this.used = used;
  }
}
