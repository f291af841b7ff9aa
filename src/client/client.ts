/** The typed client of a server: methods of all commands, and what goes beyond one request and its reply. */

import { addressOf, type ConnectOptions } from "./address.ts";
import type { Integer } from "./arguments.ts";
import { newPipeline, newTransaction, type Pipeline, type Transaction } from "./chains.ts";
import type { Convert, Mode } from "./command-base.ts";
import { Commands } from "./commands/all.ts";
import type { ScanOptions } from "./commands/generic.ts";
import type { HscanOptions } from "./commands/hash.ts";
import type { SscanOptions } from "./commands/set.ts";
import type { ZscanOptions } from "./commands/sorted-set.ts";
import { asObjects, type Returned, type ServerFunction } from "./functions.ts";
import { INSPECT, inspectedAs } from "./inspecting.ts";
import { knownOptions, requireKnown } from "./known-options.ts";
import type { Link, Word } from "./link.ts";
import { Links } from "./links.ts";
import { commandName, mayBlock, refuseUnfit } from "./requests.ts";
import type { KeysOf, Script } from "./scripts.ts";
import { SocketLink } from "./socket-link.ts";
import { StreamOf } from "./streams.ts";
import {
  type ChannelKind,
  type Message,
  type PatternMessage,
  type SubscribeOptions,
  Subscriber,
  type Subscription,
} from "./subscriptions.ts";

type Text = string | Uint8Array;

/** A method's reply is promised; `T`: what bulk strings are. */
interface Promising<T extends Text> extends Mode {
  readonly text: T;
  readonly answer: Promise<this["reply"]>;
}

export interface WatchOptions {
  /** How often it is tried before there is no result: 16 times unless told. */
  readonly attempts?: number;
}

export interface AuthOptions {
  /** "default" unless told. */
  readonly username?: Word;
}

const WATCH_ATTEMPTS = 16;
const KNOWN_WATCH = knownOptions<WatchOptions>("watch", { attempts: true });
const KNOWN_SUBSCRIBE = knownOptions<SubscribeOptions>("subscribe", { limit: true });
const KNOWN_AUTH = knownOptions<AuthOptions>("auth", { username: true });

/** What all views of a client share. */
class Shared {
  readonly links: Links;
  readonly subscriber: Subscriber;
  /** Digests of function libraries that were loaded. */
  readonly loaded = new Set<string>();

  constructor(links: Links) {
    this.links = links;
    this.subscriber = new Subscriber(links);
  }
}

/** Commands on a link, each with a promise of its reply. */
abstract class Requests<T extends Text> extends Commands<Promising<T>> {
  protected readonly shared: Shared;
  protected readonly link: Link;
  protected readonly inBytes: boolean;

  constructor(shared: Shared, link: Link, inBytes: boolean) {
    super();
    this.shared = shared;
    this.link = link;
    this.inBytes = inBytes;
  }

  /**
   * Runs any command, its words as they are, and returns its reply as RESP3 has it. Errors: TypeError for a command that changes what the
   * connection is, which the client keeps in its own hands; ReplyError, LinkError.
   */
  async call(...words: readonly [name: string, ...Word[]]): Promise<unknown> {
    const name = commandName(words[0]);
    refuseUnfit(name, words);
    const request = [name, ...words.slice(1)];
    return await (mayBlock(name, request) ? this.runBlocking(request) : this.run(request));
  }

  /** Commands that are sent in one go: `await client.pipeline().incr("n").get("k").exec()`. */
  pipeline(): Pipeline<T, []> {
    return newPipeline<T>(this.link, this.inBytes);
  }

  /** Runs a script: by its digest, or by its text where the server does not know it. */
  async script<const Count extends number, Reply>(
    script: Script<Count, Reply>,
    keys: KeysOf<Count>,
    args: readonly Word[] = [],
  ): Promise<Reply> {
    return await script.send(this.link, this.inBytes, keys, args);
  }

  /** Calls a function in TypeScript, which is loaded when this client calls it first. Its reply is what it returns, if `T` is string. */
  async function<const Count extends number, Result>(
    called: ServerFunction<Count, Result>,
    keys: KeysOf<Count>,
    args: readonly Word[] = [],
  ): Promise<T extends string ? Returned<Result> : unknown> {
    const reply = await called.send(this.link, this.inBytes, this.shared.loaded, keys, args);
    return (this.inBytes ? reply : asObjects(reply)) as T extends string ? Returned<Result> : unknown;
  }

