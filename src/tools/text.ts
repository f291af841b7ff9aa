/** Bytes as text, for people and for JSON. */

import { quoteWord } from "../base/words.ts";

/** Text that is UTF-8 and has no control characters, which would move the cursor of a terminal. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\ufffd"\\]/;
const SHOWN_CHARACTERS = 100;

/** The text that bytes (latin1) are in UTF-8, or null where they are none. */
function utf8Of(bytes: string): string | null {
  const buffer = Buffer.from(bytes, "latin1");
  const text = buffer.toString();
  return Buffer.byteLength(text) === buffer.length && Buffer.from(text).equals(buffer) ? text : null;
}

/** A key (latin1), in quotes, for people: its beginning where it is long. */
export function shownKey(key: string): string {
  const text = utf8Of(key);
  const shown =
    text !== null && !UNPRINTABLE.test(text) ? `"${text.slice(0, SHOWN_CHARACTERS)}"` : quoteWord(key.slice(0, SHOWN_CHARACTERS));
  return key.length > SHOWN_CHARACTERS && (text === null || text.length > SHOWN_CHARACTERS) ? `${shown}...` : shown;
}

/** Bytes (latin1) in JSON: the text that they are, or their base64. */
export type JsonBytes = string | { readonly base64: string };

export function jsonBytes(bytes: string): JsonBytes {
  return utf8Of(bytes) ?? { base64: Buffer.from(bytes, "latin1").toString("base64") };
}
