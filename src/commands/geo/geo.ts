/** Positions in sorted sets: stored as scores, returned as coordinates, geohashes and distances. geo-search.ts searches them. */

import { decodeScore, distance, encodeScore, GEOHASH_BYTES, Place, writeGeohash } from "../../algorithms/geo/geohash.ts";
import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { zsetExpect, zsetScore } from "../../values/sorted-set/zset.ts";
import { Type } from "../../values/value-types.ts";
import { meaningOf } from "../arguments/numbers.ts";
import { ADDED, CH, NX, putMember, UPDATED, XX } from "../sorted-set/sorted-set-adding.ts";
import { placeArguments, replyDistance, replyPlace, unitArgument } from "./geo-places.ts";

const command = commandsOf("geo");

// Scratch.
const place = new Place();
const other = new Place();
const text = Buffer.alloc(GEOHASH_BYTES);

export const geoadd = command("geoadd", { arity: -5, since: "3.2.0", flags: "write denyoom" })
  .takes("key{RW update} [condition(NX | XX)@6.2.0] [change='CH'@6.2.0] data(longitude latitude member)...")
  .answers("count")
  .docs("Adds members with their positions to a geospatial index.", "O(log(N)) for each member, with N in the index")
  .changed("6.2.0: Added `CH`, `NX` and `XX`.")
  .run(add);

export const geodist = command("geodist", { arity: -4, since: "3.2.0", flags: "readonly" })
  .takes("key{RO access} member1 member2 [unit('m' | 'km' | 'ft' | 'mi')]")
  .answers("decimal | null")
  .docs("Returns the distance between two members of a geospatial index.", "O(1)")
  .run((call) => {
    if (call.count > 5) throw errors.syntax;
    const metres = call.count === 5 ? unitArgument(call, 4) : 1;
    const zset = call.openRead(1, Type.ZSET);
    if (!readPlace(call, zset, 2, place) || !readPlace(call, zset, 3, other)) return call.reply.null();
    replyDistance(call.reply, distance(place.longitude, place.latitude, other.longitude, other.latitude) / metres);
  });

export const geohash = command("geohash", { arity: -2, since: "3.2.0", flags: "readonly" })
  .takes("key{RO access} [member...]")
  .answers("(string | null)[]")
  .docs("Returns the positions of members of a geospatial index as geohash strings.", "O(1) for each member asked for")
  .run((call) => {
    const zset = call.openRead(1, Type.ZSET);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) {
      if (readPlace(call, zset, index, place)) {
        writeGeohash(text, 0, place);
        call.reply.bytes(text, 0, GEOHASH_BYTES);
      } else call.reply.null();
    }
  });

export const geopos = command("geopos", { arity: -2, since: "3.2.0", flags: "readonly" })
  .takes("key{RO access} [member...]")
  .answers("([longitude: double, latitude: double] | null-array)[]")
  .docs("Returns the longitudes and latitudes of members of a geospatial index.", "O(1) for each member asked for")
  .run((call) => {
    const zset = call.openRead(1, Type.ZSET);
    call.reply.array(call.count - 2);
    for (let index = 2; index < call.count; index++) {
      if (readPlace(call, zset, index, place)) replyPlace(call.reply, place.longitude, place.latitude);
      else call.reply.nullArray();
    }
  });

/** Reads the position of the member in argument `index`. Returns whether it exists. */
function readPlace({ frame }: Call, zset: Value, index: number, into: Place): boolean {
  const from = frame.offsets[index];
  const score = zsetScore(zset, frame.buffer, from, from + frame.lengths[index]);
  if (score !== score) return false;
  decodeScore(score, into);
  return true;
}

// ---- GEOADD

/** Arguments for each member: longitude, latitude, and its name. */
const STEP = 3;

/** The scores of one request, checked before anything changes. */
let scores = new Float64Array(64);

function add(call: Call): void {
  let options = 0;
  let first = 2;
  for (let option = optionAt(call, first); option !== 0; option = optionAt(call, first)) {
    options |= option;
    first++;
  }
  const count = (call.count - first) / STEP;
  if (!Number.isInteger(count) || (options & (NX | XX)) === (NX | XX)) throw errors.syntax;
  readScores(call, first, count);
  if (count === 0) throw errors.syntax;
  const zset = call.openWrite(1, Type.ZSET);
  if (!zset.exists && (options & XX) !== 0) return call.reply.integer(0);
  call.server.keyspace.requireRoom(count, call.frame.end - call.frame.start);
  zsetExpect(zset, count, call.frame.lengths[first + 2]);
  let added = 0;
  let updated = 0;
  for (let i = 0; i < count; i++) {
    const change = putMember(call, zset, options, scores[i], first + i * STEP + 2);
    if (change === ADDED) added++;
    else if (change === UPDATED) updated++;
  }
  if (added + updated > 0) {
    zset.changed(added + updated);
    call.event(EventClass.ZSET, "zadd", 1);
    journal(call, first, count);
  }
  call.reply.integer((options & CH) !== 0 ? added + updated : added);
}

const OPTIONS = { nx: NX, xx: XX, ch: CH } as const;

/** Returns the option in argument `index`, 0 if the members begin there. */
function optionAt(call: Call, index: number): number {
  return index < call.count ? (meaningOf<number>(call, index, OPTIONS) ?? 0) : 0;
}

function readScores(call: Call, first: number, count: number): void {
  if (count > scores.length) scores = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    placeArguments(call, first + i * STEP, place);
    scores[i] = encodeScore(place.longitude, place.latitude);
  }
}

/** Replicas get the equivalent ZADD. */
function journal(call: Call, first: number, count: number): void {
  if (!call.server.journal.active) return;
  const words: (Buffer | number)[] = [];
  for (let index = 1; index < first; index++) words.push(call.bytes(index));
  for (let i = 0; i < count; i++) words.push(scores[i], call.bytes(first + i * STEP + 2));
  call.journalAs("zadd", ...words);
}
