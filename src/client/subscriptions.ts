/**
 * Channels as async iterables. All of a client's subscriptions share a link of their own, which is made again when it is lost; what was
 * published meanwhile is not to be had. Messages that the program has not taken wait, up to a limit.
 */

import { deferred } from "./deferred.ts";
import { LinkError } from "./errors.ts";
import { INSPECT, inspectedAs } from "./inspecting.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import { Retries } from "./retries.ts";

export type ChannelKind = "subscribe" | "psubscribe" | "ssubscribe";

export interface SubscribeOptions {
  /** Messages that may wait to be taken: 10,000 unless told. One more ends the subscription with a LinkError. */
  readonly limit?: number;
}

export interface Message<T> {
  readonly channel: T;
  readonly message: T;
}

export interface PatternMessage<T> extends Message<T> {
  readonly pattern: T;
}

const LIMIT = 10_000;
const MOST_TAKEN = 1024;
const MESSAGE_KINDS: Readonly<Record<string, ChannelKind>> = { message: "subscribe", pmessage: "psubscribe", smessage: "ssubscribe" };

/** What ends with `break`, with `close()`, or with an error where the program is too slow. */
export class Subscription<Item> implements AsyncIterableIterator<Item>, AsyncDisposable {
  /** Resolves when the server has confirmed: what is published from then on arrives. Rejects where it refuses. */
  readonly ready: Promise<void>;
  private readonly limit: number;
  private readonly leave: () => Promise<void>;
  private readonly items: Item[] = [];
  private taken = 0;
  private readonly takers: { resolve(result: IteratorResult<Item>): void; reject(error: Error): void }[] = [];
  private failure: Error | null = null;
  private isOver = false;

  /** @param enter subscribes. @param leave ends that. */
  constructor(limit: number, enter: (subscription: Subscription<Item>) => Promise<void>, leave: () => Promise<void>) {
    this.limit = limit;
    this.leave = leave;
    this.ready = enter(this);
    this.ready.catch((error: Error) => this.fail(error));
  }

  /** @internal */
  [INSPECT](): string {
    return inspectedAs("Subscription", `${this.items.length - this.taken} messages wait`);
  }

  /** For the link: a message has come. */
  push(item: Item): void {
    if (this.isOver) return;
    const taker = this.takers.shift();
    if (taker !== undefined) taker.resolve({ done: false, value: item });
    else if (this.items.length - this.taken < this.limit) this.items.push(item);
    else this.fail(new LinkError(`more than ${this.limit} messages wait to be taken: the program is slower than those who publish`));
  }

