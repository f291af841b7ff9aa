import { parse, sep } from "node:path";
import { globMatch } from "../base/glob.ts";
import type { Surroundings } from "./surroundings.ts";

const DOT = 0x2e;

/** Whether an `include` names a pattern of files, which may match none, and not a file, which must exist. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * The existing paths that an absolute `pattern` matches, as the C library's glob orders them: sorted by bytes, and a name that starts with
 * a dot only where the pattern does too.
 */
export function expandPattern(pattern: string, surroundings: Surroundings): string[] {
  const { root } = parse(pattern);
  const parts = pattern.slice(root.length).split(sep);
  let found = [root];
  let literal = true;
  for (const part of parts) {
    literal &&= !isPattern(part);
    // What precedes the first wildcard is taken on trust: a directory may be open for passing but not for listing.
    found = literal ? found.map((path) => join(path, part)) : found.flatMap((path) => matchesIn(path, part, surroundings));
  }
  return found;
}

function matchesIn(directory: string, part: string, surroundings: Surroundings): string[] {
  // POSIX also writes a negated class [!a]; ours is Redis's [^a].
  const pattern = Buffer.from(part.replaceAll("[!", "[^"), "utf8");
  const names = surroundings.listDirectory(directory).map((name) => Buffer.from(name, "utf8"));
  return names
    .filter((name) => (name[0] !== DOT || pattern[0] === DOT) && globMatch(pattern, name, 0, name.length, false))
    .sort(Buffer.compare)
    .map((name) => join(directory, name.toString("utf8")));
}

function join(directory: string, name: string): string {
  return directory.endsWith(sep) ? directory + name : directory + sep + name;
}
