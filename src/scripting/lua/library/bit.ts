/** The library `bit`: Lua BitOp 1.0.2. Numbers are taken modulo 2^32; results are signed. Hot. */

import { checkNumber } from "../arguments.ts";
import type { LuaState } from "../state.ts";
import type { LuaFunction, LuaValue } from "../value.ts";

/** Added to a number it leaves the integer next to it, halves going to the even one, in the low bits of the sum. */
const INTEGER_MAKER = 2 ** 52 + 2 ** 51;

export function bitLibrary(L: LuaState): Record<string, LuaFunction> {
  const shift =
    (operate: (bits: number, count: number) => number): LuaFunction =>
    (...values) => {
      const bits = bitsOf(L, values, 1);
      return operate(bits, bitsOf(L, values, 2) & 31);
    };
  const fold =
    (operate: (a: number, b: number) => number): LuaFunction =>
    (...values) => {
      let bits = bitsOf(L, values, 1);
      // From the last to the second, as errors show.
      for (let index = values.length; index > 1; index--) bits = operate(bits, bitsOf(L, values, index));
      return bits;
    };
  return {
    tobit: (...values) => bitsOf(L, values, 1),
    bnot: (...values) => ~bitsOf(L, values, 1),
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((bits, count) => bits << count),
    rshift: shift((bits, count) => (bits >>> count) | 0),
    arshift: shift((bits, count) => bits >> count),
    rol: shift((bits, count) => (bits << count) | (bits >>> (32 - count))),
    ror: shift((bits, count) => (bits >>> count) | (bits << (32 - count))),
    bswap: (...values) => swapBytes(bitsOf(L, values, 1)),
    tohex: (...values) => {
      const bits = bitsOf(L, values, 1);
      return hex(bits, values.length < 2 ? 8 : bitsOf(L, values, 2));
    },
  };
}

/** Argument `index` as a signed integer of 32 bits. Error: `number expected`. */
function bitsOf(L: LuaState, values: readonly LuaValue[], index: number): number {
  const value = values[index - 1];
  if (typeof value === "number" && value === (value | 0)) return value | 0;
  return toBits(checkNumber(L, values, index));
}

function toBits(number: number): number {
  const sum = number + INTEGER_MAKER;
  if (number > -(2 ** 51) && number < 2 ** 51) return (sum - INTEGER_MAKER) | 0;
  // The sum has passed 2^53 or left the binade: what is low in its representation is no integer any more, but BitOp returns it.
  return new Int32Array(Float64Array.of(sum).buffer)[0] as number;
}

function swapBytes(bits: number): number {
  return (bits >>> 24) | ((bits >>> 8) & 0xff00) | ((bits & 0xff00) << 8) | (bits << 24);
}

/** The last |digits| digits, at most 8; in capitals if `digits` is negative. */
function hex(bits: number, digits: number): string {
  const text = (bits >>> 0).toString(16).padStart(8, "0");
  const shown = text.slice(8 - Math.min(Math.abs(digits), 8));
  return digits < 0 ? shown.toUpperCase() : shown;
}
