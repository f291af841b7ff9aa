/** Error replies as functions in TypeScript see them, and what a client is told of an error that ends one. */

import { toBytes } from "../../base/text.ts";
import { untilNul } from "../error-values.ts";

/** An error reply: thrown by `call`, and made by `call.error`. Its message begins with its code. */
export class ReplyError extends Error {
  override name = "ReplyError";
  /** The first word: WRONGTYPE, ERR. */
  readonly code: string;
  /** The message in bytes, one character each. */
  readonly bytes: string;
  /** Whether errorstats has it already, since a command answered with it. */
  readonly counted: boolean;

  /** `bytes`: code and text. */
  constructor(bytes: string, { counted }: { readonly counted: boolean }) {
    super(Buffer.from(bytes, "latin1").toString());
    const space = bytes.indexOf(" ");
    this.code = space < 0 ? bytes : bytes.slice(0, space);
    this.bytes = bytes;
    this.counted = counted;
  }
}

/** What an error reply says, in bytes, one character each, and whether errorstats has it already. */
export interface ErrorText {
  readonly text: string;
  readonly counted: boolean;
}

/** The error reply for what was thrown, or returned as an error. Any value can be. */
export function errorTextOf(error: unknown): ErrorText {
  if (error instanceof ReplyError) return { text: error.bytes, counted: error.counted };
  return { text: `ERR ${untilNul(toBytes(wordsOf(error)))}`, counted: false };
}

/** What was thrown, in words. */
export function wordsOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const { name, message } = error;
    return name === "Error" || name === "ReplyError" ? String(message) : `${name}: ${message}`;
  } catch {
    return "an error that cannot be shown";
  }
}
