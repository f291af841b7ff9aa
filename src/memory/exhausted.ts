import { ArenaFull } from "./arena.ts";

/** What the runtime says of a buffer that it has no memory for, or that is larger than any buffer can be; only its words tell such a RangeError from others. */
const NO_BUFFER = /^Out of memory$|^The value of "size" is out of range/;

/** Whether `error` says that memory ran out: the arena's, or the runtime's. */
export function isMemoryExhausted(error: unknown): boolean {
  return error instanceof ArenaFull || (error instanceof RangeError && NO_BUFFER.test(error.message));
}
