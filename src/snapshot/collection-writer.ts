/** Lists, sets, hashes, sorted sets and streams in an image: small ones at one go, large ones lent and written bit by bit. Hot: one call per key. */

import type { ByteMap } from "../memory/bytemap.ts";
import type { LargeObject } from "../memory/objects.ts";
import type { Table } from "../memory/record-table.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import type { QuickList } from "../values/list/quicklist.ts";
import type { SortedSet } from "../values/sorted-set/sorted-set.ts";
import type { Stream } from "../values/stream/stream.ts";
import { Type } from "../values/value-types.ts";
import { writeHashField, writeListNode, writeSetMember, writeZsetMember } from "./collection-elements.ts";
import { StoredValue } from "./stored-value.ts";
import { LentMap } from "./streamed-map.ts";
import { LentNodes } from "./streamed-nodes.ts";
import { LentStream } from "./streamed-stream.ts";
import type { LentValue } from "./streamed-value.ts";
import { rdbTypeOf, writeBody, writeCount } from "./value-body.ts";
import type { ValueWriter } from "./value-writer.ts";

/** Collections of more elements, or nodes, than this are lent: below, they take well under 1 ms. */
const LENT_ELEMENTS = 1024;
const LENT_NODES = 32;

const stored = new StoredValue();

/** How collections of one type are written; `lend` lends what is large of it. */
function collectionWriter(type: Type, lend: (object: LargeObject) => LentValue | null): ValueWriter {
  return {
    write(out, table, address) {
      const value = stored.show(table, address);
      writeKey(out, type, table, address);
      return writeBody(out, type, value);
    },

    lend(table, address) {
      const { object } = stored.show(table, address);
      return object === null ? null : lend(object);
    },

    writeHead(out, table, address) {
      const { object } = stored.show(table, address);
      writeKey(out, type, table, address);
      if (object !== null) writeCount(out, type, object);
    },
  };
}

function writeKey(out: RdbWriter, type: Type, table: Table, address: number): void {
  const from = table.keyOffset(address);
  out.key(rdbTypeOf(type, stored.encoding), table.keyBuffer(address), from, from + table.keyLength(address));
}

export const listWriter: ValueWriter = collectionWriter(Type.LIST, (object) => {
  const list = object as QuickList;
  return list.length > LENT_NODES ? new LentNodes(list, writeListNode) : null;
});

export const setWriter: ValueWriter = collectionWriter(Type.SET, (object) =>
  object.size > LENT_ELEMENTS ? new LentMap(object as ByteMap, writeSetMember) : null,
);

export const zsetWriter: ValueWriter = collectionWriter(Type.ZSET, (object) =>
  object.size > LENT_ELEMENTS ? new LentMap((object as SortedSet).map, writeZsetMember) : null,
);

export const hashWriter: ValueWriter = collectionWriter(Type.HASH, (object) =>
  object.size > LENT_ELEMENTS ? new LentMap(object as ByteMap, writeHashField) : null,
);

export const streamWriter: ValueWriter = collectionWriter(Type.STREAM, (object) => {
  const stream = object as Stream;
  // Its size counts nodes, pending entries and consumers.
  return stream.nodes.length > LENT_NODES || stream.size > LENT_ELEMENTS ? new LentStream(stream) : null;
});
