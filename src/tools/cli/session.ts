/** What sends commands and prints what comes back, as redis-cli does: connects, logs in, remembers the state that commands bring about. */

import { itemsOf, type Reply, textOf } from "../../protocol/reply-decoder.ts";
import { Connection, ConnectionError } from "./connection.ts";
import { type Console, ToolFailure } from "./console.ts";
import { formatReply } from "./format.ts";
import type { Help } from "./help.ts";
import type { Options } from "./options.ts";
import { ConnectError, complaintOf } from "./socket.ts";
import { leadingInteger } from "./target.ts";

/** Commands whose replies are texts for people: printed as they are. */
const TEXTS: readonly { readonly words: readonly string[]; readonly count?: number }[] = [
  { words: ["info"] },
  { words: ["lolwut"] },
  { words: ["debug", "htstats"] },
  { words: ["debug", "htstats-key"] },
  { words: ["debug", "client-eviction"] },
  { words: ["memory", "malloc-stats"] },
  { words: ["memory", "doctor"] },
  { words: ["cluster", "nodes"], count: 2 },
  { words: ["cluster", "info"], count: 2 },
  { words: ["client", "list"] },
  { words: ["client", "info"] },
  { words: ["latency", "graph"], count: 3 },
  { words: ["latency", "doctor"], count: 2 },
  { words: ["proxy", "info"] },
];

const SUBSCRIBE: ReadonlySet<string> = new Set(["subscribe", "psubscribe", "ssubscribe"]);
const UNSUBSCRIBE: ReadonlySet<string> = new Set(["unsubscribe", "punsubscribe", "sunsubscribe"]);

const CLEAR_LINE = "\r\x1b[0K";
const RECONNECT_MS = 1000;

export class Session {
  readonly options: Options;
  readonly console: Console;
  readonly help: Help;
  connection: Connection | null = null;
  /** Whether commands come from standard input: then errors end nothing. */
  interactive = false;
  /** Between a SUBSCRIBE and what ends it. */
  subscribed = false;
  inMulti = false;
  /** The database that is selected on this connection. */
  database = 0;
  /** What replies of SYNC and PSYNC are shown by; set by who knows how. */
  replicaOutput: ((session: Session) => Promise<void>) | null = null;
  private databaseBeforeMulti = 0;
  private monitoring = false;
  private resp3 = false;
  private shuttingDown = false;
  private reissue = false;
  private asking = false;
  /** What CLIENT REPLY has said. */
  private replies: "on" | "off" | "skip-next" = "on";
  private redirected = false;
  private interrupted = false;

  constructor(options: Options, console: Console, help: Help) {
    this.options = options;
    this.console = console;
    this.help = help;
  }

