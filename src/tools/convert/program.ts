/** `replicant convert`: an RDB file, an append-only file or JSON lines into another of these, in any version. */

import { statSync } from "node:fs";
import { basename } from "node:path";
import { ProgressLine } from "../../progress/line.ts";
import { targetsOf } from "../check/target.ts";
import { ChunkedFile } from "../chunks.ts";
import { ToolError } from "../error.ts";
import { refuseForeign } from "../foreign.ts";
import { FAILED, runTool } from "../run.ts";
import { runCommands } from "./commands-in.ts";
import { CommandsOut } from "./commands-out.ts";
import { WRITTEN_VERSIONS } from "./form.ts";
import { ImageOut } from "./image-out.ts";
import { BrokenSource, ImagePipe, type ImageTarget } from "./image-pipe.ts";
import { JsonIn } from "./json-in.ts";
import { JsonOut } from "./json-out.ts";
import { Losses } from "./losses.ts";
import { OutFile } from "./out-file.ts";
import { ValueEvents } from "./value-events.ts";

const JSON_NAME = /\.(jsonl|ndjson|json)$/;
/** Lines of JSON that are parsed leave much behind, collected after so many bytes of them: else memory grows to several hundred megabytes. */
const COLLECT_BYTES = 16 * 1024 * 1024;
const BRACE = 0x7b;
const STAR = 0x2a;
const HASH = 0x23;

const FORMS = ["rdb", "aof", "jsonl"] as const;
type Form = (typeof FORMS)[number];

const USAGE = `Usage: replicant convert [options] IN OUT

Turns IN into OUT. Each is an RDB file, an append-only file (its manifest or directory, too; what is written is one file of commands), or JSON
lines. IN is told by what it begins with, OUT by its name (.rdb, .aof, .jsonl) or by --to.

  --to ${FORMS.join("|")}     what to write
  --rdb-version N       the version of an RDB file to write: ${WRITTEN_VERSIONS.join(", ")} (Valkey's from 80 on); else that of IN
  --skip                leave out what cannot go there; without this nothing is written then
  --no-compress         do not compress strings that are not carried as they stand
  --force               replace OUT if it is there

What cannot go is named on standard error. Ends with 0 when OUT is written, with 1 when IN is broken or has what cannot go, with 2 when it could
not be done.
`;

const REFUSED = 1;

interface Words {
  readonly source: string;
  readonly target: string;
  readonly form: Form;
  readonly version: number | null;
  readonly skip: boolean;
  readonly compress: boolean;
  readonly replace: boolean;
}

/** Runs it with the words behind `convert`. `terminal`: whether what `complain` takes is seen on one. Returns the exit code. */
export async function convertProgram(
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
  { terminal = false }: { readonly terminal?: boolean } = {},
): Promise<number> {
  const run = (): Promise<number> => convert(parseWords(argv), print, complain, terminal ? complain : null);
  const codeOf = (error: ToolError): number => (error instanceof BrokenSource ? REFUSED : FAILED);
  return runTool({ name: "convert", usage: USAGE, run, codeOf }, argv, print, complain);
}

async function convert(
  words: Words,
  print: (text: string) => void,
  complain: (text: string) => void,
  draw: ((text: string) => void) | null,
): Promise<number> {
  const source = sourceOf(words.source);
  const losses = new Losses(complain, words);
  using out = new OutFile(words.target, words);
  const progress = new ProgressLine({ what: `Converting ${basename(words.source)}`, total: source.size, draw });
  const target = targetOf(words, out, losses);
  try {
    using pipe = new ImagePipe(target, words.source, { checksum: source.form !== "jsonl" });
    await feed(source, pipe, progress);
    pipe.finish();
  } finally {
    progress.over();
  }
  losses.summarize();
  if (losses.forbid) {
    const things = losses.count === 1 ? "1 thing" : `${losses.count} things`;
    complain(`replicant convert: ${things} cannot go into ${words.target}, so it was not written (--skip leaves out what cannot)\n`);
    return REFUSED;
  }
  out.finish();
  print(`${words.target}: ${target.keys} keys, ${out.bytes} bytes${losses.count > 0 ? `, ${losses.count} left out` : ""}\n`);
  return 0;
}

/** What is read. */
interface Source {
  readonly path: string;
  readonly form: Form;
  readonly size: number;
  /** Whether it is a manifest of an append-only file, and the files that are read. */
  readonly isManifest: boolean;
  readonly files: readonly string[];
}

