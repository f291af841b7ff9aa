/**
 * What a replica says to its master before data flows, as a state machine over lines: one step per state, each command sent only after the
 * answer to the one before is in. It knows no socket and no clock: the link (link.ts) feeds it lines, sends what it says and watches the
 * time.
 *
 * Source: Redis's replication protocol (PING, AUTH, REPLCONF, PSYNC2); which errors are tolerated is Redis's choice.
 */

import { assert } from "../../assert.ts";
import type { Log } from "../../log.ts";
import { REPLICATION_ID_LENGTH } from "../history.ts";
import { FUNCTIONS_CAPABILITY } from "../note.ts";

export const Step = {
  PING: "PING",
  AUTH: "AUTH",
  PORT: "REPLCONF listening-port",
  ADDRESS: "REPLCONF ip-address",
  CAPABILITIES: "REPLCONF capa",
  VERSION: "REPLCONF version",
  PSYNC: "PSYNC",
} as const;
export type Step = (typeof Step)[keyof typeof Step];
const ORDER = Object.values(Step);

export interface HandshakeOptions {
  /** masteruser and masterauth; "" for none. */
  readonly user: string;
  readonly password: string;
  /** Where others reach this replica: replica-announce-port or port, 0 where they do not; and replica-announce-ip or "". */
  readonly announcedPort: number;
  readonly announcedAddress: string;
  /** Whether to ask for notes about function libraries that no stream has (../note.ts). */
  readonly wantsFunctions: boolean;
  /** Whether the master is to become one: it is a replica that this server hands over to. */
  readonly failover: boolean;
  /** Whether the master may have the image come over a second connection: repl-rdb-channel. */
  readonly twoConnections: boolean;
  /** Whether a stream without offsets, that of a master which knows no PSYNC, is of no use; false unless told. */
  readonly needsOffsets?: boolean;
  /** The history to go on with, and the bytes of it that are here; null when there is none. */
  readonly resume: { readonly id: string; readonly offset: number } | null;
}

/** How a handshake ended. */
export type Outcome =
  /** An image follows, then the stream from byte `offset` on. */
  | { readonly kind: "full"; readonly id: string; readonly offset: number }
  /** The stream goes on where it broke off; `id` is the history's new name, or null if it keeps the one it has. */
  | { readonly kind: "continue"; readonly id: string | null }
  /** The image is to be asked for over a second connection: in Redis's way, which names this one by `mainId`, or in Valkey's (null). */
  | { readonly kind: "channel"; readonly mainId: string | null }
  /** The stream from the image of the second connection on follows. */
  | { readonly kind: "joined" }
  /** The master knows no PSYNC: SYNC was sent, and an image follows. */
  | { readonly kind: "sync" }
  /** Nothing came of it; the reason has been logged. `reply`: what the master said to `Handshake.step`. */
  | { readonly kind: "failed"; readonly reply: string };

/** Sends one command. */
export type SendWords = (...words: string[]) => void;

/** What a Valkey master is told so that it sends an image with times of hash fields: we read what this version does. */
export const VALKEY_VERSION = "9.1.0";
/** Answers to PING that only say that a login is needed first. */
const LOGIN_WANTED = ["-NOAUTH", "-NOPERM", "-ERR operation not permitted"];
/** Answers to PSYNC that time will change. */
const NOT_YET = ["-NOMASTERLINK", "-LOADING"];

export class Handshake {
  /** What is being waited for. */
  step: Step = Step.PING;
  private readonly options: HandshakeOptions;
  private readonly log: Log;
  private readonly send: SendWords;

  constructor(options: HandshakeOptions, log: Log, send: SendWords) {
    this.options = options;
    this.log = log;
    this.send = send;
  }

  /** The connection is there: sends the first command. */
  start(): void {
    assert(this.step === Step.PING, "a handshake begins with PING, once");
    this.send("PING");
  }

  /** Takes the next line of the master's, without its end. Returns how the handshake ended, or null while it goes on. */
  line(text: string): Outcome | null {
    const { announcedAddress } = this.options;
    switch (this.step) {
      case Step.PING:
        return this.afterPing(text);
      case Step.AUTH:
        return text.startsWith("+") ? this.announcePort() : this.fail(text, `Unable to AUTH to MASTER: ${shown(text)}`);
      case Step.PORT:
        this.tolerate(text);
        return announcedAddress === "" ? this.announceCapabilities() : this.announceAddress();
      case Step.ADDRESS:
        this.tolerate(text);
        return this.announceCapabilities();
      case Step.CAPABILITIES:
        this.tolerate(text);
        return this.ask(Step.VERSION, "REPLCONF", "version", VALKEY_VERSION);
      case Step.VERSION:
        // Only Valkey knows it; others have nothing to say to it that concerns anyone.
        return this.requestData();
      case Step.PSYNC:
        return this.afterPsync(text);
    }
  }

  private ask(step: Step, ...words: string[]): null {
    assert(ORDER.indexOf(step) > ORDER.indexOf(this.step), "the steps of a handshake follow in order: a master answers each once");
    this.step = step;
    this.send(...words);
    return null;
  }

