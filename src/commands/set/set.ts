/** Sets: adding, removing and reading the members of one set. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import { Element } from "../../memory/packed.ts";
import { setAdd, setEach, setExpect, setHas, setLength, setRead, setRemove, setWalk } from "../../values/set/set.ts";
import { Type } from "../../values/value-types.ts";
import { matches, openScan, type ScanOptions, scanMap } from "../arguments/collection-scan.ts";

const command = commandsOf("set");

const element = new Element();

export const sadd = command("sadd", { arity: -3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} member...")
  .answers("count")
  .docs("Adds members to a set. Creates the set if it doesn't exist.", "O(N) for N members given")
  .changed("2.4.0: Accepts several members.")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const value = call.openWrite(1, Type.SET);
    setExpect(value, call.count - 2, buffer, offsets[2], offsets[2] + lengths[2]);
    let added = 0;
    for (let index = 2; index < call.count; index++) {
      const from = offsets[index];
      if (setAdd(value, buffer, from, from + lengths[index])) added++;
    }
    if (added > 0) {
      value.changed(added);
      call.event(EventClass.SET, "sadd", 1);
    }
    call.reply.integer(added);
  });

export const srem = command("srem", { arity: -3, since: "1.0.0", flags: "write fast" })
  .takes("key{RW delete} member...")
  .answers("count")
  .docs("Removes members from a set. Deletes the set if no members remain.", "O(N) for N members given")
  .changed("2.4.0: Accepts several members.")
  .run((call) => {
    const { buffer, offsets, lengths } = call.frame;
    const value = call.openWrite(1, Type.SET);
    let removed = 0;
    let left = setLength(value);
    for (let index = 2; index < call.count && left > 0; index++) {
      const from = offsets[index];
      if (!setRemove(value, buffer, from, from + lengths[index])) continue;
      removed++;
      left--;
    }
    if (removed > 0) value.shrunk(left, removed, EventClass.SET, "srem");
    call.reply.integer(removed);
  });

export const smembers = command("smembers", { arity: 2, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access}")
  .answers("set<string>")
  .tips("nondeterministic_output_order")
  .docs("Returns all members of a set.", "O(N) for N members")
  .run((call) => {
    const { reply } = call;
    const value = call.openRead(1, Type.SET);
    reply.set(setLength(value));
    setEach(value, (member) => reply.slice(member));
  });

export const sismember = command("sismember", { arity: 3, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO} member")
  .answers("0 | 1")
  .docs("Determines whether a member belongs to a set.", "O(1)")
  .run((call) => call.reply.integer(hasArgument(call, call.openRead(1, Type.SET), 2) ? 1 : 0));

export const smismember = command("smismember", { arity: -3, since: "6.2.0", flags: "readonly fast" })
  .takes("key{RO access} member...")
  .answers("(0 | 1)[]")
  .docs("Determines whether several members belong to a set.", "O(N) for N members given")
  .run((call) => {
    const value = call.openRead(1, Type.SET);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) call.reply.integer(hasArgument(call, value, index) ? 1 : 0);
  });

export const scard = command("scard", { arity: 2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the number of members in a set.", "O(1)")
  .run((call) => call.reply.integer(setLength(call.openRead(1, Type.SET))));

export const smove = command("smove", { arity: 4, since: "1.0.0", flags: "write fast" })
  .takes("source{RW access delete} destination{RW insert} member")
  .answers("0 | 1")
  .docs("Moves a member from one set to another.", "O(1)")
  .run((call) => call.reply.integer(moveMember(call) ? 1 : 0));

/** Replies whether the member was in the source. Without a source the destination's type does not matter: Redis checks types afterwards. */
function moveMember(call: Call): boolean {
  const { buffer, offsets, lengths } = call.frame;
  const from = offsets[3];
  const to = from + lengths[3];
  const source = call.openWrite(1, null, 0);
  let destination = call.openWrite(2, null, 1);
  if (!source.exists) return false;
  if (source.type !== Type.SET || (destination.exists && destination.type !== Type.SET)) throw errors.wrongType;
  if (destination.address === source.address) return setHas(source, buffer, from, to);
  if (!setRemove(source, buffer, from, to)) return false;
  source.shrunk(setLength(source), 1, EventClass.SET, "srem");
  if (!destination.exists) {
    destination = call.openWrite(2, Type.SET, 1);
    setExpect(destination, 1, buffer, from, to);
  }
  if (setAdd(destination, buffer, from, to)) {
    destination.changed();
    call.event(EventClass.SET, "sadd", 2);
  }
  return true;
}

export const sscan = command("sscan", { arity: -3, since: "2.8.0", flags: "readonly" })
  .takes("key{RO access} cursor [MATCH pattern] [COUNT count]")
  .answers("[cursor: string, members: string[]]")
  .tips("nondeterministic_output")
  .docs("Iterates over the members of a set.", "O(1) a call, O(N) for N members in all")
  .run((call) => {
    const scan = openScan(call, Type.SET);
    if (scan === null) return;
    const { reply } = call;
    const { value, cursor, options } = scan;
    const places: number[] = [];
    let next = 0;
    if (value.object !== null) next = scanMap(value.object as ByteMap, cursor, options, places);
    else matching(value, options, places);
    reply.integerBulk(next >>> 0);
    reply.array(places.length);
    for (const place of places) {
      setRead(value, place, element);
      reply.slice(element);
    }
  });

/** Returns the places of all members of a packed set that match: it is small enough to be returned whole. */
function matching(value: Value, { pattern }: ScanOptions, places: number[]): void {
  setWalk(value, (member, place) => {
    if (matches(pattern, member)) places.push(place);
    return true;
  });
}

function hasArgument(call: Call, value: Value, index: number): boolean {
  const from = call.frame.offsets[index];
  return setHas(value, call.frame.buffer, from, from + call.frame.lengths[index]);
}
