/**
 * The server that is moved to. What is written there goes in transactions that note in a key how far they have come: so that a move which has been
 * broken off, at whatever byte, goes on exactly behind what is there.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { CompareError, type Words } from "../../compare/endpoint.ts";
import type { RemoteEndpoint } from "../../compare/remote.ts";
import { ErrorReply, type Value } from "../../compare/reply-decoder.ts";
import { encodeRequest } from "../../protocol/frame.ts";
import { ToolError } from "../error.ts";

/** The key, in database 0, that has the position while a move is under way. */
export const POSITION_KEY = "replicant:move:position";
const POSITION_DB = 0;

/** What a server says while it cannot do just now what it is asked. */
const LATER: ReadonlySet<string> = new Set(["BUSY", "LOADING", "MASTERDOWN", "TRYAGAIN"]);
/** What it says where the same would come of every other try. */
const NEVER: ReadonlySet<string> = new Set([
  "OOM",
  "MISCONF",
  "READONLY",
  "NOPERM",
  "NOAUTH",
  "NOREPLICAS",
  "CLUSTERDOWN",
  "MOVED",
  "CROSSSLOT",
]);
const LATER_MS = 200;
const LATER_ROUNDS = 300;

/** A request to the target. */
export interface Write {
  readonly db: number;
  readonly bytes: Buffer;
}

/** What became of the writes of a transaction: an error by the index of the write, where there was one. */
export type Errors = ReadonlyMap<number, ErrorReply>;

/** The target does not take what it is sent: nothing that could be tried again. */
export class TargetRefuses extends ToolError {
  override name = "TargetRefuses";
}

export class Target {
  private readonly endpoint: RemoteEndpoint;
  /** Whether the position is kept there. */
  keepsPosition = true;
  private selected = -1;

  constructor(endpoint: RemoteEndpoint) {
    this.endpoint = endpoint;
  }

  /** Sends writes, without a transaction. Returns the errors among the replies. Errors: CompareError, TargetRefuses. */
  async write(writes: readonly Write[]): Promise<Errors> {
    const pieces: Buffer[] = [];
    const slots: number[] = [];
    this.append(writes, pieces, slots);
    return this.errorsOf(await this.endpoint.send(pieces, slots.length), slots);
  }

  /**
   * Executes writes as one transaction that notes `position` as well. Of writes that the target does not take into a transaction none is executed:
   * `refused` is told them, and the rest is sent again. Returns the errors of those executed. Errors: CompareError, TargetRefuses.
   */
  async transact(writes: readonly Write[], position: string, refused: (index: number, error: ErrorReply) => void): Promise<Errors> {
    let open = writes.map((write, index) => ({ write, index }));
    for (let round = 0; ; round++) {
      const pieces = [MULTI];
      const slots: number[] = [];
      this.append(
        open.map(({ write }) => write),
        pieces,
        slots,
      );
      if (this.keepsPosition) {
        if (this.selected !== POSITION_DB) this.select(POSITION_DB, pieces, slots);
        pieces.push(requestOf("SET", POSITION_KEY, position));
        slots.push(OURS);
      }
      pieces.push(EXEC);
      const replies = await this.endpoint.send(pieces, slots.length + 2);
      const outcome = replies[replies.length - 1];
      if (replies[0] instanceof ErrorReply && replies.some((reply) => !(reply instanceof ErrorReply)))
        throw new CompareError(`${this.endpoint.name} began no transaction: ${replies[0].message}`);
      if (Array.isArray(outcome)) {
        const errors = this.errorsOf(outcome, slots);
        return new Map([...errors].map(([at, error]) => [open[at].index, error]));
      }
      // Nothing of it was executed, the selection of databases neither.
      this.selected = -1;
      const wrong = new Set<number>();
      let later = false;
      for (const [at, reply] of replies.slice(1, -1).entries()) {
        if (!(reply instanceof ErrorReply)) continue;
        later ||= LATER.has(reply.code);
        if (LATER.has(reply.code)) continue;
        if (slots[at] < 0 || NEVER.has(reply.code)) throw this.refuses(reply);
        wrong.add(slots[at]);
        refused(open[slots[at]].index, reply);
      }
      if (wrong.size === 0) {
        if (outcome instanceof ErrorReply && !later && !LATER.has(outcome.code) && outcome.code !== "EXECABORT")
          throw this.refuses(outcome);
        if (round >= LATER_ROUNDS)
          throw this.refuses(outcome instanceof ErrorReply ? outcome : new ErrorReply("the transaction was not executed"));
        await sleep(LATER_MS);
      }
      open = open.filter((_, at) => !wrong.has(at));
    }
  }

  private append(writes: readonly Write[], pieces: Buffer[], slots: number[]): void {
    for (const [index, { db, bytes }] of writes.entries()) {
      if (db !== this.selected) this.select(db, pieces, slots);
      pieces.push(bytes);
      slots.push(index);
    }
  }

  private select(db: number, pieces: Buffer[], slots: number[]): void {
    pieces.push(requestOf("SELECT", String(db)));
    slots.push(OURS);
    this.selected = db;
  }

  private errorsOf(replies: readonly Value[], slots: readonly number[]): Errors {
    const errors = new Map<number, ErrorReply>();
    for (const [at, reply] of replies.entries()) {
      if (!(reply instanceof ErrorReply)) continue;
      if (slots[at] < 0 || NEVER.has(reply.code)) throw this.refuses(reply);
      errors.set(slots[at], reply);
    }
    return errors;
  }

  private refuses(reply: ErrorReply): TargetRefuses {
    return new TargetRefuses(`${this.endpoint.name} does not take what is written: ${reply.message}`);
  }

  /** Someone else has used the connection: which database is selected is not known. */
  forgetDatabase(): void {
    this.selected = -1;
  }

  /** Asks something there, in database 0. Errors: CompareError. */
  async ask(...words: Words): Promise<Value> {
    const [, reply] = await this.endpoint.ask([["SELECT", 0], words]);
    this.forgetDatabase();
    return reply;
  }
}

/** The slot of a request that is none of the writes. */
const OURS = -1;
const MULTI = requestOf("MULTI");
const EXEC = requestOf("EXEC");

/** A request of these words; texts are latin1. */
export function requestOf(...words: readonly (string | Buffer)[]): Buffer {
  return encodeRequest(words.map((word) => (typeof word === "string" ? Buffer.from(word, "latin1") : word))).buffer;
}
