/**
 * Tasks that look through many keys, in slices: one at a time, in turns, so that however many there are, they hold up clients for no longer than one.
 * While no one else is served the slices follow each other; else there is a pause between them.
 */

import { type Broken, guard } from "../assert.ts";
import type { SharedState } from "../keyspace/shared.ts";
import type { Executor } from "../session/executor.ts";
import type { ServerStats } from "../session/stats.ts";

/** How long a slice may be, and the pause between two while clients are served, in ms. */
const SLICE_MS = 1;
const PAUSE_MS = 2;
/** How many tasks there may be. */
const MOST_TASKS = 64;

/** Why a task cannot go on, in the words of an error reply without its code. */
export class WalkError extends Error {
  override name = "WalkError";
}

export interface Task {
  /** Whether someone still waits for it. */
  wanted(): boolean;
  /** Goes on until `deadline` (`performance.now()`). Returns whether it is done. Errors: WalkError. */
  step(deadline: number): boolean;
  /** It is done, is not wanted any more, or has failed. */
  end(failure: string | null): void;
}

export interface SlicesContext {
  readonly executor: Executor;
  readonly keyspace: Pick<SharedState, "tick">;
  readonly stats: Pick<ServerStats, "commands">;
  readonly broken: Broken;
}

export class Slices {
  private readonly context: SlicesContext;
  private readonly tasks: Task[] = [];
  private scheduled = false;
  private commands = 0;
  private stopped = false;

  constructor(context: SlicesContext) {
    this.context = context;
  }

  /** Begins a task soon. Errors: WalkError, when there are too many. */
  start(task: Task): void {
    if (this.tasks.length >= MOST_TASKS) throw new WalkError("Too many walks are under way");
    this.tasks.push(task);
    this.schedule();
  }

  /** The server stops: nothing goes on. */
  stop(): void {
    this.stopped = true;
    for (const task of this.tasks.splice(0)) task.end("The server is shutting down");
  }

  private schedule(): void {
    if (this.scheduled || this.stopped || this.tasks.length === 0) return;
    this.scheduled = true;
    const { stats } = this.context;
    const served = stats.commands !== this.commands;
    this.commands = stats.commands;
    const turn = (): void => guard(() => this.turn(), this.context.broken);
    if (served) setTimeout(turn, PAUSE_MS);
    else setImmediate(turn);
  }

  private turn(): void {
    this.scheduled = false;
    const { executor, keyspace } = this.context;
    if (this.stopped) return;
    if (executor.busy) return executor.whenIdle(() => this.schedule());
    const task = this.tasks.shift();
    if (task !== undefined) {
      keyspace.tick();
      if (this.goOn(task)) this.tasks.push(task);
    }
    this.schedule();
  }

  /** Returns whether the task has more to do. */
  private goOn(task: Task): boolean {
    try {
      if (this.context.executor.loading) throw new WalkError("A data set is being loaded");
      if (task.wanted() && !task.step(performance.now() + SLICE_MS)) return true;
      task.end(null);
    } catch (error) {
      if (!(error instanceof WalkError)) throw error;
      task.end(error.message);
    }
    return false;
  }
}
