/**
 * How the value of a key is written to an image, and the table of the types that are. The walk knows no type: a new one is a file with a `ValueWriter` and
 * a line in `VALUE_WRITERS`, as rdb/value.ts is for reading.
 */

import type { Table } from "../memory/record-table.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import { Type } from "../values/value-types.ts";
import { hashWriter, listWriter, setWriter, streamWriter, zsetWriter } from "./collection-writer.ts";
import type { LentValue } from "./streamed-value.ts";
import { stringWriter } from "./string-writer.ts";

/** Writes the values of one type. `table` and `address` name the record; what was to stand before the entry has been written. */
export interface ValueWriter {
  /** Writes the whole entry: value type, key, value. -> about how many bytes of memory that took reading, for the pace of the walk. */
  write(out: RdbWriter, table: Table, address: number): number;
  /** A value too long for one slice of a walk is lent, as it is now: written as `writeHead` and then, bit by bit, what this gives. -> null for all others. */
  lend(table: Table, address: number): LentValue | null;
  /** Writes the entry up to where a value that is lent follows. */
  writeHead(out: RdbWriter, table: Table, address: number): void;
}

/** The writers, by type. */
export const VALUE_WRITERS: readonly (ValueWriter | undefined)[] = byType([
  [Type.STRING, stringWriter],
  [Type.LIST, listWriter],
  [Type.SET, setWriter],
  [Type.ZSET, zsetWriter],
  [Type.HASH, hashWriter],
  [Type.STREAM, streamWriter],
]);

function byType(writers: readonly (readonly [Type, ValueWriter])[]): (ValueWriter | undefined)[] {
  const table: (ValueWriter | undefined)[] = [];
  for (const [type, writer] of writers) table[type] = writer;
  return table;
}
