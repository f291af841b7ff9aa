/**
 * `replicant/follow`: the changes of a Redis, a Valkey or a Replicant, with their values, to be gone on with where one was.
 *
 *     for await (const event of follow("redis://localhost:6379", { keys: "user:*" })) {
 *       if (event.kind === "change") console.log(event.key, event.command, event.args);
 *     }
 *
 * See docs/change-feed.md.
 */

import { asBytes, asText, type FeedEvent } from "../changes/events.ts";
import type { Feed } from "./feed.ts";
import { openFeed } from "./open.ts";
import { type FollowOptions, requireFollowable } from "./options.ts";

export type * from "../changes/events.ts";
export { FollowError, type FollowErrorCode } from "./error.ts";
export type { Feed } from "./feed.ts";
export type { FollowOptions, TlsOptions } from "./options.ts";

/** An event with keys, arguments and values as texts. */
export type TextEvent = FeedEvent<string>;

/**
 * Follows a source: `host:port`, `redis://user:password@host:port`, `rediss://` over TLS. Of several URLs that are tried in turn, as of a master
 * and its replicas, the first that answers is followed, and the next when that is gone. Errors, at once or of the iteration: FollowError;
 * TypeError for options that there are not.
 */
export function follow(url: string | readonly string[], options: FollowOptions & { readonly bytes: true }): Feed<Uint8Array>;
export function follow(url: string | readonly string[], options?: FollowOptions & { readonly bytes?: false | undefined }): Feed<string>;
export function follow(url: string | readonly string[], options: FollowOptions = {}): Feed<string> | Feed<Uint8Array> {
  requireFollowable(url, options);
  return options.bytes === true ? openFeed(url, options, asBytes) : openFeed(url, options, asText);
}
