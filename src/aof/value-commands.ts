/**
 * The commands that build what a key holds, and the table of the types that have them: what value-writer.ts is for images. A key whose value is too long for one slice is
 * lent and written bit by bit. Hot: one call per key.
 */

import { copied } from "../base/bytes.ts";
import type { ByteMap } from "../memory/bytemap.ts";
import { Blob, type LargeObject } from "../memory/objects.ts";
import { packedCount } from "../memory/packed.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { ByteSpan, Table } from "../memory/record-table.ts";
import { StoredValue } from "../snapshot/stored-value.ts";
import { LentBytes, type LentValue } from "../snapshot/streamed-value.ts";
import { BULK_BYTES } from "../snapshot/string-writer.ts";
import { hashEach, hashLength } from "../values/hash/hash.ts";
import { PACKED, type QuickList } from "../values/list/quicklist.ts";
import { setEach, setLength } from "../values/set/set.ts";
import { recordScore, SCORE_BYTES, type SortedSet } from "../values/sorted-set/sorted-set.ts";
import { zsetEach, zsetLength } from "../values/sorted-set/zset.ts";
import type { Stream } from "../values/stream/stream.ts";
import { Type } from "../values/value-types.ts";
import { Batches, BUILDERS } from "./batches.ts";
import { beginLongWord, type CommandBytes, endLongWord, writeElement, writeScore, writeText, writeWord, writeWords } from "./protocol.ts";
import { StreamCommands } from "./stream-commands.ts";
import { type ElementWords, LentListCommands, LentMapCommands, writeNodeElements } from "./streamed-commands.ts";

/** Writes the values of one type as commands. */
export interface ValueCommands {
  /** Writes all of it. -> about how many bytes of memory that took reading, for the pace of the walk. */
  write(out: CommandBytes, table: Table, address: number): number;
  /** A value too long for one slice is lent as it is now: `writeHead`, then bit by bit what this gives, then `writeTail`. -> null for all others. */
  lend(table: Table, address: number): LentValue | null;
  writeHead(out: CommandBytes, table: Table, address: number): void;
  writeTail(out: CommandBytes): void;
}

/** Collections of more elements, or nodes, than this are lent. */
const LENT_ELEMENTS = 1024;
const LENT_NODES = 32;
/** Small values held packed may be larger than the limits for new ones. */
const PACKED_COST = 64;

const stored = new StoredValue();
const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

const NOTHING = () => {};

function keyOf(table: Table, address: number): Buffer {
  const from = table.keyOffset(address);
  return copied(table.keyBuffer(address), from, from + table.keyLength(address));
}

/** Heads of commands for `elements` elements of the key; `kept`: for later, when the key may have moved. */
function batchesFor(
  builder: (typeof BUILDERS)[keyof typeof BUILDERS],
  elements: number,
  table: Table,
  address: number,
  kept: boolean,
): Batches {
  if (kept) {
    const key = keyOf(table, address);
    return new Batches(builder, elements, key, 0, key.length);
  }
  const from = table.keyOffset(address);
  return new Batches(builder, elements, table.keyBuffer(address), from, from + table.keyLength(address));
}

const strings: ValueCommands = {
  write(out, table, address) {
    beginSet(out, table, address);
    const { buffer, from, to } = stored.show(table, address);
    writeWord(out, buffer, from, to);
    return to - from;
  },

  lend(table, address) {
    if ((table.flags(address) & OUTSIDE) === 0) return null;
    const held = table.space.objects.get(table.handle(address));
    return held instanceof Blob && held.length > BULK_BYTES ? new LentBytes(held.buffer, 0, held.length) : null;
  },

  writeHead(out, table, address) {
    beginSet(out, table, address);
    const { from, to } = stored.show(table, address);
    beginLongWord(out, to - from);
  },

  writeTail: endLongWord,
};

function beginSet(out: CommandBytes, table: Table, address: number): void {
  const from = table.keyOffset(address);
  writeWords(out, 3);
  writeText(out, "SET");
  writeWord(out, table.keyBuffer(address), from, from + table.keyLength(address));
}

