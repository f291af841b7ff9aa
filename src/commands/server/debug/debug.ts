/** DEBUG: what tests need, and people who look for a bug. Subcommands of Redis that are not here are answered as unknown. */

import { guardLater } from "../../../assert.ts";
import { type CommandError, commandError, errors } from "../../../errors.ts";
import type { Call } from "../../../execution/call.ts";
import { commandsOf } from "../../../execution/command-spec.ts";
import { Frame } from "../../../protocol/frame.ts";
import type { StopPoint, Stops } from "../../../replication/stops.ts";
import { type HelpEntry, replyHelp, wrongArguments } from "../../arguments/help.ts";
import { wordSet } from "../../arguments/numbers.ts";
import { crashBySignal, crashOf } from "../crash-report.ts";
import { listpack, packedThreshold, quicklist } from "./list-structure.ts";
import { protocol } from "./protocol.ts";
import { tableStats } from "./table-stats.ts";
import { digest, digestValue, lookUpOrFail, object, populate } from "./value.ts";

const command = commandsOf("server");

interface Subcommand {
  readonly run: (call: Call) => void;
  /** Number of arguments with both words. */
  readonly least: number;
  readonly most: number;
  /** It begins with the name. */
  readonly help: HelpEntry;
}

function sub(run: (call: Call) => void, least: number, most: number, ...help: HelpEntry): Subcommand {
  return { run, least, most, help };
}

/** One that replies with OK once it has run. */
function act(run: (call: Call) => void, least: number, most: number, ...help: HelpEntry): Subcommand {
  const runAndReply = (call: Call) => {
    run(call);
    call.reply.ok();
  };
  return sub(runAndReply, least, most, ...help);
}

const ANY = Number.POSITIVE_INFINITY;

const SUBCOMMANDS: readonly Subcommand[] = [
  sub(failAssertion, 2, ANY, "ASSERT", "Crashes the server by an assertion that does not hold."),
  act(flushSleep, 3, 3, "AOF-FLUSH-SLEEP <microseconds>", "Sleeps before each write to the append-only file, for tests."),
  act(changeReplicationId, 2, 2, "CHANGE-REPL-ID", "Starts a new replication history. Replicas must resynchronize in full."),
  act(rewriteAll, 2, 2, "CONFIG-REWRITE-FORCE-ALL", "CONFIG REWRITE that writes out the defaults too."),
  act(
    delayChannelFree,
    3,
    3,
    "DELAY-RDB-CLIENT-FREE-SECOND <seconds>",
    "How long a replica may take to ask for the stream after its image.",
  ),
  sub(digest, 2, 2, "DIGEST", "Returns a digest of the whole data set, the same as Redis's for the same data."),
  sub(digestValue, 2, ANY, "DIGEST-VALUE <key> [<key> ...]", "Returns digests of the values of these keys."),
  sub((call) => call.reply.error(call.text(2)), 3, 3, "ERROR <string>", "Replies with this error."),
  sub(htstats, 3, ANY, "HTSTATS <dbid> [full]", "Returns statistics of a database's hash table."),
  sub(htstatsKey, 3, ANY, "HTSTATS-KEY <key> [full]", "Returns statistics of a value's hash table."),
  sub(listpack, 3, 3, "LISTPACK <key>", "Prints the structure of a packed value to standard output."),
  sub(loadAof, 2, 2, "LOADAOF", "Flushes the append-only file, empties the memory and loads the file."),
  act((call) => call.server.log.warning(`DEBUG LOG: ${call.text(2)}`), 3, 3, "LOG <message>", "Writes a message to the log."),
  sub(object, 3, 3, "OBJECT <key>", "Returns how the value of a key is stored."),
  sub(panic, 2, ANY, "PANIC", "Crashes the server by a panic."),
  act(
    pauseAfterFork,
    3,
    3,
    "PAUSE-AFTER-FORK <0|1>",
    "Stops the process once replicas have been sent an image, or have been promised one.",
  ),
  act(pauseCron, 3, 3, "PAUSE-CRON <0|1>", "1 pauses the periodic work, 0 resumes it."),
  sub(populate, 3, 5, "POPULATE <count> [<prefix>] [<size>]", "Creates <count> string keys, which are not replicated."),
  sub(
    protocol,
    3,
    3,
    "PROTOCOL <type>",
    "Replies with an example of a type: string, integer, double, bignum, null, array, set,",
    "map, attrib, push, verbatim, true, false.",
  ),
  sub(quicklist, 3, 4, "QUICKLIST <key> [<0|1>]", "Prints the structure of a list to standard output."),
  sub(
    packedThreshold,
    3,
    3,
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "Large lists keep elements of this length and above in nodes that are not packed; 0 is the default, 1gb.",
  ),
  act(
    reload,
    2,
    ANY,
    "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
    "Saves the data set, empties the memory and loads the data set again.",
    "NOSAVE loads the file as it is, NOFLUSH keeps what is in memory, MERGE lets keys of the file replace it.",
  ),
  act(
    replicationPause,
    3,
    3,
    "REPL-PAUSE <clear|after-fork|before-rdb-channel|on-streaming-repl-buf>",
    "Stops the process at these steps of a synchronization, until SIGCONT.",
  ),
  act(replicate, 3, ANY, "REPLICATE <word> [<word> ...]", "Sends a command to the replicas without running it here."),
  act(
    replyBuffer,
    4,
    4,
    "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|ms>, REPLYBUFFER RESIZING <0|1>",
    "Accepted without effect: clients have no reply buffers of their own.",
  ),
  sub((call) => call.server.crash(crashBySignal("SIGSEGV")), 2, ANY, "SEGFAULT", "Crashes the server by SIGSEGV."),
  act(setActiveExpire, 3, 3, "SET-ACTIVE-EXPIRE <0|1>", "0 keeps expired keys until they are accessed."),
  act(
    (call) => {
      call.server.restrictions.scriptsMayCallAll = leadingInteger(call.text(2)) !== 0;
    },
    3,
    3,
    "SET-DISABLE-DENY-SCRIPTS <0|1>",
    "1 lets scripts call commands that they must not.",
  ),
  act(setSkipChecksums, 3, 3, "SET-SKIP-CHECKSUM-VALIDATION <0|1>", "1 accepts files and RESTORE payloads whatever their checksums are."),
  act(sleep, 3, 3, "SLEEP <seconds>", "Blocks the server; fractions are allowed."),
];

