/**
 * What neither the type checker nor the linter says about the sources: imports run downward only, and a comment line is not too long to
 * read. Part of `npm run check`, which explains the rest (docs/HACKING.md). Prints a line for each breach and ends with 1 if there is any.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

/** Top to bottom. A room (a folder or a file of src/) imports itself and the rooms on lower rungs; rooms on one rung do not know each other. */
const RUNGS = [
  ["main"],
  ["subcommands"],
  ["node", "tools"],
  ["testing"],
  ["index"],
  ["follow"],
  ["embedding"],
  ["server"],
  ["console"],
  ["metrics"],
  ["commands"],
  ["changes"],
  ["process"],
  ["execution"],
  ["scripting"],
  ["replication", "compare", "migration", "inspection"],
  ["aof", "transport"],
  ["snapshot", "session", "journal"],
  ["rdb", "keyspace", "algorithms"],
  ["values", "progress"],
  ["memory", "protocol", "log"],
  ["blocks", "client"],
  ["config"],
  ["base"],
  ["errors", "assert", "version"],
];

const RUNG_OF = new Map(RUNGS.flatMap((rooms, rung) => rooms.map((room) => [room, rung] as const)));

/** Type-only imports count too: a room that needs a type from above cannot be read, or tested, without what is above. */
const IMPORT = /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

const LONGEST_COMMENT_LINE = 150; // characters; the formatter breaks code at 140, but no comments
const COMMENT = /^\s*(?:\/\/|\/?\*)|\s\/\/\s/;

/** Text by path, relative to the root of the repository: `src/base/bytes.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** Returns a line for each import of src/ that does not run downward, and for each file that belongs to no rung. */
export function layerBreaches(sources: Sources): string[] {
  const breaches: string[] = [];
  for (const [path, text] of sources) {
    if (!path.startsWith("src/") || path.endsWith(".d.ts")) continue;
    const room = roomOf(path);
    if (!RUNG_OF.has(room)) breaches.push(`${path}: the room "${room}" is on no rung (see RUNGS in scripts/check-structure.ts)`);
    for (const [, target] of text.matchAll(IMPORT)) {
      const imported = normalize(join(dirname(path), target ?? ""));
      if (!mayImport(room, roomOf(imported))) breaches.push(`${path}: imports ${imported}, which is not below it`);
    }
  }
  return breaches;
}

/** Returns a line for each line with a comment that has more than 150 characters. */
export function longComments(sources: Sources): string[] {
  const breaches: string[] = [];
  for (const [path, text] of sources) {
    text.split("\n").forEach((line, index) => {
      if (line.length > LONGEST_COMMENT_LINE && COMMENT.test(line)) {
        breaches.push(`${path}:${index + 1}: a comment line of ${line.length} characters (at most ${LONGEST_COMMENT_LINE})`);
      }
    });
  }
  return breaches;
}

/** The folder of src/ that a file is in, or the file's own name without its ending. */
function roomOf(path: string): string {
  const [, first = ""] = path.split("/");
  return first.replace(/\.ts$/, "");
}

function mayImport(room: string, target: string): boolean {
  const from = RUNG_OF.get(room);
  const to = RUNG_OF.get(target);
  return room === target || from === undefined || to === undefined || to > from;
}

function read(root: string): Sources {
  const paths = [...new Glob("{src,test,scripts}/**/*.{ts,tsx}").scanSync(root), ...new Glob("*.ts").scanSync(root)]
    .filter((path) => !path.includes("node_modules/"))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

if (import.meta.main) {
  const sources = read(process.argv[2] ?? join(import.meta.dirname, ".."));
  const breaches = [...layerBreaches(sources), ...longComments(sources)];
  for (const breach of breaches) console.log(breach);
  console.log(`${sources.size} files, ${breaches.length} breaches of their structure`);
  if (breaches.length > 0) process.exitCode = 1;
}
