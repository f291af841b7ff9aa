/** Numbers as Redis's configuration reads them. Exact (bigint): limits reach 2^64 - 1, and messages and CONFIG GET show every digit. */

export const INT_MIN = -2147483648n;
export const INT_MAX = 2147483647n;
export const UINT_MAX = 4294967295n;
const INT64_MIN = -9223372036854775808n;
export const INT64_MAX = 9223372036854775807n;
export const UINT64_MAX = 18446744073709551615n;

const CANONICAL = /^(?:0|-?[1-9][0-9]{0,18})$/;
const MEMORY = /^([0-9]{0,127})(b|k|kb|m|mb|g|gb)?$/i;
const DECIMAL = /^[ \t\n\v\f\r]*[+-]?[0-9]+$/;
const OCTAL = /^[ \t\n\v\f\r]*([+-]?)([0-7]+)$/;
const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

const UNITS: Readonly<Record<string, bigint>> = { b: 1n, k: 1000n, kb: 1024n, m: 1000000n, mb: 1048576n, g: 1000000000n, gb: 1073741824n };

/** The int64 that `text` spells in its only form ("007", "+1", "-0", " 1" are none), or null: Redis's string2ll. */
export function parseInteger(text: string): bigint | null {
  if (!CANONICAL.test(text)) return null;
  const value = BigInt(text);
  return value < INT64_MIN || value > INT64_MAX ? null : value;
}

/**
 * The bytes that `text` means: digits, then nothing, b, k, kb, m, mb, g or gb in any case (k is 1000, kb 1024); null for anything else.
 * Redis's memtoull, corners included: no digits are 0, and a product too large for 64 bits wraps round.
 */
export function parseMemory(text: string): bigint | null {
  const parts = MEMORY.exec(text);
  if (parts === null) return null;
  const count = parts[1] === "" ? 0n : BigInt(parts[1]);
  const unit = UNITS[(parts[2] ?? "b").toLowerCase()];
  return BigInt.asUintN(64, (count > UINT64_MAX ? UINT64_MAX : count) * unit);
}

/** Bytes in redis.conf's notation: the largest of gb, mb and kb that divides them, else bare. */
export function formatMemory(bytes: bigint): string {
  for (const unit of ["gb", "mb", "kb"]) if (bytes !== 0n && bytes % UNITS[unit] === 0n) return `${bytes / UNITS[unit]}${unit}`;
  return bytes.toString();
}

/** What C's strtoll makes of the whole of `text`, kept within int64, or null when a rest stays unread. Nothing at all is 0. */
export function parseLoose(text: string): bigint | null {
  if (text === "") return 0n;
  if (!DECIMAL.test(text)) return null;
  const value = BigInt(text.trim().replace("+", ""));
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : value;
}

/** The integer that `text` spells in octal, or null when it spells none or one beyond int64. */
export function parseOctal(text: string): bigint | null {
  if (text === "") return 0n;
  const parts = OCTAL.exec(text);
  if (parts === null) return null;
  const size = BigInt(`0o${parts[2]}`);
  const value = parts[1] === "-" ? -size : size;
  return value > INT64_MAX || value < INT64_MIN ? null : value;
}

/** The decimal number that `text` spells, infinities included, or null. */
export function parseFloatingPoint(text: string): number | null {
  if (INFINITE.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!FLOAT.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** A number with at most six digits after the point and no idle zeros: C's %f, trimmed. */
export function formatDecimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}
