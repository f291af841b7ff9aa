/**
 * The link to a source: one connection after another, each through a replica's handshake, image and stream, of which all goes to the inbox.
 * A connection that is lost is made again, and the stream gone on with where it broke off.
 */

import type { Broken } from "../assert.ts";
import type { Log } from "../log.ts";
import { BackOff } from "../replication/replica/back-off.ts";
import { MasterConnection } from "../replication/replica/connection.ts";
import { Handshake, type Outcome, type SendWords, Step, shown } from "../replication/replica/handshake.ts";
import { LineReader, LineTooLong } from "../replication/replica/lines.ts";
import { Payload } from "../replication/replica/payload.ts";
import type { SourceAddress } from "./address.ts";
import { FollowError } from "./error.ts";
import type { Inbox } from "./inbox.ts";

const NEWLINE = Buffer.from("\n");
/** How often the source is told that we are there, in ms. */
const TICK_MS = 1000;
const RETRY = { shortestMs: 50, longestMs: 5000 };

/** Answers that time will change. */
const NOT_YET = /^-(LOADING|NOMASTERLINK|MASTERDOWN|BUSY|TRYAGAIN)|max number of clients|can't SYNC|Can't SYNC/;
/** Answers that only another user, or another password, would change. */
const REFUSALS = /^-(WRONGPASS|NOAUTH|NOPERM|DENIED)|invalid (username|password)|operation not permitted|without any password/;

export interface LinkOptions {
  /** Those that are tried in turn. */
  readonly addresses: readonly SourceAddress[];
  readonly inbox: Inbox;
  readonly log: Log;
  /** How long the source may be silent, and how long out of reach after it was reached once, in ms. */
  readonly timeoutMs: number;
  readonly patienceMs: number;
  /** Up to which byte of the history the consumer has taken all. */
  readonly taken: () => number;
  /** Nothing will come any more. */
  readonly failed: (error: FollowError) => void;
  readonly broken: Broken;
}

export class SourceLink {
  private readonly options: LinkOptions;
  private readonly retry = new BackOff(Math.random, RETRY);
  private connection: MasterConnection | null = null;
  private handshake: Handshake | null = null;
  private lines = new LineReader();
  private payload: Payload | null = null;
  private streams = false;
  private listens = true;
  /** The history and how many bytes of it have come; null before there is one. */
  private history: { id: string; offset: number } | null;
  /** Where in it the last image was. */
  private imageOffset = 0;
  private turn = 0;
  private reached = false;
  private unreachedSince = Date.now();
  private lastHeard = 0;
  private stopped = false;
  private readonly timer: ReturnType<typeof setInterval>;
  private next: ReturnType<typeof setTimeout> | null = null;

  /** `history`: where to go on from. */
  constructor(options: LinkOptions, history: { readonly id: string; readonly offset: number } | null) {
    this.options = options;
    this.history = history === null ? null : { ...history };
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.connect();
  }

  private get address(): SourceAddress {
    const { addresses } = this.options;
    return addresses[this.turn % addresses.length];
  }

  // ---- connecting

  private connect(): void {
    const { address } = this;
    this.next = null;
    this.lastHeard = Date.now();
    this.connection = new MasterConnection(
      address.route,
      address.tls,
      { opened: () => this.opened(), received: (chunk) => this.receive(chunk), lost: (reason) => this.lost(reason) },
      this.options.broken,
    );
  }

  private opened(): void {
    const { user, password } = this.address;
    const introduction = { user, password, announcedPort: 0, announcedAddress: "" };
    this.lines = new LineReader();
    this.handshake = new Handshake(
      { ...introduction, wantsFunctions: false, failover: false, twoConnections: false, needsOffsets: true, resume: this.history },
      this.options.log,
      this.send,
    );
    this.handshake.start();
    if (!this.listens) this.connection?.listen(false);
  }

  private readonly send: SendWords = (...words) => this.connection?.send(...words);

  /** Whether to read on. */
  listen(on: boolean): void {
    this.listens = on;
    if (on) this.lastHeard = Date.now(); // it was not silent: it was not listened to
    this.connection?.listen(on);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    if (this.next !== null) clearTimeout(this.next);
    this.connection?.close();
    this.connection = null;
  }

  private fail(error: FollowError): void {
    if (this.stopped) return;
    this.stop();
    this.options.failed(error);
  }

