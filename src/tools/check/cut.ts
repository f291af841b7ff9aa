/** Cuts off what an append-only file has behind the last whole command, and keeps it in a file beside. */

import { closeSync, fsyncSync, openSync, readSync, rmSync, truncateSync, writeSync } from "node:fs";
import { hasCode } from "../../base/files.ts";
import { failureWords } from "../../config/error.ts";
import { ToolError } from "../error.ts";

const PIECE_BYTES = 1024 * 1024;
/** How many names for what is cut off are tried. */
const NAME_ATTEMPTS = 1000;

/** Cuts the file at `at`. Returns the name of the file that has what was behind, null where `keep` says that none is wanted. Errors: ToolError. */
export function cutFile(path: string, at: number, { keep }: { readonly keep: boolean }): string | null {
  const kept = keep ? keepTail(path, at) : null;
  try {
    truncateSync(path, at);
  } catch (error) {
    if (kept !== null) rmSync(kept, { force: true });
    throw new ToolError(`${path} cannot be cut: ${failureWords(error)}`);
  }
  return kept;
}

function keepTail(path: string, from: number): string {
  const source = openSync(path, "r");
  let name = "";
  let target = -1;
  try {
    for (let attempt = 0; target === -1; attempt++) {
      name = attempt === 0 ? `${path}.cut` : `${path}.cut.${attempt}`;
      try {
        target = openSync(name, "wx");
      } catch (error) {
        if (!hasCode(error, "EEXIST") || attempt === NAME_ATTEMPTS) throw error;
      }
    }
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = from; ; ) {
      const length = readSync(source, piece, 0, PIECE_BYTES, at);
      if (length === 0) break;
      for (let written = 0; written < length; ) written += writeSync(target, piece, written, length - written);
      at += length;
    }
    fsyncSync(target);
    return name;
  } catch (error) {
    if (target !== -1) rmSync(name, { force: true });
    throw new ToolError(`what is to be cut off ${path} cannot be kept in ${name}: ${failureWords(error)}`);
  } finally {
    closeSync(source);
    if (target !== -1) closeSync(target);
  }
}
