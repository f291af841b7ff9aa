/** The options of SET, GETEX and MSETEX: words in any order, some of which exclude each other. Parsed without allocation. */

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
  IFEQ: 1 << 9,
  IFNE: 1 << 10,
  IFDEQ: 1 << 11,
  IFDNE: 1 << 12,
} as const;

const { NX, XX, GET, KEEPTTL, PERSIST, EX, PX, EXAT, PXAT, IFEQ, IFNE, IFDEQ, IFDNE } = SetOption;

/** The options that a time follows. */
export const TIMES = EX | PX | EXAT | PXAT;
/** The options that set the expiration, of which a command takes one. */
const EXPIRATION = KEEPTTL | PERSIST | TIMES;
/** The options that compare the value that is there, which an operand follows. */
export const COMPARISONS = IFEQ | IFNE | IFDEQ | IFDNE;
const CONDITIONS = NX | XX | COMPARISONS;

/** Which commands take an option. */
export const SET_COMMAND = 1;
export const GETEX_COMMAND = 2;
export const MSETEX_COMMAND = 4;
const STORING = SET_COMMAND | MSETEX_COMMAND;
const ALL = STORING | GETEX_COMMAND;

// NX and XX may follow a comparison but not precede one: so Redis 8.4 has it, and sends it to its replicas.
const OPTIONS = [
  { word: "nx", option: NX, excludes: XX, takenBy: STORING },
  { word: "xx", option: XX, excludes: NX, takenBy: STORING },
  { word: "get", option: GET, excludes: 0, takenBy: SET_COMMAND },
  { word: "keepttl", option: KEEPTTL, excludes: EXPIRATION & ~KEEPTTL, takenBy: STORING },
  { word: "persist", option: PERSIST, excludes: EXPIRATION & ~PERSIST, takenBy: GETEX_COMMAND },
  { word: "ex", option: EX, excludes: EXPIRATION & ~EX, takenBy: ALL },
  { word: "px", option: PX, excludes: EXPIRATION & ~PX, takenBy: ALL },
  { word: "exat", option: EXAT, excludes: EXPIRATION & ~EXAT, takenBy: ALL },
  { word: "pxat", option: PXAT, excludes: EXPIRATION & ~PXAT, takenBy: ALL },
  { word: "ifeq", option: IFEQ, excludes: CONDITIONS & ~IFEQ, takenBy: SET_COMMAND },
  { word: "ifne", option: IFNE, excludes: CONDITIONS & ~IFNE, takenBy: SET_COMMAND },
  { word: "ifdeq", option: IFDEQ, excludes: CONDITIONS & ~IFDEQ, takenBy: SET_COMMAND },
  { word: "ifdne", option: IFDNE, excludes: CONDITIONS & ~IFDNE, takenBy: SET_COMMAND },
] as const;

/** The options of a command as they were parsed last; reused by the next command. */
export class ParsedOptions {
  /** `SetOption` bits. */
  bits = 0;
  /** The argument with the time, and the one that the value is compared with; 0 where no option asks for one. */
  timeIndex = 0;
  operandIndex = 0;

  /** Reads the options from argument `first` on. Returns itself. Errors: syntax. */
  parse(call: Call, first: number, command: number): this {
    this.bits = 0;
    this.timeIndex = 0;
    this.operandIndex = 0;
    for (let index = first; index < call.count; index++) {
      const { option, excludes } = findOption(call, index, command);
      if ((excludes & this.bits) !== 0) throw errors.syntax;
      this.bits |= option;
      if ((option & (TIMES | COMPARISONS)) === 0) continue;
      if (++index === call.count) throw errors.syntax;
      if ((option & TIMES) !== 0) this.timeIndex = index;
      else this.operandIndex = index;
    }
    return this;
  }
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
