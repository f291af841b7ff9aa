/**
 * What clients take in memory: for INFO, for `maxmemory`, which counts it beside the data, and for `maxmemory-clients`, above which the
 * largest of them are disconnected. Counted again whenever a client's buffers change; the limit costs nothing while there is none.
 */

import { assert } from "../assert.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { describeClient } from "./client-info.ts";
import { RecentPeak } from "./recent-peak.ts";
import { type Session, SessionKind } from "./session.ts";

/** Clients whose memory needs as many bits are one bucket, from 2^15 bytes to 2^33: what is evicted first is about the largest. */
const SMALLEST_BITS = 15;
const LARGEST_BITS = 33;
/** A smaller limit would keep everyone from talking to the server at all. */
const LEAST_LIMIT = 128 * 1024;

const EVICTABLE: readonly SessionKind[] = [SessionKind.NORMAL, SessionKind.PUBSUB, SessionKind.MONITOR];

/** What is done about clients that take too much. */
export interface EvictionHost {
  readonly log: Pick<Log, "notice" | "warning">;
  readonly stats: { evictedClients: number };
  /** Disconnects a client at once, and takes it off the list of clients. */
  disconnect(session: Session): void;
  /** Clients take more than before: there may have to be less data. */
  clientsGrew(): void;
}

export class ClientMemory {
  /** Directive maxmemory-clients in bytes; 0: no limit. */
  limit = 0;
  /** The largest buffers that the cron has seen lately, for INFO. */
  readonly recentInput = new RecentPeak();
  readonly recentOutput = new RecentPeak();
  private readonly sums: Record<SessionKind, number> = { normal: 0, replica: 0, master: 0, pubsub: 0, monitor: 0 };
  /** What clients have announced and not sent. It counts for their own limit, as in Redis, and not for that of the data. */
  private awaited = 0;
  private readonly buckets: Set<Session>[] = Array.from({ length: LARGEST_BITS - SMALLEST_BITS + 1 }, () => new Set());
  private readonly sessions: Iterable<Session>;
  private host: EvictionHost | null = null;
  private scheduled = false;
  /** Whether the log has been told that no more can be evicted, and nothing has changed since. */
  private stuck = false;

  /** `sessions`: the clients there are. */
  constructor(sessions: Iterable<Session>) {
    this.sessions = sessions;
  }

  /** Bytes of all clients but replicas, whose buffers are the journal. What was only announced takes nothing yet. */
  get total(): number {
    return this.evictable + this.sums[SessionKind.MASTER] - this.awaited;
  }

  get replicas(): number {
    return this.sums[SessionKind.REPLICA];
  }

  /** What the limit is for. */
  private get evictable(): number {
    let bytes = 0;
    for (const kind of EVICTABLE) bytes += this.sums[kind];
    return bytes;
  }

  /** Follows the directives from now on. */
  follow(config: Config, host: EvictionHost): void {
    this.host = host;
    const take = (): undefined => {
      this.setLimit(limitOf(config));
    };
    take();
    config.onChange(["maxmemory-clients", "maxmemory"], take);
  }

  private setLimit(limit: number): void {
    this.limit = limit;
    for (const session of this.sessions) this.place(session);
    this.schedule();
  }

  /** Counts a client that has just come, or one whose buffers may have changed. `underWay`: bytes of requests that are about to be executed. */
  count(session: Session, underWay = 0): void {
    const { counted } = session;
    if (counted === null) return; // it is gone
    const bytes = session.memoryBytes + underWay;
    const awaited = session.link.inputAwaited;
    const { kind } = session;
    if (bytes === counted.bytes && awaited === counted.awaited && kind === counted.kind) return;
    this.sums[counted.kind] -= counted.bytes;
    assert(this.sums[counted.kind] >= 0, "what clients of one kind take is the sum of what each was counted with");
    this.sums[kind] += bytes;
    this.awaited += awaited - counted.awaited;
    if (bytes > counted.bytes) this.host?.clientsGrew();
    counted.bytes = bytes;
    counted.awaited = awaited;
    counted.kind = kind;
    if (this.limit === 0) return;
    this.place(session);
    this.schedule();
  }

  /** The cron looks at the client. `now` in ms. */
  look(session: Session, now: number): void {
    this.recentInput.note(session.link.inputBytes, now);
    this.recentOutput.note(session.link.outputMemory, now);
    this.count(session);
  }

  add(session: Session): void {
    session.counted = { bytes: 0, awaited: 0, kind: session.kind, bucket: null };
    this.count(session);
  }

  remove(session: Session): void {
    const { counted } = session;
    if (counted === null) return;
    this.sums[counted.kind] -= counted.bytes;
    this.awaited -= counted.awaited;
    counted.bucket?.delete(session);
    session.counted = null;
  }

  /** The client may be evicted, or may no longer be. */
  place(session: Session): void {
    const { counted } = session;
    if (counted === null) return;
    const { bytes, kind } = counted;
    const allowed = this.limit > 0 && !session.noEvict && EVICTABLE.includes(kind);
    const bucket = allowed ? this.buckets[bucketOf(bytes)] : null;
    if (bucket === counted.bucket) return;
    counted.bucket?.delete(session);
    bucket?.add(session);
    counted.bucket = bucket;
  }

  /** Once what is under way is over: in the middle of it no client may vanish that it works for. */
  private schedule(): void {
    if (this.scheduled || this.limit === 0) return;
    if (this.evictable < this.limit) this.stuck = false;
    else {
      this.scheduled = true;
      queueMicrotask(() => {
        this.scheduled = false;
        this.evict();
      });
    }
  }

  /** Disconnects the largest clients until what is left is below the limit. */
  evict(): void {
    const { host, limit } = this;
    if (limit === 0 || host === null) return;
    while (this.evictable >= limit) {
      const session = this.largest();
      if (session === null) {
        if (!this.stuck) host.log.warning("Over client maxmemory after evicting all evictable clients");
        this.stuck = true;
        return;
      }
      host.log.notice(`Evicting client: ${describeClient(session, Date.now()).trimEnd()}`);
      host.stats.evictedClients++;
      host.disconnect(session);
      assert(session.counted === null, "a client that was disconnected takes nothing any more");
    }
    this.stuck = false;
  }

  private largest(): Session | null {
    for (let index = this.buckets.length - 1; index >= 0; index--) for (const session of this.buckets[index]) return session;
    return null;
  }
}

function bucketOf(bytes: number): number {
  const bits = bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1;
  return Math.min(LARGEST_BITS, Math.max(SMALLEST_BITS, bits)) - SMALLEST_BITS;
}

function limitOf({ values }: Config): number {
  const { unit, amount } = values["maxmemory-clients"];
  // A share of no limit is none.
  const bytes = unit === "bytes" ? amount : Math.trunc((values.maxmemory * amount) / 100);
  if (amount === 0 || (unit === "percent" && values.maxmemory === 0)) return 0;
  return Math.max(LEAST_LIMIT, bytes);
}
