/** Where the executable is, for programs that do not run in Bun and for `npx replicant`. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { executableIn, PLATFORMS, type PlatformName, packageOf, platformOf } from "./platforms.ts";

/** There is no executable to start, or it did not start; the message says why, and what to do. */
export class ExecutableError extends Error {
  override name = "ExecutableError";
}

/** What finding the executable depends on. */
export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly libc: "glibc" | "musl";
  /** The executable to take whatever is installed: REPLICANT_EXECUTABLE. */
  readonly override: string | undefined;
  /** Returns the path of a file in a package (`@replicant/linux-x64/package.json`). Errors: where it is not installed. */
  resolve(file: string): string;
}

/**
 * Returns the absolute path of the executable: what REPLICANT_EXECUTABLE names, else that of this platform's package. Errors:
 * ExecutableError.
 */
export function findExecutable(machine: Machine = thisMachine()): string {
  const { os, cpu, libc, override } = machine;
  if (override !== undefined && override !== "") {
    const path = resolve(override);
    if (!existsSync(path)) throw new ExecutableError(`REPLICANT_EXECUTABLE names ${path}, which is not there`);
    return path;
  }
  const name = platformOf(os, cpu, libc);
  if (name === null) {
    const known = Object.keys(PLATFORMS).join(", ");
    throw new ExecutableError(
      `Replicant has no executable for ${os} on ${cpu}: there are ${known}. One that you have built can be named in REPLICANT_EXECUTABLE.`,
    );
  }
  const path = executableOf(name, machine);
  if (path === null) {
    throw new ExecutableError(
      `The package ${packageOf(name)}, which brings Replicant's executable for this platform, is not installed. It is an optional ` +
        "dependency of replicant: install again, on this platform and without --omit=optional (--no-optional); or name an executable " +
        "in REPLICANT_EXECUTABLE.",
    );
  }
  return path;
}

/** Returns which of our platforms this is, null: none of them. */
export function thisPlatform(): PlatformName | null {
  return platformOf(process.platform, process.arch, libcOf(process.platform));
}

function executableOf(name: PlatformName, machine: Machine): string | null {
  try {
    const path = join(dirname(machine.resolve(`${packageOf(name)}/package.json`)), executableIn(name));
    return existsSync(path) ? path : null;
  } catch {
    return null; // the package is not installed
  }
}

function thisMachine(): Machine {
  const require = createRequire(import.meta.url);
  return {
    os: process.platform,
    cpu: process.arch,
    libc: libcOf(process.platform),
    override: process.env.REPLICANT_EXECUTABLE,
    resolve: (file) => require.resolve(file),
  };
}

/** The C library that this process runs with: the other one may be installed beside it. */
function libcOf(os: NodeJS.Platform): "glibc" | "musl" {
  if (os !== "linux") return "glibc";
  try {
    return /\/(?:ld-musl-|libc\.musl-)/.test(readFileSync("/proc/self/maps", "latin1")) ? "musl" : "glibc";
  } catch {
    return "glibc"; // there is no /proc
  }
}
