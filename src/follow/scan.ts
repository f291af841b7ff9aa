/**
 * A source that cannot be followed, looked at again and again: all keys are scanned, and each is read and compared with what it held the
 * time before. What happens between two looks is not seen, so nothing of this is exact.
 */

import type { Difference, FeedEvent, KeyState, Text, TextOf, TypedValue, ValueType } from "../changes/events.ts";
import type { Filter } from "../changes/filter.ts";
import { AT_IMAGE } from "../changes/position.ts";
import { askPatiently, CompareError, type Words } from "../compare/endpoint.ts";
import { RemoteEndpoint } from "../compare/remote.ts";
import { ErrorReply, type Value } from "../compare/reply-decoder.ts";
import type { SourceAddress } from "./address.ts";
import { FollowError } from "./error.ts";
import type { EventSource } from "./feed.ts";

const PAGE_KEYS = 500;
const NO_TIME = -1;

export interface ScanOptions<T extends Text> {
  readonly text: TextOf<T>;
  readonly filter: Filter;
  /** The pattern for SCAN, latin1. */
  readonly pattern: string | null;
  readonly values: boolean;
  /** The pause between two scans, in ms. */
  readonly intervalMs: number;
  /** How long the source may be out of reach once it was reached, in ms. */
  readonly patienceMs: number;
}

/** What is known of a key from the last scan. */
interface Seen<T extends Text> {
  readonly digest: number | bigint;
  readonly type: ValueType | null;
  /** Only with `values`. */
  readonly state: KeyState<T> | null;
}

/** How a value of a type is read, and what the reply holds. */
interface Reading {
  readonly request: (key: string) => Words;
  readonly typed: <T extends Text>(reply: Value, text: (latin1: string) => T) => TypedValue<T>;
}

const READINGS: Readonly<Record<ValueType, Reading>> = {
  string: { request: (key) => ["GET", key], typed: (reply, text) => ({ type: "string", value: text(String(reply)) }) },
  list: {
    request: (key) => ["LRANGE", key, 0, -1],
    typed: (reply, text) => ({ type: "list", value: listOf(reply).map((element) => text(String(element))) }),
  },
  set: {
    request: (key) => ["SMEMBERS", key],
    typed: (reply, text) => ({ type: "set", value: new Set(listOf(reply).map((member) => text(String(member)))) }),
  },
  zset: {
    request: (key) => ["ZRANGE", key, 0, -1, "WITHSCORES"],
    typed: (reply, text) => ({ type: "zset", value: pairsOf(reply).map(([member, score]) => [text(member), scoreOf(score)] as const) }),
  },
  hash: {
    request: (key) => ["HGETALL", key],
    typed: (reply, text) => ({ type: "hash", value: new Map(pairsOf(reply).map(([field, value]) => [text(field), text(value)])) }),
  },
  stream: {
    request: (key) => ["XRANGE", key, "-", "+"],
    typed: (reply, text) => ({
      type: "stream",
      value: listOf(reply).map((entry) => {
        const [id, fields] = listOf(entry);
        return { id: String(id), fields: pairsOf(fields ?? []).map(([field, value]) => [text(field), text(value)] as const) };
      }),
    }),
  },
};

/** Replies whose order means nothing. */
const UNORDERED: ReadonlySet<ValueType> = new Set(["set"]);
const UNORDERED_PAIRS: ReadonlySet<ValueType> = new Set(["hash"]);

export class ScanSource<T extends Text> implements EventSource<T> {
  readonly position = AT_IMAGE;
  private readonly address: SourceAddress;
  private readonly options: ScanOptions<T>;
  private endpoint: RemoteEndpoint | null = null;
  private reachedAt = 0;
  private rounds = 0;
  /** By database, then by key (latin1). */
  private seen = new Map<number, Map<string, Seen<T>>>();
  /** The scan under way, if any. */
  private round: AsyncGenerator<FeedEvent<T>[], void, undefined> | null = null;
  /** Whether the source tells when exactly a key expires (7.0 and later). */
  private tellsTimes = true;
  private stopped = false;
  private wake: (() => void) | null = null;

  constructor(address: SourceAddress, options: ScanOptions<T>) {
    this.address = address;
    this.options = options;
  }

