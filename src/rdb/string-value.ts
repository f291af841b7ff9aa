import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** Strings: always one atom. */
export class StringReader implements ValueReader {
  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readString(entry.value)) return STEP.incomplete;
    handler.string(entry);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}
