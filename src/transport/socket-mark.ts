/** `socket-mark-id`: a mark on listening sockets, and so on those that are accepted, for the system's packet filters. Linux only. */

import { dlopen, FFIType, ptr } from "bun:ffi";

const SOL_SOCKET = 1;
const SO_MARK = 36;
/** Of glibc, and of musl. */
const LIBRARIES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** Marks a socket. Returns whether it is marked: not on other systems, nor without the right to (CAP_NET_ADMIN). */
export function markSocket(descriptor: number, mark: number): boolean {
  if (process.platform !== "linux" || descriptor < 0) return false;
  const value = Uint32Array.of(mark);
  for (const library of LIBRARIES) {
    try {
      const { symbols, close } = dlopen(library, {
        setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
      });
      const result = symbols.setsockopt(descriptor, SOL_SOCKET, SO_MARK, ptr(value), value.byteLength);
      close();
      return result === 0;
    } catch {
      // It is another C library's.
    }
  }
  return false;
}
