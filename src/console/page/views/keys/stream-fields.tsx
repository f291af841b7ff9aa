/** The fields of a stream's entry, as they are typed. */

import { octetsOf } from "../../octets.ts";
import type { Word } from "../../resp.ts";

/** Fields of an entry, one a line. */
export function FieldLines() {
  return (
    <label class="field">
      <span>Fields, one a line: name=value (\xNN and \n stand for a byte)</span>
      <textarea name="fields" rows={5} spellcheck={false} required placeholder={"temperature=21.5\nsensor=7"} />
    </label>
  );
}

/** What was typed in FieldLines, as XADD wants it. Errors: Error, with the line. */
export function pairsIn(text: string): Word[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length === 0) throw new Error("An entry has a field at least.");
  return lines.flatMap((line) => {
    const at = line.indexOf("=");
    if (at < 0) throw new Error(`There is no = in this line: ${line}`);
    return [octetsOf(line.slice(0, at)), octetsOf(line.slice(at + 1))];
  });
}