const BY_NAME: ReadonlyMap<string, Subcommand> = new Map(
  SUBCOMMANDS.flatMap((known) => {
    const name = known.help[0].split(" ")[0].toLowerCase();
    // Valkey's help has it without the "s" that its parser wants.
    return name.endsWith("-second") ? [[name, known] as const, [`${name}s`, known] as const] : [[name, known] as const];
  }),
);

export const debug = command("debug", { arity: -2, since: "1.0.0", flags: "admin noscript loading stale" })
  .answers("any")
  .docs("A container for debugging commands.", "Depends on the subcommand.")
  .internal()
  .marked("awaits-migrations", "protected")
  .run((call) => {
    const word = call.text(1).toLowerCase();
    if (word === "help" && call.count === 2)
      return replyHelp(
        call,
        SUBCOMMANDS.map(({ help }) => help),
      );
    const found = BY_NAME.get(word);
    if (found === undefined || call.count < found.least || call.count > found.most) throw wrongArguments(call);
    found.run(call);
  });

/** Where the command need not be over at once, others are told meanwhile that the server is loading. */
function loadAof(call: Call): void {
  const { appendOnly, blocked, persistence, replication } = call.server;
  if (call.result instanceof Reloaded) {
    if (call.result.failure !== null) throw call.result.failure;
    return call.reply.ok();
  }
  if (persistence.loading !== null) throw errors.loading;
  // What a master sends meanwhile must not come between.
  if (call.mayBlock && !replication.isReplica) {
    const done = blocked.blockOnTask(call.session, call.frame);
    void guardLater(
      appendOnly.reload().then((failure) => done(new Reloaded(failure))),
      call.server.broken,
    );
    return;
  }
  appendOnly.reloadNow();
  call.nestedAll();
  call.reply.ok();
}

class Reloaded {
  readonly failure: CommandError | null;

  constructor(failure: CommandError | null) {
    this.failure = failure;
  }
}

function failAssertion(call: Call): void {
  const lengths = Array.from({ length: call.count }, (_, index) => `client->argv[${index}]: ${call.bytes(index).length} bytes`);
  const client = ["=== ASSERTION FAILED CLIENT CONTEXT ===", `client->argc = ${call.count}`, ...lengths];
  call.server.crash({ ...crashOf(new Error("1 == 2")), heading: [...client, "=== ASSERTION FAILED ===", "==> '1 == 2' is not true"] });
}