  /** All keys, in no order; one that comes or goes meanwhile may be left out, and one may come twice. */
  scan(options?: ScanOptions): AsyncGenerator<T, void, undefined> {
    return scanned((cursor) => this.scanStep(cursor, options)) as AsyncGenerator<T, void, undefined>;
  }

  /** All fields of a hash with their values; with `noValues` only the fields. */
  hscan(key: Word, options: HscanOptions & { noValues: true }): AsyncGenerator<T, void, undefined>;
  hscan(key: Word, options?: HscanOptions & { noValues?: false | undefined }): AsyncGenerator<[field: T, value: T], void, undefined>;
  hscan(key: Word, options?: HscanOptions): AsyncGenerator<unknown, void, undefined> {
    return scanned((cursor) => this.hscanStep(key, cursor, options));
  }

  /** All members of a set. */
  sscan(key: Word, options?: SscanOptions): AsyncGenerator<T, void, undefined> {
    return scanned((cursor) => this.sscanStep(key, cursor, options)) as AsyncGenerator<T, void, undefined>;
  }

  /** All members of a sorted set with their scores. */
  async *zscan(key: Word, options?: ZscanOptions): AsyncGenerator<[member: T, score: number], void, undefined> {
    const members = scanned((cursor) => this.zscanStep(key, cursor, options)) as AsyncGenerator<[T, number], void, undefined>;
    yield* members;
  }

  /** @internal for console.log: who it is, and not all that it is made of (a password, for one). */
  [INSPECT](): string {
    return inspectedAs(this instanceof Watching ? "Watching" : "Client", this.link.name);
  }

  protected override run<Reply>(request: readonly Word[], convert?: Convert): Promise<Reply> {
    return converted(this.link.send(request, this.inBytes), convert, this.inBytes);
  }
}

/** A link of one's own on which keys are watched. */
export class Watching<T extends Text> extends Requests<T> {
  /** Whether no transaction has run since the keys are watched, and whether the last one was aborted. */
  isOpen = true;
  isAborted = false;

  /** A transaction that comes to nothing, and `exec` to null, where a watched key was changed. */
  multi(): Transaction<T, [], null> {
    return newTransaction<T, null>(this.link, this.inBytes, (aborted) => {
      this.isOpen = false;
      this.isAborted = aborted;
    });
  }

  protected override runBlocking<Reply>(request: readonly Word[], convert?: Convert): Promise<Reply> {
    return this.run(request, convert);
  }
}

/** A client whose bulk strings are `T`. */
export class ClientOf<T extends Text> extends Requests<T> {
  /** Takes another database, for all that this client does from now on. Channels have none. */
  async select(database: Integer): Promise<"OK"> {
    return (await this.shared.links.begin(["SELECT", database])) as "OK";
  }

  /** Becomes another user: "default" unless told. */
  async auth(password: Word, options: AuthOptions = {}): Promise<"OK"> {
    requireKnown(options, KNOWN_AUTH);
    const { username = "default" } = options;
    return (await this.shared.links.begin(["AUTH", username, password])) as "OK";
  }

  /** Commands that are executed with nothing between them: `await client.multi().incr("n").get("k").exec()`. */
  multi(): Transaction<T, [], never> {
    return newTransaction<T, never>(this.link, this.inBytes, null);
  }

  /**
   * Watches keys while `task` reads with the client that it is given and runs a transaction of it: where a key was changed meanwhile, it is done
   * again. Resolves with what the task returned; with null if that came to nothing so many times. Errors: those of the task.
   */
  async watch<Result>(
    keys: Word | readonly Word[],
    task: (watching: Watching<T>) => Promise<Result>,
    options: WatchOptions = {},
  ): Promise<Result | null> {
    requireKnown(options, KNOWN_WATCH);
    const { attempts = WATCH_ATTEMPTS } = options;
    return await this.shared.links.use(async (link) => {
      const watching = new Watching<T>(this.shared, link, this.inBytes);
      for (let attempt = 0; attempt < attempts; attempt++) {
        watching.isOpen = true;
        watching.isAborted = false;
        await link.send(["WATCH", ...(isWords(keys) ? keys : [keys])], false);
        const result = await task(watching).finally(() => (watching.isOpen ? link.send(["UNWATCH"], false) : null));
        if (!watching.isAborted) return result;
      }
      return null;
    });
  }

