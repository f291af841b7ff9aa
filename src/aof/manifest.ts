/**
 * Which files make up the append-only file: at most one base (the data at the last rewrite), then increments in their order; and history,
 * files that a rewrite has made superfluous and that are still to be deleted. A manifest never changes: what changes makes another one,
 * which counts once it is on disk.
 *
 * The form is Redis's: a line for each file, `file NAME seq N type b|h|i`.
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { assert } from "../assert.ts";
import { type ReplaceStep, replaceFile } from "../base/files.ts";
import { fromBytes, toBytes } from "../base/utf8.ts";
import { quoteWord, splitWords, trimBlanks } from "../base/words.ts";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Log } from "../log.ts";
import { LoadError } from "../snapshot/load-handler.ts";

export interface AofFile {
  /** In the directory of the append-only files. */
  readonly name: string;
  readonly sequence: number;
}

export class ManifestError extends Error {
  override name = "ManifestError";
  /** Which line, counted from 1, and what it says; 0 when no line is to blame. */
  readonly line: number;
  readonly text: string;

  constructor(message: string, line = 0, text = "") {
    super(message);
    this.line = line;
    this.text = text;
  }
}

/** Redis's limit of a line, in bytes. */
const LONGEST_LINE = 1024;

export class Manifest {
  readonly base: AofFile | null;
  readonly history: readonly AofFile[];
  readonly increments: readonly AofFile[];
  /** The numbers given last. */
  readonly baseSequence: number;
  readonly incrementSequence: number;

  constructor(files: Partial<Pick<Manifest, "base" | "history" | "increments" | "baseSequence" | "incrementSequence">> = {}) {
    const { base = null, history = [], increments = [] } = files;
    this.base = base;
    this.history = history;
    this.increments = increments;
    this.baseSequence = files.baseSequence ?? base?.sequence ?? 0;
    this.incrementSequence = files.incrementSequence ?? increments.at(-1)?.sequence ?? 0;
    assert(this.baseSequence >= (base?.sequence ?? 0), "the number given to a base last is not below that of the base");
    assert(this.incrementSequence >= (increments.at(-1)?.sequence ?? 0), "nor is that of the increments");
  }

  /** Whether there is nothing to load. */
  get empty(): boolean {
    return this.base === null && this.increments.length === 0;
  }

  /** Base and increments, in the order they are loaded in. */
  get files(): readonly AofFile[] {
    return this.base === null ? this.increments : [this.base, ...this.increments];
  }

  /** With a new base; the one before becomes history. */
  withBase(prefix: string, form: "rdb" | "aof"): Manifest {
    const sequence = this.baseSequence + 1;
    const base = { name: `${prefix}.${sequence}.base.${form}`, sequence };
    const history = this.base === null ? this.history : [this.base, ...this.history];
    return new Manifest({ ...this, base, history, baseSequence: sequence });
  }

  /** With one more increment, the last of `increments`. */
  withIncrement(prefix: string): Manifest {
    const sequence = this.incrementSequence + 1;
    const increment = { name: `${prefix}.${sequence}.incr.aof`, sequence };
    return new Manifest({ ...this, increments: [...this.increments, increment], incrementSequence: sequence });
  }

  /** A rewrite holds what is in the increments: all but the last `kept` become history. */
  withoutIncrements(kept: number): Manifest {
    const count = this.increments.length - kept;
    assert(count >= 0, "a rewrite keeps no more increments than there are");
    // Redis walks from the last to the first and puts each in front: they end up in their order.
    const gone = this.increments.slice(0, count);
    return new Manifest({ ...this, increments: this.increments.slice(count), history: [...gone, ...this.history] });
  }

  /** The text of the file, one character a byte. */
  format(): string {
    let text = this.base === null ? "" : formatLine(this.base, "b");
    for (const file of this.history) text += formatLine(file, "h");
    for (const file of this.increments) text += formatLine(file, "i");
    return text;
  }

  /** Reads the text of the file. Errors: ManifestError. */
  static parse(text: string): Manifest {
    if (text === "") throw new ManifestError("Found an empty AOF manifest");
    let base: AofFile | null = null;
    const history: AofFile[] = [];
    const increments: AofFile[] = [];
    const lines = text.split("\n");
    const end = lines.pop() ?? "";
    if (end !== "") lines.push(`${end}\0`); // no newline: never a whole line
    for (const [index, line] of lines.entries()) {
      if (line.startsWith("#")) continue;
      if (line.length >= LONGEST_LINE || line.endsWith("\0")) {
        throw new ManifestError("The AOF manifest file contains too long line"); // nor does Redis show it
      }
      const fail = (message: string) => new ManifestError(message, index + 1, trimBlanks(line));
      const { file, type } = parseLine(line, fail);
      if (type === "b") {
        if (base !== null) throw fail("Found duplicate base file information");
        base = file;
      } else if (type === "h") history.push(file);
      else if (type === "i") {
        if (file.sequence <= (increments.at(-1)?.sequence ?? 0)) throw fail("Found a non-monotonic sequence number");
        increments.push(file);
      } else throw fail("Unknown AOF file type");
    }
    return new Manifest({ base, history, increments });
  }
}

