/** The manifest on disk: written beside the old one, flushed and renamed, so that there is always a whole one. */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ReplaceStep, replaceFile } from "../base/files.ts";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Log } from "../log.ts";
import { LoadError } from "../snapshot/load-handler.ts";
import { Manifest, ManifestError } from "./manifest.ts";

/** A manifest that could not be written; the message says what was tried, and why it failed. */
class ManifestWriteError extends Error {
  override name = "ManifestWriteError";
}

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

/** Puts `manifest` in the place of the one in `directory`. Errors: ManifestWriteError; the old one is in its place then. */
export function writeManifest(directory: string, prefix: string, manifest: Manifest): void {
  const name = manifestName(prefix);
  const failure = (step: ReplaceStep, error: unknown) => new ManifestWriteError(`${STEPS[step](name, directory)}: ${failureWords(error)}`);
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

  path(name: string): string {
    return join(this.directory, name);
  }

  /** What is written while the first rewrite is under way: it counts once that is done. */
  get temporaryIncrement(): string {
    return `temp-${this.prefix}.incr`;
  }
}
