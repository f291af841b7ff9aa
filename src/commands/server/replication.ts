/** Commands about replication: those for people (REPLICAOF, ROLE) and those between replicas and masters. */

import { parseInt64 } from "../../base/bytes.ts";
import { splitWords } from "../../base/words.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { FailoverOptions, Target } from "../../replication/failover.ts";
import { ReplicaState } from "../../replication/master/replica.ts";
import { FUNCTIONS_CAPABILITY } from "../../replication/note.ts";
import { isFed, SessionKind } from "../../session/session.ts";

const command = commandsOf("server");

/** Redis's limit on an address that a replica announces. */
const MAX_ADDRESS_LENGTH = 256;

/** Returns the int64 in argument `index`, or null. */
function int64At(call: Call, index: number): bigint | null {
  const from = call.frame.offsets[index];
  return parseInt64(call.frame.buffer, from, from + call.frame.lengths[index]);
}

export const role = command("role", { arity: 1, since: "2.8.12", flags: "noscript loading stale fast" })
  .answers(`['master', offset: integer, replicas: [ip: string, port: string, offset: string][]] |
      ['slave', host: string, port: count, state: LinkState, offset: integer]
      where LinkState = 'none' | 'connect' | 'connecting' | 'handshake' | 'sync' | 'connected' | 'unknown'`)
  .acl("admin dangerous")
  .docs("Returns the replication role of the server.", "O(1)")
  .run((call) => {
    const { replication } = call.server;
    const { link } = replication;
    if (link === null) return masterRole(call);
    call.reply.array(5);
    call.reply.bulk("slave");
    call.reply.bulk(link.address.host);
    call.reply.integer(link.address.port);
    call.reply.bulk(link.state);
    call.reply.integer(link.stream === null ? -1 : link.stream.offset);
  });

function masterRole(call: Call): void {
  const { replication } = call.server;
  const online = replication.replicas.list.filter((replica) => replica.state === ReplicaState.ONLINE);
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(replication.offset);
  call.reply.array(online.length);
  for (const replica of online) call.reply.bulks([replica.ip, String(replica.listeningPort), String(replica.acknowledged)]);
}

/** Errors: the client is a replica, an invalid port. */
function replicaOf(call: Call): void {
  const { replication, log } = call.server;
  if (replication.failover.running) throw commandError("ERR REPLICAOF not allowed while failing over.");
  const client = `id=${call.session.id} addr=${call.session.link.remoteAddress} name=${call.session.name}`;
  if (call.is(1, "no") && call.is(2, "one")) {
    if (replication.isReplica) {
      replication.promote();
      log.notice(`MASTER MODE enabled (user request from '${client}')`);
    }
    return call.reply.ok();
  }
  if (isFed(call.session.kind)) throw commandError("ERR Command is not valid when client is a replica.");
  const host = call.text(1);
  const port = portAt(call, 2);
  const master = replication.link?.address;
  if (master?.host.toLowerCase() === host.toLowerCase() && master.port === port) {
    log.notice("REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.");
    return call.reply.simple("OK Already connected to specified master");
  }
  replication.replicaOf(host, port);
  log.notice(`REPLICAOF ${host}:${port} enabled (user request from '${client}')`);
  call.reply.ok();
}

function portAt(call: Call, index: number): number {
  const value = int64At(call, index);
  if (value === null || value < 0n || value > 65535n) throw commandError("ERR Invalid master port");
  return Number(value);
}

export const replicaof = command("replicaof", { arity: 3, since: "5.0.0", flags: "no_async_loading admin noscript stale" })
  .takes("args(host-port(host port) | no-one(NO ONE))")
  .answers("OK | +'OK Already connected to specified master'")
  .marked("awaits-migrations")
  .docs("Makes the server a replica of another one, or a master.", "O(1)")
  .run(replicaOf);

export const slaveof = command("slaveof", { arity: 3, since: "1.0.0", flags: "no_async_loading admin noscript stale" })
  .takes("args(host-port(host port) | no-one(NO ONE))")
  .answers("OK | +'OK Already connected to specified master'")
  .marked("awaits-migrations")
  .docs("Makes the server a replica of another one, or a master.", "O(1)")
  .deprecated("5.0.0", "`REPLICAOF`")
  .run(replicaOf);

