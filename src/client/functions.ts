/**
 * Functions in TypeScript that a program carries with it and the server runs where the data is (docs/scripts.md): loaded as a library by
 * FUNCTION LOAD, called by FCALL.
 */

import { createHash } from "node:crypto";
import { ReplyError } from "./errors.ts";
import { knownOptions, requireKnown } from "./known-options.ts";
import type { Link, Word } from "./link.ts";

/** What a function calls commands with, and what else the server gives it. */
export interface FunctionCall {
  /** Runs a command at once. Throws its error reply. `Reply` is what you know of the reply, and is not checked. */
  <Reply = unknown>(command: string, ...words: Word[]): Reply;
  /** The same with bytes in the place of text. */
  bytes<Reply = unknown>(command: string, ...words: Word[]): Reply;
  /** An error to throw; the text begins with a code: `NOTFOUND no such job`. */
  error(text: string): Error;
  /** Writes to the log of the server. */
  log(level: "debug" | "verbose" | "notice" | "warning", ...words: unknown[]): void;
}

export interface FunctionOptions<Count extends number, Result> {
  /** Letters, digits and underscores. */
  readonly name: string;
  /** The library that it is alone in: its name, unless told. */
  readonly library?: string;
  readonly description?: string;
  readonly numberOfKeys: Count;
  /** It writes nothing: FCALL_RO, which replicas run too. */
  readonly readOnly?: boolean;
  /**
   * What the server runs: its text is sent, so it can use nothing that is declared outside of it. It must not be async.
   */
  readonly run: (call: FunctionCall, keys: string[], args: string[]) => Result;
}

/** What arrives of what a function returns: objects as objects, undefined as null. */
export type Returned<Result> = Result extends undefined ? null : Result;

export class ServerFunction<Count extends number, Result> {
  readonly name: string;
  readonly numberOfKeys: Count;
  /** The library as the server gets it. */
  readonly code: string;
  /** What tells this library from others of its name. */
  readonly digest: string;
  private readonly command: string;
  /** Only for the type. */
  declare readonly result: Result;

  constructor(options: FunctionOptions<Count, Result>) {
    const { name, library = name, description, numberOfKeys, readOnly = false } = options;
    const traits = { name, ...(description === undefined ? {} : { description }), ...(readOnly ? { flags: ["no-writes"] } : {}) };
    this.name = name;
    this.numberOfKeys = numberOfKeys;
    this.code = `#!typescript name=${library}\nregisterFunction(${JSON.stringify(traits)}, ${sourceOf(options.run)});\n`;
    this.digest = createHash("sha1").update(this.code).digest("hex");
    this.command = readOnly ? "FCALL_RO" : "FCALL";
  }

  /** Calls it. @param loaded digests of what was loaded; it is loaded first where it is not among these. Errors: ReplyError, LinkError. */
  async send(link: Link, inBytes: boolean, loaded: Set<string>, keys: readonly Word[], args: readonly Word[]): Promise<unknown> {
    if (keys.length !== this.numberOfKeys) throw new TypeError(`${this.name} has ${this.numberOfKeys} keys, and is given ${keys.length}`);
    const request = [this.command, this.name, keys.length, ...keys, ...args];
    if (loaded.has(this.digest)) {
      try {
        return await link.send(request, inBytes);
      } catch (error) {
        if (!(error instanceof ReplyError) || error.message !== "ERR Function not found") throw error;
      }
    }
    await link.send(["FUNCTION", "LOAD", "REPLACE", this.code], false);
    loaded.add(this.digest);
    return await link.send(request, inBytes);
  }
}

const KNOWN = knownOptions<FunctionOptions<number, unknown>>("defineFunction", {
  name: true,
  library: true,
  description: true,
  numberOfKeys: true,
  readOnly: true,
  run: true,
});

/** Makes a function, for `client.function(...)`. */
export function defineFunction<const Count extends number, Result>(options: FunctionOptions<Count, Result>): ServerFunction<Count, Result> {
  requireKnown(options, KNOWN);
  return new ServerFunction(options);
}

/** Maps as objects, however deep. */
export function asObjects(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asObjects);
  if (reply instanceof Map) return Object.fromEntries([...reply].map(([key, value]) => [String(key), asObjects(value)]));
  return reply;
}

/** The text of a function as an expression; that of a method, `run(call) { ... }`, is none. */
function sourceOf(run: unknown): string {
  const text = String(run);
  return /^(?:async\s+)?(?:function\b|\(|[\w$]+\s*=>)/.test(text) ? text : `({ ${text} }).run`;
}
