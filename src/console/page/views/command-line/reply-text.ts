/** Replies as text: as redis-cli writes them, and as JSON. */

import { textOf, utf8 } from "../../octets.ts";
import { Push, type Reply, ReplyError } from "../../resp.ts";

/** Bytes in double quotes, which the command line reads back. */
export function quotedBytes(bytes: Uint8Array): string {
  return `"${textOf(bytes).replace(/"/g, '\\"')}"`;
}

/** One line of what is no list. */
export function plainText(reply: Reply): string {
  if (reply === null) return "(nil)";
  if (typeof reply === "boolean") return reply ? "(true)" : "(false)";
  if (reply instanceof Uint8Array) return quotedBytes(reply);
  if (reply instanceof ReplyError) return `(error) ${reply.message}`;
  return String(reply);
}

/** What a list has in it, each with what stands before it; null: it is no list. */
export function itemsOf(reply: Reply | Push): { readonly mark: string; readonly key: Reply | undefined; readonly item: Reply }[] | null {
  if (reply instanceof Map) return [...reply].map(([key, item], index) => ({ mark: `${index + 1}#`, key, item }));
  if (reply instanceof Set) return [...reply].map((item, index) => ({ mark: `${index + 1}~`, key: undefined, item }));
  const items = reply instanceof Push ? reply.items : reply;
  if (!Array.isArray(items)) return null;
  return items.map((item, index) => ({ mark: `${index + 1})`, key: undefined, item }));
}

/** As redis-cli writes it. */
export function textOfReply(reply: Reply | Push, indent = ""): string {
  const items = itemsOf(reply);
  if (items === null) return plainText(reply as Reply);
  if (items.length === 0) return `(empty ${nameOfList(reply)})`;
  const width = String(items.length).length + 1;
  const lines = items.map(({ mark, key, item }) => {
    const before = `${mark.padStart(width)} ${key === undefined ? "" : `${textOfReply(key)} => `}`;
    return `${before}${textOfReply(item, indent + " ".repeat(width + 1))}`;
  });
  return lines.join(`\n${indent}`);
}

export function nameOfList(reply: Reply | Push): string {
  if (reply instanceof Push) return "push";
  if (reply instanceof Map) return "map";
  return reply instanceof Set ? "set" : "array";
}

/** As JSON: bytes that are no UTF-8 as {"base64": "..."}, maps as objects where their keys are text, else as lists of pairs. */
export function jsonOfReply(reply: Reply | Push): string {
  return JSON.stringify(plainValue(reply), null, 2);
}

function plainValue(reply: Reply | Push): unknown {
  if (reply instanceof Push) return reply.items.map(plainValue);
  if (reply instanceof Uint8Array) return utf8(reply) ?? { base64: btoa(Array.from(reply, (byte) => String.fromCharCode(byte)).join("")) };
  if (reply instanceof ReplyError) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(plainValue);
  if (reply instanceof Set) return [...reply].map(plainValue);
  if (reply instanceof Map) {
    const pairs = [...reply].map(([key, value]) => [plainValue(key), plainValue(value)] as const);
    return pairs.every(([key]) => typeof key === "string") ? Object.fromEntries(pairs as [string, unknown][]) : pairs;
  }
  if (typeof reply === "bigint" || (typeof reply === "number" && !Number.isFinite(reply))) return String(reply);
  return reply;
}
