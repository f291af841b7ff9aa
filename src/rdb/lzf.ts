/**
 * LZF, the compression of long strings in RDB files. Three forms follow one another, each led by a control byte:
 *
 *     000nnnnn                    the next n+1 bytes (1 to 32) as they stand
 *     lllooooo oooooooo           l+2 bytes (3 to 8) again from o+1 bytes back (1 to 8192)
 *     111ooooo llllllll oooooooo  l+9 bytes (9 to 264) again from o+1 bytes back
 *
 * A repeat may overlap what it produces. Hot: the writer tries every string above 20 bytes. Hence the `| 0` at every turn: offsets are
 * int32 then, whatever the caller's numbers were made of, and both directions take half the time that they take with doubles.
 */
import { assert } from "../assert.ts";
import { RdbError } from "./error.ts";

const MAX_LITERALS = 32;
/** From here on a copy at one go beats a loop, for one that is led by a control byte of this or more. */
const COPIED_LITERALS = 15;
const MAX_DISTANCE = 8192;
const MAX_REPEAT = 264;
/** Repeats longer by this than the shortest have their length in a byte of its own. */
const LONG_REPEAT = 7;
const MIN_SAVING = 4;
const MAX_INPUT = 1 << 30;
/** The largest offset in a buffer. */
const MAX_OFFSET = 0x7fffffff;
/** A string that has not shrunk by here is taken for incompressible (a picture, an archive): 100 MB of such would take a second. */
const TRIAL_BYTES = 64 * 1024;

/** No compressed byte stands for more than this many: three bytes make 264. A string that announces more is corrupt. */
export const LZF_MAX_RATIO = 88;

/** Measured: 13 to 16 bits are equally fast, and on a text of 20 letters each bit makes the result 1 to 1.6 % smaller. */
const TABLE_BITS = 16;
/** Short inputs use the first 4 KiB of the table alone: it stays in the first-level cache whatever else the save touches. */
const SHORT_INPUT = 512;
const SHORT_TABLE_BITS = 10;
/** Knuth's multiplier, 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e3779b1 | 0;

/** Compresses; holds the 256 KiB table of where three bytes were last seen, so that one serves any number of strings. */
export class LzfCompressor {
  private readonly seen = new Int32Array(1 << TABLE_BITS);
  /** What positions in `seen` count from. It grows past every string: what earlier ones left there is out of range, not cleared. */
  private base = 1;

  /**
   * Compresses source[from, to) into target from `at` on. Returns the compressed length, or 0 when it would not be at least 4 bytes shorter,
   * does not fit the target or shows no gain in its first 64 KiB; what lies after `at` is then undefined, up to `at + (to - from) - 4`.
   */
  compress(source: Buffer, from: number, to: number, target: Buffer, at: number): number {
    if (to - from <= MIN_SAVING || to - from > MAX_INPUT || to > MAX_OFFSET || at + to - from > MAX_OFFSET) return 0;
    from |= 0;
    to |= 0;
    const length = (to - from) | 0;
    const limit = Math.min(target.length, at + length - MIN_SAVING) | 0;
    const shift = length <= SHORT_INPUT ? 32 - SHORT_TABLE_BITS : 32 - TABLE_BITS;
    const delta = (this.claim(length) - from) | 0;
    const { seen } = this;
    const lastTriple = (to - 2) | 0;

    let literals = 0;
    let out = (at + 1) | 0; // the control byte of a run of literals is filled in once the run is over
    let cursor = from;
    let triple = (source[from] << 8) | (source[from + 1] << 16);
    while (cursor < lastTriple) {
      triple = (triple >>> 8) | (source[cursor + 2] << 16);
      const slot = Math.imul(triple, MULTIPLIER) >>> shift;
      const candidate = (seen[slot] - delta) | 0;
      seen[slot] = cursor + delta;
      if (
        candidate < from ||
        ((cursor - candidate) | 0) > MAX_DISTANCE ||
        (source[candidate] | (source[candidate + 1] << 8) | (source[candidate + 2] << 16)) !== triple
      ) {
        if (out >= limit) return 0;
        target[out] = source[cursor];
        out = (out + 1) | 0;
        cursor = (cursor + 1) | 0;
        literals = (literals + 1) | 0;
        if (literals === MAX_LITERALS) {
          target[out - MAX_LITERALS - 1] = MAX_LITERALS - 1;
          literals = 0;
          out = (out + 1) | 0;
          if (cursor - from > TRIAL_BYTES && out - at > cursor - from) return 0;
        }
        continue;
      }
      if (literals === 0) out = (out - 1) | 0;
      else target[(out - literals - 1) | 0] = literals - 1;
      literals = 0;
      const distance = (cursor - candidate - 1) | 0;
      const begin = cursor;
      let end = (cursor + MAX_REPEAT) | 0;
      if (end > to) end = to;
      let back = (candidate + 3) | 0;
      cursor = (cursor + 3) | 0;
      while (cursor < end && source[cursor] === source[back]) {
        cursor = (cursor + 1) | 0;
        back = (back + 1) | 0;
      }
      const extra = (cursor - begin - 2) | 0;
      if (extra < LONG_REPEAT) {
        if (out + 2 > limit) return 0;
        target[out] = (distance >>> 8) | (extra << 5);
      } else {
        if (out + 3 > limit) return 0;
        target[out] = (distance >>> 8) | (LONG_REPEAT << 5);
        out = (out + 1) | 0;
        target[out] = extra - LONG_REPEAT;
      }
      target[out + 1] = distance;
      out = (out + 3) | 0; // that, and the control byte of what follows
      if (cursor >= lastTriple) break;
      // Two of the positions passed over are worth remembering; all of them cost more time than they save bytes.
      triple = source[cursor - 2] | (source[cursor - 1] << 8) | (source[cursor] << 16);
      seen[Math.imul(triple, MULTIPLIER) >>> shift] = cursor - 2 + delta;
      triple = (triple >>> 8) | (source[cursor + 1] << 16);
      seen[Math.imul(triple, MULTIPLIER) >>> shift] = cursor - 1 + delta;
    }
    return putRest(source, cursor, to, target, out, limit, literals, at);
  }

