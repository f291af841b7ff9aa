/** A typed line as the words of a request, by redis-cli's rules of quoting. */

import { splitWords } from "../../../../base/words.ts";
import { latin1 } from "../../octets.ts";

const encoder = new TextEncoder();

/** The words in bytes; null: a quote is not closed, or is closed in front of anything but a blank. */
export function wordsOfLine(line: string): Uint8Array[] | null {
  // Strings there have one character a byte, so that "\xff" is one byte and "ü" two.
  const words = splitWords(latin1(encoder.encode(line)));
  return words === null ? null : words.map((word) => Uint8Array.from(word, (character) => character.charCodeAt(0)));
}

/** Words as text, to be compared with names: bytes of no name stay one character each. */
export function namesOf(words: readonly Uint8Array[]): string[] {
  return words.map(latin1);
}

/** What is typed of the last word: behind the last blank that stands in no quotes. */
export function lastWordOf(line: string): string {
  return /\S*$/.exec(line)?.[0] ?? "";
}

/** Lines that were pasted: those with something in them, without comments. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
