/** How an entry of packed bytes (packed.ts) is encoded, and how long that is. Hot: functions of numbers, which allocate nothing. */

import { copyBytes, parseWords } from "../base/bytes.ts";

/** How bytes are to be encoded. */
export class EntryForm {
  integer = false;
  /** The int64, when it is one, as two 32-bit words. */
  low = 0;
  high = 0;
  /** Bytes of encoding and content, without the back length. */
  payload = 0;
  /** All bytes of the entry. */
  total = 0;

  /** Looks at bytes[from, to). */
  measure(bytes: Buffer, from: number, to: number): void {
    this.integer = parseWords(bytes, from, to, this);
    this.payload = this.integer ? integerPayload(this.low, this.high) : stringPayload(to - from);
    this.total = this.payload + backLengthBytes(this.payload);
  }

  /** Writes the entry whose bytes were measured. Returns the offset after it. */
  write(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
    return writeBackLength(buffer, this.writePayload(buffer, at, bytes, from, to), this.payload);
  }

  /** The same without the back length. */
  writePayload(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
    return this.integer ? writeWords(buffer, at, this.low, this.high, this.payload) : writeString(buffer, at, bytes, from, to);
  }
}

/** Whether an entry that starts with this byte is a string. */
export function isString(lead: number): boolean {
  return (lead & 0xc0) === 0x80 || (lead & 0xf0) === 0xe0 || lead === 0xf0;
}

/** Whether the integer at `at` is the int64 of these words. */
export function equalsInteger(buffer: Buffer, at: number, lead: number, low: number, high: number): boolean {
  if (lead === 0xf4) return int32(buffer, at + 1) === low && int32(buffer, at + 5) === high;
  return high === low >> 31 && shortInteger(buffer, at, lead) === low;
}

/** The integer of an entry of up to 32 bits. */
export function shortInteger(buffer: Buffer, at: number, lead: number): number {
  if (lead < 0x80) return lead;
  if (lead < 0xe0) return (((lead << 8) | buffer[at + 1]) << 19) >> 19;
  if (lead === 0xf1) return ((buffer[at + 1] | (buffer[at + 2] << 8)) << 16) >> 16;
  if (lead === 0xf2) return ((buffer[at + 1] | (buffer[at + 2] << 8) | (buffer[at + 3] << 16)) << 8) >> 8;
  return int32(buffer, at + 1);
}

/** The length of a string of 12 or 32 bits of length. */
export function stringLength(buffer: Buffer, at: number, lead: number): number {
  if (lead < 0xc0) return lead & 0x3f;
  return lead === 0xf0 ? uint32(buffer, at + 1) : ((lead & 0x0f) << 8) | buffer[at + 1];
}

/** All bytes of an entry that starts with 0xC0 or above. */
export function wideEntryBytes(buffer: Buffer, at: number, lead: number): number {
  if (lead < 0xe0) return 3;
  if (lead < 0xf0) {
    const payload = 2 + (((lead & 0x0f) << 8) | buffer[at + 1]);
    return payload + (payload < 128 ? 1 : 2);
  }
  if (lead === 0xf0) {
    const payload = 5 + uint32(buffer, at + 1);
    return payload + backLengthBytes(payload);
  }
  return lead === 0xf4 ? 10 : lead - 0xf1 + 4;
}

/** Bytes of encoding and content of a string of this length. */
function stringPayload(length: number): number {
  return length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
}

/** Bytes of encoding and content of the int64 of these words. */
export function integerPayload(low: number, high: number): number {
  if (high !== low >> 31) return 9;
  if (low >= 0 && low < 0x80) return 1;
  if (low === (low << 19) >> 19) return 2;
  if (low === (low << 16) >> 16) return 3;
  return low === (low << 8) >> 8 ? 4 : 5;
}

/** The largest number of each size is written one byte longer, as Redis does. */
export function backLengthBytes(payload: number): number {
  if (payload < 128) return 1;
  if (payload < 16383) return 2;
  if (payload < 2097151) return 3;
  return payload < 268435455 ? 4 : 5;
}

/** The same, from the bytes of the whole entry. */
export function backLengthOf(total: number): number {
  for (let bytes = 1; bytes < 5; bytes++) if (backLengthBytes(total - bytes) === bytes) return bytes;
  return 5;
}

/** Writes the back length of such a payload. Returns the offset after it. */
export function writeBackLength(buffer: Buffer, at: number, payload: number): number {
  if (payload < 128) {
    buffer[at] = payload;
    return at + 1;
  }
  const end = at + backLengthBytes(payload);
  for (let cursor = end - 1; cursor > at; cursor--) {
    buffer[cursor] = (payload & 0x7f) | 0x80;
    payload >>>= 7;
  }
  buffer[at] = payload;
  return end;
}

/** The back length whose last byte is at `at`; -1 when it has more than five. */
export function readBackLength(buffer: Buffer, at: number): number {
  let byte = buffer[at];
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let scale = 0x80; scale <= 2 ** 28; scale *= 0x80) {
    byte = buffer[--at];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return -1;
}

/** Writes encoding and content of bytes[from, to). Returns the offset after them. */
function writeString(buffer: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length < 64) {
    buffer[at++] = 0x80 | length;
  } else if (length < 4096) {
    buffer[at++] = 0xe0 | (length >>> 8);
    buffer[at++] = length;
  } else {
    buffer[at] = 0xf0;
    buffer[at + 1] = length;
    buffer[at + 2] = length >>> 8;
    buffer[at + 3] = length >>> 16;
    buffer[at + 4] = length >>> 24;
    at += 5;
  }
  return copyBytes(buffer, at, bytes, from, to);
}

/** Writes encoding and content of the int64 of these words, `payload` bytes in all. Returns the offset after them. */
export function writeWords(buffer: Buffer, at: number, low: number, high: number, payload: number): number {
  if (payload === 1) {
    buffer[at] = low;
    return at + 1;
  }
  if (payload === 2) {
    buffer[at] = 0xc0 | ((low >> 8) & 0x1f);
    buffer[at + 1] = low;
    return at + 2;
  }
  buffer[at] = payload === 9 ? 0xf4 : 0xf1 + payload - 3;
  const end = at + payload;
  for (at++; at < end; at++) {
    buffer[at] = low;
    low = (low >>> 8) | (high << 24);
    high >>= 8;
  }
  return end;
}

/** The signed integer at `at`, little-endian as all of them. */
export function int32(buffer: Buffer, at: number): number {
  return buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16) | (buffer[at + 3] << 24);
}

/** The unsigned integer at `at`. */
export function uint32(buffer: Buffer, at: number): number {
  return int32(buffer, at) >>> 0;
}
