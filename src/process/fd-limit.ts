/**
 * How many files the process may have open: each client is one, and the server itself needs some for the data, replicas and the like. The
 * runtime has raised the limit as far as anyone may when it started; what only a privileged process may is tried here.
 */

import { dlopen, ptr, read } from "bun:ffi";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";

/** Files that are no clients (CONFIG_MIN_RESERVED_FDS). */
const RESERVED = 32;
/** By how much less is asked for when so many were refused. */
const STEP = 16;
/** Where the system does not tell its limit. */
const ASSUMED_LIMIT = 1024;

const ERRORS: Readonly<Record<number, string>> = { 1: "Operation not permitted", 22: "Invalid argument" };

/** There are not even files enough for the server itself. */
export class FileLimitError extends Error {
  override name = "FileLimitError";
}

/** What the system says of open files, and does about them. */
export interface FileLimits {
  /** How many there may be; null where that is not told, Infinity where there is no limit. */
  readonly current: number | null;
  /** Asks for `count`. Returns "", or why that was refused. */
  raise(count: number): string;
}

type FileLog = Pick<Log, "file" | "notice" | "warning">;

/**
 * Sees to it that `clients` clients can be connected at once. Returns how many can be, of which the log is told when it is fewer. Errors:
 * FileLimitError. Source: adjustOpenFilesLimit.
 */
export function clientsWithFiles(clients: number, log: FileLog, limits: FileLimits = systemLimits()): number {
  const { current } = limits;
  if (current === null) {
    log.warning("Unable to obtain the current NOFILE limit, assuming 1024 and setting the max clients configuration accordingly.");
    return ASSUMED_LIMIT - RESERVED;
  }
  const wanted = clients + RESERVED;
  if (current >= wanted) return clients;
  const refusal = limits.raise(wanted);
  if (refusal === "") {
    log.notice(`Increased maximum number of open files to ${wanted} (it was originally set to ${current}).`);
    return clients;
  }
  const best = raiseBelow(wanted, current, limits);
  if (best <= RESERVED) {
    const message =
      `Your current 'ulimit -n' of ${current} is not enough for the server to start. ` +
      `Please increase your open file limit to at least ${wanted}. Exiting.`;
    // What reads standard output hears of it from the caller.
    if (log.file !== "") log.warning(message);
    throw new FileLimitError(message);
  }
  const allowed = best - RESERVED;
  log.warning(`You requested maxclients of ${clients} requiring at least ${wanted} max file descriptors.`);
  log.warning(`Server can't set maximum open files to ${wanted} because of OS error: ${refusal}.`);
  log.warning(
    `Current maximum open files is ${best}. maxclients has been reduced to ${allowed} to compensate for low ulimit. ` +
      "If you need higher maxclients increase 'ulimit -n'.",
  );
  return allowed;
}

/** Raises the limit as far as it can be, short of `wanted` by a number of steps. Returns what it is then. */
function raiseBelow(wanted: number, current: number, limits: FileLimits): number {
  // Halved between what was refused and what will do: wanted may be thousands of millions.
  let refused = 0;
  let enough = Math.ceil((wanted - current) / STEP);
  while (enough - refused > 1) {
    const steps = Math.floor((refused + enough) / 2);
    if (limits.raise(wanted - steps * STEP) === "") enough = steps;
    else refused = steps;
  }
  return Math.max(current, wanted - enough * STEP);
}

/** Makes `maxclients` as many clients as there can be files for. Errors: FileLimitError. */
export function limitClients(config: Config, log: FileLog): void {
  const { maxclients } = config.values;
  const clients = clientsWithFiles(maxclients, log);
  if (clients < maxclients) config.assign("maxclients", [String(clients)]);
}

/** Has CONFIG SET refuse a `maxclients` that there are not files enough for. */
export function followFileLimit(config: Config, log: FileLog): void {
  config.onChange("maxclients", () => {
    const clients = clientsWithFiles(config.values.maxclients, log);
    if (clients === config.values.maxclients) return undefined;
    return `The operating system is not able to handle the specified number of clients, try with ${clients}`;
  });
}

function systemLimits(): FileLimits {
  let raise: FileLimits["raise"] | null = null;
  return {
    get current() {
      if (process.platform === "win32") return Number.POSITIVE_INFINITY; // sockets are no files there
      const soft = limitsInReport().open_files?.soft;
      if (soft === "unlimited") return Number.POSITIVE_INFINITY;
      return typeof soft === "number" ? soft : null;
    },
    raise(count) {
      raise ??= openRaise();
      return raise(count);
    },
  };
}

/** The limits of the process as its report shows them. */
function limitsInReport(): Readonly<Record<string, { soft: number | string } | undefined>> {
  const report: unknown = process.report?.getReport();
  const limits = typeof report === "object" && report !== null && "userLimits" in report ? report.userLimits : null;
  return (limits ?? {}) as ReturnType<typeof limitsInReport>;
}

/** RLIMIT_NOFILE, the C library, and its function that tells where `errno` is. */
const CALLS: Partial<Record<NodeJS.Platform, { resource: number; libraries: readonly string[]; errno: "__errno_location" | "__error" }>> = {
  linux: {
    resource: 7,
    libraries: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`],
    errno: "__errno_location",
  },
  darwin: { resource: 8, libraries: ["libSystem.B.dylib"], errno: "__error" },
};

function openRaise(): FileLimits["raise"] {
  const call = CALLS[process.platform];
  for (const library of call?.libraries ?? []) {
    try {
      return raiseBy(library, call?.resource ?? 0, call?.errno ?? "__errno_location");
    } catch {
      // The next one may be there.
    }
  }
  return () => "Function not implemented";
}

function raiseBy(library: string, resource: number, errno: "__errno_location" | "__error"): FileLimits["raise"] {
  const { symbols } = dlopen(library, { setrlimit: { args: ["i32", "ptr"], returns: "i32" }, [errno]: { args: [], returns: "ptr" } });
  return (count) => {
    const limits = BigUint64Array.of(BigInt(count), BigInt(count));
    if (symbols.setrlimit(resource, ptr(limits)) === 0) return "";
    const code = read.i32(symbols[errno]() as ReturnType<typeof ptr>, 0);
    return ERRORS[code] ?? `error ${code}`;
  };
}
