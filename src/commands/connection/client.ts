/** CLIENT: what the server knows about its clients, and how it closes or unblocks them. */

import { parseInt64 } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { ServerParts } from "../../execution/server-parts.ts";
import { describeClient } from "../../session/client-info.ts";
import { PauseLevel } from "../../session/pauses.ts";
import { ReplyMode, type Session } from "../../session/session.ts";
import { Unit } from "../arguments/deadline.ts";
import { type HelpEntry, helpOf, wrongArguments } from "../arguments/help.ts";
import { choice, int64Or } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { checkClientName, clientKind, isListable, kindOf } from "./client-words.ts";
import { caching, getredir, tracking, trackinginfo } from "./tracking.ts";

const command = commandsOf("connection");

const ON_OFF = { on: true, off: false } as const;

const id = command("client|id", { arity: 2, since: "5.0.0", flags: "noscript loading stale" })
  .answers("count")
  .docs("Returns the unique id of the connection.", "O(1)")
  .run((call) => call.reply.integer(call.session.id));

function description({ frame, now, server, session: self }: Call, session: Session): string {
  return describeClient(session, now, {
    current: session === self ? frame : null,
    blocked: server.blocked.requestOf(session),
    behind: server.replication.replicas.behind(session),
  });
}

const info = command("client|info", { arity: 2, since: "6.2.0", flags: "noscript loading stale" })
  .answers("text")
  .tips("nondeterministic_output")
  .docs("Returns information about the connection.", "O(1)")
  .run((call) => call.reply.verbatim(description(call, call.session)));

const list = command("client|list", { arity: -2, since: "2.4.0", flags: "admin noscript loading stale" })
  .takes("[TYPE client-type('normal' | 'master' | 'replica' | 'pubsub')@5.0.0] [ID client-id@6.2.0...]")
  .answers("text")
  .tips("nondeterministic_output")
  .docs("Lists the open connections.", "O(N) for N connections")
  .changed(
    "2.8.12: Added the field `id`.",
    "5.0.0: Added `TYPE`.",
    "6.0.0: Added the field `user`.",
    "6.2.0: Added `ID` and the fields `argv-mem`, `tot-mem`, `laddr` and `redir`.",
    "7.0.0: Added the fields `resp`, `multi-mem`, `rbs` and `rbp`.",
    "7.0.3: Added the field `ssub`.",
  )
  .run((call) => {
    const lines = clientsToList(call).map((session) => description(call, session));
    call.reply.verbatim(lines.join(""));
  });

/** Returns the clients that CLIENT LIST's options ask for; with ID in the order given, repeated ones too. */
function clientsToList(call: Call): Session[] {
  const { clients } = call.server;
  if (call.count === 2) return [...clients];
  if (call.count === 4 && call.is(2, "type")) {
    const kind = clientKind(call.text(3));
    return [...clients].filter((session) => kindOf(session) === kind);
  }
  if (call.count === 3 || !call.is(2, "id")) throw errors.syntax;
  const found: Session[] = [];
  for (let index = 3; index < call.count; index++) {
    const wanted = int64Or(call, index, "ERR Invalid client ID");
    const session = clients.get(Number(wanted));
    if (session !== undefined) found.push(session);
  }
  return found;
}

const kill = command("client|kill", { arity: -3, since: "2.4.0", flags: "admin noscript loading stale" })
  .takes(`filter(old-format'ip:port'@-2.8.12 | new-format([ID client-id@2.8.12] | [TYPE client-type('normal' | 'master'@3.2.0 |
      'slave' | 'replica'@5.0.0 | 'pubsub')@2.8.12] | [USER username] | [ADDR addr'ip:port'] | [LADDR laddr'ip:port'@6.2.0] |
      [SKIPME skipme(YES | NO)] | [MAXAGE maxage:integer@7.4.0])...)`)
  .answers("OK; if new-format: count")
  .docs("Closes connections, chosen by address or by filters.", "O(N) for N connections")
  .changed(
    "2.8.12: Added the new format with filters.",
    "2.8.12: Added `ID`.",
    "3.2.0: Added the type `master`.",
    "5.0.0: Added the type `replica`, which `slave` is an alias of.",
    "6.2.0: Added `LADDR`.",
    "7.4.0: Added `MAXAGE`.",
  )
  .run((call) => {
    if (call.count > 3) return call.reply.integer(killMatching(call));
    if (disconnectAll(call, [KILL_FILTERS.addr(call.text(2), call.server)], false) === 0) throw commandError("ERR No such client");
    call.reply.ok();
  });

type Matches = (session: Session) => boolean;

/** What the options of CLIENT KILL ask of a client. */
const KILL_FILTERS: Readonly<Record<string, (value: string, server: ServerParts) => Matches>> = {
  id: (value) => equals((session) => session.id, killId(value)),
  maxage: (value, { keyspace: { now } }) => {
    const age = maxAge(value);
    return ({ createdAt }) => Math.floor(now / 1000) - Math.floor(createdAt / 1000) >= age;
  },
  type: (value) => equals(kindOf, clientKind(value)),
  addr: (value) => equals((session) => session.link.remoteAddress, value),
  laddr: (value) => equals((session) => session.link.localAddress, value),
  user: (value, { access }) => {
    const user = access.users.get(value);
    if (user === null) throw commandError(`ERR No such user '${value}'`);
    return equals((session) => session.user, user);
  },
};

