/** Bytes that are no requests, or not whole, and what must become of them: Redis's rules for requests, written down once more. */
import type { Random } from "../support/property.ts";

/**
 * After these bytes a connection reads on at the start of a request ("ready"), waits for more of the last one, or is closed with a protocol
 * error. "unknown": there is a NUL byte where a length is read, where C's functions for texts end early.
 */
export type Outcome = "ready" | "waits" | "error" | "unknown";

const CR = 13;
const LF = 10;
const LONGEST_LINE = 64 * 1024;
const MOST_ARGUMENTS = 2147483647;

export function outcomeOf(bytes: Buffer, longestBulk: number): Outcome {
  let at = 0;
  while (at < bytes.length) {
    const next = bytes[at] === 42 ? afterArray(bytes, at, longestBulk) : afterLine(bytes, at);
    if (typeof next === "string") return next;
    at = next;
  }
  return at > bytes.length ? "waits" : "ready";
}

/** Where the request that starts here ends, or what becomes of it. */
function afterArray(bytes: Buffer, start: number, longestBulk: number): number | Outcome {
  const count = header(bytes, start);
  if (typeof count === "string") return count;
  if (Number.isNaN(count.value) || count.value > MOST_ARGUMENTS) return "error";
  let at = count.next;
  for (let left = count.value; left > 0; left--) {
    const length = header(bytes, at);
    if (typeof length === "string") return length;
    if (bytes[at] !== 36 || Number.isNaN(length.value) || length.value < 0 || length.value > longestBulk) return "error";
    at = length.next + length.value + 2;
    if (at > bytes.length) return "waits";
  }
  return at;
}

function header(bytes: Buffer, at: number): { value: number; next: number } | Outcome {
  const end = bytes.indexOf(CR, at);
  const zero = bytes.indexOf(0, at);
  if (zero >= 0 && (end < 0 || zero < end)) return "unknown";
  if (end < 0) return bytes.length - at > LONGEST_LINE ? "error" : "waits";
  if (end + 1 >= bytes.length) return "waits";
  const text = bytes.toString("latin1", at + 1, end);
  return { value: /^(0|-?[1-9]\d{0,18})$/.test(text) ? Number(text) : Number.NaN, next: end + 2 };
}

function afterLine(bytes: Buffer, at: number): number | Outcome {
  const end = bytes.indexOf(LF, at);
  const zero = bytes.indexOf(0, at);
  if (zero >= 0 && (end < 0 || zero < end)) return "unknown";
  if (end < 0) return bytes.length - at > LONGEST_LINE ? "error" : "waits";
  const line = bytes.toString("latin1", at, bytes[end - 1] === CR && end > at ? end - 1 : end);
  return balanced(line) ? end + 1 : "error";
}

/** Whether the quotes of an inline request are closed, each before a space or the end. */
function balanced(line: string): boolean {
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const [one, next] = [line[at], line[at + 1]];
    if (quote === "") quote = one === '"' || one === "'" ? one : "";
    else if (one === "\\" && (quote === '"' || next === "'")) at += 1;
    else if (one === quote) {
      if (next !== undefined && !/\s/.test(next)) return false;
      quote = "";
    }
  }
  return quote === "";
}

/** Whole requests, damaged. */
export function damage(requests: Buffer, random: Random): Buffer {
  const at = random.below(requests.length);
  const length = random.between(1, 12);
  const rest = requests.subarray(at + length);
  const start = requests.subarray(0, at);
  switch (random.below(9)) {
    case 0:
      return Buffer.from(start); // cut off
    case 1:
      return Buffer.concat([start, rest]);
    case 2:
      return Buffer.concat([start, random.bytes(length), rest]);
    case 3:
      return Buffer.concat([requests.subarray(0, at + length), requests.subarray(at)]);
    case 4:
      return Buffer.concat([requests, Buffer.from(random.pick(FRAGMENTS), "latin1")]);
    case 5:
      return Buffer.concat([requests, Buffer.alloc(random.pick([100, 65_600]), random.pick(["x", "*1", "*1\r\n$1"]))]);
    default: {
      // A digit of a length, or any other byte.
      const changed = Buffer.from(requests);
      const digit = random.chance(0.7) ? requests.indexOf(random.pick(["*", "$"]), at) + 1 : at;
      changed[Math.min(digit, changed.length - 1)] = random.chance(0.7) ? 48 + random.below(10) : random.below(256);
      return changed;
    }
  }
}

const FRAGMENTS = [
  "*1048577\r\n",
  "*2147483648\r\n",
  "*-1\r\n",
  "*0\r\n",
  "\r\n",
  "*1\r\n$-1\r\n",
  "*1\r\n$1048577\r\n",
  "*1\r\n:1\r\n",
  "*x\r\n",
  "* 1\r\n",
  "*1\r\n$4\r\nPINGxx",
  "*2\r\n$4\r\nECHO\r\n$99999999999999999999\r\n",
  'SET v1 "unbalanced\r\n',
  "SET v1 'a'b\r\n",
  "GET v1\n",
  'SET v1 "\\x41\\n"\r\n',
  "*1\r\n$4\r\nPING",
  "*1\n$4\nPING\n",
];
