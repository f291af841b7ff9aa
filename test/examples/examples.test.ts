/** The programs of examples/, run as their heads say. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

function start(name: string, env: Readonly<Record<string, string>> = {}, ...words: readonly string[]) {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const;
  return Bun.spawn([process.execPath, `examples/${name}.ts`, ...words], options);
}

/** Runs one to its end. Returns the lines that it printed. */
async function run(name: string, ...words: readonly string[]): Promise<string[]> {
  const child = start(name, {}, ...words);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out.trim().split("\n");
}

describe("examples", () => {
  test("all are tried here, and named in the README", () => {
    const names = readdirSync(join(ROOT, "examples")).toSorted();
    expect(names).toEqual(["audit.ts", "cache.ts", "jobs.ts", "sessions.ts"]);
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    expect(names.filter((name) => !readme.includes(`examples/${name}`))).toEqual([]);
  });

  test("sessions: visits are counted for each user, over a restart too, until the user leaves", async () => {
    const folder = mkdtempSync(join(tmpdir(), "replicant-sessions-"));
    const serve = async () => {
      const child = start("sessions", { PORT: "0", DATA: folder });
      const { value } = await child.stdout.getReader().read();
      const [, url = ""] = /Sessions at (\S+)/.exec(Buffer.from(value ?? []).toString()) ?? [];
      const ask = async (cookie: string, path: string, body?: string) => {
        const headers = { cookie };
        const response = await fetch(new URL(path, url), body === undefined ? { headers } : { headers, method: "POST", body });
        return { text: await response.text(), cookie: response.headers.get("set-cookie")?.split(";")[0] ?? cookie };
      };
      const end = (): Promise<number> => {
        child.kill("SIGTERM");
        return child.exited;
      };
      return { ask, end };
    };
    const first = await serve();
    expect((await first.ask("", "/")).text).toBe("Log in first\n");
    const ada = await first.ask("", "/login", "ada");
    const grace = await first.ask("", "/login", "grace");
    expect(ada.text).toBe("Welcome ada\n");
    for (const visit of [1, 2]) expect((await first.ask(ada.cookie, "/")).text).toBe(`Hello ada, visit ${visit}\n`);
    expect((await first.ask(grace.cookie, "/")).text).toBe("Hello grace, visit 1\n");
    expect(await first.end()).toBe(0);

    const second = await serve();
    expect((await second.ask(ada.cookie, "/")).text).toBe("Hello ada, visit 3\n");
    expect((await second.ask(ada.cookie, "/logout", "")).text).toBe("Bye\n");
    expect((await second.ask(ada.cookie, "/")).text).toBe("Log in first\n");
    expect((await second.ask(grace.cookie, "/")).text).toBe("Hello grace, visit 2\n");
    expect(await second.end()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test("jobs: each is done, in its time, the one that failed too", async () => {
    expect((await run("jobs")).slice(0, 4)).toEqual(["grace: mailbox full, attempt 1", "sent to ada", "sent to grace", "sent to edsger"]);
  });

  test("cache: what it holds is forgotten when someone else changes it", async () => {
    expect(await run("cache")).toEqual(["20 1000 hits, 1 miss", "25 1000 hits, 2 misses"]);
  });

  test("audit: the log has every change once, those too that were made while no one wrote it", async () => {
    expect(await run("audit")).toEqual([
      "incrby account:ada 50",
      "set account:grace 0",
      "decrby account:ada 30 part of one",
      "incrby account:grace 30 part of one",
      "del account:ada",
    ]);
  });
});
