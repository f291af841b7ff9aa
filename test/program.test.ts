/** The program as a person runs it: from the sources, or the executable where REPLICANT_EXECUTABLE says that the one that was built is meant. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DIRECTIVES } from "../src/config/options.ts";
import { refuseMistyped } from "../src/subcommands.ts";
import { connect } from "./support/client.ts";
import { PATIENCE_MS } from "./support/limits.ts";
import { freePort, type ServerProcess, type StartOptions, startServer } from "./support/process.ts";

const BUILT = resolve(import.meta.dir, "../dist/replicant");
const COMMAND =
  process.env.REPLICANT_EXECUTABLE !== undefined && existsSync(BUILT)
    ? [BUILT]
    : [process.execPath, "run", resolve(import.meta.dir, "../src/main.ts")];

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "replicant-program-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program to its end, which must come by itself. */
async function run(words: readonly string[], options: { input?: string; cwd?: string } = {}): Promise<Outcome> {
  const child = Bun.spawn([...COMMAND, ...words], {
    cwd: options.cwd ?? scratch,
    stdin: options.input === undefined ? "ignore" : Buffer.from(options.input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const [code, out, err] = await Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  clearTimeout(patience);
  return { code, out, err };
}

function start(options: StartOptions = {}): Promise<ServerProcess> {
  return startServer(COMMAND, options);
}

/** Starts it with nothing but this command line, `save ""` apart. */
function startLine(line: (port: string, dir: string) => readonly string[], options: StartOptions = {}): Promise<ServerProcess> {
  return start({ ...options, line: (port, dir) => [...line(String(port), dir), "--save", ""] });
}

async function ask(server: ServerProcess, ...words: string[]): Promise<string> {
  const client = await server.connect();
  try {
    return (await client.command(...words)).toString("latin1");
  } finally {
    client.close();
  }
}

async function directive(server: ServerProcess, name: string): Promise<string> {
  const reply = await ask(server, "CONFIG", "GET", name);
  return reply.split("\r\n")[4] ?? reply;
}

/** A file of the scratch directory. -> its path. */
function file(name: string, content: string): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    // A process whose parent is gone announces its end to no one here.
    if (readState(pid) === "Z") return;
    await Bun.sleep(5);
  }
}

function readState(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.[0] ?? "";
  } catch {
    return "";
  }
}

describe("what is asked of the program itself", () => {
  test("--help lists every directive, to the last line", async () => {
    for (const word of ["--help", "-h"]) {
      const { code, out, err } = await run([word]);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toStartWith("Usage: replicant ");
      for (const [name, { hidden, help }] of Object.entries(DIRECTIVES))
        if (!hidden) expect(out).toMatch(new RegExp(` --${name}  .*\\n      ${RegExp.escape(help)}`));
      expect(out).toEndWith("\n");
    }
  });

  test("compare asks two servers, and ends with 2 when it cannot", async () => {
    const { code, out } = await run(["compare", "--help"]);
    expect([code, out.split("\n", 1)]).toEqual([0, ["Usage: replicant compare [options] SERVER SERVER"]]);
    const refused = await run(["compare", "127.0.0.1:1", "nowhere"]);
    expect(refused).toEqual({ code: 2, out: "", err: "replicant compare: nowhere is no HOST:PORT\n" });
  });

  test("a tool whose name is mistyped is asked about, unless there is such a file", async () => {
    const err = "replicant: there is no configuration file chekc; did you mean the tool check?\n";
    expect(await run(["chekc", "x"])).toEqual({ code: 1, out: "", err });
    const typed = { covert: "convert", Mvoe: "move", clii: "cli", benchmrak: "benchmark" };
    for (const [word, tool] of Object.entries(typed)) expect(() => refuseMistyped(word)).toThrow(`did you mean the tool ${tool}?`);
    for (const word of ["./chekc", "redis", "redis.conf", "", "-", "package.json", "cl"]) refuseMistyped(word);
  });

  test("--version names the versions in one line", async () => {
    const { version } = await Bun.file(resolve(import.meta.dir, "../package.json")).json();
    for (const word of ["--version", "-v"]) {
      const { code, out, err } = await run([word]);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/^Replicant v=\S+ commit=\S+ redis=7\.2\.\d+ bun=\S+\n$/);
      expect(out).toContain(`v=${version} `);
    }
  });
});

