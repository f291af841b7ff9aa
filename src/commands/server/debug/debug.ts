/** DEBUG: what tests need, and people who look for a bug. Subcommands of Redis that are not here are answered as unknown. */

import { commandError } from "../../../errors.ts";
import { commandsOf } from "../../../execution/command-spec.ts";
import type { Context } from "../../../execution/context.ts";
import { Frame } from "../../../protocol/frame.ts";
import { type HelpEntry, replyHelp, wrongArguments } from "../../arguments/help.ts";
import { listpack, packedThreshold, quicklist } from "./list-structure.ts";
import { protocol } from "./protocol.ts";
import { tableStats } from "./table-stats.ts";
import { digest, digestValue, lookUpOrFail, object, populate } from "./value.ts";

const command = commandsOf("server");

interface Subcommand {
  readonly run: (ctx: Context) => void;
  /** Number of arguments with both words. */
  readonly least: number;
  readonly most: number;
  /** It begins with the name. */
  readonly help: HelpEntry;
}

function sub(run: (ctx: Context) => void, least: number, most: number, ...help: HelpEntry): Subcommand {
  return { run, least, most, help };
}

const ANY = Number.POSITIVE_INFINITY;

const SUBCOMMANDS: readonly Subcommand[] = [
  sub(flushSleep, 3, 3, "AOF-FLUSH-SLEEP <microseconds>", "Sleeps before each write to the append-only file, for tests."),
  sub(changeReplicationId, 2, 2, "CHANGE-REPL-ID", "Starts a new replication history. Replicas must resynchronize in full."),
  sub(rewriteAll, 2, 2, "CONFIG-REWRITE-FORCE-ALL", "CONFIG REWRITE that writes out the defaults too."),
  sub(digest, 2, 2, "DIGEST", "Returns a digest of the whole data set, the same as Redis's for the same data."),
  sub(digestValue, 2, ANY, "DIGEST-VALUE <key> [<key> ...]", "Returns digests of the values of these keys."),
  sub(error, 3, 3, "ERROR <string>", "Replies with this error."),
  sub(htstats, 3, ANY, "HTSTATS <dbid> [full]", "Returns statistics of a database's hash table."),
  sub(htstatsKey, 3, ANY, "HTSTATS-KEY <key> [full]", "Returns statistics of a value's hash table."),
  sub(listpack, 3, 3, "LISTPACK <key>", "Prints the structure of a packed value to standard output."),
  sub(loadAppendOnly, 2, 2, "LOADAOF", "Flushes the append-only file, empties the memory and loads the file."),
  sub(log, 3, 3, "LOG <message>", "Writes a message to the log."),
  sub(object, 3, 3, "OBJECT <key>", "Returns how the value of a key is stored."),
  sub(pauseCron, 3, 3, "PAUSE-CRON <0|1>", "1 pauses the periodic work, 0 resumes it."),
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
  sub(
    reload,
    2,
    ANY,
    "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
    "Saves the data set, empties the memory and loads the data set again.",
    "NOSAVE loads the file as it is, NOFLUSH keeps what is in memory, MERGE lets keys of the file replace it.",
  ),
  sub(replicate, 3, ANY, "REPLICATE <word> [<word> ...]", "Sends a command to the replicas without running it here."),
  sub(
    replyBuffer,
    4,
    4,
    "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|ms>, REPLYBUFFER RESIZING <0|1>",
    "Accepted without effect: clients have no reply buffers of their own.",
  ),
  sub(setActiveExpire, 3, 3, "SET-ACTIVE-EXPIRE <0|1>", "0 keeps expired keys until they are accessed."),
  sub(setSkipChecksums, 3, 3, "SET-SKIP-CHECKSUM-VALIDATION <0|1>", "1 accepts files and RESTORE payloads whatever their checksums are."),
  sub(sleep, 3, 3, "SLEEP <seconds>", "Blocks the server; fractions are allowed."),
];

const BY_NAME: ReadonlyMap<string, Subcommand> = new Map(SUBCOMMANDS.map((known) => [known.help[0].split(" ")[0].toLowerCase(), known]));

export const debug = command("debug", { arity: -2, since: "1.0.0", flags: "admin noscript loading stale" })
  .docs("A container for debugging commands.", "Depends on the subcommand.")
  .internal()
  .run((ctx) => {
    refuseStrangers(ctx);
    const word = ctx.text(1).toLowerCase();
    if (word === "help" && ctx.count === 2)
      return replyHelp(
        ctx,
        SUBCOMMANDS.map(({ help }) => help),
      );
    const found = BY_NAME.get(word);
    if (found === undefined || ctx.count < found.least || ctx.count > found.most) throw wrongArguments(ctx);
    found.run(ctx);
  });

