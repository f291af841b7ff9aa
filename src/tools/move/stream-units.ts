/**
 * The stream of the source taken apart into units: what must be applied together, a command or a transaction. Of each command it is known which
 * keys it writes, and until when the target has of the keys it is about what the source had.
 */

import { CommandTargets, numberAt, type Target, Treatment } from "../../changes/command-targets.ts";
import type { StreamPoint } from "../../changes/position.ts";
import { StreamReader } from "../../changes/stream-reader.ts";
import { COMMANDS } from "../../commands/command-list.ts";
import { keysToCheck } from "../../execution/key-extraction.ts";
import { CommandTable } from "../../execution/registry.ts";
import type { Frame } from "../../protocol/frame.ts";
import { type Deadlines, NEVER } from "./deadlines.ts";

/** A key; its name is latin1. */
export interface KeyName {
  readonly db: number;
  readonly key: string;
}

export interface Piece {
  /** The database that is selected. */
  readonly db: number;
  /** In lower case. */
  readonly name: string;
  /** The request, as it came. */
  readonly bytes: Buffer;
  /** What it writes; null: no command that is known here, so its keys must be asked for. */
  readonly keys: readonly KeyName[] | null;
  /** Executed at the target later than this, it may find other keys there than it found at the source. */
  readonly until: number;
  /** Whether it counts a time from when it is executed: its keys have another time at the target then. */
  readonly relative: boolean;
  /** The databases that it exchanges, or null. */
  readonly swaps: readonly [number, number] | null;
}

export interface Unit {
  readonly pieces: readonly Piece[];
  /** Bytes of the history up to its end, and the database that is selected there. */
  readonly end: number;
  readonly db: number;
}

/** Where commands have times: behind these words, in these units; those of no word are counted from now. */
const TIME_WORDS: Readonly<Record<string, { readonly unit: number; readonly relative: boolean }>> = {
  PXAT: { unit: 1, relative: false },
  EXAT: { unit: 1000, relative: false },
  PX: { unit: 1, relative: true },
  EX: { unit: 1000, relative: true },
};
/** Commands with a time as argument 2. */
const TIME_ARGUMENTS: Readonly<Record<string, (typeof TIME_WORDS)[string]>> = {
  pexpireat: TIME_WORDS.PXAT,
  expireat: TIME_WORDS.EXAT,
  pexpire: TIME_WORDS.PX,
  expire: TIME_WORDS.EX,
  setex: TIME_WORDS.EX,
  psetex: TIME_WORDS.PX,
  hpexpireat: TIME_WORDS.PXAT,
  hexpireat: TIME_WORDS.EXAT,
  hpexpire: TIME_WORDS.PX,
  hexpire: TIME_WORDS.EX,
};
/** The first argument of each that may be such a word. */
const TIME_OPTIONS: Readonly<Record<string, number>> = { set: 3, getex: 2, hsetex: 2, hgetex: 2 };
/** Commands after which a key has the time that they tell, and no other: none if they tell none. */
const OVERWRITES: ReadonlySet<string> = new Set(["set", "setex", "psetex", "getset", "pexpireat", "expireat", "restore", "persist"]);
const DELETES: ReadonlySet<string> = new Set(["del", "unlink", "getdel"]);
const CONDITIONS: ReadonlySet<string> = new Set(["NX", "XX", "GT", "LT", "KEEPTTL"]);
const RESTORES: ReadonlySet<string> = new Set(["restore", "restore-asking"]);
const RESTORE_TIME = 2;

/** Adds the units that bytes tell to those that `take` is given. */
export class StreamUnits extends StreamReader<Unit[]> {
  id: string;
  private readonly deadlines: Deadlines;
  private pieces: Piece[] = [];

  /** `asked`: the source wants to know how far we are. */
  constructor({ id, offset, db }: StreamPoint, deadlines: Deadlines, asked: () => void) {
    super({ offset, db }, { targets: new CommandTargets(new CommandTable(COMMANDS)), asked });
    this.id = id;
    this.deadlines = deadlines;
  }

  protected handle(frame: Frame, end: number, ready: Unit[]): void {
    const target = this.targets.of(frame);
    switch (target.treatment) {
      case Treatment.MULTI:
      case Treatment.EXEC:
      case Treatment.SELECT:
      case Treatment.ASKS:
      case Treatment.NOTHING:
        this.follow(target.treatment, frame);
        break;
      default:
        this.pieces.push(this.pieceOf(target, frame));
    }
    if (this.inTransaction) return;
    this.end = end;
    if (this.pieces.length === 0) return;
    ready.push({ pieces: this.pieces, end, db: this.db });
    this.pieces = [];
  }