/** Errors: ToolError where it cannot be read, or is nothing of the kind. */
function sourceOf(path: string): Source {
  const { manifest, files, failure } = targetsOf(path);
  if (failure !== null) throw new BrokenSource(`${manifest}: ${failure}`);
  if (manifest !== null) {
    const paths = files.map((file) => file.path);
    const size = paths.reduce((sum, file) => sum + statSync(file).size, 0);
    return { path: manifest, form: "aof", size, isManifest: true, files: paths };
  }
  const emptyIsFine = path.endsWith(".aof") || JSON_NAME.test(path);
  refuseForeign(path, "RDB file, append-only file or JSON lines", { emptyIsFine });
  using file = new ChunkedFile(path);
  const head = file.peek(0, 1)[0];
  const form =
    head === BRACE || (head === undefined && JSON_NAME.test(path))
      ? "jsonl"
      : head === STAR || head === HASH || path.endsWith(".aof")
        ? "aof"
        : "rdb";
  return { path, form, size: file.size, isManifest: false, files: [path] };
}

/** Gives the pipe the image that the source is, or makes. */
async function feed(source: Source, pipe: ImagePipe, progress: ProgressLine): Promise<void> {
  const { path, form } = source;
  const sink = { write: (bytes: Buffer, from: number, to: number) => void pipe.push(bytes, from, to) };
  if (form === "aof") return runCommands(source, sink, progress);
  using file = new ChunkedFile(path);
  let collectAt = COLLECT_BYTES;
  const json = form === "jsonl" ? new JsonIn(path, sink) : null;
  for (let chunk = file.next(); chunk.length > 0 && !pipe.finished; chunk = file.next()) {
    if (json === null) checkBehind(path, chunk, pipe.push(chunk, 0, chunk.length));
    else json.push(chunk);
    if (json !== null && json.leftBehind >= collectAt) {
      Bun.gc(true);
      collectAt = json.leftBehind + COLLECT_BYTES;
    }
    progress.at(file.offset);
  }
  json?.finish();
}

/** Errors: ToolError where commands follow an image that ends at `end` of the chunk. */
function checkBehind(path: string, chunk: Buffer, end: number): void {
  if (end < chunk.length && (chunk[end] === STAR || chunk[end] === HASH))
    throw new ToolError(
      `${path} has commands behind its image: it is an append-only file, and is taken for one if its name ends with .aof`,
    );
}

function targetOf({ form, version, compress }: Words, out: OutFile, losses: Losses): ImageTarget & { readonly keys: number } {
  if (form === "rdb") return new ImageOut(out, { version, compress, losses });
  if (form === "jsonl") return new ValueEvents(new JsonOut(out), losses, "JSON lines");
  return new ValueEvents(new CommandsOut(out), losses, "commands");
}

function parseWords(argv: readonly string[]): Words {
  const paths: string[] = [];
  const flags = new Set<string>();
  let version: number | null = null;
  let form: Form | null = null;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index];
    if (["--skip", "--no-compress", "--force"].includes(word)) flags.add(word);
    else if (word === "--rdb-version") version = versionOf(argv[++index]);
    else if (word === "--to") form = formOf(argv[++index]);
    else if (word.startsWith("--")) throw new ToolError(`there is no option ${word} (see replicant convert --help)`);
    else paths.push(word);
  }
  if (paths.length !== 2) throw new ToolError("a file to read and one to write are needed (see replicant convert --help)");
  const [source, target] = paths;
  form ??= formOfName(target, version);
  if (version !== null && form !== "rdb") throw new ToolError(`--rdb-version is for RDB files, and ${target} is to be none`);
  const replace = flags.has("--force");
  return { source, target, form, version, skip: flags.has("--skip"), compress: !flags.has("--no-compress"), replace };
}

function formOfName(target: string, version: number | null): Form {
  if (version !== null || target.endsWith(".rdb")) return "rdb";
  if (target.endsWith(".aof")) return "aof";
  if (JSON_NAME.test(target)) return "jsonl";
  throw new ToolError(`what is ${target} to be? Say so with --to ${FORMS.join("|")}`);
}

function formOf(word: string | undefined): Form {
  const form = FORMS.find((known) => known === word);
  if (form === undefined) throw new ToolError(`--to needs one of ${FORMS.join(", ")}, not ${word ?? "nothing"}`);
  return form;
}

function versionOf(word: string | undefined): number {
  const version = Number(word);
  if (word === undefined || !WRITTEN_VERSIONS.includes(version))
    throw new ToolError(`--rdb-version needs one of ${WRITTEN_VERSIONS.join(", ")}, not ${word ?? "nothing"}`);
  return version;
}
