/** LPOS: where in a list an element is. */

import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { ListCursor, listLength } from "../../values/list/list.ts";
import { Type } from "../../values/value-types.ts";
import { atLeast } from "./list-moves.ts";

const command = commandsOf("list");

const INT64_MAX_TEXT = "9223372036854775807";
const zeroRank = commandError(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
const rankRange = commandError(`ERR value is out of range, value must between -${INT64_MAX_TEXT} and ${INT64_MAX_TEXT}`);
const negativeCount = commandError("ERR COUNT can't be negative");
const negativeLength = commandError("ERR MAXLEN can't be negative");

export const lpos = command("lpos", { arity: -3, since: "6.0.6", flags: "readonly" })
  .takes("key{RO access} element [RANK rank] [COUNT num-matches] [MAXLEN len]")
  .docs("Returns the indexes of elements with a given value in a list.", "O(N) for N elements searched")
  .run((ctx) => {
    const search = parse(ctx);
    const found = indexesOf(ctx, search);
    if (search.count !== null) {
      ctx.reply.array(found.length);
      for (const index of found) ctx.reply.integer(index);
    } else if (found.length > 0) {
      ctx.reply.integer(found[0]);
    } else {
      ctx.reply.null();
    }
  });

interface Search {
  /** Which match is the first wanted, from 1. */
  rank: number;
  /** From the tail to the head. */
  backwards: boolean;
  /** How many matches are wanted (0: all), or null when one is and not in an array. */
  count: number | null;
  /** How many elements are looked at (0: all). */
  most: number;
}

function parse(ctx: Context): Search {
  const search: Search = { rank: 1, backwards: false, count: null, most: 0 };
  for (let index = 3; index < ctx.count; index += 2) {
    if (index + 1 === ctx.count) throw errors.syntax;
    if (ctx.is(index, "rank")) {
      const rank = ctx.int64(index + 1);
      if (rank < -(2n ** 63n - 1n)) throw rankRange;
      if (rank === 0n) throw zeroRank;
      search.backwards = rank < 0n;
      search.rank = Math.abs(Number(rank));
    } else if (ctx.is(index, "count")) {
      search.count = atLeast(ctx, index + 1, 0, negativeCount);
    } else if (ctx.is(index, "maxlen")) {
      search.most = atLeast(ctx, index + 1, 0, negativeLength);
    } else {
      throw errors.syntax;
    }
  }
  return search;
}

function indexesOf(ctx: Context, { rank, backwards, count, most }: Search): number[] {
  const found: number[] = [];
  const list = ctx.openRead(1, Type.LIST);
  const length = listLength(list);
  if (length === 0) return found;
  const { buffer, offsets, lengths } = ctx.frame;
  const from = offsets[2];
  const to = from + lengths[2];
  const wanted = count === null ? 1 : count === 0 ? length : count;
  const looks = most === 0 ? length : Math.min(most, length);
  const cursor = new ListCursor();
  cursor.start(list, backwards ? length - 1 : 0, backwards);
  let matches = 0;
  for (let looked = 0; looked < looks && found.length < wanted; looked++) {
    cursor.step();
    if (cursor.equals(buffer, from, to) && ++matches >= rank) found.push(backwards ? length - 1 - looked : looked);
  }
  return found;
}
