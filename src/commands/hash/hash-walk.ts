/** HRANDFIELD and HSCAN: fields at random, or a few at a time. */

import { globMatch } from "../../base/glob.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Value } from "../../keyspace/value.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import { Element, packedAtEnd, packedFirst, packedRead } from "../../memory/packed.ts";
import { hashDraw, hashEach, hashLength, hashMap, hashRandom, hashSample, showEntry } from "../../values/hash/hash.ts";
import { Type } from "../../values/value-types.ts";
import { openScan, type ScanOptions, scanMap } from "../arguments/collection-scan.ts";
import { sampleSize } from "../arguments/numbers.ts";

const command = commandsOf("hash");

export const hrandfield = command("hrandfield", { arity: -2, since: "6.2.0", flags: "readonly" })
  .takes("key{RO access} [options(count [WITHVALUES])]")
  .tips("nondeterministic_output")
  .docs("Returns random fields of a hash.", "O(N) for N fields returned")
  .run((call) => {
    if (call.count > 2) return replyRandomFields(call);
    const hash = call.openRead(1, Type.HASH);
    if (!hash.exists) return call.reply.null();
    hashRandom(hash, shownField, shownValue);
    replyElement(call, shownField);
  });

export const hscan = command("hscan", { arity: -3, since: "2.8.0", flags: "readonly" })
  .takes("key{RO access} cursor [MATCH pattern] [COUNT count]")
  .tips("nondeterministic_output")
  .docs("Iterates over the fields and values of a hash.", "O(1) a call, O(N) for N fields in all")
  .run((call) => {
    const scan = openScan(call, Type.HASH);
    if (scan === null) return;
    const { value, cursor, options } = scan;
    const map = hashMap(value);
    if (map === null) scanPacked(call, value, options);
    else scanLarge(call, map, cursor, options);
  });

const shownField = new Element();
const shownValue = new Element();

function replyElement(call: Call, element: Element): void {
  call.reply.bytes(element.bytes, element.from, element.to);
}

/** HRANDFIELD with a count: that many distinct fields, or that many draws if it is negative. */
function replyRandomFields(call: Call): void {
  const wanted = sampleSize(call, "withvalues");
  const withValues = call.count === 4;
  const hash = call.openRead(1, Type.HASH);
  if (!hash.exists || wanted === 0n) return call.reply.array(0);
  const length = hashLength(hash);
  let count = Number(wanted < 0n ? -wanted : wanted);
  if (wanted > 0n && count > length) count = length;
  const { reply } = call;
  reply.array(withValues && reply.protocol === 2 ? count * 2 : count);
  const visit = (field: Element, value: Element): void => {
    if (withValues && reply.protocol === 3) reply.array(2);
    replyElement(call, field);
    if (withValues) replyElement(call, value);
  };
  if (wanted < 0n || wanted === 1n) drawFields(call, hash, count, visit);
  else if (count === length) hashEach(hash, visit, shownField, shownValue);
  else hashSample(hash, count, shownField, shownValue, visit);
}

/** Visits `count` fields, each drawn from all of them. Stops once the client is disconnected. */
function drawFields(call: Call, hash: Value, count: number, visit: (field: Element, value: Element) => void): void {
  let left = count;
  hashDraw(hash, shownField, shownValue, (field, value) => {
    visit(field, value);
    return --left > 0 && !call.session.closing;
  });
}

/** Packed hashes are small: one call returns all fields, whatever the cursor. */
function scanPacked(call: Call, hash: Value, { pattern }: ScanOptions): void {
  const { buffer } = hash;
  const found: number[] = [];
  for (let at = packedFirst(buffer, hash.from); !packedAtEnd(buffer, at); ) {
    const value = packedRead(buffer, at, shownField);
    if (pattern === null || globMatch(pattern, shownField.bytes, shownField.from, shownField.to, false)) found.push(at);
    at = packedRead(buffer, value, shownValue);
  }
  call.reply.integerBulk(0);
  call.reply.array(found.length * 2);
  for (const at of found) {
    packedRead(buffer, packedRead(buffer, at, shownField), shownValue);
    replyElement(call, shownField);
    replyElement(call, shownValue);
  }
}

function scanLarge(call: Call, map: ByteMap, cursor: number, options: ScanOptions): void {
  const found: number[] = [];
  const next = scanMap(map, cursor, options, found);
  call.reply.integerBulk(next >>> 0);
  call.reply.array(found.length * 2);
  for (const address of found) {
    showEntry(map, address, shownField, shownValue);
    replyElement(call, shownField);
    replyElement(call, shownValue);
  }
}
