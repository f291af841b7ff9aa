/** What SCAN, HSCAN, SSCAN and ZSCAN share: cursors, options, and the walk over a large collection. */

import { globMatch } from "../../base/glob.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Value } from "../../keyspace/value.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import { Element, packedAtEnd, packedFirst, packedRead } from "../../memory/packed.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { Type } from "../../values/value-types.ts";

/** Without COUNT. */
const DEFAULT_COUNT = 10;
/** At most this many buckets are visited for each element asked for: a sparse table must not stall a scan. */
export const BUCKETS_PER_ELEMENT = 10;

const STAR = 0x2a;

const noValuesElsewhere = commandError("ERR NOVALUES option can only be used in HSCAN");

const shownFirst = new Element();
const shownSecond = new Element();
const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

export interface ScanOptions {
  count: number;
  /** Null: everything matches. */
  pattern: Buffer | null;
  type: string | null;
  /** Whether a hash is to be shown without its values. */
  fieldsOnly: boolean;
}

/** The scan of one collection. */
export interface CollectionScan {
  readonly value: Value;
  readonly cursor: number;
  readonly options: ScanOptions;
}

/**
 * Opens the collection that HSCAN, SSCAN or ZSCAN asks for and begins the reply: the next cursor and the elements are to follow. Returns
 * null for a key that doesn't exist, after a complete reply; Redis reads no options then. Errors: invalid cursor, WRONGTYPE, those of
 * `scanOptions`.
 */
export function openScan(call: Call, type: Type): CollectionScan | null {
  const cursor = parseCursor(call.text(2));
  const value = call.openRead(1, type);
  const options = value.exists ? scanOptions(call, 3, type) : null;
  call.reply.array(2);
  if (options !== null) return { value, cursor, options };
  call.reply.integerBulk(0);
  call.reply.array(0);
  return null;
}

/**
 * Reads MATCH, COUNT, for keys (`of` is null) TYPE and for hashes NOVALUES from argument `first` on. Errors: syntax, not an integer, NOVALUES
 * elsewhere.
 */
export function scanOptions(call: Call, first: number, of: Type | null): ScanOptions {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: null, type: null, fieldsOnly: false };
  for (let index = first; index < call.count; index += 2) {
    if (call.is(index, "novalues")) {
      if (of !== Type.HASH) throw noValuesElsewhere;
      options.fieldsOnly = true;
      index--;
    } else if (index + 1 === call.count) throw errors.syntax;
    else if (call.is(index, "count")) {
      options.count = Number(call.int64(index + 1));
      if (options.count < 1) throw errors.syntax;
    } else if (call.is(index, "match")) options.pattern = patternArgument(call, index + 1);
    else if (of === null && call.is(index, "type")) options.type = call.text(index + 1).toLowerCase();
    else throw errors.syntax;
  }
  return options;
}

/** Returns the pattern in argument `index`, null for one that matches everything. */
export function patternArgument(call: Call, index: number): Buffer | null {
  const pattern = call.bytes(index);
  return pattern.length === 1 && pattern[0] === STAR ? null : pattern;
}

/** Whether the bytes match. */
export function matches(pattern: Buffer | null, { bytes, from, to }: Element): boolean {
  return pattern === null || globMatch(pattern, bytes, from, to, false);
}

/** Of what is scanned, the places to reply with: all, or those of which it says so. */
type Shows = ((place: number) => boolean) | undefined;

/** Scans a packed hash or sorted set: these are small, so that one call replies with all pairs that match, whatever the cursor. */
export function replyPackedPairs({ reply }: Call, { buffer, from }: Value, { fieldsOnly, pattern }: ScanOptions, shows?: Shows): void {
  const found: number[] = [];
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
    const second = packedRead(buffer, at, shownFirst);
    if (matches(pattern, shownFirst) && (shows === undefined || shows(at))) found.push(at);
    at = packedRead(buffer, second, shownSecond);
  }
  reply.integerBulk(0);
  reply.array(fieldsOnly ? found.length : found.length * 2);
  for (const at of found) {
    packedRead(buffer, packedRead(buffer, at, shownFirst), shownSecond);
    reply.slice(shownFirst);
    if (!fieldsOnly) reply.slice(shownSecond);
  }
}

/** Scans a large one: replies with the next cursor and the pairs that `replyPair` makes of the entries at these addresses. */
export function replyMapPairs(
  { reply }: Call,
  map: ByteMap,
  { cursor, options }: CollectionScan,
  replyPair: (address: number) => void,
  shows?: Shows,
): void {
  const scanned: number[] = [];
  reply.integerBulk(scanMap(map, cursor, options, scanned) >>> 0);
  const found = shows === undefined ? scanned : scanned.filter(shows);
  reply.array(options.fieldsOnly ? found.length : found.length * 2);
  for (const address of found) replyPair(address);
}

/**
 * Scans from `cursor` on, as far as one call goes, and adds the addresses of the entries that match to `found`. Returns the next cursor, 0
 * at the end.
 */
export function scanMap(map: ByteMap, cursor: number, { count, pattern }: ScanOptions, found: number[]): number {
  let seen = 0;
  let buckets = count * BUCKETS_PER_ELEMENT;
  const visit = (address: number): void => {
    seen++;
    map.table.locateKey(address, span);
    if (pattern === null || globMatch(pattern, span.buffer, span.from, span.to, false)) found.push(address);
  };
  do {
    cursor = map.table.scan(cursor, visit);
  } while (cursor !== 0 && buckets-- > 0 && seen < count);
  return cursor;
}

const UINT64_MAX = 18446744073709551615n;

/**
 * Returns the cursor in `text`, read as C's strtoul does (a sign wraps around, a NUL ends the text, an empty text is 0). We use 32 of its
 * 64 bits. Errors: invalid cursor.
 */
export function parseCursor(text: string): number {
  const end = text.indexOf("\0");
  const digits = end < 0 ? text : text.slice(0, end);
  if (digits === "") return 0;
  if (!/^[+-]?\d+$/.test(digits)) throw errors.invalidCursor;
  const magnitude = BigInt(digits.replace(/^[+-]/, ""));
  if (magnitude > UINT64_MAX) throw errors.invalidCursor;
  return Number(BigInt.asIntN(32, digits.startsWith("-") ? -magnitude : magnitude));
}
