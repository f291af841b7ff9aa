/**
 * Publish and subscribe: who listens to which channels and patterns, and the way of a message to them. Names are kept as latin1 strings,
 * one character a byte. Messages go out together, once all clients whose requests have come in are served; what a client sends to itself
 * comes behind its answer, as in Redis.
 */

import { assert } from "../assert.ts";
import { globMatch } from "../base/glob.ts";
import { Pushes } from "./pushes.ts";
import { type Session, SessionKind } from "./session.ts";
import { Subscriptions, Topic } from "./subscriptions.ts";

interface Listeners {
  readonly name: Buffer;
  readonly sessions: Set<Session>;
}

/** So many bytes for one client do not wait for the end of a pipeline, and so many not for that of the command that sends them. */
const MANY_BYTES = 16 * 1024;
const MOST_BYTES = 1024 * 1024;

const NO_SUBSCRIPTIONS = new Subscriptions();

export class PubSub {
  private readonly topics: readonly [Map<string, Listeners>, Map<string, Listeners>, Map<string, Listeners>] = [
    new Map(),
    new Map(),
    new Map(),
  ];
  /** Clients that messages wait for; one that was handed them meanwhile has none. */
  private waiting: Session[] = [];
  /** What those start with whom no message waits for yet. */
  private none = Pushes.none();
  private readonly deliverAtTickEnd = () => this.deliver();
  /** Whether some client has so much of them that it is handed over when the command is over. */
  private many = false;

  /** Whether messages wait to be handed over. */
  get hasMessages(): boolean {
    return this.waiting.length > 0;
  }

  /** How many channels, patterns or shard channels have a subscriber. */
  size(topic: Topic): number {
    return this.topics[topic].size;
  }

  /** Those that have a subscriber and match `pattern` (null: all). */
  *list(topic: Topic, pattern: Buffer | null): Iterable<Buffer> {
    for (const { name } of this.topics[topic].values()) if (pattern === null || matches(pattern, name)) yield name;
  }

  /** How many clients listen to a channel. */
  listeners(topic: Topic, name: string): number {
    return this.topics[topic].get(name)?.sessions.size ?? 0;
  }

  static of(session: Session): Subscriptions {
    return session.subscriptions ?? NO_SUBSCRIPTIONS;
  }

  subscribe(session: Session, topic: Topic, name: string): void {
    session.subscriptions ??= new Subscriptions();
    if (!session.subscriptions.add(topic, name)) return;
    const topics = this.topics[topic];
    let entry = topics.get(name);
    if (entry === undefined) {
      entry = { name: Buffer.from(name, "latin1"), sessions: new Set() };
      topics.set(name, entry);
    }
    entry.sessions.add(session);
    if (session.kind === SessionKind.NORMAL) session.kind = SessionKind.PUBSUB;
  }

  unsubscribe(session: Session, topic: Topic, name: string): void {
    const { subscriptions } = session;
    if (subscriptions === null || !subscriptions.delete(topic, name)) return;
    const entry = this.topics[topic].get(name);
    assert(entry?.sessions.delete(session) === true, "what a client listens to lists that client as a listener");
    if (entry.sessions.size === 0) this.topics[topic].delete(name);
    assert(session.kind !== SessionKind.NORMAL, "a client with subscriptions is known as one that listens");
    if (!subscriptions.empty) return;
    session.subscriptions = null;
    if (session.kind === SessionKind.PUBSUB) session.kind = SessionKind.NORMAL;
  }

  /** The client listens to nothing any more: it is gone, or as if new. */
  unsubscribeAll(session: Session): void {
    const { subscriptions } = session;
    if (subscriptions === null) return;
    for (const topic of Object.values(Topic)) for (const name of [...subscriptions.names[topic]]) this.unsubscribe(session, topic, name);
  }

  /** Sends a message to all clients that listen to a channel, by its name or (not of a shard) by a pattern. Returns how many times it was sent. */
  publish(topic: typeof Topic.CHANNEL | typeof Topic.SHARD, channel: Buffer, message: Buffer): number {
    let sent = 0;
    const listeners = this.topics[topic].get(channel.latin1Slice());
    if (listeners !== undefined) sent += this.send(listeners, [topic === Topic.SHARD ? SMESSAGE : MESSAGE, channel, message]);
    if (topic === Topic.SHARD) return sent;
    for (const entry of this.topics[Topic.PATTERN].values()) {
      if (matches(entry.name, channel)) sent += this.send(entry, [PMESSAGE, entry.name, channel, message]);
    }
    return sent;
  }

  private send({ sessions }: Listeners, words: readonly Buffer[]): number {
    // Encoded once for all who speak the same protocol.
    const encoded: (Buffer | undefined)[] = [];
    for (const session of sessions) {
      encoded[session.protocol] ??= encode(words, session.protocol);
      this.post(session, encoded[session.protocol] as Buffer);
    }
    return sessions.size;
  }

  /** Has the client get `message`, whole in the protocol's form: behind its answer if it is being served. */
  post(session: Session, message: Buffer): void {
    if (session.pushes === null) {
      if (this.waiting.length === 0) setImmediate(this.deliverAtTickEnd);
      this.waiting.push(session);
    }
    const pushes = (session.pushes ?? this.none).and(message);
    session.pushes = pushes;
    if (pushes.bytes < MANY_BYTES) return;
    this.many = true;
    if (pushes.bytes >= MOST_BYTES && !session.link.serving) sendPushes(session);
  }

  /** A command is over: clients that have much waiting are sent it, so that what a pipeline sends them does not count as one. */
  commandEnds(): void {
    if (!this.many) return;
    this.many = false;
    const waiting = this.takeWaiting();
    for (const session of waiting) if (session.pushes !== null && session.pushes.bytes >= MANY_BYTES) sendPushes(session);
    // Sending may have closed some, and led to messages for others.
    this.waiting = [...waiting.filter(({ pushes }) => pushes !== null), ...this.waiting];
  }

  /** Hands over what waits for this client. */
  take(session: Session): readonly Buffer[] {
    const { pushes } = session;
    session.pushes = null;
    return pushes?.messages ?? [];
  }

  private deliver(): void {
    for (const session of this.takeWaiting()) sendPushes(session);
  }

  private takeWaiting(): readonly Session[] {
    const { waiting } = this;
    this.waiting = [];
    this.none = Pushes.none();
    return waiting;
  }
}

/** Sends what waits for a client: nothing else may be sent to it before. */
export function sendPushes(session: Session): void {
  const { link, pushes } = session;
  session.pushes = null;
  for (const { bytes, isLong } of pushes?.pieces ?? []) link.send(bytes, 0, bytes.length, isLong);
}

const MESSAGE = Buffer.from("message");
const PMESSAGE = Buffer.from("pmessage");
const SMESSAGE = Buffer.from("smessage");
const LINE_END = Buffer.from("\r\n");

function matches(pattern: Buffer, name: Buffer): boolean {
  return globMatch(pattern, name, 0, name.length, false);
}

function encode(words: readonly Buffer[], protocol: number): Buffer {
  const parts: Buffer[] = [Buffer.from(`${protocol === 3 ? ">" : "*"}${words.length}\r\n`)];
  for (const word of words) parts.push(Buffer.from(`$${word.length}\r\n`), word, LINE_END);
  return Buffer.concat(parts);
}
