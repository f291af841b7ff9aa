/** WAIT and WAITAOF: clients that wait until what they wrote is where they want it to be, at replicas or on disk, or their time is over. */

import type { Reply } from "../protocol/reply.ts";
import { NO_SINK } from "../protocol/reply.ts";
import { ReplyMode, type Session } from "./session.ts";

/** What a client waits for. */
export interface Wait {
  /** Whether it has come. */
  met(): boolean;
  /** How far it has come by now. */
  answer(reply: Reply): void;
  /** Why it will never come, or null. */
  refusal(): string | null;
}

interface Waiter {
  readonly session: Session;
  readonly wait: Wait;
  /** In ms since 1970; Infinity for never. */
  readonly deadline: number;
}

/** The longest pause that a timer can make, in ms. */
const LONGEST_TIMER_MS = 0x7fffffff;

export class Waiters {
  private readonly waiting = new Map<Session, Waiter>();
  private readonly reply: Reply;
  private checkScheduled = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(reply: Reply) {
    this.reply = reply;
  }

  /** How many clients are blocked here. */
  get count(): number {
    return this.waiting.size;
  }

  /** How many of them wait for a time and not for ever. */
  get timedCount(): number {
    let count = 0;
    for (const { deadline } of this.waiting.values()) if (deadline !== Number.POSITIVE_INFINITY) count++;
    return count;
  }

  has(session: Session): boolean {
    return this.waiting.has(session);
  }

  /** Blocks a client until what it waits for has come, or it is `until` (ms since 1970; 0: for ever). */
  add(session: Session, wait: Wait, until: number): void {
    const deadline = until === 0 ? Number.POSITIVE_INFINITY : until;
    session.link.pause();
    this.waiting.set(session, { session, wait, deadline });
    this.setTimer(deadline);
  }

  /** The client is gone. */
  remove(session: Session): void {
    this.waiting.delete(session);
  }

  /** Some replica acknowledged something, or the disk did: once this tick is over, those are answered whose wait is over. */
  scheduleCheck(): void {
    if (this.checkScheduled || this.waiting.size === 0) return;
    this.checkScheduled = true;
    setImmediate(() => {
      this.checkScheduled = false;
      this.check();
    });
  }

  /** CLIENT UNBLOCK: as if the time were over, or with an error. -> whether the client was blocked here. */
  unblock(session: Session, options: { error: boolean }): boolean {
    const waiter = this.waiting.get(session);
    if (waiter === undefined) return false;
    setImmediate(() => {
      if (this.waiting.get(session) !== waiter) return;
      if (options.error) this.release(waiter, (reply) => reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
      else this.answer(waiter);
    });
    return true;
  }

  /** The server is no master any more: whoever waits is told and disconnected. */
  disconnectAll(): void {
    for (const waiter of [...this.waiting.values()]) {
      setImmediate(() => {
        if (!this.waiting.delete(waiter.session)) return;
        this.send(waiter.session, (reply) =>
          reply.error("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"),
        );
        waiter.session.link.closeAfterReply();
      });
    }
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private check(): void {
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of [...this.waiting.values()]) {
      const refusal = waiter.wait.refusal();
      if (refusal !== null) this.release(waiter, (reply) => reply.error(refusal));
      else if (waiter.deadline <= now || waiter.wait.met()) this.answer(waiter);
      else next = Math.min(next, waiter.deadline);
    }
    this.setTimer(next);
  }

  private answer(waiter: Waiter): void {
    this.release(waiter, (reply) => waiter.wait.answer(reply));
  }

  private release(waiter: Waiter, write: (reply: Reply) => void): void {
    this.waiting.delete(waiter.session);
    this.send(waiter.session, write);
    waiter.session.link.resume();
  }

  /** Between ticks the reply is nobody's: no client is being served. */
  private send(session: Session, write: (reply: Reply) => void): void {
    const { reply } = this;
    if (session.replyMode !== ReplyMode.ON) return;
    reply.sink = session.link;
    reply.protocol = session.protocol;
    write(reply);
    reply.flush();
    reply.sink = NO_SINK;
  }

  /** One timer for all of them: it is set for the earliest deadline. */
  private setTimer(deadline: number): void {
    if (deadline >= this.timerAt && this.timer !== null) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.timerAt = Number.POSITIVE_INFINITY;
        this.check();
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, deadline - Date.now())),
    );
  }
}
