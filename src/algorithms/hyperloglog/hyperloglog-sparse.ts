/**
 * The sparse form of a HyperLogLog's registers, byte for byte as Redis keeps it: runs of registers of one value, from register 0 to the last.
 *
 *     00nnnnnn            n + 1 registers of 0 (ZERO)
 *     01nnnnnn nnnnnnnn   n + 1 registers of 0 (XZERO)
 *     1vvvvvnn            n + 1 registers of v + 1 (VAL)
 *
 * Hot: PFADD on a small HyperLogLog walks these.
 */

import { byteTable, copyBytes } from "../../base/bytes.ts";
import type { PackedSpace } from "../../memory/packed.ts";

/** The largest value that a VAL can have. */
export const SPARSE_MAX_VALUE = 32;
const VAL_MAX_RUN = 4;
const ZERO_MAX_RUN = 64;
const XZERO = 0x40;
const VAL = 0x80;
/** How many opcodes are looked at, from the one before a change on, for neighbours that can be one. */
const MERGE_WINDOW = 5;

/** By first byte: how many registers an opcode stands for; 0 for XZERO, which has a second byte. */
const RUNS = byteTable((opcode) => (opcode >= VAL ? (opcode & 3) + 1 : opcode >= XZERO ? 0 : opcode + 1));

/** What `raiseSparse` did. */
export const Raised = { UNCHANGED: 0, CHANGED: 1, TOO_LARGE: 2, CORRUPT: 3 } as const;
export type Raised = (typeof Raised)[keyof typeof Raised];

/** The opcodes that take the place of one: ZERO or VAL on both sides, or XZERO. */
const SEQUENCE = Buffer.allocUnsafeSlow(5);

/** Where an opcode was found: offsets in the space's buffer of it and of the one before it (-1: none), and which registers it stands for. */
const found = { at: 0, previous: -1, first: 0, run: 0 };

/** Finds the opcode of register `index` in bytes[from, to). Returns whether there is one, and whole. */
function find(bytes: Buffer, from: number, to: number, index: number): boolean {
  let previous = -1;
  let first = 0;
  while (from < to) {
    const size = sizeOf(bytes[from]);
    if (from + size > to) return false;
    const run = runAt(bytes, from, to);
    if (index < first + run) {
      found.at = from;
      found.previous = previous;
      found.first = first;
      found.run = run;
      return true;
    }
    previous = from;
    from += size;
    first += run;
  }
  return false;
}

/**
 * Raises register `index` of the opcodes in `space`, from offset `start` in it on, to `value` (1 to SPARSE_MAX_VALUE) if it is less.
 * TOO_LARGE: nothing was done, since the space would take more than `maxBytes` bytes. CORRUPT: there is no such register.
 */
export function raiseSparse(space: PackedSpace, start: number, index: number, value: number, maxBytes: number): Raised {
  if (!find(space.buffer, space.from + start, space.to, index)) return Raised.CORRUPT;
  const { at, run } = found;
  const opcode = space.buffer[at];
  const isXzero = sizeOf(opcode) === 2;
  const old = heldValue(opcode);
  if (old >= value) return Raised.UNCHANGED;
  // Offsets in the space hold when its bytes move.
  const before = found.previous === -1 ? start : found.previous - space.from;
  if (run === 1 && !isXzero) {
    space.buffer[at] = val(value, 1);
  } else {
    const size = split(index, value, old);
    const removed = isXzero ? 2 : 1;
    if (size > removed && space.to - space.from + size - removed > maxBytes) return Raised.TOO_LARGE;
    const place = at - space.from;
    space.splice(place, removed, size);
    copyBytes(space.buffer, space.from + place, SEQUENCE, 0, size);
  }
  merge(space, before);
  return Raised.CHANGED;
}

/** Writes what the opcode just found becomes to SEQUENCE. Returns its bytes. */
function split(index: number, value: number, old: number): number {
  let size = writeRun(0, old, index - found.first);
  SEQUENCE[size++] = val(value, 1);
  size = writeRun(size, old, found.first + found.run - 1 - index);
  return size;
}

