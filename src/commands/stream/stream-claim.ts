/** XCLAIM and XAUTOCLAIM: claiming the pending entries of another consumer. */

import { parseInt64 } from "../../base/bytes.ts";
import { addCounters, type Counter, counter } from "../../base/numbers/counter.ts";
import { type CommandError, commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { type Stream, streamOf } from "../../values/stream/stream.ts";
import type { StreamConsumer, StreamGroup } from "../../values/stream/stream-group.ts";
import { ID_BYTES, StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";
import {
  consumerOf,
  findGroup,
  groupsChanged,
  isId,
  journalGroupId,
  journalPending,
  noGroup,
  parseId,
  parseStart,
  replyEntries,
  replyId,
} from "./stream-arguments.ts";

const command = commandsOf("stream");

const NOT_GIVEN = -1;
const DEFAULT_COUNT = 100;
/** XAUTOCLAIM visits this many pending entries for each that it may claim. */
const LOOKED_AT = 10;
/** The largest COUNT of XAUTOCLAIM: memory for that many ids must fit a C size. */
const MAX_COUNT = (2n ** 63n - 1n) / BigInt(ID_BYTES);

const id = new StreamId();

/** Ids collected while a command visits pending entries, for the reply. */
class IdList {
  length = 0;
  private bytes = Buffer.allocUnsafe(ID_BYTES * 16);

  add(added: StreamId): void {
    const at = this.length++ * ID_BYTES;
    if (at === this.bytes.length) {
      const grown = Buffer.allocUnsafe(at * 2);
      this.bytes.copy(grown);
      this.bytes = grown;
    }
    added.write(this.bytes, at);
  }

  read(index: number, into: StreamId): StreamId {
    return into.read(this.bytes, index * ID_BYTES);
  }
}

/** What is claimed, by which consumer, and how. */
interface Claim {
  readonly key: number;
  readonly value: Value;
  readonly stream: Stream;
  readonly group: StreamGroup;
  readonly consumer: StreamConsumer;
  readonly minIdle: number;
  /** The delivery time of claimed entries. */
  readonly time: number;
  /** Their delivery count; NOT_GIVEN: one more than before, or the same with `justId`. */
  readonly deliveries: Counter;
  readonly justId: boolean;
  readonly force: boolean;
  readonly claimed: IdList;
  readonly deleted: IdList;
}

function int64Or(ctx: Context, index: number, error: string): bigint {
  const { buffer, offsets, lengths } = ctx.frame;
  const value = parseInt64(buffer, offsets[index], offsets[index] + lengths[index]);
  if (value === null) throw commandError(error);
  return value;
}

function parseMinIdle(ctx: Context, name: string): number {
  return Math.max(0, Number(int64Or(ctx, 4, `ERR Invalid min-idle-time argument for ${name}`)));
}

/** Returns the consumer that claims, created if it doesn't exist. */
function claimant(ctx: Context, value: Value, group: StreamGroup): StreamConsumer {
  const { consumer, made } = consumerOf(ctx, group, ctx.text(3));
  if (made) {
    groupsChanged(ctx, value, 1);
    ctx.event(EventClass.STREAM, "xgroup-createconsumer", 1);
  }
  consumer.seenTime = ctx.now;
  return consumer;
}

/**
 * Claims the entry `id`; if it is pending, the group's list stands at it. Pending entries that were deleted from the stream are dropped.
 * Returns whether a pending entry was dropped.
 */
function claimOne(ctx: Context, claim: Claim, pending: boolean): boolean {
  const { key, group, consumer } = claim;
  if (!claim.stream.has(id)) {
    if (!pending) return false;
    journalPending(ctx, key, group, id);
    group.remove(id);
    claim.deleted.add(id);
    groupsChanged(ctx, claim.value, 1);
    return true;
  }
  if (pending) {
    if (claim.minIdle > 0 && ctx.now - group.deliveryTime < claim.minIdle) return false;
    const { deliveries } = group;
    group.assign(id, consumer, claim.time, claimedDeliveries(claim, deliveries));
  } else {
    if (!claim.force) return false;
    // A new one begins with a delivery count of one.
    group.add(id, consumer, claim.time, claimedDeliveries(claim, 1));
  }
  claim.claimed.add(id);
  consumer.activeTime = ctx.now;
  group.pending.find(id);
  journalPending(ctx, key, group, id);
  groupsChanged(ctx, claim.value, 1);
  return false;
}

function claimedDeliveries({ deliveries, justId }: Claim, before: Counter): Counter {
  if (deliveries >= 0) return deliveries;
  return justId ? before : addCounters(before, 1);
}

function replyClaimed(ctx: Context, { stream, claimed, justId }: Claim): void {
  ctx.reply.array(claimed.length);
  for (let index = 0; index < claimed.length; index++) {
    claimed.read(index, id);
    if (justId) replyId(ctx, id);
    else replyEntries(ctx, stream, id, id, 1);
  }
}

/** Returns the group that is claimed from, opened for writing. Errors: WRONGTYPE, NOGROUP. */
function openGroup(ctx: Context): { value: Value; stream: Stream; group: StreamGroup } {
  const value = ctx.openRead(1, Type.STREAM);
  const stream = streamOf(value);
  const group = findGroup(ctx, stream, 2);
  if (stream === null || group === undefined) throw noGroup(ctx, 1, 2);
  return { value, stream, group };
}

export const xclaim = command("xclaim", { arity: -6, since: "5.0.0", flags: "write fast" })
  .takes(`key{RW update} group consumer min-idle-time ID:string... [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE]
      [JUSTID] [LASTID lastid]`)
  .tips("nondeterministic_output")
  .docs("Claims pending entries of a consumer group for a consumer.", "O(log N) for each id, with N pending entries")
  .run((ctx) => {
    const { value, stream, group } = openGroup(ctx);
    const minIdle = parseMinIdle(ctx, "XCLAIM");
    let ids = 0;
    while (5 + ids < ctx.count && isId(ctx, 5 + ids, id)) ids++;
    const { time, deliveries, force, justId, lastId } = parseClaimOptions(ctx, 5 + ids);
    ctx.journalNothing();
    value.beforeChange();
    let moved = lastId.compare(group.lastId) > 0;
    if (moved) group.lastId.assign(lastId);
    const consumer = claimant(ctx, value, group);
    const claim = newClaim({ key: 1, value, stream, group, consumer, minIdle, time, deliveries, justId, force });
    const before = ctx.host.keyspace.changes;
    for (let index = 5; index < 5 + ids; index++) {
      isId(ctx, index, id);
      claimOne(ctx, claim, group.pending.find(id));
    }
    // The journal's record of an entry includes the group's id.
    if (ctx.host.keyspace.changes !== before) moved = false;
    if (moved) {
      journalGroupId(ctx, 1, group);
      groupsChanged(ctx, value, 1);
    }
    replyClaimed(ctx, claim);
  });

function newClaim(parts: Omit<Claim, "claimed" | "deleted">): Claim {
  return { ...parts, claimed: new IdList(), deleted: new IdList() };
}

interface ClaimOptions {
  time: number;
  deliveries: Counter;
  force: boolean;
  justId: boolean;
  readonly lastId: StreamId;
}

/** Errors: as Redis has them. */
function parseClaimOptions(ctx: Context, first: number): ClaimOptions {
  const { now } = ctx;
  const options: ClaimOptions = { time: NOT_GIVEN, deliveries: NOT_GIVEN, force: false, justId: false, lastId: new StreamId() };
  for (let index = first; index < ctx.count; index++) {
    const more = index + 1 < ctx.count;
    if (ctx.is(index, "force")) {
      options.force = true;
    } else if (ctx.is(index, "justid")) {
      options.justId = true;
    } else if (more && ctx.is(index, "idle")) {
      options.time = Number(BigInt.asIntN(64, BigInt(now) - int64Or(ctx, ++index, "ERR Invalid IDLE option argument for XCLAIM")));
    } else if (more && ctx.is(index, "time")) {
      options.time = Number(int64Or(ctx, ++index, "ERR Invalid TIME option argument for XCLAIM"));
    } else if (more && ctx.is(index, "retrycount")) {
      options.deliveries = counter(int64Or(ctx, ++index, "ERR Invalid RETRYCOUNT option argument for XCLAIM"));
    } else if (more && ctx.is(index, "lastid")) {
      parseId(ctx, ++index, options.lastId);
    } else {
      throw unknownOption(ctx, index);
    }
  }
  // A time in the future counts as now: clients have clocks of their own.
  if (options.time < 0 || options.time > now) options.time = now;
  return options;
}

function unknownOption(ctx: Context, index: number): CommandError {
  return commandError(`ERR Unrecognized XCLAIM option '${ctx.text(index)}'`);
}

export const xautoclaim = command("xautoclaim", { arity: -6, since: "6.2.0", flags: "write fast" })
  .takes("key{RW delete} group consumer min-idle-time start:string [COUNT count] [JUSTID]")
  .tips("nondeterministic_output")
  .docs("Claims the entries of a consumer group that were delivered long ago and never acknowledged.", "O(1) with a small COUNT")
  .changed("7.0.0: Returns the ids of deleted entries, too.")
  .run((ctx) => {
    const value = ctx.openRead(1, null);
    const minIdle = parseMinIdle(ctx, "XAUTOCLAIM");
    const start = new StreamId();
    parseStart(ctx, 5, start);
    const { count, justId } = parseAutoClaimOptions(ctx);
    if (value.exists && value.type !== Type.STREAM) throw errors.wrongType;
    const stream = value.exists ? streamOf(value) : null;
    const group = findGroup(ctx, stream, 2);
    if (stream === null || group === undefined) throw noGroup(ctx, 1, 2);
    ctx.journalNothing();
    value.beforeChange();
    const consumer = claimant(ctx, value, group);
    const claim = newClaim({
      key: 1,
      value,
      stream,
      group,
      consumer,
      minIdle,
      time: ctx.now,
      deliveries: NOT_GIVEN,
      justId,
      force: false,
    });
    claimFrom(ctx, claim, start, count);
    const { pending } = group;
    ctx.reply.array(3);
    replyId(ctx, pending.atEnd ? id.setZero() : id.read(pending.buffer, pending.at));
    replyClaimed(ctx, claim);
    ctx.reply.array(claim.deleted.length);
    for (let index = 0; index < claim.deleted.length; index++) replyId(ctx, claim.deleted.read(index, id));
  });

/** Claims up to `count` pending entries from `start` on. Afterwards the group's list stands at the first that was not visited. */
function claimFrom(ctx: Context, claim: Claim, start: StreamId, count: number): void {
  const { pending } = claim.group;
  const { claimed, deleted } = claim;
  pending.find(start);
  for (let looks = count * LOOKED_AT; looks > 0 && claimed.length + deleted.length < count && !pending.atEnd; looks--) {
    id.read(pending.buffer, pending.at);
    // After a dropped entry the list stands at the next one.
    if (!claimOne(ctx, claim, true)) pending.advance();
  }
}

function parseAutoClaimOptions(ctx: Context): { count: number; justId: boolean } {
  let count = DEFAULT_COUNT;
  let justId = false;
  for (let index = 6; index < ctx.count; index++) {
    if (ctx.is(index, "count") && index + 1 < ctx.count) {
      const given = int64Or(ctx, ++index, "ERR COUNT must be > 0");
      if (given < 1n || given > MAX_COUNT) throw commandError("ERR COUNT must be > 0");
      count = Number(given);
    } else if (ctx.is(index, "justid")) {
      justId = true;
    } else {
      throw errors.syntax;
    }
  }
  return { count, justId };
}
