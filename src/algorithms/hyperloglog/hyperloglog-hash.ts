/**
 * Where an element goes in a HyperLogLog: MurmurHash64A (Austin Appleby's MurmurHash2 in its 64-bit form) with Redis's seed, since
 * registers are exchanged with Redis. Hot: the 64-bit arithmetic is done on 32-bit halves, which takes a tenth of BigInt's time and makes
 * no garbage.
 */

/** Registers of a HyperLogLog: 2^14. */
export const REGISTER_BITS = 14;
export const REGISTERS = 1 << REGISTER_BITS;
/** Bits of the hash that do not choose the register: their run of zeros is what registers keep the longest of. */
export const RUN_BITS = 64 - REGISTER_BITS;

const SEED = 0xadc83b19;
/** The factor of MurmurHash64A, 0xc6a4a7935bd1e995. */
const FACTOR_HIGH = 0xc6a4a793 | 0;
const FACTOR_LOW = 0x5bd1e995;
const FACTOR_LOW_0 = FACTOR_LOW & 0xffff;
const FACTOR_LOW_1 = FACTOR_LOW >>> 16;
/** It shifts by 47 bits, so what is left comes from the high half alone. */
const SHIFT = 47 - 32;

/** The high half of (high, low) * FACTOR; the low half is imul(low, FACTOR_LOW). */
function timesFactorHigh(high: number, low: number): number {
  const low0 = low & 0xffff;
  const low1 = low >>> 16;
  const cross0 = Math.imul(low1, FACTOR_LOW_0);
  const cross1 = Math.imul(low0, FACTOR_LOW_1);
  const middle = (Math.imul(low0, FACTOR_LOW_0) >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff);
  const carried = Math.imul(low1, FACTOR_LOW_1) + (cross0 >>> 16) + (cross1 >>> 16) + (middle >>> 16);
  return (carried + Math.imul(high, FACTOR_LOW) + Math.imul(low, FACTOR_HIGH)) | 0;
}

/**
 * The register of the element bytes[from, to) in the lower REGISTER_BITS, above them the length of the run of zeros in its hash and the one
 * after it (1 to RUN_BITS + 1).
 */
export function elementPattern(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  let high = timesFactorHigh(0, length);
  let low = Math.imul(length, FACTOR_LOW) ^ SEED;
  for (; to - from >= 8; from += 8) {
    let blockLow = bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16) | (bytes[from + 3] << 24);
    let blockHigh = bytes[from + 4] | (bytes[from + 5] << 8) | (bytes[from + 6] << 16) | (bytes[from + 7] << 24);
    blockHigh = timesFactorHigh(blockHigh, blockLow);
    blockLow = Math.imul(blockLow, FACTOR_LOW) ^ (blockHigh >>> SHIFT);
    high ^= timesFactorHigh(blockHigh, blockLow);
    low ^= Math.imul(blockLow, FACTOR_LOW);
    high = timesFactorHigh(high, low);
    low = Math.imul(low, FACTOR_LOW);
  }
  if (from < to) {
    let shift = 0;
    for (; from < to; from++, shift += 8) {
      if (shift < 32) low ^= bytes[from] << shift;
      else high ^= bytes[from] << (shift - 32);
    }
    high = timesFactorHigh(high, low);
    low = Math.imul(low, FACTOR_LOW);
  }
  low ^= high >>> SHIFT;
  high = timesFactorHigh(high, low);
  low = Math.imul(low, FACTOR_LOW);
  low ^= high >>> SHIFT;
  return (low & (REGISTERS - 1)) | (runLength(high, low) << REGISTER_BITS);
}

function runLength(high: number, low: number): number {
  const first = (low >>> REGISTER_BITS) | (high << (32 - REGISTER_BITS));
  if (first !== 0) return 32 - Math.clz32(first & -first);
  // A bit beyond the last ends every run.
  const second = (high >>> REGISTER_BITS) | (1 << (RUN_BITS - 32));
  return 64 - Math.clz32(second & -second);
}
