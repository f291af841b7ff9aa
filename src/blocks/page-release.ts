/**
 * Gives memory back to the system, which reads as zeros when it is next used. The runtime has no call for that, so the system's own is made;
 * where there is none nothing is given back. Source: madvise(2).
 */

import { dlopen, FFIType, ptr } from "bun:ffi";

/** By platform: the libraries that may have madvise, and the advice. */
const SYSTEMS: Readonly<Record<string, { readonly libraries: readonly string[]; readonly advice: number }>> = {
  linux: { libraries: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"], advice: 4 }, // MADV_DONTNEED
  darwin: { libraries: ["libSystem.B.dylib"], advice: 5 }, // MADV_FREE
};
/** The system's pages begin at multiples of this: few have larger ones, and refuse what is not aligned. */
const ALIGNMENT = 16 * 1024;

type Advise = (address: number, bytes: number) => boolean;

/** The same in every server of the process; undefined until it is first asked for. */
let advise: Advise | null | undefined;

/** Returns whether the system took these bytes, whose content is lost then. */
export function releaseMemory(bytes: Buffer): boolean {
  advise ??= findAdvise();
  if (advise === null) return false;
  const address = ptr(bytes);
  const from = Math.ceil(address / ALIGNMENT) * ALIGNMENT;
  const to = Math.floor((address + bytes.length) / ALIGNMENT) * ALIGNMENT;
  return to <= from || advise(from, to - from);
}

/**
 * Likewise of addresses, both multiples of the system's page, that are mapped from a file and were not written to: they read as the file when they
 * are next used. Linux only; elsewhere nothing is given back.
 */
export function releaseAddresses(from: number, bytes: number): boolean {
  if (process.platform !== "linux") return false;
  advise ??= findAdvise();
  return advise?.(from, bytes) ?? false;
}

function findAdvise(): Advise | null {
  const system = SYSTEMS[process.platform];
  for (const library of system?.libraries ?? []) {
    try {
      const { symbols } = dlopen(library, { madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 } });
      return (address, bytes) => symbols.madvise(address, bytes, system.advice) === 0;
    } catch {
      // Another system's library.
    }
  }
  return null;
}
