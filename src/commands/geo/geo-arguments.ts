/** Arguments of geo commands: places, units, and how they are told in COMMAND DOCS. */

import { isOnMap, type Place } from "../../algorithms/geo/geohash.ts";
import { formatSixDecimals } from "../../base/numbers/fixed-point.ts";
import { commandError } from "../../errors.ts";
import type { Context } from "../../execution/context.ts";
import { scoreArgument } from "../sorted-set/sorted-set-arguments.ts";

const UNITS = [
  { word: "m", metres: 1 },
  { word: "km", metres: 1000 },
  { word: "ft", metres: 0.3048 },
  { word: "mi", metres: 1609.34 },
] as const;

const unknownUnit = commandError("ERR unsupported unit provided. please use M, KM, FT, MI");

/** The metres of the unit in argument `index`. Errors: unsupported unit. */
export function unitArgument(ctx: Context, index: number): number {
  for (let i = 0; i < UNITS.length; i++) if (ctx.is(index, UNITS[i].word)) return UNITS[i].metres;
  throw unknownUnit;
}

/** Reads the longitude in argument `index` and the latitude in the next. Errors: not a valid float, not on the map. */
export function placeArguments(ctx: Context, index: number, place: Place): void {
  const longitude = scoreArgument(ctx, index);
  const latitude = scoreArgument(ctx, index + 1);
  if (!isOnMap(longitude, latitude))
    throw commandError(`ERR invalid longitude,latitude pair ${formatSixDecimals(longitude)},${formatSixDecimals(latitude)}`);
  place.longitude = longitude;
  place.latitude = latitude;
}
