/** Messages as sessions are sent them, in the protocol's form, made values: those of channels, of keys that changed, and lines of MONITOR. */

import { assert } from "../assert.ts";

/** A message: its kind first. Strings are bytes. */
export type Push = readonly unknown[];

const LF = 0x0a;
const MONITOR = "monitor";

/** Returns the messages that bytes[from, to) hold, each whole. */
export function decodePushes(bytes: Buffer, from: number, to: number): Push[] {
  const reader = new Reader(bytes, from);
  const pushes: Push[] = [];
  while (reader.at < to) {
    const value = reader.next();
    // What is no array is a line that shows a request.
    pushes.push(Array.isArray(value) ? value : [new TextEncoder().encode(MONITOR), value]);
  }
  return pushes;
}

class Reader {
  at: number;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.at = from;
  }

  next(): unknown {
    const { bytes } = this;
    const mark = String.fromCharCode(bytes[this.at]);
    const end = bytes.indexOf(LF, this.at);
    assert(end > this.at, "a message is handed over whole");
    const from = this.at + 1;
    this.at = end + 1;
    switch (mark) {
      case ">":
      case "*":
      case "~":
        return this.list(Number(bytes.latin1Slice(from, end - 1)));
      case "$":
        return this.bulk(Number(bytes.latin1Slice(from, end - 1)));
      case ":":
        return Number(bytes.latin1Slice(from, end - 1));
      case ",":
        return Number(bytes.latin1Slice(from, end - 1));
      case "#":
        return bytes[from] === "t".charCodeAt(0);
      case "_":
        return null;
      case "%":
        return this.map(Number(bytes.latin1Slice(from, end - 1)));
      default:
        return new Uint8Array(bytes.subarray(from, end - 1));
    }
  }

  private list(length: number): unknown {
    if (length < 0) return null;
    return Array.from({ length }, () => this.next());
  }

  private map(pairs: number): Map<unknown, unknown> {
    return new Map(Array.from({ length: pairs }, () => [this.next(), this.next()] as const));
  }

  private bulk(length: number): Uint8Array | null {
    if (length < 0) return null;
    const from = this.at;
    this.at = from + length + 2;
    return new Uint8Array(this.bytes.subarray(from, from + length));
  }
}
