/** The forms in which a value can be read: found out from its bytes, written, and read back. */

import { octetsOf, textOf, utf8 } from "../octets.ts";
import { dense, faultOfJson, isJson, pretty } from "./json-text.ts";
import { messagePackOf, packed } from "./message-pack.ts";

const FORMS = ["json", "msgpack", "text", "hex", "bits"] as const;
export type Form = (typeof FORMS)[number];

export const FORM_NAMES: Readonly<Record<Form, string>> = {
  json: "JSON",
  msgpack: "MessagePack",
  text: "Text",
  hex: "Hex",
  bits: "Bits",
};

/** The forms that the bytes have, the best first. */
export function formsOf(bytes: Uint8Array): Form[] {
  const text = utf8(bytes);
  const forms: Form[] = [];
  if (text !== null && isJson(text)) forms.push("json");
  if (messagePackOf(bytes) !== null) forms.push("msgpack");
  const isReadable = text !== null && !/[\0-\x08\x0e-\x1f\x7f]/.test(text);
  return [...forms, ...(isReadable ? (["text", "hex"] as const) : (["hex", "text"] as const)), "bits"];
}

/** What it is by its first bytes: "HyperLogLog"; null: nothing that shows so. */
export function kindOf(bytes: Uint8Array): string | null {
  const [first, second, third, fourth] = bytes;
  // "HYLL", and the encoding: dense or sparse.
  const isHyperLogLog =
    first === 0x48 && second === 0x59 && third === 0x4c && fourth === 0x4c && (bytes[4] ?? 9) <= 1 && bytes.length >= 16;
  return isHyperLogLog ? `HyperLogLog, ${bytes[4] === 0 ? "dense" : "sparse"}` : null;
}

/** Why a form cannot be edited; null: it can. */
export function whyNotEditable(bytes: Uint8Array, form: Form): string | null {
  if (form === "bits") return "Bits are set one at a time by SETBIT, or all together as hex.";
  if (form === "msgpack" && messagePackOf(bytes)?.isExact !== true)
    return "This MessagePack holds what JSON does not have (binary, dates, floats without a fraction): edit it as hex.";
  return null;
}

/** Whether a text area keeps the text as it is: it would make \r\n to \n, and hides control characters. */
function isPlainText(bytes: Uint8Array): boolean {
  const text = utf8(bytes);
  return text !== null && !/[\0-\x08\x0b-\x1f\x7f]/.test(text);
}

/** What is written for editing. */
export function writtenAs(bytes: Uint8Array, form: Form): string {
  switch (form) {
    case "json":
      return pretty(utf8(bytes) ?? "");
    case "msgpack":
      return pretty(messagePackOf(bytes)?.text ?? "");
    case "text":
      return isPlainText(bytes) ? (utf8(bytes) ?? "") : textOf(bytes);
    default:
      return hexOf(bytes);
  }
}

/** A note on how to write in a form. */
export function hintFor(bytes: Uint8Array, form: Form): string {
  if (form === "hex") return "Two digits a byte; white space does not count.";
  if (form === "text" && !isPlainText(bytes))
    return "\\xNN stands for a byte, \\n, \\r and \\t for line feed, return and tab, \\\\ for a backslash.";
  if (form === "json" && isDense(bytes)) return "White space between tokens is left out again, as it was.";
  return "";
}

/** The bytes of a text as it was edited; `before` says how they were written. Errors: Error, with what is wrong. */
export function readBack(text: string, form: Form, before: Uint8Array): Uint8Array {
  switch (form) {
    case "json": {
      const fault = faultOfJson(text);
      if (fault !== null) throw new Error(`This is no JSON: ${fault}`);
      return new TextEncoder().encode(isDense(before) ? dense(text) : text);
    }
    case "msgpack": {
      const fault = faultOfJson(text);
      if (fault !== null) throw new Error(`This is no JSON: ${fault}`);
      return packed(text);
    }
    case "text":
      return isPlainText(before) ? new TextEncoder().encode(text) : octetsOf(text);
    default:
      return octetsOfHex(text);
  }
}

function isDense(bytes: Uint8Array): boolean {
  const text = utf8(bytes) ?? "";
  return isJson(text) && dense(text) === text;
}

const ROW = 16;

/** Lines of sixteen bytes. */
function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) lines.push(Array.from(bytes.subarray(at, at + ROW), hexByte).join(" "));
  return lines.join("\n");
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Errors: Error, where it is no hex. */
export function octetsOfHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  const odd = /[^0-9a-f]/i.exec(digits);
  if (odd !== null) throw new Error(`This is no hex: ${odd[0]}`);
  if (digits.length % 2 === 1) throw new Error("This is no hex: a byte has two digits, and the last has one.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A line of a hex view: where it begins, its bytes, and what of them is ASCII. */
export function hexLine(bytes: Uint8Array, at: number, first: number): string {
  const row = bytes.subarray(at, at + ROW);
  const digits = Array.from(row, hexByte)
    .join(" ")
    .padEnd(ROW * 3 - 1);
  const ascii = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
  return `${(first + at).toString(16).padStart(8, "0")}  ${digits}  ${ascii}`;
}

/** A line of a bit view: the number of its first bit, and 64 bits, as GETBIT counts them. */
export function bitLine(bytes: Uint8Array, at: number, first: number): string {
  const row = Array.from(bytes.subarray(at, at + 8), (byte) => byte.toString(2).padStart(8, "0"));
  return `${String((first + at) * 8).padStart(10)}  ${row.join(" ")}`;
}
