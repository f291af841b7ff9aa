/**
 * Takes the reply of a command that a function in TypeScript calls, and makes it the value that `call` returns. Commands answer in RESP3,
 * so that what is a map, a set, a number or a double arrives as one.
 */

import { parseDouble } from "../../base/numbers/strtod.ts";
import type { BlockString } from "../../blocks/block-string.ts";
import { Reply } from "../../protocol/reply.ts";
import { ReplyError } from "./reply-error.ts";
import { textOf } from "./text.ts";

/** What `call` returns; `Buffer` in the place of strings if it was asked for bytes. */
export type ReplyValue =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | readonly ReplyValue[]
  | ReadonlyMap<ReplyValue, ReplyValue>
  | ReadonlySet<ReplyValue>;

/** An aggregate whose elements are still coming. */
interface Level {
  readonly into: ReplyValue[] | Map<ReplyValue, ReplyValue> | Set<ReplyValue> | null;
  /** Elements to come; of a map keys and values. */
  left: number;
  /** Of a map: what the next value belongs to. */
  key: ReplyValue;
  awaitsValue: boolean;
}

export class ValueReply extends Reply {
  /** What the command answered. */
  value: ReplyValue = null;
  /** Something in it is no UTF-8, and lies in it as a buffer. */
  hasOddBytes = false;
  /** Whether strings are wanted as buffers. */
  asBytes = false;
  private parts = 0;
  private readonly levels: Level[] = [];

  constructor() {
    super(0);
    this.protocol = 3;
  }

  /** A command begins. */
  begin(): void {
    this.value = null;
    this.hasOddBytes = false;
    this.parts = 0;
    this.levels.length = 0;
  }

  override get written(): number {
    return this.parts;
  }

  override takeBack(): boolean {
    this.begin();
    return true;
  }

  // ---- values

  private add(value: ReplyValue): void {
    this.parts++;
    this.put(value);
  }

  private put(value: ReplyValue): void {
    let element = value;
    for (let level = this.levels.at(-1); level !== undefined; level = this.levels.at(-1)) {
      addTo(level, element);
      if (--level.left > 0) return;
      this.levels.pop();
      // What an attribute says about the reply is no part of it.
      if (level.into === null) return;
      element = level.into;
    }
    this.value = element;
  }

  private open(into: Level["into"], elements: number): void {
    this.parts++;
    if (elements > 0) this.levels.push({ into, left: elements, key: null, awaitsValue: false });
    else if (into !== null) this.put(into);
  }

  private text(bytes: Buffer, from: number, to: number): void {
    const text = this.asBytes ? null : textOf(bytes, from, to);
    if (text !== null) return this.add(text);
    this.hasOddBytes ||= !this.asBytes;
    this.add(Buffer.from(bytes.subarray(from, to)));
  }

  /** `text`: bytes, one character each. */
  private latin1Text(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.text(bytes, 0, bytes.length);
  }

  // ---- simple things

  override ok(): void {
    this.add("OK");
  }

  override simple(text: string): void {
    this.add(text);
  }

  override error(message: string): void {
    this.add(new ReplyError(message, { counted: true }));
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
    this.text(bytes, from, to);
  }

  override blocks(string: BlockString, from: number, to: number): void {
    this.bytes(string.joined(from, to), 0, to - from);
  }

  override bulk(text: string): void {
    this.latin1Text(text);
  }

  override integerBulk(value: number): void {
    this.latin1Text(String(value));
  }

  override verbatimParts(parts: readonly { readonly bytes: Buffer; readonly length: number }[], between: string): void {
    this.latin1Text(parts.map(({ bytes, length }) => bytes.latin1Slice(0, length)).join(between));
  }

  override rawBytes(): void {
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
    this.open([], length);
  }

  override attribute(pairs: number): void {
    this.open(null, pairs * 2);
  }
}

function addTo(level: Level, element: ReplyValue): void {
  const { into } = level;
  if (Array.isArray(into)) into.push(element);
  else if (into instanceof Set) into.add(element);
  else if (into === null) return;
  else if (level.awaitsValue) (into as Map<ReplyValue, ReplyValue>).set(level.key, element);
  else level.key = element;
  level.awaitsValue = !level.awaitsValue;
}
