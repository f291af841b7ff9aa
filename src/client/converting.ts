/** Makes of decoded replies what the methods of commands promise: objects of maps whose keys are texts. A reply that is not so stays. */

import type { Convert } from "./command-base.ts";

/** Keys and values: an object where strings are texts, a Map where they are bytes. */
export type Fields<T, Value> = T extends string ? Record<string, Value> : Map<T, Value>;

/** What an option brings to an object of a reply: it is there where the options say `true`, and perhaps where they may say so. */
export type IfOption<Options, Key extends string, Brings> = Key extends keyof Options
  ? Options[Key] extends true
    ? Brings
    : Options[Key] extends false | undefined
      ? unknown
      : Partial<Brings>
  : unknown;
/** An intersection as one object. */
export type Joined<X> = { [Key in keyof X]: X[Key] };

/** Of a map, or of an array of keys and values by turns. */
export function fields(value?: Convert): Convert {
  return (reply, bytes) => {
    if (reply instanceof Map) return fieldsOf(reply, value, bytes);
    return Array.isArray(reply) ? fieldsOf(byTurns(reply), value, bytes) : reply;
  };
}

/** Of a map whose keys are known: an object, also where its values are bytes. "db.*": of all keys that begin so. */
export function record(parts: Readonly<Record<string, Convert>>): Convert {
  const patterns = Object.keys(parts).filter((key) => key.endsWith("*"));
  const partOf = (name: string): Convert | null => {
    const key = Object.hasOwn(parts, name) ? name : patterns.find((pattern) => name.startsWith(pattern.slice(0, -1)));
    return key === undefined ? null : parts[key];
  };
  return (reply, bytes) => {
    if (!(reply instanceof Map)) return reply;
    const result: [string, unknown][] = [];
    for (const [key, value] of reply) {
      const name = key instanceof Uint8Array ? Buffer.from(key).toString() : String(key);
      const convert = partOf(name);
      result.push([name, convert === null ? value : convert(value, bytes)]);
    }
    return Object.fromEntries(result);
  };
}

/** Of every element of an array or a set, and every value of a map. */
export function each(convert: Convert): Convert {
  return (reply, bytes) => {
    if (Array.isArray(reply)) return reply.map((item) => convert(item, bytes));
    if (reply instanceof Set) return new Set([...reply].map((item) => convert(item, bytes)));
    return reply instanceof Map ? new Map([...reply].map(([key, value]) => [key, convert(value, bytes)])) : reply;
  };
}

/** Of the elements of an array, by their places. */
export function tuple(parts: readonly (Convert | null)[]): Convert {
  return (reply, bytes) => {
    if (!Array.isArray(reply)) return reply;
    return reply.map((item, at) => {
      const convert = parts[at] ?? null;
      return convert === null ? item : convert(item, bytes);
    });
  };
}

/** Of an array whose elements depend on what was asked for: an object of those that have a name. `parts`: by names. */
export function named(names: readonly (string | false | undefined)[], parts: Readonly<Record<string, Convert>> = {}): Convert {
  const given = names.filter((name) => typeof name === "string");
  return (reply, bytes) => {
    if (!Array.isArray(reply)) return reply;
    return Object.fromEntries(given.map((name, at) => [name, name in parts ? parts[name](reply[at], bytes) : reply[at]]));
  };
}

/** Of a bulk string that is a number. */
export function toNumber(reply: unknown): unknown {
  if (typeof reply !== "string" && !(reply instanceof Uint8Array)) return reply;
  const text = Buffer.from(reply).toString();
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/** Of an array that servers leave out where it would be empty. */
export function orEmpty(convert: Convert): Convert {
  return (reply, bytes) => (reply === null ? [] : convert(reply, bytes));
}

function* byTurns(items: readonly unknown[]): Iterable<[unknown, unknown]> {
  for (let at = 0; at < items.length; at += 2) yield [items[at], items[at + 1]];
}

function fieldsOf(pairs: Iterable<[unknown, unknown]>, value: Convert | undefined, bytes: boolean): unknown {
  const converted = value === undefined ? pairs : [...pairs].map(([key, item]): [unknown, unknown] => [key, value(item, bytes)]);
  return bytes ? new Map(converted) : Object.fromEntries(converted as Iterable<[string, unknown]>);
}

/** Of a shape that refers to itself: made when it is needed first. */
export function lazily(make: () => Convert): Convert {
  let made: Convert | null = null;
  return (reply, bytes) => {
    made ??= make();
    return made(reply, bytes);
  };
}
