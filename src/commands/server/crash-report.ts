/** What a crash leaves in the log: a bug report in Redis's form. It has the lengths of arguments, never what is in them. */

import { constants } from "node:os";
import type { DirectiveName } from "../../config/options.ts";
import type { Crash, RequestFacts, ServerParts } from "../../execution/server-parts.ts";
import { describeClient } from "../../session/client-info.ts";
import { VERSION } from "../../version.ts";
import { infoText } from "./info/sections.ts";

/** Arguments whose lengths are shown; of more only how many they are. */
const SHOWN_ARGUMENTS = 1024;

/** Directives that explain how data is kept and answered. */
const TELLING: readonly DirectiveName[] = [
  "lazyfree-lazy-eviction",
  "lazyfree-lazy-expire",
  "lazyfree-lazy-server-del",
  "lazyfree-lazy-user-flush",
  "repl-diskless-sync",
  "repl-diskless-load",
  "repl-rdb-channel",
  "replica-read-only",
  "appendonly",
  "maxmemory",
  "maxmemory-policy",
  "list-compress-depth",
  "proto-max-bulk-len",
  "client-query-buffer-limit",
];

/** What an error is that no one expected. */
export function crashOf(error: unknown): Crash {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { heading: [`Replicant stops because of an internal error: ${stack.split("\n", 1)[0]}`], stack, code: 1 };
}

/** What a crash by this signal is. */
export function crashBySignal(signal: "SIGSEGV" | "SIGABRT"): Crash {
  const number = constants.signals[signal];
  return {
    heading: [`Replicant ${VERSION} crashed by signal: ${number}, si_code: 0`],
    stack: new Error(signal).stack ?? "",
    // As shells show a process that ended by a signal.
    code: 128 + number,
  };
}

/** Writes the report of `crash` to the server's log. `requests`: those under way, the client's own first, the one that failed last. */
export function reportCrash(server: ServerParts, crash: Crash, requests: readonly RequestFacts[]): void {
  const { log } = server;
  const [current] = requests;
  const executing = requests.at(-1);
  log.raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
  for (const line of crash.heading) log.warning(line);
  section(server, "STACK TRACE", () => `${crash.stack}\n`);
  section(server, "INFO OUTPUT", () => infoText(server, new Set(["all"])));
  section(server, "CLIENT LIST OUTPUT", () => clientList(server));
  if (current !== undefined) section(server, "CURRENT CLIENT INFO", () => describeRequest(server, current));
  if (executing !== undefined && executing !== current) section(server, "EXECUTING CLIENT INFO", () => describeRequest(server, executing));
  section(server, "CONFIG DEBUG OUTPUT", () => TELLING.map((name) => `${name} ${server.config.text(name)}\n`).join(""));
  log.raw(
    "\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n" +
      "       Please report the crash with all of this to the authors of Replicant.\n",
  );
}

/** What is broken may break its own description, which must not keep the rest out of the log. */
function section({ log }: ServerParts, title: string, text: () => string): void {
  let shown = "";
  try {
    shown = text();
  } catch (error) {
    shown = `cannot be told: ${error}\n`;
  }
  log.raw(`\n------ ${title} ------\n${shown}`);
}

function clientList({ clients, keyspace }: ServerParts): string {
  return [...clients].map((session) => describeClient(session, keyspace.now)).join("");
}

function describeRequest({ keyspace }: ServerParts, { session, command, lengths }: RequestFacts): string {
  const lines = lengths
    .slice(0, SHOWN_ARGUMENTS)
    .map((length, index) => `argv[${index}]: ${index === 0 ? `'${command}'` : `${length} bytes`}\n`);
  return `${describeClient(session, keyspace.now)}\nargc: '${lengths.length}'\n${lines.join("")}`;
}
