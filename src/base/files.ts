/** Files that take another's place, so that at every moment, a crash included, the old or the new one is there whole. */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** Windows has no way to flush a directory, and needs none. */
const CAN_SYNC_DIRECTORIES = process.platform !== "win32";

/** Whether `error` is the system's of this code, e.g. ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Has the system write down which files are in `directory`. */
export function syncDirectory(directory: string): void {
  if (!CAN_SYNC_DIRECTORIES) return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Likewise in the background. */
export async function syncDirectoryLater(directory: string): Promise<void> {
  if (!CAN_SYNC_DIRECTORIES) return;
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}

export type ReplaceStep = "open" | "write" | "flush" | "rename" | "directory";

/**
 * Puts `content` (latin1) in the place of the file at `path`, by way of `temporary`. Errors: what `failure` makes of the
 * system's; the old file is in its place then, unless only the directory could not be flushed.
 */
export function replaceFile(
  path: string,
  temporary: string,
  content: string,
  failure: (step: ReplaceStep, error: unknown) => unknown,
  mode = 0o666,
): void {
  const bytes = Buffer.from(content, "latin1");
  let step: ReplaceStep = "open";
  let descriptor = -1;
  try {
    descriptor = openSync(temporary, "w", mode);
    step = "write";
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    step = "flush";
    fsyncSync(descriptor);
    step = "rename";
    renameSync(temporary, path);
    step = "directory";
    syncDirectory(dirname(path));
  } catch (error) {
    if (step !== "open" && step !== "directory") rmSync(temporary, { force: true });
    throw failure(step, error);
  } finally {
    if (descriptor !== -1) closeSync(descriptor);
  }
}
