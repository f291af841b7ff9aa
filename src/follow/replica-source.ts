/** Events of a source that is followed as a replica does: the link, what waits between it and the consumer, and what makes events of that. */

import { tmpdir } from "node:os";
import type { FeedEvent, Text, TextOf } from "../changes/events.ts";
import type { Filter } from "../changes/filter.ts";
import { AT_IMAGE } from "../changes/position.ts";
import { Log, LogLevel } from "../log.ts";
import type { SourceAddress } from "./address.ts";
import { Decoder } from "./decoder.ts";
import type { EventSource } from "./feed.ts";
import { Inbox } from "./inbox.ts";
import { SourceLink } from "./link.ts";
import type { FollowOptions } from "./options.ts";
import { AT_NOW, parsePosition } from "./position.ts";

const MEMORY_LIMIT = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
/** After so long the event loop has its turn, in ms: sockets are to be read, however fast the consumer is. */
const TURN_MS = 10;

interface Wanted<T extends Text> {
  readonly text: TextOf<T>;
  readonly filter: Filter;
  readonly from: string | null;
}

export class ReplicaSource<T extends Text> implements EventSource<T> {
  private readonly inbox: Inbox;
  private readonly decoder: Decoder<T>;
  private readonly link: SourceLink;
  private readonly arrival: { resolve: (() => void) | null } = { resolve: null };
  /** Why nothing more comes, and why what has come cannot be read on. */
  private failure: Error | null = null;
  private undecoded: unknown = null;
  private stopped = false;
  private turnEnds = 0;
  private taken = 0;
  position: string;

  /** `from`: the position to go on from. Errors: FollowError. */
  constructor(addresses: readonly SourceAddress[], { text, filter, from }: Wanted<T>, options: FollowOptions) {
    const point = from === null || from === AT_IMAGE || from === AT_NOW ? null : parsePosition(from);
    const values = options.values ?? false;
    const log = new FeedLog(options.log ?? null);
    this.inbox = new Inbox({
      memoryLimit: options.memoryLimit ?? MEMORY_LIMIT,
      directory: options.spillDirectory ?? tmpdir(),
      listen: (on) => this.link.listen(on),
      arrived: () => this.wake(),
      failed: (error) => this.fail(error),
    });
    this.decoder = new Decoder<T>({
      text,
      filter,
      values,
      firstImage: from !== AT_NOW,
      from: values ? null : point,
      lost: values && point !== null ? from : null,
      log,
      asked: () => this.link.acknowledge(),
    });
    this.position = this.decoder.position;
    this.link = new SourceLink(
      {
        addresses,
        inbox: this.inbox,
        log,
        timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        patienceMs: options.patienceMs ?? Number.POSITIVE_INFINITY,
        taken: () => this.taken,
        failed: (error) => this.fail(error),
        broken: (error) => this.fail(error),
      },
      values ? null : point,
    );
  }

  async next(): Promise<FeedEvent<T>[]> {
    this.passed();
    if (this.undecoded !== null) throw this.undecoded;
    const events: FeedEvent<T>[] = [];
    while (!this.stopped) {
      await this.giveTurn();
      const item = this.inbox.nextNow() ?? (await this.inbox.next());
      if (this.stopped) break;
      if (item === null) {
        if (this.failure !== null) throw this.failure;
        await new Promise<void>((resolve) => {
          this.arrival.resolve = resolve;
        });
        continue;
      }
      try {
        this.decoder.take(item, events);
      } catch (error) {
        if (events.length === 0) throw error;
        // What came before it is delivered first.
        this.undecoded = error;
      }
      if (events.length > 0) return events;
      this.passed();
    }
    return [];
  }

  /** All that was decoded has been taken, or left out. */
  private passed(): void {
    this.taken = this.decoder.offset;
    this.position = this.decoder.position;
  }

  /** Lets the event loop have its turn now and then. */
  private async giveTurn(): Promise<void> {
    const now = performance.now();
    if (now < this.turnEnds) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.turnEnds = performance.now() + TURN_MS;
  }

  private wake(): void {
    const { resolve } = this.arrival;
    this.arrival.resolve = null;
    resolve?.();
  }

  /** Nothing more comes: what has come is delivered still. */
  private fail(error: Error): void {
    this.failure ??= error;
    this.link.stop();
    this.wake();
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.link.stop();
    this.inbox.discard();
    this.decoder.stop();
    this.wake();
  }
}

/** What happens to the link, for the consumer or for no one. */
class FeedLog extends Log {
  private readonly line: ((line: string) => void) | null;

  constructor(line: ((line: string) => void) | null) {
    super({ level: line === null ? "nothing" : "notice", file: "" });
    this.line = line;
  }

  override write(level: number, message: string): void {
    if (level >= LogLevel.notice) this.line?.(message);
  }
}
