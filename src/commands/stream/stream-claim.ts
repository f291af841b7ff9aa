/** XCLAIM and XAUTOCLAIM: claiming the pending entries of another consumer. */

import { addCounters, type Counter, counter } from "../../base/numbers/counter.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { type Stream, streamOf } from "../../values/stream/stream.ts";
import type { StreamConsumer, StreamGroup } from "../../values/stream/stream-group.ts";
import { ID_BYTES, StreamId } from "../../values/stream/stream-id.ts";
import { Type } from "../../values/value-types.ts";
import { int64Or } from "../arguments/numbers.ts";
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
  STREAM_ENTRY,
} from "./stream-arguments.ts";

const command = commandsOf("stream");

const NOT_GIVEN = -1;
const DEFAULT_COUNT = 100;
/** XAUTOCLAIM visits this many pending entries for each that it may claim. */
const LOOKED_AT = 10;
/** The largest COUNT of XAUTOCLAIM: memory for that many ids must fit a C size. */
const MAX_COUNT = (2n ** 63n - 1n) / BigInt(ID_BYTES);

const id = new StreamId();

interface ClaimOptions {
  readonly minIdle: number;
  /** The delivery time of claimed entries. */
  readonly time: number;
  /** Their delivery count; NOT_GIVEN: one more than before, or the same with `justId`. */
  readonly deliveries: Counter;
  readonly justId: boolean;
  readonly force: boolean;
}

/** The group that is claimed from. */
interface Source {
  readonly value: Value;
  readonly stream: Stream;
  readonly group: StreamGroup;
}

/** What is claimed, by which consumer, and how. */
interface Claim extends Source, ClaimOptions {
  readonly consumer: StreamConsumer;
  readonly claimed: StreamId[];
  readonly deleted: StreamId[];
}

function parseMinIdle(call: Call, name: string): number {
  return Math.max(0, Number(int64Or(call, 4, `ERR Invalid min-idle-time argument for ${name}`)));
}

/** Begins to claim: the effects are journalled one by one. */
function beginClaim(call: Call, source: Source, options: ClaimOptions): Claim {
  call.journalNothing();
  source.value.beforeChange();
  return { ...source, ...options, consumer: claimant(call, source.value, source.group), claimed: [], deleted: [] };
}

/** Returns the consumer that claims, created if it doesn't exist. */
function claimant(call: Call, value: Value, group: StreamGroup): StreamConsumer {
  const { consumer, made } = consumerOf(call, group, call.text(3));
  if (made) {
    groupsChanged(call, value, 1);
    call.event(EventClass.STREAM, "xgroup-createconsumer", 1);
  }
  consumer.seenTime = call.now;
  return consumer;
}

/**
 * Claims the entry `id`; if it is pending, the group's list stands at it. Pending entries that were deleted from the stream are dropped.
 * Returns whether a pending entry was dropped.
 */
function claimOne(call: Call, claim: Claim, pending: boolean): boolean {
  const { group, consumer } = claim;
  if (!claim.stream.has(id)) {
    if (!pending) return false;
    journalPending(call, 1, group, id);
    group.remove(id);
    claim.deleted.push(new StreamId().assign(id));
    groupsChanged(call, claim.value, 1);
    return true;
  }
  if (pending) {
    if (claim.minIdle > 0 && call.now - group.deliveryTime < claim.minIdle) return false;
    const { deliveries } = group;
    group.assign(id, consumer, claim.time, claimedDeliveries(claim, deliveries));
  } else {
    if (!claim.force) return false;
    // A new one begins with a delivery count of one.
    group.add(id, consumer, claim.time, claimedDeliveries(claim, 1));
  }
  claim.claimed.push(new StreamId().assign(id));
  consumer.activeTime = call.now;
  group.pending.find(id);
  journalPending(call, 1, group, id);
  groupsChanged(call, claim.value, 1);
  return false;
}

function claimedDeliveries({ deliveries, justId }: Claim, before: Counter): Counter {
  if (deliveries >= 0) return deliveries;
  return justId ? before : addCounters(before, 1);
}

function replyClaimed(call: Call, { stream, claimed, justId }: Claim): void {
  call.reply.array(claimed.length);
  for (const each of claimed) {
    if (justId) replyId(call, each);
    else replyEntries(call, stream, { start: each, end: each }, 1);
  }
}

/** Returns the group that is claimed from. Errors: WRONGTYPE, NOGROUP. */
function openGroup(call: Call, value: Value): Source {
  if (value.exists && value.type !== Type.STREAM) throw errors.wrongType;
  const stream = streamOf(value);
  const group = findGroup(call, stream, 2);
  if (stream === null || group === undefined) throw noGroup(call, 1, 2);
  return { value, stream, group };
}

