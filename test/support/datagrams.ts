/** A Unix datagram socket, as a service manager or a system logger listens on. Needs glibc. */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { expect } from "bun:test";

/** Keeps what it is sent. */
export class Datagrams implements Disposable {
  readonly received: string[] = [];
  private readonly calls = dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  }).symbols;
  private readonly descriptor: number;

  constructor(path: string) {
    const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
    this.descriptor = this.calls.socket(1, 2, 0);
    expect(this.calls.bind(this.descriptor, ptr(address), address.length)).toBe(0);
  }

  /** Takes in what has come. -> all of it so far. */
  take(): string[] {
    const buffer = Buffer.alloc(65_536);
    for (;;) {
      const length = Number(this.calls.recv(this.descriptor, ptr(buffer), BigInt(buffer.length), 0x40));
      if (length <= 0) return this.received;
      this.received.push(buffer.toString("utf8", 0, length));
    }
  }

  [Symbol.dispose](): void {
    this.calls.close(this.descriptor);
  }
}

/** Whether there can be any. */
export const hasDatagrams =
  process.platform === "linux" &&
  (() => {
    try {
      dlopen("libc.so.6", { getpid: { args: [], returns: FFIType.i32 } });
      return true;
    } catch {
      return false;
    }
  })();
