/** `replicant/follow` where there is no Bun: the executable follows the source, and passes on what it sees. The types are those of src/follow. */

import { AT_IMAGE } from "../changes/position.ts";
import { FollowError } from "../follow/error.ts";
import { type EventSource, Feed } from "../follow/feed.ts";
import type { FeedEvent, FollowOptions } from "../follow/index.ts";
import { requireFollowable } from "../follow/options.ts";
import { PositionFile } from "../follow/position-file.ts";
import { Child } from "./child.ts";
import type { FromAttached } from "./messages.ts";

export { FollowError } from "../follow/error.ts";

/** Follows a source. Errors, at once or of the iteration: FollowError; ExecutableError where there is no executable for this platform. */
export function follow<T extends string | Uint8Array>(url: string | readonly string[], options: FollowOptions = {}): Feed<T> {
  requireFollowable(url, options);
  return new Feed<T>(new AttachedSource<T>(typeof url === "string" ? [url] : url, options), options);
}

/** What the executable sees. */
class AttachedSource<T extends string | Uint8Array> implements EventSource<T> {
  position: string;
  private reached: string;
  private readonly child: Child;
  private readonly messages: AsyncGenerator<FromAttached, void>;
  private readonly log: (line: string) => void;
  private stopped = false;

  constructor(urls: readonly string[], { log, signal: _, positionFile, ...options }: FollowOptions) {
    const from = (positionFile === undefined ? null : PositionFile.read(positionFile)) ?? options.from;
    this.position = from ?? AT_IMAGE;
    this.reached = this.position;
    this.log = log ?? (() => {});
    this.child = new Child({ follow: { urls, options: { ...options, from }, tellLog: log !== undefined } });
    this.messages = this.child.messages();
  }

  async next(): Promise<FeedEvent<T>[]> {
    this.position = this.reached;
    for (;;) {
      const message = await this.nextMessage();
      if (message === null) return [];
      if ("log" in message) this.log(message.log);
      if ("ended" in message) throw new FollowError(message.ended.code, message.ended.message);
      if (!("position" in message)) continue;
      this.reached = message.position;
      if (!("events" in message)) this.position = message.position;
      else return [...message.events] as FeedEvent<T>[];
    }
  }

  /** Returns null at the end. Errors: FollowError when the executable ended without a word. */
  private async nextMessage(): Promise<FromAttached | null> {
    try {
      const { value } = await this.messages.next();
      if (value !== undefined) return value;
    } catch (error) {
      if (!this.stopped) throw error;
    }
    if (this.stopped) return null;
    const { message } = await this.child.ended;
    throw new FollowError("DATA", message);
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.child.abandon();
  }
}