describe("MIGRATE in a transaction", () => {
  // Another thread talks to the target then, whose code must be found where the program is.
  test("reaches another server", async () => {
    await using here = await start({ args: ["--save", ""] });
    await using there = await start({ args: ["--save", ""] });
    const client = await here.connect();
    const replies = await client.pipeline([
      ["SET", "k", "v"],
      ["MULTI"],
      ["MIGRATE", "127.0.0.1", there.port, "k", 0, 60_000],
      ["EXISTS", "k"],
      ["EXEC"],
    ]);
    client.close();
    expect(String(replies.at(-1))).toBe("*2\r\n+OK\r\n:0\r\n");
    expect(await ask(there, "GET", "k")).toBe("$1\r\nv\r\n");
  });
});

describe("io-workers", () => {
  // Other threads own the sockets then, whose code must be found where the program is.
  test("serves clients, and ends on a signal", async () => {
    const server = await start({ args: ["--save", "", "--io-workers", "2"] });
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    const replies = await Promise.all(
      clients.map((client, index) =>
        client.pipeline([
          ["SET", `k${index}`, index],
          ["GET", `k${index}`],
        ]),
      ),
    );
    expect(replies.map((pair) => pair.join(""))).toEqual(clients.map((_, index) => `+OK\r\n$1\r\n${index}\r\n`));
    expect(await server.stop()).toBe(0);
    await Promise.all(clients.map((client) => client.closed));
  });
});

describe("bad input is refused in one line, with code 1", () => {
  async function refused(words: readonly string[], message: string, options: { input?: string } = {}): Promise<void> {
    expect({ words, ...(await run(words, options)) }).toEqual({ words, code: 1, out: "", err: `replicant: ${message}\n` });
  }

  test("on the command line", async () => {
    await Promise.all([
      refused(["--nonsense", "yes"], "command line: 'nonsense \"yes\"': Bad directive or wrong number of arguments"),
      refused(["--port", "65536"], "command line: 'port \"65536\"': argument must be between 0 and 65535 inclusive"),
      refused(["-p", "x"], "command line: 'port \"x\"': argument couldn't be parsed into an integer"),
    ]);
    await Promise.all([
      refused(["--replicaof", "localhost"], "command line: 'replicaof \"localhost\"': wrong number of arguments"),
      refused(["-r", "host abc"], "command line: 'replicaof \"host abc\"': Invalid master port"),
      refused(["--replicaof", "host", "99999"], 'command line: \'replicaof "host" "99999"\': Invalid master port'),
    ]);
    await Promise.all([
      refused(["--dir", "/no/such/place"], "command line: 'dir \"/no/such/place\"': No such file or directory"),
      refused(["--tls-ciphersuites", "x"], "command line: 'tls-ciphersuites x' is not supported by this version of Replicant"),
    ]);
  });

  test("but not what is harmless to ignore: the log says once that it has no effect", async () => {
    const config = "always-show-logo yes\nwatchdog-period 1\npropagation-error-behavior panic\nio-threads 1\n";
    await using server = await start({ config });
    expect(await ask(server, "CONFIG", "SET", "crash-memcheck-enabled", "no", "hz", "20")).toBe("+OK\r\n");
    const named = (await server.log()).matchAll(/Directive '(.*)' has no effect: /g);
    expect([...named].map(([, name]) => name).sort()).toEqual([
      "always-show-logo",
      "crash-memcheck-enabled",
      "propagation-error-behavior",
      "watchdog-period",
    ]);
  });

  test("in files, with file and line", async () => {
    const bad = file("bad.conf", "timeout 3\n\nmaxclients none\n");
    const outer = file("outer.conf", "timeout 3\ninclude bad.conf\n");
    const missing = join(scratch, "missing.conf");
    await Promise.all([
      refused([missing], `can't open config file '${missing}': No such file or directory`),
      refused([bad], `${bad}:3: 'maxclients none': argument couldn't be parsed into an integer`),
      refused([outer], `${bad}:3: 'maxclients none': argument couldn't be parsed into an integer`),
    ]);
    await Promise.all([
      refused([scratch], `can't open config file '${scratch}': Is a directory`),
      refused(["-"], "standard input:2: 'port': wrong number of arguments", { input: "hz 20\nport\n" }),
      refused(
        [file("quote.conf", 'logfile "x\n')],
        `${join(scratch, "quote.conf")}:1: 'logfile "x': Unbalanced quotes in configuration line`,
      ),
    ]);
  });

  test("where a log file cannot be written", async () => {
    await refused(["--logfile", "/no/such/place/x.log"], "Can't open the log file '/no/such/place/x.log': No such file or directory");
  });
});

