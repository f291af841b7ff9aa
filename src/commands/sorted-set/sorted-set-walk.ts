/** ZRANDMEMBER and ZSCAN: members at random, or a few at a time. */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { ZsetCursor, zsetLarge, zsetLength, zsetNext, zsetSeek } from "../../values/sorted-set/zset.ts";
import { Type } from "../../values/value-types.ts";
import { openScan, replyMapPairs, replyPackedPairs } from "../arguments/collection-scan.ts";
import { sampleSize } from "../arguments/numbers.ts";

const command = commandsOf("sorted-set");

/** A sample of more than one in this many members is taken in one walk over all of them. */
const WALKED_SHARE = 8;

export const zrandmember = command("zrandmember", { arity: -2, since: "6.2.0", flags: "readonly" })
  .takes("key{RO access} [options(count [WITHSCORES])]")
  .answers("string | null; if count: string[]; if WITHSCORES: pairs<string, double>")
  .tips("nondeterministic_output")
  .docs("Returns random members of a sorted set.", "O(N) for N members returned")
  .run((call) => {
    if (call.count > 2) return replySample(call);
    const zset = call.openRead(1, Type.ZSET);
    if (!zset.exists) return call.reply.null();
    zsetSeek(zset, cursor, below(zsetLength(zset)));
    replyMember(call, false);
  });

export const zscan = command("zscan", { arity: -3, since: "2.8.0", flags: "readonly" })
  .takes("key{RO access} cursor [MATCH pattern] [COUNT count]")
  .answers("[cursor: string, members: flat<string, decimal>]")
  .tips("nondeterministic_output")
  .docs("Iterates over the members and scores of a sorted set.", "O(1) a call, O(N) for N members in all")
  .run((call) => {
    const scan = openScan(call, Type.ZSET);
    if (scan === null) return;
    const large = zsetLarge(scan.value);
    if (large === null) return replyPackedPairs(call, scan.value, scan.options);
    replyMapPairs(call, large.map, scan, (address) => {
      large.show(address, shownMember);
      call.reply.slice(shownMember);
      call.reply.bulk(seventeenDigits(large.score(address)));
    });
  });

const cursor = new ZsetCursor();
const shownMember = new Element();

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** Replies with the member at `cursor`. */
function replyMember({ reply }: Call, withScore: boolean): void {
  if (withScore && reply.protocol === 3) reply.array(2);
  reply.slice(cursor.member);
  if (withScore) reply.double(cursor.score);
}

/** ZRANDMEMBER with a count: that many distinct members, or that many draws if it is negative. */
function replySample(call: Call): void {
  const wanted = sampleSize(call, "withscores");
  const withScores = call.count === 4;
  const zset = call.openRead(1, Type.ZSET);
  if (!zset.exists || wanted === 0n) return call.reply.array(0);
  const length = zsetLength(zset);
  const count = wanted < 0n ? Number(-wanted) : Math.min(Number(wanted), length);
  call.reply.array(withScores && call.reply.protocol === 2 ? count * 2 : count);
  if (wanted < 0n || wanted === 1n) {
    for (let left = count; left > 0 && !call.session.closing; left--) {
      zsetSeek(zset, cursor, below(length));
      replyMember(call, withScores);
    }
  } else if (zset.object === null || count * WALKED_SHARE > length) {
    walkSample(call, zset, count, withScores);
  } else {
    for (const rank of differentRanks(count, length)) {
      zsetSeek(zset, cursor, rank);
      replyMember(call, withScores);
    }
  }
}

/** One walk: each member is taken with probability wanted / left, the numbers still wanted and left. */
function walkSample(call: Call, zset: Value, count: number, withScores: boolean): void {
  let wanted = count;
  zsetSeek(zset, cursor, 0);
  for (let left = zsetLength(zset); wanted > 0; left--) {
    if (Math.random() * left < wanted) {
      replyMember(call, withScores);
      wanted--;
    }
    if (wanted > 0) zsetNext(zset, cursor);
  }
}

/** Returns `count` distinct numbers below `length`, every choice with the same probability (Floyd's sampling). */
function differentRanks(count: number, length: number): Set<number> {
  const chosen = new Set<number>();
  for (let last = length - count; last < length; last++) {
    const rank = below(last + 1);
    chosen.add(chosen.has(rank) ? last : rank);
  }
  return chosen;
}

/** A score as C's "%.17g" writes it: only ZSCAN does so in Redis 7.2. */
function seventeenDigits(score: number): string {
  if (!Number.isFinite(score)) return score > 0 ? "inf" : "-inf";
  if (score === 0) return Object.is(score, -0) ? "-0" : "0";
  const sign = score < 0 ? "-" : "";
  let [digits, exponent] = Math.abs(score).toExponential(16).split("e");
  // Of two that are equally near, C takes the even one, JavaScript the larger.
  const longer = Math.abs(score).toExponential(40);
  if (/^.{18}50*e/.test(longer) && (longer.charCodeAt(17) & 1) === 0) [digits, exponent] = [longer.slice(0, 18), longer.split("e")[1]];
  const power = Number(exponent);
  const figures = digits.replace(".", "");
  if (power < -4 || power >= 17) {
    return `${sign}${withoutZeros(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (power < 0) return `${sign}${withoutZeros(`0.${"0".repeat(-power - 1)}${figures}`)}`;
  return `${sign}${withoutZeros(`${figures.slice(0, power + 1)}.${figures.slice(power + 1)}`)}`;
}

function withoutZeros(decimal: string): string {
  return decimal.replace(/0+$/, "").replace(/\.$/, "");
}
