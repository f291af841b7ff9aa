/** `replicant check`: what is in an RDB file or an append-only file, whether it is whole, and where not. */

import { ToolError } from "../error.ts";
import { refuseForeign } from "../foreign.ts";
import { FAILED, runTool } from "../run.ts";
import { cutFile } from "./cut.ts";
import { type CheckOptions, checkFile, type FileFacts } from "./file-check.ts";
import { fileJson, fileText } from "./show.ts";
import { type Targets, targetsOf } from "./target.ts";

const DEFAULT_TOP = 10;

const USAGE = `Usage: replicant check [options] FILE

Reads an RDB file or an append-only file of any Redis, Valkey or Replicant, says what is in it and whether it is whole, and where not. FILE
may be an RDB file, an append-only file, the manifest of one, or the directory (appendonlydir) of one.

  --json                what was found as JSON, on one line
  --top COUNT           name so many of the largest keys (${DEFAULT_TOP})
  --deep                look into every value, even where a checksum vouches for them
  --shallow             look into none, even where no checksum does
  --fix                 cut off what stands behind the last whole command of an append-only file, and keep it in FILE.cut
  --truncate-to-timestamp SECONDS
                        cut an append-only file before the first #TS: annotation that is later, likewise
  --no-copy             do not keep what is cut off

Ends with 0 when all is good (or was made good by --fix), with 1 when something is damaged, with 2 when it could not be read, or not to its
end by this version.
`;

const DAMAGED = 1;

interface Words {
  readonly path: string;
  readonly json: boolean;
  readonly top: number;
  readonly deep: CheckOptions["deep"];
  readonly fix: boolean;
  readonly until: number | null;
  readonly keep: boolean;
}

/**
 * Runs it with the words behind `check`. `terminal`: whether what `complain` takes is seen on one, so that a line there may be drawn again.
 * Returns the exit code.
 */
export async function checkProgram(
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
  { terminal = false }: { readonly terminal?: boolean } = {},
): Promise<number> {
  const run = (): number => check(parseWords(argv), print, terminal ? complain : null);
  return runTool({ name: "check", usage: USAGE, run }, argv, print, complain);
}

function check(words: Words, print: (text: string) => void, draw: ((text: string) => void) | null): number {
  const targets = targetsOf(words.path);
  const { manifest, files, failure } = targets;
  const options: CheckOptions = { top: words.top, deep: words.deep, until: words.until ?? Number.POSITIVE_INFINITY, now: Date.now(), draw };
  const facts: FileFacts[] = [];
  const notes: string[] = [];
  let code = failure === null ? 0 : DAMAGED;
  for (const [index, target] of files.entries()) {
    const named = target.path.endsWith(".aof");
    if (target.role === null) refuseForeign(target.path, "RDB file or append-only file", { emptyIsFine: named });
    const file = checkFile(target.path, options, { aof: target.role !== null || named });
    const note = cutWhere(file, words, index === files.length - 1);
    if (note !== null) notes.push(note);
    facts.push(file);
    if (file.verdict !== "good" && !(words.fix && note !== null)) code = Math.max(code, file.verdict === "damaged" ? DAMAGED : FAILED);
  }
  if (words.until !== null && notes.length === 0 && code === 0) notes.push(`nothing is later than ${words.until}`);
  print(words.json ? `${JSON.stringify(jsonOf(targets, facts, notes, code))}\n` : textOf(targets, facts, notes));
  if (manifest !== null && !words.json) print(code === 0 ? "All files that the manifest names are good\n" : "");
  return code;
}

/** Cuts the file where that is asked for and can be done. Returns what was done, or null. Errors: ToolError where it must not be done. */
function cutWhere({ path, size, commands, damage, image }: FileFacts, { fix, until, keep }: Words, last: boolean): string | null {
  if (commands === null || (image !== null && commands.commands === 0 && commands.goodUpTo < image.end)) return null;
  if (commands.stopped) {
    if (commands.laterAt === 0) throw new ToolError(`${path} has nothing that is not later than ${until}`);
    if (!last)
      throw new ToolError(
        `${path} has something later than ${until}, but is not the last file: delete those behind it first, in the manifest too`,
      );
    return cutNote(path, size, commands.laterAt, cutFile(path, commands.laterAt, { keep }));
  }
  if (!fix || damage === null) return null;
  if (!last) throw new ToolError(`${path} is damaged, but is not the last file, and only that can be cut`);
  return cutNote(path, size, commands.goodUpTo, cutFile(path, commands.goodUpTo, { keep }));
}

function cutNote(path: string, size: number, at: number, kept: string | null): string {
  return `${path} was cut at byte ${at}: ${size - at} bytes less${kept === null ? "" : `, which are in ${kept} now`}`;
}

function textOf({ manifest, failure }: Targets, facts: readonly FileFacts[], notes: readonly string[]): string {
  const parts = facts.map(fileText);
  if (manifest !== null)
    parts.unshift(failure === null ? `${manifest}: manifest of ${facts.length} files\n` : `${manifest}: damaged manifest: ${failure}\n`);
  for (const note of notes) parts.push(`${note}\n`);
  return parts.join("\n");
}

function jsonOf({ manifest, failure }: Targets, facts: readonly FileFacts[], notes: readonly string[], code: number): object {
  const verdict = ["good", "damaged", "unsupported"][code];
  return { verdict, manifest: manifest === null ? null : { path: manifest, failure }, files: facts.map(fileJson), done: notes };
}

function parseWords(argv: readonly string[]): Words {
  const paths: string[] = [];
  const flags = new Set<string>();
  const numbers = new Map<string, number>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index];
    if (["--json", "--deep", "--shallow", "--fix", "--no-copy"].includes(word)) flags.add(word);
    else if (word === "--top" || word === "--truncate-to-timestamp") numbers.set(word, countOf(word, argv[++index]));
    else if (word.startsWith("--")) throw new ToolError(`there is no option ${word} (see replicant check --help)`);
    else paths.push(word);
  }
  if (paths.length !== 1) throw new ToolError("one file is needed (see replicant check --help)");
  const until = numbers.get("--truncate-to-timestamp") ?? null;
  if (until !== null && flags.has("--fix")) throw new ToolError("--fix and --truncate-to-timestamp do not go together");
  if (flags.has("--deep") && flags.has("--shallow")) throw new ToolError("--deep and --shallow do not go together");
  return {
    path: paths[0],
    json: flags.has("--json"),
    top: numbers.get("--top") ?? DEFAULT_TOP,
    deep: flags.has("--deep") ? "always" : flags.has("--shallow") ? "never" : "when needed",
    fix: flags.has("--fix"),
    until,
    keep: !flags.has("--no-copy"),
  };
}

function countOf(option: string, word: string | undefined): number {
  if (word === undefined || !/^\d{1,12}$/.test(word)) throw new ToolError(`${option} needs a number, not ${word ?? "nothing"}`);
  return Number(word);
}