  /** "127.0.0.1:6379[1](TX)> " */
  get prompt(): string {
    if (this.connection === null) return "not connected> ";
    const { host, port, socket } = this.options.target;
    const place = socket !== null ? `redis ${socket}` : `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const database = this.database === 0 ? "" : `[${this.database}]`;
    return `${place}${database}${this.inMulti ? "(TX)" : ""}${this.subscribed ? "(subscribed mode)" : ""}> `;
  }

  /** Connects anew, logs in, selects. Returns whether that worked; why not is printed unless `quiet`. */
  async connect(quiet = false): Promise<boolean> {
    const { target } = this.options;
    this.connection?.close();
    this.connection = null;
    this.database = 0;
    this.inMulti = false;
    this.subscribed = false;
    this.resp3 = false;
    this.replies = "on";
    // Where a cluster sent us is not at the end of the unix socket.
    const place = this.redirected ? { ...target, socket: null } : target;
    try {
      this.connection = await Connection.open(place);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      if (!quiet) this.console.complain(`${complaintOf(error, place)}\n`);
      return false;
    }
    if ((await this.logIn()) && (await this.select()) && (await this.switchProtocol())) {
      this.connection.pushes = this.pushTaker();
      return true;
    }
    return false;
  }

  /** Connects unless it is already. Errors: ToolFailure when it cannot; why is printed. */
  async connected(): Promise<Connection> {
    const worked = this.connection !== null || (await this.connect());
    if (!worked || this.connection === null) throw new ToolFailure("");
    return this.connection;
  }

  private async logIn(): Promise<boolean> {
    const { user, password } = this.options.target;
    if (password === null) return true;
    const reply = await this.askQuietly(user === null ? ["AUTH", password] : ["AUTH", user, password]);
    if (reply?.kind === "error") this.console.complain(`AUTH failed: ${reply.text}\n`);
    return reply !== null && reply.kind !== "error";
  }

  private async select(): Promise<boolean> {
    const wanted = this.options.target.database;
    if (wanted === this.database) return true;
    const reply = await this.askQuietly(["SELECT", String(wanted)]);
    if (reply?.kind === "error") this.console.complain(`SELECT ${wanted} failed: ${reply.text}\n`);
    if (reply === null || reply.kind === "error") return false;
    this.database = wanted;
    return true;
  }

  private async switchProtocol(): Promise<boolean> {
    const { resp3, resp2 } = this.options;
    if (resp3 === "no" || resp2) return true;
    const reply = await this.askQuietly(["HELLO", "3"]);
    if (reply === null) return false;
    if (reply.kind === "error") this.console.complain(`HELLO 3 failed: ${reply.text}\n`);
    this.resp3 = reply.kind !== "error";
    return this.resp3 || resp3 === "wanted";
  }

  /** The reply, or null when the connection was lost. */
  private async askQuietly(words: readonly string[]): Promise<Reply | null> {
    try {
      return (await this.connection?.ask(words)) ?? null;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.console.complain("\nI/O error\n");
      return null;
    }
  }

  /** Asks for what is not shown; null when there is no connection. */
  async inquire(words: readonly string[]): Promise<Reply | null> {
    if (this.connection === null || this.connection.lost) await this.connect(true);
    return this.connection === null ? null : this.askQuietly(words);
  }

  /** Sends a request and reads the reply, which is not shown. Errors: ToolFailure when the connection is lost. */
  async readAfter(words: readonly string[]): Promise<Reply> {
    (await this.connected()).send(words);
    return this.readSilently();
  }

  /** Reads a reply, which is not shown. Errors: ToolFailure when the connection is lost. */
  async readSilently(): Promise<Reply> {
    try {
      return await (await this.connected()).read();
    } catch (error) {
      if (error instanceof ConnectionError) throw new ToolFailure("\nI/O error");
      throw error;
    }
  }

  /** Asks, and connects again and again where the connection is lost meanwhile: for what runs for hours. */
  async askPatiently(words: readonly string[]): Promise<Reply> {
    for (let tries = 0; ; ) {
      try {
        if (this.connection !== null && !this.connection.lost) {
          const reply = await this.connection.ask(words);
          if (tries > 0) this.console.print(CLEAR_LINE);
          return reply;
        }
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
      }
      this.console.print(`${CLEAR_LINE}Reconnecting... ${++tries}\r`);
      if (!(await this.connect(true))) await Bun.sleep(RECONNECT_MS);
    }
  }

  private pushTaker(): "drop" | ((push: Reply) => void) {
    if (!this.options.showPushes) return "drop";
    return (push) =>
      this.console.print(this.options.output === "standard" ? (invalidation(push) ?? this.text(push, false)) : this.text(push, false));
  }

  /**
   * Executes one command, again and again if asked, and prints the replies. Returns whether the connection held. Errors: ToolFailure where
   * redis-cli ends.
   */
  async issue(words: readonly string[], repeat: number = this.options.repeat): Promise<boolean> {
    const name = words[0].toLowerCase();
    if (name === "help" || name === "?") {
      this.console.print(await this.help.about(words.slice(1), this));
      return true;
    }
    for (;;) {
      if (this.reissue || this.connection === null || this.connection.lost) {
        this.redirected ||= this.reissue;
        if (!(await this.connect())) {
          this.reissue = false;
          return false;
        }
      }
      this.reissue = false;
      if (this.asking) {
        this.asking = false;
        const reply = await this.askQuietly(["ASKING"]);
        if (reply?.kind === "error") this.console.complain(`ASKING failed: ${reply.text}\n`);
        if (reply === null || reply.kind === "error") return false;
      }
      if (!(await this.send(words, repeat))) {
        this.connection?.close();
        this.connection = null;
        return false;
      }
      if (!this.reissue) return true;
    }
  }

  private async send(words: readonly string[], repeat: number): Promise<boolean> {
    const { connection } = this;
    if (connection === null) return false;
    const name = words[0].toLowerCase();
    const plain = isText(words);
    this.shuttingDown = name === "shutdown";
    if (name === "monitor") this.monitoring = true;
    for (let left = repeat; left !== 0; left--) {
      if (left < 0) left = -1;
      connection.send(words);
      if (this.monitoring) return this.monitor(plain);
      const confirmations = SUBSCRIBE.has(name) || UNSUBSCRIBE.has(name) ? Math.max(words.length - 1, 1) : 0;
      // They are confirmed by pushes, which then are replies.
      if (confirmations > 0) connection.pushes = "reply";
      if ((name === "sync" || name === "psync") && this.replicaOutput !== null) {
        this.console.print("Entering replica output mode...  (press Ctrl-C to quit)\n");
        await this.replicaOutput(this);
        return false;
      }
      if (this.expectsReply(words) && !(await this.awaitReply(words, name, plain, confirmations))) return false;
      if (this.reissue) return true;
      if (this.options.intervalMs > 0) await Bun.sleep(this.options.intervalMs);
    }
    return true;
  }

  /** Whether a reply will come, which CLIENT REPLY decides. (redis-cli waits for one for ever.) */
  private expectsReply(words: readonly string[]): boolean {
    const [first, second, mode] = words.map((word) => word.toLowerCase());
    if (first === "client" && second === "reply" && words.length === 3) {
      if (mode === "on") this.replies = "on";
      else if (mode === "off") this.replies = "off";
      else if (mode === "skip" && this.replies === "on") {
        this.replies = "skip-next";
        return false;
      }
      return this.replies === "on";
    }
    if (this.replies !== "skip-next") return this.replies === "on";
    this.replies = "on";
    return false;
  }

  private async monitor(plain: boolean): Promise<boolean> {
    while (this.monitoring) {
      const reply = await this.readReply(plain);
      if (reply === null) {
        if (this.monitoring) throw new ToolFailure("");
        return true;
      }
      if (reply.kind === "error") this.monitoring = false;
    }
    return true;
  }

  /** Reads and prints until there is the reply to `words`; what channels bring goes before it. Returns whether the connection held. */
  private async awaitReply(words: readonly string[], name: string, plain: boolean, confirmations: number): Promise<boolean> {
    let open = confirmations;
    for (;;) {
      const reply = await this.readReply(plain);
      if (reply === null) return this.shuttingDown;
      if (this.subscribed || open > 0) {
        if (this.isOfChannels(reply)) {
          if (open === 0 || textOf(itemsOf(reply)[0])?.toLowerCase() !== name) continue;
          if (SUBSCRIBE.has(name)) this.subscribed = true;
          if (--open > 0) continue;
        } else if (reply.kind === "push") continue;
      }
      await this.remember(words, name, reply);
      return true;
    }
  }

  /** Whether it is a message or a confirmation of Pub/Sub. */
  private isOfChannels(reply: Reply): boolean {
    if (reply.kind !== (this.resp3 ? "push" : "array") || reply.items.length < 3) return false;
    return /(?:message|subscribe)$/.test(textOf(reply.items[0]) ?? "");
  }

  /** Notes what a command has changed on this connection. */
  private async remember(words: readonly string[], name: string, reply: Reply): Promise<void> {
    const { target, showPushes } = this.options;
    const failed = reply.kind === "error";
    if (name === "select" && words.length === 2 && !failed) {
      target.database = this.database = leadingInteger(words[1]);
    } else if (name === "auth" && (words.length === 2 || words.length === 3)) {
      await this.select();
    } else if (name === "multi" && words.length === 1 && !failed) {
      this.inMulti = true;
      this.databaseBeforeMulti = this.database;
    } else if (name === "exec" && words.length === 1 && this.inMulti) {
      this.inMulti = false;
      if (failed || reply.kind === "nil") target.database = this.database = this.databaseBeforeMulti;
    } else if (name === "discard" && words.length === 1 && !failed) {
      this.inMulti = false;
      target.database = this.database = this.databaseBeforeMulti;
    } else if (name === "reset" && words.length === 1 && !failed) {
      this.inMulti = false;
      target.database = this.database = 0;
      this.resp3 = false;
      this.restorePushes();
      this.subscribed = false;
    } else if (name === "hello") {
      if (reply.kind === "map") this.resp3 = true;
      else if (reply.kind === "array") this.resp3 = false;
    } else if ((SUBSCRIBE.has(name) || UNSUBSCRIBE.has(name)) && !this.subscribed && showPushes) {
      this.restorePushes();
    }
  }

  private restorePushes(): void {
    if (this.options.showPushes && this.connection !== null) this.connection.pushes = this.pushTaker();
  }

  /** Reads one reply and prints it. Returns null when the connection is lost, or was given up by an interrupt. Errors: ToolFailure. */
  async readReply(plain: boolean): Promise<Reply | null> {
    let reply: Reply;
    try {
      if (this.connection === null) return null;
      reply = await this.connection.read();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      if (this.interrupted) {
        this.interrupted = false;
        this.monitoring = false;
        this.subscribed = false;
        await this.connect();
        return null;
      }
      if (this.shuttingDown) {
        this.connection = null;
        return null;
      }
      if (this.interactive && !error.message.startsWith("Protocol error")) {
        this.console.complain(`Error: ${error.message}\n`);
        this.connection = null;
        return null;
      }
      throw new ToolFailure(`Error: ${error.message}`);
    }
    this.show(reply, plain);
    return reply;
  }

  /** Prints a reply. Errors: ToolFailure for an error where -e says so. */
  private show(reply: Reply, plain: boolean): void {
    if (reply.kind === "error") {
      if (this.options.cluster && this.follow(reply.text)) return;
      if (!this.interactive && this.options.errorCode) throw new ToolFailure(reply.text);
    }
    this.console.print(this.text(reply, plain));
  }

  /** Turns to the server that MOVED or ASK names. Returns whether it is one of them. */
  private follow(error: string): boolean {
    const [, kind, slot, host, port] = /^(MOVED|ASK) (\d+) (.*):(\d+)/.exec(error) ?? [];
    if (kind === undefined) return false;
    const { target } = this.options;
    if (host !== "") target.host = host;
    target.port = Number(port);
    if (this.interactive) this.console.print(`-> Redirected to slot [${slot}] located at ${target.host}:${target.port}\n`);
    this.reissue = true;
    this.asking = kind === "ASK";
    return true;
  }

  /** Prints what has come already. Errors: ToolFailure. */
  showArrived(): void {
    try {
      for (let reply = this.connection?.readNow() ?? null; reply !== null; reply = this.connection?.readNow() ?? null) {
        this.console.print(this.text(reply, false));
      }
    } catch (error) {
      if (error instanceof ConnectionError) throw new ToolFailure(`Error: ${error.message}`);
      throw error;
    }
  }

  private text(reply: Reply, plain: boolean): string {
    return formatReply(reply, this.options.output, this.options.delimiters, plain);
  }

  /** What an interrupt does: ends MONITOR and the subscribed mode. Returns false when there is neither. */
  interrupt(): boolean {
    if (!this.monitoring && !this.subscribed) return false;
    this.interrupted = true;
    this.connection?.close();
    return true;
  }
}

function isText(words: readonly string[]): boolean {
  return TEXTS.some(
    ({ words: start, count }) =>
      words.length >= start.length &&
      (count === undefined || words.length === count) &&
      start.every((word, index) => words[index].toLowerCase() === word),
  );
}

/** The one line for keys that a client may no longer keep, or null when the push is about anything else. */
function invalidation(push: Reply): string | null {
  const [kind, keys] = itemsOf(push);
  if (itemsOf(push).length !== 2 || !textOf(kind)?.startsWith("invalidate") || keys.kind !== "array") return null;
  return `-> invalidate: ${keys.items.map((key) => `'${textOf(key) ?? ""}'`).join(", ")}\n`;
}
