/** What SCAN, HSCAN, SSCAN and ZSCAN share: cursors, options, and the walk over a large collection. */

import { globMatch } from "../../base/glob.ts";
import { errors } from "../../errors.ts";
import type { Context } from "../../execution/context.ts";
import type { Value } from "../../keyspace/value.ts";
import type { ByteMap } from "../../memory/bytemap.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import type { Type } from "../../values/value-types.ts";

/** Without COUNT. */
const DEFAULT_COUNT = 10;
/** At most this many buckets are visited for each element asked for: a sparse table must not stall a scan. */
export const BUCKETS_PER_ELEMENT = 10;

const STAR = 0x2a;

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

export interface ScanOptions {
  count: number;
  /** Null: everything matches. */
  pattern: Buffer | null;
  type: string | null;
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
export function openScan(ctx: Context, type: Type): CollectionScan | null {
  const cursor = parseCursor(ctx.text(2));
  const value = ctx.openRead(1, type);
  const options = value.exists ? scanOptions(ctx, 3, { type: false }) : null;
  ctx.reply.array(2);
  if (options !== null) return { value, cursor, options };
  ctx.reply.integerBulk(0);
  ctx.reply.array(0);
  return null;
}

/** Reads MATCH, COUNT and, if allowed, TYPE from argument `first` on. Errors: syntax, not an integer. */
export function scanOptions(ctx: Context, first: number, allowed: { type: boolean }): ScanOptions {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: null, type: null };
  for (let index = first; index < ctx.count; index += 2) {
    if (index + 1 === ctx.count) throw errors.syntax;
    if (ctx.is(index, "count")) {
      options.count = Number(ctx.int64(index + 1));
      if (options.count < 1) throw errors.syntax;
    } else if (ctx.is(index, "match")) options.pattern = patternArgument(ctx, index + 1);
    else if (allowed.type && ctx.is(index, "type")) options.type = ctx.text(index + 1).toLowerCase();
    else throw errors.syntax;
  }
  return options;
}

/** Returns the pattern in argument `index`, null for one that matches everything. */
export function patternArgument(ctx: Context, index: number): Buffer | null {
  const pattern = ctx.bytes(index);
  return pattern.length === 1 && pattern[0] === STAR ? null : pattern;
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
    map.locateKey(address, span);
    if (pattern === null || globMatch(pattern, span.buffer, span.from, span.to, false)) found.push(address);
  };
  do {
    cursor = map.scan(cursor, visit);
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
