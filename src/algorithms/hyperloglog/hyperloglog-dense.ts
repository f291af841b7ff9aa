/**
 * The dense form of a HyperLogLog's registers, as Redis keeps it: 6 bits each, the lowest bits of a byte first, so that four registers fill
 * three bytes. Hot. What reads all of them goes through a scratch buffer, aligned as the record is not, and takes sixteen registers from
 * three words.
 */

import { REGISTERS } from "./hyperloglog-hash.ts";

const REGISTER_BITS = 6;
const REGISTER_MAX = (1 << REGISTER_BITS) - 1;
/** All registers, in bytes. */
export const DENSE_BYTES = (REGISTERS * REGISTER_BITS) / 8;

const SCRATCH = Buffer.allocUnsafeSlow(DENSE_BYTES);
const WORDS = new Int32Array(SCRATCH.buffer, SCRATCH.byteOffset, DENSE_BYTES / 4);

/** Register `index` of those that start at bytes[from]. */
export function readRegister(bytes: Buffer, from: number, index: number): number {
  const at = from + ((index * REGISTER_BITS) >>> 3);
  const shift = (index * REGISTER_BITS) & 7;
  const low = bytes[at] >>> shift;
  // 2: up to there the register lies within its byte, and after the last there is none.
  return shift <= 2 ? low & REGISTER_MAX : (low | (bytes[at + 1] << (8 - shift))) & REGISTER_MAX;
}

export function writeRegister(bytes: Buffer, from: number, index: number, value: number): void {
  const at = from + ((index * REGISTER_BITS) >>> 3);
  const shift = (index * REGISTER_BITS) & 7;
  bytes[at] = (bytes[at] & ~(REGISTER_MAX << shift)) | (value << shift);
  if (shift > 2) bytes[at + 1] = (bytes[at + 1] & ~(REGISTER_MAX >>> (8 - shift))) | (value >>> (8 - shift));
}

/** Writes all registers to bytes[from] on. */
export function writeRegisters(bytes: Buffer, from: number, registers: Uint8Array): void {
  for (let i = 0; i < REGISTERS; i += 4, from += 3) {
    const packed = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) | (registers[i + 3] << 18);
    bytes[from] = packed;
    bytes[from + 1] = packed >>> 8;
    bytes[from + 2] = packed >>> 16;
  }
}

/** Adds to `histogram`, by value, how many of the registers from bytes[from] on hold it. */
export function countDense(bytes: Buffer, from: number, histogram: Int32Array): void {
  bytes.copy(SCRATCH, 0, from, from + DENSE_BYTES);
  for (let i = 0; i < WORDS.length; i += 3) {
    const a = WORDS[i];
    const b = WORDS[i + 1];
    const c = WORDS[i + 2];
    histogram[a & 63]++;
    histogram[(a >>> 6) & 63]++;
    histogram[(a >>> 12) & 63]++;
    histogram[(a >>> 18) & 63]++;
    histogram[(a >>> 24) & 63]++;
    histogram[((a >>> 30) | (b << 2)) & 63]++;
    histogram[(b >>> 4) & 63]++;
    histogram[(b >>> 10) & 63]++;
    histogram[(b >>> 16) & 63]++;
    histogram[(b >>> 22) & 63]++;
    histogram[((b >>> 28) | (c << 4)) & 63]++;
    histogram[(c >>> 2) & 63]++;
    histogram[(c >>> 8) & 63]++;
    histogram[(c >>> 14) & 63]++;
    histogram[(c >>> 20) & 63]++;
    histogram[(c >>> 26) & 63]++;
  }
}

/** Raises each of `registers` that is less than the one from bytes[from] on. */
export function mergeDense(bytes: Buffer, from: number, registers: Uint8Array): void {
  bytes.copy(SCRATCH, 0, from, from + DENSE_BYTES);
  let index = 0;
  for (let i = 0; i < WORDS.length; i += 3, index += 16) {
    const a = WORDS[i];
    const b = WORDS[i + 1];
    const c = WORDS[i + 2];
    if ((a | b | c) === 0) continue;
    raise(registers, index, a & 63);
    raise(registers, index + 1, (a >>> 6) & 63);
    raise(registers, index + 2, (a >>> 12) & 63);
    raise(registers, index + 3, (a >>> 18) & 63);
    raise(registers, index + 4, (a >>> 24) & 63);
    raise(registers, index + 5, ((a >>> 30) | (b << 2)) & 63);
    raise(registers, index + 6, (b >>> 4) & 63);
    raise(registers, index + 7, (b >>> 10) & 63);
    raise(registers, index + 8, (b >>> 16) & 63);
    raise(registers, index + 9, (b >>> 22) & 63);
    raise(registers, index + 10, ((b >>> 28) | (c << 4)) & 63);
    raise(registers, index + 11, (c >>> 2) & 63);
    raise(registers, index + 12, (c >>> 8) & 63);
    raise(registers, index + 13, (c >>> 14) & 63);
    raise(registers, index + 14, (c >>> 20) & 63);
    raise(registers, index + 15, (c >>> 26) & 63);
  }
}

function raise(registers: Uint8Array, index: number, value: number): void {
  if (value > registers[index]) registers[index] = value;
}
