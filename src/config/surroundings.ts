/** What configuration asks of the machine: its system, directories and the working directory. */

import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { failureWords } from "./error.ts";

/** What configuration asks of the machine. A parameter everywhere, so that reading a configuration is pure and tests need no files. */
export interface Surroundings {
  /** Which system it runs: some lack what a directive needs. */
  readonly platform: NodeJS.Platform;
  /** The directory that `dir` starts from and that relative paths are meant in; absolute. */
  readonly cwd: string;
  /** Returns null when `path` is a directory that can be entered, else the reason in strerror's words. */
  refuseDirectory(path: string): string | null;
  /** Returns the names in the directory `path`; none when it cannot be read. */
  listDirectory(path: string): readonly string[];
}

/** The real machine. */
export const machine: Surroundings = {
  platform: process.platform,

  get cwd(): string {
    return process.cwd();
  },

  refuseDirectory(path: string): string | null {
    try {
      if (!statSync(path).isDirectory()) return "Not a directory";
      accessSync(path, constants.X_OK);
      return null;
    } catch (error) {
      return failureWords(error);
    }
  },

  listDirectory(path: string): readonly string[] {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
};
