/**
 * Full synchronizations over two connections, on the master's side: the image goes over one, the stream over the other from the image's
 * moment on, so that the replica keeps what is written meanwhile and not the master. A replica says that it can, and is answered in the
 * protocol of its family. Redis 8's: the first connection is told to wait, and gets the stream as soon as a second one, which names it, has
 * its image begun. Valkey's: the second connection is told the image's moment, from where the stream is kept until the first one asks for
 * it. Source: Redis 8's "rdb channel for full sync", Valkey's dual-channel-replication.
 */

import { commandError } from "../../errors.ts";
import type { Session } from "../../session/session.ts";
import type { ReplicationContext } from "../context.ts";
import type { History } from "../history.ts";
import { type Replica, ReplicaState } from "./replica.ts";

export class Channels {
  /** How long the stream is kept for a first connection after the image has been sent over the second one, in ms. */
  graceMs = 60_000;
  private readonly server: ReplicationContext;
  private readonly history: History;
  /** Second connections of Valkey's protocol whose first one has not asked for the stream yet, by the number of their client. */
  private readonly unjoined = new Map<number, Replica>();

  constructor(server: ReplicationContext, history: History) {
    this.server = server;
    this.history = history;
  }

  /** How many replicas the stream is kept for: replicas_waiting_psync. */
  get unjoinedCount(): number {
    return this.unjoined.size;
  }

  /** What replicas may be offered now: REPLCONF capa. */
  private get enabled(): boolean {
    const { values } = this.server.config;
    return values["repl-rdb-channel"] && values["repl-diskless-sync"];
  }

  // ---- what replicas say

  /** REPLCONF capa rdb-channel-repl, dual-channel. */
  offered(replica: Replica, protocol: "redis" | "valkey"): void {
    // Of one that knows both, Redis's: there the stream need not be asked for.
    if (this.enabled && replica.channelProtocol !== "redis") replica.channelProtocol = protocol;
  }

  /** REPLCONF main-ch-client-id: `replica` is the second connection of the client `id`. Errors: that does not wait for one. */
  name(replica: Replica, id: bigint, list: readonly Replica[]): void {
    const main = list.find(({ session, state }) => BigInt(session.id) === id && state === ReplicaState.CHANNEL);
    if (main === undefined) throw commandError(`ERR Unrecognized RDB client id: ${id}`);
    replica.main = main;
    replica.family = main.family;
    replica.readsFieldTimes = main.readsFieldTimes;
    main.channel = replica;
  }

  /** REPLCONF set-rdb-client-id: `replica` is the first connection to the second one of the client `id`. Errors: there is none. */
  join(replica: Replica, id: bigint): void {
    const channel = this.unjoined.get(Number(id));
    if (channel === undefined) throw commandError(`ERR Unrecognized RDB client id ${id}`);
    replica.joins = channel;
  }

  // ---- synchronizing

  /** Returns what a replica that needs an image is told in the place of getting it over this connection; null when it gets it so. */
  answer(replica: Replica): string | null {
    const { channelProtocol, session } = replica;
    if (channelProtocol === null || session.imageChannel || replica.imageOnly) return null;
    this.server.log.notice(
      `Replica ${replica.name} is capable of rdb channel synchronization, and partial sync isn't possible. Full sync will continue with dedicated rdb channel.`,
    );
    return channelProtocol === "redis" ? `+RDBCHANNELSYNC ${session.id}\r\n` : "+DUALCHANNELSYNC\r\n";
  }

  /** An image of the data at `offset` is begun for the second connection `channel`. Returns the first one, which gets the stream from now on. */
  begun(channel: Replica, offset: number): Replica | null {
    const { journal, log } = this.server;
    const { main } = channel;
    if (channel.legacy) {
      channel.cursor ??= journal.open(offset);
      this.unjoined.set(channel.session.id, channel);
      return null;
    }
    if (main?.state !== ReplicaState.CHANNEL) {
      log.warning(`Starting to deliver RDB to replica ${channel.name} but it has no associated main channel`);
      return null;
    }
    main.state = ReplicaState.BULK_AND_STREAM;
    main.cursor = journal.open(offset);
    log.notice(`Starting to deliver RDB and replication stream to replica: ${main.name}`);
    return main;
  }

  /** What `channel` is told before its image. */
  announcement(channel: Replica, offset: number): string {
    if (!channel.legacy) return `+FULLRESYNC ${this.history.id} ${offset}\r\n`;
    const { id } = channel.session;
    this.server.log.notice(`Sending to replica ${channel.name} RDB end offset ${offset} and client-id ${id}`);
    return `$ENDOFF:${offset} ${this.history.id} ${Math.max(0, this.server.journal.selectedDatabase)} ${id}\r\n`;
  }

  /** The first connection has the stream from here on. Returns its state. */
  joined(replica: Replica): ReplicaState {
    const channel = replica.joins;
    if (channel === null || !this.unjoined.has(channel.session.id)) return ReplicaState.ONLINE;
    this.release(channel);
    return ReplicaState.BG_TRANSFER;
  }

  private release(channel: Replica): void {
    const { cursor } = channel;
    this.unjoined.delete(channel.session.id);
    channel.cursor = null;
    if (cursor !== null) this.server.journal.close(cursor);
  }

  // ---- leaving

  /** The connection is gone, of a second one or a first one. Returns the other one if it is of no use any more. */
  left(replica: Replica): Replica | null {
    const { main, channel } = replica;
    if (channel !== null) channel.main = null;
    replica.channel = null;
    if (this.unjoined.get(replica.session.id) === replica) {
      if (replica.delivered) replica.leftAt ||= Date.now();
      else this.release(replica);
    }
    if (main === null || main.channel !== replica) return null;
    main.channel = null;
    return replica.delivered || main.state === ReplicaState.ONLINE ? null : main;
  }

  /** To be called once a second. Returns those of second connections that are gone already. */
  departed(now: number): Replica[] {
    const gone = [...this.unjoined.values()].filter(({ leftAt }) => leftAt > 0);
    for (const channel of gone) {
      const seconds = Math.floor((now - channel.leftAt) / 1000);
      if (now - channel.leftAt <= this.graceMs) continue;
      this.server.log.notice(
        `Replica main channel failed to establish PSYNC within the grace period (${seconds} seconds). Freeing RDB client ${channel.session.id}.`,
      );
      this.release(channel);
    }
    return gone.filter(({ cursor }) => cursor !== null);
  }

  /** The stream is not kept for this one any longer. */
  forget(session: Session): void {
    const channel = this.unjoined.get(session.id);
    if (channel !== undefined) this.release(channel);
  }

  forgetAll(): void {
    for (const channel of this.unjoined.values()) this.release(channel);
  }
}
