/**
 * What MIGRATE says to its target and hears from it: AUTH, SELECT and a RESTORE for each key in one go, then the replies. Source:
 * migrateCommand.
 */

import { asFailure } from "../assert.ts";
import { Frame } from "../protocol/frame.ts";
import type { RdbFamily } from "../rdb/format.ts";
import { TargetLost, type TargetSocket } from "./target-socket.ts";
import type { TargetAddress, Targets } from "./targets.ts";

/** The longest line of a reply that is repeated to clients. */
const LONGEST_LINE = 1023;

const NOT_CONNECTED = "IOERR error or timeout connecting to the client";

/** What is the same for all keys. */
export interface Order extends TargetAddress {
  readonly timeoutMs: number;
  /** The words of AUTH, bytes with one character each; none for no login. */
  readonly login: readonly string[];
  /** The number of the target's database. */
  readonly database: string;
}

/** The keys, as the requests that restore them. */
export interface Parcels {
  /** Whether they differ from one family of servers to the other. */
  readonly familiesDiffer: boolean;
  /** Returns the requests from the first one on, for a server of this family. */
  open(family: RdbFamily): Iterator<Uint8Array>;
}

export interface Outcome {
  /** Whether the target has taken it, of each key that a request was made for. */
  readonly acknowledged: readonly boolean[];
  /** What the client is told, or null when all went well. */
  readonly error: string | null;
}

/** One try, and whether another may be made: the connection failed, and nothing can have been taken. */
interface Attempt extends Outcome {
  readonly again: boolean;
}

/** Errors: what making the parcels failed with. */
export async function exchange(targets: Targets, order: Order, parcels: Parcels, progress: (() => void) | null = null): Promise<Outcome> {
  const first = await attempt(targets, order, parcels, progress);
  // A connection that was kept may have been closed by the other side: another one may do.
  return first.again ? attempt(targets, order, parcels, progress) : first;
}

async function attempt(targets: Targets, order: Order, parcels: Parcels, progress: (() => void) | null): Promise<Attempt> {
  let target: TargetSocket;
  try {
    target = await targets.take(order, order.timeoutMs);
  } catch (error) {
    return error instanceof TargetLost ? lost(error, [], null) : { acknowledged: [], error: NOT_CONNECTED, again: false };
  }
  const conversation = new Conversation(target, order, parcels);
  target.onProgress = progress;
  try {
    await conversation.hold();
    return { acknowledged: conversation.acknowledged, error: conversation.error, again: false };
  } catch (error) {
    target.close();
    if (!(error instanceof TargetLost)) throw asFailure(error);
    return lost(error, conversation.acknowledged, conversation.error);
  } finally {
    targets.giveBack(order, target);
  }
}

class Conversation {
  readonly acknowledged: boolean[] = [];
  /** The error that the target answered with to the login or the database, and the first that stands for a key. */
  private early: string | null = null;
  private refusal: string | null = null;
  private readonly target: TargetSocket;
  private readonly order: Order;
  private readonly parcels: Parcels;

  constructor(target: TargetSocket, order: Order, parcels: Parcels) {
    this.target = target;
    this.order = order;
    this.parcels = parcels;
  }

  get error(): string | null {
    return this.refusal === null ? null : `ERR Target instance replied with error: ${this.refusal.slice(1, LONGEST_LINE)}`;
  }

  /** Errors: TargetLost, what making the parcels failed with. */
  async hold(): Promise<void> {
    const { target, order, parcels } = this;
    const { login } = order;
    target.begin(order.timeoutMs);
    const asksFirst = parcels.familiesDiffer && target.family === null;
    if (asksFirst) await this.askFamily();
    const head: (readonly string[])[] = [];
    if (login.length > 0 && !asksFirst) head.push(["AUTH", ...login]);
    if (target.database !== order.database) head.push(["SELECT", order.database]);
    target.database = null;
    target.send(encoded(head), head.length, parcels.open(target.family ?? "redis"));
    for (let index = 0; index < head.length; index++) this.early ??= errorIn(await target.reply());
    for (let line = await target.reply(); line !== null; line = await target.reply()) {
      const error = this.early ?? errorIn(line);
      this.acknowledged.push(error === null);
      this.refusal ??= error;
    }
    if (this.refusal === null) target.database = order.database;
  }

  /** Logs in and asks what server it is. */
  private async askFamily(): Promise<void> {
    const { target, order } = this;
    const head: (readonly string[])[] = order.login.length > 0 ? [["AUTH", ...order.login]] : [];
    target.send(encoded([...head, ["INFO", "server"]]), head.length + 1, null);
    if (head.length > 0) this.early = errorIn(await target.reply());
    target.family = /^server_name:valkey\r?$/m.test(await target.bulk()) ? "valkey" : "redis";
  }
}

/** What has come of it when the connection failed; `error` is the target's. */
function lost({ during, timedOut }: TargetLost, acknowledged: readonly boolean[], error: string | null): Attempt {
  const text = error ?? `IOERR error or timeout ${during} to target instance`;
  return { acknowledged, error: text, again: acknowledged.length === 0 && !timedOut };
}

function errorIn(line: string | null): string | null {
  return line?.startsWith("-") ? line : null;
}

function encoded(requests: readonly (readonly string[])[]): Buffer {
  const frame = new Frame();
  return Buffer.concat(
    requests.map((words) => {
      const { buffer, start, end } = frame.encode(words);
      return Buffer.from(buffer.subarray(start, end));
    }),
  );
}
