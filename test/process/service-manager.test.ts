import { dlopen, FFIType, ptr } from "bun:ffi";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../src/log.ts";
import { supervision } from "../../src/process/supervision.ts";
import { until } from "../replication/support.ts";
import { startServer } from "../support/process.ts";

const MAIN = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];

/** A Unix datagram socket that keeps what it is sent. */
class Receiver implements Disposable {
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

const isGlibc =
  process.platform === "linux" &&
  (() => {
    try {
      dlopen("libc.so.6", { getpid: { args: [], returns: FFIType.i32 } });
      return true;
    } catch {
      return false;
    }
  })();

describe.skipIf(!isGlibc)("a service manager and the system logger (needs glibc)", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "replicant-manager-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test.each(["systemd", "auto"])("supervised %s tells when it is ready, and that it ends", async (supervised) => {
    const path = join(directory, "notify");
    using manager = new Receiver(path);
    const server = await startServer(MAIN, {
      args: ["--supervised", supervised, "--save", "", "--daemonize", "yes"],
      env: { NOTIFY_SOCKET: path },
    });
    await until("the server to be ready", () => manager.take().includes("READY=1\n"));
    expect(manager.received).toEqual(["STATUS=Ready to accept connections\n", "READY=1\n"]);
    await server.stop();
    await until("the server to say that it ends", () => manager.take().length > 2);
    expect(manager.received[2]).toBe("STOPPING=1\n");
  });

  test("without its socket it goes on, and says so", async () => {
    await using server = await startServer(MAIN, { args: ["--supervised", "systemd", "--save", ""], env: { NOTIFY_SOCKET: "" } });
    expect(await server.log()).toContain("systemd supervision requested or auto-detected, but NOTIFY_SOCKET is not set");
  });

  test("the system logger gets what the log gets", () => {
    const path = join(directory, "log");
    using logger = new Receiver(path);
    const log = new Log({ level: "verbose", file: join(directory, "file"), syslog: { ident: "mine", facility: "local3", path } });
    log.debug("not this");
    log.notice("noticed");
    log.warning("a warning");
    const [first, second, ...others] = logger.take();
    expect(others).toEqual([]);
    expect(first).toMatch(new RegExp(`^<${19 * 8 + 5}>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d mine\\[${process.pid}\\]: noticed$`));
    expect(second).toStartWith(`<${19 * 8 + 4}>`);
    expect(readFileSync(join(directory, "file"), "latin1")).toContain("* noticed\n");
  });
});

test("Windows has no service manager that is told, whatever the environment says", () => {
  const stopped: string[] = [];
  const log = new Log({ level: "nothing", file: "" });
  for (const wanted of ["systemd", "upstart", "auto"] as const) {
    const manager = supervision(wanted, { NOTIFY_SOCKET: "/nowhere", UPSTART_JOB: "redis" }, log, () => stopped.push(wanted), "win32");
    manager.ready(false);
    manager.stopping();
  }
  expect(stopped).toEqual([]);
});

describe.skipIf(process.platform !== "linux")("oom-score-adj (Linux)", () => {
  test("follows directives and the role, and is put back", async () => {
    await using server = await startServer(MAIN, { args: ["--save", ""] });
    const client = await server.connect();
    const pid = Number(/process_id:(\d+)/.exec(await client.text("INFO", "server"))?.[1]);
    const own = () => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1"));
    const base = own();
    expect(await client.text("CONFIG", "SET", "oom-score-adj", "yes", "oom-score-adj-values", `10 20 30`)).toBe("OK");
    expect(own()).toBe(Math.min(1000, base + 10));
    expect(await client.text("CONFIG", "SET", "oom-score-adj", "absolute", "oom-score-adj-values", `${base + 50} ${base + 60} 30`)).toBe(
      "OK",
    );
    expect(own()).toBe(base + 50);
    await client.text("REPLICAOF", "127.0.0.1", 1);
    expect(own()).toBe(base + 60);
    await client.text("REPLICAOF", "NO", "ONE");
    expect(own()).toBe(base + 50);
    expect(await client.text("CONFIG", "SET", "oom-score-adj", "no")).toBe("OK");
    expect(own()).toBe(base);
    client.close();
  });
});
