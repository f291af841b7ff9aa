/**
 * A function library: the text that FUNCTION LOAD was given, what its first line says, and the functions that it registered with the engine
 * of its language.
 */

import { splitWords } from "../../base/words.ts";
import { untilNul } from "../error-values.ts";
import type { RunningCommand } from "../run.ts";

/** Why a library is refused, in Redis's words and without the code in front. */
export class LibraryError extends Error {
  override name = "LibraryError";
}

export interface LibraryFunction {
  readonly name: string;
  readonly library: Library;
  readonly description: string | null;
  /** Bits of ScriptFlag. */
  readonly flags: number;
  /** What the library's engine runs. */
  readonly body: unknown;
}

/** A language that function libraries are written in. */
export interface Engine {
  /** As FUNCTION LIST shows it; the first line of a library names it in any case. */
  readonly name: string;
  /** Its libraries have the rights of the server: loading them is for those whom enable-typescript-functions names (privileged-store.ts). */
  readonly privileged: boolean;
  /** Bytes that it takes to run libraries: used_memory_vm_functions. */
  readonly usedBytes: number;
  /**
   * Runs `code`, the text of `library` behind its first line, which gives it its functions. `limitMs`: how long that may take, 0 for no
   * limit. Errors: LibraryError.
   */
  load(library: Library, code: string, limitMs: number): void;
  /**
   * Runs a function with `keyCount` keys from argument `firstKey` of the command on, and with what follows them, and answers. `readOnly`:
   * the command is one of those that only read. Errors: CommandError when it may not run now.
   */
  run(callee: LibraryFunction, command: RunningCommand, firstKey: number, keyCount: number, readOnly: boolean): void;
}

const NAME = /^[a-zA-Z0-9_]+$/;
// The same sentence for functions: Redis has no other.
const BAD_NAME = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

export class Library {
  readonly name: string;
  readonly engine: Engine;
  /** All of it, its first line too: bytes, one character each. */
  readonly text: string;
  /** By their names as they are written; FCALL finds them in any case. */
  readonly functions = new Map<string, LibraryFunction>();
  /** Lets go of what its engine keeps of it. */
  release: () => void = () => {};

  constructor(name: string, engine: Engine, text: string) {
    this.name = name;
    this.engine = engine;
    this.text = text;
  }

  /** Registers a function. Errors: LibraryError about the name, or a function that is there already. */
  add({ name, description, flags, body }: Omit<LibraryFunction, "library">): void {
    checkName(name);
    if (this.functions.has(name)) throw new LibraryError("Function already exists in the library");
    this.functions.set(name, { name, library: this, description, flags, body });
  }
}

/** What the first line of a library says, and the code: the text from the end of that line on, so that lines keep their numbers. */
export interface LibraryMetadata {
  readonly engine: string;
  readonly name: string;
  readonly code: string;
}

/** Errors: LibraryError. */
export function readMetadata(text: string): LibraryMetadata {
  if (!text.startsWith("#!")) throw new LibraryError("Missing library metadata");
  const end = untilNul(text).indexOf("\n");
  const words = end < 0 ? null : splitWords(text.slice(0, end));
  if (words === null) throw new LibraryError("Invalid library metadata");
  let name: string | null = null;
  for (const word of words.slice(1)) {
    if (!/^name=/i.test(word)) throw new LibraryError(`Invalid metadata value given: ${untilNul(word)}`);
    if (name !== null) throw new LibraryError("Invalid metadata value, name argument was given multiple times");
    name = word.slice("name=".length);
  }
  if (name === null) throw new LibraryError("Library name was not given");
  checkName(name);
  return { engine: (words[0] ?? "").slice("#!".length), name, code: text.slice(end) };
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new LibraryError(BAD_NAME);
}
