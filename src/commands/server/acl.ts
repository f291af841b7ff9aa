/** ACL: users and their rights (session/acl). */

import { resolve } from "node:path";
import { randomHex } from "../../base/random.ts";
import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { CATEGORIES, categoriesOf } from "../../execution/categories.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { denialDetails } from "../../execution/permissions.ts";
import { Frame } from "../../protocol/frame.ts";
import { Denied } from "../../session/acl/acl-log.ts";
import type { Selector } from "../../session/acl/selector.ts";
import { DEFAULT_USER, SPACE_OR_NUL } from "../../session/acl/users.ts";
import { type HelpEntry, helpOf, wrongArguments } from "../arguments/help.ts";

const command = commandsOf("server");

/** Everything from argument `from` on, one character a byte. */
function textsFrom(call: Call, from: number): string[] {
  return Array.from({ length: call.count - from }, (_, index) => call.text(from + index));
}

const whoami = command("acl|whoami", { arity: 2, since: "6.0.0", flags: "noscript loading stale" })
  .answers("string")
  .docs("Returns the name of the user that the connection is logged in as.", "O(1)")
  .run((call) => {
    const { user } = call.session;
    if (user === null) call.reply.null();
    else call.reply.bulk(user.name);
  });

const users = command("acl|users", { arity: 2, since: "6.0.0", flags: "admin noscript loading stale" })
  .answers("string[]")
  .docs("Returns the names of all users.", "O(N) for N users")
  .run((call) => call.reply.bulks(call.server.access.users.all().map(({ name }) => name)));

const list = command("acl|list", { arity: 2, since: "6.0.0", flags: "admin noscript loading stale" })
  .answers("string[]")
  .docs("Returns all users as the rules that make them.", "O(N) for N users")
  .run((call) => call.reply.bulks(call.server.access.users.all().map(({ name, description }) => `user ${name} ${description}`)));

/** Errors: a name with spaces, a rule that makes no sense; then nothing changes. */
const setuser = command("acl|setuser", { arity: -3, since: "6.0.0", flags: "admin noscript loading stale" })
  .takes("username [rule...]")
  .answers("OK")
  .secrets(({ count }) => Array.from({ length: count - 2 }, (_, index) => index + 2))
  .docs("Creates a user, or changes one, by rules.", "O(N) for N rules")
  .changed("6.2.0: Added patterns of channels.", "7.0.0: Added selectors and permissions by kind of access.")
  .run((call) => {
    const name = call.text(2);
    if (SPACE_OR_NUL.test(name)) throw commandError("ERR Usernames can't contain spaces or null characters");
    const problem = call.server.access.setUser(name, textsFrom(call, 3), call.session);
    if (problem !== null) throw commandError(`ERR ${problem}`);
    call.reply.ok();
  });

const deluser = command("acl|deluser", { arity: -3, since: "6.0.0", flags: "admin noscript loading stale" })
  .takes("username...")
  .answers("count")
  .docs("Deletes users and disconnects their clients.", "O(N) for N users and connections")
  .run((call) => {
    const names = textsFrom(call, 2);
    if (names.includes(DEFAULT_USER)) throw commandError("ERR The 'default' user cannot be removed");
    call.reply.integer(names.filter((name) => call.server.access.deleteUser(name, call.session)).length);
  });

const getuser = command("acl|getuser", { arity: 3, since: "6.0.0", flags: "admin noscript loading stale" })
  .takes("username")
  .answers(`{flags: set<string>, passwords: string[], commands: string, keys: string, channels: string,
      selectors: {commands: string, keys: string, channels: string}[]} | null`)
  .docs("Returns the rights of a user.", "O(N) for N rules")
  .changed(
    "6.2.0: Added patterns of channels.",
    "7.0.0: Added selectors; patterns of keys and channels are shown as rules, no longer as a list.",
  )
  .run((call) => {
    const { reply } = call;
    const user = call.server.access.users.get(call.text(2));
    if (user === null) return reply.null();
    reply.map(6);
    reply.bulk("flags");
    reply.set(user.flags.length);
    for (const flag of user.flags) reply.bulk(flag);
    reply.bulk("passwords");
    reply.bulks(user.passwords);
    replySelector(call, user.root);
    reply.bulk("selectors");
    const others = user.selectors.slice(1);
    reply.array(others.length);
    for (const selector of others) {
      reply.map(3);
      replySelector(call, selector);
    }
  });

function replySelector({ reply }: Call, { commandRules, keyRules, channelRules }: Selector): void {
  for (const [name, rules] of [
    ["commands", commandRules],
    ["keys", keyRules],
    ["channels", channelRules],
  ] as const) {
    reply.field(name, rules);
  }
}

/** The file of users. Errors: there is none. */
function fileOf({ server }: Call): string {
  const { aclfile, dir } = server.config.values;
  if (aclfile !== "") return resolve(dir, aclfile);
  throw commandError(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a " +
      "CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.",
  );
}

