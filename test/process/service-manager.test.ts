import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../src/log.ts";
import { supervision } from "../../src/process/supervision.ts";
import { until } from "../replication/support.ts";
import { Datagrams, hasDatagrams } from "../support/datagrams.ts";
import { startServer } from "../support/process.ts";

const MAIN = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];

describe.skipIf(!hasDatagrams)("a service manager and the system logger (needs glibc)", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "replicant-manager-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test.each(["systemd", "auto"])("supervised %s tells when it is ready, and that it ends", async (supervised) => {
    const path = join(directory, "notify");
    using manager = new Datagrams(path);
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
    using logger = new Datagrams(path);
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
