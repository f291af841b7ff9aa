/**
 * HyperLogLogs: strings that estimate how many different elements they were given, byte for byte as Redis keeps them, so that they can be exchanged.
 *
 *     "HYLL", form (0 dense, 1 sparse), 3 bytes 0, the cardinality last counted (64 bits, little-endian, the highest bit set when
 *     it is out of date), registers
 *
 * A new one is sparse (hyperloglog-sparse.ts); it becomes dense (hyperloglog-dense.ts) for good when it grows beyond `hll-sparse-max-bytes`
 * or a register beyond what a sparse one can hold.
 */

import { copied, copyBytes } from "../../base/bytes.ts";
import type { Holder } from "../../values/holder.ts";
import { Encoding } from "../../values/value-types.ts";
import { countDense, DENSE_BYTES, mergeDense, readRegister, writeRegister, writeRegisters } from "./hyperloglog-dense.ts";
import { elementPattern, REGISTER_BITS, REGISTERS, RUN_BITS } from "./hyperloglog-hash.ts";
import { countSparse, mergeSparse, Raised, raiseSparse, SPARSE_MAX_VALUE } from "./hyperloglog-sparse.ts";

const FORM = 4;
const CARDINALITY = 8;
/** Registers of either form come behind so many bytes. */
export const HEADER_BYTES = 16;
const DENSE = 0;
const SPARSE = 1;
/** In the cardinality's last byte. */
const OUT_OF_DATE = 0x80;

/** A sparse one without elements: one XZERO for all registers. */
const EMPTY = Buffer.from("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", "latin1");

/** By value, how many registers hold it. Values beyond what a hash can give are counted nowhere. */
const histogram = new Int32Array(64);
const unpacked = new Uint8Array(REGISTERS);

/** Whether the string bytes[from, to) looks like a HyperLogLog; sparse registers are checked only when they are read. */
export function isHyperLogLog(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < HEADER_BYTES) return false;
  for (let i = 0; i < FORM; i++) if (bytes[from + i] !== EMPTY[i]) return false;
  return bytes[from + FORM] === SPARSE || (bytes[from + FORM] === DENSE && to - from === HEADER_BYTES + DENSE_BYTES);
}

export function isSparse(bytes: Buffer, from: number): boolean {
  return bytes[from + FORM] === SPARSE;
}

/** Makes `holder`, which holds nothing, hold a HyperLogLog without elements. */
export function hyperLogLogInit(holder: Holder): void {
  holder.setPacked(Encoding.RAW, EMPTY.length);
  copyBytes(holder.buffer, holder.from, EMPTY, 0, EMPTY.length);
}

/** Adds the element bytes[from, to). Returns what became of the HyperLogLog: CHANGED, UNCHANGED or CORRUPT. */
export function hyperLogLogAdd(holder: Holder, bytes: Buffer, from: number, to: number): Raised {
  const pattern = elementPattern(bytes, from, to);
  return hyperLogLogRaise(holder, pattern & (REGISTERS - 1), pattern >>> REGISTER_BITS);
}

/** Raises register `index` to `value` if it is less. Returns CHANGED, UNCHANGED or CORRUPT. */
export function hyperLogLogRaise(holder: Holder, index: number, value: number): Raised {
  if (isSparse(holder.buffer, holder.from)) {
    if (value <= SPARSE_MAX_VALUE) {
      const raised = raiseSparse(holder, HEADER_BYTES, index, value, holder.limits.hllSparseBytes);
      if (raised !== Raised.TOO_LARGE) return raised;
    }
    if (!makeDense(holder)) return Raised.CORRUPT;
  }
  const registers = holder.from + HEADER_BYTES;
  if (readRegister(holder.buffer, registers, index) >= value) return Raised.UNCHANGED;
  writeRegister(holder.buffer, registers, index, value);
  return Raised.CHANGED;
}

/** Makes a HyperLogLog dense. Returns whether it is: a corrupt one stays as it was. */
export function makeDense(holder: Holder): boolean {
  if (!isSparse(holder.buffer, holder.from)) return true;
  unpacked.fill(0);
  if (!mergeSparse(holder.buffer, holder.from + HEADER_BYTES, holder.to, unpacked)) return false;
  const header = copied(holder.buffer, holder.from, holder.from + HEADER_BYTES);
  header[FORM] = DENSE;
  holder.setPacked(Encoding.RAW, HEADER_BYTES + DENSE_BYTES);
  copyBytes(holder.buffer, holder.from, header, 0, HEADER_BYTES);
  writeRegisters(holder.buffer, holder.from + HEADER_BYTES, unpacked);
  return true;
}

