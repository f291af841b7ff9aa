/**
 * What a command of the stream has done, as consumers see it. Hot: one object for each, which refers to the bytes that the command came in
 * and reads its key and arguments from there when they are asked for.
 */

import type { Target } from "./command-targets.ts";
import type { Change, Flush, KeyState, OtherCommand, Swap, Text, TextOf, ValueType } from "./events.ts";
import { AT_IMAGE, positionText } from "./position.ts";

const DOLLAR = 0x24;
const CR = 0x0d;
const ZERO = 0x30;

/** Where in a history something stands. */
interface Place {
  readonly transaction: string | null;
  /** The position behind event `index` of this place, which ends at `offset` with `db` selected. */
  positionOf(index: number, offset: number, db: number): string;
}

/** The name that a history has at the time; a continued one may get another. */
export class HistoryPlace implements Place {
  readonly id: string;
  readonly transaction = null;

  constructor(id: string) {
    this.id = id;
  }

  positionOf(_index: number, offset: number, db: number): string {
    return positionText(this.id, offset, db);
  }

  /** The position behind event `index` of what begins at `start`, with `db` selected. */
  positionWithin(start: number, db: number, index: number): string {
    return `${positionText(this.id, start, db)}:${index}`;
  }
}

/** Between the keys of an image, from where nothing can be gone on with. */
export class ImagePlace extends HistoryPlace {
  override positionOf(): string {
    return AT_IMAGE;
  }

  override positionWithin(): string {
    return AT_IMAGE;
  }
}

/** What belongs together: a transaction, or a command that changes several keys. One goes on in the middle of it by leaving out the first ones. */
export class UnitPlace implements Place {
  readonly transaction: string | null;
  /** How many events there are in it, those that were filtered out included. */
  count = 0;
  endOffset = 0;
  endDb = 0;
  readonly start: number;
  readonly startDb: number;
  private readonly history: HistoryPlace;

  constructor(history: HistoryPlace, start: number, startDb: number, isTransaction: boolean) {
    this.history = history;
    this.start = start;
    this.startDb = startDb;
    this.transaction = isTransaction ? `${history.id}:${start}` : null;
  }

  positionOf(index: number): string {
    if (index >= this.count) return this.history.positionOf(index, this.endOffset, this.endDb);
    return this.history.positionWithin(this.start, this.startDb, index);
  }
}

abstract class StreamCommand<T extends Text> {
  /** The database that it was run on. */
  protected readonly selected: number;
  readonly offset: number;
  protected readonly target: Target;
  protected readonly buffer: Buffer;
  protected readonly text: TextOf<T>;
  private readonly from: number;
  private readonly place: Place;
  private readonly index: number;
  private words: readonly T[] | null = null;

  /** The request begins at buffer[from]; it is event `index` of `place`. */
  constructor(
    target: Target,
    selected: number,
    offset: number,
    buffer: Buffer,
    from: number,
    place: Place,
    index: number,
    text: TextOf<T>,
  ) {
    this.target = target;
    this.selected = selected;
    this.offset = offset;
    this.buffer = buffer;
    this.from = from;
    this.place = place;
    this.index = index;
    this.text = text;
  }

  get command(): string {
    return this.target.name;
  }

  get args(): readonly T[] {
    this.words ??= wordsAt(this.buffer, this.from, this.text);
    return this.words;
  }

  get position(): string {
    return this.place.positionOf(this.index, this.offset, this.selected);
  }

  get transaction(): string | null {
    return this.place.transaction;
  }

  /** What consumers see, as a plain object. */
  abstract toJSON(): object;

  protected get plain() {
    const { command, args, offset, transaction, position } = this;
    return { command, args, offset, transaction, position };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }
}

/** A change of one key: its name is buffer[keyFrom, keyTo). */
export class StreamChange<T extends Text> extends StreamCommand<T> implements Change<T> {
  readonly type: ValueType | null;
  private readonly keyFrom: number;
  private readonly keyTo: number;
  private name: T | null = null;

  constructor(
    target: Target,
    selected: number,
    offset: number,
    buffer: Buffer,
    from: number,
    place: Place,
    index: number,
    text: TextOf<T>,
    keyFrom: number,
    keyTo: number,
    type: ValueType | null,
  ) {
    super(target, selected, offset, buffer, from, place, index, text);
    this.keyFrom = keyFrom;
    this.keyTo = keyTo;
    this.type = type;
  }

  get kind(): "change" {
    return "change";
  }

  get db(): number {
    return this.selected;
  }

  get key(): T {
    this.name ??= this.text(this.buffer, this.keyFrom, this.keyTo);
    return this.name;
  }

  override toJSON(): object {
    const { kind, db, key, type, plain } = this;
    return { kind, db, key, type, ...plain };
  }
}

/** Likewise, with what the key held before and holds after it. */
export class ValuedChange<T extends Text> extends StreamChange<T> {
  before: KeyState<T> | null = null;
  after: KeyState<T> | null = null;

  override toJSON(): object {
    const { before, after } = this;
    return { ...super.toJSON(), before, after };
  }
}

export class StreamSwap<T extends Text> extends StreamCommand<T> implements Swap<T> {
  other = 0;

  get kind(): "swap" {
    return "swap";
  }

  get db(): number {
    return this.selected;
  }

  override toJSON(): object {
    const { kind, db, other, plain } = this;
    return { kind, db, other, ...plain };
  }
}

export class StreamOther<T extends Text> extends StreamCommand<T> implements OtherCommand<T> {
  get kind(): "command" {
    return "command";
  }

  get db(): number {
    return this.selected;
  }

  get known(): boolean {
    return this.target.known;
  }

  override toJSON(): object {
    const { kind, db, known, plain } = this;
    return { kind, db, known, ...plain };
  }
}

export class StreamFlush<T extends Text> extends StreamCommand<T> implements Flush<T> {
  get kind(): "flush" {
    return "flush";
  }

  get db(): number | null {
    return this.target.name === "flushall" ? null : this.selected;
  }

  override toJSON(): object {
    const { kind, db, plain } = this;
    return { kind, db, ...plain };
  }
}

/** The words behind the name of the request that begins at buffer[from], which is whole and in the array form. */
function wordsAt<T extends Text>(buffer: Buffer, from: number, text: TextOf<T>): T[] {
  const words: T[] = [];
  let at = from + 1;
  let count = 0;
  for (; buffer[at] !== CR; at++) count = count * 10 + buffer[at] - ZERO;
  at += 2;
  for (let index = 0; index < count; index++) {
    if (buffer[at] !== DOLLAR) break;
    let length = 0;
    for (at++; buffer[at] !== CR; at++) length = length * 10 + buffer[at] - ZERO;
    at += 2;
    if (index > 0) words.push(text(buffer, at, at + length));
    at += length + 2;
  }
  return words;
}
