/** The first line of a script that says what it does: `#!lua flags=no-writes,allow-stale`. Source: evalExtractShebangFlags. */

import { splitWords } from "../base/words.ts";
import { commandError } from "../errors.ts";
import { ScriptFlag, scriptFlagNamed } from "../session/script-flags.ts";
import { untilNul } from "./error-values.ts";

export interface Shebang {
  /** `ScriptFlag`s. */
  readonly flags: number;
  /** Where the text of the script begins, so that its lines count from the shebang's: with the end of that line. */
  readonly end: number;
}

const NONE: Shebang = { flags: ScriptFlag.COMPATIBLE, end: 0 };

const FLAGS = "flags=";

/** Errors: CommandError when the line makes no sense. */
export function readShebang(text: string): Shebang {
  if (!text.startsWith("#!")) return NONE;
  const line = untilNul(text);
  const end = line.indexOf("\n");
  if (end < 0) throw commandError("ERR Invalid script shebang");
  const words = splitWords(line.slice(0, end));
  if (words === null || words.length === 0) throw commandError("ERR Invalid engine in script shebang");
  const [engine = "", ...options] = words;
  if (engine !== "#!lua") throw commandError(`ERR Unexpected engine in script shebang: ${untilNul(engine)}`);
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith(FLAGS)) throw commandError(`ERR Unknown lua shebang option: ${untilNul(option)}`);
    flags |= readFlags(option.slice(FLAGS.length));
  }
  return { flags, end };
}

function readFlags(list: string): number {
  let flags = 0;
  if (list === "") return flags;
  for (const word of list.split(",")) {
    const name = untilNul(word);
    const flag = scriptFlagNamed(name);
    if (flag === 0) throw commandError(`ERR Unexpected flag in script shebang: ${name}`);
    flags |= flag;
  }
  return flags;
}
