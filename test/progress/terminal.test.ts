/** The line that a server shows at a terminal while it loads or saves. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, Ours, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { freePort } from "../support/process.ts";
import { AtTerminal } from "../support/terminal.ts";

const LOG_LINE = /^\d+:[MC] \d\d \w{3} \d{4} [\d:.]+ [.*#-] .*$/;

/** A server at a terminal that loads a file of 400 keys, which takes eight seconds unless it is told to hurry. */
class Loading implements AsyncDisposable {
  readonly terminal: AtTerminal;
  readonly client: RawClient;
  readonly port: number;
  private readonly dir: string;

  private constructor(terminal: AtTerminal, client: RawClient, port: number, dir: string) {
    this.port = port;
    this.terminal = terminal;
    this.client = client;
    this.dir = dir;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Loading> {
    const dir = mkdtempSync(join(tmpdir(), "replicant-terminal-"));
    {
      await using server = await Ours.start({ dir });
      await load(server.client, 400, (index) => ["SET", `key:${index}`, `value:${index}`]);
      await server.client.text("SAVE");
    }
    const port = freePort();
    const words = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--key-load-delay", "20000"];
    const terminal = new AtTerminal(words, { NO_COLOR: "", ...env });
    await terminal.shows(({ text }) => text.includes("Server initialized"));
    return new Loading(terminal, await connect(port), port, dir);
  }

  /** Waits until it has gone on for so long that it would be shown. */
  async isLong(): Promise<void> {
    await until("a long load", async () => {
      const running = itemsOf(mapOf(decode(await this.client.command("REPLICANT.PROGRESS"))).get("running"));
      return running.some((one) => Number(textOf(mapOf(one).get("seconds"))) > 1);
    });
  }

  async finish(): Promise<string[]> {
    await this.client.text("CONFIG", "SET", "key-load-delay", 0);
    await this.terminal.shows(({ text }) => text.includes("Ready to accept connections"));
    return this.terminal.screen.text.trimEnd().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.terminal[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

describe.skipIf(process.platform === "win32")("a server at a terminal", () => {
  test("shows how far it is below the lines of its log, and nothing once that is over", async () => {
    await using server = await Loading.start();
    const { terminal, client } = server;
    await terminal.shows(({ line }) => /^Loading DB from disk: \d+% \(\d.* of 7\.\d KB\), .* left$/.test(line));
    const first = terminal.screen.line;
    await terminal.shows(({ line }) => line !== first);
    // A line of the log goes above it.
    await client.text("CONFIG", "SET", "loglevel", "debug");
    const other = await connect(server.port);
    await terminal.shows(({ text, line }) => text.includes("Accepted 127.0.0.1") && line.startsWith("Loading DB"));
    other.close();
    const rows = terminal.screen.text.split("\n");
    await client.text("CONFIG", "SET", "loglevel", "warning");
    await terminal.shows(({ line }) => line === "");
    await client.text("CONFIG", "SET", "loglevel", "notice");
    await terminal.shows(({ line }) => line.startsWith("Loading DB"));
    expect(rows.slice(0, -1).filter((row) => !LOG_LINE.test(row))).toEqual([]);
    const lines = await server.finish();
    expect(lines.filter((line) => !LOG_LINE.test(line))).toEqual([]);
    expect(terminal.screen.text).not.toContain("Loading DB from disk:");
    expect(terminal.screen.line).toBe("");
  });

  test("that knows no escape sequences writes only its log", async () => {
    await using server = await Loading.start({ TERM: "dumb" });
    await server.isLong();
    await server.finish();
    expect(server.terminal.raw).not.toContain("\x1b");
    expect(server.terminal.raw).not.toContain("Loading DB from disk:");
  });

  test("ends with the line gone when it is stopped meanwhile", async () => {
    await using server = await Loading.start();
    await server.terminal.shows(({ line }) => line.startsWith("Loading DB from disk: "));
    server.terminal.interrupt();
    await server.terminal.exited;
    await server.terminal.shows(({ text }) => text.includes("bye bye"));
    expect(server.terminal.screen.text).not.toContain("Loading DB from disk:");
  });
});
