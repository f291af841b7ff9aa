/** The command line, read as Redis 7.2 reads it, with Replicant's short forms. */

import { resolve } from "node:path";
import { fromBytes, toBytes } from "../base/utf8.ts";
import { quoteWord, splitWords, trimBlanks } from "../base/words.ts";
import { Loader, type ReadFile, type StartupSettings } from "./file.ts";
import { machine, type Surroundings } from "./surroundings.ts";

/** What the command line asks for. */
export type Arguments =
  | { readonly kind: "run"; readonly settings: StartupSettings }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

/** Our own spellings of Redis's options. */
const SHORT_FORMS: ReadonlyMap<string, string> = new Map([
  ["-p", "--port"],
  ["-H", "--bind"],
  ["--host", "--bind"],
  ["-r", "--replicaof"],
]);
/** Options of ours that stand for a directive with its value. */
const WHOLE_FORMS: ReadonlyMap<string, string> = new Map([["--console", "--console-port 7379"]]);
const QUESTIONS: ReadonlyMap<string, "help" | "version"> = new Map([
  ["-h", "help"],
  ["--help", "help"],
  ["-v", "version"],
  ["--version", "version"],
]);
const STANDARD_INPUT = "-";

/**
 * Reads `[config file] [-] [--directive value...]...`. File, then standard input (`-` as first or last argument), then options; what comes
 * later wins. An option takes what follows up to the next `--`; but the first value may itself start with `--`, and an option and its
 * values may share one argument (`"--port 7000"`). `--save` may go without a value, which means `--save ""`.
 *
 * `argv` holds ordinary strings, without the program; the readers give bytes (latin1). Pure but for what it is handed.
 * Throws ConfigError: one line that names the place, the directive and what is wrong.
 */
export function parseArguments(
  argv: readonly string[],
  readFile: ReadFile,
  readStdin: () => string,
  surroundings: Surroundings = machine,
): Arguments {
  const words = argv.map(toBytes);
  const withFile = words.length > 0 && !words[0].startsWith("-");
  const configFile = withFile ? resolve(surroundings.cwd, fromBytes(words[0])) : null;
  const options = readOptions(words, withFile ? 1 : 0);
  if (options.question !== null) return { kind: options.question };

  const loader = new Loader(readFile, surroundings);
  if (configFile !== null) loader.loadFile(configFile);
  if (options.fromStdin) loader.loadText(readStdin(), "standard input");
  for (const text of options.lines) loader.loadLine({ place: "command line", text: trimBlanks(text) });
  return { kind: "run", settings: loader.finish(configFile) };
}

/** Turns words[from, end) into lines of redis.conf; or `question` is what they ask. */
function readOptions(words: readonly string[], from: number) {
  const lines: string[] = [];
  let fromStdin = false;
  // Whether the option at hand has its value, so that a word with dashes starts the next one.
  let complete = true;
  for (let at = from; at < words.length; at++) {
    const word = words[at];
    const last = at === words.length - 1;
    if (word === STANDARD_INPUT && (at === 0 || last)) {
      fromStdin = true;
      continue;
    }
    const option: string | null = complete ? optionOf(word) : null;
    if (option === null) {
      lines.push(`${lines.pop() ?? ""}${quoteWord(word)} `);
      complete = true;
      continue;
    }
    const question = QUESTIONS.get(option);
    if (question !== undefined) return { question, fromStdin, lines };
    complete = splitWords(option)?.length !== 1;
    const emptySave = option.toLowerCase() === "--save" && (last || words[at + 1].startsWith("--"));
    if (emptySave) complete = true;
    lines.push(`${option.slice(2)} ${emptySave ? '""' : ""}`);
  }
  return { question: null, fromStdin, lines };
}

/** `word` as an option in its long form, or null when it is a value. */
function optionOf(word: string): string | null {
  if (QUESTIONS.has(word)) return word;
  const whole = WHOLE_FORMS.get(word);
  if (whole !== undefined) return whole;
  const blank = word.search(/[ \t\n\v\f\r]/);
  const name = blank < 0 ? word : word.slice(0, blank);
  const long = SHORT_FORMS.get(name);
  if (long !== undefined) return long + word.slice(name.length);
  return word.startsWith("--") ? word : null;
}
