/** Commands about the connection itself: authentication, protocol, database. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Arguments } from "../../execution/contract.ts";
import { DEFAULT_USER } from "../../session/acl/users.ts";
import { ReplyMode, SessionKind } from "../../session/session.ts";
import { REDIS_VERSION } from "../../version.ts";
import { databaseArgument } from "../arguments/database-index.ts";
import { int64Or } from "../arguments/numbers.ts";
import { checkClientName } from "./client-words.ts";
import { login } from "./login.ts";

const command = commandsOf("connection");

/** Replies with PONG or the message; a subscribed RESP2 client gets it in the form of a message, the only one it reads. */
export const ping = command("ping", { arity: -1, since: "1.0.0", flags: "fast" })
  .takes("[message]")
  .answers("PONG | ['pong', string] / PONG; if message: string | ['pong', string] / string")
  .marked("while-subscribed", "no-data", "tells-disk-errors")
  .tips("request_policy:all_shards response_policy:all_succeeded")
  .docs("Returns PONG, or the given message.", "O(1)")
  .run((call) => {
    const { reply, session, count } = call;
    if (count > 2) throw commandError("ERR wrong number of arguments for 'ping' command");
    if (session.kind === SessionKind.PUBSUB && session.protocol === 2) {
      reply.array(2);
      reply.bulk("pong");
      reply.bulk(count === 1 ? "" : call.text(1));
    } else if (count === 1) {
      reply.simple("PONG");
    } else {
      call.replyArgument(1);
    }
  });

export const echo = command("echo", { arity: 2, since: "1.0.0", flags: "loading stale fast" })
  .takes("message")
  .answers("string")
  .docs("Returns the given string.", "O(1)")
  .run((call) => call.replyArgument(1));

/** Errors: not an integer, no such database. */
export const select = command("select", { arity: 2, since: "1.0.0", flags: "loading stale fast" })
  .takes("index")
  .answers("OK")
  .docs("Changes the database that the connection works on.", "O(1)")
  .run((call) => {
    call.session.database = databaseArgument(call, 1);
    call.reply.ok();
  });

/** Errors: WRONGPASS, no password set (form without a user), syntax. */
export const auth = command("auth", { arity: -2, since: "1.0.0", flags: "noscript loading stale fast no_auth allow_busy" })
  .takes("[username@6.0.0] password")
  .answers("OK")
  .secrets(({ count }) => Array.from({ length: count - 1 }, (_, index) => index + 1))
  .docs("Authenticates the connection.", "O(1)")
  .changed("6.0.0: Added `username`.")
  .run((call) => {
    const { count, server } = call;
    if (count > 3) throw errors.syntax;
    if (count === 2 && server.access.users.default.noPassword) {
      throw commandError(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      );
    }
    login(call, count === 2 ? DEFAULT_USER : call.text(1), call.bytes(count - 1));
    call.reply.ok();
  });

interface HelloOptions {
  /** 0 to stay with the one in use. */
  protocol: number;
  credentials: { user: string; password: Buffer } | null;
  name: string | null;
}

/**
 * Authenticates, names the client and changes the protocol: all of it or, on any error, only the authentication. Errors: NOPROTO, NOAUTH,
 * WRONGPASS, bad option.
 */
export const hello = command("hello", { arity: -1, since: "6.0.0", flags: "noscript loading stale fast no_auth allow_busy" })
  .takes("[arguments(protover [AUTH auth(username password)] [SETNAME clientname])]")
  .answers(`{server: string, version: string, proto: 2 / 3, id: count, mode: string, role: string, modules: Module[]}
      where Module = {name: string, ver: integer, path: string, args: string[]}`)
  .secrets(helloSecrets)
  .docs("Switches the protocol version, and can authenticate and name the connection.", "O(1)")
  .changed("6.2.0: `protover` became optional.")
  .run((call) => {
    const { reply, session } = call;
    const { protocol, credentials, name } = helloOptions(call);
    if (credentials !== null) login(call, credentials.user, credentials.password);
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
    replyHello(call);
  });

/** Names and passwords behind AUTH. */
function helloSecrets(request: Arguments): number[] {
  const secrets: number[] = [];
  for (let index = 2; index < request.count; index++) {
    const word = request.text(index).toLowerCase();
    if (word === "setname") index++;
    if (word !== "auth") continue;
    secrets.push(index + 1, index + 2);
    index += 2;
  }
  return secrets;
}

function helloOptions(call: Call): HelloOptions {
  const { count } = call;
  const options: HelloOptions = { protocol: 0, credentials: null, name: null };
  if (count > 1) options.protocol = protocolVersion(call);
  for (let index = 2; index < count; index++) {
    if (call.is(index, "auth") && index + 2 < count) {
      options.credentials = { user: call.text(index + 1), password: call.bytes(index + 2) };
      index += 2;
    } else if (call.is(index, "setname") && index + 1 < count) {
      options.name = call.text(index + 1);
      checkClientName(options.name);
      index++;
    } else {
      throw commandError(`ERR Syntax error in HELLO option '${call.text(index)}'`);
    }
  }
  return options;
}

function protocolVersion(call: Call): number {
  const version = int64Or(call, 1, "ERR Protocol version is not an integer or out of range");
  if (version !== 2n && version !== 3n) throw commandError("NOPROTO unsupported protocol version");
  return Number(version);
}

function replyHello({ server, reply, session }: Call): void {
  const { values } = server.config;
  reply.map(7);
  reply.field("server", "redis");
  reply.field("version", REDIS_VERSION);
  reply.field("proto", session.protocol);
  reply.field("id", session.id);
  reply.field("mode", values["cluster-enabled"] ? "cluster" : "standalone");
  reply.field("role", values.replicaof === null ? "master" : "replica");
  reply.bulk("modules");
  reply.array(0);
}

export const quit = command("quit", { arity: -1, since: "1.0.0", flags: "allow_busy noscript loading stale fast no_auth" })
  .answers("OK")
  .marked("unqueued", "while-subscribed")
  .docs("Closes the connection.", "O(1)")
  .deprecated("7.2.0", "closing the connection")
  .run((call) => {
    call.reply.ok();
    call.session.closing = true;
  });

/** Resets the connection to a new one's state, but for its id and what it said about its library. Errors: a link between servers. */
export const reset = command("reset", { arity: 1, since: "6.2.0", flags: "noscript loading stale fast no_auth allow_busy" })
  .answers("RESET")
  .marked("unqueued", "while-subscribed")
  .docs("Resets the connection to the state of a new one.", "O(1)")
  .run((call) => {
    const { server, reply, session } = call;
    if (session.kind === SessionKind.REPLICA || session.kind === SessionKind.MASTER)
      throw commandError("ERR can only reset normal client connections");
    server.monitors.remove(session);
    server.changeSubscribers.remove(session);
    server.pubsub.unsubscribeAll(session);
    server.tracking.disable(session);
    session.kind = SessionKind.NORMAL;
    session.database = server.keyspace.databases[0];
    session.protocol = 2;
    reply.protocol = 2;
    server.access.reset(session);
    session.transaction?.reset();
    session.name = "";
    session.noTouch = false;
    session.noEvict = false;
    call.setReplyMode(session.replyMode & ReplyMode.SKIP);
    reply.simple("RESET");
  });