export const failover = command("failover", { arity: -1, since: "6.2.0", flags: "admin noscript stale" })
  .takes("[TO target(host port [FORCE])] [ABORT] [TIMEOUT milliseconds]")
  .answers("OK")
  .marked("awaits-migrations")
  .docs("Starts a coordinated failover from a server to one of its replicas.", "O(1)")
  .run((call) => {
    const { failover: running } = call.server.replication;
    if (call.count === 2 && call.is(1, "abort")) running.abort();
    else running.begin(failoverOptions(call));
    call.reply.ok();
  });

/** Errors: an option that is not known or comes twice, a time that is none. */
function failoverOptions(call: Call): FailoverOptions {
  let target: Target | null = null;
  let force = false;
  let timeoutMs = 0;
  for (let index = 1; index < call.count; index++) {
    if (call.is(index, "timeout") && index + 1 < call.count && timeoutMs === 0) {
      timeoutMs = call.integer(++index);
      if (timeoutMs <= 0) throw commandError("ERR FAILOVER timeout must be greater than 0");
    } else if (call.is(index, "to") && index + 2 < call.count && target === null) {
      target = { host: call.text(index + 1), port: call.integer(index + 2) };
      index += 2;
    } else if (call.is(index, "force") && !force) force = true;
    else throw errors.syntax;
  }
  return { target, force, timeoutMs };
}

// ---- between replica and master

const FIRST_VALKEY_WITH_FIELD_TIMES = 9;
/** Only Redis 8 and later say this, whose replicas read times of hash fields. */
const REDIS_8_CAPABILITY = "rdb-channel-repl";

export const replconf = command("replconf", { arity: -1, since: "3.0.0", flags: "admin noscript loading stale allow_busy" })
  .answers("OK")
  .marked("no-data")
  .docs("An internal command with which a replica and its master configure replication.", "O(1)")
  .internal()
  .run((call) => {
    if (call.count % 2 === 0) throw errors.syntax;
    for (let index = 1; index < call.count; index += 2) if (!setOption(call, index)) return;
    call.reply.ok();
  });

/** Applies the option at argument `index`. Returns whether to go on with the next one and to reply. */
function setOption(call: Call, index: number): boolean {
  const { replication } = call.server;
  const { session } = call;
  const name = call.text(index).toLowerCase();
  switch (name) {
    case "ack":
      acknowledge(call, index + 1);
      return false;
    case "getack":
      replication.link?.acknowledge();
      return false;
    case "listening-port":
      replication.replicas.of(session).listeningPort = call.integer(index + 1);
      return true;
    case "ip-address": {
      const address = call.text(index + 1);
      if (address.length >= MAX_ADDRESS_LENGTH) {
        throw commandError(`ERR REPLCONF ip-address provided by replica instance is too long: ${address.length} bytes`);
      }
      replication.replicas.of(session).address = address;
      return true;
    }
    case "capa":
      if (call.is(index + 1, "dual-channel")) replication.replicas.channels.offered(replication.replicas.of(session), "valkey");
      else if (call.is(index + 1, "eof")) replication.replicas.of(session).eof = true;
      else if (call.is(index + 1, "psync2")) replication.replicas.of(session).psync2 = true;
      else if (call.is(index + 1, FUNCTIONS_CAPABILITY)) replication.replicas.of(session).wantsFunctions = true;
      else if (call.is(index + 1, REDIS_8_CAPABILITY)) {
        const replica = replication.replicas.of(session);
        replica.readsFieldTimes = true;
        replication.replicas.channels.offered(replica, "redis");
      }
      return true; // others belong to later versions
    case "version": {
      // Only Valkey's replicas say theirs. From 9 on they read times of hash fields in Valkey's form, and in no other.
      const replica = replication.replicas.of(session);
      replica.readsFieldTimes = Number.parseInt(call.text(index + 1), 10) >= FIRST_VALKEY_WITH_FIELD_TIMES;
      if (replica.readsFieldTimes) replica.family = "valkey";
      return true;
    }
    case "rdb-only":
      replication.replicas.of(session).imageOnly = switchAt(call, index + 1);
      return true;
    case "rdb-channel":
      session.imageChannel = switchAt(call, index + 1);
      return true;
    case "main-ch-client-id":
      replication.replicas.channels.name(replication.replicas.of(session), clientIdAt(call, index + 1), replication.replicas.list);
      return true;
    case "set-rdb-client-id":
      replication.replicas.channels.join(replication.replicas.of(session), clientIdAt(call, index + 1));
      return true;
    case "rdb-filter-only":
      setFilter(call, index + 1);
      return true;
    default:
      throw commandError(`ERR Unrecognized REPLCONF option: ${call.text(index)}`);
  }
}

