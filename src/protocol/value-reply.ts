/**
 * Takes replies as values of JavaScript: nothing is written as protocol and read again. Commands answer in RESP3, so that what is a map, a
 * set, a number or a double arrives as one. What strings and errors become is its users' to say.
 */

import { parseDouble } from "../base/numbers/strtod.ts";
import type { BlockString } from "../blocks/block-string.ts";
import { type Diverted, NO_SINK, Reply, type ReplySink } from "./reply.ts";

type Aggregate = unknown[] | Map<unknown, unknown> | Set<unknown>;

/** An aggregate whose elements are still coming. */
interface Level {
  /** Null: an attribute, which is passed over. */
  readonly into: Aggregate | null;
  /** Whether it is a message of its own, and answers no request. */
  readonly isPush: boolean;
  /** Elements to come; of a map keys and values. */
  left: number;
  /** Of a map: what the next value belongs to. */
  key: unknown;
  awaitsValue: boolean;
  /** How much had been written when it began, and when its last element had been. */
  readonly from: number;
  filledAt: number;
}

/** A reply put aside, with what has been taken of it. */
interface DivertedValues extends Diverted {
  readonly levels: Level[];
}

const NO_BYTES = Buffer.alloc(0);

export abstract class ValueReply extends Reply {
  /** The first of what has been answered, and how many replies there are, each whole. No request is answered with more than one. */
  protected first: unknown = undefined;
  protected answers = 0;
  private levels: Level[] = [];
  /** Counts upwards with everything that is written. */
  private parts = 0;
  /** How many of `answers` are for the sink that there was before. */
  private sent = 0;

  constructor() {
    super(0);
    this.protocol = 3;
  }

  /** bytes[from, to), which may change afterwards, as a value. */
  protected abstract textValue(bytes: Buffer, from: number, to: number): unknown;

  /** An error reply as a value; its message starts with its code. */
  protected abstract errorValue(message: string): unknown;

  /** A line of latin1 characters, one a byte, as a value. */
  protected lineValue(text: string): string {
    return text;
  }

  /** A message that answers no request. */
  protected pushed(message: readonly unknown[]): void {
    this.answered(message);
  }

  /** A string of latin1 characters, one a byte, as a value. */
  protected latin1Value(text: string): unknown {
    const bytes = Buffer.from(text, "latin1");
    return this.textValue(bytes, 0, bytes.length);
  }

  /** Forgets everything. */
  begin(): void {
    this.first = undefined;
    this.answers = 0;
    if (this.levels.length > 0) this.levels = [];
    this.sent = 0;
  }

  private answered(value: unknown): void {
    if (this.answers++ === 0) this.first = value;
  }

  /** Those for this sink go nowhere. */
  private drop(): void {
    this.answers = this.sent;
    if (this.sent === 0) this.first = undefined;
  }

  override get written(): number {
    return this.parts;
  }

  override get pending(): number {
    return 0;
  }

  /** Values stay until they are taken, but for those that no one is to get. */
  override flush(): void {
    if (this.sink === NO_SINK) this.drop();
    else this.sent = this.answers;
  }

  override discard(): void {
    this.drop();
    this.levels.length = 0;
  }

  override takeBack(mark: number): boolean {
    if (this.parts === mark) return true;
    const { levels } = this;
    while (levels.length > 0 && levels[levels.length - 1].from >= mark) levels.pop();
    const level = levels.at(-1);
    if (level === undefined) {
      this.discard();
    } else if (level.filledAt > mark) {
      // Only what a command answers with in a transaction is put into an array that is there already.
      if (!Array.isArray(level.into)) return false;
      level.into.pop();
      level.left++;
    }
    return true;
  }

  override divert(sink: ReplySink, protocol: number): DivertedValues {
    const { levels, sent } = this;
    const diverted = { sink: this.sink, protocol: this.protocol, buffer: NO_BYTES, length: 0, flushed: sent, levels };
    // A reply that is under way for the same sink goes on: of a transaction in which a script has run for long.
    if (sink !== this.sink) this.levels = [];
    this.sink = sink;
    this.protocol = protocol;
    this.sent = this.answers;
    return diverted;
  }