  /** Reserves `length` positions in the table's count. Returns the first. */
  private claim(length: number): number {
    if (this.base > 0x7fffffff - length) {
      this.seen.fill(0);
      this.base = 1;
    }
    const first = this.base;
    this.base += length;
    return first;
  }
}

/** Writes what no repeat covers at the end and closes the run of literals. Returns the length since `at`, or 0 when it passes `limit`. */
function putRest(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  out: number,
  limit: number,
  literals: number,
  at: number,
): number {
  for (let cursor = from; cursor < to; cursor++) {
    if (out >= limit) return 0;
    target[out++] = source[cursor];
    if (++literals === MAX_LITERALS) {
      target[out - MAX_LITERALS - 1] = MAX_LITERALS - 1;
      literals = 0;
      out++;
    }
  }
  if (literals === 0) out--;
  else target[out - literals - 1] = literals - 1;
  return out > limit ? 0 : out - at;
}

/**
 * Decompresses source[from, to) into target[at, at + length), which it must fill exactly. Never reads or writes outside the two.
 * Errors: RdbError where the input is corrupt, at `offset` (that of source[from] in the file) plus the distance into the source.
 */
export function lzfDecompress(source: Buffer, from: number, to: number, target: Buffer, at: number, length: number, offset = 0): void {
  if (to > MAX_OFFSET || at + length > MAX_OFFSET) throw new RdbError("LZF strings of more than 2 GiB are not supported", offset);
  from |= 0;
  to |= 0;
  at |= 0;
  const end = (at + length) | 0;
  assert(from >= 0 && to <= source.length && at >= 0 && end <= target.length, "LZF: a range outside its buffer");
  let cursor = from;
  let out = at;
  // Plain loops: with a call of `copyBytes` in their place a file of lists took three times as long to load.
  while (cursor < to) {
    const begin = cursor;
    const control = source[begin];
    cursor = (cursor + 1) | 0;
    if (control < MAX_LITERALS) {
      const stop = (out + control + 1) | 0;
      if (((cursor + control) | 0) >= to) throw corrupt("the input ends inside a run of literals", offset + begin - from);
      if (stop > end) throw corrupt(`it makes more than the ${length} bytes announced`, offset + begin - from);
      if (control >= COPIED_LITERALS) {
        source.copy(target, out, cursor, cursor + control + 1);
        cursor = (cursor + control + 1) | 0;
        out = stop;
      }
      while (out < stop) {
        target[out] = source[cursor];
        out = (out + 1) | 0;
        cursor = (cursor + 1) | 0;
      }
      continue;
    }
    let stop = (out + (control >>> 5) + 2) | 0;
    if (control >= LONG_REPEAT << 5) {
      if (cursor === to) throw corrupt("the input ends inside a repeat", offset + begin - from);
      stop = (stop + source[cursor]) | 0;
      cursor = (cursor + 1) | 0;
    }
    if (cursor === to) throw corrupt("the input ends inside a repeat", offset + begin - from);
    let back = (out - (((control & 0x1f) << 8) | source[cursor]) - 1) | 0;
    cursor = (cursor + 1) | 0;
    if (back < at) throw corrupt(`a repeat from ${out - back} bytes back, ${out - at} bytes in`, offset + begin - from);
    if (stop > end) throw corrupt(`it makes more than the ${length} bytes announced`, offset + begin - from);
    while (out < stop) {
      target[out] = target[back];
      out = (out + 1) | 0;
      back = (back + 1) | 0;
    }
  }
  if (out !== end) throw corrupt(`it makes ${out - at} bytes of the ${length} announced`, offset + to - from);
}

/** Decompresses the beginning of source[from, to) into target[at, at + most). Returns how many bytes: fewer if it ends or is corrupt. */
export function lzfDecompressHead(source: Buffer, from: number, to: number, target: Buffer, at: number, most: number): number {
  const end = at + most;
  let cursor = from;
  let out = at;
  while (out < end && cursor < to) {
    const control = source[cursor++];
    if (control < MAX_LITERALS) {
      const stop = Math.min(end, out + control + 1, out + to - cursor);
      while (out < stop) target[out++] = source[cursor++];
      continue;
    }
    let count = (control >>> 5) + 2;
    if (control >= LONG_REPEAT << 5) count += source[cursor++];
    let back = out - 1 - (((control & 0x1f) << 8) | source[cursor++]);
    if (cursor > to || back < at) break;
    for (const stop = Math.min(end, out + count); out < stop; ) target[out++] = target[back++];
  }
  return out - at;
}

function corrupt(what: string, offset: number): RdbError {
  return new RdbError(`Invalid LZF compressed string: ${what}`, offset);
}
