/** Streams as async iterables: entries as they come, for one reader or for the consumers of a group. Each reader has a link of its own. */

import type { Integer } from "./arguments.ts";
import { type Fields, fields as toFields } from "./converting.ts";
import { LinkError } from "./errors.ts";
import { INSPECT, inspectedAs } from "./inspecting.ts";
import { knownOptions, requireKnown } from "./known-options.ts";
import type { Link, Word } from "./link.ts";
import type { Links } from "./links.ts";
import { Retries } from "./retries.ts";

type Text = string | Uint8Array;

export interface Entry<T> {
  readonly id: string;
  readonly fields: Fields<T, T>;
}

/** An entry that a consumer was given. */
export interface Delivery<T> extends Entry<T> {
  /** Says that it is done with: the group does not deliver it again. Returns whether it was still pending. */
  ack(): Promise<boolean>;
}

export interface ReadOptions {
  /** The ID after which to begin; "$", unless told: only entries that are added from now on. "0": all. */
  readonly from?: string;
  /** Most entries that are fetched at once, and wait to be taken: 100 unless told. */
  readonly count?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

export interface ConsumeOptions {
  readonly consumer: string;
  /** Most entries that are fetched at once, and wait to be taken: 100 unless told. */
  readonly count?: number;
  /** Takes over entries that another consumer did not acknowledge for so many ms; else none. */
  readonly claimAfter?: Integer;
  readonly signal?: AbortSignal;
}

export interface CreateOptions {
  /** The ID after which it begins: "$", unless told, only what is added from now on. */
  readonly from?: string;
}

const KNOWN_READ = knownOptions<ReadOptions>("read", { from: true, count: true, signal: true });
const KNOWN_CONSUME = knownOptions<ConsumeOptions>("consume", { consumer: true, count: true, claimAfter: true, signal: true });
const KNOWN_CREATE = knownOptions<CreateOptions>("create", { from: true });

const COUNT = 100;
/** How long one request waits for entries; then it is sent again, and claiming has its turn. */
const BLOCK_MS = 5000;

const toObject = toFields();

export class StreamOf<T extends Text> {
  readonly key: Word;
  private readonly links: Links;
  private readonly inBytes: boolean;

  constructor(links: Links, inBytes: boolean, key: Word) {
    this.links = links;
    this.inBytes = inBytes;
    this.key = key;
  }

  /**
   * Entries from an ID on, and then as they come, without end. A link that is lost is made again, and no entry is left out. Errors:
   * ReplyError, LinkError.
   */
  read(options: ReadOptions = {}): AsyncGenerator<Entry<T>, void, undefined> {
    requireKnown(options, KNOWN_READ);
    return this.entriesFrom(options);
  }

  private async *entriesFrom({ from = "$", count = COUNT, signal }: ReadOptions): AsyncGenerator<Entry<T>, void, undefined> {
    let last = from === "$" ? await this.lastId() : from;
    const read = (link: Link): Promise<unknown> =>
      link.send(["XREAD", "COUNT", count, "BLOCK", BLOCK_MS, "STREAMS", this.key, last], this.inBytes);
    for await (const raw of this.repeated(read, signal)) {
      for (const entry of this.entriesOf(entriesOfFirst(raw))) {
        if (signal?.aborted) return;
        last = entry.id;
        yield entry;
      }
    }
  }

  /** @internal */
  [INSPECT](): string {
    return inspectedAs("StreamOf", shown(this.key));
  }

  group(name: Word): GroupOf<T> {
    return new GroupOf(this, this.links, this.inBytes, name);
  }

