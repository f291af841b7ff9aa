/**
 * Notes: what a master tells one replica beside the stream, about function libraries that no stream has. A note is a request between two
 * others, `REPLCONF replicant-functions <text> ...`, with the texts of all of them. It is no part of the history: neither side counts its
 * bytes, and the replica does not pass it on, but has notes of its own for its replicas. Only replicas that asked for notes are sent any,
 * by `REPLCONF capa replicant-functions`; masters of other kinds ignore capabilities that they do not know.
 */

import { Frame } from "../protocol/frame.ts";

/** As REPLCONF calls it. */
export const FUNCTIONS_CAPABILITY = "replicant-functions";

/** The bytes of a note. `texts`: of all such libraries, one character a byte. */
export function encodeNote(texts: readonly string[]): Buffer {
  const { buffer, start, end } = new Frame().encode(["REPLCONF", FUNCTIONS_CAPABILITY, ...texts]);
  return buffer.subarray(start, end);
}

export function isNote(frame: Frame): boolean {
  return frame.count >= 2 && frame.text(1) === FUNCTIONS_CAPABILITY && frame.text(0).toLowerCase() === "replconf";
}

export function textsOfNote(frame: Frame): string[] {
  return Array.from({ length: frame.count - 2 }, (_, index) => frame.text(index + 2));
}