// ---- counting

/** Notes that the cardinality last counted holds no longer. */
export function outdateCardinality(bytes: Buffer, from: number): void {
  bytes[from + CARDINALITY + 7] |= OUT_OF_DATE;
}

/** The cardinality last counted (a bigint when a number would not be exact), or -1 when it is out of date. */
export function notedCardinality(bytes: Buffer, from: number): number | bigint {
  if ((bytes[from + CARDINALITY + 7] & OUT_OF_DATE) !== 0) return -1;
  const value = bytes.readUInt32LE(from + CARDINALITY + 4) * 2 ** 32 + bytes.readUInt32LE(from + CARDINALITY);
  return Number.isSafeInteger(value) ? value : bytes.readBigUInt64LE(from + CARDINALITY);
}

/** Notes what was counted. */
export function noteCardinality(bytes: Buffer, from: number, cardinality: number): void {
  if (cardinality < 0) bytes.writeBigInt64LE(BigInt(cardinality), from + CARDINALITY);
  else {
    bytes.writeUInt32LE(cardinality % 2 ** 32, from + CARDINALITY);
    bytes.writeUInt32LE(Math.floor(cardinality / 2 ** 32), from + CARDINALITY + 4);
  }
}

/** Counts a HyperLogLog. Returns the cardinality, NaN when it is corrupt. */
export function countCardinality(bytes: Buffer, from: number, to: number): number {
  histogram.fill(0);
  if (!isSparse(bytes, from)) countDense(bytes, from + HEADER_BYTES, histogram);
  else if (countSparse(bytes, from + HEADER_BYTES, to, histogram) !== REGISTERS) return Number.NaN;
  return estimateCardinality(histogram);
}

// ---- estimating: how many elements were seen, from how many registers hold each value. Source: Otmar Ertl, "New cardinality estimation
// algorithms for HyperLogLog sketches" (arXiv:1702.01284); steps and their order are those of Redis, so that counts are equal to the last
// bit

/** 0.5 / ln(2) */
const ALPHA = 0.7213475204444817;
/** Beyond it C's conversion to an integer answers with the smallest int64. */
const INT64_LIMIT = 2 ** 63;

/** `histogram` has, by value, how many registers hold it. Returns an int64: 2^63 and more, which only registers made by hand come to, is -2^63. */
export function estimateCardinality(histogram: Int32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[RUN_BITS + 1]) / REGISTERS);
  for (let value = RUN_BITS; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  const cardinality = Math.round((ALPHA * REGISTERS * REGISTERS) / z);
  return cardinality < INT64_LIMIT ? cardinality : -INT64_LIMIT;
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
    if (z === before) return z / 3;
  }
}

// ---- several at once

/** The largest values of each register of several HyperLogLogs. */
export class Union {
  readonly registers = new Uint8Array(REGISTERS);

  clear(): void {
    this.registers.fill(0);
  }

  /** Takes in a HyperLogLog. Returns whether it could: not when it is corrupt. */
  add(bytes: Buffer, from: number, to: number): boolean {
    if (isSparse(bytes, from)) return mergeSparse(bytes, from + HEADER_BYTES, to, this.registers);
    mergeDense(bytes, from + HEADER_BYTES, this.registers);
    return true;
  }

  /** The cardinality of all together. */
  count(): number {
    const { registers } = this;
    histogram.fill(0);
    for (let i = 0; i < REGISTERS; i++) histogram[registers[i] & 63]++;
    return estimateCardinality(histogram);
  }

  /** Raises the registers of a HyperLogLog, which is one of them, to these. */
  raise(holder: Holder): void {
    const { registers } = this;
    let index = 0;
    for (; index < REGISTERS && isSparse(holder.buffer, holder.from); index++)
      if (registers[index] !== 0) hyperLogLogRaise(holder, index, registers[index]);
    if (index < REGISTERS) writeRegisters(holder.buffer, holder.from + HEADER_BYTES, registers);
  }
}
