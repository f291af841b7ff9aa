/** The files in the server's directory that hold its data: what `GET /files` lists, and whatever of them is asked for. */

import { readdirSync, statSync } from "node:fs";
import { AofPlace } from "../aof/manifest.ts";
import type { Config } from "../config/config.ts";
import type { Persistence } from "../snapshot/persistence.ts";

export interface SavedFile {
  readonly name: string;
  readonly kind: "snapshot" | "base" | "increment" | "manifest";
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written last, ms since 1970. */
  readonly time: number;
}

/** Those that are there, the snapshot first. Errors: Error where the directory of append-only files cannot be read. */
export function savedFiles(config: Config, persistence: Persistence): SavedFile[] {
  const place = new AofPlace(config);
  const { dbfilename } = config.values;
  const found = [fileAt(dbfilename, "snapshot", persistence.path)];
  for (const name of namesIn(place.directory)) {
    const kind = kindOf(name, place.prefix);
    // A name leads to one file: the snapshot's has it first.
    if (kind !== null && name !== dbfilename) found.push(fileAt(name, kind, place.path(name)));
  }
  return found.filter((file) => file !== null);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw error;
  }
}

/** What a name in the directory of append-only files stands for; null: nothing of ours, or something unfinished. */
function kindOf(name: string, prefix: string): SavedFile["kind"] | null {
  if (!name.startsWith(`${prefix}.`)) return null;
  const rest = name.slice(prefix.length);
  if (rest === ".manifest") return "manifest";
  if (/^\.\d+\.base\.(?:rdb|aof)$/.test(rest)) return "base";
  return /^\.\d+\.incr\.aof$/.test(rest) ? "increment" : null;
}

function fileAt(name: string, kind: SavedFile["kind"], path: string): SavedFile | null {
  try {
    const stats = statSync(path);
    return stats.isFile() ? { name, kind, path, size: stats.size, time: Math.floor(stats.mtimeMs) } : null;
  } catch {
    return null; // it is not there yet, or went a moment ago
  }
}
