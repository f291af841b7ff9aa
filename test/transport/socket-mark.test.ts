import { dlopen, FFIType, ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { type Acceptor, Listeners, listenAddresses } from "../../src/transport/listeners.ts";
import { markSocket } from "../../src/transport/socket-mark.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const MARK = 0xdead_beef;
const ACCEPTOR: Acceptor = { accept: (_: Socket<never>) => null, refused() {}, failed() {} };

function calls() {
  try {
    return dlopen("libc.so.6", {
      getsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    }).symbols;
  } catch {
    return null;
  }
}

function markOf(descriptor: number): number {
  const value = new Uint32Array(1);
  const length = Uint32Array.of(4);
  calls()?.getsockopt(descriptor, 1, 36, ptr(value), ptr(length));
  return value[0];
}

/** Whether this process may mark sockets. */
const mayMark = (() => {
  let marked = false;
  const listeners = new Listeners(ACCEPTOR, (descriptor) => {
    marked = markSocket(descriptor, 1);
  });
  listeners.listen(listenAddresses(["127.0.0.1"], null, { path: "", mode: 0 }));
  listeners.close();
  return marked && calls() !== null;
})();

test.skipIf(!mayMark)(
  "a listening socket bears the mark, and so do the clients that it accepts (needs Linux and CAP_NET_ADMIN)",
  async () => {
    await using server = await startServer({ "socket-mark-id": String(MARK) });
    const client = await connect(server.port);
    const list = await client.text("CLIENT", "LIST");
    expect(markOf(Number(/ fd=(\d+) /.exec(list)?.[1]))).toBe(MARK);
    client.close();
  },
);

test("what is no socket is not marked", () => {
  expect(markSocket(-1, 1)).toBe(false);
});
