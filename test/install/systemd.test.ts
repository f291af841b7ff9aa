/** The service of install/systemd: what systemd's own tools say of it, and its command run as systemd runs it, with a socket to notify. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../replication/support.ts";
import { Datagrams, hasDatagrams } from "../support/datagrams.ts";
import { startServer } from "../support/process.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "install/systemd");
const UNIT = readFileSync(join(FOLDER, "replicant.service"), "utf8");
const MAIN = join(ROOT, "src/main.ts");
const isLong = process.env.REPLICANT_LONG === "1";
const has = (...programs: readonly string[]): boolean => programs.every((name) => Bun.which(name) !== null);

/** The values of a key, in their order. */
const values = (key: string): string[] => Array.from(UNIT.matchAll(new RegExp(`^${key}=(.*)$`, "gm")), ([, value = ""]) => value);

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "replicant-systemd-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What `systemd-analyze` says of the unit with other lines in it, and an executable where it names one. */
function analyze(words: readonly string[], unit = UNIT): { code: number; out: string } {
  const executable = join(scratch, "replicant");
  const file = join(scratch, "replicant.service");
  writeFileSync(executable, "#!/bin/sh\n");
  chmodSync(executable, 0o755);
  writeFileSync(file, unit.replaceAll("/usr/local/bin/replicant", executable));
  const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...words, file]);
  return { code: exitCode, out: `${stdout}${stderr}` };
}

describe.skipIf(!has("systemd-analyze"))("systemd-analyze (skipped where there is none)", () => {
  test("has nothing against the unit", () => {
    expect(analyze(["verify", "--man=no"])).toEqual({ code: 0, out: "" });
  });

  test("would say so", () => {
    expect(analyze(["verify", "--man=no"], UNIT.replace("NoNewPrivileges", "NoNewPrivilege")).out).toContain("Unknown key");
    expect(analyze(["verify", "--man=no"], UNIT.replace(/^ExecStart=.*$/m, "ExecStart=/nowhere/replicant")).code).not.toBe(0);
  });

  test("finds an exposure of 1.4 at most", () => {
    const exposure = (unit?: string) =>
      Number(/Overall exposure level for \S+: ([\d.]+)/.exec(analyze(["security", "--offline=true"], unit).out)?.[1]);
    expect(exposure()).toBeLessThanOrEqual(1.4);
    expect(exposure(UNIT.replace("CapabilityBoundingSet=\n", ""))).toBeGreaterThan(3);
  });
});

describe.skipIf(!has("systemd-sysusers", "systemd-tmpfiles") || process.getuid?.() !== 0)(
  "its user and its directory (skipped without systemd's tools or not as root)",
  () => {
    test("are made, the directory closed to all others", () => {
      const root = join(scratch, "root");
      mkdirSync(join(root, "etc"), { recursive: true });
      for (const [file, folder] of [
        ["replicant.sysusers", "usr/lib/sysusers.d"],
        ["replicant.tmpfiles", "usr/lib/tmpfiles.d"],
      ]) {
        mkdirSync(join(root, folder), { recursive: true });
        copyFileSync(join(FOLDER, file), join(root, folder, "replicant.conf"));
      }
      for (const command of [["systemd-sysusers"], ["systemd-tmpfiles", "--create"]]) {
        const { exitCode, stderr } = Bun.spawnSync([...command, `--root=${root}`]);
        expect({ command, exitCode, said: exitCode === 0 ? "" : stderr.toString() }).toEqual({ command, exitCode: 0, said: "" });
      }
      const [, user] =
        /^replicant:x:(\d+):\d+:Replicant:\/var\/lib\/replicant:\S*nologin$/m.exec(readFileSync(join(root, "etc/passwd"), "latin1")) ?? [];
      const { uid, mode } = statSync(join(root, "etc/replicant"));
      expect({ uid, mode: mode & 0o777 }).toEqual({ uid: Number(user), mode: 0o750 });
      expect([...values("User"), ...values("Group")]).toEqual(["replicant", "replicant"]);
    });
  },
);

