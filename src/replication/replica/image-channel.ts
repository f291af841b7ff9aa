/**
 * The second connection to a master that has the image come over one of its own, while the stream comes over the first. There are two
 * protocols for it, and the master has said which of them it speaks. Redis 8's: the first connection is named here, and the master sends
 * the stream over it from the image's moment on. Valkey's: the master says the image's moment here, and the first connection asks for the
 * stream from there on (`Join`).
 */

import type { TLSOptions } from "bun";
import { assert, type Broken } from "../../assert.ts";
import type { Log } from "../../log.ts";
import { REPLICATION_ID_LENGTH } from "../history.ts";
import type { Stops } from "../stops.ts";
import { MasterConnection, type MasterRoute } from "./connection.ts";
import { type HandshakeOptions, type Outcome, type SendWords, shown, VALKEY_VERSION } from "./handshake.ts";
import { LineReader, LineTooLong } from "./lines.ts";

/** The moment of the image, in the master's history. */
export interface ImagePoint {
  readonly id: string;
  readonly offset: number;
  /** What the first connection names this one by, in Valkey's protocol; null in Redis's. */
  readonly channelId: string | null;
}

export interface ChannelEvents {
  /** The image follows. */
  announced(point: ImagePoint): void;
  /** More of the image: what follows chunk[from]. */
  received(chunk: Buffer, from: number): void;
  /** There is no image, or no more of it. */
  lost(reason: string): void;
  /** The master has said something. */
  heard(bytes: number): void;
}

export interface ChannelOptions extends Pick<HandshakeOptions, "user" | "password" | "announcedPort" | "announcedAddress"> {
  /** What the master is shown over TLS; null for a connection without. */
  readonly tls: TLSOptions | null;
  /** How the master names the first connection, in Redis's protocol; null in Valkey's. */
  readonly mainId: string | null;
  readonly stops: Stops;
}

type Step = "connection" | "AUTH" | "REPLCONF" | "image" | "data";

export class ImageChannel {
  /** What is being waited for. */
  step: Step = "connection";
  readonly connection: MasterConnection;
  private readonly options: ChannelOptions;
  private readonly log: Log;
  private readonly events: ChannelEvents;
  private readonly lines = new LineReader();

  constructor(route: MasterRoute, options: ChannelOptions, log: Log, events: ChannelEvents, broken: Broken) {
    this.options = options;
    this.log = log;
    this.events = events;
    this.connection = new MasterConnection(
      route,
      options.tls,
      { opened: () => this.opened(), received: (chunk) => this.receive(chunk), lost: (reason) => events.lost(reason) },
      broken,
    );
  }

  close(): void {
    this.connection.close();
  }

  private opened(): void {
    const { user, password } = this.options;
    if (password === "") return this.introduce();
    this.step = "AUTH";
    if (user === "") this.connection.send("AUTH", password);
    else this.connection.send("AUTH", user, password);
  }

  private introduce(): void {
    const { mainId, announcedPort, announcedAddress } = this.options;
    this.step = "REPLCONF";
    const words = ["REPLCONF", "capa", "eof", "rdb-only", "1", "rdb-channel", "1"];
    if (mainId !== null) words.push("main-ch-client-id", mainId);
    words.push("listening-port", String(announcedPort));
    if (announcedAddress !== "") words.push("ip-address", announcedAddress);
    if (mainId === null) words.push("version", VALKEY_VERSION);
    this.connection.send(...words);
  }

  private receive(chunk: Buffer): void {
    this.events.heard(chunk.length);
    let at = 0;
    try {
      if (this.step !== "data") at = this.lines.read(chunk, 0, (line) => this.take(line));
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      return this.fail(`the answer to ${this.step} is too long: ${error.message}`);
    }
    if (this.step === "data") this.events.received(chunk, at);
  }

  /** Returns whether lines follow. */
  private take(line: string): boolean {
    // A master that has to wait for an image says so with empty lines.
    if (line === "") return true;
    if (this.step === "image") return this.announce(line);
    assert(this.step !== "data" && this.step !== "connection", "lines are answers, and come before the image");
    if (!line.startsWith("+")) {
      this.fail(this.step === "AUTH" ? `Unable to AUTH to MASTER: ${shown(line)}` : `Master replied error to replconf: ${shown(line)}`);
      return false;
    }
    if (this.step === "AUTH") this.introduce();
    else {
      this.step = "image";
      if (this.options.mainId === null) this.connection.send("SYNC");
      else {
        this.options.stops.at("before-rdb-channel");
        this.connection.send("PSYNC", "?", "-1");
      }
    }
    return true;
  }

  private announce(line: string): false {
    const point = this.options.mainId === null ? endOffset(line) : fullResync(line);
    if (point === null) this.fail(`Received unexpected psync reply: ${shown(line)}`);
    else {
      this.step = "data";
      this.log.notice(`Full resync from master: ${point.id}:${point.offset}`);
      this.events.announced(point);
    }
    return false;
  }

  private fail(reason: string): void {
    this.close();
    this.events.lost(reason);
  }
}

function fullResync(line: string): ImagePoint | null {
  const [word, id = "", offset = ""] = line.split(" ");
  return word === "+FULLRESYNC" && isPoint(id, offset) ? { id, offset: Number(offset), channelId: null } : null;
}

/** The database in it is not looked at: the image says which one the stream has selected, also where the master is a replica itself. */
function endOffset(line: string): ImagePoint | null {
  const [, offset = "", id = "", channelId = ""] = /^\$ENDOFF:(\d+) (\S+) -?\d+ (\d{1,20})$/.exec(line) ?? [];
  return isPoint(id, offset) ? { id, offset: Number(offset), channelId } : null;
}

function isPoint(id: string, offset: string): boolean {
  return id.length === REPLICATION_ID_LENGTH && /^\d{1,15}$/.test(offset);
}

/** Valkey's protocol, on the first connection: asks for the stream from the moment of the image of the second one on. */
export class Join {
  /** What is being waited for. */
  step: "REPLCONF set-rdb-client-id" | "PSYNC" = "REPLCONF set-rdb-client-id";
  private readonly point: ImagePoint;
  private readonly log: Log;
  private readonly stops: Stops;
  private readonly send: SendWords;

  constructor(point: ImagePoint, log: Log, stops: Stops, send: SendWords) {
    this.point = point;
    this.log = log;
    this.stops = stops;
    this.send = send;
    send("REPLCONF", "set-rdb-client-id", point.channelId ?? "");
  }

  /** As of Handshake. */
  line(text: string): Outcome | null {
    if (text === "") return null;
    if (this.step !== "PSYNC") {
      if (!text.startsWith("+")) return this.fail(text);
      const { id, offset } = this.point;
      this.step = "PSYNC";
      this.log.notice(`Trying a partial resynchronization using main channel (request ${id}:${offset + 1}).`);
      this.stops.at("before-main-channel");
      this.send("PSYNC", id, String(offset + 1));
      return null;
    }
    const named = text.slice("+CONTINUE ".length).trim();
    if (!text.startsWith("+CONTINUE") || (named !== "" && named !== this.point.id)) return this.fail(text);
    this.log.notice("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization, RDB load in background.");
    return { kind: "joined" };
  }

  private fail(text: string): Outcome {
    this.log.warning(`Aborting rdb channel sync. Master replied to ${this.step}: ${shown(text)}`);
    return { kind: "failed", reply: text };
  }
}
