/** What a source sends to those that follow it, an image and then the stream: read without pause, and kept until it is asked for. */

import { tmpdir } from "node:os";
import type { StreamPoint } from "../../changes/position.ts";
import type { SourceAddress } from "../../follow/address.ts";
import { Inbox, type Note } from "../../follow/inbox.ts";
import { SourceLink } from "../../follow/link.ts";
import { Log, LogLevel } from "../../log.ts";

const TIMEOUT_MS = 60_000;

export interface FeedOptions {
  /** Bytes that may wait in memory; what is more goes to temporary files. */
  readonly memoryLimit: number;
  /** Where these are; the system's folder for them unless told. */
  readonly spillDirectory: string | null;
  /** How long the source may be out of reach, in ms. */
  readonly patienceMs: number;
  /** Told of what happens to the connection. */
  readonly log: (line: string) => void;
  /** Up to which byte of the history the target has all. */
  readonly applied: () => number;
}

export class SourceFeed {
  private readonly inbox: Inbox;
  private readonly link: SourceLink;
  private failure: Error | null = null;
  private wake: (() => void) | null = null;

  /** `from`: where to go on; null: with an image. */
  constructor(address: SourceAddress, from: StreamPoint | null, options: FeedOptions) {
    const fail = (error: Error): void => {
      this.failure ??= error;
      this.link.stop();
      this.arrived();
    };
    this.inbox = new Inbox({
      memoryLimit: options.memoryLimit,
      directory: options.spillDirectory ?? tmpdir(),
      listen: (on) => this.link.listen(on),
      arrived: () => this.arrived(),
      failed: fail,
    });
    this.link = new SourceLink(
      {
        addresses: [address],
        inbox: this.inbox,
        log: new LinesLog(options.log),
        timeoutMs: TIMEOUT_MS,
        patienceMs: options.patienceMs,
        taken: options.applied,
        failed: fail,
        broken: fail,
      },
      from,
    );
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.inbox.size;
  }

  /** Returns what comes next, null where there is nothing now. Errors: FollowError. */
  async next(): Promise<Note | Buffer | null> {
    const item = this.inbox.nextNow() ?? (await this.inbox.next());
    if (item === null && this.failure !== null) throw this.failure;
    return item;
  }

  /** Waits until something has come, for `ms` at most. */
  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.inbox.size > 0 || this.failure !== null) this.arrived();
    });
    this.wake = null;
  }

  acknowledge(): void {
    this.link.acknowledge();
  }

  private arrived(): void {
    this.wake?.();
  }

  stop(): void {
    this.link.stop();
    this.inbox.discard();
    this.arrived();
  }
}

class LinesLog extends Log {
  private readonly line: (line: string) => void;

  constructor(line: (line: string) => void) {
    super({ level: "notice", file: "" });
    this.line = line;
  }

  override write(level: number, message: string): void {
    if (level >= LogLevel.notice) this.line(message);
  }
}