function equals<Fact>(factOf: (session: Session) => Fact, wanted: Fact): Matches {
  return (session) => factOf(session) === wanted;
}

/** Closes the connections that match all options; the last one counts of each. Returns how many. Errors: syntax, an invalid value. */
function killMatching(call: Call): number {
  const filters = new Map<unknown, Matches>();
  let skipMe = true;
  for (let index = 2; index < call.count; index += 2) {
    if (index + 1 === call.count) throw errors.syntax;
    if (call.is(index, "skipme")) skipMe = choice(call, index + 1, { yes: true, no: false });
    else {
      const filter = choice(call, index, KILL_FILTERS);
      filters.set(filter, filter(call.text(index + 1), call.server));
    }
  }
  return disconnectAll(call, [...filters.values()], skipMe);
}

function killId(text: string): number {
  const wanted = parseInt64(Buffer.from(text, "latin1"), 0, text.length);
  if (wanted === null || wanted < 1n) throw commandError("ERR client-id should be greater than 0");
  return Number(wanted);
}

function maxAge(text: string): number {
  const seconds = parseInt64(Buffer.from(text, "latin1"), 0, text.length);
  if (seconds === null) throw commandError("ERR maxage is not an integer or out of range");
  if (seconds < 1n) throw commandError("ERR maxage should be greater than 0");
  return Number(seconds);
}

/** Closes the connections that match. Returns how many. */
function disconnectAll({ session: self, server }: Call, filters: readonly Matches[], skipMe: boolean): number {
  const matches = [...server.clients].filter((session) => filters.every((fits) => fits(session)) && (session !== self || !skipMe));
  for (const session of matches) {
    if (session === self) self.closing = true;
    else server.disconnect(session);
  }
  return matches.length;
}

/** Replies with OK to ON, and to nothing else. */
const reply = command("client|reply", { arity: 3, since: "3.2.0", flags: "noscript loading stale" })
  .takes("action(ON | OFF | SKIP)")
  .answers("OK; if OFF | SKIP: none")
  .docs("Controls whether the server replies to the connection's commands.", "O(1)")
  .run((call) => {
    const { replyMode } = call.session;
    if (call.is(2, "on")) {
      call.setReplyMode(replyMode & ReplyMode.SKIP_NEXT);
      call.reply.ok();
    } else if (call.is(2, "off")) {
      call.setReplyMode(replyMode | ReplyMode.OFF);
    } else if (!call.is(2, "skip")) {
      throw errors.syntax;
    } else if ((replyMode & ReplyMode.OFF) === 0) {
      call.setReplyMode(replyMode | ReplyMode.SKIP_NEXT);
    }
  });

const setName = command("client|setname", { arity: 3, since: "2.6.9", flags: "noscript loading stale" })
  .takes("connection-name")
  .answers("OK")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Sets the name of the connection.", "O(1)")
  .run((call) => {
    const name = call.text(2);
    checkClientName(name);
    call.session.name = name;
    call.reply.ok();
  });

const getName = command("client|getname", { arity: 2, since: "2.6.9", flags: "noscript loading stale" })
  .answers("string | null")
  .docs("Returns the name of the connection.", "O(1)")
  .run((call) => {
    const { name } = call.session;
    if (name === "") call.reply.null();
    else call.reply.bulk(name);
  });

const setInfo = command("client|setinfo", { arity: 4, since: "7.2.0", flags: "noscript loading stale" })
  .takes("attr('lib-name' libname | 'lib-ver' libver)")
  .answers("OK")
  .tips("request_policy:all_nodes response_policy:all_succeeded")
  .docs("Sets information about the client's library.", "O(1)")
  .run((call) => {
    const { session } = call;
    const isName = call.is(2, "lib-name");
    if (!isName && !call.is(2, "lib-ver")) throw commandError(`ERR Unrecognized option '${call.text(2)}'`);
    const value = call.text(3);
    if (!isListable(value)) throw commandError(`ERR ${call.text(2)} cannot contain spaces, newlines or special characters.`);
    if (isName) session.libraryName = value;
    else session.libraryVersion = value;
    call.reply.ok();
  });

const noEvict = command("client|no-evict", { arity: 3, since: "7.0.0", flags: "admin noscript loading stale" })
  .takes("enabled(ON | OFF)")
  .answers("OK")
  .docs("Exempts the connection from client eviction, or ends that.", "O(1)")
  .run((call) => {
    call.session.noEvict = choice(call, 2, ON_OFF);
    call.server.clients.memory.place(call.session);
    call.reply.ok();
  });

