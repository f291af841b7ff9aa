/** The two that are compared, and how to start, fill and weigh them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { type ServerProcess, type StartOptions, startServer } from "../support/process.ts";

/** One side of the comparison: what tables call it, and the words that start it. */
export type Contender = { readonly name: string; readonly command: readonly string[] };

/** Both sides; ours first, as in every ratio. */
export type Contenders = { readonly ours: Contender; readonly redis: Contender };

/** Bytes sent to a server before its replies are awaited. */
const LOAD_CHUNK = 256 * 1024;
/** Generous: a SAVE or a full synchronisation of a million keys is one reply. */
const PATIENCE_MS = 300_000;
/** Directives for both: nothing is saved of the server's own accord, a replica is served at once. */
const QUIET = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"];

/** Finds both, `server` and `redis` being command lines that replace the usual ones. Throws a sentence when one is not there. */
export function findContenders(server: string | undefined, redis: string | undefined): Contenders {
  const built = join(import.meta.dir, "..", "..", "dist", process.platform === "win32" ? "replicant.exe" : "replicant");
  return {
    ours: { name: "Replicant", command: server === undefined ? [built] : splitWords(server) },
    redis: { name: "Redis", command: redis === undefined ? ["redis-server"] : splitWords(redis) },
  };
}

/** Throws a sentence that says what to do when the executable of `contender` is not there. */
export function requireExecutable(contender: Contender): void {
  const program = contender.command[0] ?? "";
  if (Bun.which(program) !== null) return;
  const advice = contender.name === "Redis" ? "install redis-server" : 'run "bun run build" first, or name another with --server';
  throw new Error(`${contender.name}: there is no executable ${JSON.stringify(program)}: ${advice}`);
}

/** Words of a command line, with '...' and "..." around those that are empty or hold spaces. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** Starts one side quietly on a free port; `options.args` come last. */
export function start(contender: Contender, options: StartOptions = {}): Promise<ServerProcess> {
  return startServer(contender.command, { timeoutMs: PATIENCE_MS, ...options, args: [...QUIET, ...(options.args ?? [])] });
}

/** A connection that waits as long as a big SAVE takes. */
export function attach(server: ServerProcess): Promise<RawClient> {
  return connect(server.port, { timeoutMs: PATIENCE_MS });
}

/** One field of INFO as text, or null when the server does not report it. */
export async function infoField(client: RawClient, section: string, field: string): Promise<string | null> {
  const info = await client.text("INFO", section);
  return new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? null;
}

/** Sends every command, some hundred KiB at a time. Throws the first error that comes back. */
export async function load(client: RawClient, commands: Iterable<readonly Word[]>): Promise<void> {
  let batch: Buffer[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    client.send(Buffer.concat(batch));
    const error = await client.skipReplies(batch.length);
    if (error !== null) throw new Error(error);
    batch = [];
    size = 0;
  };
  for (const command of commands) {
    const bytes = encodeCommand(command);
    batch.push(bytes);
    size += bytes.length;
    if (size >= LOAD_CHUNK) await flush();
  }
  await flush();
}

/** `command(from, to)` for the items 0..items, `batch` of them at a time. */
export function* inBatches<T>(items: number, batch: number, command: (from: number, to: number) => T): Generator<T> {
  for (let from = 0; from < items; from += batch) yield command(from, Math.min(items, from + batch));
}

/** The 12 digits that redis-benchmark puts in the place of `__rand_int__`. */
export function digits(index: number): string {
  return String(index).padStart(12, "0");
}

/** The 16-byte key of number `index`, as redis-benchmark spells `key:__rand_int__`. */
export function keyName(index: number): string {
  return `key:${digits(index)}`;
}

/** SETs of `count` 16-byte keys with 32-byte values that do not compress (a constant value would flatter SAVE). */
export function* plainKeys(count: number): Generator<readonly Word[]> {
  for (let index = 0; index < count; index += 1) yield ["SET", keyName(index), value32(index)];
}

/** 32 characters that depend on `index` and look random. */
export function value32(index: number): string {
  const parts: string[] = [];
  let state = (index + 1) >>> 0;
  for (let part = 0; part < 4; part += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    state = (Math.imul(state ^ (state >>> 12), 0x297a2d39) ^ part) >>> 0;
    parts.push(state.toString(16).padStart(8, "0"));
  }
  return parts.join("");
}

/** Resident memory of a process in bytes, or NaN where neither /proc nor ps tells. */
export function residentBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // not Linux: ask ps
  }
  if (Bun.which("ps") === null) return Number.NaN;
  return Number(Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]).stdout.toString()) * 1024;
}

/**
 * Likewise without pages of files, which the system brings in and takes away, and which the server gives back in periods that double; all of it
 * where that is not told apart.
 */
export function ownBytes(pid: number): number {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // not Linux
  }
  return residentBytes(pid);
}

/** The most resident memory of a process since `forgetMostResident`, in bytes; NaN but on Linux. */
export function mostResidentBytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}

export function forgetMostResident(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // not Linux
  }
}

/** What only its start needed a server has given back by then. */
const EMPTY_MS = 5000;

/** Resident memory of a server that has just started, once it is idle. */
export async function emptyBytes(pid: number): Promise<number> {
  await Bun.sleep(EMPTY_MS);
  return residentBytes(pid);
}

/** Runs `body` with a started server and a connection to it, and stops both whatever happens. */
export async function withServer<T>(
  contender: Contender,
  options: StartOptions,
  body: (server: ServerProcess, client: RawClient) => Promise<T>,
): Promise<T> {
  await using server = await start(contender, options);
  const client = await attach(server);
  try {
    return await body(server, client);
  } finally {
    client.close();
  }
}

/** Runs `measure` for both sides, `rounds` times in alternating order; -> the samples of each. */
export async function alternate<T>(
  contenders: Contenders,
  rounds: number,
  measure: (contender: Contender) => Promise<T>,
): Promise<{ ours: T[]; redis: T[] }> {
  const samples: { ours: T[]; redis: T[] } = { ours: [], redis: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (["ours", "redis"] as const) : (["redis", "ours"] as const);
    for (const side of order) samples[side].push(await measure(contenders[side]));
  }
  return samples;
}
