/** The manifest on disk: written beside the old one, flushed and renamed, so that there is always a whole one. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Log } from "../log.ts";
import { syncDirectory } from "../snapshot/file.ts";
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

/** Puts `manifest` in the place of the one in `directory`. Errors: ManifestWriteError; the old one is in its place then. */
export function writeManifest(directory: string, prefix: string, manifest: Manifest): void {
  const name = manifestName(prefix);
  const temporary = `temp-${name}`;
  const doing = (what: string, act: () => void): void => {
    try {
      act();
    } catch (error) {
      throw new ManifestWriteError(`${what}: ${failureWords(error)}`);
    }
  };
  let descriptor = -1;
  try {
    doing(`Can't open the AOF manifest file ${temporary}`, () => {
      descriptor = openSync(join(directory, temporary), "w");
    });
    doing(`Error trying to write the temporary AOF manifest file ${temporary}`, () => {
      const bytes = Buffer.from(manifest.format(), "latin1");
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    });
    doing(`Fail to fsync the temp AOF file ${temporary}`, () => fsyncSync(descriptor));
    doing(`Error trying to rename the temporary AOF manifest file ${temporary} into ${name}`, () =>
      renameSync(join(directory, temporary), join(directory, name)),
    );
    doing(`Fail to fsync AOF directory ${directory}`, () => syncDirectory(directory));
  } finally {
    if (descriptor !== -1) closeSync(descriptor);
  }
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
