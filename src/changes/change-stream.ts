/**
 * A stream of writes, as a master sends it to its replicas, turned into events: bytes in, events out. Hot: a request that writes one key
 * costs its parsing, a look at the command table and one object.
 */

import type { Frame } from "../protocol/frame.ts";
import { numberAt, type Target, Treatment, typeOf, type WrittenKey } from "./command-targets.ts";
import type { KeyState, StreamEvent, Text, TextOf } from "./events.ts";
import type { Filter } from "./filter.ts";
import type { StreamPoint } from "./position.ts";
import { HistoryPlace, StreamChange, StreamFlush, StreamOther, StreamSwap, UnitPlace, ValuedChange } from "./stream-event.ts";
import { StreamReader, type StreamReaderOptions } from "./stream-reader.ts";

/** A copy of all keys, which the stream is applied to. */
export interface KeyCopy<T extends Text> {
  /** What a key holds, or null. */
  read(db: number, bytes: Buffer, from: number, to: number): KeyState<T> | null;
  /** Runs a command with `db` selected. */
  apply(db: number, frame: Frame): void;
}

interface States<T extends Text> {
  readonly before: KeyState<T> | null;
  readonly after: KeyState<T> | null;
}

export interface ChangeStreamOptions<T extends Text> extends StreamReaderOptions {
  readonly text: TextOf<T>;
  readonly filter: Filter;
  readonly copy: KeyCopy<T> | null;
}

/** Adds what bytes tell to the events that `take` is given. */
export class ChangeStream<T extends Text> extends StreamReader<StreamEvent<T>[]> {
  private readonly text: TextOf<T>;
  private readonly filter: Filter;
  private readonly copy: KeyCopy<T> | null;
  private history: HistoryPlace;
  private skip: number;
  /** What belongs together and is not over yet, and the events of it. */
  private unit: UnitPlace | null = null;
  private held: StreamEvent<T>[] = [];

  /** `history`: what says where events stand. */
  constructor({ id, offset, db, skip }: StreamPoint, options: ChangeStreamOptions<T>, history = new HistoryPlace(id)) {
    super({ offset, db }, options);
    this.text = options.text;
    this.filter = options.filter;
    this.copy = options.copy;
    this.history = history;
    this.skip = skip;
  }

  /** Where one goes on that has taken all events up to here. */
  get point(): StreamPoint {
    const { unit, end, db, skip } = this;
    return { id: this.history.id, offset: end, db: unit === null ? db : unit.startDb, skip };
  }

  /** The history goes on under another name. */
  rename(id: string): void {
    this.history = new HistoryPlace(id);
  }

  protected handle(frame: Frame, end: number, events: StreamEvent<T>[]): void {
    const target = this.targets.of(frame);
    switch (target.treatment) {
      case Treatment.ONE_KEY:
        if (this.unit !== null || this.skip > 0 || this.copy !== null || frame.count <= target.key) this.changes(target, frame, end);
        else this.simpleChange(target, frame, end, events);
        break;
      case Treatment.KEYS:
        this.changes(target, frame, end);
        break;
      case Treatment.FLUSH:
      case Treatment.SWAP:
      case Treatment.OTHER:
        this.copy?.apply(this.db, frame);
        this.other(target, frame, end);
        break;
      case Treatment.MULTI:
        this.unit = new UnitPlace(this.history, this.stream.origin + frame.start, this.db, true);
        this.follow(target.treatment, frame);
        break;
      default:
        this.follow(target.treatment, frame);
    }
    if (this.inTransaction) return;
    if (this.unit !== null) this.endUnit(this.unit, end, events);
    this.end = end;
  }

  /** The change that nearly all are: of one key, by itself. */
  private simpleChange(target: Target, frame: Frame, end: number, events: StreamEvent<T>[]): void {
    const { filter, db } = this;
    const { key } = target;
    const from = frame.offsets[key];
    const to = from + frame.lengths[key];
    let type = target.type;
    if (!filter.takesAll || type === null) {
      type = typeOf(target, frame);
      if (!filter.takesKey(db, frame.buffer, from, to) || !filter.takesType(type)) return;
    }
    events.push(new StreamChange(target, db, end, frame.buffer, frame.start, this.history, 0, this.text, from, to, type));
  }

