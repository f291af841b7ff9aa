/** Commands about replication: those for people (REPLICAOF, ROLE) and those between replicas and masters. */

import { parseInt64 } from "../../base/bytes.ts";
import { splitWords } from "../../base/words.ts";
import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { ReplicaState } from "../../replication/master/replica.ts";
import { SessionKind } from "../../session/session.ts";

const command = commandsOf("server");

/** Redis's limit on an address that a replica announces. */
const MAX_ADDRESS_LENGTH = 256;

/** Returns the int64 in argument `index`, or null. */
function int64At(ctx: Context, index: number): bigint | null {
  const from = ctx.frame.offsets[index];
  return parseInt64(ctx.frame.buffer, from, from + ctx.frame.lengths[index]);
}

export const role = command("role", { arity: 1, since: "2.8.12", flags: "noscript loading stale fast" })
  .acl("admin dangerous")
  .docs("Returns the replication role of the server.", "O(1)")
  .run((ctx) => {
    const { replication } = ctx.host;
    const { link } = replication;
    if (link === null) return masterRole(ctx);
    ctx.reply.array(5);
    ctx.reply.bulk("slave");
    ctx.reply.bulk(link.address.host);
    ctx.reply.integer(link.address.port);
    ctx.reply.bulk(link.state);
    ctx.reply.integer(link.stream === null ? -1 : link.stream.offset);
  });

function masterRole(ctx: Context): void {
  const { replication } = ctx.host;
  const online = replication.replicas.list.filter((replica) => replica.state === ReplicaState.ONLINE);
  ctx.reply.array(3);
  ctx.reply.bulk("master");
  ctx.reply.integer(replication.offset);
  ctx.reply.array(online.length);
  for (const replica of online) ctx.reply.bulks([replica.ip, String(replica.listeningPort), String(replica.acknowledged)]);
}

/** Errors: the client is a replica, an invalid port. */
function replicaOf(ctx: Context): void {
  const { replication, log } = ctx.host;
  const client = `id=${ctx.session.id} addr=${ctx.session.link.remoteAddress} name=${ctx.session.name}`;
  if (ctx.is(1, "no") && ctx.is(2, "one")) {
    if (replication.isReplica) {
      replication.promote();
      log.notice(`MASTER MODE enabled (user request from '${client}')`);
    }
    return ctx.reply.ok();
  }
  if (ctx.session.kind === SessionKind.REPLICA) throw commandError("ERR Command is not valid when client is a replica.");
  const host = ctx.text(1);
  const port = portAt(ctx, 2);
  const master = replication.link?.address;
  if (master?.host.toLowerCase() === host.toLowerCase() && master.port === port) {
    log.notice("REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.");
    return ctx.reply.simple("OK Already connected to specified master");
  }
  replication.replicaOf(host, port);
  log.notice(`REPLICAOF ${host}:${port} enabled (user request from '${client}')`);
  ctx.reply.ok();
}

function portAt(ctx: Context, index: number): number {
  const value = int64At(ctx, index);
  if (value === null || value < 0n || value > 65535n) throw commandError("ERR Invalid master port");
  return Number(value);
}

export const replicaof = command("replicaof", { arity: 3, since: "5.0.0", flags: "no_async_loading admin noscript stale" })
  .takes("args(host-port(host port) | no-one(NO ONE))")
  .docs("Makes the server a replica of another one, or a master.", "O(1)")
  .run(replicaOf);

export const slaveof = command("slaveof", { arity: 3, since: "1.0.0", flags: "no_async_loading admin noscript stale" })
  .takes("args(host-port(host port) | no-one(NO ONE))")
  .docs("Makes the server a replica of another one, or a master.", "O(1)")
  .deprecated("5.0.0", "`REPLICAOF`")
  .run(replicaOf);

// ---- between replica and master

export const replconf = command("replconf", { arity: -1, since: "3.0.0", flags: "admin noscript loading stale allow_busy" })
  .marked("no-data")
  .docs("An internal command with which a replica and its master configure replication.", "O(1)")
  .internal()
  .run((ctx) => {
    if (ctx.count % 2 === 0) throw errors.syntax;
    for (let index = 1; index < ctx.count; index += 2) if (!setOption(ctx, index)) return;
    ctx.reply.ok();
  });