const lists: ValueCommands = {
  write(out, table, address) {
    const value = stored.show(table, address);
    if (value.object === null) {
      const batches = batchesFor(BUILDERS.list, packedCount(value.buffer, value.from), table, address, false);
      writeNodeElements(out, batches, PACKED, value);
      return value.to - value.from;
    }
    const list = value.object as QuickList;
    const batches = batchesFor(BUILDERS.list, list.size, table, address, false);
    let bytes = 0;
    for (let index = 0; index < list.length; index++) {
      list.locate(index, span);
      bytes += span.to - span.from;
      writeNodeElements(out, batches, list.kind(index), span);
    }
    return bytes;
  },

  lend(table, address) {
    const list = stored.show(table, address).object as QuickList | null;
    if (list === null || list.length <= LENT_NODES) return null;
    return new LentListCommands(list, batchesFor(BUILDERS.list, list.size, table, address, true));
  },

  writeHead: NOTHING,
  writeTail: NOTHING,
};

const sets: ValueCommands = {
  write(out, table, address) {
    const value = stored.show(table, address);
    const batches = batchesFor(BUILDERS.set, setLength(value), table, address, false);
    let bytes = PACKED_COST;
    setEach(value, (member) => {
      batches.next(out);
      writeElement(out, member);
      bytes += member.to - member.from;
    });
    return bytes;
  },

  lend: (table, address) => lendMap(table, address, BUILDERS.set, (object) => object as ByteMap, writeMember),
  writeHead: NOTHING,
  writeTail: NOTHING,
};

const zsets: ValueCommands = {
  write(out, table, address) {
    const value = stored.show(table, address);
    const batches = batchesFor(BUILDERS.zset, zsetLength(value), table, address, false);
    let bytes = PACKED_COST;
    zsetEach(value, (member, score) => {
      batches.next(out);
      writeScore(out, score);
      writeElement(out, member);
      bytes += member.to - member.from;
    });
    return bytes;
  },

  lend: (table, address) => lendMap(table, address, BUILDERS.zset, (object) => (object as SortedSet).map, writeScoredMember),
  writeHead: NOTHING,
  writeTail: NOTHING,
};

const hashes: ValueCommands = {
  write(out, table, address) {
    const value = stored.show(table, address);
    const batches = batchesFor(BUILDERS.hash, hashLength(value), table, address, false);
    let bytes = PACKED_COST;
    hashEach(value, (field, content) => {
      batches.next(out);
      writeElement(out, field);
      writeElement(out, content);
      bytes += field.to - field.from + content.to - content.from;
    });
    return bytes;
  },

  lend: (table, address) => lendMap(table, address, BUILDERS.hash, (object) => object as ByteMap, writeField),
  writeHead: NOTHING,
  writeTail: NOTHING,
};

function lendMap(
  table: Table,
  address: number,
  builder: (typeof BUILDERS)[keyof typeof BUILDERS],
  mapOf: (object: LargeObject) => ByteMap,
  words: ElementWords,
): LentValue | null {
  const { object } = stored.show(table, address);
  if (object === null || object.size <= LENT_ELEMENTS) return null;
  return new LentMapCommands(mapOf(object), batchesFor(builder, object.size, table, address, true), words);
}

const writeMember: ElementWords = (out, map, address) => {
  map.locateKey(address, span);
  writeWord(out, span.buffer, span.from, span.to);
  return span.to - span.from;
};

const writeScoredMember: ElementWords = (out, map, address) => {
  writeScore(out, recordScore(map.table, address));
  return writeMember(out, map, address) + SCORE_BYTES;
};

const writeField: ElementWords = (out, map, address) => {
  const bytes = writeMember(out, map, address);
  map.locateValue(address, span);
  writeWord(out, span.buffer, span.from, span.to);
  return bytes + span.to - span.from;
};

const streams: ValueCommands = {
  write(out, table, address) {
    const stream = stored.show(table, address).object as Stream;
    const commands = new StreamCommands(stream, keyOf(table, address));
    const bytes = commands.write(out, Number.POSITIVE_INFINITY);
    commands.release();
    return bytes;
  },

  lend(table, address) {
    const stream = stored.show(table, address).object as Stream;
    // Its size counts nodes, pending entries and consumers.
    return stream.nodes.length > LENT_NODES || stream.size > LENT_ELEMENTS ? new StreamCommands(stream, keyOf(table, address)) : null;
  },

  writeHead: NOTHING,
  writeTail: NOTHING,
};

/** By type. */
export const VALUE_COMMANDS: readonly (ValueCommands | undefined)[] = byType([
  [Type.STRING, strings],
  [Type.LIST, lists],
  [Type.SET, sets],
  [Type.ZSET, zsets],
  [Type.HASH, hashes],
  [Type.STREAM, streams],
]);

function byType(commands: readonly (readonly [Type, ValueCommands])[]): (ValueCommands | undefined)[] {
  const table: (ValueCommands | undefined)[] = [];
  for (const [type, one] of commands) table[type] = one;
  return table;
}
