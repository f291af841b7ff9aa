/** Events as lines of JSON. Bytes that are no UTF-8 are `{"base64": "..."}`. */

import { isUtf8 } from "node:buffer";
import type { FeedEvent, TextOf } from "../changes/events.ts";

/** A text, or bytes that are none. */
export type JsonText = string | { readonly base64: string };

export const asJson: TextOf<JsonText> = (bytes, from, to) => {
  const part = bytes.subarray(from, to);
  return isUtf8(part) ? part.utf8Slice() : { base64: part.toString("base64") };
};

export function jsonLine(event: FeedEvent<JsonText>): string {
  return `${JSON.stringify(event, plainly)}\n`;
}

/** What JSON has no form for: hashes become objects (lists of pairs where a name is no text), sets lists, infinite scores texts. */
function plainly(_key: string, value: unknown): unknown {
  if (value instanceof Set) return [...value];
  if (value instanceof Map) {
    const pairs = [...value];
    return pairs.every(([name]) => typeof name === "string") ? Object.fromEntries(pairs) : pairs;
  }
  return typeof value === "number" && !Number.isFinite(value) ? (value > 0 ? "inf" : "-inf") : value;
}

/** For people: what happened in a line, as MONITOR shows commands, behind the offset where the command ends. */
export function shortLine(event: FeedEvent<JsonText>): string {
  switch (event.kind) {
    case "image-start":
      return `image of history ${event.replid} at offset ${event.offset}\n`;
    case "image":
      return `image db${event.db} ${event.type} ${shown(event.key)}\n`;
    case "image-opaque":
      return `image db${event.db} ${event.what} ${shown(event.key)}\n`;
    case "image-library":
      return `image function library ${shown(event.code)}\n`;
    case "image-end":
      return `image ends: ${event.keys} keys\n`;
    case "gap":
    case "warning":
      return `${event.kind}: ${event.message}\n`;
    case "change":
    case "swap":
    case "command":
    case "flush":
      return `${event.offset} db${event.db ?? "*"} ${[event.command, ...event.args].map(shown).join(" ")}\n`;
    case "difference":
      return `${event.change} db${event.db} ${event.type ?? ""} ${shown(event.key)}\n`;
  }
}

function shown(text: JsonText): string {
  return JSON.stringify(typeof text === "string" ? text : `base64:${text.base64}`);
}
