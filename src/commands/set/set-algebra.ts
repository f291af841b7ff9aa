/** Intersections, unions and differences of sets, replied, counted or stored. */

import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import type { Holder } from "../../values/holder.ts";
import { setEach, setLength, setRead } from "../../values/set/set.ts";
import { setIntersect, setIntersectInto, setSubtractInto, setUniteInto, sortBySize } from "../../values/set/set-algebra.ts";
import type { Temporary } from "../../values/temporary.ts";
import { Type } from "../../values/value-types.ts";
import { longAtLeast, negativeLimit, numkeysError } from "../arguments/numbers.ts";
import { storeDraft } from "../arguments/storing.ts";

const command = commandsOf("set");

const element = new Element();

export const sinter = command("sinter", { arity: -2, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access}...")
  .tips("nondeterministic_output_order")
  .docs("Returns the intersection of sets.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((ctx) => {
    const sets = intersected(ctx, 1, ctx.count);
    if (sets === null) return ctx.reply.set(0);
    if (sets.length === 1) return replyAll(ctx, sets[0]);
    const places: number[] = [];
    setIntersect(sets, (_member, place) => places.push(place) > 0);
    ctx.reply.set(places.length);
    for (const place of places) {
      setRead(sets[0], place, element);
      ctx.reply.bytes(element.bytes, element.from, element.to);
    }
  });

export const sintercard = command("sintercard", { arity: -3, since: "7.0.0", flags: "readonly" })
  .takes("numkeys key{RO access}... [LIMIT limit]")
  .docs("Returns the number of members in the intersection of sets.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((ctx) => {
    const keys = longAtLeast(ctx, 1, 1, numkeysError);
    if (keys > ctx.count - 2) throw commandError("ERR Number of keys can't be greater than number of args");
    let limit = 0;
    for (let index = 2 + keys; index < ctx.count; index += 2) {
      if (!ctx.is(index, "limit") || index + 1 === ctx.count) throw errors.syntax;
      limit = longAtLeast(ctx, index + 1, 0, negativeLimit);
    }
    const sets = intersected(ctx, 2, 2 + keys);
    let count = 0;
    if (sets !== null) setIntersect(sets, () => ++count !== limit);
    ctx.reply.integer(count);
  });

export const sinterstore = command("sinterstore", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes("destination{RW update} key{RO access}...")
  .docs("Stores the intersection of sets in a key.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((ctx) => {
    const sets = intersected(ctx, 2, ctx.count);
    const draft = ctx.temporary(Type.SET);
    if (sets !== null) setIntersectInto(draft, sets);
    storeDraft(ctx, 1, draft, setLength(draft), EventClass.SET, "sinterstore");
  });

export const sunion = command("sunion", { arity: -2, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access}...")
  .tips("nondeterministic_output_order")
  .docs("Returns the union of sets.", "O(N) for N members of all sets")
  .run((ctx) => {
    const sets = opened(ctx, 1, ctx.count);
    if (sets.length === 1) return replyAll(ctx, sets[0]);
    const draft = ctx.temporary(Type.SET);
    setUniteInto(draft, sets);
    replyDraft(ctx, draft);
  });

export const sunionstore = command("sunionstore", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes("destination{OW update} key{RO access}...")
  .docs("Stores the union of sets in a key.", "O(N) for N members of all sets")
  .run((ctx) => {
    const sets = opened(ctx, 2, ctx.count);
    const draft = ctx.temporary(Type.SET);
    setUniteInto(draft, sets);
    storeDraft(ctx, 1, draft, setLength(draft), EventClass.SET, "sunionstore");
  });

export const sdiff = command("sdiff", { arity: -2, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access}...")
  .tips("nondeterministic_output_order")
  .docs("Returns the difference of sets.", "O(N) for N members of all sets")
  .run((ctx) => {
    const sets = opened(ctx, 1, ctx.count);
    if (sets.length === 1) return replyAll(ctx, sets[0]);
    const draft = ctx.temporary(Type.SET);
    setSubtractInto(draft, sets, isSameKey);
    replyDraft(ctx, draft);
  });

export const sdiffstore = command("sdiffstore", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes("destination{OW update} key{RO access}...")
  .docs("Stores the difference of sets in a key.", "O(N) for N members of all sets")
  .run((ctx) => {
    const sets = opened(ctx, 2, ctx.count);
    const draft = ctx.temporary(Type.SET);
    setSubtractInto(draft, sets, isSameKey);
    storeDraft(ctx, 1, draft, setLength(draft), EventClass.SET, "sdiffstore");
  });

/** Returns the sets at arguments `first` to `end` - 1; keys that don't exist are empty sets. Errors: WRONGTYPE. */
function opened(ctx: Context, first: number, end: number): Value[] {
  const sets: Value[] = [];
  for (let index = first; index < end; index++) {
    ctx.prepareKeys(first, index, 1);
    sets.push(ctx.openRead(index, Type.SET, index - first));
  }
  return sets;
}

/**
 * The same for intersections: the smallest first, duplicates of it dropped; null if one doesn't exist, though the types of all are checked.
 */
function intersected(ctx: Context, first: number, end: number): Value[] | null {
  const sets = opened(ctx, first, end);
  for (let index = 0; index < sets.length; index++) if (!sets[index].exists) return null;
  if (sets.length > 1) sortBySize(sets);
  let kept = 1;
  for (let index = 1; index < sets.length; index++) if (!isSameKey(sets[index], sets[0])) sets[kept++] = sets[index];
  sets.length = kept;
  return sets;
}

/** All values that a command has open are of one database. */
function isSameKey(a: Holder, b: Holder): boolean {
  return (a as Value).address === (b as Value).address;
}

function replyAll(ctx: Context, set: Holder): void {
  const { reply } = ctx;
  reply.set(setLength(set));
  setEach(set, (member) => reply.bytes(member.bytes, member.from, member.to));
}

/** Replies with a result and frees it, a large one in the background. */
function replyDraft(ctx: Context, draft: Temporary): void {
  replyAll(ctx, draft);
  if (draft.object !== null) ctx.host.keyspace.lazyFree.drop(draft.object);
  draft.release();
}