describe("options", () => {
  test("name the port in every form", async () => {
    for (const form of [(port: string) => ["-p", port], (port: string) => ["--port", port], (port: string) => [`--port ${port}`]]) {
      await using server = await startLine(form);
      expect(await directive(server, "port")).toBe(String(server.port));
    }
  });

  test("name the address in every form", async () => {
    for (const option of ["-H", "--host", "--bind"]) {
      await using server = await startLine((port) => ["-p", port, option, "127.0.0.1"]);
      expect(await directive(server, "bind")).toBe("127.0.0.1");
      const port = String(freePort());
      const { code, err } = await run(["-p", port, option, "203.0.113.1"]);
      expect([code, err]).toEqual([
        1,
        `replicant: Failed listening on port ${port} (tcp) of 203.0.113.1: this machine has no such address\n`,
      ]);
    }
  });

  test("name the master in every form", async () => {
    for (const words of [
      ["-r", "127.0.0.1 1"],
      ["-r", "127.0.0.1", "1"],
      ["--replicaof", "127.0.0.1 1"],
      ["--slaveof", "127.0.0.1", "1"],
    ]) {
      await using server = await startLine((port) => ["-p", port, ...words]);
      const info = await ask(server, "INFO", "replication");
      expect({ words, role: /role:(\w+)/.exec(info)?.[1] }).toEqual({ words, role: "slave" });
      expect(info).toContain("master_host:127.0.0.1\r\nmaster_port:1\r\n");
    }
  });

  test("follow the configuration file, and so override it", async () => {
    const path = file("file.conf", "port 1\ntimeout 5\nhz 20\ninclude more.conf\n");
    file("more.conf", "timeout 6\nmaxclients 77\n");
    await using server = await startLine((port) => [path, "--port", port, "--hz", "30"], { dir: scratch });
    expect(await Promise.all(["timeout", "hz", "maxclients"].map((name) => directive(server, name)))).toEqual(["6", "30", "77"]);
    expect(await ask(server, "INFO", "server")).toContain(`config_file:${path}\r\n`);
  });

  test("follow what standard input says", async () => {
    await using server = await startLine((port) => ["-", "--port", port, "--hz", "30"], { input: "hz 40\ntimeout 8\nport 1\n" });
    expect([await directive(server, "hz"), await directive(server, "timeout")]).toEqual(["30", "8"]);
  });

  test("that have no effect are harmless", async () => {
    const words = [
      "--tcp-backlog",
      "5",
      "--io-threads",
      "4",
      "--always-show-logo",
      "yes",
      "--slowlog-max-len",
      "7",
      "--appendfsync",
      "always",
    ];
    await using server = await startLine((port) => ["-p", port, ...words]);
    expect([await directive(server, "tcp-backlog"), await directive(server, "appendfsync")]).toEqual(["5", "always"]);
  });
});

