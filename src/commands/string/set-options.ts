/** The options of SET and GETEX: words in any order, some of which exclude each other. Parsed without allocation. */

import { errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { deadline, invalidExpireTime, Unit } from "../arguments/deadline.ts";

export const SetOption = {
  NX: 1 << 0,
  XX: 1 << 1,
  GET: 1 << 2,
  KEEPTTL: 1 << 3,
  PERSIST: 1 << 4,
  EX: 1 << 5,
  PX: 1 << 6,
  EXAT: 1 << 7,
  PXAT: 1 << 8,
} as const;

const { NX, XX, GET, KEEPTTL, PERSIST, EX, PX, EXAT, PXAT } = SetOption;

/** The options that a time follows. */
export const TIMES = EX | PX | EXAT | PXAT;
/** The options that set the expiration, of which a command takes one. */
const EXPIRATION = KEEPTTL | PERSIST | TIMES;

/** Which commands take an option. */
export const SET_COMMAND = 1;
export const GETEX_COMMAND = 2;
const BOTH = SET_COMMAND | GETEX_COMMAND;

const OPTIONS = [
  { word: "nx", option: NX, excludes: XX, takenBy: SET_COMMAND },
  { word: "xx", option: XX, excludes: NX, takenBy: SET_COMMAND },
  { word: "get", option: GET, excludes: 0, takenBy: SET_COMMAND },
  { word: "keepttl", option: KEEPTTL, excludes: EXPIRATION & ~KEEPTTL, takenBy: SET_COMMAND },
  { word: "persist", option: PERSIST, excludes: EXPIRATION & ~PERSIST, takenBy: GETEX_COMMAND },
  { word: "ex", option: EX, excludes: EXPIRATION & ~EX, takenBy: BOTH },
  { word: "px", option: PX, excludes: EXPIRATION & ~PX, takenBy: BOTH },
  { word: "exat", option: EXAT, excludes: EXPIRATION & ~EXAT, takenBy: BOTH },
  { word: "pxat", option: PXAT, excludes: EXPIRATION & ~PXAT, takenBy: BOTH },
] as const;

const OPTION_BITS = 9;
const OPTION_MASK = (1 << OPTION_BITS) - 1;

/**
 * Reads the options from argument `first` on. Returns their bits and, above them, the index of the time if one is given (in one number, to
 * allocate nothing); `optionsOf` and `timeIndexOf` take it apart. Errors: syntax.
 */
export function parseSetOptions(call: Call, first: number, command: number): number {
  let options = 0;
  let timeIndex = 0;
  for (let index = first; index < call.count; index++) {
    const found = findOption(call, index, command);
    if ((found.excludes & options) !== 0) throw errors.syntax;
    options |= found.option;
    if ((found.option & TIMES) === 0) continue;
    timeIndex = ++index;
    if (index === call.count) throw errors.syntax;
  }
  return options | (timeIndex << OPTION_BITS);
}

export function optionsOf(parsed: number): number {
  return parsed & OPTION_MASK;
}

export function timeIndexOf(parsed: number): number {
  return parsed >>> OPTION_BITS;
}

/** Returns the unit of the time that these options announce. */
export function unitOf(options: number): Unit {
  return (options & (EX | EXAT)) !== 0 ? Unit.SECONDS : Unit.MILLISECONDS;
}

/** Returns what that time is counted from, in ms since 1970. */
export function baseOf(call: Call, options: number): number {
  return (options & (EX | PX)) !== 0 ? call.now : 0;
}

/** Returns the `deadline` that these options announce, given in argument `timeIndex`. Errors: those of `deadline`; a value that is not positive. */
export function deadlineOf(call: Call, options: number, timeIndex: number): number {
  const base = baseOf(call, options);
  const at = deadline(call, timeIndex, unitOf(options), base);
  if (at <= base) throw invalidExpireTime(call);
  return at;
}

function findOption(call: Call, index: number, command: number): (typeof OPTIONS)[number] {
  for (let i = 0; i < OPTIONS.length; i++) {
    const option = OPTIONS[i];
    if ((option.takenBy & command) !== 0 && call.is(index, option.word)) return option;
  }
  throw errors.syntax;
}