  /** For the link: it ends, once what has come is taken. */
  fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = error;
    void this.leave();
    for (const taker of this.takers.splice(0)) taker.reject(error);
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.taken < this.items.length) {
      const value = this.items[this.taken++];
      // What is taken is let go in large steps, also from a list that is never empty.
      if (this.taken === this.items.length || this.taken === MOST_TAKEN) {
        this.items.splice(0, this.taken);
        this.taken = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    const { failure } = this;
    if (failure !== null) {
      this.failure = null;
      return Promise.reject(failure);
    }
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve, reject } = deferred<IteratorResult<Item>>();
    this.takers.push({ resolve, reject });
    return promise;
  }

  async return(): Promise<IteratorResult<Item>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Unsubscribes; messages that wait are dropped. */
  async close(): Promise<void> {
    this.items.length = 0;
    this.taken = 0;
    this.failure = null;
    if (this.isOver) return;
    this.isOver = true;
    for (const taker of this.takers.splice(0)) taker.resolve({ done: true, value: undefined });
    await this.leave();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Listener {
  deliver(pattern: Uint8Array | null, channel: Uint8Array, message: Uint8Array): void;
  fail(error: Error): void;
  end(): void;
}

/** Who listens to what, and the link that it comes on. */
export class Subscriber {
  private readonly links: Links;
  private link: Promise<Link> | null = null;
  /** By kind and name, the latter with a character a byte. */
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(links: Links) {
    this.links = links;
  }

  subscribe<T extends string | Uint8Array, Item>(
    kind: ChannelKind,
    names: readonly string[],
    { limit = LIMIT }: SubscribeOptions,
    inBytes: boolean,
  ): Subscription<Item> {
    const make = (bytes: Uint8Array): T => (inBytes ? bytes : Buffer.from(bytes).toString()) as T;
    const keys = names.map((name) => keyOf(kind, Buffer.from(name)));
    const listener: Listener = {
      deliver: (pattern, channel, message) => {
        const item = { channel: make(channel), message: make(message) };
        subscription.push((pattern === null ? item : { pattern: make(pattern), ...item }) as Item);
      },
      fail: (error) => subscription.fail(error),
      end: () => void subscription.close(),
    };
    const subscription: Subscription<Item> = new Subscription<Item>(
      limit,
      () => this.enter(kind, names, keys, listener),
      () => this.leave(kind, names, keys, listener),
    );
    return subscription;
  }

  private async enter(kind: ChannelKind, names: readonly string[], keys: readonly string[], listener: Listener): Promise<void> {
    for (const key of keys) {
      const set = this.listeners.get(key) ?? new Set();
      this.listeners.set(key, set.add(listener));
    }
    const link = await this.open();
    await link.send([kind.toUpperCase(), ...names], true);
  }

  private async leave(kind: ChannelKind, names: readonly string[], keys: readonly string[], listener: Listener): Promise<void> {
    const unheard = new Map<string, string>();
    keys.forEach((key, at) => {
      const set = this.listeners.get(key);
      if (set?.delete(listener) && set.size === 0) {
        this.listeners.delete(key);
        unheard.set(key, names[at]);
      }
    });
    const { link } = this;
    if (link === null) return;
    if (this.listeners.size === 0) {
      this.link = null;
      const opened = await link.catch(() => null);
      if (opened !== null) this.links.giveBack(opened, false);
      return;
    }
    const opened = await link.catch(() => null);
    // What someone listens to again by now stays subscribed to.
    const left = [...unheard].filter(([key]) => !this.listeners.has(key)).map(([, name]) => name);
    // Where it fails the link is gone, and the subscriptions with it.
    if (left.length > 0) await opened?.send([kind.replace("subscribe", "unsubscribe").toUpperCase(), ...left], true).catch(() => {});
  }

  private open(): Promise<Link> {
    if (this.link !== null) return this.link;
    const opening = this.links.take().then((link) => {
      link.onPush = (push) => this.receive(push);
      const forget = link.onClose;
      link.onClose = (error) => {
        forget?.(error);
        if (this.link === opening) void this.reopen();
      };
      return link;
    });
    this.link = opening;
    opening.catch(() => {
      if (this.link === opening) this.link = null;
    });
    return opening;
  }

  /** The link was lost: what was subscribed to is so again. */
  private async reopen(): Promise<void> {
    const retries = new Retries(this.links);
    this.link = null;
    while (this.listeners.size > 0 && this.link === null) {
      try {
        const link = await this.open();
        for (const key of this.listeners.keys()) {
          const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
          await link.send([kind.toUpperCase(), Buffer.from(name, "latin1")], true);
        }
        return;
      } catch (error) {
        if (await retries.wait(error as Error)) continue;
        const all = new Set([...this.listeners.values()].flatMap((set) => [...set]));
        for (const listener of all) this.links.closed ? listener.end() : listener.fail(error as Error);
      }
    }
  }

  private receive(push: readonly unknown[]): void {
    const kind = MESSAGE_KINDS[Buffer.from(push[0] as Uint8Array).toString()];
    if (kind === undefined) return;
    const [first, second, third] = push.slice(1) as Uint8Array[];
    const listeners = this.listeners.get(keyOf(kind, first));
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      if (kind === "psubscribe") listener.deliver(first, second, third);
      else listener.deliver(null, first, second);
    }
  }
}

function keyOf(kind: ChannelKind, name: Uint8Array): string {
  return `${kind} ${Buffer.from(name).latin1Slice()}`;
}
