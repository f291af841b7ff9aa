/**
 * How the value of a key is written to an image, and the table of the types that are. The walk knows no type: a new one is a file with a `ValueWriter` and
 * a line in `VALUE_WRITERS`, as rdb/value.ts is for reading.
 */

import { Type } from "../keyspace/types.ts";
import type { Blob } from "../memory/objects.ts";
import type { Table } from "../memory/table.ts";
import type { RdbWriter } from "./rdb/writer.ts";
import { stringWriter } from "./string-writer.ts";

/** Writes the values of one type. `table` and `address` name the record; what was to stand before the entry has been written. */
export interface ValueWriter {
  /** Writes the whole entry: value type, key, value. -> about how many bytes of memory that took reading, for the pace of the walk. */
  write(out: RdbWriter, table: Table, address: number): number;
  /** What makes the value too long for one slice of a walk, or null where nothing does. Such a value is written as `writeHead` and then the bytes of its bulk. */
  bulk(table: Table, address: number): Blob | null;
  /** Writes the entry up to where the bytes of its bulk follow as they stand. */
  writeHead(out: RdbWriter, table: Table, address: number, bulk: Blob): void;
}

/** The writers, by type. */
export const VALUE_WRITERS: readonly (ValueWriter | undefined)[] = byType([[Type.STRING, stringWriter]]);

function byType(writers: readonly (readonly [Type, ValueWriter])[]): (ValueWriter | undefined)[] {
  const table: (ValueWriter | undefined)[] = [];
  for (const [type, writer] of writers) table[type] = writer;
  return table;
}