const noTouch = command("client|no-touch", { arity: 3, since: "7.2.0", flags: "noscript loading stale" })
  .takes("enabled(ON | OFF)")
  .answers("OK")
  .docs("Controls whether the connection's commands affect the LRU and LFU of the keys they access.", "O(1)")
  .run((call) => {
    call.session.noTouch = choice(call, 2, ON_OFF);
    call.reply.ok();
  });

/** One that is in force is not cut short, nor is ALL weakened to WRITE. Errors: a mode that is none, an invalid timeout. */
const pause = command("client|pause", { arity: -3, since: "3.0.0", flags: "admin noscript loading stale" })
  .takes("timeout:integer [mode(WRITE | ALL)@6.2.0]")
  .answers("OK")
  .marked("awaits-migrations")
  .docs("Has the commands of clients wait for a time.", "O(1)")
  .changed("6.2.0: Added the mode, and with it `WRITE`.")
  .run((call) => {
    if (call.count > 4) throw wrongArguments(call);
    const onlyWrites = call.count === 4 && call.is(3, "write");
    if (call.count === 4 && !onlyWrites && !call.is(3, "all")) throw commandError("ERR CLIENT PAUSE mode must be WRITE or ALL");
    const until = parseTimeout(call, 2, Unit.MILLISECONDS);
    call.server.pauses.beginForClients(onlyWrites ? PauseLevel.WRITE : PauseLevel.ALL, until);
    call.reply.ok();
  });

/** A shutdown or failover under way has writes wait all the same. */
const unpause = command("client|unpause", { arity: 2, since: "6.2.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .docs("Has the commands of clients go on that a pause made wait.", "O(N) for N paused clients")
  .run((call) => {
    call.server.pauses.end("client_pause");
    call.reply.ok();
  });

/** Replies with 1 if the client was blocked, else 0. A client that waits for a pause to end does not count as blocked: nothing has begun. */
const unblock = command("client|unblock", { arity: -3, since: "5.0.0", flags: "admin noscript loading stale" })
  .takes("client-id [unblock-type(TIMEOUT | ERROR)]")
  .answers("0 | 1")
  .docs("Unblocks a client that waits in a blocking command of another connection.", "O(log N) for N connections")
  .run((call) => {
    if (call.count > 4) throw wrongArguments(call);
    const error = call.count === 4 && call.is(3, "error");
    if (call.count === 4 && !error && !call.is(3, "timeout")) throw commandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    const { clients, blocked } = call.server;
    const session = clients.get(Number(call.int64(2)));
    const unblocked = session !== undefined && blocked.unblock(session, { error });
    call.reply.integer(unblocked ? 1 : 0);
  });

const HELP: readonly HelpEntry[] = [
  ["CACHING (YES|NO)", "Says whether the keys of the next command are tracked, in the modes OPTIN and OPTOUT."],
  ["GETNAME", "Returns the name of this connection."],
  ["GETREDIR", "Returns the id of the client that is told of changes in this one's place."],
  ["ID", "Returns the id of this connection."],
  ["INFO", "Returns information about this connection."],
  ["KILL <ip:port>", "Closes the connection from that address."],
  [
    "KILL <option> <value> [<option> <value> [...]]",
    "Closes the connections that match all options:",
    "* ID <client-id>",
    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "* USER <username>",
    "* ADDR (<ip:port>|<unixsocket>:0), the client's address",
    "* LADDR (<ip:port>|<unixsocket>:0), the server's address",
    "* SKIPME (YES|NO), whether to skip this connection (default: yes)",
    "* MAXAGE <seconds>, connections as old as that or older",
  ],
  [
    "LIST [options ...]",
    "Returns information about client connections:",
    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "* ID <client-id> [<client-id> ...]",
  ],
  ["NO-EVICT (ON|OFF)", "Exempts this connection from client eviction."],
  ["NO-TOUCH (ON|OFF)", "Does not update the access times of keys."],
  ["PAUSE <timeout> [WRITE|ALL]", "Has commands of clients wait for some milliseconds, all of them (default) or those that write."],
  ["REPLY (ON|OFF|SKIP)", "Turns replies on or off; SKIP suppresses the next one."],
  ["SETINFO <option> <value>", "Sets information about this connection:", "* LIB-NAME: the client library.", "* LIB-VER: its version."],
  ["SETNAME <name>", "Sets the name of this connection."],
  ["TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]", "Controls client-side caching."],
  ["TRACKINGINFO", "Returns how this client tracks keys."],
  ["UNBLOCK <client-id> [TIMEOUT|ERROR]", "Unblocks a client as if it had timed out, or with an error."],
  ["UNPAUSE", "Ends a pause."],
];

const help = helpOf(command("client|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), HELP);

export const client = command("client", { arity: -2, since: "2.4.0", flags: "" })
  .docs("A container for client connection commands.", "Depends on the subcommand.")
  .family([
    caching,
    getName,
    getredir,
    help,
    id,
    info,
    kill,
    list,
    noEvict,
    noTouch,
    pause,
    reply,
    setInfo,
    setName,
    tracking,
    trackinginfo,
    unblock,
    unpause,
  ]);