function panic(call: Call): void {
  const rule = "------------------------------------------------";
  const guru = "!!! Software Failure. Press left mouse button to continue";
  call.server.crash({ ...crashOf(new Error("DEBUG PANIC")), heading: [rule, guru, "Guru Meditation: called by Unittest"] });
}

/** C's atoi: the integer that the text begins with, or 0. */
function leadingInteger(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function changeReplicationId(call: Call): void {
  const { log, replication } = call.server;
  log.notice("Changing replication IDs after receiving DEBUG change-repl-id");
  replication.history.renew();
}

function rewriteAll(call: Call): void {
  const failure = call.server.config.rewrite({ forceAll: true });
  if (failure !== null)
    throw commandError(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${failure.slice(failure.lastIndexOf(": ") + 2).replace(/^ERR /, "")}`);
}

function sleep(call: Call): void {
  const seconds = Number.parseFloat(call.text(2));
  if (seconds > 0) {
    Bun.sleepSync(seconds * 1000);
    // For a script time stands still.
    if (!call.session.inScript) call.server.keyspace.tick();
  }
}

function setActiveExpire(call: Call): void {
  call.server.housekeeping.activeExpiry = leadingInteger(call.text(2)) !== 0;
}

function setSkipChecksums(call: Call): void {
  call.server.persistence.skipChecksums = leadingInteger(call.text(2)) !== 0;
}

function pauseCron(call: Call): void {
  call.server.housekeeping.paused = leadingInteger(call.text(2)) !== 0;
}

const PAUSES: readonly StopPoint[] = ["after-fork", "before-rdb-channel", "on-streaming-repl-buf"];

function replicationPause(call: Call): void {
  const { stops } = call.server.replication;
  const point = PAUSES.find((known) => call.is(2, known));
  if (point !== undefined) requireStop(stops).add(point);
  else if (call.is(2, "clear")) stops.clear();
  else throw wrongArguments(call);
}

/** Valkey's: of a master and of a replica. */
function pauseAfterFork(call: Call): void {
  const { stops } = call.server.replication;
  stops.clear();
  if (leadingInteger(call.text(2)) !== 0) requireStop(stops).add("after-fork", "before-main-channel");
}

function requireStop(stops: Stops): Stops {
  if (!stops.possible) throw commandError("ERR a process cannot be stopped and continued on Windows");
  return stops;
}

function delayChannelFree(call: Call): void {
  call.server.replication.replicas.channels.graceMs = leadingInteger(call.text(2)) * 1000;
}

function replyBuffer(call: Call): void {
  if (call.is(2, "peak-reset-time")) {
    if (!call.is(3, "never") && !call.is(3, "reset")) call.int64(3);
  } else if (!call.is(2, "resizing")) {
    throw wrongArguments(call);
  }
}

function replicate(call: Call): void {
  const { journal } = call.server;
  const words: Buffer[] = [];
  for (let index = 2; index < call.count; index++) words.push(call.bytes(index));
  const { buffer, start, end } = new Frame().encode(words);
  if (journal.active) journal.appendRaw(buffer, start, end);
}

function htstatsKey(call: Call): void {
  lookUpOrFail(call, 2);
  throw commandError("ERR The value stored at the specified key is not represented using an hash table");
}

/** Expiries are not a table of their own: the index runs through the records. */
function htstats(call: Call): void {
  const number = call.integer(2);
  const database = call.server.keyspace.databases[number];
  if (database === undefined) throw commandError("ERR Out of range database");
  const full = call.count > 3 && call.is(3, "full");
  const table = tableStats(database.table, { full });
  call.reply.verbatim(`[Dictionary HT]\n${table}[Expires index]\n number of elements: ${database.expiry.size}\n`);
}

function flushSleep(call: Call): void {
  call.server.appendOnly.writer.sleepMicros = leadingInteger(call.text(2));
}

const RELOAD_WORDS = new Set(["nosave", "noflush", "merge"]);

function reload(call: Call): void {
  const words = wordSet(call, 2);
  if (!words.isSubsetOf(RELOAD_WORDS)) throw commandError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
  call.server.persistence.reload({ save: !words.has("nosave"), flush: !words.has("noflush"), merge: words.has("merge") });
}
