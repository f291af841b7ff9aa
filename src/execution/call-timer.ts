/**
 * The time that commands take: one reading of the clock for a run of equal commands, shared among their calls (commandstats, latencystats,
 * INFO's event loop fields).
 */

import type { Config } from "../config/config.ts";
import type { ServerStats } from "../session/stats.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { CommandEntry } from "./registry.ts";

/** Of the calls that scripts make of a command so many are timed as one: two looks at the clock take as long as a GET. */
const CALLS_PER_SAMPLE = 16;

export class CallTimer {
  private readonly config: Config;
  private readonly stats: ServerStats;
  /** The command that the clock runs for, since when (`performance.now()`), and how many calls of it there had been by then. */
  private timed: CommandEntry | null = null;
  private timedFrom = 0;
  private timedCalls = 0;
  /** `timed` when the last of its calls left its client blocked: that one is not over. */
  private blocked: CommandEntry | null = null;
  // The batch under way: when it began (0: none is), and how many commands had run by then.
  private batchFrom = 0;
  private batchCommands = 0;

  constructor(config: Config, stats: ServerStats) {
    this.config = config;
    this.stats = stats;
  }

  beginBatch(): void {
    this.batchFrom = performance.now();
    this.batchCommands = this.stats.commands;
  }

  /** Accounts for the last run of calls, and for the batch. */
  endBatch(): void {
    if (this.timed !== null) this.switchTo(null);
    // timedFrom is when the last call ended; a batch without any (part of a long request) counts as no time.
    this.stats.countCycle(Math.max(0, this.timedFrom - this.batchFrom) * 1000, this.stats.commands - this.batchCommands);
    this.batchFrom = 0;
  }

  /** A call of `entry` begins. Hot. */
  start(entry: CommandEntry): void {
    if (entry !== this.timed) this.switchTo(entry);
  }

  /** The call that began last has blocked its client: it is not over, and counts as no call yet. */
  callBlocked(entry: CommandEntry): void {
    this.blocked = entry;
  }

  /** Whether a call of `entry` from a script is to be timed: one of so many is, and stands for the others. Hot. */
  samples(entry: CommandEntry): boolean {
    return ++entry.untimed === CALLS_PER_SAMPLE || entry.calls === 0;
  }

  /** A call that was to be timed began at `from` (`performance.now()`) and is over. Its time is part of that of the script's command. */
  sampled(entry: CommandEntry, from: number): void {
    const microseconds = (performance.now() - from) * 1000;
    entry.microseconds += microseconds * entry.untimed;
    if (this.config.values["latency-tracking"]) {
      entry.latency ??= new LatencyHistogram();
      entry.latency.record(microseconds * 1000, entry.untimed);
    }
    entry.untimed = 0;
  }

  private switchTo(entry: CommandEntry | null): void {
    const { timed } = this;
    // What came first in a batch answers for the parsing of it, and needs no clock.
    const now = timed === null && this.batchFrom !== 0 ? this.batchFrom : performance.now();
    if (timed !== null) this.account(timed, (now - this.timedFrom) * 1000);
    this.timed = entry;
    this.timedFrom = now;
    this.blocked = null;
    if (entry !== null) this.timedCalls = entry.calls;
  }

  /** A run of calls took so long. One that is cut short by a nested call (EXEC) is a call already. */
  private account(entry: CommandEntry, microseconds: number): void {
    this.stats.commandMicroseconds += microseconds;
    // A call that blocked its client and was the only one is none yet.
    if (entry === this.blocked && entry.calls === this.timedCalls) return;
    entry.microseconds += microseconds;
    if (!this.config.values["latency-tracking"]) return;
    const calls = Math.max(1, entry.calls - this.timedCalls);
    entry.latency ??= new LatencyHistogram();
    entry.latency.record((microseconds * 1000) / calls, calls);
  }
}
