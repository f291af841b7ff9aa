/**
 * What a command sees of the request it serves: its arguments, its client, its database, and the reply. One per dispatcher, set anew for each
 * request (nothing of it may be kept after the handler returns).
 */

import { equalsWord, parseInt64, smallInteger } from "../bytes.ts";
import { errors } from "../errors.ts";
import type { Database } from "../keyspace/database.ts";
import type { EventClass } from "../keyspace/events.ts";
import { LOOK_AHEAD_KEYS } from "../keyspace/lookahead.ts";
import { Type } from "../keyspace/types.ts";
import { Frame } from "../resp/frame.ts";
import type { Reply } from "../resp/reply.ts";
import type { Session } from "../session/session.ts";
import type { Host } from "./host.ts";
import type { CommandEntry } from "./registry.ts";

export type Words = readonly (Buffer | string | number)[];

export class Context {
  readonly host: Host;
  readonly reply: Reply;
  /** Runs a request of this client as if it had just come in, without the checks of a new one: EXEC's way. */
  readonly run: (session: Session, frame: Frame, entry: CommandEntry) => void;
  frame: Frame = new Frame();
  session!: Session;
  entry!: CommandEntry;
  /** What the journal takes instead of the request: null for the request itself. */
  effects: { database: Database; frame: Frame }[] | null = null;
  /** Whether the journal takes the request though no key changed (PUBLISH, ...). */
  forced = false;

  constructor(host: Host, reply: Reply, run: (session: Session, frame: Frame, entry: CommandEntry) => void) {
    this.host = host;
    this.reply = reply;
    this.run = run;
  }

  get database(): Database {
    return this.session.database;
  }

  /** ms since 1970, the same for the whole tick. */
  get now(): number {
    return this.host.keyspace.now;
  }

  // ---- arguments

  /** How many there are, the command's name included. */
  get count(): number {
    return this.frame.count;
  }

  /** A copy of argument `index`. */
  bytes(index: number): Buffer {
    return this.frame.argument(index);
  }

  /** Argument `index`, one character a byte. */
  text(index: number): string {
    return this.frame.text(index);
  }

  /** Whether argument `index` is `word` (lower case) in any case. */
  is(index: number, word: string): boolean {
    const from = this.frame.offsets[index];
    return equalsWord(this.frame.buffer, from, from + this.frame.lengths[index], word);
  }

  /** An int64. Errors: not an integer. */
  int64(index: number): bigint {
    const from = this.frame.offsets[index];
    const value = parseInt64(this.frame.buffer, from, from + this.frame.lengths[index]);
    if (value === null) throw errors.notInteger;
    return value;
  }

  /** An integer from `min` to `max` (both safe). Errors: not an integer or out of range. */
  integer(index: number, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): number {
    const from = this.frame.offsets[index];
    let value = smallInteger(this.frame.buffer, from, from + this.frame.lengths[index]);
    if (value !== value) value = Number(this.int64(index));
    if (value < min || value > max) throw errors.notInteger;
    return value;
  }

  // ---- keys

  /** The key named by argument `index`, for a command that reads: its address, or 0. */
  read(index: number): number {
    const { frame } = this;
    return this.session.database.read(frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** Likewise for a command that asks about the key, not for what it holds: no access is noted. */
  peek(index: number): number {
    const { frame } = this;
    return this.session.database.peek(frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** Likewise for a command that writes. */
  write(index: number): number {
    const { frame } = this;
    return this.session.database.write(frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /**
   * To be called before each lookup of a loop over the keys at `first`, `first + step` and so on, `index` being the one about to be looked up: it prepares them,
   * a window at a time.
   */
  prepareKeys(first: number, index: number, step: number): void {
    if (((index - first) / step) % LOOK_AHEAD_KEYS !== 0 || this.frame.count - index <= step) return;
    this.host.keyspace.lookAhead.prepareKeys(this.session.database, this.frame, index, step);
  }

  /** The string at the key for reading: its address, or 0. Errors: WRONGTYPE. */
  readString(index: number): number {
    const address = this.read(index);
    if (address !== 0 && this.session.database.type(address) !== Type.STRING) throw errors.wrongType;
    return address;
  }

  /** Likewise for writing. */
  writeString(index: number): number {
    const address = this.write(index);
    if (address !== 0 && this.session.database.type(address) !== Type.STRING) throw errors.wrongType;
    return address;
  }

  /** Makes the key named by argument `index`, just looked up at `address`, hold argument `value`. -> its address. */
  setString(address: number, index: number, value: number, expireAt: number): number {
    const { frame } = this;
    const from = frame.offsets[value];
    const to = from + frame.lengths[value];
    return this.session.database.setString(
      address,
      frame.buffer,
      frame.offsets[index],
      frame.lengths[index],
      frame.buffer,
      from,
      to,
      expireAt,
    );
  }

  /** Answers with the string at `address`. */
  replyString(address: number): void {
    const { buffer, from, to } = this.session.database.locateString(address);
    this.reply.bytes(buffer, from, to);
  }

  /** A keyspace event about the key named by argument `index`. */
  event(event: EventClass, name: string, index: number): void {
    if (this.host.keyspace.eventClasses === 0) return;
    const { frame } = this;
    this.session.database.event(event, name, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  // ---- journal

  /** The journal takes `words` instead of the request; called again, these too. */
  journalAs(...words: Words): void {
    this.journalOn(this.session.database, ...words);
  }

  journalOn(database: Database, ...words: Words): void {
    if (!this.host.journal.active) return this.journalNothing();
    this.effects ??= [];
    this.effects.push({ database, frame: new Frame().encode(words) });
  }

  /** The journal does not take the request, whatever it changed. */
  journalNothing(): void {
    this.effects ??= [];
  }

  /** The journal takes the request though it changed no key. */
  journalAlways(): void {
    this.forced = true;
  }
}
