/** One deletion of many keys: counted, confirmed, begun after a delay in which it can be called off, and done in slices. */

import type { Database } from "../keyspace/database.ts";
import type { Table } from "../memory/record-table.ts";
import type { User } from "../session/acl/user.ts";
import type { Executor } from "../session/executor.ts";
import type { KeyFilter } from "./key-filter.ts";
import { type KeyVisitor, KeyWalk } from "./key-walk.ts";
import { PurgeSession } from "./purge-session.ts";
import type { Task } from "./slices.ts";

/** How many keys one UNLINK names at most: more would be one long unit for replicas. */
const KEYS_PER_UNLINK = 64;

export type PurgeState = "staged" | "confirmed" | "running" | "done" | "cancelled" | "ended";

/** What is to be deleted, and for whom. */
export interface PurgeRequest {
  readonly database: Database;
  /** Asked again for each key when it is to go: it knows what the user may delete then. */
  readonly filter: KeyFilter;
  /** The filters as they were given. */
  readonly words: readonly Buffer[];
  /** Null: of a session that no user is behind. */
  readonly user: User | null;
  /** What was counted. */
  readonly keys: number;
  readonly bytes: number;
}

/** Why it cannot go on, as the server stands; null: it can. */
export type Hindrance = (purge: Purge) => string | null;

export class Purge implements Task, KeyVisitor {
  readonly id: number;
  readonly request: PurgeRequest;
  readonly stagedAt: number;
  state: PurgeState = "staged";
  reason = "";
  deleted = 0;
  freed = 0;
  /** When the deletion begins (ms since 1970), once it is confirmed. */
  startsAt = 0;
  private readonly hindrance: Hindrance;
  private readonly table: Table;
  private readonly walk: KeyWalk;
  private readonly sender: PurgeSession;
  /** Keys that are to go next, and what they take. */
  private due: Buffer[] = [];
  private dueBytes: number[] = [];
  /** A pause was met since it was seen that they are to go. */
  private hasWaited = false;

  constructor(id: number, request: PurgeRequest, now: number, executor: Executor, hindrance: Hindrance) {
    this.id = id;
    this.request = request;
    this.stagedAt = now;
    this.hindrance = hindrance;
    this.table = request.database.table;
    this.walk = new KeyWalk(request.database, this);
    this.sender = new PurgeSession(executor, request.database, request.user, () => {});
  }

  get isOver(): boolean {
    return this.state === "done" || this.state === "cancelled" || this.state === "ended";
  }

  /** Of the deletion, 0 to 1. */
  get progress(): number {
    return this.state === "done" ? 1 : this.walk.progress;
  }

  /** Whether the database still holds what was counted. */
  get isStale(): boolean {
    return this.request.database.table !== this.table;
  }

  /** It is over, whatever it was doing. */
  finish(state: PurgeState, reason = ""): void {
    if (this.isOver) return;
    this.state = state;
    this.reason = reason;
    this.walk.release();
    this.due = [];
    this.dueBytes = [];
  }

  // ---- the deletion

  wanted(): boolean {
    return this.state === "running";
  }

  step(deadline: number): boolean {
    const hindrance = this.hindrance(this);
    if (hindrance !== null) {
      this.finish("ended", hindrance);
      return true;
    }
    if (this.sender.waits) return false;
    if (this.hasWaited) this.lookAgain();
    if (!this.send()) return this.isOver;
    const through = this.walk.step(deadline, () => this.send());
    if (this.isOver) return true;
    return through && this.due.length === 0;
  }

  visit(addresses: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.look(addresses[index]);
  }

  /** Writes that waited as well may have come first: what is due is what is meant by now. */
  private lookAgain(): void {
    this.hasWaited = false;
    const { table } = this.request.database;
    const { due } = this;
    this.restart();
    for (const key of due) {
      const address = table.find(table.hash(key, 0, key.length), key, 0, key.length);
      if (address !== 0) this.look(address);
    }
  }

  private look(address: number): void {
    const { database, filter } = this.request;
    if (!filter.takes(database, address)) return;
    const { buffer, from, to } = filter.name;
    this.due.push(Buffer.from(buffer.subarray(from, to)));
    this.dueBytes.push(filter.bytes);
  }

  restart(): void {
    this.due = [];
    this.dueBytes = [];
  }

  /** Deletes what is due. Returns whether nothing is left of it. */
  private send(): boolean {
    const { user } = this.request;
    // Of several selectors one must allow all of a request.
    const most = user === null || user.selectors.length === 1 ? KEYS_PER_UNLINK : 1;
    while (this.due.length > 0 && !this.sender.waits) {
      const keys = this.due.slice(0, most);
      const answer = this.sender.unlink(keys);
      if (answer === -1) {
        this.hasWaited = true;
        return false;
      }
      if (typeof answer === "string") {
        this.finish("ended", answer);
        return false;
      }
      this.deleted += answer;
      for (const bytes of this.dueBytes.splice(0, keys.length)) this.freed += bytes;
      this.due.splice(0, keys.length);
    }
    return this.due.length === 0;
  }

  end(failure: string | null): void {
    if (failure !== null) this.finish("ended", failure);
    else if (this.state === "running") this.finish("done");
  }
}
