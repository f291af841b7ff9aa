/** The library `struct` of Roberto Ierusalimschy, as Redis 7.2 has it: values as bytes in the layout of C on x86-64, and back. */

import { checkCString, checkNumber, checkString, optInteger } from "../arguments.ts";
import { parseNumber } from "../numbers.ts";
import type { LuaState } from "../state.ts";
import type { LuaError, LuaFunction, LuaResult, LuaValue } from "../value.ts";
import { doubleBytes, floatBytes, integerBytes, readDouble, readFloat, readSigned, readUnsigned } from "./binary.ts";
import { checkStack } from "./limits.ts";
import { FormatCache, padding, type Step } from "./struct-format.ts";

export function structLibrary(L: LuaState): Record<string, LuaFunction> {
  const formats = new FormatCache();
  const stepsOf = (values: readonly LuaValue[]): readonly Step[] => {
    const steps = formats.steps(checkCString(L, values, 1));
    L.spend(steps.length);
    return steps;
  };
  return {
    pack: (...values) => pack(L, stepsOf(values), values),
    unpack: (...values) => unpack(L, stepsOf(values), values),
    size: (...values) => size(L, stepsOf(values)),
  };
}

function pack(L: LuaState, steps: readonly Step[], values: LuaValue[]): string {
  // C has pushed a nil behind the arguments, and takes it for one that is missing.
  values.push(undefined);
  let out = "";
  let argument = 2;
  for (const step of steps) {
    const gap = padding(step, out.length);
    if (gap > 0) out += "\0".repeat(gap);
    switch (step.kind) {
      case "signed":
      case "unsigned":
        out += integerBytes(toInt64(checkNumber(L, values, argument++)), step.size, step.littleEndian);
        break;
      case "float":
        out += floatBytes(checkNumber(L, values, argument++), step.littleEndian);
        break;
      case "double":
        out += doubleBytes(checkNumber(L, values, argument++), step.littleEndian);
        break;
      case "skip":
        out += "\0";
        break;
      case "string":
        out += `${checkString(L, values, argument++)}\0`;
        break;
      case "characters": {
        const text = checkString(L, values, argument++);
        // The argument has been counted already: the error names the one behind it.
        if (text.length < step.size) throw L.argumentError(argument, "string too short");
        out += step.size === 0 ? text : text.slice(0, step.size);
        break;
      }
      case "setting":
        break;
      default:
        throw stepError(L, step);
    }
  }
  L.spend(out.length >> 4);
  return L.made(out);
}

/** C's conversion of a double to a 64-bit integer, with a sign if it is negative, on x86-64. */
function toInt64(number: number): number {
  if (number < 0) return number >= -(2 ** 63) ? Math.trunc(number) : -(2 ** 63);
  if (number !== number) return 2 ** 63;
  return number < 2 ** 64 ? Math.trunc(number) : 0;
}

function unpack(L: LuaState, steps: readonly Step[], values: readonly LuaValue[]): LuaResult {
  const data = checkString(L, values, 2);
  const start = optInteger(L, values, 3, 1);
  if (start === 0) throw L.argumentError(3, "offset must be 1 or greater");
  // C takes a negative place for one far behind the data.
  let at = start - 1;
  const results: LuaValue[] = [];
  for (const step of steps) {
    let { size } = step;
    at += padding(step, at);
    if (step.kind === "bad size") throw stepError(L, step);
    if (at < 0 || at + size > data.length) throw dataError(L);
    checkStack(L, values.length + results.length + 2, "too many results");
    switch (step.kind) {
      case "signed":
        results.push(readSigned(data, at, size, step.littleEndian));
        break;
      case "unsigned":
        results.push(readUnsigned(data, at, size, step.littleEndian));
        break;
      case "float":
        results.push(readFloat(data, at, step.littleEndian));
        break;
      case "double":
        results.push(readDouble(data, at, step.littleEndian));
        break;
      case "string":
        size = data.indexOf("\0", at) + 1 - at;
        if (size <= 0) throw L.error("unfinished string in data");
        results.push(L.made(data.slice(at, at + size - 1)));
        break;
      case "characters":
        if (size === 0) size = lengthFrom(L, results.pop());
        if (at + size > data.length) throw dataError(L);
        results.push(L.made(data.slice(at, at + size)));
        break;
      case "skip":
      case "setting":
        break;
      default:
        throw stepError(L, step);
    }
    at += size;
  }
  L.spend((at - start) >> 4);
  if (results.length === 0) return at + 1;
  results.push(at + 1);
  return results;
}

/** How many bytes `c0` takes: what was read before it. Error: that is no number. */
function lengthFrom(L: LuaState, value: LuaValue): number {
  const number = typeof value === "string" ? parseNumber(value) : value;
  if (typeof number !== "number") throw L.error("format 'c0' needs a previous size");
  const length = toInt64(number);
  return length < 0 ? Number.POSITIVE_INFINITY : length;
}

function size(L: LuaState, steps: readonly Step[]): number {
  let position = 0;
  for (const step of steps) {
    position += padding(step, position) + step.size;
    if (step.kind === "string") throw L.argumentError(1, "option 's' has no fixed size");
    if (step.kind === "characters" && step.size === 0) throw L.argumentError(1, "option 'c0' has no fixed size");
    if (step.kind === "bad size" || step.kind === "bad setting") throw stepError(L, step);
    // Letters and digits that are no options pass.
    if (step.kind === "unknown" && !/[A-Za-z0-9]/.test(step.option)) throw stepError(L, step);
  }
  return position;
}

function stepError(L: LuaState, step: Extract<Step, { message: string } | { option: string }>): LuaError {
  return step.kind === "unknown" ? L.argumentError(1, `invalid format option '${step.option}'`) : L.error(step.message);
}

function dataError(L: LuaState): LuaError {
  return L.argumentError(2, "data string too short");
}
