/** CLIENT: what the server knows of its clients, and how they are told apart and told off. */

import { parseInt64 } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import { arg, command, container, type Flag, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { ReplyMode, type Session, type SessionKind } from "../../session/session.ts";
import { type HelpEntry, replyHelp, wrongArguments } from "../arguments/help.ts";
import { checkClientName, clientKind, describeClient, isListable } from "./client-info.ts";
import { DEFAULT_USER } from "./login.ts";

const FLAGS: readonly Flag[] = ["noscript", "loading", "stale"];
const ADMIN_FLAGS: readonly Flag[] = ["admin", ...FLAGS];

const ON_OFF = [token("ON"), token("OFF")];

const id = command(
  {
    name: "id",
    arity: 2,
    group: "connection",
    since: "5.0.0",
    flags: FLAGS,
    summary: "Answers with the number of this connection, never given twice",
    complexity: "O(1)",
  },
  (ctx) => ctx.reply.integer(ctx.session.id),
);

const info = command(
  {
    name: "info",
    arity: 2,
    group: "connection",
    since: "6.2.0",
    flags: FLAGS,
    summary: "Describes this connection as CLIENT LIST does",
    complexity: "O(1)",
    tips: ["nondeterministic_output"],
  },
  (ctx) => ctx.reply.verbatim(describeClient(ctx, ctx.session)),
);

const list = command(
  {
    name: "list",
    arity: -2,
    group: "connection",
    since: "2.4.0",
    flags: ADMIN_FLAGS,
    summary: "Describes the connected clients, a line each",
    complexity: "O(N) in the number of clients",
    tips: ["nondeterministic_output"],
    history: [
      ["2.8.12", "Shows a client's id"],
      ["5.0.0", "TYPE"],
      ["6.0.0", "Shows a client's user"],
      ["6.2.0", "ID; shows argv-mem, tot-mem, laddr and redir"],
      ["7.0.0", "Shows resp, multi-mem, rbs and rbp"],
      ["7.0.3", "Shows ssub"],
    ],
    arguments: [
      oneOf("client-type", [token("normal"), token("master"), token("replica"), token("pubsub")], {
        token: "TYPE",
        optional: true,
        since: "5.0.0",
      }),
      arg("integer", "client-id", { token: "ID", optional: true, multiple: true, since: "6.2.0" }),
    ],
  },
  (ctx) => {
    const lines = clientsToList(ctx).map((session) => describeClient(ctx, session));
    ctx.reply.verbatim(lines.join(""));
  },
);

/** Those that CLIENT LIST's options ask for; with ID in the order asked, as often as asked. */
function clientsToList(ctx: Context): Session[] {
  const { clients } = ctx.host;
  if (ctx.count === 2) return [...clients];
  if (ctx.count === 4 && ctx.is(2, "type")) {
    const kind = clientKind(ctx.text(3));
    return [...clients].filter((session) => session.kind === kind);
  }
  if (ctx.count === 3 || !ctx.is(2, "id")) throw errors.syntax;
  const found: Session[] = [];
  for (let index = 3; index < ctx.count; index++) {
    const bytes = ctx.bytes(index);
    const wanted = parseInt64(bytes, 0, bytes.length);
    if (wanted === null) throw commandError("ERR Invalid client ID");
    const session = clients.get(Number(wanted));
    if (session !== undefined) found.push(session);
  }
  return found;
}

const kill = command(
  {
    name: "kill",
    arity: -3,
    group: "connection",
    since: "2.4.0",
    flags: ADMIN_FLAGS,
    summary: "Disconnects clients, by address or by what they are",
    complexity: "O(N) in the number of clients",
    history: [
      ["2.8.12", "Filters in place of an address"],
      ["2.8.12", "ID"],
      ["3.2.0", "TYPE master"],
      ["5.0.0", "TYPE replica; slave means the same"],
      ["6.2.0", "LADDR"],
    ],
    arguments: [
      oneOf("filter", [
        arg("string", "old-format", { displayText: "ip:port", deprecatedSince: "2.8.12" }),
        oneOf(
          "new-format",
          [
            arg("integer", "client-id", { token: "ID", optional: true, since: "2.8.12" }),
            oneOf(
              "client-type",
              [token("normal"), token("master", { since: "3.2.0" }), token("slave"), token("replica", { since: "5.0.0" }), token("pubsub")],
              {
                token: "TYPE",
                optional: true,
                since: "2.8.12",
              },
            ),
            arg("string", "username", { token: "USER", optional: true }),
            arg("string", "addr", { token: "ADDR", displayText: "ip:port", optional: true }),
            arg("string", "laddr", { token: "LADDR", displayText: "ip:port", optional: true, since: "6.2.0" }),
            oneOf("skipme", [token("YES"), token("NO")], { token: "SKIPME", optional: true }),
          ],
          { multiple: true },
        ),
      ]),
    ],
  },
  (ctx) => {
    if (ctx.count > 3) return ctx.reply.integer(disconnectAll(ctx, killFilter(ctx)));
    if (disconnectAll(ctx, { addr: ctx.text(2), skipMe: false }) === 0) throw commandError("ERR No such client");
    ctx.reply.ok();
  },
);

/** What a client must be to be killed; nothing said: any. */
interface KillFilter {
  id?: number;
  kind?: SessionKind;
  addr?: string;
  laddr?: string;
  user?: string;
  skipMe: boolean;
}

function killFilter(ctx: Context): KillFilter {
  const filter: KillFilter = { skipMe: true };
  for (let index = 2; index < ctx.count; index += 2) {
    if (index + 1 === ctx.count) throw errors.syntax;
    readKillOption(ctx, index, filter);
  }
  return filter;
}

function readKillOption(ctx: Context, index: number, filter: KillFilter): void {
  const value = ctx.text(index + 1);
  switch (ctx.text(index).toLowerCase()) {
    case "id":
      filter.id = killId(ctx.bytes(index + 1));
      return;
    case "type":
      filter.kind = clientKind(value);
      return;
    case "addr":
      filter.addr = value;
      return;
    case "laddr":
      filter.laddr = value;
      return;
    case "user":
      if (value !== DEFAULT_USER) throw commandError(`ERR No such user '${value}'`);
      filter.user = value;
      return;
    case "skipme":
      filter.skipMe = yesOrNo(ctx, index + 1);
      return;
    default:
      throw errors.syntax;
  }
}

function killId(bytes: Buffer): number {
  const wanted = parseInt64(bytes, 0, bytes.length);
  if (wanted === null || wanted < 1n) throw commandError("ERR client-id should be greater than 0");
  return Number(wanted);
}

function yesOrNo(ctx: Context, index: number): boolean {
  if (ctx.is(index, "yes")) return true;
  if (ctx.is(index, "no")) return false;
  throw errors.syntax;
}

/** -> how many. */
function disconnectAll(ctx: Context, filter: KillFilter): number {
  const { session: self, host } = ctx;
  const matches = [...host.clients].filter(
    (session) =>
      (filter.addr === undefined || session.link.remoteAddress === filter.addr) &&
      (filter.laddr === undefined || session.link.localAddress === filter.laddr) &&
      (filter.kind === undefined || session.kind === filter.kind) &&
      (filter.id === undefined || session.id === filter.id) &&
      (filter.user === undefined || session.user === filter.user) &&
      (session !== self || !filter.skipMe),
  );
  for (const session of matches) {
    if (session === self) self.closing = true;
    else host.disconnect(session);
  }
  return matches.length;
}

/** From the next request on, except ON: that is answered itself. */
const reply = command(
  {
    name: "reply",
    arity: 3,
    group: "connection",
    since: "3.2.0",
    flags: FLAGS,
    summary: "Says whether this connection's requests are answered",
    complexity: "O(1)",
    arguments: [oneOf("action", [...ON_OFF, token("SKIP")])],
  },
  (ctx) => {
    const { session } = ctx;
    if (ctx.is(2, "on")) {
      session.replyMode = ReplyMode.ON;
      ctx.reply.ok();
    } else if (ctx.is(2, "off")) {
      session.replyMode = ReplyMode.OFF;
    } else if (!ctx.is(2, "skip")) {
      throw errors.syntax;
    } else if (session.replyMode !== ReplyMode.OFF) {
      session.replyMode = ReplyMode.SKIP_NEXT;
    }
  },
);

const setName = command(
  {
    name: "setname",
    arity: 3,
    group: "connection",
    since: "2.6.9",
    flags: FLAGS,
    summary: "Gives this connection a name, or takes it away",
    complexity: "O(1)",
    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
    arguments: [arg("string", "connection-name")],
  },
  (ctx) => {
    const name = ctx.text(2);
    checkClientName(name);
    ctx.session.name = name;
    ctx.reply.ok();
  },
);

const getName = command(
  {
    name: "getname",
    arity: 2,
    group: "connection",
    since: "2.6.9",
    flags: FLAGS,
    summary: "Answers with the name of this connection",
    complexity: "O(1)",
  },
  (ctx) => {
    const { name } = ctx.session;
    if (name === "") ctx.reply.null();
    else ctx.reply.bulk(name);
  },
);

const setInfo = command(
  {
    name: "setinfo",
    arity: 4,
    group: "connection",
    since: "7.2.0",
    flags: FLAGS,
    summary: "Notes which library this connection is used by",
    complexity: "O(1)",
    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
    arguments: [oneOf("attr", [arg("string", "libname", { token: "lib-name" }), arg("string", "libver", { token: "lib-ver" })])],
  },
  (ctx) => {
    const { session } = ctx;
    const isName = ctx.is(2, "lib-name");
    if (!isName && !ctx.is(2, "lib-ver")) throw commandError(`ERR Unrecognized option '${ctx.text(2)}'`);
    const value = ctx.text(3);
    if (!isListable(value)) throw commandError(`ERR ${ctx.text(2)} cannot contain spaces, newlines or special characters.`);
    if (isName) session.libraryName = value;
    else session.libraryVersion = value;
    ctx.reply.ok();
  },
);

function onOrOff(ctx: Context): boolean {
  if (ctx.is(2, "on")) return true;
  if (ctx.is(2, "off")) return false;
  throw errors.syntax;
}

const noEvict = command(
  {
    name: "no-evict",
    arity: 3,
    group: "connection",
    since: "7.0.0",
    flags: ADMIN_FLAGS,
    summary: "Says whether this connection may be closed when clients take too much memory",
    complexity: "O(1)",
    arguments: [oneOf("enabled", ON_OFF)],
  },
  (ctx) => {
    ctx.session.noEvict = onOrOff(ctx);
    ctx.reply.ok();
  },
);

const noTouch = command(
  {
    name: "no-touch",
    arity: 3,
    group: "connection",
    since: "7.2.0",
    flags: FLAGS,
    summary: "Says whether this connection's requests count as accesses of keys (LRU, LFU)",
    complexity: "O(1)",
    arguments: [oneOf("enabled", ON_OFF)],
  },
  (ctx) => {
    ctx.session.noTouch = onOrOff(ctx);
    ctx.reply.ok();
  },
);

/** -> 1 when the client was blocked and no longer is, else 0. One that waits for writes to go on is not blocked in this sense: nothing has begun. */
const unblock = command(
  {
    name: "unblock",
    arity: -3,
    group: "connection",
    since: "5.0.0",
    flags: ADMIN_FLAGS,
    summary: "Ends the wait of a client that is blocked in a command",
    complexity: "O(log N) in the number of clients",
    arguments: [arg("integer", "client-id"), oneOf("unblock-type", [token("TIMEOUT"), token("ERROR")], { optional: true })],
  },
  (ctx) => {
    if (ctx.count > 4) throw wrongArguments(ctx);
    const error = ctx.count === 4 && ctx.is(3, "error");
    if (ctx.count === 4 && !error && !ctx.is(3, "timeout")) throw commandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    const { clients, blocked } = ctx.host;
    const session = clients.get(Number(ctx.int64(2)));
    const unblocked = session !== undefined && blocked.unblock(session, { error });
    ctx.reply.integer(unblocked ? 1 : 0);
  },
);

const HELP: readonly HelpEntry[] = [
  ["GETNAME", "Name of this connection."],
  ["ID", "Number of this connection."],
  ["INFO", "Description of this connection."],
  ["KILL <ip:port>", "Disconnects the client at that address."],
  [
    "KILL <option> <value> [<option> <value> [...]]",
    "Disconnects the clients for which every option holds:",
    "* ID <client-id>",
    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "* USER <username>",
    "* ADDR (<ip:port>|<unixsocket>:0), where it came from",
    "* LADDR (<ip:port>|<unixsocket>:0), where it came in",
    "* SKIPME (YES|NO), whether to spare this connection (default: yes)",
  ],
  [
    "LIST [options ...]",
    "Descriptions of connected clients:",
    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "* ID <client-id> [<client-id> ...]",
  ],
  ["NO-EVICT (ON|OFF)", "Spares this connection when clients take too much memory."],
  ["NO-TOUCH (ON|OFF)", "Leaves the access times of keys alone."],
  ["REPLY (ON|OFF|SKIP)", "Whether requests are answered; SKIP leaves out the next."],
  ["SETINFO <option> <value>", "Notes something about this connection:", "* LIB-NAME: the client library.", "* LIB-VER: its version."],
  ["SETNAME <name>", "Names this connection."],
  ["UNBLOCK <client-id> [TIMEOUT|ERROR]", "Ends a client's wait, as if its time were over or with an error."],
];

const help = command(
  {
    name: "help",
    arity: 2,
    group: "connection",
    since: "5.0.0",
    flags: ["loading", "stale"],
    summary: "Explains the subcommands",
    complexity: "O(1)",
  },
  (ctx) => replyHelp(ctx, HELP),
);

export const client = container(
  {
    name: "client",
    arity: -2,
    group: "connection",
    since: "2.4.0",
    flags: [],
    summary: "Commands about client connections",
    complexity: "That of the subcommand",
  },
  [getName, help, id, info, kill, list, noEvict, noTouch, reply, setInfo, setName, unblock],
);
