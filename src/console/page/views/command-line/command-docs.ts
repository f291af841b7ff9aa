/** What the server says about its commands: help, hints and completion are made of that. */

import { type Argument, hintFor, syntaxOf } from "../../../../base/command-hints.ts";
import { fieldsOf, listOf, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";
import { call } from "../../session.ts";
import { lastWordOf, namesOf, wordsOfLine } from "./words.ts";

export interface CommandEntry {
  /** In upper case: ["CONFIG", "GET"]. */
  readonly words: readonly string[];
  readonly name: string;
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly complexity: string;
  readonly args: readonly Argument[];
  readonly syntax: string;
}

export class CommandDocs {
  private readonly entries: readonly CommandEntry[];

  constructor(docs: Reply) {
    const entries: CommandEntry[] = [];
    for (const [name, spec] of Object.entries(fieldsOf(docs))) addEntries(entries, [name.toUpperCase()], spec);
    this.entries = entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The command that these words begin with, the longest one; null: there is none. */
  find(names: readonly string[]): CommandEntry | null {
    let found: CommandEntry | null = null;
    for (const entry of this.entries) {
      if (entry.words.length > names.length || entry.words.length <= (found?.words.length ?? 0)) continue;
      if (entry.words.every((word, index) => names[index]?.toUpperCase() === word)) found = entry;
    }
    return found;
  }

  /** The command that is being typed. */
  entryOf(line: string): CommandEntry | null {
    return this.find(namesOf(wordsOfLine(line) ?? wordsOfLine(line.slice(0, -lastWordOf(line).length)) ?? []));
  }

  /** What is still to type, as redis-cli shows it; "" when there is nothing to say, or while an argument is typed: until a blank is behind it. */
  hintOf(line: string): string {
    const words = wordsOfLine(line);
    if (words === null) return "";
    const names = namesOf(words);
    const entry = this.find(names);
    if (entry === null) return "";
    const rest = names.slice(entry.words.length);
    // Of a whole name that has no blank behind it the arguments are shown already.
    const gap = /\s$/.test(line) ? "" : " ";
    const hint = rest.length > 0 && gap !== "" ? "" : hintFor(rest, entry.args);
    return hint === "" ? "" : gap + hint;
  }

  /** What the last word may become: names of commands, of subcommands, words of options. */
  completions(line: string): string[] {
    const typed = lastWordOf(line);
    const before = line.slice(0, line.length - typed.length);
    const words = wordsOfLine(before);
    if (words === null) return [];
    const names = namesOf(words);
    const start = typed.toUpperCase();
    const candidates = this.candidates(names, typed !== "").filter((name) => name.startsWith(start) && name !== start);
    const isLower = typed !== "" && typed === typed.toLowerCase();
    return [...new Set(candidates)].map((name) => (isLower ? name.toLowerCase() : name));
  }

  private candidates(names: readonly string[], hasBegun: boolean): string[] {
    if (names.length === 0) return hasBegun ? this.entries.filter(({ words }) => words.length === 1).map(({ name }) => name) : [];
    const [first] = names.map((name) => name.toUpperCase());
    const below = names.length === 1 ? this.entries.filter(({ words }) => words.length === 2 && words[0] === first) : [];
    if (below.length > 0) return below.map(({ words }) => words[1] ?? "");
    const entry = this.find(names);
    return entry === null || !hasBegun ? [] : entry.args.flatMap(tokensOf).map((token) => token.toUpperCase());
  }
}

let loading: Promise<CommandDocs> | null = null;

/** Asks the server once. Errors: ReplyError, LinkError; the next request asks again then. */
export function commandDocs(): Promise<CommandDocs> {
  loading ??= call("COMMAND", "DOCS").then((reply) => new CommandDocs(reply));
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

function addEntries(entries: CommandEntry[], words: readonly string[], spec: Reply): void {
  const fields = fieldsOf(spec);
  const args = listOf(fields.arguments).map(argumentOf);
  entries.push({
    words,
    name: words.join(" "),
    summary: wordOf(fields.summary),
    since: wordOf(fields.since),
    group: wordOf(fields.group),
    complexity: wordOf(fields.complexity),
    args,
    syntax: syntaxOf(args),
  });
  for (const [name, subcommand] of Object.entries(fieldsOf(fields.subcommands ?? null))) {
    addEntries(entries, [words[0] ?? "", name.slice(name.indexOf("|") + 1).toUpperCase()], subcommand);
  }
}

function argumentOf(spec: Reply): Argument {
  const fields = fieldsOf(spec);
  const flags = new Set(listOf(fields.flags).map(wordOf));
  return {
    name: wordOf(fields.display_text) || wordOf(fields.name),
    token: fields.token === undefined || fields.token === null ? null : wordOf(fields.token),
    type: wordOf(fields.type) || "string",
    optional: flags.has("optional"),
    multiple: flags.has("multiple"),
    multipleToken: flags.has("multiple_token"),
    children: listOf(fields.arguments).map(argumentOf),
  };
}

function tokensOf({ token, children }: Argument): string[] {
  return [...(token === null || token === "" ? [] : [token]), ...children.flatMap(tokensOf)];
}
