/** A file in the making: written under a name of its own beside the one that it is to have, so that no half file is ever seen there. */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { hasCode, syncDirectory } from "../../base/files.ts";
import { failureWords } from "../../config/error.ts";
import type { ByteSink } from "../../rdb/writer.ts";
import { ToolError } from "../error.ts";

/** How many names for the temporary file are tried. */
const NAME_ATTEMPTS = 1000;
/** How many bytes are written at a time: the system's calls take less than 2 GiB. */
const MOST_AT_ONCE = 1024 * 1024 * 1024;

export interface OutFileOptions {
  /** The file that is read, which it must not take the place of. */
  readonly source: string;
  /** Whether it may take the place of a file. */
  readonly replace: boolean;
}

export class OutFile implements ByteSink, Disposable {
  readonly path: string;
  bytes = 0;
  private readonly temporary: string;
  private descriptor: number;

  /** Errors: ToolError where there is such a file already, or none can be made. */
  constructor(path: string, { source, replace }: OutFileOptions) {
    this.path = path;
    if (isSame(path, source)) throw new ToolError(`${path} is the file that is read: it is not written over`);
    if (!replace && exists(path)) throw new ToolError(`${path} is there already (--force has it replaced)`);
    for (let attempt = 0; ; attempt++) {
      const temporary = join(dirname(path), `temp-${process.pid}${attempt === 0 ? "" : `.${attempt}`}-${basename(path)}`);
      try {
        this.descriptor = openSync(temporary, "wx");
        this.temporary = temporary;
        return;
      } catch (error) {
        if (!hasCode(error, "EEXIST") || attempt === NAME_ATTEMPTS) throw new ToolError(`${path} cannot be made: ${failureWords(error)}`);
      }
    }
  }

  write(bytes: Buffer, from: number, to: number): void {
    try {
      for (let at = from; at < to; ) at += writeSync(this.descriptor, bytes, at, Math.min(to - at, MOST_AT_ONCE));
      this.bytes += to - from;
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** It is complete, and takes its name. Errors: ToolError; then there is no file of that name, or the one that was there. */
  finish(): void {
    try {
      fsyncSync(this.descriptor);
      this.close();
      renameSync(this.temporary, this.path);
      syncDirectory(dirname(this.path));
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Removes what is unfinished. */
  [Symbol.dispose](): void {
    if (this.descriptor === -1) return;
    this.close();
    rmSync(this.temporary, { force: true });
  }

  private close(): void {
    closeSync(this.descriptor);
    this.descriptor = -1;
  }

  private failure(error: unknown): ToolError {
    rmSync(this.temporary, { force: true });
    return new ToolError(`${this.path} cannot be written: ${failureWords(error)}. There is no part of it left`);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isSame(path: string, other: string): boolean {
  const a = statSync(path, { throwIfNoEntry: false });
  const b = statSync(other, { throwIfNoEntry: false });
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