  /** Messages of channels: `for await (const { channel, message } of client.subscribe("a", "b"))`. */
  subscribe(...channels: readonly (string | SubscribeOptions)[]): Subscription<Message<T>> {
    return this.listen("subscribe", channels);
  }

  /** Messages of the channels that fit patterns. */
  psubscribe(...patterns: readonly (string | SubscribeOptions)[]): Subscription<PatternMessage<T>> {
    return this.listen("psubscribe", patterns);
  }

  /** Messages of shard channels. */
  ssubscribe(...channels: readonly (string | SubscribeOptions)[]): Subscription<Message<T>> {
    return this.listen("ssubscribe", channels);
  }

  /** The entries of a stream as they come. */
  stream(key: Word): StreamOf<T> {
    return new StreamOf(this.shared.links, this.inBytes, key);
  }

  protected override runBlocking<Reply>(request: readonly Word[], convert?: Convert): Promise<Reply> {
    return converted(
      this.shared.links.use((link) => link.send(request, this.inBytes)),
      convert,
      this.inBytes,
    );
  }

  private listen<Item>(kind: ChannelKind, given: readonly (string | SubscribeOptions)[]): Subscription<Item> {
    const names = given.filter((one) => typeof one === "string");
    const others = given.filter((one) => typeof one !== "string");
    for (const one of others) requireKnown(one, KNOWN_SUBSCRIBE);
    const options: SubscribeOptions = Object.assign({}, ...others);
    if (names.length === 0) throw new TypeError(`${kind}: a subscription has one channel at least`);
    return this.shared.subscriber.subscribe(kind, names, options, this.inBytes);
  }
}

/** A client. Close it, or take it with `await using`. */
export class Client extends ClientOf<string> implements AsyncDisposable {
  /** The same client, whose bulk strings are bytes. */
  readonly bytes: ClientOf<Uint8Array>;

  /** @param duplicate makes one more link to the same server, for requests that wait and for channels. */
  constructor(link: Link, duplicate: () => Promise<Link>) {
    const shared = new Shared(new Links(link, duplicate));
    super(shared, link, false);
    this.bytes = new ClientOf<Uint8Array>(shared, link, true);
  }

  /**
   * Connects to a server: `host:6379`, `redis://user:password@host:6379/0`, `rediss://` with TLS, `unix:///path`, or options. Errors:
   * TypeError where they make no sense; LinkError where no server answers; ReplyError where it refuses.
   */
  static async connect(url?: string | ConnectOptions, options: ConnectOptions = {}): Promise<Client> {
    const address = typeof url === "object" && url !== null ? addressOf(undefined, url) : addressOf(url, options);
    const link = await SocketLink.connect(address);
    return new Client(link, () => SocketLink.connectPatiently(link.target));
  }

  /** Resolves when what is under way is answered, and all links are closed. What waits for something (BLPOP, channels) ends. */
  async close(): Promise<void> {
    await this.shared.links.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function converted<Reply>(reply: Promise<unknown>, convert: Convert | undefined, inBytes: boolean): Promise<Reply> {
  return (convert === undefined ? reply : convertedLater(reply, convert, inBytes)) as Promise<Reply>;
}

/** Async, and no callback of the promise: stacks of errors go through it. */
async function convertedLater(reply: Promise<unknown>, convert: Convert, inBytes: boolean): Promise<unknown> {
  return convert(await reply, inBytes);
}

function isWords(keys: Word | readonly Word[]): keys is readonly Word[] {
  return Array.isArray(keys);
}

/** What a scan has in all its steps. */
async function* scanned(
  step: (cursor: Word) => Promise<readonly [cursor: Text, items: unknown]>,
): AsyncGenerator<unknown, void, undefined> {
  let cursor: Text = "0";
  do {
    const [next, items]: readonly [Text, unknown] = await step(cursor);
    cursor = next;
    yield* (Array.isArray(items) || items instanceof Map ? items : Object.entries(items as object)) as Iterable<unknown>;
  } while (Buffer.from(cursor).toString() !== "0");
}
