/**
 * Server processes for tests and benchmarks: started on a port of their own in a directory of their own, known to answer before anyone
 * uses them, and gone (process and directory) after `stop()`. It starts any executable that takes Redis's command line: redis-server,
 * redis-sentinel, ours.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientOptions, connect, type RawClient } from "./client.ts";
import { PATIENCE_MS } from "./limits.ts";

const LOCALHOST = "127.0.0.1";
/** Ports are picked free, but another process may take one before the server binds it: then another is picked. */
const PORT_ATTEMPTS = 8;

export type StartOptions = {
  /**
   * Directives as command-line words, e.g. `["--appendonly", "yes"]`. They follow, and so override, the ones given by us (port, bind,
   * dir).
   */
  readonly args?: readonly string[];
  /**
   * The whole command line behind `command`, for tests of the command line itself: then nothing is given by us, and the directory is where
   * the process runs.
   */
  readonly line?: (port: number, dir: string) => readonly string[];
  /** What it reads from standard input; else that is empty. */
  readonly input?: string;
  /** Text of a configuration file, written to `<dir>/server.conf` and passed first. A Sentinel cannot start without one. */
  readonly config?: string;
  /** The data directory: kept by `stop()` when it is given here, else a new one, removed in the end. */
  readonly dir?: string;
  /** The port, when a test needs the one a server had before; else a free one. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How long the server may take to answer PING, in ms (PATIENCE_MS unless told). */
  readonly timeoutMs?: number;
  /** Pause between two attempts to reach it, in ms (5 unless told). */
  readonly pollMs?: number;
};

/** A running server; `stop()` it, or use `await using`. */
export class ServerProcess implements AsyncDisposable {
  /** From the spawn to the first answered PING that was not "-LOADING", in ms. */
  readonly startMs: number;
  readonly port: number;
  readonly dir: string;
  private readonly child: Bun.Subprocess;
  private readonly removeDir: boolean;
  private readonly killAtExit: () => void;

  constructor(child: Bun.Subprocess, port: number, dir: string, removeDir: boolean, startMs: number, killAtExit: () => void) {
    this.child = child;
    this.port = port;
    this.dir = dir;
    this.removeDir = removeDir;
    this.startMs = startMs;
    this.killAtExit = killAtExit;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Resolves to the exit code once the process has ended, for whatever reason (null when a signal did). */
  get exited(): Promise<number | null> {
    return this.child.exited.then(() => this.child.exitCode);
  }

  connect(options: ClientOptions = {}): Promise<RawClient> {
    return connect(this.port, options);
  }

  /** Everything the server has printed so far. */
  log(): Promise<string> {
    return Bun.file(logPath(this.dir)).text();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process (SIGTERM, and SIGKILL when it is not gone in PATIENCE_MS), reaps it and removes its directory; -> the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    await end(this.child, signal);
    process.off("exit", this.killAtExit);
    if (this.removeDir) rmSync(this.dir, { recursive: true, force: true });
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A TCP port of 127.0.0.1 that no one listens on. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: LOCALHOST, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/**
 * Starts `command` (the executable and its leading words) as a server and waits until it answers. Throws, with the end of what it
 * printed, when it ends before that or takes too long.
 */
export async function startServer(command: readonly string[], options: StartOptions = {}): Promise<ServerProcess> {
  const dir = realpathSync(options.dir ?? mkdtempSync(join(tmpdir(), "replicant-test-")));
  try {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await tryStart(command, options.port ?? freePort(), dir, options);
      if (outcome instanceof ServerProcess) return outcome;
      if (outcome === "port taken" && options.port === undefined && attempt < PORT_ATTEMPTS) continue;
      const printed = await Bun.file(logPath(dir)).text();
      throw new Error(`${command.join(" ")}: ${outcome}. It printed:\n${printed.slice(-2000)}`);
    }
  } catch (error) {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

async function tryStart(command: readonly string[], port: number, dir: string, options: StartOptions): Promise<ServerProcess | string> {
  const words = [...command];
  if (options.config !== undefined) {
    const file = join(dir, "server.conf");
    await Bun.write(file, options.config);
    words.push(file);
  }
  const ours = options.line === undefined;
  if (ours) words.push("--port", String(port), "--bind", LOCALHOST, "--dir", dir);
  words.push(...(options.line?.(port, dir) ?? []), ...(options.args ?? []));
  const log = Bun.file(logPath(dir));
  const started = performance.now();
  const stdin = options.input === undefined ? "ignore" : Buffer.from(options.input);
  const env = { ...process.env, ...options.env };
  const child = Bun.spawn(words, { stdin, stdout: log, stderr: log, env, ...(ours ? {} : { cwd: dir }) });
  const killAtExit = (): void => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const answered = await untilAnswering(child, port, dir, options);
  if (typeof answered === "number") return new ServerProcess(child, port, dir, options.dir === undefined, answered - started, killAtExit);
  await end(child, "SIGKILL");
  process.off("exit", killAtExit);
  return /address already in use|EADDRINUSE/i.test(await log.text()) ? "port taken" : answered;
}

/** -> when (`performance.now()`) the server first answered PING with anything but "-LOADING", or why it will not. */
async function untilAnswering(child: Bun.Subprocess, port: number, dir: string, options: StartOptions): Promise<number | string> {
  const { timeoutMs = PATIENCE_MS, pollMs = 5 } = options;
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) return `ended with ${child.exitCode ?? child.signalCode} before it answered`;
    const answer = await probe(port, deadline - performance.now());
    const answeredAt = performance.now();
    if (answer !== null && !answer.startsWith("-LOADING")) return (await isAnothersServer(port, dir, options)) ? "port taken" : answeredAt;
    await Bun.sleep(pollMs);
  }
  return `did not answer PING on port ${port} within ${timeoutMs} ms`;
}

async function probe(port: number, timeoutMs: number): Promise<string | null> {
  let client: RawClient | null = null;
  try {
    client = await connect(port, { timeoutMs });
    return (await client.command("PING")).toString("latin1");
  } catch {
    return null; // refused, or closed while it starts: not yet
  } finally {
    client?.close();
  }
}

/** Whether the one who answered is not the process we started but a stranger that took the port first: it works in another directory. */
async function isAnothersServer(port: number, dir: string, options: StartOptions): Promise<boolean> {
  if (options.args?.includes("--dir") === true) return false;
  const client = await connect(port);
  try {
    const reply = (await client.command("CONFIG", "GET", "dir")).toString();
    return !reply.startsWith("-") && reply.includes("dir\r\n") && !reply.includes(dir);
  } finally {
    client.close();
  }
}

async function end(child: Bun.Subprocess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await child.exited;
  clearTimeout(patience);
}

function logPath(dir: string): string {
  return join(dir, "server.log");
}