  async next(): Promise<FeedEvent<T>[]> {
    while (!this.stopped) {
      try {
        this.round ??= this.scan();
        const { value } = await this.round.next();
        if (value !== undefined && value.length > 0) return value;
        if (value !== undefined) continue;
        this.round = null;
        this.rounds++;
      } catch (error) {
        if (!(error instanceof CompareError)) throw error;
        this.lost(error);
      }
      await this.rest();
    }
    return [];
  }

  private lost(error: CompareError): void {
    this.endpoint?.close();
    this.endpoint = null;
    this.round = null;
    if (this.stopped) return;
    if (/\b(NOAUTH|NOPERM|WRONGPASS|DENIED)\b/.test(error.message)) throw new FollowError("REFUSED", error.message, error);
    if (this.reachedAt > 0 && Date.now() - this.reachedAt <= this.options.patienceMs) return;
    throw new FollowError("UNREACHABLE", error.message, error);
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.intervalMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopped) this.wake();
    });
  }

  stop(): void {
    this.stopped = true;
    this.endpoint?.close();
    this.wake?.();
  }

  // ---- a scan

  /** Hands out what is found, page by page. Errors: CompareError. */
  private async *scan(): AsyncGenerator<FeedEvent<T>[], void, undefined> {
    const endpoint = await this.connected();
    const first = this.rounds === 0;
    // One that was broken off begins again.
    if (first) {
      this.seen = new Map();
      yield [{ kind: "image-start", replid: "", offset: 0, position: AT_IMAGE }];
    }
    const databases = await this.databases(endpoint);
    for (const db of databases) yield* this.scanDatabase(endpoint, db, first);
    for (const db of [...this.seen.keys()].filter((known) => !databases.includes(known))) yield this.deleted(db, new Set());
    const keys = [...this.seen.values()].reduce((sum, { size }) => sum + size, 0);
    if (first) yield [{ kind: "image-end", replid: "", offset: 0, keys, position: AT_IMAGE }];
  }

  private async connected(): Promise<RemoteEndpoint> {
    if (this.endpoint === null) {
      const { route, user, password, tls } = this.address;
      const { host, port, trust } = route;
      const login = user === "" ? { password } : { user, password };
      const endpoint = new RemoteEndpoint({ host, port, tls, trusting: trust === "any", ...login });
      this.endpoint = endpoint;
      await endpoint.open();
    }
    this.reachedAt = Date.now();
    return this.endpoint;
  }

  /** The databases with keys that are wanted. */
  private async databases(endpoint: RemoteEndpoint): Promise<number[]> {
    const { filter } = this.options;
    if (filter.db !== -1) return [filter.db];
    const [info] = await askPatiently(endpoint, [["INFO", "keyspace"]]);
    return [...String(info).matchAll(/^db(\d+):/gm)].map(([, db]) => Number(db));
  }

  private async *scanDatabase(endpoint: RemoteEndpoint, db: number, first: boolean): AsyncGenerator<FeedEvent<T>[], void, undefined> {
    const [selected] = await askPatiently(endpoint, [["SELECT", db]]);
    if (selected instanceof ErrorReply && db !== 0) throw new FollowError("OPTION", `database ${db}: ${selected.message}`);
    const found = new Set<string>();
    let cursor = "0";
    do {
      const match = this.options.pattern === null ? [] : ["MATCH", this.options.pattern];
      const [reply] = await askPatiently(endpoint, [["SCAN", cursor, ...match, "COUNT", PAGE_KEYS]]);
      if (reply instanceof ErrorReply) throw new FollowError("UNSUPPORTED", `${endpoint.name} answered SCAN with ${reply.message}`);
      const [next, keys] = listOf(reply);
      cursor = String(next);
      const fresh = [...new Set(listOf(keys).map(String))].filter((key) => !found.has(key));
      for (const key of fresh) found.add(key);
      yield await this.compare(endpoint, db, fresh, first, found);
    } while (cursor !== "0" && !this.stopped);
    if (!this.stopped) yield this.deleted(db, found);
  }

  /** Reads these keys. Returns what is to be told of them; those that are gone by now are taken out of `found`. */
  private async compare(
    endpoint: RemoteEndpoint,
    db: number,
    keys: readonly string[],
    first: boolean,
    found: Set<string>,
  ): Promise<FeedEvent<T>[]> {
    const types = await askPatiently(
      endpoint,
      keys.map((key) => ["TYPE", key]),
    );
    const readable = keys.filter((_, index) => isType(types[index]));
    const typeOf = new Map(keys.map((key, index) => [key, types[index]]));
    const replies = await askPatiently(
      endpoint,
      readable.flatMap((key): Words[] => [READINGS[typeOf.get(key) as ValueType].request(key), this.timeRequest(key)]),
    );
    const events: FeedEvent<T>[] = [];
    for (const [index, key] of readable.entries()) {
      const type = typeOf.get(key) as ValueType;
      const reply = replies[index * 2];
      // It has gone, or become something else, since: the next scan tells.
      if (reply === null || reply instanceof ErrorReply || (Array.isArray(reply) && reply.length === 0 && type !== "stream")) {
        found.delete(key);
        continue;
      }
      this.note(events, db, key, type, reply, this.timeOf(replies[index * 2 + 1]), first);
    }
    for (const key of keys) if (typeOf.get(key) === "none") found.delete(key);
    return events;
  }

  private timeRequest(key: string): Words {
    return this.tellsTimes ? ["PEXPIRETIME", key] : ["PTTL", key];
  }

  /** When a key expires, or NO_TIME; what only says how long that is yet is no use: it differs each time. */
  private timeOf(reply: Value): number {
    if (reply instanceof ErrorReply) this.tellsTimes = false;
    return this.tellsTimes && typeof reply === "number" && reply >= 0 ? reply : NO_TIME;
  }

  /** Notes what a key holds now, and tells of it if it is not what it was. */
  private note(events: FeedEvent<T>[], db: number, key: string, type: ValueType, reply: Value, time: number, first: boolean): void {
    const known = this.keysOf(db);
    const digest = Bun.hash(JSON.stringify([type, canonical(type, reply), time]));
    const before = known.get(key) ?? null;
    if (before?.digest === digest) return;
    const { values, filter } = this.options;
    const state = values || first ? this.stateOf(type, reply, time) : null;
    known.set(key, { digest, type, state: values ? state : null });
    if (!filter.takesType(type)) return;
    if (first) {
      if (state !== null) events.push({ kind: "image", db, key: this.textOf(key), ...state, position: AT_IMAGE });
    } else events.push(this.difference(db, key, before === null ? "created" : "changed", type, before?.state ?? null, state));
  }

  private stateOf(type: ValueType, reply: Value, time: number): KeyState<T> {
    return { ...READINGS[type].typed(reply, (latin1) => this.textOf(latin1)), expireAt: time === NO_TIME ? null : time };
  }

  /** What of a database was there the last time, and has not been found. */
  private deleted(db: number, found: ReadonlySet<string>): FeedEvent<T>[] {
    const events: FeedEvent<T>[] = [];
    const known = this.keysOf(db);
    for (const [key, { type, state }] of known) {
      if (found.has(key)) continue;
      known.delete(key);
      if (this.options.filter.takesType(type)) events.push(this.difference(db, key, "deleted", type, state, null));
    }
    return events;
  }

  private difference(
    db: number,
    key: string,
    change: Difference<T>["change"],
    type: ValueType | null,
    before: KeyState<T> | null,
    after: KeyState<T> | null,
  ): Difference<T> {
    const states = this.options.values ? { before, after } : {};
    return { kind: "difference", exact: false, db, key: this.textOf(key), change, type, ...states, position: AT_IMAGE };
  }

  private keysOf(db: number): Map<string, Seen<T>> {
    let keys = this.seen.get(db);
    if (keys === undefined) {
      keys = new Map();
      this.seen.set(db, keys);
    }
    return keys;
  }

  private textOf(latin1: string): T {
    const bytes = Buffer.from(latin1, "latin1");
    return this.options.text(bytes, 0, bytes.length);
  }
}

function isType(reply: Value): reply is ValueType {
  return typeof reply === "string" && Object.hasOwn(READINGS, reply);
}

function listOf(reply: Value): readonly Value[] {
  return Array.isArray(reply) ? reply : [];
}

function pairsOf(reply: Value): [string, string][] {
  const flat = listOf(reply);
  return flat.flatMap((first, index): [string, string][] => (index % 2 === 0 ? [[String(first), String(flat[index + 1])]] : []));
}

function scoreOf(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/** A reply in an order that is the same whenever what it says is. */
function canonical(type: ValueType, reply: Value): Value | [string, string][] {
  if (UNORDERED.has(type)) return listOf(reply).toSorted();
  return UNORDERED_PAIRS.has(type) ? pairsOf(reply).toSorted(([a], [b]) => (a < b ? -1 : 1)) : reply;
}
