/**
 * Client-side caching: which keys clients have read, or which beginnings of names they want to hear of, and telling them when such a key
 * changes. Keys are known by their names, in whatever database they are, as latin1 strings. Source: tracking.c.
 */

import type { Config } from "../config/config.ts";
import type { KeyTracker } from "../keyspace/observers.ts";
import type { Clients } from "./clients.ts";
import type { PubSub } from "./pubsub.ts";
import { type Session, SessionKind } from "./session.ts";
import type { TrackingOptions, TrackingState } from "./tracking-state.ts";

interface Prefix {
  readonly sessions: Set<Session>;
  /** The keys that changed since they were last told, each with who changed it last. */
  readonly changed: Map<string, Session | null>;
}

/** Parts of the server that tracking needs. */
interface TrackingSurroundings {
  readonly clients: Clients;
  readonly pubsub: PubSub;
  readonly config: Config;
  readonly keyspace: { tracker: KeyTracker | null };
}

/** So many keys are forgotten at most for one that is new, where there are too many. */
const FORGOTTEN_AT_ONCE = 100;
const CHANNEL = Buffer.from("__redis__:invalidate");

/** More readers than that are looked up in a set. */
const FEW_READERS = 32;

/** What a prefix takes beside its characters, in the set of one client. */
const PREFIX_BYTES = 64;

export class Tracking implements KeyTracker {
  private readonly surroundings: TrackingSurroundings;
  /** Who has read each key, by id: a set where there are many. */
  private readonly readers = new Map<string, number[] | Set<number>>();
  private readonly prefixes = new Map<string, Prefix>();
  /** How many clients track keys. */
  clientCount = 0;
  /** How many keys are remembered, once for each client. */
  itemCount = 0;
  private broadcastScheduled = false;

  private readonly current: () => Session | null;

  /** `current`: the client whose command is under way. */
  constructor(surroundings: TrackingSurroundings, current: () => Session | null) {
    this.surroundings = surroundings;
    this.current = current;
    surroundings.config.onChange("tracking-table-max-keys", () => this.keepWithinLimit() as undefined);
  }

  get keyCount(): number {
    return this.readers.size;
  }

  get prefixCount(): number {
    return this.prefixes.size;
  }

  // ---- who tracks

  /** Begins to track for a client, or goes on in another way; `prefixes` are added to those it has. */
  enable(session: Session, options: TrackingOptions, prefixes: readonly string[]): void {
    const before = session.tracking;
    const all = new Set(before?.prefixes ?? []);
    if (options.broadcast) for (const prefix of prefixes.length === 0 && all.size === 0 ? [""] : prefixes) all.add(prefix);
    if (before === null) this.clientCount++;
    const prefixBytes = [...all].reduce((bytes, { length }) => bytes + PREFIX_BYTES + length, 0);
    session.tracking = { ...options, prefixes: all, prefixBytes, cachingGiven: false, redirectBroken: false };
    for (const text of all) this.prefixOf(text).sessions.add(session);
    this.surroundings.keyspace.tracker = this;
  }

  private prefixOf(text: string): Prefix {
    let prefix = this.prefixes.get(text);
    if (prefix === undefined) {
      prefix = { sessions: new Set(), changed: new Map() };
      this.prefixes.set(text, prefix);
    }
    return prefix;
  }

  /** The client tracks nothing any more: it said so, or is gone. What it has read is forgotten when it changes. */
  disable(session: Session): void {
    const { tracking } = session;
    if (tracking === null) return;
    session.tracking = null;
    for (const text of tracking.prefixes) {
      const prefix = this.prefixes.get(text);
      prefix?.sessions.delete(session);
      if (prefix?.sessions.size === 0) this.prefixes.delete(text);
    }
    this.clientCount--;
    if (this.clientCount > 0) return;
    this.forgetAll();
    this.surroundings.keyspace.tracker = null;
  }

  private forgetAll(): void {
    this.readers.clear();
    this.itemCount = 0;
  }

  // ---- what is read

  /** Whether what the client reads now is to be remembered. */
  remembers({ broadcast, optIn, optOut, cachingGiven }: TrackingState): boolean {
    return !broadcast && !(optIn && !cachingGiven) && !(optOut && cachingGiven);
  }

  /** The client has read a key. */
  remember(session: Session, key: string): void {
    const { id } = session;
    const readers = this.readers.get(key);
    if (readers === undefined) this.readers.set(key, [id]);
    else if (readers instanceof Set) {
      if (readers.has(id)) return;
      readers.add(id);
    } else {
      if (readers.includes(id)) return;
      if (readers.length < FEW_READERS) readers.push(id);
      else this.readers.set(key, new Set([...readers, id]));
    }
    this.itemCount++;
  }