/** Applies the option at argument `index`. Returns whether to go on with the next one and to reply. */
function setOption(ctx: Context, index: number): boolean {
  const { replication } = ctx.host;
  const { session } = ctx;
  const name = ctx.text(index).toLowerCase();
  switch (name) {
    case "ack":
      acknowledge(ctx, index + 1);
      return false;
    case "getack":
      replication.link?.acknowledge();
      return false;
    case "listening-port":
      replication.replicas.of(session).listeningPort = ctx.integer(index + 1);
      return true;
    case "ip-address": {
      const address = ctx.text(index + 1);
      if (address.length >= MAX_ADDRESS_LENGTH) {
        throw commandError(`ERR REPLCONF ip-address provided by replica instance is too long: ${address.length} bytes`);
      }
      replication.replicas.of(session).address = address;
      return true;
    }
    case "capa":
      if (ctx.is(index + 1, "eof")) replication.replicas.of(session).eof = true;
      else if (ctx.is(index + 1, "psync2")) replication.replicas.of(session).psync2 = true;
      return true; // others belong to later versions
    case "rdb-only": {
      const only = ctx.integer(index + 1);
      if (only !== 0 && only !== 1) throw commandError("ERR value is out of range, value must between 0 and 1");
      replication.replicas.of(session).imageOnly = only === 1;
      return true;
    }
    case "rdb-filter-only":
      setFilter(ctx, index + 1);
      return true;
    default:
      throw commandError(`ERR Unrecognized REPLCONF option: ${ctx.text(index)}`);
  }
}

function setFilter(ctx: Context, index: number): void {
  const words = splitWords(ctx.text(index));
  if (words === null) throw commandError("ERR Missing rdb-filter-only values");
  const replica = ctx.host.replication.replicas.of(ctx.session);
  let functions = false;
  for (const word of words) {
    if (word.toLowerCase() !== "functions") throw commandError(`ERR Unsupported rdb-filter-only option: ${word}`);
    functions = true;
  }
  replica.parts = { functions };
}

/** It has no reply, not even an error. */
function acknowledge(ctx: Context, index: number): void {
  if (ctx.session.kind !== SessionKind.REPLICA) return;
  const offset = int64At(ctx, index);
  if (offset === null) return;
  const flushed = ctx.count > index + 2 && ctx.is(index + 1, "fack") ? int64At(ctx, index + 2) : null;
  ctx.host.replication.replicas.acknowledge(ctx.session, Number(offset), flushed === null ? -1 : Number(flushed));
}

export const psync = command("psync", { arity: -3, since: "2.8.0", flags: "no_async_loading admin no_multi noscript" })
  .takes("replicationid offset")
  .docs("An internal command with which a replica resumes replication.")
  .run((ctx) => {
    const { session } = ctx;
    if (session.kind === SessionKind.REPLICA) return;
    if (ctx.count > 3 && ctx.is(3, "failover")) takeOver(ctx);
    checkCanSync(ctx);
    const offset = ctx.integer(2);
    ctx.reply.flush();
    ctx.host.replication.replicas.request(session, { id: ctx.text(1), offset });
  });

/**
 * A master that runs FAILOVER asks its replica, with its own history, to become the master. Errors: this is a master, or has another
 * history.
 */
function takeOver(ctx: Context): void {
  const { replication, log } = ctx.host;
  log.notice(`Failover request received for replid ${ctx.text(1)}.`);
  if (!replication.isReplica) throw commandError("ERR PSYNC FAILOVER can't be sent to a master.");
  if (ctx.text(1).toLowerCase() !== replication.history.id) throw commandError("ERR PSYNC FAILOVER replid must match my replid.");
  replication.promote();
  log.notice(`MASTER MODE enabled (failover request from 'id=${ctx.session.id} addr=${ctx.session.link.remoteAddress}')`);
}

export const sync = command("sync", { arity: 1, since: "1.0.0", flags: "no_async_loading admin no_multi noscript" })
  .docs("An internal command with which a replica starts replication.")
  .run((ctx) => {
    const { session } = ctx;
    if (session.kind === SessionKind.REPLICA) return;
    checkCanSync(ctx);
    ctx.reply.flush();
    ctx.host.replication.replicas.request(session, null);
  });

function checkCanSync(ctx: Context): void {
  const { replication } = ctx.host;
  if (!replication.canServeReplicas) throw commandError("NOMASTERLINK Can't SYNC while not connected with my master");
  if (ctx.session.link.outputBytes > 0) throw commandError("ERR SYNC and PSYNC are invalid with pending output");
  const { parts, eof } = replication.replicas.of(ctx.session);
  if (parts !== null && !eof) throw commandError("ERR Filtered replica requires EOF capability");
}
