/** The program: command line to configuration to server, signals, exit codes. The only file that knows of a process. */

import { readFileSync } from "node:fs";
import { crashBySignal, crashOf } from "./commands/server/crash-report.ts";
import { parseArguments } from "./config/arguments.ts";
import { Config } from "./config/config.ts";
import { ConfigError } from "./config/error.ts";
import { usage } from "./config/help.ts";
import { LogFileError } from "./log.ts";
import { lowerCompilerThreads } from "./process/compiler-threads.ts";
import { daemon, startInBackground } from "./process/daemon.ts";
import { FileLimitError } from "./process/fd-limit.ts";
import { IdleMemory } from "./process/idle-memory.ts";
import { followSignals } from "./process/signals.ts";
import { supervision } from "./process/supervision.ts";
import { Server } from "./server.ts";
import { LoadError } from "./snapshot/load-handler.ts";
import { refuseMistyped, SUBCOMMANDS } from "./subcommands.ts";
import { ListenError } from "./transport/listeners.ts";
import { TlsError } from "./transport/tls.ts";
import { VERSION_LINE } from "./version.ts";

/** Failures that are not ours and need a person: said in one line, without a stack. */
const EXPECTED = [ConfigError, FileLimitError, ListenError, TlsError, LoadError, LogFileError];

/** What a server ends with that was told to by DEBUG SEGFAULT. */
const SEGFAULT_CODE = crashBySignal("SIGSEGV").code;

async function main(argv: readonly string[]): Promise<number> {
  const [first = "", ...rest] = argv;
  const subcommand = SUBCOMMANDS.get(first);
  if (subcommand !== undefined) return subcommand(rest);
  refuseMistyped(first);
  let input = "";
  const readStdin = (): string => {
    input = readFileSync(0, "latin1");
    return input;
  };
  const parsed = parseArguments(argv, (path) => readFileSync(path, "latin1"), readStdin);
  if (parsed.kind === "help") {
    process.stdout.write(usage());
    return 0;
  }
  if (parsed.kind === "version") {
    process.stdout.write(`${VERSION_LINE}\n`);
    return 0;
  }
  const config = new Config(parsed.settings);
  const background = daemon(process.env);
  const { supervised } = config.values;
  // Who supervises a process wants to see it.
  if (config.values.daemonize && supervised === "no" && !background.inBackground) return startInBackground(ownCommand(argv), input);
  const server = new Server(config);
  followSignals(server, process);
  handleCrashes(server);
  handleAbort(server);
  const manager = supervision(supervised, process.env, server.log, () => process.kill(process.pid, "SIGSTOP"));
  await server.start();
  lowerCompilerThreads(); // only now: while data is loaded there is no client to serve, and the load wants its code compiled
  const { stats, keyspace } = server;
  const idle = new IdleMemory({
    bytes: () => stats.bytesIn + stats.bytesOut + stats.replicationBytesIn + stats.replicationBytesOut,
    heldBytes: () => keyspace.space.objects.usedBytes,
  });
  idle.start();
  background.ready();
  manager.ready(config.values.replicaof !== null);
  const code = await server.stopped;
  if (code === SEGFAULT_CODE) endBy("SIGSEGV");
  manager.stopping();
  return code;
}

/** How this program was started: an executable of its own, or Bun with a script. */
function ownCommand(argv: readonly string[]): string[] {
  const script = Bun.main.startsWith("/$bunfs/") || Bun.main.startsWith("B:/~BUN/") ? [] : [Bun.main];
  return [process.execPath, ...script, ...argv];
}

/**
 * What is caught nowhere else is a broken invariant, or as bad: it goes to the log and the process ends, before it serves or saves wrong
 * data. Left alone, Bun would only print it and go on, because `main` is awaited.
 */
function handleCrashes(server: Server): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      server.crash(crashOf(error));
      process.exit(1);
    });
  }
}

/** SIGABRT leaves a bug report. (A handler of SIGSEGV would have one that is real come again for ever.) */
function handleAbort(server: Server): void {
  process.on("SIGABRT", () => {
    if (server.config.values["crash-log-enabled"]) server.crash(crashBySignal("SIGABRT"));
    endBy("SIGABRT");
  });
}

/** Ends the process as the signal does by itself; on Windows, which has no such signals, with its code. */
function endBy(signal: Parameters<typeof crashBySignal>[0]): void {
  if (process.platform === "win32") process.exit(crashBySignal(signal).code);
  // Once a handler has come and gone, the system's default is in force and not the runtime's.
  process.on(signal, () => {});
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Bad input, a port in use and a file that cannot be read say what was wrong in one line; anything else is our fault and shows where.
  const expected = EXPECTED.some((kind) => error instanceof kind);
  process.stderr.write(`replicant: ${expected && error instanceof Error ? error.message : describe(error)}\n`);
  process.exitCode = 1;
}
process.exit();

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
