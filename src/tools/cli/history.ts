/** The lines that were typed, kept in a file from one session to the next. */

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOST_LINES = 1000;
/** Commands hold data: no one else may read them. */
const FILE_MODE = 0o600;

/** The path of a file of the user's: what the variable says, else in the home directory. null: none is wanted, or there is no home. */
export function userFile(env: Readonly<Record<string, string | undefined>>, variable: string, name: string): string | null {
  const path = env[variable];
  if (path !== undefined && path !== "") return path === "/dev/null" ? null : path;
  const home = env.HOME ?? env.USERPROFILE;
  return home === undefined || home === "" ? null : join(home, name);
}

export class History {
  /** Oldest first. */
  readonly lines: string[] = [];
  private readonly path: string | null;

  /** `path` null: for this session only. */
  constructor(path: string | null) {
    this.path = path;
    if (path === null) return;
    const kept = readLines(path);
    this.lines.push(...kept.slice(-MOST_LINES));
    if (kept.length > MOST_LINES) attempt(() => writeFileSync(path, `${this.lines.join("\n")}\n`, { mode: FILE_MODE }));
  }

  /** Adds a line, unless it is the last one again. */
  add(line: string): void {
    if (line === this.lines.at(-1)) return;
    this.lines.push(line);
    if (this.lines.length > MOST_LINES) this.lines.shift();
    const { path } = this;
    if (path !== null) attempt(() => appendFileSync(path, `${line}\n`, { mode: FILE_MODE }));
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/).filter(Boolean);
  } catch {
    return []; // there is none yet
  }
}

/** A history that cannot be written is none: no reason to trouble who types. */
function attempt(write: () => void): void {
  try {
    write();
  } catch {}
}
