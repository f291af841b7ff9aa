/**
 * A feed as its consumer has it: an async iterable of events, or of batches of them. What is asked for next says that what came before has
 * been taken. Hot: an event that is there already costs a resolved promise.
 */

import { InvariantError } from "../assert.ts";
import type { FeedEvent, Text } from "../changes/events.ts";
import { AT_IMAGE } from "../changes/position.ts";
import { INSPECT, inspectedAs } from "../client/inspecting.ts";
import { FollowError } from "./error.ts";
import type { FollowOptions } from "./options.ts";
import { PositionFile } from "./position-file.ts";

/** Where events come from. */
export interface EventSource<T extends Text> {
  /** Returns the events that come next, none where the feed has ended. Errors: FollowError. */
  next(): Promise<FeedEvent<T>[]>;
  /** Where one goes on that has taken all before what `next` returned last, or waits for: what is left out meanwhile as well. */
  readonly position: string;
  stop(): void;
}

export class Feed<T extends Text> implements AsyncIterableIterator<FeedEvent<T>>, AsyncDisposable {
  private readonly source: EventSource<T>;
  private readonly file: PositionFile | null;
  private batch: readonly FeedEvent<T>[] = [];
  private index = 0;
  /** While the next batch is being waited for. */
  private filling: Promise<boolean> | null = null;
  private over = false;
  private failure: FollowError | null = null;

  constructor(source: EventSource<T>, { positionFile, signal }: Pick<FollowOptions, "positionFile" | "signal">) {
    this.source = source;
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
    const { batch, index, source } = this;
    return index < 2 || batch.length === 0 ? source.position : batch[index - 2].position;
  }

  /** @internal */
  [INSPECT](): string {
    return inspectedAs("Feed", `position ${this.position}`);
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
      const { position } = this.source;
      failure.position = position === AT_IMAGE ? null : position;
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
