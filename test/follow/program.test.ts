/** `replicant follow` as a program: lines, options, exit codes. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followProgram } from "../../src/follow/program.ts";
import { until } from "../replication/support.ts";
import { startSource, urlOf } from "./support.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

class Program implements AsyncDisposable {
  readonly lines: Record<string, unknown>[] = [];
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  text = "";
  private readonly reading: Promise<void>;

  constructor(words: readonly string[], env: Record<string, string> = {}) {
    this.process = Bun.spawn([process.execPath, MAIN, "follow", ...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...env },
    });
    this.reading = this.read();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.process.stdout) {
      this.text += decoder.decode(chunk, { stream: true });
      const whole = this.text.split("\n").slice(0, -1);
      for (const line of whole.slice(this.lines.length)) this.lines.push(line.startsWith("{") ? JSON.parse(line) : { line });
    }
  }

  async line(holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    await until("a line", () => this.lines.some(holds));
    return this.lines.find(holds) ?? {};
  }

  /** Returns the exit code and what was complained of. */
  async end(signal: NodeJS.Signals | null = null): Promise<readonly [number, string]> {
    if (signal !== null) this.process.kill(signal);
    const code = await this.process.exited;
    await this.reading;
    return [code, await new Response(this.process.stderr).text()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}

const kind = (name: string) => (line: Record<string, unknown>) => line.kind === name;

describe("replicant follow", () => {
  test("shows a JSON object a line, keeps its position in a file when it is ended, and goes on there", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-follow-"));
    try {
      await using source = await startSource("ours");
      await source.client.text("ACL", "SETUSER", "default", "on", ">secret");
      await source.client.command("HSET", "h", "f", Buffer.of(0xff), "__proto__", "g");
      await source.client.command("ZADD", "z", "inf", "m");
      const file = join(dir, "position");
      const words = ["--json", "--position-file", file];
      const env = { REPLICANT_URL: urlOf(source), REDISCLI_AUTH: "secret" };
      await using first = new Program(words, env);
      await first.line(kind("image-end"));
      expect(await first.line(({ key }) => key === "z")).toMatchObject({ value: [["m", "inf"]], type: "zset", expireAt: null });
      expect(first.text).toContain('"value":{"f":{"base64":"/w=="},"__proto__":"g"}');
      await source.client.text("SET", "k", "v");
      const change = await first.line(kind("change"));
      expect(change).toMatchObject({ db: 0, key: "k", type: "string", command: "set", args: ["k", "v"], transaction: null });
      expect(await first.end("SIGINT")).toEqual([0, ""]);
      expect(readFileSync(file, "latin1")).toBe(`${change.position}\n`);
      await source.client.text("SET", "next", "v");
      await using second = new Program([...words, "--values", "--keys", "n*"], env);
      // The values of before were in the other process.
      expect(await second.line(kind("gap"))).toMatchObject({ reason: "copy", after: change.position });
      await using third = new Program([urlOf(source), "--json", "--from", String(change.position), "--types", "string", "--db", "0"], {
        REDISCLI_AUTH: "secret",
      });
      expect(await third.line(kind("change"))).toMatchObject({ key: "next" });
      expect(await third.end("SIGTERM")).toEqual([0, ""]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("ends quietly when no one reads any more, and shows short lines to people", async () => {
    await using source = await startSource("ours");
    await source.client.text("SET", "a b", "1");
    const script = `"$0" "$1" follow ${urlOf(source)} --keys 'a*' | head -n 2; echo $\{PIPESTATUS[0]}`;
    const shell = Bun.spawn(["bash", "-c", script, process.execPath, MAIN], { stdout: "pipe", stderr: "pipe" });
    // Something must be written for it to be noticed.
    const writing = setInterval(() => void source.client.text("SET", "a b", "2"), 50);
    const text = await new Response(shell.stdout).text();
    clearInterval(writing);
    const [start, ...rest] = text.split("\n");
    expect(start).toMatch(/^image of history [0-9a-f]{40} at offset \d+$/);
    expect(rest).toEqual(['image db0 string "a b"', "0", ""]);
    expect(await new Response(shell.stderr).text()).toBe("");
  });

  for (const [words, code, message] of [
    [[], 2, "a URL is needed"],
    [["--form"], 2, "there is no option --form"],
    [["--db"], 2, "--db needs a word behind it"],
    [["--db", "x"], 2, "--db needs a number, not x"],
    [["--types", "lists"], 2, "there is no type lists"],
    [["--mode", "spy"], 2, "there is no mode spy"],
    [["--cacert", "/nowhere"], 2, "--cacert: No such file or directory"],
    [["http://x"], 2, "is neither HOST:PORT nor a redis:// or rediss:// URL"],
    [["redis://someone:secret@127.0.0.1:1"], 1, "a password on the command line can be seen by others"],
  ] as const) {
    test(`ends with ${code}: ${words.join(" ")}`, async () => {
      let complaint = "";
      const ended = await followProgram(words, {
        print: async () => {},
        complain: (text) => {
          complaint += text;
        },
        environment: {},
        signal: new AbortController().signal,
      });
      expect(complaint).toContain(message);
      expect(ended).toBe(code);
    });
  }

  test("explains itself", async () => {
    await using program = new Program(["--help"]);
    expect(await program.end()).toEqual([0, ""]);
    expect(program.text).toContain("Usage: replicant follow");
  });
});