  /** The connection is gone, or given up. */
  private lost(reason: string): void {
    if (this.stopped) return;
    const { log, inbox, patienceMs } = this.options;
    const step = this.handshake?.step ?? null;
    this.connection?.close();
    this.connection = null;
    this.handshake = null;
    if (this.payload !== null) {
      this.payload = null;
      this.history = null;
      inbox.note({ kind: "image-cut" });
    }
    const now = Date.now();
    if (this.streams) this.unreachedSince = now;
    const wasUp = this.streams;
    this.streams = false;
    const { name } = this.address;
    const where = step === null ? name : `${name}, at ${step}`;
    log.notice(`The connection to ${where} is gone: ${reason}`);
    const silent = now - this.unreachedSince;
    const lastOfTurn = (this.turn + 1) % this.options.addresses.length === 0;
    if ((!this.reached && lastOfTurn) || (this.reached && silent > patienceMs)) {
      return this.fail(new FollowError("UNREACHABLE", `${where}: ${reason}`));
    }
    this.turn++;
    this.again(wasUp ? 0 : this.retry.failed());
  }

  private again(ms: number): void {
    this.next = setTimeout(() => this.connect(), ms);
  }

  // ---- what the source sends

  private receive(chunk: Buffer): void {
    this.lastHeard = Date.now();
    let at = 0;
    if (this.handshake !== null) at = this.readLines(chunk);
    while (at < chunk.length && this.connection !== null) {
      if (this.payload !== null) at = this.readImage(this.payload, chunk, at);
      else if (this.streams) {
        this.options.inbox.push(chunk, at, chunk.length);
        if (this.history !== null) this.history.offset += chunk.length - at;
        at = chunk.length;
      } else return;
    }
  }

  private readLines(chunk: Buffer): number {
    try {
      return this.lines.read(chunk, 0, (line) => {
        // Something answers there that may be a source.
        if (line.startsWith("+")) this.reached = true;
        const outcome = this.handshake?.line(line) ?? null;
        if (outcome !== null) this.conclude(outcome);
        return this.handshake !== null;
      });
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.lost(`its answer is too long: ${error.message}`);
      return chunk.length;
    }
  }

  private conclude(outcome: Outcome): void {
    const { inbox } = this.options;
    switch (outcome.kind) {
      case "failed":
        return this.refused(outcome.reply);
      case "continue":
        if (outcome.id !== null && this.history !== null) this.history.id = outcome.id;
        inbox.note({ kind: "continued", id: outcome.id });
        this.handshake = null;
        return this.up();
      case "full": {
        const { id, offset } = outcome;
        const { history } = this;
        const gap = history === null ? null : history.id.toLowerCase() === id.toLowerCase() ? "backlog" : "history";
        this.handshake = null;
        this.history = { id, offset };
        this.imageOffset = offset;
        inbox.note({ kind: "image", id, offset, gap });
        this.payload = new Payload(() => ({
          push: (chunk, from, to) => {
            inbox.push(chunk, from, to);
            return to - from;
          },
        }));
        return;
      }
      default:
        return this.lost("the handshake ended in a way that was not asked for");
    }
  }

  /** The source has answered a step of the handshake with an error, or with nonsense. */
  private refused(reply: string): void {
    const { address } = this;
    const step = this.handshake?.step ?? Step.PING;
    if (NOT_YET.test(reply)) {
      this.reached = true;
      return this.lost(shown(reply));
    }
    const words = `${address.name} answered ${step} with ${shown(reply)}`;
    if (REFUSALS.test(reply)) return this.fail(new FollowError("REFUSED", words));
    if (step === Step.PSYNC && reply.startsWith("-")) return this.fail(unsupported(words));
    if (!this.reached) return this.fail(new FollowError("UNREACHABLE", words));
    this.lost(words);
  }

  private readImage(payload: Payload, chunk: Buffer, from: number): number {
    try {
      const at = payload.receive(chunk, from, chunk.length);
      if (payload.finished) {
        this.payload = null;
        this.options.inbox.note({ kind: "image-end" });
        this.up();
        // A source that streamed the image waits for word of it.
        this.acknowledge();
      }
      return at;
    } catch (error) {
      this.lost(error instanceof Error ? error.message : String(error));
      return chunk.length;
    }
  }

  private up(): void {
    this.streams = true;
    this.retry.reset();
  }

  // ---- once a second

  private tick(): void {
    const { connection } = this;
    if (connection === null) return;
    if (Date.now() - this.lastHeard > this.options.timeoutMs && this.listens) {
      connection.close();
      return this.lost("it was silent for too long");
    }
    if (this.streams) this.acknowledge();
    // A source that makes an image, or sends one, must not take us for gone.
    else if (this.payload !== null) connection.write(NEWLINE);
  }

  /** Tells the source what the consumer has taken: WAIT and min-replicas-to-write go by that. */
  acknowledge(): void {
    if (!this.streams || this.history === null) return;
    // What the consumer has come to may be of another history, or before the image.
    this.send("REPLCONF", "ACK", String(Math.min(this.history.offset, Math.max(this.imageOffset, this.options.taken()))));
  }
}

/** A source that lets no one follow it. */
function unsupported(words: string): FollowError {
  return new FollowError(
    "UNSUPPORTED",
    `${words}: it cannot be followed, as most managed services cannot. The mode "scan" (--mode scan) compares scans of its keys instead, and is not exact.`,
  );
}