export const xclaim = command("xclaim", { arity: -6, since: "5.0.0", flags: "write fast" })
  .takes(`key{RW update} group consumer min-idle-time ID:string... [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE]
      [JUSTID] [LASTID lastid]`)
  .answers(`StreamEntry[]; if JUSTID: id[] where ${STREAM_ENTRY}`)
  .tips("nondeterministic_output")
  .docs("Claims pending entries of a consumer group for a consumer.", "O(log N) for each id, with N pending entries")
  .run((call) => {
    const source = openGroup(call, call.openRead(1, Type.STREAM));
    const { value, group } = source;
    const minIdle = parseMinIdle(call, "XCLAIM");
    let ids = 0;
    while (5 + ids < call.count && isId(call, 5 + ids, id)) ids++;
    const lastId = new StreamId();
    const claim = beginClaim(call, source, parseClaimOptions(call, 5 + ids, minIdle, lastId));
    let moved = lastId.compare(group.lastId) > 0;
    if (moved) group.lastId.assign(lastId);
    const before = call.server.keyspace.changes;
    for (let index = 5; index < 5 + ids; index++) {
      isId(call, index, id);
      claimOne(call, claim, group.pending.find(id));
    }
    // The journal's record of an entry includes the group's id.
    if (call.server.keyspace.changes !== before) moved = false;
    if (moved) {
      journalGroupId(call, 1, group);
      groupsChanged(call, value, 1);
    }
    replyClaimed(call, claim);
  });

/** LASTID goes to `lastId`. Errors: as Redis has them. */
function parseClaimOptions(call: Call, first: number, minIdle: number, lastId: StreamId): ClaimOptions {
  const { now } = call;
  const options = { minIdle, time: NOT_GIVEN, deliveries: NOT_GIVEN as Counter, force: false, justId: false };
  for (let index = first; index < call.count; index++) {
    const more = index + 1 < call.count;
    if (call.is(index, "force")) {
      options.force = true;
    } else if (call.is(index, "justid")) {
      options.justId = true;
    } else if (more && call.is(index, "idle")) {
      options.time = Number(BigInt.asIntN(64, BigInt(now) - int64Or(call, ++index, "ERR Invalid IDLE option argument for XCLAIM")));
    } else if (more && call.is(index, "time")) {
      options.time = Number(int64Or(call, ++index, "ERR Invalid TIME option argument for XCLAIM"));
    } else if (more && call.is(index, "retrycount")) {
      options.deliveries = counter(int64Or(call, ++index, "ERR Invalid RETRYCOUNT option argument for XCLAIM"));
    } else if (more && call.is(index, "lastid")) {
      parseId(call, ++index, lastId);
    } else {
      throw commandError(`ERR Unrecognized XCLAIM option '${call.text(index)}'`);
    }
  }
  // A time in the future counts as now: clients have clocks of their own.
  if (options.time < 0 || options.time > now) options.time = now;
  return options;
}

export const xautoclaim = command("xautoclaim", { arity: -6, since: "6.2.0", flags: "write fast" })
  .takes("key{RW delete} group consumer min-idle-time start:string [COUNT count] [JUSTID]")
  .answers(`[next: id, entries: StreamEntry[], deleted: id[]]; if JUSTID: [next: id, ids: id[], deleted: id[]] where ${STREAM_ENTRY}`)
  .tips("nondeterministic_output")
  .docs("Claims the entries of a consumer group that were delivered long ago and never acknowledged.", "O(1) with a small COUNT")
  .changed("7.0.0: Returns the ids of deleted entries, too.")
  .run((call) => {
    const value = call.openRead(1, null);
    const minIdle = parseMinIdle(call, "XAUTOCLAIM");
    const start = new StreamId();
    parseStart(call, 5, start);
    const { count, justId } = parseAutoClaimOptions(call);
    const options = { minIdle, time: call.now, deliveries: NOT_GIVEN, justId, force: false };
    const claim = beginClaim(call, openGroup(call, value), options);
    claimFrom(call, claim, start, count);
    const { pending } = claim.group;
    call.reply.array(3);
    replyId(call, pending.atEnd ? id.setZero() : id.read(pending.buffer, pending.at));
    replyClaimed(call, claim);
    call.reply.array(claim.deleted.length);
    for (const each of claim.deleted) replyId(call, each);
  });

/** Claims up to `count` pending entries from `start` on. Afterwards the group's list stands at the first that was not visited. */
function claimFrom(call: Call, claim: Claim, start: StreamId, count: number): void {
  const { pending } = claim.group;
  const { claimed, deleted } = claim;
  pending.find(start);
  for (let looks = count * LOOKED_AT; looks > 0 && claimed.length + deleted.length < count && !pending.atEnd; looks--) {
    id.read(pending.buffer, pending.at);
    // After a dropped entry the list stands at the next one.
    if (!claimOne(call, claim, true)) pending.advance();
  }
}

function parseAutoClaimOptions(call: Call): { count: number; justId: boolean } {
  let count = DEFAULT_COUNT;
  let justId = false;
  for (let index = 6; index < call.count; index++) {
    if (call.is(index, "count") && index + 1 < call.count) {
      const given = int64Or(call, ++index, "ERR COUNT must be > 0");
      if (given < 1n || given > MAX_COUNT) throw commandError("ERR COUNT must be > 0");
      count = Number(given);
    } else if (call.is(index, "justid")) {
      justId = true;
    } else {
      throw errors.syntax;
    }
  }
  return { count, justId };
}
