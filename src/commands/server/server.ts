/** Commands about the server as a whole: its time, snapshots on disk, shutdown. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { ShutdownOptions } from "../../execution/server-parts.ts";
import { wordSet, wrongCount } from "../arguments/numbers.ts";
import { rdbVersionAt } from "../arguments/rdb-version.ts";
import { restore } from "../generic/dump.ts";

const command = commandsOf("server");

export const time = command("time", { arity: 1, since: "2.6.0", flags: "loading stale fast" })
  .answers("[seconds: string, microseconds: string]")
  .tips("nondeterministic_output")
  .docs("Returns the server's time.", "O(1)")
  .run((call) => {
    // Time stands still while a script runs.
    const now = call.session.inScript ? call.now * 1000 : call.server.keyspace.clock.microseconds();
    call.reply.array(2);
    call.reply.integerBulk(Math.floor(now / 1e6));
    call.reply.integerBulk(now % 1e6);
  });

export const lastsave = command("lastsave", { arity: 1, since: "1.0.0", flags: "loading stale fast" })
  .answers("count")
  .acl("admin dangerous")
  .tips("nondeterministic_output")
  .docs("Returns the Unix time of the last successful save.", "O(1)")
  .run((call) => call.reply.integer(call.server.persistence.lastSaveAt));

export const save = command("save", { arity: -1, since: "1.0.0", flags: "no_async_loading admin noscript no_multi" })
  .takes("[VERSION version]")
  .answers("OK")
  .docs("Saves the data set to disk while clients wait.", "O(N) for N keys in all databases")
  .run((call) => {
    if (call.count === 2) throw wrongCount(call);
    requireFolder(call);
    call.server.persistence.save(rdbVersionAt(call, 1));
    call.reply.ok();
  });

/** Only a server in a program may have none. */
function requireFolder({ server }: Call): void {
  if (!server.config.hasFolder) throw commandError("ERR this server has no folder to save to: the option dir names one");
}

export const bgsave = command("bgsave", { arity: -1, since: "1.0.0", flags: "no_async_loading admin noscript" })
  .takes("[SCHEDULE@3.2.2] [VERSION version]")
  .answers("+'Background saving started' | +'Background saving scheduled'")
  .docs("Saves the data set to disk in the background.", "O(1)")
  .changed("3.2.2: Added `SCHEDULE`.")
  .run((call) => {
    const { persistence, appendOnly } = call.server;
    const scheduled = call.count > 1 && call.is(1, "schedule");
    const version = rdbVersionAt(call, scheduled ? 2 : 1);
    requireFolder(call);
    if (!persistence.saving && (appendOnly.rewriting || call.session.queueing)) {
      // If EXEC calls it, the snapshot must be that of the moment after EXEC.
      if (!scheduled && !call.session.queueing) throw REWRITE_UNDER_WAY;
      persistence.scheduleSave(version);
      return call.reply.simple("Background saving scheduled");
    }
    persistence.startBackgroundSave({ version });
    call.reply.simple("Background saving started");
  });

const REWRITE_UNDER_WAY = commandError(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
);

/** Rewrites the append-only file, even if appendonly is off. Errors: a rewrite is under way, the files cannot be created. */
export const bgrewriteaof = command("bgrewriteaof", { arity: 1, since: "1.0.0", flags: "no_async_loading admin noscript" })
  .answers("status")
  .docs("Rewrites the append-only file in the background.", "O(1)")
  .run((call) => call.reply.simple(call.server.appendOnly.requestRewrite(call.session.queueing)));

export const shutdown = command("shutdown", { arity: -1, since: "1.0.0", flags: "admin noscript loading stale no_multi allow_busy" })
  .takes("[save-selector(NOSAVE | SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]")
  .answers("none; if ABORT: OK")
  .docs("Saves the data set to disk and shuts down the server.", "O(N) for N keys if it saves, else O(1)")
  .changed("7.0.0: Waits for lagging replicas; added `NOW`, `FORCE` and `ABORT`.")
  .run((call) => {
    const words = wordSet(call, 1);
    if (!words.isSubsetOf(SHUTDOWN_WORDS) || (words.has("abort") && words.size > 1) || (words.has("save") && words.has("nosave")))
      throw errors.syntax;
    if (words.has("abort")) {
      if (!call.server.abortShutdown()) throw commandError("ERR No shutdown in progress.");
      return call.reply.ok();
    }
    const save = words.has("save") ? "always" : words.has("nosave") ? "never" : "configured";
    if (call.server.executor.busy && !words.has("nosave")) throw call.server.scripts.runner.busyError;
    beginShutdown(call, { save, now: words.has("now"), force: words.has("force") });
  });

const SHUTDOWN_WORDS = new Set(["nosave", "save", "now", "force", "abort"]);

/** The client waits. It gets an error if the shutdown fails; if it succeeds, the connection is closed without a reply. */
function beginShutdown({ server, session }: Call, options: ShutdownOptions): void {
  session.link.pause();
  const waited = server.blocked.waitForShutdown(session);
  const failed = () => {
    waited();
    if (session.closing) return;
    const { message } = SHUTDOWN_FAILED;
    server.stats.countError(message);
    const answer = Buffer.from(`-${message}\r\n`, "latin1");
    if (!session.muted) session.link.send(answer, 0, answer.length);
    session.link.resume();
  };
  server.shutdown(options).then((done) => (done ? waited() : failed()), failed);
}

const SHUTDOWN_FAILED = commandError("ERR Errors trying to SHUTDOWN. Check logs.");

export const restoreAsking = command("restore-asking", { arity: -4, since: "3.0.0", flags: "write denyoom asking" })
  .answers("OK")
  .takes(restore.spec.notation)
  .acl("keyspace dangerous")
  .docs("An internal command that restores a key while a cluster migrates it.", "O(N) for a value of N bytes; O(N*log(N)) for sorted sets")
  .internal()
  .changed("3.0.0: Added `REPLACE`.", "5.0.0: Added `ABSTTL`.", "5.0.0: Added `IDLETIME` and `FREQ`.")
  .run(restore.handler);