  private pieceOf(target: Target, frame: Frame): Piece {
    const { db } = this;
    const { name, known, treatment } = target;
    const bytes = Buffer.from(frame.buffer.subarray(frame.start, frame.end));
    const base = { db, name, bytes, relative: false, until: NEVER, swaps: null };
    if (!known) return { ...base, keys: null };
    if (treatment === Treatment.SWAP) {
      const swaps = [numberAt(frame, 1, db), numberAt(frame, 2, db)] as const;
      this.deadlines.swap(...swaps);
      return { ...base, keys: [], swaps };
    }
    const keys = this.targets.writtenKeys(target, frame, db).map((key) => ({ db: key.db, key: textAt(frame, key.index) }));
    const until = this.untilOf(target, frame, keys);
    const relative = this.noteTimes(name, frame, keys, until);
    return { ...base, keys, until, relative };
  }

  /** The earliest time of all keys that a command is about. */
  private untilOf({ treatment, entry }: Target, frame: Frame, written: readonly KeyName[]): number {
    let earliest = NEVER;
    for (const { key, db } of written) earliest = Math.min(earliest, this.deadlines.get(key, db));
    if (treatment !== Treatment.KEYS || entry === null || !entry.acceptsCount(frame.count)) return earliest;
    for (const { index } of keysToCheck(entry, frame)) earliest = Math.min(earliest, this.deadlines.get(textAt(frame, index), this.db));
    return earliest;
  }

  /** Notes until when the keys of a command are what it makes of them. Returns whether it counts a time from now. */
  private noteTimes(name: string, frame: Frame, keys: readonly KeyName[], until: number): boolean {
    const { deadlines } = this;
    if (DELETES.has(name)) {
      for (const { key, db } of keys) deadlines.set(key, db, NEVER);
      return false;
    }
    const { time, relative, certain } = timeOf(name, frame);
    const overwrites = OVERWRITES.has(name) && certain;
    // A key that took over what others held may have their time.
    const inherited = keys.length === 1 && !RENAMES.has(name) ? NEVER : until;
    for (const { key, db } of keys) {
      const before = overwrites ? NEVER : deadlines.get(key, db);
      const after = Math.min(time, before, inherited);
      if (after !== before || overwrites) deadlines.set(key, db, after);
    }
    return relative;
  }
}

const RENAMES: ReadonlySet<string> = new Set(["copy"]);

interface TimeTold {
  readonly time: number;
  readonly relative: boolean;
  /** Whether the key has this time then, whatever it had. */
  readonly certain: boolean;
}

function timeOf(name: string, frame: Frame): TimeTold {
  if (RESTORES.has(name)) return restoredTime(frame);
  const argument = Object.hasOwn(TIME_ARGUMENTS, name) ? TIME_ARGUMENTS[name] : null;
  if (argument !== null) return { ...told(argument, frame, 2), certain: !hasCondition(frame, 3) };
  if (!Object.hasOwn(TIME_OPTIONS, name)) return { time: NEVER, relative: false, certain: true };
  for (let index = TIME_OPTIONS[name]; index < frame.count - 1; index++) {
    const word = frame.lengths[index] > 7 ? "" : frame.text(index).toUpperCase();
    if (word === "FIELDS") break;
    if (Object.hasOwn(TIME_WORDS, word)) return { ...told(TIME_WORDS[word], frame, index + 1), certain: true };
  }
  return { time: NEVER, relative: false, certain: !hasCondition(frame, TIME_OPTIONS[name]) };
}

function told({ unit, relative }: (typeof TIME_WORDS)[string], frame: Frame, index: number): Pick<TimeTold, "time" | "relative"> {
  return { time: relative ? 0 : numberAt15(frame, index) * unit, relative };
}

function restoredTime(frame: Frame): TimeTold {
  let absolute = false;
  for (let index = RESTORE_TIME + 2; index < frame.count; index++) absolute ||= frame.is(index, "absttl");
  const time = numberAt15(frame, RESTORE_TIME);
  // What a payload holds of times of fields is not looked into: each use of the key is looked at again, until it has been copied.
  if (time === 0) return { time: payloadIsTimed(frame) ? 0 : NEVER, relative: false, certain: true };
  return { time: absolute && !payloadIsTimed(frame) ? time : 0, relative: !absolute, certain: true };
}

/** Value types of 22 and above: hashes with times of fields are among them. */
const FIRST_LATER_TYPE = 22;

function payloadIsTimed(frame: Frame): boolean {
  return frame.count > 3 && frame.buffer[frame.offsets[3]] >= FIRST_LATER_TYPE;
}

function numberAt15(frame: Frame, index: number): number {
  const text = index < frame.count ? frame.text(index) : "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function hasCondition(frame: Frame, from: number): boolean {
  for (let index = from; index < frame.count; index++) {
    if (frame.lengths[index] <= 7 && CONDITIONS.has(frame.text(index).toUpperCase())) return true;
  }
  return false;
}

function textAt(frame: Frame, index: number): string {
  const from = frame.offsets[index];
  return frame.buffer.latin1Slice(from, from + frame.lengths[index]);
}
