/** What cjson's functions set, and those functions. */

import { checkInt, checkOption } from "../arguments.ts";
import type { LuaState } from "../state.ts";
import type { LuaFunction, LuaValue } from "../value.ts";

const MAX_INT = 2 ** 31 - 1;

/** What to do with numbers that JSON does not have: refuse them, write them as C does, write `null`. */
const INVALID_NUMBERS = ["off", "on", "null"] as const;
type InvalidNumbers = (typeof INVALID_NUMBERS)[number];

export interface JsonConfig {
  /** Lists that are too sparse become objects; they are errors otherwise. */
  sparseConvert: boolean;
  /** A list is too sparse if it has more than this many places for each value (0: never) ... */
  sparseRatio: number;
  /** ... and more than this many places. */
  sparseSafe: number;
  encodeMaxDepth: number;
  encodeInvalidNumbers: InvalidNumbers;
  /** Digits of numbers, 1 to 14. */
  encodeNumberPrecision: number;
  /** Without effect here: C keeps its buffer from call to call. */
  encodeKeepBuffer: boolean;
  decodeMaxDepth: number;
  /** Take hexadecimal numbers, `inf`, `nan`, leading zeros and plus signs. */
  decodeInvalidNumbers: boolean;
}

/** What is set at the start. */
export function defaultConfig(): JsonConfig {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    encodeInvalidNumbers: "off",
    encodeNumberPrecision: 14,
    encodeKeepBuffer: true,
    decodeMaxDepth: 1000,
    decodeInvalidNumbers: true,
  };
}

/** The functions that set something, unless their argument is nil, and return what is set. */
export function configFunctions(L: LuaState, config: JsonConfig): Record<string, LuaFunction> {
  const begin = (values: readonly LuaValue[], limit: number): void => {
    if (values.length > limit) throw L.argumentError(limit + 1, "found too many arguments");
    if (values.length > 0) L.willChange(config);
  };
  const integer = (values: readonly LuaValue[], index: number, now: number, from: number, to: number): number => {
    if (values[index - 1] === undefined) return now;
    const value = checkInt(L, values, index);
    if (value < from || value > to) throw L.argumentError(1, `expected integer between ${from} and ${to}`);
    return value;
  };
  const option = <T extends InvalidNumbers>(values: readonly LuaValue[], now: T, options: readonly T[]): T => {
    const [value] = values;
    if (value === undefined) return now;
    return options[typeof value === "boolean" ? Number(value) : checkOption(L, values, 1, options, undefined)] ?? now;
  };
  const flag = (values: readonly LuaValue[], now: boolean): boolean => option(values, now ? "on" : "off", ["off", "on"]) === "on";
  return {
    encode_sparse_array: (...values) => {
      begin(values, 3);
      // One by one: what comes before an error stays set.
      config.sparseConvert = flag(values, config.sparseConvert);
      config.sparseRatio = integer(values, 2, config.sparseRatio, 0, MAX_INT);
      config.sparseSafe = integer(values, 3, config.sparseSafe, 0, MAX_INT);
      return [config.sparseConvert, config.sparseRatio, config.sparseSafe];
    },
    encode_max_depth: (...values) => {
      begin(values, 1);
      config.encodeMaxDepth = integer(values, 1, config.encodeMaxDepth, 1, MAX_INT);
      return config.encodeMaxDepth;
    },
    decode_max_depth: (...values) => {
      begin(values, 1);
      config.decodeMaxDepth = integer(values, 1, config.decodeMaxDepth, 1, MAX_INT);
      return config.decodeMaxDepth;
    },
    encode_number_precision: (...values) => {
      begin(values, 1);
      config.encodeNumberPrecision = integer(values, 1, config.encodeNumberPrecision, 1, 14);
      return config.encodeNumberPrecision;
    },
    encode_keep_buffer: (...values) => {
      begin(values, 1);
      config.encodeKeepBuffer = flag(values, config.encodeKeepBuffer);
      return config.encodeKeepBuffer;
    },
    encode_invalid_numbers: (...values) => {
      begin(values, 1);
      const setting = option(values, config.encodeInvalidNumbers, INVALID_NUMBERS);
      config.encodeInvalidNumbers = setting;
      return setting === "null" ? setting : setting === "on";
    },
    decode_invalid_numbers: (...values) => {
      begin(values, 1);
      config.decodeInvalidNumbers = flag(values, config.decodeInvalidNumbers);
      return config.decodeInvalidNumbers;
    },
  };
}