describe("at the start", () => {
  test("a port in use is named in one line, and the other server's files are left alone", async () => {
    await using server = await start({ args: ["--save", "", "--pidfile", "it.pid"] });
    const words = ["--port", String(server.port), "--dir", server.dir, "--pidfile", "it.pid", "--logfile", "second.log"];
    const { code, out, err } = await run(words);
    const message = `Failed listening on port ${server.port} (tcp) of *: address already in use`;
    expect([code, out, err]).toEqual([1, "", `replicant: ${message}\n`]);
    expect(readFileSync(join(server.dir, "second.log"), "utf8")).toContain(` # ${message}\n`);
    expect(readFileSync(join(server.dir, "it.pid"), "utf8")).toBe(`${server.pid}\n`);
    expect(await ask(server, "PING")).toBe("+PONG\r\n");
  });

  test("the pidfile is written, and removed at the end", async () => {
    await using server = await start({ args: ["--save", "", "--pidfile", "it.pid"] });
    const path = join(server.dir, "it.pid");
    expect(readFileSync(path, "utf8")).toBe(`${server.pid}\n`);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test("a pidfile that cannot be written is told of, and no more", async () => {
    await using server = await start({ args: ["--save", "", "--pidfile", "/no/such/place/it.pid"] });
    expect(await server.log()).toContain(" # Failed to write PID file: No such file or directory\n");
  });

  test("a Unix socket is opened relative to dir, and removed at the end", async () => {
    await using server = await start({ args: ["--save", "", "--unixsocket", "s.sock", "--unixsocketperm", "700"] });
    const path = join(server.dir, "s.sock");
    const client = await connect(path);
    expect((await client.command("PING")).toString()).toBe("+PONG\r\n");
    client.close();
    server.kill("SIGTERM");
    await server.exited;
    expect(existsSync(path)).toBe(false);
  });

  test("a damaged snapshot is refused with its place, and left as it is", async () => {
    const dir = mkdtempSync(join(scratch, "damaged-"));
    const path = join(dir, "dump.rdb");
    const bytes = Buffer.from("REDIS0011\xfe\x00\x00\x03key\x05val", "latin1");
    writeFileSync(path, bytes);
    const { code, err } = await run(["--port", String(freePort()), "--dir", dir]);
    expect(code).toBe(1);
    expect(err).toStartWith("replicant: ");
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(err).toContain(path);
    expect(err).toMatch(/\b(byte|offset) \d+/);
    expect(readFileSync(path)).toEqual(bytes);
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
  });
});

describe("the log", () => {
  const LINE = /^(\d+):([MSC]) \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] \S.*$/;

  test("has Redis's line format, with the process and the role", async () => {
    await using server = await start({ args: ["--save", "", "--loglevel", "debug"] });
    await ask(server, "REPLICAOF", "127.0.0.1", "1");
    await ask(server, "REPLICAOF", "NO", "ONE");
    server.kill("SIGTERM");
    await server.exited;
    const lines = (await server.log()).trimEnd().split("\n");
    for (const line of lines) expect(line).toMatch(LINE);
    expect(new Set(lines.map((line) => LINE.exec(line)?.[1]))).toEqual(new Set([String(server.pid)]));
    expect(new Set(lines.map((line) => LINE.exec(line)?.[2]))).toEqual(new Set(["M", "S"]));
    expect(lines.some((line) => line.includes(" - Accepted 127.0.0.1:"))).toBe(true);
    expect(lines.some((line) => line.endsWith(" # Replicant is now ready to exit, bye bye..."))).toBe(true);
  });

  test("goes to logfile, relative to dir, from loglevel on", async () => {
    await using server = await start({ args: ["--save", "", "--logfile", "it.log", "--loglevel", "warning"] });
    const path = join(server.dir, "it.log");
    expect(readFileSync(path, "utf8")).toBe("");
    await ask(server, "CONFIG", "SET", "loglevel", "verbose");
    await ask(server, "PING");
    expect(readFileSync(path, "utf8")).toContain(" - Accepted 127.0.0.1:");
    server.kill("SIGTERM");
    await server.exited;
    expect(readFileSync(path, "utf8")).toContain(" # Received SIGTERM scheduling shutdown...\n");
    expect(await server.log()).toBe("");
  });

  test("that no one reads any more does not stop the server", async () => {
    const port = freePort();
    const child = Bun.spawn([...COMMAND, "--port", String(port), "--save", "", "--loglevel", "debug"], {
      cwd: scratch,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    try {
      const reader = child.stdout.getReader();
      for (let text = ""; !text.includes("Ready to accept"); ) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`it ended: ${text}`);
        text += Buffer.from(value).toString();
      }
      await reader.cancel();
      for (let i = 0; i < 5; i++) {
        const client = await connect(port);
        expect((await client.command("PING")).toString()).toBe("+PONG\r\n");
        client.close();
      }
    } finally {
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    }
  });
});

describe("the end", () => {
  test("comes with code 0 by SIGTERM and SIGINT, the data saved where there are save points", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      for (const save of ["", "3600 100"]) {
        const dir = mkdtempSync(join(scratch, "signal-"));
        await using server = await start({ dir, args: ["--save", save] });
        await ask(server, "SET", "key", signal);
        server.kill(signal);
        expect(await server.exited).toBe(0);
        expect(await server.log()).toContain(` # Received ${signal} scheduling shutdown...\n`);
        expect({ save, saved: existsSync(join(dir, "dump.rdb")) }).toEqual({ save, saved: save !== "" });
        await using next = await start({ dir, args: ["--save", ""] });
        expect(await ask(next, "GET", "key")).toBe(save === "" ? "$-1\r\n" : `$${signal.length}\r\n${signal}\r\n`);
      }
    }
  });

  test("saves as shutdown-on-sigterm and shutdown-on-sigint say", async () => {
    const cases = [
      ["SIGTERM", "--save", "3600 100", "--shutdown-on-sigterm", "nosave", "--shutdown-on-sigint", "save"],
      ["SIGINT", "--save", "", "--shutdown-on-sigterm", "nosave", "--shutdown-on-sigint", "save force"],
    ] as const;
    for (const [signal, ...args] of cases) {
      const dir = mkdtempSync(join(scratch, "options-"));
      await using server = await start({ dir, args });
      await ask(server, "SET", "key", "value");
      server.kill(signal);
      expect(await server.exited).toBe(0);
      expect({ signal, saved: existsSync(join(dir, "dump.rdb")) }).toEqual({ signal, saved: signal === "SIGINT" });
    }
  });

  test("does not come while the data cannot be saved, and does once it can", async () => {
    await using server = await start({ args: ["--save", "3600 100"] });
    const obstacle = join(server.dir, "dump.rdb");
    mkdirSync(obstacle);
    for (let attempt = 1; attempt <= 2; attempt++) {
      server.kill("SIGTERM");
      for (let log = ""; log.split("can't exit.").length - 1 < attempt; log = await server.log()) await ask(server, "PING");
    }
    rmdirSync(obstacle);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(existsSync(obstacle)).toBe(true);
  });

  test("comes with code 0 by SHUTDOWN", async () => {
    for (const mode of ["SAVE", "NOSAVE"]) {
      const dir = mkdtempSync(join(scratch, "shutdown-"));
      await using server = await start({ dir, args: ["--save", ""] });
      const client = await server.connect();
      await client.command("SET", "key", "value");
      client.command("SHUTDOWN", mode).catch(() => {});
      await client.closed;
      expect(await server.exited).toBe(0);
      expect({ mode, saved: existsSync(join(dir, "dump.rdb")) }).toEqual({ mode, saved: mode === "SAVE" });
    }
  });
});

