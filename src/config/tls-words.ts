/** The words by which programs that connect to servers are told what to show over TLS: `--cacert FILE` and the like. */

import { readFileSync } from "node:fs";
import { failureWords } from "./error.ts";

/** Options that name a file, and what is in it. */
const FILES = { "--cacert": "ca", "--cert": "cert", "--key": "key" } as const;

/** What the files have, as Bun's sockets take it. */
export type TlsFiles = { -readonly [Name in (typeof FILES)[keyof typeof FILES]]?: string };

/** The lines of a usage that explain them. */
export const TLS_USAGE = `  --cacert FILE         whom their certificates must be from (else whom the system trusts)
  --cert FILE, --key FILE   our own certificate and its key
  --insecure            take any certificate of theirs
`;

/**
 * Puts what the file `path` has into `files`, if `word` is one of these options. Returns whether it is. Errors: what `failure` makes of the
 * reason.
 */
export function takeTlsFile(word: string, path: string | undefined, files: TlsFiles, failure: (reason: string) => Error): boolean {
  if (!isFileWord(word)) return false;
  if (path === undefined) throw failure(`${word} needs a file`);
  try {
    files[FILES[word]] = readFileSync(path, "utf8");
  } catch (error) {
    throw failure(`${word}: ${failureWords(error)}`);
  }
  return true;
}

function isFileWord(word: string): word is keyof typeof FILES {
  return Object.hasOwn(FILES, word);
}