/** enable-debug-command. */
function refuseStrangers(ctx: Context): void {
  const allowed = ctx.host.config.values["enable-debug-command"];
  if (allowed === "yes" || (allowed === "local" && ctx.session.isLocal)) return;
  throw commandError(
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to ' +
      "set this option in the configuration file, and then restart the server.",
  );
}

/** C's atoi: the integer that the text begins with, or 0. */
function leadingInteger(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function changeReplicationId(ctx: Context): void {
  const { log, replication } = ctx.host;
  log.notice("Changing replication IDs after receiving DEBUG change-repl-id");
  replication.history.renew();
  ctx.reply.ok();
}

function rewriteAll(ctx: Context): void {
  const failure = ctx.host.config.rewrite({ forceAll: true });
  if (failure !== null)
    throw commandError(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${failure.slice(failure.lastIndexOf(": ") + 2).replace(/^ERR /, "")}`);
  ctx.reply.ok();
}

function error(ctx: Context): void {
  ctx.reply.error(ctx.text(2));
}

function log(ctx: Context): void {
  ctx.host.log.warning(`DEBUG LOG: ${ctx.text(2)}`);
  ctx.reply.ok();
}

function sleep(ctx: Context): void {
  const seconds = Number.parseFloat(ctx.text(2));
  if (seconds > 0) {
    Bun.sleepSync(seconds * 1000);
    ctx.host.keyspace.now = Date.now();
  }
  ctx.reply.ok();
}

function setActiveExpire(ctx: Context): void {
  ctx.host.housekeeping.activeExpiry = leadingInteger(ctx.text(2)) !== 0;
  ctx.reply.ok();
}

function setSkipChecksums(ctx: Context): void {
  ctx.host.persistence.skipChecksums = leadingInteger(ctx.text(2)) !== 0;
  ctx.reply.ok();
}

function pauseCron(ctx: Context): void {
  ctx.host.housekeeping.paused = leadingInteger(ctx.text(2)) !== 0;
  ctx.reply.ok();
}

function replyBuffer(ctx: Context): void {
  if (ctx.is(2, "peak-reset-time")) {
    if (!ctx.is(3, "never") && !ctx.is(3, "reset")) ctx.int64(3);
  } else if (!ctx.is(2, "resizing")) {
    throw wrongArguments(ctx);
  }
  ctx.reply.ok();
}

function replicate(ctx: Context): void {
  const { journal } = ctx.host;
  const words: Buffer[] = [];
  for (let index = 2; index < ctx.count; index++) words.push(ctx.bytes(index));
  const { buffer, start, end } = new Frame().encode(words);
  if (journal.active) journal.appendRaw(buffer, start, end);
  ctx.reply.ok();
}

function htstatsKey(ctx: Context): void {
  lookUpOrFail(ctx, 2);
  throw commandError("ERR The value stored at the specified key is not represented using an hash table");
}

/** Expiries are not a table of their own: the index runs through the records. */
function htstats(ctx: Context): void {
  const number = ctx.integer(2);
  const database = ctx.host.keyspace.databases[number];
  if (database === undefined) throw commandError("ERR Out of range database");
  const full = ctx.count > 3 && ctx.is(3, "full");
  const table = tableStats(database.table, { full });
  ctx.reply.verbatim(`[Dictionary HT]\n${table}[Expires index]\n number of elements: ${database.expiry.size}\n`);
}

function loadAppendOnly(ctx: Context): void {
  ctx.host.appendOnly.reload();
  ctx.reply.ok();
}

function flushSleep(ctx: Context): void {
  ctx.host.appendOnly.writer.sleepMicros = Number.parseInt(ctx.text(2), 10) || 0;
  ctx.reply.ok();
}

function reload(ctx: Context): void {
  const words = new Set<string>();
  for (let index = 2; index < ctx.count; index++) words.add(ctx.text(index).toLowerCase());
  for (const word of words) {
    if (word !== "nosave" && word !== "noflush" && word !== "merge") {
      throw commandError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  ctx.host.persistence.reload({ save: !words.has("nosave"), flush: !words.has("noflush"), merge: words.has("merge") });
  ctx.reply.ok();
}
