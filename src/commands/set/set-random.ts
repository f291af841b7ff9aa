/** SRANDMEMBER and SPOP: members at random, returned or removed. */

import { copied, copyBytes } from "../../base/bytes.ts";
import { errors } from "../../errors.ts";
import type { Call, Words } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import { Element } from "../../memory/packed.ts";
import {
  setAddHashed,
  setChoose,
  setEach,
  setLength,
  setRandom,
  setRead,
  setRemoveAt,
  setToListpack,
  setWalk,
} from "../../values/set/set.ts";
import type { Temporary } from "../../values/temporary.ts";
import { Type } from "../../values/value-types.ts";
import { longAtLeast, sampleSize } from "../arguments/numbers.ts";

const command = commandsOf("set");

/** SPOP builds a new set of the members that stay if those that leave are this many times as many. */
const MOVE_RATIO = 5;
/** SPOP is journalled as SREMs of up to this many members. */
const JOURNALLED_AT_ONCE = 1024;
/** After this many members, SRANDMEMBER with a negative count checks whether the client is still connected. */
const DRAWS_BETWEEN_LOOKS = 1024;

const element = new Element();

export const srandmember = command("srandmember", { arity: -2, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access} [count@2.6.0]")
  .answers("string | null; if count: string[]")
  .tips("nondeterministic_output")
  .docs("Returns random members of a set.", "O(1); O(N) for a count of N or -N")
  .changed("2.6.0: Added `count`.")
  .run((call) => {
    if (call.count > 3) throw errors.syntax;
    if (call.count === 3) return randomMembers(call);
    const value = call.openRead(1, Type.SET);
    if (value.exists) replyMember(call, value, setRandom(value));
    else call.reply.null();
  });

function randomMembers(call: Call): void {
  const { reply } = call;
  const wanted = sampleSize(call, "");
  const count = Number(wanted < 0n ? -wanted : wanted);
  const value = call.openRead(1, Type.SET);
  if (!value.exists || count === 0) return reply.array(0);
  if (wanted < 0n) return drawMembers(call, value, count);
  const size = setLength(value);
  reply.array(Math.min(count, size));
  if (count >= size) setEach(value, (member) => reply.slice(member));
  else if (count === 1) replyMember(call, value, setRandom(value));
  else for (const place of setChoose(value, count)) replyMember(call, value, place);
}

/** Replies with `count` members, each drawn from all. The largest counts would take forever: it ends when the client is gone. */
function drawMembers(call: Call, value: Value, count: number): void {
  call.reply.array(count);
  for (let drawn = 0; drawn < count; drawn++) {
    replyMember(call, value, setRandom(value));
    if (drawn % DRAWS_BETWEEN_LOOKS === 0 && call.session.closing) return;
  }
}

function replyMember(call: Call, value: Value, place: number): void {
  setRead(value, place, element);
  call.reply.slice(element);
}

export const spop = command("spop", { arity: -2, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count@3.2.0]")
  .answers("string | null; if count: set<string>")
  .tips("nondeterministic_output")
  .docs("Removes and returns random members of a set. Deletes the set if no members remain.", "O(1); O(N) for a count of N")
  .changed("3.2.0: Added `count`.")
  .run((call) => {
    if (call.count > 3) throw errors.syntax;
    if (call.count === 3) popMembers(call);
    else popMember(call);
  });

function popMember(call: Call): void {
  const value = call.openWrite(1, Type.SET);
  if (!value.exists) return call.reply.null();
  const place = setRandom(value);
  replyMember(call, value, place);
  if (call.server.journal.active) call.journalAs("SREM", call.bytes(1), copied(element.bytes, element.from, element.to));
  const left = setLength(value) - 1;
  if (left > 0) setRemoveAt(value, place);
  value.shrunk(left, 1, EventClass.SET, "spop");
}

function popMembers(call: Call): void {
  const count = longAtLeast(call, 2, 0, errors.notPositive);
  const value = call.openWrite(1, Type.SET);
  if (!value.exists || count === 0) return call.reply.set(0);
  const size = setLength(value);
  if (count >= size) return popAll(call, value, size);
  const popped = new Popped(call, count);
  if (value.object === null) popPacked(value, count, popped);
  else if ((size - count) * MOVE_RATIO > count) popOneByOne(value, count, popped);
  else popAllBut(call, value, size - count, popped);
  popped.finish();
  value.shrunk(size - count, count, EventClass.SET, "spop");
}

function popAll(call: Call, value: Value, size: number): void {
  const { reply } = call;
  reply.set(size);
  setEach(value, (member) => reply.slice(member));
  call.journalDeletion(1);
  value.shrunk(0, size, EventClass.SET, "spop");
}

function popPacked(value: Value, count: number, popped: Popped): void {
  const places = setChoose(value, count);
  for (const place of places) {
    setRead(value, place, element);
    popped.add(element);
  }
  // From the last one, so that the places of those before it stay valid.
  for (let index = count - 1; index >= 0; index--) setRemoveAt(value, places[index]);
}

function popOneByOne(value: Value, count: number, popped: Popped): void {
  for (let left = count; left > 0; left--) {
    const place = setRandom(value);
    setRead(value, place, element);
    popped.add(element);
    setRemoveAt(value, place);
  }
}

/** Builds a new set of the few members that stay, packed if they fit. */
function popAllBut(call: Call, value: Value, count: number, popped: Popped): void {
  const { table } = value.object as ByteMap;
  const staying = new Set<number>(setChoose(value, count));
  const rest = call.temporary(Type.SET);
  setToListpack(rest);
  setWalk(value, (member, address) => {
    if (staying.has(address)) setAddHashed(rest, table.hashOf(address), member.bytes, member.from, member.to);
    else popped.add(member);
    return true;
  });
  takeOver(value, rest);
}

/** The key gets the new value and keeps its expiration. */
function takeOver(value: Value, draft: Temporary): void {
  if (draft.object !== null) value.setObject(draft.encoding, draft.object);
  else {
    value.setPacked(draft.encoding, draft.to);
    copyBytes(value.buffer, value.from, draft.buffer, 0, draft.to);
  }
  draft.release();
}

/** Members being removed: replied, and journalled some at a time. */
class Popped {
  private readonly call: Call;
  private readonly batch: number;
  private readonly journalled: boolean;
  private words: Words[number][] = [];

  constructor(call: Call, count: number) {
    this.call = call;
    this.batch = Math.min(count, JOURNALLED_AT_ONCE);
    this.journalled = call.server.journal.active;
    call.reply.set(count);
    this.begin();
  }

  private begin(): void {
    if (this.journalled) this.words = ["SREM", this.call.bytes(1)];
  }

  add(member: Element): void {
    this.call.reply.slice(member);
    if (!this.journalled) return;
    this.words.push(copied(member.bytes, member.from, member.to));
    if (this.words.length === this.batch + 2) this.finish();
  }

  /** Journals the rest. */
  finish(): void {
    if (this.words.length <= 2) return;
    this.call.journalAs(...this.words);
    this.begin();
  }
}
