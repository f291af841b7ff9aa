/** Which files are to be checked: one, or those of an append-only file that a manifest names. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Manifest, ManifestError } from "../../aof/manifest.ts";
import { failureWords } from "../../config/error.ts";
import { ChunkedFile } from "../chunks.ts";
import { ToolError } from "../error.ts";

/** A file to be checked. */
interface Target {
  readonly path: string;
  /** What it is to an append-only file of several; null for one that stands alone. */
  readonly role: "base" | "increment" | null;
}

export interface Targets {
  /** The manifest that names them, or null. */
  readonly manifest: string | null;
  readonly files: readonly Target[];
  /** What is wrong with the manifest, or null. */
  readonly failure: string | null;
}

const MANIFEST_END = ".manifest";
/** As much of a file as tells whether it is a manifest. */
const HEAD_BYTES = 4096;
const LARGEST_MANIFEST = 16 * 1024 * 1024;

/** Returns what is to be checked of `path`: a file, a manifest, the directory of an append-only file. Errors: ToolError. */
export function targetsOf(path: string): Targets {
  const manifest = isDirectory(path) ? manifestIn(path) : isManifest(path) ? path : null;
  if (manifest === null) return { manifest: null, files: [{ path, role: null }], failure: null };
  try {
    const { base, increments } = Manifest.parse(textOf(manifest));
    const folder = dirname(manifest);
    const files: Target[] = increments.map(({ name }) => ({ path: join(folder, name), role: "increment" }));
    if (base !== null) files.unshift({ path: join(folder, base.name), role: "base" });
    const missing = files.find((file) => !existsSync(file.path));
    const failure = missing === undefined ? null : `it names ${basename(missing.path)}, and there is no such file`;
    return { manifest, files: files.filter((file) => existsSync(file.path)), failure };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { manifest, files: [], failure: error.line > 0 ? `line ${error.line}: ${error.message}` : error.message };
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new ToolError(`${path} cannot be read: ${failureWords(error)}`);
  }
}

function manifestIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith(MANIFEST_END) && !name.startsWith("temp-"));
  if (names.length !== 1) throw new ToolError(`${folder} has ${names.length === 0 ? "no manifest" : "several manifests"}: name a file`);
  return join(folder, names[0]);
}

/** Whether the file begins with a line of a manifest, comments passed over. */
function isManifest(path: string): boolean {
  using file = new ChunkedFile(path);
  const lines = file.peek(0, HEAD_BYTES).latin1Slice().split("\n");
  return lines.find((line) => !line.startsWith("#"))?.startsWith("file ") === true;
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > LARGEST_MANIFEST) throw new ToolError(`${path} is too long for a manifest`);
    return readFileSync(path, "latin1");
  } catch (error) {
    throw error instanceof ToolError ? error : new ToolError(`${path} cannot be read: ${failureWords(error)}`);
  }
}