function formatLine({ name, sequence }: AofFile, type: string): string {
  const bytes = toBytes(name);
  const plain = bytes !== "" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(bytes);
  return `file ${plain ? bytes : quoteWord(bytes)} seq ${sequence} type ${type}\n`;
}

function parseLine(line: string, fail: (message: string) => ManifestError): { file: AofFile; type: string } {
  const invalid = () => fail("Invalid AOF manifest file format");
  const words = splitWords(trimBlanks(line));
  // More words than these are for a later version's use.
  if (words === null || words.length < 6 || words.length % 2 === 1) throw invalid();
  let name: string | null = null;
  let sequence = 0;
  let type = "";
  for (let index = 0; index < words.length; index += 2) {
    const value = words[index + 1];
    const key = words[index].toLowerCase();
    if (key === "file") {
      name = fromBytes(value);
      if (/[/\\]/.test(name)) throw fail("File can't be a path, just a filename");
    } else if (key === "seq") sequence = Number.parseInt(value, 10) || 0;
    else if (key === "type") type = value.slice(0, 1);
  }
  if (name === null || sequence === 0 || type === "") throw invalid();
  return { file: { name, sequence }, type };
}

// ---- on disk

function manifestName(prefix: string): string {
  return `${prefix}.manifest`;
}

/** Reads the manifest in `directory`; without one there are no files. Errors: LoadError, logged in Redis's words. */
export function readManifest(directory: string, prefix: string, log: Log): Manifest {
  const path = join(directory, manifestName(prefix));
  if (!existsSync(path)) {
    log.debug(`The AOF manifest file ${manifestName(prefix)} doesn't exist`);
    return new Manifest();
  }
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    const message = `Fatal error: can't open the AOF manifest file ${path} for reading: ${failureWords(error)}`;
    log.warning(message);
    throw new LoadError(message);
  }
  try {
    return Manifest.parse(text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    log.warning("*** FATAL AOF MANIFEST FILE ERROR ***");
    if (error.line > 0) {
      log.warning(`Reading the manifest file, at line ${error.line}`);
      log.warning(`>>> '${error.text}'`);
    }
    log.warning(error.message);
    throw new LoadError(`${path}: ${error.message}`);
  }
}

/** What Redis says of each step, and of which file. */
const STEPS: Readonly<Record<ReplaceStep, (name: string, directory: string) => string>> = {
  open: (name) => `Can't open the AOF manifest file temp-${name}`,
  write: (name) => `Error trying to write the temporary AOF manifest file temp-${name}`,
  flush: (name) => `Fail to fsync the temp AOF file temp-${name}`,
  rename: (name) => `Error trying to rename the temporary AOF manifest file temp-${name} into ${name}`,
  directory: (_, directory) => `Fail to fsync AOF directory ${directory}`,
};

/** Puts `manifest` in the place of the one in `directory`. Errors: what was tried, and why it failed; the old one is in its place then. */
export function writeManifest(directory: string, prefix: string, manifest: Manifest): void {
  const name = manifestName(prefix);
  const failure = (step: ReplaceStep, error: unknown) => new Error(`${STEPS[step](name, directory)}: ${failureWords(error)}`);
  replaceFile(join(directory, name), join(directory, `temp-${name}`), manifest.format(), failure);
}

/** Where the files are: directives dir, appenddirname and appendfilename. */
export class AofPlace {
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  /** What the names of all files begin with. */
  get prefix(): string {
    return this.config.values.appendfilename;
  }

  /** The directory that holds the directory. */
  get parent(): string {
    return resolve(this.config.values.dir);
  }

  get directoryName(): string {
    return this.config.values.appenddirname;
  }

  get directory(): string {
    return join(this.parent, this.directoryName);
  }

  /** Errors: LoadError, logged. */
  makeDirectory(log: Log): void {
    try {
      mkdirSync(this.directory, { recursive: true });
    } catch (error) {
      const reason = existsSync(this.directory) ? "Not a directory" : failureWords(error);
      const message = `Can't open or create append-only dir ${this.directoryName}: ${reason}`;
      log.warning(message);
      throw new LoadError(message, { cause: error });
    }
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** What is written while the first rewrite is under way: it counts once that is done. */
  get temporaryIncrement(): string {
    return `temp-${this.prefix}.incr`;
  }
}

/** Deletes files that a rewrite has made superfluous. Returns the manifest without them; that there was, logged, where it cannot be written. */
export function removeHistory(place: AofPlace, manifest: Manifest, log: Log): Manifest {
  if (manifest.history.length === 0) return manifest;
  for (const { name } of manifest.history) {
    log.notice(`Removing the history file ${name} in the background`);
    void rm(place.path(name), { force: true }).catch(() => {});
  }
  const without = new Manifest({ ...manifest, history: [] });
  try {
    writeManifest(place.directory, place.prefix, without);
    return without;
  } catch (error) {
    log.warning(failureWords(error));
    return manifest;
  }
}
