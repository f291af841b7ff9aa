/** Intersections, unions and differences of sets, replied, counted or stored. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type Command, commandsOf } from "../../execution/command-spec.ts";
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
  .answers("set<string>")
  .tips("nondeterministic_output_order")
  .docs("Returns the intersection of sets.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((call) => {
    const sets = intersected(call, 1, call.count);
    if (sets === null) return call.reply.set(0);
    if (sets.length === 1) return replyAll(call, sets[0]);
    const places: number[] = [];
    setIntersect(sets, (_member, place) => places.push(place) > 0);
    call.reply.set(places.length);
    for (const place of places) {
      setRead(sets[0], place, element);
      call.reply.slice(element);
    }
  });

export const sintercard = command("sintercard", { arity: -3, since: "7.0.0", flags: "readonly" })
  .takes("numkeys key{RO access}... [LIMIT limit]")
  .answers("count")
  .docs("Returns the number of members in the intersection of sets.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((call) => {
    const keys = longAtLeast(call, 1, 1, numkeysError);
    if (keys > call.count - 2) throw commandError("ERR Number of keys can't be greater than number of args");
    let limit = 0;
    for (let index = 2 + keys; index < call.count; index += 2) {
      if (!call.is(index, "limit") || index + 1 === call.count) throw errors.syntax;
      limit = longAtLeast(call, index + 1, 0, negativeLimit);
    }
    const sets = intersected(call, 2, 2 + keys);
    let count = 0;
    if (sets !== null) setIntersect(sets, () => ++count !== limit);
    call.reply.integer(count);
  });

export const sunion = combining("sunion", "union", setUniteInto);
export const sdiff = combining("sdiff", "difference", subtract);

function combining(name: string, what: string, combine: (draft: Temporary, sets: Value[]) => void): Command {
  return command(name, { arity: -2, since: "1.0.0", flags: "readonly" })
    .takes("key{RO access}...")
    .answers("set<string>")
    .tips("nondeterministic_output_order")
    .docs(`Returns the ${what} of sets.`, "O(N) for N members of all sets")
    .run((call) => {
      const sets = opened(call, 1, call.count);
      if (sets.length === 1) return replyAll(call, sets[0]);
      const draft = call.temporary(Type.SET);
      combine(draft, sets);
      replyDraft(call, draft);
    });
}

export const sinterstore = command("sinterstore", { arity: -3, since: "1.0.0", flags: "write denyoom" })
  .takes("destination{RW update} key{RO access}...")
  .answers("count")
  .docs("Stores the intersection of sets in a key.", "O(N*M) at worst for M sets, the smallest of N members")
  .run((call) => {
    const sets = intersected(call, 2, call.count);
    const draft = call.temporary(Type.SET);
    if (sets !== null) setIntersectInto(draft, sets);
    storeDraft(call, 1, draft, setLength(draft), EventClass.SET, "sinterstore");
  });

export const sunionstore = storing("sunionstore", "union", setUniteInto);
export const sdiffstore = storing("sdiffstore", "difference", subtract);

function storing(name: string, what: string, combine: (draft: Temporary, sets: Value[]) => void): Command {
  return command(name, { arity: -3, since: "1.0.0", flags: "write denyoom" })
    .takes("destination{OW update} key{RO access}...")
    .answers("count")
    .docs(`Stores the ${what} of sets in a key.`, "O(N) for N members of all sets")
    .run((call) => {
      const sets = opened(call, 2, call.count);
      const draft = call.temporary(Type.SET);
      combine(draft, sets);
      storeDraft(call, 1, draft, setLength(draft), EventClass.SET, name);
    });
}

function subtract(draft: Temporary, sets: Value[]): void {
  setSubtractInto(draft, sets, isSameKey);
}

/** Returns the sets at arguments `first` to `end` - 1; keys that don't exist are empty sets. Errors: WRONGTYPE. */
function opened(call: Call, first: number, end: number): Value[] {
  const sets: Value[] = [];
  for (let index = first; index < end; index++) {
    call.prepareKeys(first, index, 1);
    sets.push(call.openRead(index, Type.SET, index - first));
  }
  return sets;
}

/** The same for intersections: the smallest first, duplicates of it dropped; null if one doesn't exist, after the types of all are checked. */
function intersected(call: Call, first: number, end: number): Value[] | null {
  const sets = opened(call, first, end);
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

function replyAll(call: Call, set: Holder): void {
  const { reply } = call;
  reply.set(setLength(set));
  setEach(set, (member) => reply.slice(member));
}

/** Replies with a result and frees it, a large one in the background. */
function replyDraft(call: Call, draft: Temporary): void {
  replyAll(call, draft);
  if (draft.object !== null) call.server.keyspace.lazyFree.drop(draft.object);
  draft.release();
}