/** Errors: no file, whatever is wrong with it; then nothing changes. */
const load = command("acl|load", { arity: 2, since: "6.0.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .docs("Reads the users from the ACL file, in place of those there are.", "O(N) for N users")
  .run((call) => {
    const problem = call.server.access.loadFile(fileOf(call), call.session);
    if (problem !== null) throw commandError(`ERR ${problem}`);
    call.reply.ok();
  });

/** Errors: no file, it cannot be written. */
const save = command("acl|save", { arity: 2, since: "6.0.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .docs("Writes the users to the ACL file.", "O(N) for N users")
  .run((call) => {
    const path = fileOf(call);
    try {
      call.server.access.users.saveFile(path, `${path}.tmp-${process.pid}-${call.now}`);
    } catch (error) {
      call.server.log.warning(error instanceof Error ? error.message : String(error));
      throw commandError("ERR There was an error trying to save the ACLs. Please check the server logs for more information");
    }
    call.reply.ok();
  });

/** Errors: no such category. */
const cat = command("acl|cat", { arity: -2, since: "6.0.0", flags: "noscript loading stale" })
  .takes("[categoryname]")
  .answers("string[]")
  .docs("Returns the categories, or the commands of one.", "O(1)")
  .run((call) => {
    if (call.count > 3) throw wrongArguments(call);
    if (call.count === 2) return call.reply.bulks([...CATEGORIES]);
    const wanted = call.text(2).toLowerCase();
    if (!CATEGORIES.some((category) => category === wanted)) throw commandError(`ERR Unknown category '${call.text(2).slice(0, 128)}'`);
    const members = [...call.server.commands.all()].filter((entry) => categoriesOf(entry).some((category) => category === wanted));
    call.reply.bulks(members.map(({ fullName }) => fullName));
  });

const MOST_BITS = 4096n;

/** Errors: a number of bits out of range. */
const genpass = command("acl|genpass", { arity: -2, since: "6.0.0", flags: "noscript loading stale" })
  .takes("[bits:integer]")
  .answers("string")
  .docs("Returns a random password, in hexadecimal digits.", "O(1)")
  .run((call) => {
    if (call.count > 3) throw wrongArguments(call);
    const bits = call.count === 3 ? call.int64(2) : 256n;
    if (bits <= 0n || bits > MOST_BITS) {
      throw commandError(
        `ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ${MOST_BITS}`,
      );
    }
    call.reply.bulk(randomHex(Math.ceil(Number(bits) / 4)));
  });

const REASONS: Record<Denied, string> = {
  [Denied.COMMAND]: "command",
  [Denied.KEY]: "key",
  [Denied.CHANNEL]: "channel",
  [Denied.AUTH]: "auth",
};
const SHOWN_ENTRIES = 10;

const log = command("acl|log", { arity: -2, since: "6.0.0", flags: "admin noscript loading stale" })
  .takes("[operation(count | RESET)]")
  .answers(`{count: count, reason: string, context: string, object: string, username: string, age-seconds: double, client-info: string,
      entry-id@7.2.0: count, timestamp-created@7.2.0: time, timestamp-last-updated@7.2.0: time}[]; if RESET: OK`)
  .docs("Returns the last requests and logins that were denied.", "O(N) for N entries")
  .changed("7.2.0: Added entry ID, timestamp created, and timestamp last updated.")
  .run((call) => {
    const { reply, now, server } = call;
    if (call.count > 3) throw wrongArguments(call);
    if (call.count === 3 && call.is(2, "reset")) {
      server.access.log.clear();
      return reply.ok();
    }
    const count = call.count === 3 ? Number(call.int64(2)) : SHOWN_ENTRIES;
    const entries = server.access.log.entries.slice(0, Math.max(0, count));
    reply.array(entries.length);
    for (const entry of entries) {
      reply.map(10);
      reply.field("count", entry.count);
      reply.field("reason", REASONS[entry.reason]);
      reply.field("context", entry.context);
      reply.field("object", entry.object);
      reply.field("username", entry.userName);
      reply.bulk("age-seconds");
      reply.double((now - entry.updatedAt) / 1000);
      reply.field("client-info", entry.client);
      reply.field("entry-id", entry.id);
      reply.field("timestamp-created", entry.createdAt);
      reply.field("timestamp-last-updated", entry.updatedAt);
    }
  });

/** Errors: no such user or command, a wrong number of arguments. */
const dryrun = command("acl|dryrun", { arity: -4, since: "7.0.0", flags: "admin noscript loading stale" })
  .takes("username command [arg...]")
  .answers("OK | string")
  .docs("Tells whether a user could make a request, without making it.", "O(1)")
  .run((call) => {
    const { commands, access, permissions } = call.server;
    const user = access.users.get(call.text(2));
    if (user === null) throw commandError(`ERR User '${call.text(2)}' not found`);
    const request = new Frame();
    request.encode(textsFrom(call, 3));
    const entry = commands.resolve(request);
    if (entry === null) throw commandError(`ERR Command '${call.text(3)}' not found`);
    if (!entry.acceptsCount(request.count)) throw commandError(`ERR wrong number of arguments for '${entry.fullName}' command`);
    const denial = permissions.denial(user, entry, request);
    if (denial === null) call.reply.ok();
    else call.reply.bulk(denialDetails(denial, user, entry, request));
  });

const HELP: readonly HelpEntry[] = [
  ["CAT [<category>]", "Returns the categories, or the commands of one."],
  ["DELUSER <username> [<username> ...]", "Deletes users and disconnects their clients."],
  ["DRYRUN <username> <command> [<arg> ...]", "Tells whether a user could make a request."],
  ["GETUSER <username>", "Returns the rights of a user."],
  ["GENPASS [<bits>]", "Returns a random password of 256 or so many bits."],
  ["LIST", "Returns all users as the rules that make them."],
  ["LOAD", "Reads the users from the ACL file."],
  ["LOG [<count> | RESET]", "Returns what was denied last, or forgets it."],
  ["SAVE", "Writes the users to the ACL file."],
  ["SETUSER <username> <attribute> [<attribute> ...]", "Creates or changes a user."],
  ["USERS", "Returns the names of all users."],
  ["WHOAMI", "Returns the name of the connection's user."],
];

const help = helpOf(command("acl|help", { arity: 2, since: "6.0.0", flags: "loading stale" }), HELP);

export const acl = command("acl", { arity: -2, since: "6.0.0", flags: "" })
  .docs("Users and their rights.", "Depends on the subcommand.")
  .family([cat, deluser, dryrun, genpass, getuser, help, list, load, log, save, setuser, users, whoami]);
