/**
 * CRC-64 as RDB files and DUMP payloads carry it: the Jones polynomial 0xad93d23594c935a9, reflected, starting from 0, no final inversion;
 * the check value for "123456789" is 0xe9c6d914c4b8d9ca.
 *
 * Hot: every byte saved or loaded passes here. Slicing by 8, the register as two 32-bit halves. Measured on one shared core, 64 KiB at a
 * time: one byte at a time 380 MB/s; one interleaved table 560 to 700; slices of 11 bits 790 to 840; sixteen slices 870 to 970; sixteen
 * arrays of exactly 256 words, as below, 800 to 1400 MB/s, and hardly less for 64 bytes at a time.
 */

const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const SLICES = 8;
/** The largest offset that is an int32: with `| 0` everywhere the compiler need not think of doubles, which doubles the time. */
const MAX_OFFSET = 0x7fffffff;
const PIECE_BYTES = 2 ** 30;

/** LOW[k][b] and HIGH[k][b]: the register after byte b and then k zero bytes. */
const LOW: Int32Array[] = [];
const HIGH: Int32Array[] = [];
fillTables();

const [LOW0, LOW1, LOW2, LOW3, LOW4, LOW5, LOW6, LOW7] = LOW;
const [HIGH0, HIGH1, HIGH2, HIGH3, HIGH4, HIGH5, HIGH6, HIGH7] = HIGH;

/** A running checksum. `low` and `high` are its halves as signed 32-bit integers. */
export class Crc64 {
  low = 0;
  high = 0;

  reset(): void {
    this.low = 0;
    this.high = 0;
  }

  /** Takes in bytes[from, to). */
  update(bytes: Uint8Array, from: number, to: number): void {
    if (to > MAX_OFFSET) return this.updateInPieces(bytes, from, to);
    let low = this.low | 0;
    let high = this.high | 0;
    let at = from | 0;
    for (const last = (to - SLICES) | 0; at <= last; at = (at + SLICES) | 0) {
      const a = (low ^ bytes[at]) & 0xff;
      const b = ((low >>> 8) ^ bytes[at + 1]) & 0xff;
      const c = ((low >>> 16) ^ bytes[at + 2]) & 0xff;
      const d = (low >>> 24) ^ bytes[at + 3];
      const e = (high ^ bytes[at + 4]) & 0xff;
      const f = ((high >>> 8) ^ bytes[at + 5]) & 0xff;
      const g = ((high >>> 16) ^ bytes[at + 6]) & 0xff;
      const h = (high >>> 24) ^ bytes[at + 7];
      low = LOW7[a] ^ LOW6[b] ^ LOW5[c] ^ LOW4[d] ^ LOW3[e] ^ LOW2[f] ^ LOW1[g] ^ LOW0[h];
      high = HIGH7[a] ^ HIGH6[b] ^ HIGH5[c] ^ HIGH4[d] ^ HIGH3[e] ^ HIGH2[f] ^ HIGH1[g] ^ HIGH0[h];
    }
    for (const end = to | 0; at < end; at = (at + 1) | 0) {
      const a = (low ^ bytes[at]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW0[a];
      high = (high >>> 8) ^ HIGH0[a];
    }
    this.low = low;
    this.high = high;
  }

  private updateInPieces(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, Math.min(to, at + PIECE_BYTES));
      this.update(piece, 0, piece.length);
    }
  }

  /** Writes the checksum as files carry it, 8 bytes little-endian, at `at`. Returns the offset after it. */
  writeTo(target: Uint8Array, at: number): number {
    for (let shift = 0; shift < 32; shift += 8) {
      target[at + (shift >> 3)] = this.low >>> shift;
      target[at + 4 + (shift >> 3)] = this.high >>> shift;
    }
    return at + 8;
  }

  /** The checksum as 16 hexadecimal digits, for messages. */
  hex(): string {
    return crc64Hex(this.low, this.high);
  }
}

/** The 16 hexadecimal digits of a checksum given in halves. */
export function crc64Hex(low: number, high: number): string {
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}

function fillTables(): void {
  const low = new Int32Array(256);
  const high = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = -(l & 1);
      l = ((l >>> 1) | (h << 31)) ^ (POLYNOMIAL_LOW & carry);
      h = (h >>> 1) ^ (POLYNOMIAL_HIGH & carry);
    }
    low[byte] = l;
    high[byte] = h;
  }
  LOW.push(low);
  HIGH.push(high);
  for (let slice = 1; slice < SLICES; slice++) {
    const [lowBefore, highBefore] = [LOW[slice - 1], HIGH[slice - 1]];
    const [lowNext, highNext] = [new Int32Array(256), new Int32Array(256)];
    for (let byte = 0; byte < 256; byte++) {
      const [l, h] = [lowBefore[byte], highBefore[byte]];
      lowNext[byte] = ((l >>> 8) | (h << 24)) ^ low[l & 0xff];
      highNext[byte] = (h >>> 8) ^ high[l & 0xff];
    }
    LOW.push(lowNext);
    HIGH.push(highNext);
  }
}
