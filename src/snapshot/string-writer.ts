/** Strings in an image: bytes, which the RDB writer shortens to an integer or with LZF where it can. Hot: one call per key. */

import type { Blob } from "../memory/objects.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { Table } from "../memory/record-table.ts";
import { VALUE_TYPE } from "../rdb/format.ts";
import { LentBytes } from "./streamed-value.ts";
import type { ValueWriter } from "./value-writer.ts";

/**
 * A string of more bytes than this is written in pieces, and not compressed, because that cannot be interrupted: 256 KiB take LZF about 1 ms. SAVE, which
 * stops everything anyway, compresses every string.
 */
export const BULK_BYTES = 256 * 1024;

export const stringWriter: ValueWriter = {
  write(out, table, address) {
    const key = table.keyBuffer(address);
    const keyFrom = table.keyOffset(address);
    const keyTo = keyFrom + table.keyLength(address);
    if ((table.flags(address) & OUTSIDE) !== 0) {
      const blob = outsideString(table, address);
      out.stringEntry(key, keyFrom, keyTo, blob.buffer, 0, blob.length);
      return blob.length;
    }
    const from = table.valueOffset(address);
    const length = table.valueLength(address);
    out.stringEntry(key, keyFrom, keyTo, table.bytesOf(address), from, from + length);
    return length;
  },

  lend(table, address) {
    if ((table.flags(address) & OUTSIDE) === 0) return null;
    const blob = outsideString(table, address);
    return blob.length > BULK_BYTES ? new LentBytes(blob.buffer, 0, blob.length) : null;
  },

  writeHead(out, table, address) {
    const keyFrom = table.keyOffset(address);
    out.key(VALUE_TYPE.string, table.keyBuffer(address), keyFrom, keyFrom + table.keyLength(address));
    out.length(outsideString(table, address).length);
  },
};

function outsideString(table: Table, address: number): Blob {
  return table.space.objects.get(table.handle(address)) as Blob;
}
