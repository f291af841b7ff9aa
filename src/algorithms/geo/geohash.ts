/**
 * Places on earth as scores: the 26 bits of a latitude and the 26 of a longitude interleaved to a whole number below 2^52, which a double
 * holds, so that places near each other mostly have scores near each other. Latitudes end at about 85 degrees, as in EPSG:3857; a place
 * right on the upper edge has a 27th bit, and a score may be anything that ZADD takes, so numbers are treated as the 64 bits C makes of
 * them, in two halves. Angles are degrees, distances metres. All arithmetic is in Redis's order: results are equal to the last bit, as long
 * as the platform's sin, cos and asin are.
 *
 * Hot: every member that a search comes upon is decoded and measured. No BigInt, no object.
 */

import { WORD } from "../../base/bytes.ts";

const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
/** Bits of each coordinate in a score. */
export const STEP_MAX = 26;

const LONGITUDE_SCALE = LONGITUDE_MAX * 2;
const LATITUDE_SCALE = LATITUDE_MAX * 2;
const CELLS = 2 ** STEP_MAX;
const RADIANS = Math.PI / 180;
/** Metres. */
export const EARTH_RADIUS = 6372797.560856;

/** The standard alphabet: digits and letters without a, i, l and o. */
const ALPHABET = Buffer.from("0123456789bcdefghjkmnpqrstuvwxyz", "latin1");
/** Characters of a geohash string; the last would need three bits more than there are. */
export const GEOHASH_BYTES = 11;

/** A longitude and a latitude. */
export class Place {
  longitude = 0;
  latitude = 0;
}

/** Whether there are scores for places here. */
export function isOnMap(longitude: number, latitude: number): boolean {
  return longitude >= -LONGITUDE_MAX && longitude <= LONGITUDE_MAX && latitude >= -LATITUDE_MAX && latitude <= LATITUDE_MAX;
}

// ---- bits

/** Moves the lower 16 bits to the even ones of 32. */
function spread(bits: number): number {
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** The way back: the even bits of 32. */
function squeeze(bits: number): number {
  bits &= 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

/** The halves of 64 interleaved bits: those of `even` at the even places, those of `odd` at the odd ones. */
function lowerBits(even: number, odd: number): number {
  return (spread(even & 0xffff) | (spread(odd & 0xffff) << 1)) >>> 0;
}

function upperBits(even: number, odd: number): number {
  return (spread(even >>> 16) | (spread(odd >>> 16) << 1)) >>> 0;
}

/** The number whose bits are those of a latitude and a longitude in turn, and `more`; above 2^53 rounded, once. */
export function interleave(latitudeBits: number, longitudeBits: number, more = 0): number {
  return upperBits(latitudeBits, longitudeBits) * WORD + (lowerBits(latitudeBits, longitudeBits) + more);
}

/** The 64 bits that C's conversion to an unsigned integer makes of a score, by way of `upper` and `lower`. */
let upper = 0;
let lower = 0;

function splitScore(score: number): void {
  // Every place off the upper edges of the map.
  if (score >= 0 && score < 2 ** 63) {
    const high = Math.floor(score / WORD);
    upper = high;
    lower = score - high * WORD;
    return;
  }
  let whole = Math.trunc(score);
  if (whole >= WORD * WORD) whole = 0;
  else if (whole < -(2 ** 63)) whole = 2 ** 63;
  const high = Math.floor(whole / WORD);
  upper = high < 0 ? high + WORD : high;
  lower = whole - high * WORD;
}

/** The latitude's bits in the 64 of a score. */
export function latitudeBits(score: number): number {
  splitScore(score);
  return (squeeze(lower) | (squeeze(upper) << 16)) >>> 0;
}

/** And the longitude's. */
export function longitudeBits(score: number): number {
  splitScore(score);
  return (squeeze(lower >>> 1) | (squeeze(upper >>> 1) << 16)) >>> 0;
}

// ---- scores

/** The number of the cell, of 2^step side by side, that a latitude is in. */
export function latitudeCell(latitude: number, step: number): number {
  return Math.floor(((latitude + LATITUDE_MAX) / LATITUDE_SCALE) * 2 ** step);
}

export function longitudeCell(longitude: number, step: number): number {
  return Math.floor(((longitude + LONGITUDE_MAX) / LONGITUDE_SCALE) * 2 ** step);
}

/** Where a cell of latitudes begins; the next one begins where it ends. */
export function latitudeOf(cell: number, step: number): number {
  return -LATITUDE_MAX + (cell / 2 ** step) * LATITUDE_SCALE;
}

export function longitudeOf(cell: number, step: number): number {
  return -LONGITUDE_MAX + (cell / 2 ** step) * LONGITUDE_SCALE;
}

/** The score of a place on the map. */
export function encodeScore(longitude: number, latitude: number): number {
  return interleave(latitudeCell(latitude, STEP_MAX), longitudeCell(longitude, STEP_MAX));
}

/** The place that any score stands for: the middle of its cell. */
export function decodeScore(score: number, place: Place): void {
  place.latitude = decodeLatitude(score);
  place.longitude = decodeLongitude(score);
}

/** The latitude alone, for callers that may need no more. */
export function decodeLatitude(score: number): number {
  return middle(latitudeBits(score), LATITUDE_MAX, LATITUDE_SCALE);
}

export function decodeLongitude(score: number): number {
  return middle(longitudeBits(score), LONGITUDE_MAX, LONGITUDE_SCALE);
}

/** The middle of a cell of coordinates from -max to max, `scale` in all. */
function middle(cell: number, max: number, scale: number): number {
  const from = -max + (cell / CELLS) * scale;
  const to = -max + (((cell + 1) >>> 0) / CELLS) * scale;
  const between = (from + to) / 2;
  return between > max ? max : between < -max ? -max : between;
}

/** Writes the standard geohash, whose latitudes end at 90 degrees, of a place that was decoded from a score: GEOHASH_BYTES bytes at `at`. */
export function writeGeohash(target: Buffer, at: number, { longitude, latitude }: Place): void {
  const latitudeBits = Math.floor(((latitude + 90) / 180) * CELLS);
  const longitudeBits = longitudeCell(longitude, STEP_MAX);
  const high = upperBits(latitudeBits, longitudeBits);
  const low = lowerBits(latitudeBits, longitudeBits);
  for (let shift = STEP_MAX * 2 - 5; shift > 0; shift -= 5) {
    target[at++] = ALPHABET[(shift >= 32 ? high >>> (shift - 32) : low >>> shift) & 31];
  }
  target[at] = ALPHABET[0];
}

// ---- distances

/** Degrees as radians. */
export function radians(degrees: number): number {
  return degrees * RADIANS;
}

export function degrees(angle: number): number {
  return angle / RADIANS;
}

/** Metres between two latitudes on one meridian. */
export function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS * Math.abs(b * RADIANS - a * RADIANS);
}

/** Metres between two places, by the haversine formula; NaN where rounding makes two antipodes more than half the earth apart. */
export function distance(longitudeA: number, latitudeA: number, longitudeB: number, latitudeB: number): number {
  const v = Math.sin((longitudeB * RADIANS - longitudeA * RADIANS) / 2);
  if (v === 0) return latitudeDistance(latitudeA, latitudeB);
  const a = latitudeA * RADIANS;
  const b = latitudeB * RADIANS;
  const u = Math.sin((b - a) / 2);
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(u * u + Math.cos(a) * Math.cos(b) * v * v));
}
