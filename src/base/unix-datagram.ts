/** Messages to Unix datagram sockets, which the runtime has no call for: a service manager's and the system logger's. Linux only. */

import { dlopen, FFIType, ptr } from "bun:ffi";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const PATH_BYTES = 108;
/** Of glibc, and of musl. */
const LIBRARIES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

function open() {
  for (const library of LIBRARIES) {
    try {
      return dlopen(library, {
        socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
        sendto: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i64 },
      }).symbols;
    } catch {
      // It is another C library's.
    }
  }
  return null;
}

export class UnixDatagram {
  private readonly calls: NonNullable<ReturnType<typeof open>>;
  private readonly descriptor: number;
  private readonly address: Buffer;

  private constructor(calls: NonNullable<ReturnType<typeof open>>, descriptor: number, address: Buffer) {
    this.calls = calls;
    this.descriptor = descriptor;
    this.address = address;
  }

  /** A way to the socket at `path`, `@name` for one without a file; null where there can be none. */
  static to(path: string): UnixDatagram | null {
    if (process.platform !== "linux" || path.length >= PATH_BYTES) return null;
    const calls = open();
    const descriptor = calls?.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1;
    if (calls === null || descriptor < 0) return null;
    const name = Buffer.from(path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`);
    const address = Buffer.alloc(2 + name.length);
    address.writeUInt16LE(AF_UNIX, 0);
    name.copy(address, 2);
    return new UnixDatagram(calls, descriptor, address);
  }

  /** Returns whether the message was taken: not where nobody listens, or not fast enough. */
  send(message: Buffer): boolean {
    const { calls, descriptor, address } = this;
    if (message.length === 0) return true;
    const sent = calls.sendto(descriptor, ptr(message), BigInt(message.length), MSG_DONTWAIT_NOSIGNAL, ptr(address), address.length);
    return Number(sent) === message.length;
  }
}
