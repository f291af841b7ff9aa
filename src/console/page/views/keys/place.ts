/** Where one is among the keys: read from the address, and written to it. */

import { octetsOf, textOf } from "../../octets.ts";
import { addressOf, go, parameters } from "../../route.ts";
import type { Search } from "./search.ts";

export const ORDERS = { name: "Name", keys: "Keys", bytes: "Bytes" } as const;
export type Order = keyof typeof ORDERS;

export interface Place {
  readonly database: number;
  /** What names begin with that are shown. */
  readonly prefix: Uint8Array;
  readonly order: Order;
  readonly search: Search;
  /** The key whose value is shown. */
  readonly key: Uint8Array | null;
}

/** The place that the address names. */
export function placeNow(): Place {
  const { value } = parameters;
  const text = (name: string): string => value.get(name) ?? "";
  const database = Number(text("db"));
  const order = text("by");
  const key = value.get("key");
  return {
    database: Number.isSafeInteger(database) && database >= 0 ? database : 0,
    prefix: octetsOf(text("prefix")),
    order: order === "keys" || order === "bytes" ? order : "name",
    search: { match: text("match"), type: text("type"), min: text("min"), max: text("max"), ttl: text("ttl") },
    key: key === null ? null : octetsOf(key),
  };
}

/** The address of a place. */
export function addressOfPlace({ database, prefix, order, search, key }: Place): string {
  return addressOf("keys", valuesOf({ database, prefix, order, search, key }));
}

/** Leads to a place; `replace`: without a new entry in the browser's history. */
export function goTo(place: Place, options: { readonly replace?: boolean } = {}): void {
  go("keys", valuesOf(place), options);
}

function valuesOf({ database, prefix, order, search, key }: Place): Record<string, string> {
  const values: Record<string, string> = { db: String(database) };
  if (prefix.length > 0) values.prefix = textOf(prefix);
  if (order !== "name") values.by = order;
  for (const [name, value] of Object.entries(search)) if (value !== "") values[name] = value;
  if (key !== null) values.key = textOf(key);
  return values;
}
