/** HRANDFIELD and HSCAN: fields at random, or a few at a time. */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { hashDraw, hashEach, hashMap, hashRandom, hashSample, hashVisibleLength, showEntry } from "../../values/hash/hash.ts";
import { isHidden, isTimed, mayHide } from "../../values/hash/timed.ts";
import { Type } from "../../values/value-types.ts";
import { openScan, replyMapPairs, replyPackedPairs } from "../arguments/collection-scan.ts";
import { sampleSize } from "../arguments/numbers.ts";

const command = commandsOf("hash");

export const hrandfield = command("hrandfield", { arity: -2, since: "6.2.0", flags: "readonly" })
  .takes("key{RO access} [options(count [WITHVALUES])]")
  .answers("string | null; if count: string[]; if WITHVALUES: pairs<string, string>")
  .tips("nondeterministic_output")
  .docs("Returns random fields of a hash.", "O(N) for N fields returned")
  .run((call) => {
    if (call.count > 2) return replyRandomFields(call);
    const hash = call.openRead(1, Type.HASH);
    if (hashVisibleLength(hash) === 0) return call.reply.null();
    hashRandom(hash, shownField, shownValue);
    call.reply.slice(shownField);
  });

export const hscan = command("hscan", { arity: -3, since: "2.8.0", flags: "readonly" })
  .takes("key{RO access} cursor [MATCH pattern] [COUNT count] [NOVALUES]")
  .answers("[cursor: string, fields: flat<string, string>]; if NOVALUES: [cursor: string, fields: string[]]")
  .tips("nondeterministic_output")
  .docs("Iterates over the fields and values of a hash.", "O(1) a call, O(N) for N fields in all")
  .run((call) => {
    const scan = openScan(call, Type.HASH);
    if (scan === null) return;
    const map = hashMap(scan.value);
    const { value } = scan;
    const shows = isTimed(value.encoding) && mayHide(value) ? (place: number) => !isHidden(value, place) : undefined;
    if (map === null) return replyPackedPairs(call, value, scan.options, shows);
    const replyPair = (address: number): void => {
      showEntry(map, address, shownField, shownValue);
      call.reply.slice(shownField);
      if (!scan.options.fieldsOnly) call.reply.slice(shownValue);
    };
    replyMapPairs(call, map, scan, replyPair, shows);
  });

const shownField = new Element();
const shownValue = new Element();

/** HRANDFIELD with a count: that many distinct fields, or that many draws if it is negative. */
function replyRandomFields(call: Call): void {
  const wanted = sampleSize(call, "withvalues");
  const withValues = call.count === 4;
  const hash = call.openRead(1, Type.HASH);
  const length = hashVisibleLength(hash);
  if (length === 0 || wanted === 0n) return call.reply.array(0);
  let count = Number(wanted < 0n ? -wanted : wanted);
  if (wanted > 0n && count > length) count = length;
  const { reply } = call;
  reply.array(withValues && reply.protocol === 2 ? count * 2 : count);
  const visit = (field: Element, value: Element): void => {
    if (withValues && reply.protocol === 3) reply.array(2);
    call.reply.slice(field);
    if (withValues) call.reply.slice(value);
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
