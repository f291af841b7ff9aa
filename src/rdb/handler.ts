/** What the reader of an RDB file calls as it goes: the interface between the file format and what loads it. */

import type { Temporary } from "../values/temporary.ts";
import type { Type } from "../values/value-types.ts";
import type { RdbEntry } from "./entry.ts";

/** What loads an image: called as its parts complete, in the order of the file. What it throws ends the reading and leaves `push`. */
export interface RdbHandler {
  /** A fact about the file, e.g. `redis-ver`, `repl-id`; latin1. Unknown ones are to be ignored; those that start with `%` are for the log. */
  aux(name: string, value: string): void;
  /** The entries that follow are in this database. Whether there is one of this number is for the handler to say. */
  database(index: number): void;
  /** The current database will have about so many keys, and so many with an expiry. Not to be trusted: make room, but not without a bound. */
  sizes(keys: number, expires: number): void;
  /** A key whose value is a string. The entry is used again for the next. */
  string(entry: RdbEntry): void;
  /** A value that is no string begins. Returns an empty value of this type, to be filled. It is the handler's; there is one at a time. */
  draft(type: Type): Temporary;
  /** A key whose value is now whole in the draft that `draft` gave last. Entry and draft are used again for the next. */
  collection(entry: RdbEntry, draft: Temporary): void;
  /** A key whose collection has nothing in it, which no server should have saved: it is passed over. */
  empty(entry: RdbEntry): void;
  /** The code of a function library; the buffer is the handler's. */
  library(code: Buffer): void;
  /** A command between the entries, to be run in the current database. The words are good until the handler returns. */
  command(words: readonly Buffer[]): void;
  /** Something was passed over; for the log. */
  warning(message: string): void;
  /** An entry has a value type that this reader cannot read; RdbError follows. The buffer is the handler's. */
  unsupported(type: number, key: Buffer): void;
  /** Reading has ended in an error: a value that is not whole is dropped. */
  abandon(): void;
}