  private fail(reply: string, reason: string): Outcome {
    this.log.warning(reason);
    return { kind: "failed", reply };
  }

  private afterPing(text: string): Outcome | null {
    if (!text.startsWith("+") && !LOGIN_WANTED.some((error) => text.startsWith(error))) {
      return this.fail(text, `Error reply to PING from master: '${shown(text)}'`);
    }
    this.log.notice("Master replied to PING, replication can continue...");
    const { user, password } = this.options;
    if (password === "") return this.announcePort();
    return user === "" ? this.ask(Step.AUTH, "AUTH", password) : this.ask(Step.AUTH, "AUTH", user, password);
  }

  private announcePort(): null {
    if (this.options.announcedPort === 0) return this.announceCapabilities();
    return this.ask(Step.PORT, "REPLCONF", "listening-port", String(this.options.announcedPort));
  }

  private announceAddress(): null {
    return this.ask(Step.ADDRESS, "REPLCONF", "ip-address", this.options.announcedAddress);
  }

  private announceCapabilities(): null {
    const { wantsFunctions, twoConnections } = this.options;
    const more = wantsFunctions ? ["capa", FUNCTIONS_CAPABILITY] : [];
    // Each family has its own word for it; a master takes the one that it knows.
    if (twoConnections) more.push("capa", "rdb-channel-repl", "capa", "dual-channel");
    return this.ask(Step.CAPABILITIES, "REPLCONF", "capa", "eof", "capa", "psync2", ...more);
  }

  /** An old master may not know a REPLCONF option: it then lists this replica less well, and that is all. */
  private tolerate(text: string): void {
    if (!text.startsWith("+")) this.log.notice(`(Non critical) Master does not understand ${this.step}: ${shown(text)}`);
  }

  private requestData(): null {
    const { resume } = this.options;
    const failover = this.options.failover ? ["FAILOVER"] : [];
    if (resume === null) {
      this.log.notice("Partial resynchronization not possible (no cached master)");
      return this.ask(Step.PSYNC, "PSYNC", "?", "-1", ...failover);
    }
    // The protocol counts bytes from 1 and asks for the first one that is missing.
    const request = String(resume.offset + 1);
    this.log.notice(`Trying a partial resynchronization (request ${resume.id}:${request}).`);
    return this.ask(Step.PSYNC, "PSYNC", resume.id, request, ...failover);
  }

  private afterPsync(text: string): Outcome | null {
    // A master that has to wait for an image says so with empty lines.
    if (text === "") return null;
    if (text.startsWith("+FULLRESYNC")) return this.fullResync(text);
    if (text.startsWith("+CONTINUE")) return this.continued(text);
    if (this.options.twoConnections && /^\+(RDB|DUAL)CHANNELSYNC/.test(text)) return this.secondConnection(text);
    if (NOT_YET.some((error) => text.startsWith(error))) {
      this.log.notice(`Master is currently unable to PSYNC but should be in the future: ${shown(text)}`);
      return { kind: "failed", reply: text };
    }
    if (!text.startsWith("-ERR")) return this.fail(text, `Unexpected reply to PSYNC from master: ${shown(text)}`);
    this.log.notice(`Master does not support PSYNC or is in error state (reply: ${shown(text)})`);
    if (this.options.failover || this.options.needsOffsets === true) return { kind: "failed", reply: text };
    this.log.notice("Retrying with SYNC...");
    this.send("SYNC");
    return { kind: "sync" };
  }

  private fullResync(text: string): Outcome {
    const [, id = "", offset = ""] = text.split(" ");
    if (id.length !== REPLICATION_ID_LENGTH || !/^\d{1,15}$/.test(offset)) {
      return this.fail(text, `Master replied with wrong +FULLRESYNC syntax: ${shown(text)}`);
    }
    this.log.notice(`Full resync from master: ${id}:${offset}`);
    return { kind: "full", id, offset: Number(offset) };
  }

  private secondConnection(text: string): Outcome {
    const mainId = /^\+RDBCHANNELSYNC (\d{1,20})$/.exec(text)?.[1] ?? null;
    if (mainId === null && text !== "+DUALCHANNELSYNC")
      return this.fail(text, `Master replied with wrong +RDBCHANNELSYNC syntax: ${shown(text)}`);
    this.log.notice("PSYNC is not possible, initialize RDB channel.");
    return { kind: "channel", mainId };
  }

  private continued(text: string): Outcome {
    const { resume } = this.options;
    if (resume === null) return this.fail(text, `Master wants to continue a history that was not asked for: ${shown(text)}`);
    this.log.notice("Successful partial resynchronization with master.");
    const id = text.slice("+CONTINUE ".length).trim();
    if (id.length !== REPLICATION_ID_LENGTH || id === resume.id) return { kind: "continue", id: null };
    this.log.notice(`Master replication ID changed to ${id}`);
    return { kind: "continue", id };
  }
}

/** What an unknown peer sent, cut and cleaned for the log. */
export function shown(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "?");
  return printable.length <= 200 ? printable : `${printable.slice(0, 200)}...`;
}
