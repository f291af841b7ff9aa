/**
 * What function libraries in TypeScript can use. In a library, below its first line:
 *
 *     /// <reference path="../replicant/types/functions.d.ts" />
 *
 * docs/scripts.md says what all of it does.
 */

declare namespace Replicant {
  /** What a command can be given: text is sent as UTF-8, numbers and bigints in decimal, bytes as they are. */
  type Argument = string | number | bigint | Uint8Array;

  /** What a command answers, as RESP3 has it. Integers that a number cannot hold are bigints; a simple string such as OK is a string. */
  type Reply<Text = string> =
    | Text
    | number
    | bigint
    | boolean
    | null
    | ReplyError
    | Reply<Text>[]
    | Map<Reply<Text>, Reply<Text>>
    | Set<Reply<Text>>;

  /** An error reply. `call` throws it; inside of an array it is a value. */
  interface ReplyError extends Error {
    readonly name: "ReplyError";
    /** The first word of the message: WRONGTYPE, ERR. */
    readonly code: string;
  }

  /** A simple string: `call.status`. */
  interface Status {
    readonly text: string;
  }

  /** What a function can return. Text and bytes become bulk strings, objects become maps, errors become error replies. */
  type Result =
    | string
    | Uint8Array
    | number
    | bigint
    | boolean
    | null
    | undefined
    // biome-ignore lint/suspicious/noConfusingVoidType: a function may return nothing
    | void
    | Error
    | Status
    | readonly Result[]
    | ReadonlyMap<Result, Result>
    | ReadonlySet<Result>
    | { readonly [name: string]: Result };

  interface Call {
    /** Runs a command at once. Throws its error reply. `Expected` is what you know of the answer, and is not checked. */
    <Expected = Reply>(command: string, ...words: Argument[]): Expected;
    /** The same with bytes in the place of text (Buffers, in fact): for answers that are not UTF-8. */
    bytes<Expected = Reply<Uint8Array>>(command: string, ...words: Argument[]): Expected;
    /** A simple string to return, `+text` in the protocol. */
    status(text: string): Status;
    /** An error to throw or to return; the text begins with a code: `NOTFOUND no such job`. */
    error(text: string): ReplyError;
    /** Writes to the log of the server. */
    log(level: "debug" | "verbose" | "notice" | "warning", ...words: unknown[]): void;
  }

  type Flag = "no-writes" | "allow-oom" | "allow-stale" | "no-cluster" | "allow-cross-slot-keys";

  interface Options {
    /** Letters, digits and underscores. FCALL finds it in any case. */
    readonly name: string;
    readonly description?: string;
    /** As in Lua: https://redis.io/docs/latest/develop/programmability/functions-intro/ */
    readonly flags?: readonly Flag[];
  }
}

/** Gives the library a function, which FCALL calls with keys and arguments as text. To be called while the library is loaded. */
declare function registerFunction(
  options: Replicant.Options & { readonly bytes?: false },
  run: (call: Replicant.Call, keys: string[], args: string[]) => Replicant.Result,
): void;
/** Likewise with keys and arguments as bytes (Buffers, in fact), which may be any. */
declare function registerFunction(
  options: Replicant.Options & { readonly bytes: true },
  run: (call: Replicant.Call, keys: Uint8Array[], args: Uint8Array[]) => Replicant.Result,
): void;
