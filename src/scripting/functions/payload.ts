/** The payload of FUNCTION DUMP as FUNCTION RESTORE reads it; snapshot/sinks/dump.ts writes it, and checks its footer. */

import { RdbString } from "../../rdb/entry.ts";
import { RdbError } from "../../rdb/error.ts";
import { OPCODE } from "../../rdb/format.ts";
import { RdbInput } from "../../rdb/input.ts";
import { FOOTER_BYTES } from "../../snapshot/sinks/dump.ts";
import { LibraryError } from "./library.ts";

const TRUNCATED = "Failed loading library payload";

/** Hands `take` the text of each library of bytes[from, to), whose footer has been checked. Errors: LibraryError, those of `take`. */
export function readLibraries(bytes: Buffer, from: number, to: number, take: (text: string) => void): void {
  const input = new RdbInput();
  const text = new RdbString();
  input.open(bytes, from, to - FOOTER_BYTES, 0, false);
  while (input.left > 0) {
    input.start = input.pos;
    input.readByte();
    if (input.value === OPCODE.functionPreGa) throw new LibraryError("Pre-GA function format not supported");
    if (input.value !== OPCODE.function2) throw new LibraryError("given type is not a function");
    if (!readText(input, text)) throw new LibraryError(TRUNCATED);
    take(text.text());
  }
}

function readText(input: RdbInput, into: RdbString): boolean {
  try {
    return input.readString(into);
  } catch (error) {
    if (error instanceof RdbError) return false;
    throw error;
  }
}
