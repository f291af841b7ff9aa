/** A conversation with the server over a connection of its own: what was asked, what came, and which state the connection is in. */

import { computed, signal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { LinkError } from "../../link.ts";
import { wordOf } from "../../reply.ts";
import { Push, type Reply, ReplyError } from "../../resp.ts";
import { openLink, wordsOf as wordsOfError } from "../../session.ts";
import { holdsSecret } from "./history.ts";
import { namesOf, wordsOfLine } from "./words.ts";

export interface Exchange {
  readonly id: number;
  /** What stood before the line. */
  readonly prompt: string;
  /** Null: nobody asked, it was pushed. */
  readonly line: string | null;
  /** Undefined: it has not come yet. */
  readonly reply: Reply | Push | undefined;
  /** What is said in place of a reply. */
  readonly note: string | null;
  /** ms. */
  readonly took: number | null;
  /** When it came, ms since 1970. */
  readonly at: number;
}

/** Older ones are dropped. */
const MOST_EXCHANGES = 300;
/** Pushes that come faster are shown together. */
const FLUSH_MS = 60;

const CHANNELS = /^[PS]?(?:UN)?SUBSCRIBE$/;
const FEEDS: ReadonlySet<string> = new Set(["SYNC", "PSYNC"]);

let nextId = 0;

export class Terminal {
  readonly exchanges = signal<readonly Exchange[]>([]);
  /** Exchanges that went because there were too many. */
  readonly dropped = signal(0);
  readonly database = signal(0);
  /** Commands that wait for EXEC; null: there is no MULTI. */
  readonly queued = signal<number | null>(null);
  readonly isBusy = signal(false);
  /** What is listened to: "channels", "MONITOR". */
  readonly listens = signal<string | null>(null);
  readonly prompt = computed(() => `db${this.database.value}${this.queued.value === null ? "" : "(TX)"}>`);
  private opening: Promise<Link> | null = null;
  private pushed: Exchange[] = [];
  private timer = 0;
  /** Told of what comes while SUBSCRIBE waits for its confirmations. */
  private confirm: ((message: Push | Reply) => void) | null = null;
  /** The database that a queued SELECT leads to. */
  private selecting: number | null = null;
  private isOver = false;

  /** Sends a line, and shows what comes. */
  async run(line: string): Promise<void> {
    const words = wordsOfLine(line);
    const shown = holdsSecret(line) && words !== null ? `${namesOf(words)[0] ?? ""} ••• (it holds a password, and is not kept)` : line;
    if (words === null)
      return this.tell(shown, "Invalid argument(s): a quote is not closed, or is closed in front of anything but a blank.");
    const names = namesOf(words).map((name) => name.toUpperCase());
    const [first = ""] = names;
    if (first === "") return;
    if (first === "CLEAR" && names.length === 1) return this.clear();
    const refusal = this.refusalOf(names);
    if (refusal !== null) return this.tell(shown, refusal);
    const exchange = this.add({ line: shown, reply: undefined, note: null });
    this.isBusy.value = true;
    const begun = performance.now();
    try {
      const reply = await this.ask(words, names);
      this.settle(exchange, { reply, took: performance.now() - begun, note: reply === undefined ? "sent; no reply comes to it" : null });
      if (reply !== undefined) this.follow(names, reply);
    } catch (error) {
      const isReply = error instanceof ReplyError;
      if (isReply) this.failed(names, error);
      this.settle(exchange, isReply ? { reply: error, took: performance.now() - begun } : { note: wordsOfError(error) });
    } finally {
      this.isBusy.value = false;
    }
  }

  /** What cannot be done over this connection, in words; null: it can. */
  private refusalOf([first = "", second = ""]: readonly string[]): string | null {
    if (FEEDS.has(first)) return `${first} would make this connection a replica's. The view Snapshots has an image to download.`;
    if (first === "HELLO" && second !== "" && second !== "3") return "This page speaks RESP3 alone.";
    // Its lines come as replies: which of them answers another request could not be told.
    if (this.listens.value === "MONITOR" && first !== "QUIT") return "This connection shows MONITOR; Ctrl-C breaks it off.";
    return null;
  }

  /** Says something that the server was not asked. */
  tell(line: string, note: string): void {
    this.add({ line, reply: undefined, note });
  }

  clear(): void {
    this.exchanges.value = [];
    this.dropped.value = 0;
  }

  /** Breaks off what is under way, and whatever is listened to: the next line has a new connection. */
  interrupt(): void {
    const { opening } = this;
    this.forget();
    opening?.then(
      (link) => link.close(new LinkError("You broke it off; the next line has a new connection.")),
      () => {},
    );
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.interrupt();
  }

  private async ask(words: readonly Uint8Array[], names: readonly string[]): Promise<Reply | Push | undefined> {
    const link = await this.current();
    const [first = "", second = "", third = ""] = names;
    if (first === "CLIENT" && second === "REPLY" && third !== "ON" && third !== "") {
      link.tell(...words);
      return undefined;
    }
    if (CHANNELS.test(first)) return this.subscribe(link, words);
    return link.callForBytes(...words);
  }

  /** Confirmations come as pushes, an error and QUEUED as replies: the first of them ends the wait. */
  private subscribe(link: Link, words: readonly Uint8Array[]): Promise<Reply | Push> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply | Push>();
    this.confirm = (message) => {
      this.confirm = null;
      if (message instanceof ReplyError) reject(message);
      else resolve(message);
    };
    const { onClose } = link;
    link.onClose = () => {
      this.confirm = null;
      reject(new LinkError("The connection was closed."));
      onClose?.();
    };
    link.tell(...words);
    return promise;
  }

  private current(): Promise<Link> {
    if (this.opening !== null) return this.opening;
    const opening = openLink();
    this.opening = opening;
    const gone = (): void => {
      if (this.opening === opening) this.forget();
    };
    opening.then((link) => {
      link.onClose = gone;
      link.onPush = (message) => this.came(message);
      if (this.isOver) link.close();
    }, gone);
    return opening;
  }

  private forget(): void {
    this.opening = null;
    this.database.value = 0;
    this.queued.value = null;
    this.listens.value = null;
    this.selecting = null;
  }

  private came(message: Push | Reply): void {
    if (this.confirm !== null && (!(message instanceof Push) || /subscribe$/.test(wordOf(message.items[0])))) {
      this.confirm(message);
      return;
    }
    this.pushed.push(this.exchange({ line: null, reply: message, note: null }));
    if (this.pushed.length > MOST_EXCHANGES) {
      this.pushed.shift();
      this.dropped.value++;
    }
    if (this.timer !== 0) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.show(this.pushed.splice(0));
    }, FLUSH_MS) as unknown as number;
  }

  /** What a reply says about the connection. */
  private follow(names: readonly string[], reply: Reply | Push): void {
    const [first = ""] = names;
    if (reply === "QUEUED") {
      this.queued.value = (this.queued.value ?? 0) + 1;
      if (first === "SELECT") this.selecting = Number(names[1]);
      return;
    }
    if (first === "MULTI") this.queued.value = 0;
    else if (first === "SELECT") this.database.value = Number(names[1]);
    else if (first === "EXEC" || first === "DISCARD") {
      if (first === "EXEC" && reply !== null && this.selecting !== null) this.database.value = this.selecting;
      this.queued.value = null;
      this.selecting = null;
    } else if (first === "RESET") {
      this.forgetState();
      void this.opening?.then((link) => link.call("HELLO", 3)).catch(() => {});
    } else if (first === "MONITOR") this.listens.value = "MONITOR";
    else if (CHANNELS.test(first) && reply instanceof Push) {
      this.listens.value = reply.items[2] === 0 ? null : "channels";
    }
  }

  private failed([first]: readonly string[], error: ReplyError): void {
    if (first === "EXEC" && error.code === "EXECABORT") {
      this.queued.value = null;
      this.selecting = null;
    }
  }

  private forgetState(): void {
    this.database.value = 0;
    this.queued.value = null;
    this.listens.value = null;
  }

  private exchange(values: Pick<Exchange, "line" | "reply" | "note">): Exchange {
    return { id: nextId++, prompt: this.prompt.value, took: null, at: Date.now(), ...values };
  }

  private add(values: Pick<Exchange, "line" | "reply" | "note">): Exchange {
    const exchange = this.exchange(values);
    this.show([exchange]);
    return exchange;
  }

  private show(added: readonly Exchange[]): void {
    const all = [...this.exchanges.value, ...added];
    this.dropped.value += Math.max(0, all.length - MOST_EXCHANGES);
    this.exchanges.value = all.slice(-MOST_EXCHANGES);
  }

  private settle({ id }: Exchange, values: Partial<Exchange>): void {
    this.exchanges.value = this.exchanges.value.map((one) => (one.id === id ? { ...one, ...values, at: Date.now() } : one));
  }
}