describe("the unit", () => {
  test("lets the executable be executed, and gives it the directories that its configuration names", () => {
    const configuration = readFileSync(join(FOLDER, "replicant.conf"), "utf8");
    const [program = ""] = (values("ExecStart")[0] ?? "").split(" ");
    expect(values("ExecPaths")[0]?.split(" ")).toContain(program);
    expect(values("NoExecPaths")).toEqual(["/"]);
    const [, dir] = /^dir (.*)$/m.exec(configuration) ?? [];
    expect(dir).toBe(`/var/lib/${values("StateDirectory")[0]}`);
    expect(values("WorkingDirectory")).toEqual([dir]);
    expect(configuration).toContain(`/run/${values("RuntimeDirectory")[0]}/`);
    // The runtime compiles to machine code.
    expect(values("MemoryDenyWriteExecute")).toEqual([]);
  });

  test.skipIf(!hasDatagrams)("runs its command until it is told to stop: ready, stopping (needs glibc)", async () => {
    const path = join(scratch, "notify");
    using manager = new Datagrams(path);
    const [program = "", ...words] = (values("ExecStart")[0] ?? "").split(" ");
    expect(program).toBe("/usr/local/bin/replicant");
    expect(values("Type")).toEqual(["notify"]);
    const configuration = join(scratch, "replicant.conf");
    const server = await startServer([process.execPath, MAIN], {
      line: (port, dir) => {
        const text = readFileSync(join(FOLDER, "replicant.conf"), "utf8");
        writeFileSync(configuration, text.replace(/^port .*$/m, `port ${port}`).replace(/^dir .*$/m, `dir ${dir}`));
        return words.map((word) => (word === "/etc/replicant/replicant.conf" ? configuration : word));
      },
      env: { NOTIFY_SOCKET: path },
    });
    await until("the server to be ready", () => manager.take().includes("READY=1\n"));
    const client = await server.connect();
    // The directory is its own: what it was told can be kept.
    expect(await client.text("CONFIG", "SET", "maxmemory", "123mb")).toBe("OK");
    expect(await client.text("CONFIG", "REWRITE")).toBe("OK");
    client.close();
    expect(readFileSync(configuration, "utf8")).toContain("maxmemory 123mb");
    expect(await server.stop("SIGTERM")).toBe(0);
    expect(manager.take().at(-1)).toBe("STOPPING=1\n");
  });
});

/** The names of a set of system calls, and of those that it is made of. */
function callsOf(set: string): string[] {
  if (!set.startsWith("@")) return [set];
  const { stdout } = Bun.spawnSync(["systemd-analyze", "syscall-filter", set]);
  const names = stdout
    .toString()
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
  return names.filter((name) => name !== "" && !name.startsWith("#")).flatMap(callsOf);
}

describe.skipIf(!isLong || !has("strace", "systemd-analyze", "redis-cli"))("its filter (with REPLICANT_LONG=1, strace and systemd)", () => {
  test("lets every system call pass that a server makes", async () => {
    const allowed = new Set<string>();
    for (const value of values("SystemCallFilter")) {
      const denies = value.startsWith("~");
      for (const name of value.replace("~", "").split(" ").flatMap(callsOf)) {
        if (denies) allowed.delete(name);
        else allowed.add(name);
      }
    }
    const trace = join(scratch, "trace");
    const socket = join(scratch, "socket");
    const server = await startServer(["strace", "-f", "-qq", "-c", "-U", "name", "-o", trace, process.execPath, MAIN], {
      args: ["--appendonly", "yes", "--unixsocket", socket],
    });
    const client = await server.connect();
    for (const words of [
      "SET a 1",
      "BGREWRITEAOF",
      "SAVE",
      "MEMORY PURGE",
      "REPLICAOF localhost 1",
      "INFO everything",
      "REPLICAOF NO ONE",
    ]) {
      expect(await client.text(...words.split(" "))).not.toStartWith("ERR");
    }
    expect(await client.text("EVAL", "local s = 0 for i = 1, 300000 do s = s + i end return s", "0")).toBe("45000150000");
    await client.command("SHUTDOWN").catch(() => null);
    await server.exited;
    await server.stop();
    const made = readFileSync(trace, "latin1")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^[a-z]\w*$/.test(line));
    expect(made).toContain("setpriority");
    expect(made).toContain("fdatasync");
    expect(made.filter((name) => !allowed.has(name) && name !== "syscall" && name !== "total")).toEqual([]);
  });
});
