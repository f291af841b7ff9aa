/** Keeps in a file how far a feed was taken: at each moment, a crash included, an old position or a new one is there whole. */

import { readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, syncDirectoryLater } from "../base/files.ts";
import { failureWords } from "../config/error.ts";
import { FollowError } from "./error.ts";

/** How often the file is written at most, in ms: who is ended by force is told what came since then again. */
const PERIOD_MS = 100;

export class PositionFile {
  private readonly path: string;
  private readonly position: () => string;
  private readonly failed: (error: FollowError) => void;
  private readonly timer: ReturnType<typeof setInterval>;
  private written: string | null = null;
  private writing: Promise<void> | null = null;

  /** `position`: what is to be kept, asked for now and then. */
  constructor(path: string, position: () => string, failed: (error: FollowError) => void) {
    this.path = path;
    this.position = position;
    this.failed = failed;
    this.timer = setInterval(() => this.keep(), PERIOD_MS);
  }

  /** Returns what is in the file, or null where there is none. Errors: FollowError. */
  static read(path: string): string | null {
    try {
      return readFileSync(path, "latin1").trim();
    } catch (error) {
      if (hasCode(error, "ENOENT")) return null;
      throw failure(path, error);
    }
  }

  private keep(): void {
    if (this.writing !== null || this.position() === this.written) return;
    this.writing = this.write(this.position())
      .catch((error: unknown) => {
        clearInterval(this.timer);
        this.failed(failure(this.path, error));
      })
      .finally(() => {
        this.writing = null;
      });
  }

  private async write(position: string): Promise<void> {
    const { path } = this;
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      const file = await open(temporary, "w");
      try {
        await file.writeFile(`${position}\n`, "latin1");
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncDirectoryLater(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    this.written = position;
  }

  /** Writes the last position. Errors: FollowError. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    const position = this.position();
    if (position === this.written) return;
    try {
      await this.write(position);
    } catch (error) {
      throw failure(this.path, error);
    }
  }
}

function failure(path: string, error: unknown): FollowError {
  return new FollowError("DISK", `the position cannot be kept in ${path}: ${failureWords(error)}`, error);
}
