/** Which keys a feed is about. */

import { globMatch } from "../base/glob.ts";
import type { ValueType } from "./events.ts";

export interface FilterOptions {
  /** A glob pattern as KEYS takes it. */
  readonly keys?: string | Uint8Array | undefined;
  readonly types?: readonly ValueType[] | undefined;
  readonly db?: number | undefined;
}

const STAR = "*";

export class Filter {
  private readonly pattern: Buffer | null;
  private readonly types: ReadonlySet<ValueType> | null;
  /** The database, or -1 for all. */
  readonly db: number;
  /** Whether nothing is filtered out. */
  readonly takesAll: boolean;

  constructor({ keys, types, db }: FilterOptions) {
    this.pattern = keys === undefined || keys === STAR ? null : Buffer.from(keys as string);
    this.types = types === undefined ? null : new Set(types);
    this.db = db ?? -1;
    this.takesAll = this.pattern === null && this.types === null && this.db === -1;
  }

  takesDb(db: number): boolean {
    return this.db === -1 || this.db === db;
  }

  takesKey(db: number, bytes: Buffer, from: number, to: number): boolean {
    return this.takesDb(db) && (this.pattern === null || globMatch(this.pattern, bytes, from, to, false));
  }

  /** A type that is not known may be one of those asked for. */
  takesType(type: ValueType | null): boolean {
    return this.types === null || type === null || this.types.has(type);
  }
}