  /** What is under way, or something of its own that this command begins. */
  private unitAt(frame: Frame): UnitPlace {
    this.unit ??= new UnitPlace(this.history, this.stream.origin + frame.start, this.db, false);
    return this.unit;
  }

  private endUnit(unit: UnitPlace, end: number, events: StreamEvent<T>[]): void {
    unit.endOffset = end;
    unit.endDb = this.db;
    this.unit = null;
    this.skip = 0;
    for (const event of this.held) events.push(event);
    if (this.held.length > 0) this.held = [];
  }

  /** A command that writes keys, one change each. */
  private changes(target: Target, frame: Frame, end: number): void {
    const { copy, targets, filter } = this;
    const written = targets.writtenKeys(target, frame, this.db);
    if (written.length === 0) {
      copy?.apply(this.db, frame);
      return this.other(target, frame, end);
    }
    const { buffer, offsets, lengths } = frame;
    const taken = written.map(({ index, db }) => filter.takesKey(db, buffer, offsets[index], offsets[index] + lengths[index]));
    const states = copy === null ? null : this.statesAround(copy, frame, written, taken);
    for (const [at, { index, db }] of written.entries()) {
      this.change(target, frame, end, { index, db }, taken[at], states?.[at] ?? null);
    }
  }

  /** Applies a command to the copy. Returns what was, and what is, at those of its keys that are wanted. */
  private statesAround(copy: KeyCopy<T>, frame: Frame, written: readonly WrittenKey[], wanted: readonly boolean[]): (States<T> | null)[] {
    const { buffer, offsets, lengths } = frame;
    const read = ({ index, db }: WrittenKey, at: number): KeyState<T> | null =>
      wanted[at] ? copy.read(db, buffer, offsets[index], offsets[index] + lengths[index]) : null;
    const before = written.map(read);
    copy.apply(this.db, frame);
    return written.map((key, at) => (wanted[at] ? { before: before[at], after: read(key, at) } : null));
  }

  private change(target: Target, frame: Frame, end: number, { index, db }: WrittenKey, taken: boolean, states: States<T> | null): void {
    const { filter, text } = this;
    const unit = this.unitAt(frame);
    const place = ++unit.count;
    if (!taken || place <= this.skip) return;
    const from = frame.offsets[index];
    const to = from + frame.lengths[index];
    if (states === null) {
      const type = typeOf(target, frame);
      if (filter.takesType(type)) {
        this.held.push(new StreamChange(target, db, end, frame.buffer, frame.start, unit, place, text, from, to, type));
      }
      return;
    }
    const { before, after } = states;
    const type = after?.type ?? before?.type ?? typeOf(target, frame);
    if (!filter.takesType(type) && (before === null || !filter.takesType(before.type))) return;
    const change = new ValuedChange(target, db, end, frame.buffer, frame.start, unit, place, text, from, to, type);
    change.before = before;
    change.after = after;
    this.held.push(change);
  }

  /** A command that is about no key in particular. */
  private other(target: Target, frame: Frame, end: number): void {
    const { db, filter, text } = this;
    const unit = this.unitAt(frame);
    const place = ++unit.count;
    if (place <= this.skip) return;
    const { treatment, name } = target;
    if (treatment === Treatment.SWAP) {
      const event = new StreamSwap(target, numberAt(frame, 1, db), end, frame.buffer, frame.start, unit, place, text);
      event.other = numberAt(frame, 2, db);
      if (filter.takesDb(event.db) || filter.takesDb(event.other)) this.held.push(event);
    } else if (treatment === Treatment.FLUSH) {
      if (name === "flushall" || filter.takesDb(db))
        this.held.push(new StreamFlush(target, db, end, frame.buffer, frame.start, unit, place, text));
    } else if (filter.takesDb(db)) this.held.push(new StreamOther(target, db, end, frame.buffer, frame.start, unit, place, text));
  }
}
