/** Places, distances and units: how they are read from arguments and replied. */

import { isOnMap, type Place } from "../../algorithms/geo/geohash.ts";
import { formatSixDecimals, MAX_FIXED_BYTES, writeDecimal, writeDistance } from "../../base/numbers/fixed-point.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Reply } from "../../protocol/reply.ts";
import { choice } from "../arguments/numbers.ts";
import { scoreArgument } from "../sorted-set/sorted-set-arguments.ts";

/** In metres. */
const UNITS = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 } as const;

const unknownUnit = commandError("ERR unsupported unit provided. please use M, KM, FT, MI");

/** Returns the metres of the unit in argument `index`. Errors: unsupported unit. */
export function unitArgument(call: Call, index: number): number {
  return choice(call, index, UNITS, unknownUnit);
}

/** Reads the longitude in argument `index` and the latitude in the next. Errors: not a valid float, not on the map. */
export function placeArguments(call: Call, index: number, place: Place): void {
  const longitude = scoreArgument(call, index);
  const latitude = scoreArgument(call, index + 1);
  if (!isOnMap(longitude, latitude))
    throw commandError(`ERR invalid longitude,latitude pair ${formatSixDecimals(longitude)},${formatSixDecimals(latitude)}`);
  place.longitude = longitude;
  place.latitude = latitude;
}

const text = Buffer.alloc(MAX_FIXED_BYTES);

/** A longitude and a latitude, each a number of up to 17 decimals. */
export function replyPlace(reply: Reply, longitude: number, latitude: number): void {
  reply.array(2);
  reply.doubleBytes(text, 0, writeDecimal(text, 0, longitude));
  reply.doubleBytes(text, 0, writeDecimal(text, 0, latitude));
}

/** A distance: a string with four decimals, whatever the client speaks. */
export function replyDistance(reply: Reply, distance: number): void {
  reply.bytes(text, 0, writeDistance(text, 0, distance));
}
