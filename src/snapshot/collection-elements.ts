/**
 * How one element of a large collection stands in an image, for who writes it whole (value-body.ts) and who writes it bit by bit. Before the elements there is their
 * count, as `RdbWriter.length` writes it: of members, of fields, or of a list's nodes. Each function -> about how many bytes of memory it took reading.
 */

import type { ByteMap } from "../memory/bytemap.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import { writeDormant } from "../rdb/compressed-node.ts";
import { NODE_CONTAINER } from "../rdb/format.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import { PACKED } from "../values/list/quicklist.ts";
import { recordScore, SCORE_BYTES } from "../values/sorted-set/sorted-set.ts";
import type { WrittenNodes } from "./streamed-nodes.ts";

/** Where the element being written lies. */
const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

/** The member at `address` of a set (VALUE_TYPE.set). */
export function writeSetMember(out: RdbWriter, map: ByteMap, address: number): number {
  map.locateKey(address, span);
  out.rawString(span.buffer, span.from, span.to);
  return span.to - span.from;
}

/** The member at `address` of a sorted set (VALUE_TYPE.zset2), with its score. */
export function writeZsetMember(out: RdbWriter, map: ByteMap, address: number): number {
  const bytes = writeSetMember(out, map, address);
  out.binaryDouble(recordScore(map.table, address));
  return bytes + SCORE_BYTES;
}

/** The field at `address` of a hash (VALUE_TYPE.hash), with its value. */
export function writeHashField(out: RdbWriter, map: ByteMap, address: number): number {
  const bytes = writeSetMember(out, map, address);
  map.locateValue(address, span);
  out.rawString(span.buffer, span.from, span.to);
  return bytes + span.to - span.from;
}

/** Node `index` of a list (VALUE_TYPE.listQuicklist2). */
export function writeListNode(out: RdbWriter, nodes: WrittenNodes, index: number): number {
  if (nodes.isCompressed(index)) {
    nodes.locateStored(index, span);
    out.length(NODE_CONTAINER.packed);
    return writeDormant(out, span, 0);
  }
  nodes.locate(index, span);
  writeListRun(out, nodes.kind(index), span.buffer, span.from, span.to);
  return span.to - span.from;
}

/** A node of a list, bytes[from, to), of this kind (values/list/quicklist.ts). */
export function writeListRun(out: RdbWriter, kind: number, bytes: Buffer, from: number, to: number): void {
  out.length(kind === PACKED ? NODE_CONTAINER.packed : NODE_CONTAINER.plain);
  out.rawString(bytes, from, to);
}