/** Makes one of neighbours of the same value, from the offset `place` in the space on, as far as a change can have made any. */
function merge(space: PackedSpace, place: number): void {
  for (let left = MERGE_WINDOW; left > 0 && space.from + place < space.to; left--) {
    const at = space.from + place;
    const opcode = space.buffer[at];
    if (opcode < VAL) {
      place += sizeOf(opcode);
      continue;
    }
    const next = at + 1 < space.to ? space.buffer[at + 1] : 0;
    const run = (opcode & 3) + (next & 3) + 2;
    if (opcode >>> 2 !== next >>> 2 || run > VAL_MAX_RUN) {
      place++;
      continue;
    }
    space.buffer[at + 1] = val(heldValue(opcode), run);
    space.splice(place, 1, 0);
  }
}

/** Writes a run of registers to SEQUENCE[at], which may be empty. Returns the offset after it. */
function writeRun(at: number, value: number, run: number): number {
  if (run === 0) return at;
  if (value > 0) {
    SEQUENCE[at++] = val(value, run);
  } else if (run > ZERO_MAX_RUN) {
    SEQUENCE[at++] = XZERO | ((run - 1) >>> 8);
    SEQUENCE[at++] = run - 1;
  } else {
    SEQUENCE[at++] = run - 1;
  }
  return at;
}

function val(value: number, run: number): number {
  return VAL | ((value - 1) << 2) | (run - 1);
}

/** The value of the registers that an opcode stands for. */
function heldValue(opcode: number): number {
  return opcode >= VAL ? ((opcode >>> 2) & 0x1f) + 1 : 0;
}

/** Bytes of an opcode. */
function sizeOf(opcode: number): number {
  return RUNS[opcode] === 0 ? 2 : 1;
}

/** How many registers the opcode at `at` stands for. Of one cut off by the end at `to` the second byte is 0, as the byte after C's strings. */
function runAt(bytes: Buffer, at: number, to: number): number {
  const run = RUNS[bytes[at]];
  return run !== 0 ? run : (((bytes[at] & 0x3f) << 8) | (at + 1 < to ? bytes[at + 1] : 0)) + 1;
}

/** The opcodes of bytes[from, to) as PFDEBUG spells them: `z:7`, `Z:500`, `v:3,2`. */
export function spellSparse(bytes: Buffer, from: number, to: number): string {
  const words: string[] = [];
  for (let at = from; at < to; at += sizeOf(bytes[at])) {
    const value = heldValue(bytes[at]);
    const run = runAt(bytes, at, to);
    if (value > 0) words.push(`v:${value},${run}`);
    else words.push(`${sizeOf(bytes[at]) === 2 ? "Z" : "z"}:${run}`);
  }
  return words.join(" ");
}

/** Adds to `histogram`, by value, how many registers bytes[from, to) say hold it. Returns how many registers there are in all. */
export function countSparse(bytes: Buffer, from: number, to: number, histogram: Int32Array): number {
  let registers = 0;
  for (let at = from; at < to; at += sizeOf(bytes[at])) {
    const run = runAt(bytes, at, to);
    histogram[heldValue(bytes[at])] += run;
    registers += run;
  }
  return registers;
}

/** Raises `registers` to those of bytes[from, to). Returns whether there are as many; if not, those before the fault have been raised. */
export function mergeSparse(bytes: Buffer, from: number, to: number, registers: Uint8Array): boolean {
  let index = 0;
  for (let at = from; at < to; at += sizeOf(bytes[at])) {
    const end = index + runAt(bytes, at, to);
    const value = heldValue(bytes[at]);
    if (value > 0 && end > registers.length) return false;
    if (value > 0) for (let i = index; i < end; i++) if (registers[i] < value) registers[i] = value;
    index = end;
  }
  return index === registers.length;
}
