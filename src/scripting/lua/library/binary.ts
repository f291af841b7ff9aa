/** Numbers as bytes and back, as C has them on x86-64: for struct and cmsgpack. A string of bytes has one character (0 to 255) each. */

import { isNegative } from "../numbers.ts";

const scratch = new DataView(new ArrayBuffer(8));
const bytes = new Uint8Array(scratch.buffer);

/** The eight bytes of `number`. */
export function doubleBytes(number: number, littleEndian: boolean): string {
  if (number === number) scratch.setFloat64(0, number, littleEndian);
  else {
    // DataView writes every NaN without its sign, which Lua shows: see isNegative.
    scratch.setUint32(littleEndian ? 0 : 4, 0);
    scratch.setUint32(littleEndian ? 4 : 0, isNegative(number) ? 0xfff80000 : 0x7ff80000, littleEndian);
  }
  return String.fromCharCode(bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

/** The four bytes of `number` rounded to single precision. */
export function floatBytes(number: number, littleEndian: boolean): string {
  if (number === number) scratch.setFloat32(0, number, littleEndian);
  else scratch.setUint32(0, isNegative(number) ? 0xffc00000 : 0x7fc00000, littleEndian);
  return String.fromCharCode(bytes[0], bytes[1], bytes[2], bytes[3]);
}

/** The lowest `size` bytes of an integer from -2^63 to 2^64 - 1 in two's complement; beyond the eighth there are zeros. */
export function integerBytes(number: number, size: number, littleEndian: boolean): string {
  const low = number >>> 0;
  if (size === 1) return String.fromCharCode(low & 255);
  if (size === 2) return littleEndian ? String.fromCharCode(low & 255, (low >> 8) & 255) : String.fromCharCode((low >> 8) & 255, low & 255);
  if (size === 4) {
    scratch.setUint32(0, low, littleEndian);
    return String.fromCharCode(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  const high = Math.floor(number / 2 ** 32) >>> 0;
  let text = "";
  for (let count = 0; count < size; count++) text += String.fromCharCode(byteAt(low, high, littleEndian ? count : size - 1 - count));
  return text;
}

function byteAt(low: number, high: number, place: number): number {
  if (place < 4) return (low >>> (8 * place)) & 255;
  return place < 8 ? (high >>> (8 * (place - 4))) & 255 : 0;
}

export function readDouble(text: string, at: number, littleEndian: boolean): number {
  for (let place = 0; place < 8; place++) bytes[place] = text.charCodeAt(at + place);
  return withSign(scratch.getFloat64(0, littleEndian), bytes[littleEndian ? 7 : 0]);
}

export function readFloat(text: string, at: number, littleEndian: boolean): number {
  for (let place = 0; place < 4; place++) bytes[place] = text.charCodeAt(at + place);
  return withSign(scratch.getFloat32(0, littleEndian), bytes[littleEndian ? 3 : 0]);
}

/** `number`, which DataView has read, with its sign if it is NaN. Other bits of a NaN are lost in any case. */
function withSign(number: number, top: number): number {
  if (number === number) return number;
  if (top < 128) return Number.NaN;
  // Computed: compiled code does not keep the sign of one that was read.
  const zero = top - top;
  return zero / zero;
}

/** An integer of `size` bytes without a sign; what is above the eighth of them is dropped. */
export function readUnsigned(text: string, at: number, size: number, littleEndian: boolean): number {
  if (size === 1) return text.charCodeAt(at);
  const low = readWord(text, at, size, littleEndian, 0) >>> 0;
  return size <= 4 ? low : (readWord(text, at, size, littleEndian, 4) >>> 0) * 2 ** 32 + low;
}

/** Likewise with a sign. Beyond eight bytes x86-64 counts its place modulo 64. */
export function readSigned(text: string, at: number, size: number, littleEndian: boolean): number {
  const low = readWord(text, at, size, littleEndian, 0);
  if (size > 0 && size <= 4) return (low << (32 - 8 * size)) >> (32 - 8 * size);
  const high = readWord(text, at, size, littleEndian, 4);
  const sign = (size * 8 - 1) & 63;
  const lowMask = sign < 32 ? -1 << sign : 0;
  const highMask = sign < 32 ? -1 : -1 << (sign - 32);
  const isSet = ((low & lowMask) | (high & highMask)) !== 0;
  return isSet ? (high | highMask) * 2 ** 32 + ((low | lowMask) >>> 0) : high * 2 ** 32 + (low >>> 0);
}

/** Four bytes of an integer of `size`, from the byte of significance `from` on, with the sign of their 32 bits. */
function readWord(text: string, at: number, size: number, littleEndian: boolean, from: number): number {
  let word = 0;
  for (let place = from; place < size && place < from + 4; place++) {
    word |= text.charCodeAt(littleEndian ? at + place : at + size - 1 - place) << (8 * (place - from));
  }
  return word;
}