  override rejoin(diverted: DivertedValues): void {
    this.flush();
    this.levels = diverted.levels;
    this.sink = diverted.sink;
    this.protocol = diverted.protocol;
    this.sent = Math.min(diverted.flushed, this.answers);
  }

  // ---- values

  private add(value: unknown, weight = 1): void {
    this.parts += weight;
    if (this.levels.length === 0) this.answered(value);
    else this.put(value);
  }

  private put(value: unknown): void {
    let element = value;
    for (let level = this.levels.at(-1); level !== undefined; level = this.levels.at(-1)) {
      addTo(level, element);
      level.filledAt = this.parts;
      if (--level.left > 0) return;
      this.levels.pop();
      // What an attribute says about the reply is no part of it.
      if (level.into === null) return;
      if (level.isPush) return this.pushed(level.into as unknown[]);
      element = level.into;
    }
    this.answered(element);
  }

  private open(into: Aggregate | null, elements: number, isPush = false): void {
    this.parts++;
    const from = this.parts;
    if (elements > 0) this.levels.push({ into, isPush, left: elements, key: null, awaitsValue: false, from, filledAt: from });
    else if (into !== null) this.put(into);
  }

  // ---- simple things

  override ok(): void {
    this.add("OK");
  }

  override queued(): void {
    this.add("QUEUED");
  }

  override simple(text: string): void {
    this.add(this.lineValue(text));
  }

  override error(message: string): void {
    this.add(this.errorValue(message));
  }

  override integer(value: number): void {
    this.add(value);
  }

  override bigint(value: number | bigint): void {
    const number = Number(value);
    this.add(Number.isSafeInteger(number) ? number : value);
  }

  override null(): void {
    this.add(null);
  }

  override nullArray(): void {
    this.add(null);
  }

  override boolean(value: boolean): void {
    this.add(value);
  }

  override double(value: number): void {
    this.add(value);
  }

  override doubleText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.doubleBytes(bytes, 0, bytes.length);
  }

  override doubleBytes(bytes: Buffer, from: number, to: number): void {
    this.add(parseDouble(bytes, from, to));
  }

  override bigNumber(digits: string): void {
    this.add(BigInt(digits));
  }

  // ---- strings

  override bytes(bytes: Buffer, from: number, to: number): void {
    this.add(this.textValue(bytes, from, to), to - from + 1);
  }

  override blocks(string: BlockString, from: number, to: number): void {
    this.bytes(string.joined(from, to), 0, to - from);
  }

  override bulk(text: string): void {
    this.add(this.latin1Value(text), text.length + 1);
  }

  override integerBulk(value: number): void {
    this.bulk(String(value));
  }

  override verbatimParts(parts: readonly { readonly bytes: Buffer; readonly length: number }[], between: string): void {
    this.bulk(parts.map(({ bytes, length }) => bytes.latin1Slice(0, length)).join(between));
  }

  override rawBytes(_bytes: Buffer): void {
    throw new Error("no command answers with protocol that is written already");
  }

  // ---- aggregates

  override array(length: number): void {
    this.open([], length);
  }

  override map(pairs: number): void {
    this.open(new Map(), pairs * 2);
  }

  override set(length: number): void {
    this.open(new Set(), length);
  }

  override push(length: number): void {
    this.open([], length, true);
  }

  override attribute(pairs: number): void {
    this.open(null, pairs * 2);
  }
}

function addTo(level: Level, element: unknown): void {
  const { into } = level;
  if (Array.isArray(into)) into.push(element);
  else if (into instanceof Set) into.add(element);
  else if (into === null) return;
  else if (level.awaitsValue) into.set(level.key, element);
  else level.key = element;
  level.awaitsValue = !level.awaitsValue;
}
