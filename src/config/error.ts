/** The errors of configuration, and the words that Redis has for those of files. */

import { asFailure } from "../assert.ts";

/** What is wrong with the command line or a configuration file: one line for a person, naming the place, the directive and the limit. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A value that its directive refuses; `message` is the reason in Redis's words, without the directive's name. */
export class InvalidValue extends Error {
  override name = "InvalidValue";
}

/** A value that Redis takes and this version of Replicant does not; `message` is a whole sentence that quotes the directive. */
export class UnsupportedValue extends InvalidValue {
  override name = "UnsupportedValue";
}

/** The C library's words for the error codes that opening, entering and replacing files can end with: Redis prints those. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENFILE: "Too many open files in system",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
};

/** Returns why a file operation failed in C's words, or those of an error without a known code. A broken invariant is thrown again. */
export function failureWords(error: unknown): string {
  const failure = asFailure(error);
  return ("code" in failure && typeof failure.code === "string" ? WORDS[failure.code] : undefined) ?? failure.message;
}