function switchAt(call: Call, index: number): boolean {
  const value = call.integer(index);
  if (value !== 0 && value !== 1) throw commandError("ERR value is out of range, value must between 0 and 1");
  return value === 1;
}

function clientIdAt(call: Call, index: number): bigint {
  const id = int64At(call, index);
  if (id === null) throw errors.notInteger;
  return id;
}

function setFilter(call: Call, index: number): void {
  const words = splitWords(call.text(index));
  if (words === null) throw commandError("ERR Missing rdb-filter-only values");
  const replica = call.server.replication.replicas.of(call.session);
  let functions = false;
  for (const word of words) {
    if (word.toLowerCase() !== "functions") throw commandError(`ERR Unsupported rdb-filter-only option: ${word}`);
    functions = true;
  }
  replica.parts = { functions };
}

/** It has no reply, not even an error. */
function acknowledge(call: Call, index: number): void {
  if (call.session.kind !== SessionKind.REPLICA) return;
  const offset = int64At(call, index);
  if (offset === null) return;
  const flushed = call.count > index + 2 && call.is(index + 1, "fack") ? int64At(call, index + 2) : null;
  call.server.replication.replicas.acknowledge(call.session, Number(offset), flushed === null ? -1 : Number(flushed));
}

export const psync = command("psync", { arity: -3, since: "2.8.0", flags: "no_async_loading admin no_multi noscript" })
  .takes("replicationid offset")
  .answers("status")
  .docs("An internal command with which a replica resumes replication.")
  .run((call) => {
    const { session } = call;
    if (isFed(session.kind)) return;
    if (call.count > 3 && call.is(3, "failover")) takeOver(call);
    checkCanSync(call);
    const offset = int64At(call, 2);
    if (offset === null) {
      call.server.log.warning(
        `Replica ${call.server.replication.replicas.of(session).name} asks for synchronization but with a wrong offset`,
      );
      throw errors.notInteger;
    }
    call.reply.flush();
    call.server.replication.replicas.request(session, { id: call.text(1), offset: Number(offset) });
  });

/** A master that runs FAILOVER asks its replica, with its own history, to become the master. Errors: this is a master, or has another history. */
function takeOver(call: Call): void {
  const { replication, log } = call.server;
  log.notice(`Failover request received for replid ${call.text(1)}.`);
  if (!replication.isReplica) throw commandError("ERR PSYNC FAILOVER can't be sent to a master.");
  if (call.text(1).toLowerCase() !== replication.history.id) throw commandError("ERR PSYNC FAILOVER replid must match my replid.");
  replication.promote();
  log.notice(`MASTER MODE enabled (failover request from 'id=${call.session.id} addr=${call.session.link.remoteAddress}')`);
}

export const sync = command("sync", { arity: 1, since: "1.0.0", flags: "no_async_loading admin no_multi noscript" })
  .answers("none")
  .docs("An internal command with which a replica starts replication.")
  .run((call) => {
    const { session } = call;
    if (isFed(session.kind)) return;
    checkCanSync(call);
    call.reply.flush();
    call.server.replication.replicas.request(session, null);
  });

function checkCanSync(call: Call): void {
  const { replication } = call.server;
  if (replication.failover.running) throw commandError("NOMASTERLINK Can't SYNC while failing over");
  if (!replication.canServeReplicas) throw commandError("NOMASTERLINK Can't SYNC while not connected with my master");
  if (call.session.link.outputBytes > 0) throw commandError("ERR SYNC and PSYNC are invalid with pending output");
  const { parts, eof } = replication.replicas.of(call.session);
  if (parts !== null && !eof) throw commandError("ERR Filtered replica requires EOF capability");
}
