/**
 * What stands behind type and key in an image, and behind the type in a DUMP payload: a whole value written at one go. Small collections go as their packed bytes;
 * large ones element by element, with the same functions that a snapshot uses bit by bit (collection-elements.ts).
 *
 * What is written is version 10, which Redis 7.0 loads. So a set that is a listpack goes as its members: version 11 was the first to have it in one piece.
 */

import { assert } from "../assert.ts";
import type { ByteMap } from "../memory/bytemap.ts";
import type { LargeObject } from "../memory/objects.ts";
import { OrderedCursor } from "../memory/ordered.ts";
import { Element, packedCount, packedFirst, packedRead } from "../memory/packed.ts";
import { VALUE_TYPE } from "../rdb/format.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import type { Holder } from "../values/holder.ts";
import { PACKED, type QuickList } from "../values/list/quicklist.ts";
import type { SortedSet } from "../values/sorted-set/sorted-set.ts";
import type { Stream } from "../values/stream/stream.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { writeHashField, writeListNode, writeListRun, writeSetMember, writeZsetMember } from "./collection-elements.ts";
import { LentStream } from "./streamed-stream.ts";

const member = new Element();
const cursor = new OrderedCursor();

/** The value type of the format that a value of this type and encoding is written as. */
export function rdbTypeOf(type: Type, encoding: Encoding): number {
  switch (type) {
    case Type.STRING:
      return VALUE_TYPE.string;
    case Type.LIST:
      return VALUE_TYPE.listQuicklist2;
    case Type.SET:
      return encoding === Encoding.INTSET ? VALUE_TYPE.setIntset : VALUE_TYPE.set;
    case Type.ZSET:
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.zsetListpack : VALUE_TYPE.zset2;
    case Type.HASH:
      return encoding === Encoding.LISTPACK ? VALUE_TYPE.hashListpack : VALUE_TYPE.hash;
    case Type.STREAM:
      return VALUE_TYPE.streamListpacks2;
  }
}

/** Writes what `value`, which is of this type, holds. -> about how many bytes of memory that took reading. */
export function writeBody(out: RdbWriter, type: Type, value: Holder): number {
  return value.object === null ? writePacked(out, type, value) : writeLarge(out, type, value.object);
}

/** The count that stands before the elements of a large collection, where it has one. */
export function writeCount(out: RdbWriter, type: Type, object: LargeObject): void {
  // A list and a stream count their nodes.
  if (type === Type.LIST) out.length((object as QuickList).length);
  else if (type !== Type.STREAM) out.length(object.size);
}

function writePacked(out: RdbWriter, type: Type, value: Holder): number {
  const { buffer, from, to } = value;
  if (type === Type.LIST) {
    out.length(1);
    writeListRun(out, PACKED, buffer, from, to);
  } else if (type === Type.SET && value.encoding === Encoding.LISTPACK) {
    out.length(packedCount(buffer, from));
    for (let at = packedFirst(buffer, from); at < to - 1; ) {
      at = packedRead(buffer, at, member);
      out.rawString(member.bytes, member.from, member.to);
    }
  } else {
    out.rawString(buffer, from, to);
  }
  return to - from;
}

function writeLarge(out: RdbWriter, type: Type, object: LargeObject): number {
  writeCount(out, type, object);
  let bytes = 0;
  switch (type) {
    case Type.LIST: {
      const list = object as QuickList;
      for (let index = 0; index < list.length; index++) bytes += writeListNode(out, list, index);
      break;
    }
    case Type.SET:
      (object as ByteMap).each((address) => {
        bytes += writeSetMember(out, object as ByteMap, address);
      });
      break;
    case Type.ZSET: {
      // From the last to the first, as Redis does: who loads it then always inserts at the front.
      const { index, map } = object as SortedSet;
      for (index.seekLast(cursor); cursor.chunk !== -1; index.previous(cursor)) bytes += writeZsetMember(out, map, cursor.address);
      break;
    }
    case Type.HASH:
      (object as ByteMap).each((address) => {
        bytes += writeHashField(out, object as ByteMap, address);
      });
      break;
    case Type.STREAM: {
      const lent = new LentStream(object as Stream);
      bytes = lent.write(out, Number.POSITIVE_INFINITY);
      break;
    }
    default:
      assert(false, "strings are not made of elements");
  }
  return bytes;
}
