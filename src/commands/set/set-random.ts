/** SRANDMEMBER and SPOP: members at random, returned or removed. */

import { copied, copyBytes } from "../../base/bytes.ts";
import { errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context, Words } from "../../execution/context.ts";
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
  .tips("nondeterministic_output")
  .docs("Returns random members of a set.", "O(1); O(N) for a count of N or -N")
  .changed("2.6.0: Added `count`.")
  .run((ctx) => {
    if (ctx.count > 3) throw errors.syntax;
    if (ctx.count === 3) return randomMembers(ctx);
    const value = ctx.openRead(1, Type.SET);
    if (value.exists) replyMember(ctx, value, setRandom(value));
    else ctx.reply.null();
  });

function randomMembers(ctx: Context): void {
  const { reply } = ctx;
  const wanted = sampleSize(ctx, "");
  const count = Number(wanted < 0n ? -wanted : wanted);
  const value = ctx.openRead(1, Type.SET);
  if (!value.exists || count === 0) return reply.array(0);
  if (wanted < 0n) return drawMembers(ctx, value, count);
  const size = setLength(value);
  reply.array(Math.min(count, size));
  if (count >= size) setEach(value, (member) => reply.bytes(member.bytes, member.from, member.to));
  else if (count === 1) replyMember(ctx, value, setRandom(value));
  else for (const place of setChoose(value, count)) replyMember(ctx, value, place);
}

/** Replies with `count` members, each drawn from all. The largest counts would take forever: it ends when the client is gone. */
function drawMembers(ctx: Context, value: Value, count: number): void {
  ctx.reply.array(count);
  for (let drawn = 0; drawn < count; drawn++) {
    replyMember(ctx, value, setRandom(value));
    if (drawn % DRAWS_BETWEEN_LOOKS === 0 && ctx.session.closing) return;
  }
}

function replyMember(ctx: Context, value: Value, place: number): void {
  setRead(value, place, element);
  ctx.reply.bytes(element.bytes, element.from, element.to);
}

export const spop = command("spop", { arity: -2, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count@3.2.0]")
  .tips("nondeterministic_output")
  .docs("Removes and returns random members of a set. Deletes the set if no members remain.", "O(1); O(N) for a count of N")
  .changed("3.2.0: Added `count`.")
  .run((ctx) => {
    if (ctx.count > 3) throw errors.syntax;
    if (ctx.count === 3) popMembers(ctx);
    else popMember(ctx);
  });

function popMember(ctx: Context): void {
  const value = ctx.openWrite(1, Type.SET);
  if (!value.exists) return ctx.reply.null();
  const place = setRandom(value);
  replyMember(ctx, value, place);
  if (ctx.host.journal.active) ctx.journalAs("SREM", ctx.bytes(1), copied(element.bytes, element.from, element.to));
  const left = setLength(value) - 1;
  if (left > 0) setRemoveAt(value, place);
  value.shrunk(left, 1, EventClass.SET, "spop");
}

function popMembers(ctx: Context): void {
  const count = longAtLeast(ctx, 2, 0, errors.notPositive);
  const value = ctx.openWrite(1, Type.SET);
  if (!value.exists || count === 0) return ctx.reply.set(0);
  const size = setLength(value);
  if (count >= size) return popAll(ctx, value, size);
  const popped = new Popped(ctx, count);
  if (value.object === null) popPacked(value, count, popped);
  else if ((size - count) * MOVE_RATIO > count) popOneByOne(value, count, popped);
  else popAllBut(ctx, value, size - count, popped);
  popped.finish();
  value.shrunk(size - count, count, EventClass.SET, "spop");
}

function popAll(ctx: Context, value: Value, size: number): void {
  const { reply } = ctx;
  reply.set(size);
  setEach(value, (member) => reply.bytes(member.bytes, member.from, member.to));
  ctx.journalDeletion(1);
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
function popAllBut(ctx: Context, value: Value, count: number, popped: Popped): void {
  const { table } = value.object as ByteMap;
  const staying = new Set<number>(setChoose(value, count));
  const rest = ctx.temporary(Type.SET);
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
  private readonly ctx: Context;
  private readonly batch: number;
  private readonly journalled: boolean;
  private words: Words[number][] = [];

  constructor(ctx: Context, count: number) {
    this.ctx = ctx;
    this.batch = Math.min(count, JOURNALLED_AT_ONCE);
    this.journalled = ctx.host.journal.active;
    ctx.reply.set(count);
    this.begin();
  }

  private begin(): void {
    if (this.journalled) this.words = ["SREM", this.ctx.bytes(1)];
  }

  add(member: Element): void {
    this.ctx.reply.bytes(member.bytes, member.from, member.to);
    if (!this.journalled) return;
    this.words.push(copied(member.bytes, member.from, member.to));
    if (this.words.length === this.batch + 2) this.finish();
  }

  /** Journals the rest. */
  finish(): void {
    if (this.words.length <= 2) return;
    this.ctx.journalAs(...this.words);
    this.begin();
  }
}
