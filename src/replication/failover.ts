/**
 * FAILOVER: a master hands over to one of its replicas. Writes wait until a replica has all that was written; then this server becomes the
 * replica of that one, and says so in its PSYNC, at which that one becomes the master. Source: failoverCommand, updateFailoverStatus.
 */

import { commandError } from "../errors.ts";
import { NO_END, PauseLevel } from "../session/pauses.ts";
import type { ReplicationContext } from "./context.ts";
import type { Replicas } from "./master/master.ts";
import { type Replica, ReplicaState } from "./master/replica.ts";

/** The words of INFO. */
export const FailoverState = {
  NONE: "no-failover",
  WAITING: "waiting-for-sync",
  IN_PROGRESS: "failover-in-progress",
} as const;
export type FailoverState = (typeof FailoverState)[keyof typeof FailoverState];

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface FailoverOptions {
  /** Which replica; null for the first that has everything. */
  readonly target: Target | null;
  /** Whether to go on when the time is over, whatever the target has. */
  readonly force: boolean;
  /** 0 for any time. */
  readonly timeoutMs: number;
}

/** What a failover does with the roles: replication.ts. */
export interface Roles {
  readonly replicas: Replicas;
  readonly isReplica: boolean;
  replicaOf(host: string, port: number): void;
  promote(): void;
}

export class Failover {
  state: FailoverState = FailoverState.NONE;
  private readonly server: ReplicationContext;
  private readonly roles: Roles;
  private target: Target | null = null;
  private force = false;
  /** ms since 1970; 0 for never. */
  private deadline = 0;

  constructor(server: ReplicationContext, roles: Roles) {
    this.server = server;
    this.roles = roles;
  }

  get running(): boolean {
    return this.state !== FailoverState.NONE;
  }

  /** Whether the link to the target is to say that it shall be the master. */
  get inProgress(): boolean {
    return this.state === FailoverState.IN_PROGRESS;
  }

  /** Errors: one is running, this is a replica, no replica, no such replica, it is not online, FORCE without target or time. */
  begin({ target, force, timeoutMs }: FailoverOptions): void {
    const { log } = this.server;
    if (this.running) throw commandError("ERR FAILOVER already in progress.");
    if (this.roles.isReplica) throw commandError("ERR FAILOVER is not valid when server is a replica.");
    if (this.roles.replicas.list.length === 0) throw commandError("ERR FAILOVER requires connected replicas.");
    if (force && (timeoutMs === 0 || target === null)) {
      throw commandError("ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
    }
    if (target === null) log.notice("FAILOVER requested to any replica.");
    else {
      const replica = this.find(target);
      if (replica === undefined) throw commandError("ERR FAILOVER target HOST and PORT is not a replica.");
      if (replica.state !== ReplicaState.ONLINE) throw commandError("ERR FAILOVER target replica is not online.");
      log.notice(`FAILOVER requested to ${target.host}:${target.port}.`);
    }
    this.target = target;
    this.force = force;
    this.deadline = timeoutMs === 0 ? 0 : Date.now() + timeoutMs;
    this.state = FailoverState.WAITING;
    this.server.pauses.begin("failover_in_progress", PauseLevel.WRITE, NO_END);
  }

  /** Errors: there is none. */
  abort(): void {
    if (!this.running) throw commandError("ERR No failover in progress.");
    this.giveUp("Failover manually aborted");
  }

  /** To be called about ten times a second. `now` in ms since 1970. */
  tick(now: number): void {
    if (this.state !== FailoverState.WAITING) return;
    const { log, journal } = this.server;
    if (this.deadline > 0 && this.deadline <= now) {
      if (!this.force || this.target === null) return this.giveUp("Replica never caught up before timeout");
      log.notice(`FAILOVER to ${this.target.host}:${this.target.port} time out exceeded, failing over.`);
      return this.handOver(this.target);
    }
    const candidates = this.target === null ? this.roles.replicas.list : [this.find(this.target)];
    const replica = candidates.find((each) => each !== undefined && each.acknowledged === journal.offset);
    if (replica === undefined) return;
    this.target ??= { host: replica.ip, port: replica.listeningPort };
    log.notice(`Failover target ${this.target.host}:${this.target.port} is synced, failing over.`);
    this.handOver(this.target);
  }

  /** The target has answered to PSYNC. Returns whether this server is its replica now. */
  answered(accepted: boolean): boolean {
    if (accepted) this.end();
    else this.giveUp("Failover target rejected psync request");
    return accepted;
  }

  private find({ host, port }: Target): Replica | undefined {
    return this.roles.replicas.list.find((replica) => replica.ip.toLowerCase() === host.toLowerCase() && replica.listeningPort === port);
  }

  private handOver({ host, port }: Target): void {
    this.state = FailoverState.IN_PROGRESS;
    this.roles.replicaOf(host, port);
  }

  private giveUp(reason: string): void {
    const { target } = this;
    const whom = target === null ? "any replica" : `${target.host}:${target.port}`;
    this.server.log.notice(`FAILOVER to ${whom} aborted: ${reason}`);
    if (this.inProgress) this.roles.promote();
    this.end();
  }

  private end(): void {
    this.state = FailoverState.NONE;
    this.target = null;
    this.force = false;
    this.deadline = 0;
    this.server.pauses.end("failover_in_progress");
  }
}