describe("daemonize yes", () => {
  test("leaves a server behind and ends with code 0 once it serves", async () => {
    const dir = mkdtempSync(join(scratch, "daemon-"));
    const port = freePort();
    const words = [
      "-",
      "--daemonize",
      "yes",
      "--port",
      String(port),
      "--dir",
      dir,
      "--pidfile",
      "it.pid",
      "--logfile",
      "it.log",
      "--save",
      "",
    ];
    const outcome = await run(words, { input: "timeout 9\n" });
    const pid = Number(readFileSync(join(dir, "it.pid"), "utf8"));
    try {
      expect(outcome).toEqual({ code: 0, out: "", err: "" });
      const client = await connect(port);
      expect((await client.command("CONFIG", "GET", "timeout")).toString()).toContain("\r\n9\r\n");
      expect((await client.command("INFO", "server")).toString()).toContain(`process_id:${pid}\r\n`);
      client.command("SHUTDOWN").catch(() => {});
      await client.closed;
    } finally {
      const patience = setTimeout(() => process.kill(pid, "SIGKILL"), PATIENCE_MS);
      await gone(pid);
      clearTimeout(patience);
    }
    expect(readFileSync(join(dir, "it.log"), "utf8")).toContain(`${pid}:M `);
    expect(existsSync(join(dir, "it.pid"))).toBe(false);
  });

  test("says why it cannot serve, with code 1", async () => {
    await using server = await start({ args: ["--save", ""] });
    const outcome = await run(["--daemonize", "yes", "--port", String(server.port)]);
    const reason = `Failed listening on port ${server.port} (tcp) of *: address already in use`;
    expect(outcome).toEqual({ code: 1, out: "", err: `replicant: ${reason}\n` });
  });
});

describe("the runtime's compiler threads", () => {
  test.if(process.platform === "linux")("let clients go first", async () => {
    await using server = await start();
    const client = await connect(server.port);
    const deadline = Date.now() + PATIENCE_MS;
    // Requests in plenty are compiled sooner or later, and by whom can be read off the process.
    while (!allLowered(server.pid)) {
      if (Date.now() > deadline) throw new Error(`the threads are ${JSON.stringify(compilerNiceness(server.pid))}`);
      await Promise.all(Array.from({ length: 1000 }, (_, index) => client.command("SET", `key:${index}`, index)));
    }
    await client.close();
  });

  /** Of each compiler thread. Field 19 of stat, counted behind the name in brackets. */
  function compilerNiceness(pid: number): number[] {
    const stats = readdirSync(`/proc/${pid}/task`).map((thread) => statOf(`/proc/${pid}/task/${thread}/stat`));
    const compilers = stats.filter((stat) => stat.includes("(JITWorker)"));
    return compilers.map((stat) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]));
  }

  /** -> "" for a thread that has ended. */
  function statOf(path: string): string {
    try {
      return readFileSync(path, "latin1");
    } catch {
      return "";
    }
  }

  function allLowered(pid: number): boolean {
    const nicenesses = compilerNiceness(pid);
    return nicenesses.length > 0 && nicenesses.every((niceness) => niceness >= 10);
  }
});
