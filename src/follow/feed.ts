/**
 * A feed as its consumer has it: an async iterable of events, or of batches of them. What is asked for next says that what came before has
 * been taken. Hot: an event that is there already costs a resolved promise.
 */

import { tmpdir } from "node:os";
import { InvariantError } from "../assert.ts";
import type { FeedEvent, Text, TextOf } from "../changes/events.ts";
import { Filter } from "../changes/filter.ts";
import { AT_IMAGE } from "../changes/stream-event.ts";
import { Log, LogLevel } from "../log.ts";
import type { SourceAddress } from "./address.ts";
import { Decoder } from "./decoder.ts";
import { FollowError } from "./error.ts";
import { Inbox } from "./inbox.ts";
import { SourceLink } from "./link.ts";
import type { FollowOptions } from "./options.ts";
import { AT_NOW, parsePosition } from "./position.ts";
import { PositionFile } from "./position-file.ts";

const MEMORY_LIMIT = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
/** After so long the event loop has its turn, in ms: sockets are to be read, however fast the consumer is. */
const TURN_MS = 10;

/** Where events come from. */
export interface EventSource<T extends Text> {
  /** Returns the events that come next, none where the feed has ended. Errors: FollowError. */
  next(): Promise<FeedEvent<T>[]>;
  /** Where one goes on that has taken all that `next` has returned so far. */
  readonly position: string;
  stop(): void;
}

export class Feed<T extends Text> implements AsyncIterableIterator<FeedEvent<T>>, AsyncDisposable {
  private readonly source: EventSource<T>;
  private readonly file: PositionFile | null;
  private batch: readonly FeedEvent<T>[] = [];
  private index = 0;
  /** The position before the batch. */
  private before: string;
  /** While the next batch is being waited for. */
  private filling: Promise<boolean> | null = null;
  private over = false;
  private failure: FollowError | null = null;

  constructor(source: EventSource<T>, { positionFile, signal }: Pick<FollowOptions, "positionFile" | "signal">) {
    this.source = source;
    this.before = source.position;
    this.file =
      positionFile === undefined
        ? null
        : new PositionFile(
            positionFile,
            () => this.position,
            (error) => this.fail(error),
          );
    if (signal?.aborted === true) this.end();
    signal?.addEventListener("abort", () => this.end(), { once: true });
  }

  /** Where to go on that has taken all events before the one that was delivered last. (That one's own position is in it.) */
  get position(): string {
    const { batch, index } = this;
    if (index === 0 || batch.length === 0) return this.before;
    return index === 1 ? this.before : batch[index - 2].position;
  }

  next(): Promise<IteratorResult<FeedEvent<T>, undefined>> {
    const { batch, index } = this;
    if (index < batch.length && this.filling === null) {
      this.index = index + 1;
      return Promise.resolve({ done: false, value: batch[index] });
    }
    return this.nextOfNext();
  }

  private async nextOfNext(): Promise<IteratorResult<FeedEvent<T>, undefined>> {
    for (;;) {
      if (this.index < this.batch.length) return { done: false, value: this.batch[this.index++] };
      this.filling ??= this.fill();
      if (!(await this.filling)) return { done: true, value: undefined };
    }
  }

  /** Waits for the next batch. Returns false when there is none. Errors: FollowError. */
  private async fill(): Promise<boolean> {
    try {
      await null;
      if (this.over) return false;
      // All of the last batch has been taken.
      this.before = this.source.position;
      this.batch = [];
      this.index = 0;
      const events = this.failure === null ? await this.source.next() : [];
      if (this.failure !== null) throw this.failure;
      this.batch = events;
      if (events.length > 0) return true;
      await this.close();
      return false;
    } catch (error) {
      const failure = error instanceof FollowError ? error : this.unexpected(error);
      failure.position = this.before;
      await this.close().catch(() => {});
      throw failure;
    } finally {
      this.filling = null;
    }
  }

  private unexpected(error: unknown): FollowError {
    if (error instanceof InvariantError) throw error;
    return new FollowError("DATA", error instanceof Error ? error.message : String(error), error);
  }

  /** The events in batches, each all that had come by then: cheaper by the event. */
  async *batches(): AsyncGenerator<readonly FeedEvent<T>[], void, undefined> {
    for (;;) {
      if (this.index === this.batch.length) {
        this.filling ??= this.fill();
        if (!(await this.filling)) return;
      }
      const events = this.index === 0 ? this.batch : this.batch.slice(this.index);
      // Taken when the next one is asked for; until then the position is that before the batch.
      yield events;
      this.index = this.batch.length;
    }
  }

  private fail(error: FollowError): void {
    this.failure ??= error;
    this.source.stop();
  }

  /** Ends it: who waits for an event is told that there are no more. */
  private end(): void {
    this.source.stop();
  }

  private async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.source.stop();
    await this.file?.close();
  }

  /** The consumer wants no more. The event that it had last counts as not taken. */
  async return(): Promise<IteratorResult<FeedEvent<T>, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Events of a source that is followed as a replica does. */
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

  constructor(addresses: readonly SourceAddress[], text: TextOf<T>, options: FollowOptions, from: string | null) {
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
      filter: new Filter({ keys: options.keys, types: options.types, db: options.db ?? addresses[0].db ?? undefined }),
      values,
      firstImage: from !== AT_NOW,
      from: values ? null : point,
      lost: values && point !== null ? from : null,
      log,
      asked: () => this.link.acknowledge(),
    });
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

  get position(): string {
    return this.decoder.position;
  }

  async next(): Promise<FeedEvent<T>[]> {
    this.taken = this.decoder.offset;
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
      this.taken = this.decoder.offset;
    }
    return [];
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
