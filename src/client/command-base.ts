/** What the generated methods of commands stand on: they make requests, and whoever extends them sends these, or keeps them. */

import type { Word } from "./link.ts";

/**
 * What becomes of a command's reply: `answer` is what its method returns, and may refer to `this["reply"]`, the type of the reply. `text` is
 * what bulk strings are.
 */
export interface Mode {
  readonly text: string | Uint8Array;
  readonly reply: unknown;
  readonly answer: unknown;
}

export type Text<M extends Mode> = M["text"];
export type Answer<M extends Mode, Reply> = (M & { readonly reply: Reply })["answer"];

/** Makes of a decoded reply what a method promises. `bytes`: its bulk strings are Uint8Array. */
export type Convert = (reply: unknown, bytes: boolean) => unknown;

export abstract class CommandBase<M extends Mode> {
  /** What `convert` makes of the reply must be a `Reply`. */
  protected abstract run<Reply>(request: readonly Word[], convert?: Convert): Answer<M, Reply>;

  /** Runs one that may wait for others: they must not wait for it. */
  protected abstract runBlocking<Reply>(request: readonly Word[], convert?: Convert): Answer<M, Reply>;
}
