/**
 * The file of the privileged libraries, beside that of the data set:
 *
 *     REPLICANT FUNCTIONS 1\n   then for each library: its size in bytes \n its text \n   and at the end: end \n SHA-1 of all that \n
 */

import { readFileSync } from "node:fs";
import { hasCode, type ReplaceStep, replaceFile } from "../../base/files.ts";
import { failureWords } from "../../config/error.ts";
import { sha1hex } from "../sha1.ts";

const HEAD = "REPLICANT FUNCTIONS 1\n";
const END = "end\n";

/** A file that cannot be read or written; the message says which, and why. */
export class LibraryFileError extends Error {
  override name = "LibraryFileError";
}

/** Puts these texts (bytes, one character each) in the place of the file. Errors: LibraryFileError, and the file is as it was. */
export function writeLibraryFile(path: string, texts: readonly string[]): void {
  const body = `${HEAD}${texts.map((text) => `${text.length}\n${text}\n`).join("")}${END}`;
  const failure = (step: ReplaceStep, error: unknown): LibraryFileError =>
    new LibraryFileError(`Can't write the functions file ${path} (${step}): ${failureWords(error)}`);
  replaceFile(path, `${path}.${process.pid}.tmp`, `${body}${sha1hex(Buffer.from(body, "latin1"))}\n`, failure);
}

/** Returns the texts in it; none where there is no file. Errors: LibraryFileError. */
export function readLibraryFile(path: string): readonly string[] {
  let content: string;
  try {
    content = readFileSync(path, "latin1");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw new LibraryFileError(`Can't open the functions file ${path} for reading: ${failureWords(error)}`);
  }
  const texts = parse(content);
  if (texts === null) throw new LibraryFileError(`The functions file ${path} is damaged`);
  return texts;
}

/** Returns the texts, or null when it is no such file, or a part of one. */
function parse(content: string): string[] | null {
  if (!content.startsWith(HEAD)) return null;
  const texts: string[] = [];
  let at = HEAD.length;
  while (!content.startsWith(END, at)) {
    const lineEnd = content.indexOf("\n", at);
    const size = content.slice(at, lineEnd);
    if (lineEnd < 0 || !/^\d{1,10}$/.test(size)) return null;
    const end = lineEnd + 1 + Number(size);
    if (content[end] !== "\n") return null;
    texts.push(content.slice(lineEnd + 1, end));
    at = end + 1;
  }
  at += END.length;
  return content.slice(at) === `${sha1hex(Buffer.from(content.slice(0, at), "latin1"))}\n` ? texts : null;
}
