/** Commands about the connection itself: who the client is, what it speaks, which database it uses. */

import { parseInt64 } from "../../base/bytes.ts";
import { commandError, errors } from "../../errors.ts";
import { arg, block, command } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { ReplyMode, SessionKind } from "../../session/session.ts";
import { REDIS_VERSION } from "../../version.ts";
import { databaseArgument } from "../generic/database-index.ts";
import { checkClientName } from "./client-info.ts";
import { DEFAULT_USER, login, logout } from "./login.ts";

/** Answers with PONG or with the message; a subscribed RESP2 client gets it in the form of a message, the only form it reads. */
export const ping = command(
  {
    name: "ping",
    arity: -1,
    group: "connection",
    since: "1.0.0",
    flags: ["fast"],
    summary: "Answers, to show that the server is there",
    complexity: "O(1)",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    arguments: [arg("string", "message", { optional: true })],
  },
  (ctx) => {
    const { reply, session, count } = ctx;
    if (count > 2) throw commandError("ERR wrong number of arguments for 'ping' command");
    if (session.kind === SessionKind.PUBSUB && session.protocol === 2) {
      reply.array(2);
      reply.bulk("pong");
      reply.bulk(count === 1 ? "" : ctx.text(1));
    } else if (count === 1) {
      reply.simple("PONG");
    } else {
      replyArgument(ctx, 1);
    }
  },
);

export const echo = command(
  {
    name: "echo",
    arity: 2,
    group: "connection",
    since: "1.0.0",
    flags: ["loading", "stale", "fast"],
    summary: "Answers with its argument",
    complexity: "O(1)",
    arguments: [arg("string", "message")],
  },
  (ctx) => replyArgument(ctx, 1),
);

function replyArgument(ctx: Context, index: number): void {
  const { frame } = ctx;
  const from = frame.offsets[index];
  ctx.reply.bytes(frame.buffer, from, from + frame.lengths[index]);
}

/** Errors: not an integer, no such database. */
export const select = command(
  {
    name: "select",
    arity: 2,
    group: "connection",
    since: "1.0.0",
    flags: ["loading", "stale", "fast"],
    summary: "Chooses the database that the connection works on",
    complexity: "O(1)",
    arguments: [arg("integer", "index")],
  },
  (ctx) => {
    ctx.session.database = databaseArgument(ctx, 1);
    ctx.reply.ok();
  },
);

/** Errors: WRONGPASS, no password set (form without a user), syntax. */
export const auth = command(
  {
    name: "auth",
    arity: -2,
    group: "connection",
    since: "1.0.0",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    summary: "Logs the connection in",
    complexity: "O(1): there is one user, with one password",
    history: [["6.0.0", "A user name may precede the password"]],
    arguments: [arg("string", "username", { optional: true, since: "6.0.0" }), arg("string", "password")],
  },
  (ctx) => {
    const { count, host, session } = ctx;
    if (count > 3) throw errors.syntax;
    if (count === 2 && host.config.values.requirepass === "") {
      throw commandError(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      );
    }
    login(host, session, count === 2 ? DEFAULT_USER : ctx.text(1), ctx.bytes(count - 1));
    ctx.reply.ok();
  },
);

interface HelloOptions {
  /** 0 to stay with the one in use. */
  protocol: number;
  credentials: { user: string; password: Buffer } | null;
  name: string | null;
}

/** Logs in, names the client and changes the protocol: all of it or, on any error, nothing but the login. Errors: NOPROTO, NOAUTH, WRONGPASS, bad option. */
export const hello = command(
  {
    name: "hello",
    arity: -1,
    group: "connection",
    since: "6.0.0",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    summary: "Opens the conversation: protocol version, login, name of the client",
    complexity: "O(1)",
    history: [["6.2.0", "Without a protocol version it tells about the connection as it is"]],
    arguments: [
      block(
        "arguments",
        [
          arg("integer", "protover"),
          block("auth", [arg("string", "username"), arg("string", "password")], { token: "AUTH", optional: true }),
          arg("string", "clientname", { token: "SETNAME", optional: true }),
        ],
        { optional: true },
      ),
    ],
  },
  (ctx) => {
    const { host, reply, session } = ctx;
    const { protocol, credentials, name } = helloOptions(ctx);
    if (credentials !== null) login(host, session, credentials.user, credentials.password);
    if (!session.authenticated) {
      throw commandError(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to " +
          "authenticate the client and select the RESP protocol version at the same time",
      );
    }
    if (name !== null) session.name = name;
    if (protocol !== 0) {
      session.protocol = protocol;
      reply.protocol = protocol;
    }
    replyHello(ctx);
  },
);

function helloOptions(ctx: Context): HelloOptions {
  const { count } = ctx;
  const options: HelloOptions = { protocol: 0, credentials: null, name: null };
  if (count > 1) options.protocol = protocolVersion(ctx.bytes(1));
  for (let index = 2; index < count; index++) {
    if (ctx.is(index, "auth") && index + 2 < count) {
      options.credentials = { user: ctx.text(index + 1), password: ctx.bytes(index + 2) };
      index += 2;
    } else if (ctx.is(index, "setname") && index + 1 < count) {
      options.name = ctx.text(index + 1);
      checkClientName(options.name);
      index++;
    } else {
      throw commandError(`ERR Syntax error in HELLO option '${ctx.text(index)}'`);
    }
  }
  return options;
}

function protocolVersion(word: Buffer): number {
  const version = parseInt64(word, 0, word.length);
  if (version === null) throw commandError("ERR Protocol version is not an integer or out of range");
  if (version !== 2n && version !== 3n) throw commandError("NOPROTO unsupported protocol version");
  return Number(version);
}

function replyHello({ host, reply, session }: Context): void {
  const { values } = host.config;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(REDIS_VERSION);
  reply.bulk("proto");
  reply.integer(session.protocol);
  reply.bulk("id");
  reply.integer(session.id);
  reply.bulk("mode");
  reply.bulk(values["cluster-enabled"] ? "cluster" : "standalone");
  reply.bulk("role");
  reply.bulk(values.replicaof === null ? "master" : "replica");
  reply.bulk("modules");
  reply.array(0);
}

export const quit = command(
  {
    name: "quit",
    arity: -1,
    group: "connection",
    since: "1.0.0",
    flags: ["allow_busy", "noscript", "loading", "stale", "fast", "no_auth"],
    summary: "Closes the connection once this is answered",
    complexity: "O(1)",
    docFlags: ["deprecated"],
    deprecatedSince: "7.2.0",
    replacedBy: "closing the connection",
  },
  (ctx) => {
    ctx.reply.ok();
    ctx.session.closing = true;
  },
);

/** Makes the connection as if new, but for its id and what it said of its library. Errors: a link between servers. */
export const reset = command(
  {
    name: "reset",
    arity: 1,
    group: "connection",
    since: "6.2.0",
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    summary: "Brings the connection back to the state of a new one",
    complexity: "O(1)",
  },
  (ctx) => {
    const { host, reply, session } = ctx;
    if (session.kind === SessionKind.REPLICA || session.kind === SessionKind.MASTER)
      throw commandError("ERR can only reset normal client connections");
    host.pubsub.unsubscribeAll(session);
    session.kind = SessionKind.NORMAL;
    session.database = host.keyspace.databases[0];
    session.protocol = 2;
    reply.protocol = 2;
    logout(host, session);
    session.transaction?.reset();
    session.name = "";
    session.noTouch = false;
    session.noEvict = false;
    if (session.replyMode === ReplyMode.OFF) session.replyMode = ReplyMode.ON;
    reply.simple("RESET");
  },
);
