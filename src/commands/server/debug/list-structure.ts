/**
 * DEBUG subcommands that print packed values and the nodes of lists to standard output, and the one that sets from which length on nodes
 * are not packed.
 */

import { parseMemory } from "../../../config/numbers.ts";
import { commandError, errors } from "../../../errors.ts";
import type { Call } from "../../../execution/call.ts";
import type { Value } from "../../../keyspace/value.ts";
import { Element, packedAtEnd, packedBytes, packedCount, packedFirst, packedRead } from "../../../memory/packed.ts";
import type { ByteSpan } from "../../../memory/record-table.ts";
import { DEFAULT_LIMITS } from "../../../values/limits.ts";
import { PLAIN, QuickList } from "../../../values/list/quicklist.ts";
import { Encoding } from "../../../values/value-types.ts";

/** Redis's limit: a list's packed node stays a little below 4 GiB. */
const MAX_PACKED_THRESHOLD = 2n ** 32n - 2n ** 20n;
/** How much of an element is shown. */
const SHOWN_BYTES = 40;

/** Large lists keep elements of this many bytes on in nodes that are not packed; 0 means the default. */
export function packedThreshold(call: Call): void {
  const bytes = parseMemory(call.text(2));
  if (bytes === null || bytes > MAX_PACKED_THRESHOLD)
    throw commandError("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  call.server.keyspace.limits.plainNodeBytes = bytes === 0n ? DEFAULT_LIMITS.plainNodeBytes : Number(bytes);
  call.reply.ok();
}

/** Errors: no such key, not packed. */
export function listpack(call: Call): void {
  const value = open(call);
  if (value.encoding !== Encoding.LISTPACK) throw commandError("ERR Not a listpack encoded object.");
  process.stdout.write(`${describePacked(value.buffer, value.from).join("\n")}\n`);
  call.reply.simple("Listpack structure printed on stdout");
}

/** A third argument other than 0 shows the elements too. Errors: no such key, not a quicklist. */
export function quicklist(call: Call): void {
  const full = call.count === 4 && (Number.parseInt(call.text(3), 10) || 0) !== 0;
  const { object } = open(call);
  if (!(object instanceof QuickList)) throw commandError("ERR Not a quicklist encoded object.");
  process.stdout.write(`${describeNodes(object, full).join("\n")}\n`);
  call.reply.simple("Quicklist structure printed on stdout");
}

function open(call: Call): Value {
  const value = call.openRead(2, null);
  if (!value.exists) throw errors.noSuchKey;
  return value;
}

function describeNodes(list: QuickList, full: boolean): string[] {
  const lines = [`quicklist: ${list.size} elements in ${list.length} nodes`];
  const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
  for (let node = 0; node < list.length; node++) {
    const blocks = list.blocksAt(node);
    if (blocks === null) list.locate(node, span);
    const plain = list.kind(node) === PLAIN;
    lines.push(
      `node ${node}: ${plain ? "plain" : "packed"}, ${list.count(node)} elements, ${list.bytes(node)} of ${list.capacity(node)} bytes`,
    );
    if (blocks !== null && full) lines.push(`  ${shown(blocks.joined(0, SHOWN_BYTES + 1), 0, SHOWN_BYTES + 1)}`);
    else if (plain && full) lines.push(`  ${shown(span.buffer, span.from, span.to)}`);
    else if (full) lines.push(...describePacked(span.buffer, span.from));
  }
  return lines;
}

function describePacked(buffer: Buffer, from: number): string[] {
  const lines = [`  listpack: ${packedCount(buffer, from)} entries, ${packedBytes(buffer, from)} bytes`];
  const element = new Element();
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
    const next = packedRead(buffer, at, element);
    const type = element.bytes === element.digits ? "integer" : "string";
    lines.push(`  +${at - from} ${type}, ${next - at} bytes: ${shown(element.bytes, element.from, element.to)}`);
    at = next;
  }
  return lines;
}

function shown(bytes: Buffer, from: number, to: number): string {
  const text = JSON.stringify(bytes.toString("latin1", from, Math.min(to, from + SHOWN_BYTES)));
  return to - from > SHOWN_BYTES ? `${text}...` : text;
}
