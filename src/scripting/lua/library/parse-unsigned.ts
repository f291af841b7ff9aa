/** Integers in any base, for tonumber. */

const SPACES = " \t\n\v\f\r";

/** The largest value. Larger ones are this one, whatever their sign. */
const LIMIT = 2n ** 64n - 1n;

/**
 * An unsigned integer of 64 bits as strtoul reads it, spaces around it, a sign (a negative one counts down from 2^64) and `0x` in base 16
 * included; undefined if `text` is no such thing.
 */
export function parseUnsigned(text: string, base: number): number | undefined {
  let place = skipSpaces(text, 0);
  const sign = text[place];
  if (sign === "+" || sign === "-") place++;
  if (base === 16 && /^0[xX][\da-fA-F]/.test(text.slice(place, place + 3))) place += 2;
  const start = place;
  let value = 0n;
  for (let digit = digitAt(text, place); digit < base; digit = digitAt(text, ++place)) {
    if (value <= LIMIT) value = value * BigInt(base) + BigInt(digit);
  }
  if (place === start || skipSpaces(text, place) < text.length) return undefined;
  if (value > LIMIT) return Number(LIMIT);
  return Number(sign === "-" ? BigInt.asUintN(64, -value) : value);
}

function skipSpaces(text: string, from: number): number {
  let place = from;
  while (place < text.length && SPACES.includes(text.charAt(place))) place++;
  return place;
}

/** The value of a digit; a large number for all other characters. */
function digitAt(text: string, place: number): number {
  const code = text.charCodeAt(place);
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 122 ? letter - 87 : 99;
}
