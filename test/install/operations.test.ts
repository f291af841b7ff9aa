/**
 * The commands of docs/operations.md, run: each ```sh block in its order, in one folder, as one reads the page from top to bottom; what it prints
 * is the ```text block that follows. A ```sh elsewhere block is not run: it may only name programs that a machine of tests has not. It takes sixty
 * starts of the program, so that it is part of the longer run (REPLICANT_LONG=1), or of one with dist/replicant (REPLICANT_EXECUTABLE=1).
 */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { PATIENCE_MS } from "../support/limits.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const BLOCK = /^```(\S+)(?: (\S+))?\n(.*?)^```$/gms;
/** What other tests try (docker.test.ts, systemd.test.ts, kubernetes.test.ts), and what makes their input. */
const ELSEWHERE =
  /^(npm run build|docker (build|run|exec|stop)|install -|systemd-sysusers|systemd-tmpfiles|systemctl|journalctl|kubectl|head --bytes)/;

const isLong = process.env.REPLICANT_LONG === "1" || process.env.REPLICANT_EXECUTABLE === "1";

interface Session {
  readonly line: number;
  readonly commands: string;
  readonly prints: string;
}

const blocks = Array.from(PAGE.matchAll(BLOCK), ({ 1: language, 2: word, 3: text = "", index }) => {
  return { language, word, text, line: PAGE.slice(0, index).split("\n").length };
});
const sessions = blocks.flatMap(({ language, word, text, line }, index): Session[] => {
  if (language !== "sh" || word !== undefined) return [];
  const next = blocks.at(index + 1);
  return [{ line, commands: text, prints: next?.language === "text" ? next.text : "" }];
});

/** A network and processes of its own: ports are free, and what is left running ends with it. */
const ISOLATED = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--map-root-user"];
const isolated = Bun.which("unshare") !== null && Bun.spawnSync([...ISOLATED, "ip", "link", "set", "lo", "up"]).exitCode === 0;

describe("docs/operations.md", () => {
  test("has commands of the two kinds, and no others", () => {
    expect(sessions.length).toBeGreaterThan(8);
    for (const { language, word, text, line } of blocks) {
      expect({ line, kind: `${language} ${word ?? ""}`.trim() }).toEqual({ line, kind: expect.stringMatching(/^(sh|sh elsewhere|text)$/) });
      if (word !== "elsewhere") continue;
      for (const command of text.trimEnd().split("\n")) expect(command).toMatch(ELSEWHERE);
    }
  });

  test("names files and pages that there are", () => {
    const named = [...PAGE.matchAll(/\]\(([\w.-]+\.md)\)/g)].map(([, page]) => `docs/${page}`);
    const files = [...PAGE.matchAll(/\b(?:install|scripts|test|docs)\/[\w./-]*\w/g)].map(([path]) => path);
    // Written by another at the same time.
    for (const path of [...named, ...files].filter((each) => each !== "docs/metrics.md")) {
      expect({ path, there: Bun.spawnSync(["test", "-e", join(ROOT, path)]).exitCode }).toEqual({ path, there: 0 });
    }
  });

  test("explains messages that the server has", () => {
    const sources = [...new Glob("src/**/*.ts").scanSync(ROOT)].map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
    const [, table = ""] = /^\| message \|.*\n((?:\|.*\n)+)/m.exec(PAGE) ?? [];
    const messages = Array.from(table.matchAll(/^\| [^|`]*`([^`]+)`/gm), ([, message = ""]) => message);
    expect(messages.length).toBeGreaterThan(14);
    // That of musl is in scripts/try-executables.sh.
    for (const message of messages.filter((each) => !each.startsWith("Error loading shared library"))) {
      for (const part of message
        .split("...")
        .map((each) => each.trim())
        .filter((each) => each.length > 3)) {
        expect({ message, known: sources.includes(part) || sources.includes(part.replace(/^\S+ /, "")) }).toEqual({ message, known: true });
      }
    }
  });

  test.skipIf(!isolated || !isLong)("its commands print what it says (with REPLICANT_LONG=1, and a network of their own)", () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-operations-"));
    try {
      mkdirSync(join(folder, "bin"));
      const executable =
        process.env.REPLICANT_EXECUTABLE === "1" ? join(ROOT, "dist/replicant") : `${process.execPath}' '${join(ROOT, "src/main.ts")}`;
      writeFileSync(join(folder, "bin/replicant"), `#!/bin/sh\nexec '${executable}' "$@"\n`);
      chmodSync(join(folder, "bin/replicant"), 0o755);
      const script = sessions.map(({ line, commands }) => `echo "=== ${line}"\n${commands}`).join("");
      const { stdout, stderr, exitCode } = Bun.spawnSync([...ISOLATED, "bash", "-c", `ip link set lo up; set -eo pipefail; ${script}`], {
        cwd: folder,
        env: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` },
        stdin: "ignore",
        timeout: PATIENCE_MS,
      });
      const printed = new Map(
        stdout
          .toString()
          .split("=== ")
          .slice(1)
          .map((part) => [Number.parseInt(part, 10), part.replace(/^\d+\n/, "")]),
      );
      const errors = stderr.toString();
      for (const { line, prints } of sessions) {
        expect({ line, printed: printed.get(line), errors: exitCode === 0 ? "" : errors }).toEqual({ line, printed: prints, errors: "" });
      }
      expect(exitCode).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