  /** Forgets keys, the oldest first, as long as there are too many; who has read them is told. */
  keepWithinLimit(): void {
    const most = this.surroundings.config.values["tracking-table-max-keys"];
    if (most === 0) return;
    for (let count = 0; count < FORGOTTEN_AT_ONCE && this.readers.size > most; count++) {
      const [oldest] = this.readers.keys();
      if (oldest !== undefined) this.invalidate(oldest, null);
    }
  }

  // ---- what changes

  keyChanged(bytes: Buffer, from: number, length: number): void {
    const key = bytes.latin1Slice(from, from + length);
    const current = this.current();
    for (const [text, { changed }] of this.prefixes) if (key.startsWith(text)) changed.set(key, current);
    if (this.prefixes.size > 0) this.scheduleBroadcast();
    this.invalidate(key, current);
  }

  keyLeft(bytes: Buffer): void {
    const key = bytes.latin1Slice();
    for (const { changed } of this.prefixes.values()) if (changed.has(key)) changed.set(key, null);
  }

  private invalidate(key: string, current: Session | null): void {
    const readers = this.readers.get(key);
    if (readers === undefined) return;
    this.readers.delete(key);
    this.itemCount -= readers instanceof Set ? readers.size : readers.length;
    const message = new Invalidation(arrayOf([key]));
    for (const id of readers) {
      const session = this.surroundings.clients.get(id);
      const tracking = session?.tracking ?? null;
      if (session === undefined || tracking === null || tracking.broadcast || (tracking.noLoop && session === current)) continue;
      this.tell(session, tracking, message);
    }
  }

  /** Every key may have changed. */
  allChanged(): void {
    for (const session of this.surroundings.clients) {
      if (session.tracking !== null) this.tell(session, session.tracking, session.protocol === 3 ? ALL_KEYS : ALL_KEYS_RESP2);
    }
    this.forgetAll();
  }

  /** Those who broadcast are told once the turn is over. */
  private scheduleBroadcast(): void {
    if (this.broadcastScheduled) return;
    this.broadcastScheduled = true;
    queueMicrotask(() => {
      this.broadcastScheduled = false;
      this.broadcast();
    });
  }

  private broadcast(): void {
    const prefixes = [...this.prefixes].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, { sessions, changed }] of prefixes) {
      if (changed.size === 0) continue;
      const all = new Invalidation(arrayOf([...changed.keys()].sort()));
      for (const session of sessions) {
        const { tracking } = session;
        if (tracking === null) continue;
        if (!tracking.noLoop) this.tell(session, tracking, all);
        else {
          const others = [...changed]
            .filter(([, by]) => by !== session)
            .map(([key]) => key)
            .sort();
          if (others.length > 0) this.tell(session, tracking, new Invalidation(arrayOf(others)));
        }
      }
      changed.clear();
    }
  }

  private tell(session: Session, tracking: TrackingState, message: Invalidation): void {
    const { clients, pubsub } = this.surroundings;
    let target = session;
    if (tracking.redirect !== 0) {
      const other = clients.get(tracking.redirect);
      if (other === undefined) {
        tracking.redirectBroken = true;
        if (session.protocol === 3) pubsub.post(session, redirectBroken(tracking.redirect));
        return;
      }
      target = other;
    }
    if (target.protocol === 3) pubsub.post(target, message.push);
    else if (target !== session && target.kind === SessionKind.PUBSUB) pubsub.post(target, message.inChannel);
  }
}

const PUSH = Buffer.from(">2\r\n$10\r\ninvalidate\r\n");
const CHANNEL_MESSAGE = Buffer.from(`*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n`);

/** What clients are told: made once for all of them. */
class Invalidation {
  private readonly keys: Buffer;
  private pushBytes: Buffer | null = null;
  private channelBytes: Buffer | null = null;

  /** `keys`: an array of those that have changed, in the protocol's form, or a null: all may have. */
  constructor(keys: Buffer) {
    this.keys = keys;
  }

  /** For clients that speak RESP3. */
  get push(): Buffer {
    this.pushBytes ??= Buffer.concat([PUSH, this.keys]);
    return this.pushBytes;
  }

  /** For others: a message of a channel. */
  get inChannel(): Buffer {
    this.channelBytes ??= Buffer.concat([CHANNEL_MESSAGE, this.keys]);
    return this.channelBytes;
  }
}

/** The null is that of the protocol of the client that tracks, whoever is told for it. */
const ALL_KEYS = new Invalidation(Buffer.from("_\r\n"));
const ALL_KEYS_RESP2 = new Invalidation(Buffer.from("$-1\r\n"));

function redirectBroken(id: number): Buffer {
  return Buffer.from(`>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`);
}

function arrayOf(keys: readonly string[]): Buffer {
  let text = `*${keys.length}\r\n`;
  for (const key of keys) text += `$${key.length}\r\n${key}\r\n`;
  return Buffer.from(text, "latin1");
}
