import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../support/client.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { AtTerminal, COLUMNS, MAIN, type Screen } from "../../support/terminal.ts";

describe.skipIf(process.platform === "win32")("replicant cli at a terminal", () => {
  let server: TestServer;
  let home: string;
  let prompt: string;
  beforeAll(async () => {
    server = await startServer();
    home = mkdtempSync(join(tmpdir(), "replicant-home-"));
    prompt = `127.0.0.1:${server.port}>`;
  });
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  /** One that has shown its prompt. */
  async function start(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<AtTerminal> {
    const session = new AtTerminal(["cli", "-p", String(server.port), ...words], { HOME: home, ...env });
    await session.shows(({ line }) => line === prompt);
    return session;
  }
  const idle = ({ line }: Screen) => line === prompt;

  test("executes lines, shows hints and completes commands", async () => {
    await using session = await start();
    await session.type("set k ", ({ line }) => line.startsWith(`${prompt} set k value [NX|XX`));
    await session.type("v\r", idle);
    expect(session.screen.text).toBe(`${prompt} set k v\nOK\n${prompt}`);
    await session.type("hget\t", ({ line }) => line === `${prompt} HGET`);
    await session.type("\t", ({ line }) => line === `${prompt} HGETALL`);
    await session.type("\x1b", ({ line }) => line === `${prompt} hget`);
    await session.type("\x15help @hype\t", ({ line }) => line === `${prompt} help @hyperloglog`);
    await session.type("\r", idle);
    expect(session.screen.text).toContain("  PFADD key [element [element ...]]\n  summary: ");
    await session.type("help pfcount\r", ({ text }) => text.endsWith(`group: hyperloglog\n\n${prompt}`));
    await session.type(":set nohints\rget ", ({ line }) => line === `${prompt} get`);
    expect(await session.end("\x15quit\r")).toBe(0);
  });

  test("edits with the keys of Emacs, over more than a row and in any script", async () => {
    await using session = await start(["--no-raw"]);
    await session.type('echo two"\x01\x1bf "one\x05!\x02\x04\x08"\r', ({ text }) => text.endsWith(`\n"one two"\n${prompt}`));
    expect(session.screen.text).toStartWith(`${prompt} echo "one two"\n`);
    await session.type("echo 'äöü 漢字'\x02\x7f\x7f€\r", ({ text }) => text.includes("\\xe2\\x82\\xac") && text.endsWith(prompt));
    const long = "x".repeat(COLUMNS * 2);
    await session.type(`echo ${long}`, ({ text }) => text.replaceAll("\n", "").endsWith(`echo ${long}`));
    await session.type("\x01\x04\x04\x04\x04set key\x05\x17", ({ line }) => line.startsWith(`${prompt} set key value`));
    await session.type("\x19", ({ text }) => text.replaceAll("\n", "").endsWith(`set key ${long}`));
    await session.type("\r", ({ text }) => text.endsWith(`OK\n${prompt}`));
    await session.type("ehco\x14x\x15\x0c", ({ text }) => text === prompt);
    expect(await session.end("\x04")).toBe(0);
  });

  test("keeps a history without passwords, and searches it", async () => {
    const file = join(home, "history");
    {
      await using session = await start([], { REDISCLI_HISTFILE: file });
      for (const line of ["ping first", "auth secret", "config set requirepass ''", "ping second", "ping second"]) {
        await session.type(`${line}\r`, idle);
      }
      await session.end("\x04");
    }
    expect(readFileSync(file, "utf8")).toBe("ping first\nping second\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await using session = await start([], { REDISCLI_HISTFILE: file });
    await session.type("\x1b[A", ({ line }) => line.startsWith(`${prompt} ping second`));
    await session.type("\x10", ({ line }) => line.startsWith(`${prompt} ping first`));
    await session.type("\x0e\x0e", idle);
    await session.type("\x12ping", ({ line }) => line === "(reverse-i-search)`ping': ping second");
    await session.type("\x12", ({ line }) => line === "(reverse-i-search)`ping': ping first");
    await session.type("\r", ({ text }) => text.includes('"first"') && text.endsWith(prompt));
    await session.type("x\x12second\x07", ({ line }) => line === `${prompt} x`);
    expect(await session.end("\x03")).toBe(0);
  });

  test("shows the database, MULTI and the subscribed mode in its prompt", async () => {
    await using session = await start();
    const place = prompt.slice(0, -1);
    await session.type("select 3\r", ({ line }) => line === `${place}[3]>`);
    await session.type("multi\r", ({ line }) => line === `${place}[3](TX)>`);
    await session.type("select 0\rdiscard\r", ({ line }) => line === `${place}[3]>`);
    await session.type("reset\r", idle);
    await session.type("subscribe news\r", ({ line }) => line.startsWith("Reading messages..."));
    const publisher = await connect(server.port);
    await publisher.command("PUBLISH", "news", "hello");
    publisher.close();
    await session.shows(({ text, line }) => text.includes('3) "hello"') && line.startsWith("Reading messages..."));
    await session.type("p", ({ line }) => line.startsWith(`${place}(subscribed mode)> p`));
    await session.type("ing\r", ({ text, line }) => text.includes('1) "pong"') && line.startsWith("Reading"));
    await session.type("\x03", idle);
    await session.type("ping\r", ({ text }) => text.endsWith(`PONG\n${prompt}`));
    await session.type("monitor\r", ({ text }) => text.endsWith("OK\n"));
    session.interrupt();
    await session.shows(({ text }) => text.endsWith(`OK\n${prompt}`));
    expect(await session.end("exit\r")).toBe(0);
  });

  test("connects again when the connection is lost, and says when it cannot", async () => {
    await using session = await start();
    const other = await connect(server.port);
    await other.command("CLIENT", "KILL", "TYPE", "NORMAL");
    other.close();
    await session.type("ping\r", ({ text }) => /\n(?:not connected>|127\S+>)$/.test(text));
    await session.type("ping\r", ({ text }) => text.endsWith(`PONG\n${prompt}`));
    await session.type("connect 127.0.0.1 1\r", ({ line }) => line === "not connected>");
    expect(session.screen.text).toContain("Could not connect to Redis at 127.0.0.1:1: Connection refused\n");
    await session.type(`connect 127.0.0.1 ${server.port}\r`, idle);
  });

  test("asks for a password without showing it, reads preferences and has a chart of latencies", async () => {
    await using admin = await startServer({ requirepass: "s3cret" });
    await using session = new AtTerminal(["cli", "-p", String(admin.port), "--askpass", "ping"], { HOME: home });
    await session.shows(({ line }) => line === "Please input password:");
    await session.type("s3cret", ({ line }) => line === "Please input password: ******");
    await session.type("\r", ({ text }) => text.includes("PONG"));
    expect(await session.end("")).toBe(0);

    const preferences = join(home, "rc");
    writeFileSync(preferences, ":set nohints\n:set nonsense\n");
    await using quiet = await start([], { REDISCLI_RCFILE: preferences, REDISCLI_HISTFILE: "/dev/null" });
    expect(quiet.screen.text).toStartWith(".redisclirc: unknown redis-cli preference 'nonsense'\n");
    await quiet.type("get ", ({ line }) => line === `${prompt} get`);
    expect(existsSync(join(home, ".rediscli_history"))).toBe(true); // of the tests before

    await using latency = new AtTerminal(["cli", "-p", String(server.port), "--latency"], { HOME: home });
    await latency.shows(({ line }) => /^min: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\) [▁▂▃▄▅▆▇█]{3,} [\d.]+ ms$/.test(line));
  });
});

test.skipIf(process.platform !== "linux")("words of any bytes are sent as they are, and a reader that goes ends the program", async () => {
  await using server = await startServer();
  const shell = `"$BUN" "$MAIN" cli -p ${server.port} set k "$(printf 'a\\377\\303\\244b')" && "$BUN" "$MAIN" cli -p ${server.port} --no-raw get k
    "$BUN" "$MAIN" cli -p ${server.port} -r -1 ping | head -n 2`;
  const child = Bun.spawn(["sh", "-c", shell], { env: { ...process.env, BUN: process.execPath, MAIN }, stdout: "pipe", stderr: "pipe" });
  expect(await child.stdout.text()).toBe('OK\n"a\\xff\\xc3\\xa4b"\nPONG\nPONG\n');
  expect(await child.stderr.text()).toBe("");
});
