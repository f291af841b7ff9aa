/** Reading redis.conf, and anything else that comes as lines of directives. */

import { parse, resolve, sep } from "node:path";
import { globMatch } from "../base/glob.ts";
import { fromBytes } from "../base/utf8.ts";
import { splitWords, trimBlanks } from "../base/words.ts";
import { parseSetting } from "./directive.ts";
import { ConfigError, failureWords, InvalidValue, UnsupportedValue } from "./error.ts";
import type { Setting } from "./kinds.ts";
import { DIRECTIVES, type DirectiveName, findDirective, type NamedDirective } from "./options.ts";
import { directorySetting } from "./special-kinds.ts";
import { machine, type Surroundings } from "./surroundings.ts";

/** Reads a file whole, as bytes: one character each (latin1). Throws the file system's error. */
export type ReadFile = (path: string) => string;

/** What a start-up says about directives: input of `new Config`. */
export interface StartupSettings {
  /** Absolute path of the configuration file, if there is one: CONFIG REWRITE writes it. */
  readonly configFile: string | null;
  /** The directives that were given, and always `dir`. */
  readonly settings: ReadonlyMap<DirectiveName, Setting<unknown>>;
  readonly users: readonly WordsLine[];
  readonly renames: readonly WordsLine[];
}

/** What follows the first word of a `user` or `rename-command` line, and where it stands. */
export interface WordsLine {
  readonly place: string;
  readonly text: string;
  readonly words: readonly string[];
}

/** A file that includes itself ends here, not with the stack. */
const MAX_INCLUDE_DEPTH = 64;

/** Directives that Redis once had: accepted with one value, and dropped. */
const RETIRED: ReadonlySet<string> = new Set(["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"]);

const UNKNOWN = "Bad directive or wrong number of arguments";

/** Where a line stands, and what it says; for messages. */
interface Line {
  /** `/etc/redis.conf:12`, `standard input:3`, `command line`. */
  readonly place: string;
  readonly text: string;
}

/** Collects the directives of a start-up, line by line: what comes later wins, except that `save` adds up. */
export class Loader {
  private readonly settings = new Map<DirectiveName, Setting<unknown>>();
  private readonly given = new Set<DirectiveName>();
  private readonly users: WordsLine[] = [];
  private readonly renames: WordsLine[] = [];
  private readonly readFile: ReadFile;
  private readonly surroundings: Surroundings;

  constructor(readFile: ReadFile, surroundings: Surroundings = machine) {
    this.readFile = readFile;
    this.surroundings = surroundings;
    this.settings.set("dir", directorySetting(surroundings.cwd));
  }

  /** Loads the file at `path` (absolute), for which the line at `askedAt` asked. Throws ConfigError. */
  loadFile(path: string, depth = 0, askedAt?: string): void {
    let content: string;
    try {
      content = this.readFile(path);
    } catch (error) {
      const place = askedAt === undefined ? "" : `${askedAt}: `;
      throw new ConfigError(`${place}can't open config file '${path}': ${failureWords(error)}`);
    }
    this.loadText(content, path, depth);
  }

  /** Loads lines that come from the file or stream called `source`. Throws ConfigError with the line's number. */
  loadText(content: string, source: string, depth = 0): void {
    let number = 0;
    for (const raw of content.split("\n")) this.loadLine({ place: `${source}:${++number}`, text: trimBlanks(raw) }, depth);
  }

  /** Loads one line of directives from `place`. Throws ConfigError. */
  loadLine(line: Line, depth = 0): void {
    if (line.text === "" || line.text.startsWith("#")) return;
    const words = splitWords(line.text);
    if (words === null) throw refusal(line, "Unbalanced quotes in configuration line");
    if (words.length === 0) return;
    const [first, ...values] = words;
    const name = first.toLowerCase();
    const found = findDirective(name);
    if (found !== undefined) this.set(found, values, line);
    else if (name === "include" && values.length === 1) this.include(values[0], line, depth);
    else this.loadOther(name, values, line);
  }

  /** What was collected. */
  finish(configFile: string | null): StartupSettings {
    return { configFile, settings: this.settings, users: this.users, renames: this.renames };
  }

  private set({ name, principal, row }: NamedDirective, values: readonly string[], line: Line): void {
    // `save "60 1"` is the same as `save 60 1`.
    const words = row.kind.multiArg && values.length === 1 && values[0] !== "" ? splitWords(values[0]) : values;
    if (words === null) throw refusal(line, "Unbalanced quotes in configuration line");
    const current = this.settings.get(principal) ?? DIRECTIVES[principal].initial;
    try {
      const context = { current, repeated: this.given.has(principal), surroundings: this.surroundings };
      this.settings.set(principal, parseSetting(name, row, words, context));
    } catch (error) {
      if (error instanceof UnsupportedValue) throw new ConfigError(`${line.place}: ${error.message}`);
      if (error instanceof InvalidValue) throw refusal(line, error.message);
      throw error;
    }
    this.given.add(principal);
  }

  private include(target: string, line: Line, depth: number): void {
    if (depth >= MAX_INCLUDE_DEPTH) throw refusal(line, `more than ${MAX_INCLUDE_DEPTH} files include one another`);
    // Redis has entered `dir` by the time it meets an include below it, so relative names are meant from there.
    const path = resolve(fromBytes(this.settings.get("dir")?.text ?? ""), fromBytes(target));
    const files = isPattern(fromBytes(target)) ? expandPattern(path, this.surroundings) : [path];
    for (const file of files) this.loadFile(file, depth + 1, line.place);
  }

  /** The lines that only a file can hold, and those that mean nothing. */
  private loadOther(name: string, values: readonly string[], line: Line): void {
    if (RETIRED.has(name) && values.length === 1) return;
    if (name === "user" && values.length > 0) {
      if (this.users.some(({ words: [name] }) => name === values[0])) {
        throw refusal(
          line,
          `Error in user declaration '${values[0]}': Duplicate user found. A user can only be defined once in config files`,
        );
      }
      this.users.push({ place: line.place, text: line.text, words: values });
      return;
    }
    if (name === "rename-command" && values.length === 2) {
      this.renames.push({ place: line.place, text: line.text, words: values });
      return;
    }
    if (name === "loadmodule" && values.length > 0) throw unsupported(line);
    if (name === "sentinel") throw unsupported(line);
    if (name.includes(".")) throw refusal(line, "configuration of a module, and this version of Replicant loads none");
    throw refusal(line, UNKNOWN);
  }
}

function refusal({ place, text }: Line, reason: string): ConfigError {
  return new ConfigError(`${place}: '${text}': ${reason}`);
}

function unsupported({ place, text }: Line): ConfigError {
  return new ConfigError(`${place}: '${text}' is not supported by this version of Replicant`);
}

// ---- include

const DOT = 0x2e;

/** Whether an `include` names a pattern of files, which may match none, and not a file, which must exist. */
function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The paths that an absolute `pattern` matches, as C's glob: sorted by bytes, and a leading dot only where the pattern has it too. */
function expandPattern(pattern: string, surroundings: Surroundings): string[] {
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
