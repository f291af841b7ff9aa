/**
 * The last requests that were out of the ordinary: those that took long, and those that were large or had a large reply. SLOWLOG shows the
 * first, COMMANDLOG all three. Source: slowlog.c; commandlog.c of Valkey 8.1.
 */

import type { Config } from "../config/config.ts";
import type { Frame } from "../protocol/frame.ts";

/** So much of a request is kept: arguments, and bytes of each. */
const MOST_ARGUMENTS = 32;
const MOST_BYTES = 128;
const REDACTED = Buffer.from("(redacted)");

export interface LogEntry {
  readonly id: number;
  /** In s since 1970. */
  readonly time: number;
  /** Microseconds or bytes: what the log is about. */
  readonly value: number;
  readonly words: readonly Buffer[];
  /** Address and name of the client. */
  readonly address: string;
  readonly name: string;
}

/** A request, the places of its arguments that must not be shown, and who sent it. */
export interface LoggedRequest {
  readonly frame: Frame;
  readonly secrets: readonly number[];
  readonly address: string;
  readonly name: string;
}

class BoundedLog {
  /** From this value on a request is logged; below 0 none is. */
  threshold = -1;
  private most = 0;
  private nextId = 0;
  /** The oldest first. Those before `first` are gone. */
  private entries: LogEntry[] = [];
  private first = 0;

  get length(): number {
    return this.entries.length - this.first;
  }

  /** Whether a request of this value is logged. */
  takes(value: number): boolean {
    return this.threshold >= 0 && value >= this.threshold;
  }

  add(value: number, { frame, secrets, address, name }: LoggedRequest): void {
    const time = Math.floor(Date.now() / 1000);
    this.entries.push({ id: this.nextId++, time, value, words: excerpt(frame, secrets), address, name });
    this.trim();
  }

  /** The last `count`, the newest first. */
  latest(count: number): LogEntry[] {
    return this.entries.slice(Math.max(this.first, this.entries.length - count)).reverse();
  }

  clear(): void {
    this.entries = [];
    this.first = 0;
  }

  /** What it takes, and how much it keeps, from now on. One that takes nothing keeps what it has. */
  limit(threshold: number, most: number): void {
    this.threshold = threshold;
    this.most = most;
    if (threshold >= 0) this.trim();
  }

  private trim(): void {
    this.first = Math.max(this.first, this.entries.length - this.most);
    if (this.first <= this.entries.length / 2) return;
    this.entries = this.entries.slice(this.first);
    this.first = 0;
  }
}

export class CommandLog {
  /** Microseconds of execution. */
  readonly slow = new BoundedLog();
  /** Bytes of the request, and of the reply. */
  readonly largeRequests = new BoundedLog();
  readonly largeReplies = new BoundedLog();

  /** Keeps to what the directives say. */
  follow({ values }: Config): void {
    this.slow.limit(values["slowlog-log-slower-than"], values["slowlog-max-len"]);
    this.largeRequests.limit(values["commandlog-request-larger-than"], values["commandlog-large-request-max-len"]);
    this.largeReplies.limit(values["commandlog-reply-larger-than"], values["commandlog-large-reply-max-len"]);
  }
}

/** A request as far as it is kept. */
function excerpt(frame: Frame, secrets: readonly number[]): Buffer[] {
  const { count, lengths } = frame;
  const shown = count > MOST_ARGUMENTS ? MOST_ARGUMENTS - 1 : count;
  const words: Buffer[] = [];
  for (let index = 0; index < shown; index++) {
    const length = lengths[index];
    if (secrets.includes(index)) words.push(REDACTED);
    else if (length <= MOST_BYTES) words.push(frame.argument(index));
    else words.push(Buffer.concat([frame.argumentStart(index, MOST_BYTES), Buffer.from(`... (${length - MOST_BYTES} more bytes)`)]));
  }
  if (shown < count) words.push(Buffer.from(`... (${count - shown} more arguments)`));
  return words;
}
