/** MIGRATE: keys leave for another server. migration/ has how; here is what clients say, and what becomes of the keys afterwards. */

import { NO_LINK } from "../../aof/replay.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Arguments } from "../../execution/contract.ts";
import type { Migrated, MigrationRequest } from "../../migration/migrations.ts";

const command = commandsOf("generic");

/** How long a target may be silent that was given no time, in ms. */
const DEFAULT_TIMEOUT_MS = 1000;

/**
 * Replies with NOKEY if none of the keys exists. Errors: no connection, a lost one, a target that says nothing in time, the first error that
 * the target replied with. Keys that it has taken all the same are gone from here then.
 */
export const migrate = command("migrate", { arity: -6, since: "2.6.0", flags: "write" })
  .takes(`host port key-selector(key{RW access delete} | empty-string='""') destination-db timeout:integer [COPY@3.0.0] [REPLACE@3.0.0]
      [authentication(AUTH auth'password'@4.0.7 | AUTH2 auth2(username password)@6.0.0)] [KEYS keys'key'@3.0.6{RW access delete incomplete from -2}...]`)
  .answers("OK | NOKEY")
  .secrets(loginWords)
  .acl("dangerous")
  .tips("nondeterministic_output")
  .docs("Transfers keys to another server, atomically.", "O(N) for values of N bytes, as DUMP and DEL here and RESTORE there")
  .changed("3.0.0: Added `COPY` and `REPLACE`.", "3.0.6: Added `KEYS`.", "4.0.7: Added `AUTH`.", "6.0.0: Added `AUTH2`.")
  .run((call) => {
    const { migrations, blocked } = call.server;
    const { session, result } = call;
    const options = parseOptions(call);
    if (result !== null) return conclude(call, options, result as Migrated);
    const request = requestOf(call, options);
    if (request.keys.length === 0) return call.reply.simple("NOKEY");
    if (!call.mayBlock || session.link === NO_LINK) conclude(call, options, migrations.runNow(request));
    else migrations.begin(request, blocked.blockOnTask(session, call.frame));
  });

/** What stands behind AUTH and AUTH2. */
function loginWords(request: Arguments): number[] {
  const secrets: number[] = [];
  for (let index = 6; index < request.count; index++) {
    const word = request.text(index).toLowerCase();
    if (word === "keys") break;
    const words = word === "auth" ? 1 : word === "auth2" ? 2 : 0;
    for (let last = index + words; index < last; ) secrets.push(++index);
  }
  return secrets;
}

interface MigrateOptions {
  readonly copy: boolean;
  readonly replace: boolean;
  /** The words of AUTH. */
  readonly login: readonly string[];
  /** Where the keys begin and how many there are. */
  readonly firstKey: number;
  readonly keyCount: number;
}

/** Errors: syntax, a key beside KEYS. */
function parseOptions(call: Call): MigrateOptions {
  const { count } = call;
  let copy = false;
  let replace = false;
  let login: readonly string[] = [];
  for (let index = 6; index < count; index++) {
    const more = count - 1 - index;
    if (call.is(index, "copy")) copy = true;
    else if (call.is(index, "replace")) replace = true;
    else if (call.is(index, "auth") && more >= 1) login = [call.text(++index)];
    else if (call.is(index, "auth2") && more >= 2) login = [call.text(++index), call.text(++index)];
    else if (call.is(index, "keys")) {
      if (call.frame.lengths[3] !== 0)
        throw commandError("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      return { copy, replace, login, firstKey: index + 1, keyCount: more };
    } else throw errors.syntax;
  }
  return { copy, replace, login, firstKey: 3, keyCount: 1 };
}

/** Errors: not an integer. */
function requestOf(call: Call, { replace, login, firstKey, keyCount }: MigrateOptions): MigrationRequest {
  const { database, server } = call;
  const { values } = server.config;
  const timeoutMs = Number(call.int64(5));
  const target = call.int64(4);
  const keys: Buffer[] = [];
  for (let index = firstKey; index < firstKey + keyCount; index++) {
    call.prepareKeys(firstKey, index, 1);
    if (call.read(index) !== 0) keys.push(call.bytes(index));
  }
  return {
    order: {
      host: call.text(1),
      port: call.text(2),
      timeoutMs: timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
      login,
      database: target.toString(),
      tls: server.targetTls,
    },
    database,
    keys,
    command: values["cluster-enabled"] ? "RESTORE-ASKING" : "RESTORE",
    replace,
    compress: values.rdbcompression,
  };
}

/** What the target has taken goes, unless it was copied; replicas hear of that. Errors: as of the command. */
function conclude(call: Call, { copy }: MigrateOptions, { taken, error }: Migrated): void {
  const { database } = call;
  const gone: Buffer[] = [];
  for (const key of copy ? [] : taken) {
    const address = database.locate(key);
    if (address === 0) continue;
    database.delete(address);
    gone.push(key);
  }
  if (gone.length > 0) call.journalAs("DEL", ...gone);
  if (error !== null) throw commandError(error);
  call.reply.ok();
}
