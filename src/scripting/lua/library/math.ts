/** The library `math`. Source: lmathlib.c of Lua 5.1.5; random numbers as script_lua.c and rand.c of Redis make them. */

import { checkInt, checkNumber } from "../arguments.ts";
import { parseNumber } from "../numbers.ts";
import { power, scale } from "../power.ts";
import type { LuaState } from "../state.ts";
import { type LuaFunction, type LuaResult, type LuaValue, NOTHING } from "../value.ts";

const RADIANS_PER_DEGREE = Math.PI / 180;

/**
 * Which sign a NaN has shows in its text. One for its argument goes through the functions as it is; where there is no result most of them
 * have the processor make one, which is negative on x86-64.
 */
const MINUS_NAN = parseNumber("-nan") ?? Number.NaN;

/** The largest random number, which is never used as such. */
const RANDOM_MAX = 0x7fffffff;

/** `math`, in the order in which Lua sets its fields. `random`: see RandomNumbers. */
export function mathLibrary(L: LuaState, random: RandomNumbers): Record<string, LuaValue> {
  const one = (compute: (x: number) => number, invalid = MINUS_NAN): LuaFunction => {
    return (...values) => {
      const x = checkNumber(L, values, 1);
      const result = compute(x);
      return result === result ? result : x === x ? invalid : x;
    };
  };
  const two = (compute: (x: number, y: number) => number): LuaFunction => {
    return (...values) => {
      // Redis's compiler has the last argument evaluated first, which shows in errors.
      const y = checkNumber(L, values, 2);
      const x = checkNumber(L, values, 1);
      const result = compute(x, y);
      return result === result ? result : x !== x ? x : y === y ? MINUS_NAN : y;
    };
  };
  const fmod = two((x, y) => x % y);
  return {
    abs: (...values) => Math.abs(checkNumber(L, values, 1)),
    acos: one(Math.acos, Number.NaN),
    asin: one(Math.asin, Number.NaN),
    atan2: two(Math.atan2),
    atan: one(Math.atan),
    ceil: one(Math.ceil),
    cosh: one(Math.cosh),
    cos: one(Math.cos),
    deg: one((x) => x / RADIANS_PER_DEGREE),
    exp: one(Math.exp),
    floor: one(Math.floor),
    fmod,
    frexp: (...values) => splitExponent(checkNumber(L, values, 1)),
    ldexp: (...values) => {
      const exponent = checkInt(L, values, 2);
      return scale(checkNumber(L, values, 1), exponent);
    },
    log10: one(Math.log10, Number.NaN),
    log: one(Math.log),
    max: (...values) => extreme(L, values, (x, best) => x > best),
    min: (...values) => extreme(L, values, (x, best) => x < best),
    modf: (...values) => splitFraction(checkNumber(L, values, 1)),
    pow: two(power),
    rad: one((x) => x * RADIANS_PER_DEGREE),
    random: (...values) => randomNumber(L, random, values),
    randomseed: (...values) => {
      random.seed(checkInt(L, values, 1));
      return NOTHING;
    },
    sinh: one(Math.sinh),
    sin: one(Math.sin),
    sqrt: one(Math.sqrt),
    tanh: one(Math.tanh),
    tan: one(Math.tan),
    pi: Math.PI,
    huge: Number.POSITIVE_INFINITY,
    mod: fmod,
  };
}

function extreme(L: LuaState, values: readonly LuaValue[], isBetter: (x: number, best: number) => boolean): number {
  let best = checkNumber(L, values, 1);
  for (let index = 2; index <= values.length; index++) {
    const x = checkNumber(L, values, index);
    if (isBetter(x, best)) best = x;
  }
  return best;
}

const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

/** A number as a mantissa from 0.5 to 1 and a power of two. */
function splitExponent(number: number): LuaResult {
  if (number === 0 || !Number.isFinite(number)) return [number, 0];
  // Denormal numbers have no leading one.
  const shift = Math.abs(number) < 2 ** -1022 ? 54 : 0;
  DOUBLE[0] = number * 2 ** shift;
  const high = WORDS[1] as number;
  WORDS[1] = (high & 0x800fffff) | 0x3fe00000;
  return [DOUBLE[0], ((high >>> 20) & 0x7ff) - 1022 - shift];
}

/** The whole part of a number and what is left. */
function splitFraction(number: number): LuaResult {
  const whole = Math.trunc(number);
  if (number !== number) return [number, number];
  const fraction = Number.isFinite(number) ? number - whole : 0;
  return [whole, fraction === 0 && (number < 0 || Object.is(number, -0)) ? -0 : fraction];
}

function randomNumber(L: LuaState, random: RandomNumbers, values: readonly LuaValue[]): LuaResult {
  // The number is drawn in any case.
  const share = (random.next() % RANDOM_MAX) / RANDOM_MAX;
  if (values.length === 0) return share;
  if (values.length > 2) throw L.error("wrong number of arguments");
  const from = values.length === 1 ? 1 : checkInt(L, values, 1);
  const to = checkInt(L, values, values.length);
  if (from > to) throw L.argumentError(values.length, "interval is empty");
  return Math.floor(share * ((to - from + 1) | 0)) + from;
}

/**
 * The random numbers of a server, which go on from script to script, those of functions too. They are the same ones after every start.
 * Source: rand.c of Redis, which is drand48: x = x * 0x5deece66d + 11, modulo 2^48.
 */
export class RandomNumbers {
  /** The upper and the lower 24 bits of x. */
  private high = 0x1234ab;
  private low = 0xcd330e;

  /** From 0 to 2^31 - 1. */
  next(): number {
    const product = this.low * 0xece66d + 11;
    this.high = (this.low * 0x5de + this.high * 0xece66d + Math.floor(product / 0x1000000)) % 0x1000000;
    this.low = product % 0x1000000;
    return this.high * 128 + (this.low >>> 17);
  }

  /** Where the sequence is, for `restore`: a whole number. */
  mark(): number {
    return this.high * 0x1000000 + this.low;
  }

  restore(mark: number): void {
    this.high = Math.floor(mark / 0x1000000);
    this.low = mark % 0x1000000;
  }

  /** `seed`: 32 bits. */
  seed(seed: number): void {
    this.high = (seed >>> 8) & 0xffffff;
    this.low = ((seed & 0xff) << 16) | 0x330e;
  }
}
