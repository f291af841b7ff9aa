/** Replies as redis-cli prints them: for people, raw, CSV and JSON. To the letter, since scripts read them. */

import { quoteWord } from "../../base/words.ts";
import type { AggregateKind, Reply } from "../../protocol/reply-decoder.ts";

export type OutputMode = "standard" | "raw" | "csv" | "json" | "quoted-json";

/** What stands between the elements of a reply and behind each reply, in raw form. */
export interface Delimiters {
  readonly element: string;
  readonly reply: string;
}

/** Returns a reply with its line end. `plain`: it is a text already, as that of INFO, and printed as it is. */
export function formatReply(reply: Reply, mode: OutputMode, delimiters: Delimiters, plain: boolean): string {
  if (plain) return raw(reply, delimiters.element);
  if (mode === "standard") return standard(reply, "");
  if (mode === "raw") return raw(reply, delimiters.element) + delimiters.reply;
  if (mode === "csv") return `${csv(reply)}\n`;
  return `${json(reply, mode === "json" ? escapeJson : quoteForJson)}\n`;
}

/** What follows the number of an element. */
const SEPARATORS: Readonly<Record<AggregateKind, string>> = { array: ")", push: ")", set: "~", map: "#" };
const EMPTY: Readonly<Record<AggregateKind, string>> = {
  array: "(empty array)\n",
  map: "(empty hash)\n",
  set: "(empty set)\n",
  push: "(empty push)\n",
};

/** For people: `prefix` is what stands before each line but the first. */
function standard(reply: Reply, prefix: string): string {
  switch (reply.kind) {
    case "error":
      return `(error) ${reply.text}\n`;
    case "integer":
      return `(integer) ${reply.text}\n`;
    case "double":
      return `(double) ${reply.text}\n`;
    case "string":
      return `${quoteWord(reply.text)}\n`;
    case "status":
    case "verbatim":
    case "bignum":
      return `${reply.text}\n`;
    case "nil":
      return "(nil)\n";
    case "boolean":
      return reply.value ? "(true)\n" : "(false)\n";
    default:
      return aggregate(reply.kind, reply.items, prefix);
  }
}

function aggregate(kind: AggregateKind, items: readonly Reply[], prefix: string): string {
  if (items.length === 0) return EMPTY[kind];
  const step = kind === "map" ? 2 : 1;
  const width = String(items.length / step).length;
  const inner = prefix + " ".repeat(width + 2);
  const lines: string[] = [];
  for (let index = 0; index < items.length; index += step) {
    let line = `${index === 0 ? "" : prefix}${String(index / step + 1).padStart(width)}${SEPARATORS[kind]} ${standard(items[index], inner)}`;
    if (kind === "map") {
      const value = items[index + 1];
      line = `${line.slice(0, -1)} => ${takesLines(value) ? `\n${inner}` : ""}${standard(value, inner)}`;
    }
    lines.push(line);
  }
  return lines.join("");
}

/** Whether `standard` needs more than one line for it. */
function takesLines(reply: Reply): boolean {
  if (!("items" in reply) || reply.items.length === 0) return false;
  const single = reply.kind === "map" ? 2 : 1;
  return reply.items.length > single || takesLines(reply.items[single - 1]);
}

function raw(reply: Reply, delimiter: string): string {
  switch (reply.kind) {
    case "nil":
      return "";
    case "error":
      return `${reply.text}\n`;
    case "boolean":
      return reply.value ? "(true)" : "(false)";
    case "map": {
      const pairs: string[] = [];
      for (let index = 0; index < reply.items.length; index += 2) {
        pairs.push(`${raw(reply.items[index], delimiter)} ${raw(reply.items[index + 1], delimiter)}`);
      }
      return pairs.join(delimiter);
    }
    case "array":
    case "set":
    case "push":
      return reply.items.map((item) => raw(item, delimiter)).join(delimiter);
    default:
      return reply.text;
  }
}

function csv(reply: Reply): string {
  switch (reply.kind) {
    case "error":
      return `ERROR,${quoteWord(reply.text)}`;
    case "status":
    case "string":
    case "verbatim":
      return quoteWord(reply.text);
    case "integer":
    case "double":
    case "bignum":
      return reply.text;
    case "nil":
      return "NULL";
    case "boolean":
      return String(reply.value);
    default:
      return reply.items.map(csv).join(","); // a map too: its keys and values in a row
  }
}

function json(reply: Reply, quote: (bytes: string) => string): string {
  switch (reply.kind) {
    case "error":
      return `error:${quote(reply.text)}`;
    case "status":
    case "string":
    case "verbatim":
      return quote(reply.text);
    case "integer":
    case "double":
    case "bignum":
      return reply.text;
    case "nil":
      return "null";
    case "boolean":
      return String(reply.value);
    case "map": {
      const pairs: string[] = [];
      for (let index = 0; index < reply.items.length; index += 2) {
        const key = reply.items[index];
        const text = json(key, quote);
        const isString = text.startsWith('"') || key.kind === "error";
        pairs.push(`${isString ? text : `"${text}"`}:${json(reply.items[index + 1], quote)}`);
      }
      return `{${pairs.join(",")}}`;
    }
    default:
      return `[${reply.items.map((item) => json(item, quote)).join(",")}]`;
  }
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
};

/** Bytes above ASCII go as they are: they are taken for UTF-8. */
function escapeJson(bytes: string): string {
  const escaped = bytes.replace(
    /[\\"\x00-\x1f]/g,
    (character) => JSON_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** The quoting of the form for people, inside a string of JSON. */
function quoteForJson(bytes: string): string {
  return quoteWord(bytes).replaceAll("\\", "\\\\");
}
