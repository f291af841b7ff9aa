/**
 * Clients in MONITOR mode: each sees every command that is executed, as a line of text. Commands of administration are not shown, nor what
 * is secret in the others. Source: replicationFeedMonitors.
 */

import type { Clock } from "../base/clock.ts";
import type { Frame } from "../protocol/frame.ts";
import type { PubSub } from "./pubsub.ts";
import { type Session, SessionKind } from "./session.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** Bytes that are shown as a letter behind a backslash. */
const LETTERS: Readonly<Record<number, string>> = { 7: "a", 8: "b", 9: "t", 10: "n", 13: "r" };
const REDACTED = Buffer.from("(redacted)");
/** Of each byte how it is shown between quotes; made for the first monitor. */
const shown: Buffer[] = [];

/** Sees what monitors see: a request that was executed, good until this returns, and which of its arguments are secret. */
export type RequestListener = (session: Session, request: Frame, secrets: readonly number[]) => void;

export class Monitors {
  private readonly sessions = new Set<Session>();
  /** Parts of this program that see the same. */
  private readonly listeners = new Set<RequestListener>();
  private readonly pubsub: PubSub;
  private readonly clock: Clock;
  private readonly changed: () => void;

  /** `pubsub` hands lines over, in their order among other messages. `changed`: told when there may be a first monitor, or none any more. */
  constructor(pubsub: PubSub, clock: Clock, changed: () => void) {
    this.pubsub = pubsub;
    this.clock = clock;
    this.changed = changed;
  }

  /** How many clients there are. */
  get count(): number {
    return this.sessions.size;
  }

  get active(): boolean {
    return this.sessions.size > 0 || this.listeners.size > 0;
  }

  /** Has `listener` told of each request from now on. Returns a function that ends this. */
  listen(listener: RequestListener): () => void {
    this.listeners.add(listener);
    this.changed();
    return () => {
      if (this.listeners.delete(listener)) this.changed();
    };
  }

  add(session: Session): void {
    session.kind = SessionKind.MONITOR;
    if (shown.length === 0) for (let byte = 0; byte < 256; byte++) shown.push(Buffer.from(shownAs(byte)));
    this.sessions.add(session);
    this.changed();
  }

  /** The client is none any more, if it was one. */
  remove(session: Session): void {
    if (this.sessions.delete(session)) this.changed();
  }

  /** Shows a request of `session` to all of them, but not its arguments at `secrets`. `unixSocket`: what clients of that socket are shown as. */
  show(session: Session, request: Frame, secrets: readonly number[], unixSocket: string): void {
    for (const listener of this.listeners) listener(session, request, secrets);
    let line: Buffer | null = null;
    for (const monitor of this.sessions) {
      if (monitor.muted) continue;
      line ??= lineOf(this.clock.microseconds(), `[${session.database.index} ${originOf(session, unixSocket)}]`, request, secrets);
      this.pubsub.post(monitor, line);
    }
  }
}

function originOf(session: Session, unixSocket: string): string {
  if (session.inScript) return "lua";
  return session.unixSocket ? `unix:${unixSocket}` : session.link.remoteAddress;
}

/** `+1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"`, with the line's end. */
function lineOf(now: number, origin: string, request: Frame, secrets: readonly number[]): Buffer {
  const seconds = Math.floor(now / 1e6);
  const head = Buffer.from(`+${seconds}.${String(now - seconds * 1e6).padStart(6, "0")} ${origin}`, "latin1");
  const { buffer, count, offsets, lengths } = request;
  const words = Array.from({ length: count }, (_, index) =>
    secrets.includes(index) ? REDACTED : buffer.subarray(offsets[index], offsets[index] + lengths[index]),
  );
  let size = head.length + 2;
  for (const word of words) size += quotedLength(word) + 1;
  const line = Buffer.allocUnsafeSlow(size);
  let at = head.copy(line);
  for (const word of words) {
    line[at++] = SPACE;
    at = writeQuoted(line, at, word);
  }
  line[at] = CR;
  line[at + 1] = LF;
  return line;
}

function quotedLength(word: Buffer): number {
  let length = 2;
  for (let index = 0; index < word.length; index++) length += shown[word[index]].length;
  return length;
}

/** Returns where it ends. */
function writeQuoted(line: Buffer, at: number, word: Buffer): number {
  line[at++] = QUOTE;
  for (let index = 0; index < word.length; index++) {
    const byte = word[index];
    const written = shown[byte];
    if (written.length === 1) line[at] = byte;
    else written.copy(line, at);
    at += written.length;
  }
  line[at] = QUOTE;
  return at + 1;
}

function shownAs(byte: number): string {
  if (byte === QUOTE || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
  if (byte >= SPACE && byte < 0x7f) return String.fromCharCode(byte);
  const letter = LETTERS[byte];
  return letter === undefined ? `\\x${byte.toString(16).padStart(2, "0")}` : `\\${letter}`;
}