  /** For GroupOf: what `read` answers, again and again, on a link of its own. */
  async *repeated(read: (link: Link) => Promise<unknown>, signal: AbortSignal | undefined): AsyncGenerator<unknown, void, undefined> {
    const retries = new Retries(this.links);
    let link: Link | null = null;
    const stop = (): void => {
      if (link !== null) this.links.giveBack(link, false);
    };
    signal?.addEventListener("abort", stop);
    try {
      while (!signal?.aborted) {
        try {
          link ??= await this.links.take();
          if (signal?.aborted) return;
          const reply = await read(link);
          retries.reset();
          if (!signal?.aborted) yield reply;
        } catch (error) {
          if (error instanceof LinkError && link !== null) {
            this.links.giveBack(link, false);
            link = null;
          }
          if (signal?.aborted || (error instanceof LinkError && this.links.closed)) return;
          if (!(await retries.wait(error as Error))) throw error;
        }
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      if (link !== null) this.links.giveBack(link, true);
    }
  }

  /** For GroupOf: entries as servers send them; one that was deleted meanwhile has no fields, and is left out. */
  *entriesOf(raw: readonly unknown[]): Generator<Entry<T>, void, undefined> {
    for (const [id, fields] of raw as [unknown, unknown][]) {
      if (fields !== null) yield { id: textOf(id), fields: toObject(fields, this.inBytes) as Fields<T, T> };
    }
  }

  private async lastId(): Promise<string> {
    const newest = (await this.links.main.send(["XREVRANGE", this.key, "+", "-", "COUNT", 1], false)) as [string, unknown][];
    return newest[0]?.[0] ?? "0-0";
  }
}

/** A group of consumers, who share the entries of a stream. */
export class GroupOf<T extends Text> {
  readonly name: Word;
  private readonly stream: StreamOf<T>;
  private readonly links: Links;
  private readonly inBytes: boolean;

  constructor(stream: StreamOf<T>, links: Links, inBytes: boolean, name: Word) {
    this.stream = stream;
    this.links = links;
    this.inBytes = inBytes;
    this.name = name;
  }

  /** @internal */
  [INSPECT](): string {
    return inspectedAs("GroupOf", `${shown(this.name)} of ${shown(this.stream.key)}`);
  }

  /** Makes the group, and the stream, unless they are there. Returns whether it made the group. */
  async create(options: CreateOptions = {}): Promise<boolean> {
    requireKnown(options, KNOWN_CREATE);
    const { from = "$" } = options;
    try {
      await this.links.main.send(["XGROUP", "CREATE", this.stream.key, this.name, from, "MKSTREAM"], false);
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("BUSYGROUP")) return false;
      throw error;
    }
  }

  /**
   * Entries for one consumer, without end: first those that it was given before and did not acknowledge, then new ones. Errors: ReplyError,
   * LinkError.
   */
  consume(options: ConsumeOptions): AsyncGenerator<Delivery<T>, void, undefined> {
    requireKnown(options, KNOWN_CONSUME);
    return this.deliveries(options);
  }

  private async *deliveries({ consumer, count = COUNT, claimAfter, signal }: ConsumeOptions): AsyncGenerator<Delivery<T>, void, undefined> {
    let last = "0";
    let cursor = "0-0";
    const { key } = this.stream;
    const readGroup = ["XREADGROUP", "GROUP", this.name, consumer, "COUNT", count] as const;
    const read = async (link: Link): Promise<readonly unknown[]> => {
      if (last !== ">") {
        const before = entriesOfFirst(await link.send([...readGroup, "STREAMS", key, last], this.inBytes));
        last = before.length === 0 ? ">" : textOf((before.at(-1) as [unknown])[0]);
        if (last !== ">") return before;
      }
      if (claimAfter !== undefined) {
        const claim = ["XAUTOCLAIM", key, this.name, consumer, claimAfter, cursor, "COUNT", count];
        const [next, claimed] = (await link.send(claim, this.inBytes)) as [unknown, unknown[]];
        cursor = textOf(next);
        if (claimed.length > 0) return claimed;
      }
      return entriesOfFirst(await link.send([...readGroup, "BLOCK", BLOCK_MS, "STREAMS", key, ">"], this.inBytes));
    };
    for await (const raw of this.stream.repeated(read, signal)) {
      for (const entry of this.stream.entriesOf(raw as readonly unknown[])) {
        if (signal?.aborted) return;
        yield { ...entry, ack: () => this.ack(entry.id) };
      }
    }
  }

  private async ack(id: string): Promise<boolean> {
    return (await this.links.main.send(["XACK", this.stream.key, this.name, id], false)) === 1;
  }
}

/** Of what XREAD answers for one stream: a map of its entries, or null. */
function entriesOfFirst(reply: unknown): readonly unknown[] {
  if (!(reply instanceof Map)) return [];
  const [entries] = reply.values();
  return entries as readonly unknown[];
}

function shown(name: Word): string {
  return JSON.stringify(name instanceof Uint8Array ? Buffer.from(name).toString() : String(name));
}

function textOf(id: unknown): string {
  return id instanceof Uint8Array ? Buffer.from(id).toString() : String(id);
}
