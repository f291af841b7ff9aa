/** Help about commands, their completion and hints, from what the server says of them itself (COMMAND DOCS). */

import { type Argument, hintFor, syntaxOf } from "../../base/command-hints.ts";
import { splitWords } from "../../base/words.ts";
import { itemsOf, type Reply, textOf } from "../../protocol/reply-decoder.ts";
import { REDIS_VERSION } from "../../version.ts";

interface Entry {
  /** Upper case: ["CONFIG", "GET"]. */
  readonly words: readonly string[];
  readonly name: string;
  readonly summary: string;
  readonly since: string | null;
  readonly group: string;
  /** null: the server knows no docs, and `syntax` is a guess from the arity. */
  readonly args: readonly Argument[] | null;
  readonly syntax: string;
}

/** Who can be asked about commands. */
export interface Asked {
  /** The reply, or null when there is no connection. */
  inquire(words: readonly string[]): Promise<Reply | null>;
}

const GENERIC = `replicant cli (redis-cli ${REDIS_VERSION})
Help about commands:
      "help @<group>" lists the commands of a group
      "help <command>" tells about one command
      "help <tab>" offers all that there is help about
      "quit" ends this program

Preferences, which also stand in ~/.redisclirc:
      ":set hints" shows the arguments that are still to type
      ":set nohints" does not
`;

export class Help {
  private entries: readonly Entry[] | null = null;

  /** Asks the server once. Without one, and before Redis 7, it is what we know ourselves. */
  async load(server: Asked): Promise<void> {
    if (this.entries !== null) return;
    const docs = await server.inquire(["COMMAND", "DOCS"]);
    const entries: Entry[] = [];
    if (docs?.kind === "map" || docs?.kind === "array") addAll(entries, docs);
    else {
      // All commands that there are, so loaded only where it is needed.
      const { ownDocs } = await import("./own-docs.ts");
      addAll(entries, ownDocs());
      if (docs !== null) keepKnown(entries, itemsOf((await server.inquire(["COMMAND"])) ?? undefined));
    }
    this.entries = entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** What `help ...` prints. */
  async about(words: readonly string[], server: Asked): Promise<string> {
    if (words.length === 0) return GENERIC;
    await this.load(server);
    const group = words[0].startsWith("@") ? words[0].slice(1).toLowerCase() : null;
    const found = (this.entries ?? []).filter((entry) =>
      group !== null
        ? entry.group.toLowerCase() === group
        : words.length <= entry.words.length && words.every((word, index) => word.toUpperCase() === entry.words[index]),
    );
    return `${found.map((entry) => describe(entry, group === null)).join("")}\r\n`;
  }

  /** Lines that begin with `line` and end with a command, or a topic where it begins with "help ". */
  completions(line: string): string[] {
    const [start] = /^help\s+/i.exec(line) ?? [""];
    const typed = line.slice(start.length).toUpperCase();
    const names = (this.entries ?? []).map((entry) => entry.name);
    if (start !== "") names.unshift(...[...new Set((this.entries ?? []).map((entry) => `@${entry.group}`))].sort());
    return names.filter((name) => name.toUpperCase().startsWith(typed)).map((name) => start + name);
  }

  /** What is still to type, or null when there is nothing to say. The last word counts once a blank is behind it. */
  hint(line: string): string | null {
    const words = splitWords(line);
    if (words === null) return null;
    const typed = /\s$/.test(line) ? words : words.slice(0, -1);
    const entry = this.longestMatch(typed);
    if (entry === null) return null;
    const rest = typed.slice(entry.words.length);
    if (entry.args === null) return rest.length === 0 ? entry.syntax : "";
    return hintFor(rest, entry.args);
  }

  private longestMatch(words: readonly string[]): Entry | null {
    let found: Entry | null = null;
    for (const entry of this.entries ?? []) {
      if (entry.words.length > words.length || entry.words.length <= (found?.words.length ?? 0)) continue;
      if (entry.words.every((word, index) => words[index].toUpperCase() === word)) found = entry;
    }
    return found;
  }
}

function describe(entry: Entry, withGroup: boolean): string {
  const since = entry.since === null ? "" : `  \x1b[33msince:\x1b[0m ${entry.since}\r\n`;
  const group = withGroup ? `  \x1b[33mgroup:\x1b[0m ${entry.group}\r\n` : "";
  return `\r\n  \x1b[1m${entry.name}\x1b[0m \x1b[90m${entry.syntax}\x1b[0m\r\n  \x1b[33msummary:\x1b[0m ${entry.summary}\r\n${since}${group}`;
}

function addAll(entries: Entry[], docs: Reply): void {
  for (const [name, spec] of pairsOf(docs)) addEntries(entries, [name.toUpperCase()], spec);
}

/** Leaves only what a server has, by its reply to COMMAND, and adds what we have never heard of. */
function keepKnown(entries: Entry[], commands: readonly Reply[]): void {
  const theirs = new Map(commands.map((command) => [textOf(itemsOf(command)[0])?.toUpperCase() ?? "", itemsOf(command)]));
  const kept = entries.filter(({ words }) => theirs.has(words[0]));
  entries.splice(0, entries.length, ...kept);
  for (const { words } of kept) theirs.delete(words[0]);
  for (const command of theirs.values()) addUndocumented(entries, command);
}

function addEntries(entries: Entry[], words: readonly string[], spec: Reply): void {
  const fields = new Map(pairsOf(spec));
  const args = itemsOf(fields.get("arguments")).map(argumentOf);
  entries.push({
    words,
    name: words.join(" "),
    summary: textOf(fields.get("summary")) ?? "",
    since: textOf(fields.get("since")),
    group: textOf(fields.get("group")) ?? "",
    args,
    syntax: syntaxOf(args),
  });
  for (const [name, subcommand] of pairsOf(fields.get("subcommands"))) {
    addEntries(entries, [words[0], name.slice(name.indexOf("|") + 1).toUpperCase()], subcommand);
  }
}

function addUndocumented(entries: Entry[], [name, arity, , firstKey]: readonly Reply[]): void {
  const word = textOf(name)?.toUpperCase();
  if (word === undefined) return;
  const count = Number(textOf(arity));
  const hasKey = textOf(firstKey) === "1";
  const args = Math.max(Math.abs(count) - 1 - (hasKey ? 1 : 0), 0);
  const syntax = `${hasKey ? "key " : ""}${"arg ".repeat(args)}${count < 0 ? "...options..." : ""}`;
  entries.push({ words: [word], name: word, summary: "Help not available", since: "Not known", group: "generic", args: null, syntax });
}

function argumentOf(spec: Reply): Argument {
  const fields = new Map(pairsOf(spec));
  const flags = new Set(itemsOf(fields.get("flags")).map(textOf));
  return {
    name: textOf(fields.get("display_text")) ?? textOf(fields.get("name")) ?? "",
    token: textOf(fields.get("token")),
    type: textOf(fields.get("type")) ?? "string",
    optional: flags.has("optional"),
    multiple: flags.has("multiple"),
    multipleToken: flags.has("multiple_token"),
    children: itemsOf(fields.get("arguments")).map(argumentOf),
  };
}

/** Names and values of a map, or of an array that stands for one. */
function pairsOf(reply: Reply | undefined): [string, Reply][] {
  const items = itemsOf(reply);
  const pairs: [string, Reply][] = [];
  for (let index = 0; index + 1 < items.length; index += 2) pairs.push([textOf(items[index]) ?? "", items[index + 1]]);
  return pairs;
}
