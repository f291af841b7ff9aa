/** How a value type is read. The reader's loop knows none: a new one is a file with a `ValueReader`, and a line in value-readers.ts. */
import type { RdbEntry } from "./entry.ts";
import type { RdbHandler } from "./handler.ts";
import type { RdbInput } from "./input.ts";
import type { Omitted } from "./omitted.ts";

/** What hashes by template are read with: template-hash.ts. */
interface Templates {
  /** Returns the names of the fields of a template. Errors: RdbError where there is none of this number. */
  fieldsOf(number: number, input: RdbInput): readonly Buffer[];
}

/** What a step came to. */
export const STEP = {
  /** The window ended inside the atom: the loop goes back to its start and takes the same step again when more bytes are there. */
  incomplete: 0,
  /** The atom is done and the value has another. */
  more: 1,
  /** The atom is done and the value with it. */
  done: 2,
} as const;
export type Step = (typeof STEP)[keyof typeof STEP];

/** What a step works with. */
export interface ReadContext {
  readonly input: RdbInput;
  /** The key, and what stood before it, of the value being read. */
  readonly entry: RdbEntry;
  readonly handler: RdbHandler;
  /** The value type, or the opcode, being read. */
  readonly type: number;
  /** Names of fields that hashes of the image share; null for a payload, which has none but those in the value itself. */
  readonly templates: Templates | null;
  /** Counts what has no place here and is left out. */
  readonly omitted: Omitted;
}

/**
 * Reads the values of one type, one after another, one atom a step. An atom is what may be read again from its start when the bytes end
 * inside it: a small value with its key, one element of a collection. A step must therefore change nothing before it has all of it.
 */
export interface ValueReader {
  /** The first step, in one atom with the opcode and the key. */
  begin(context: ReadContext): Step;
  /** Each further step: an atom of its own. The key is kept meanwhile. */
  next(context: ReadContext): Step;
}
