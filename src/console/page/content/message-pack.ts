/** MessagePack as JSON text, and back where nothing is lost by it. */

import { decode, ExtData, encode } from "@msgpack/msgpack";
import { sameOctets, utf8 } from "../octets.ts";
import { parseExactly } from "./json-text.ts";

export interface MessagePack {
  /** JSON, or near to it where MessagePack has more: binary strings, extensions, dates. */
  readonly text: string;
  /** Whether `packed` of the text is the same value. */
  readonly isExact: boolean;
}

/** What the bytes are as MessagePack: a map or an array, whole and with nothing behind it; null: none. */
export function messagePackOf(bytes: Uint8Array): MessagePack | null {
  const first = bytes[0] ?? 0;
  const isContainer = (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
  if (!isContainer || bytes.length < 2 || utf8(bytes) !== null) return null;
  try {
    const value = decode(bytes, { useBigInt64: true });
    const isExact = isPlain(value) && sameOctets(encode(value, { useBigInt64: true }), bytes);
    return { text: written(value), isExact };
  } catch {
    return null;
  }
}

/** JSON text as MessagePack. Errors: SyntaxError. */
export function packed(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(parseExactly(text), { useBigInt64: true }));
}

/** Whether JSON has all of it. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPlain);
  return isObject(value) && Object.values(value).every(isPlain);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function written(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(`binary, ${value.length} bytes: ${hex(value)}`);
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (value instanceof ExtData)
    return JSON.stringify(`extension ${value.type}${typeof value.data === "function" ? "" : `: ${hex(value.data)}`}`);
  if (Array.isArray(value)) return `[${value.map(written).join()}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}:${written(item)}`)
      .join()}}`;
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  return JSON.stringify(value) ?? "null";
}

const MOST_SHOWN = 64;

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MOST_SHOWN), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > MOST_SHOWN ? `${shown}…` : shown;
}
