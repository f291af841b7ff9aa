/** Which keys a walk is about: what all who look through the keys of a database are asked with. Hot: a walk asks for each key. */

import { globMatch } from "../base/glob.ts";
import type { Database } from "../keyspace/database.ts";
import { EXPIRES } from "../memory/record.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import type { Type } from "../values/value-types.ts";

/** Collections of more elements that are not packed are measured by so many of them: all would take longer than a slice. */
const MEASURED_ELEMENTS = 10_000;

/** Says of the key bytes[from, from + length) whether who asks may know of it. */
export type Visible = (bytes: Buffer, from: number, length: number) => boolean;

/** When a key must expire: some time, never, within so many ms. */
export type ExpiryWish = "any" | "with" | "without" | { readonly below: number };

export interface FilterOptions {
  readonly prefix: Buffer;
  /** A glob pattern; null: any name. */
  readonly pattern: Buffer | null;
  readonly type: Type | null;
  /** Bytes that the key takes. */
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly expiry: ExpiryWish;
  /** Null: every key. */
  readonly visible: Visible | null;
}

export class KeyFilter {
  readonly options: FilterOptions;
  /** Of the key that was taken last: its name, and what it takes. */
  readonly name: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
  bytes = 0;
  private readonly measures: boolean;

  constructor(options: FilterOptions) {
    this.options = options;
    this.measures = options.minBytes > 0 || options.maxBytes !== Number.POSITIVE_INFINITY;
  }

  /** Whether the key at `address` is one of those that are meant, as it is now; `name` and `bytes` are its then. */
  takes(database: Database, address: number): boolean {
    const { name } = this;
    const { prefix, pattern, type, expiry, visible } = this.options;
    database.table.locateKey(address, name);
    if (prefix.length > 0 && !beginsWith(name, prefix)) return false;
    if (type !== null && database.type(address) !== type) return false;
    if (pattern !== null && !globMatch(pattern, name.buffer, name.from, name.to, false)) return false;
    if ((database.table.flags(address) & EXPIRES) !== 0) {
      if (expiry === "without" || database.isExpired(address)) return false;
      if (typeof expiry === "object" && database.msToLive(address) >= expiry.below) return false;
    } else if (expiry !== "any" && expiry !== "without") return false;
    if (visible !== null && !visible(name.buffer, name.from, name.to - name.from)) return false;
    this.bytes = database.memoryOf(address, MEASURED_ELEMENTS);
    if (!this.measures) return true;
    return this.bytes >= this.options.minBytes && this.bytes <= this.options.maxBytes;
  }
}

function beginsWith({ buffer, from, to }: ByteSpan, prefix: Buffer): boolean {
  const { length } = prefix;
  if (to - from < length) return false;
  for (let at = 0; at < length; at++) if (buffer[from + at] !== prefix[at]) return false;
  return true;
}
