/** What carries the requests of a client to a server and brings the replies back: a socket, or a server in this process. */

import { knownOptions } from "./known-options.ts";

/** One argument of a request; a string goes as UTF-8, a number in decimal. */
export type Word = string | Uint8Array | number | bigint;

/** How a further connection to a server is. */
export interface LinkOptions {
  /** Whether it is made again when it is lost; unless told, it is closed then. */
  readonly reconnect?: boolean;
}

export const LINK_OPTIONS = knownOptions<LinkOptions>("connect", { reconnect: true });

/**
 * Replies are RESP3's, decoded: text or bytes, number (bigint where a number would not be exact), boolean, null, Array, Map, Set; a ReplyError
 * inside an aggregate, or in the list of `sendAll`.
 */
export interface Link {
  /** For people: where it leads, without a password. */
  readonly name?: string;
  /**
   * Sends one request. Resolves with its reply; `bytes`: with Uint8Array in place of text (UTF-8) for the bulk strings in it. Errors:
   * ReplyError, and LinkError where no reply came.
   */
  send(request: readonly Word[], bytes: boolean): Promise<unknown>;
  /** Sends requests in one go. Resolves with the replies in their order, errors of the server among them. Errors: LinkError. */
  sendAll(requests: readonly (readonly Word[])[], bytes: boolean): Promise<unknown[]>;
  /** Told of each push: messages of channels, keys that are invalid. Strings in it are bytes. */
  onPush: ((push: readonly unknown[]) => void) | null;
  /** Told once when the link is closed; null: it was asked to. */
  onClose: ((error: Error | null) => void) | null;
  /** Resolves when it is closed; requests under way are answered first, or fail if it must be `now`. */
  close(options?: { readonly now: boolean }): Promise<void>;
}
