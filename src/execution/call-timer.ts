/**
 * The time that commands take: for commandstats, latencystats, INFO's event loop fields, and for what looks out for slow calls. Hot: a look
 * at the clock takes a quarter of the time of a GET, so equal commands that come together share one, the more of them the shorter they are. How many
 * is so few that a call of more than a few microseconds is mostly timed by itself, and one that is slow where others were not is found: it
 * is one of the calls of its look, and taken for the last of them. (docs/performance.md)
 */

import type { Config } from "../config/config.ts";
import type { ServerStats } from "../session/stats.ts";
import type { Call } from "./call.ts";
import type { CallWatch, Executed } from "./call-watch.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { CommandEntry } from "./registry.ts";

/** Of the calls that scripts make of a command so many are timed as one: two looks at the clock take as long as a GET. */
const CALLS_PER_SAMPLE = 16;
/** Of the calls that clients make one after the other. */
const CALLS_PER_LOOK = 32;
/** Calls that take longer (microseconds) are timed one by one: beside them a look at the clock does not count. */
const LONG_CALL = 5;

export class CallTimer {
  /** Of the calls of all commands together. */
  readonly latency = new LatencyHistogram();
  private readonly config: Config;
  private readonly stats: ServerStats;
  private readonly watch: CallWatch;
  /** The command that the clock runs for, since when (`performance.now()`), and how many calls of it there had been by then. */
  private timed: CommandEntry | null = null;
  private timedFrom = 0;
  private timedCalls = 0;
  /** The call that began last: those of one command that come one after the other are made with one object. */
  private call: Call | null = null;
  /** How many calls of the command there are when the clock is looked at again. */
  private timedTo = 0;
  // The batch under way: when it began, how many commands had run by then, and whether one has begun since.
  private batchFrom = 0;
  private batchCommands = 0;
  private atStart = false;

  constructor(config: Config, stats: ServerStats, watch: CallWatch) {
    this.config = config;
    this.stats = stats;
    this.watch = watch;
  }

  beginBatch(): void {
    this.batchFrom = performance.now();
    this.batchCommands = this.stats.commands;
    // What comes first answers for the parsing of the batch, and needs no clock.
    this.atStart = !this.watch.exact;
  }

  /** Accounts for the batch. */
  endBatch(): void {
    this.endCalls();
    this.atStart = false;
    // timedFrom is when the last call ended; a batch without any (part of a long request) counts as no time.
    this.stats.countCycle(Math.max(0, this.timedFrom - this.batchFrom) * 1000, this.stats.commands - this.batchCommands);
  }

  /** A call of `entry` begins, and `call` still is what it was used for before. Hot. */
  start(entry: CommandEntry, call: Call): void {
    if (entry !== this.timed || entry.calls >= this.timedTo) this.begin(entry, call);
  }

  private begin(entry: CommandEntry, call: Call): void {
    const now = this.atStart ? this.batchFrom : performance.now();
    this.atStart = false;
    if (this.timed !== null) this.account(this.timed, now);
    this.timed = entry;
    this.timedFrom = now;
    this.timedCalls = entry.calls;
    this.call = call;
    this.timedTo = entry.calls + entry.callsPerLook;
    call.startedAt = now;
  }

  /** The time that passes from now on is none of the last call's, whose request may be gone soon. */
  endCalls(): void {
    if (this.timed === null) return;
    const now = performance.now();
    this.account(this.timed, now);
    this.timed = null;
    this.timedFrom = now;
  }

  /** A call is over that others were made within, or that was suspended. */
  endLong(call: Call): void {
    this.endCalls();
    this.ended(call, (performance.now() - call.startedAt) * 1000);
  }

  /** A request that waited is over, and has taken so long by itself. */
  ended(request: Executed, microseconds: number): void {
    const { entry } = request;
    entry.microseconds += microseconds;
    this.record(entry, microseconds, 1);
    if (microseconds >= this.watch.slowFrom) this.watch.slow(request, microseconds);
  }

  /** The counters of all commands are 0 again. */
  countsReset(): void {
    this.timedCalls = 0;
    this.timedTo = 0;
    this.latency.reset();
  }

  /** A run of calls ended at `now`. */
  private account(entry: CommandEntry, now: number): void {
    const microseconds = (now - this.timedFrom) * 1000;
    this.stats.commandMicroseconds += microseconds;
    const calls = entry.calls - this.timedCalls;
    // Its client waits, or another call was made within it: it is not over.
    if (calls === 0) return;
    entry.microseconds += microseconds;
    const each = microseconds / calls;
    // One that is long on its own may have waited for the parser.
    if (each < LONG_CALL) entry.callsPerLook = Math.min(CALLS_PER_LOOK, entry.callsPerLook * 2);
    else if (calls > 1) entry.callsPerLook = 1;
    this.record(entry, each, calls);
    if (microseconds >= this.watch.slowFrom && this.call !== null) this.watch.slow(this.call, microseconds);
  }

  private record(entry: CommandEntry, microseconds: number, calls: number): void {
    if (!this.config.values["latency-tracking"]) return;
    entry.latency ??= new LatencyHistogram();
    entry.latency.record(microseconds * 1000, calls);
    this.latency.record(microseconds * 1000, calls);
  }

  // ---- scripts

  /** Whether a call of `entry` from a script is to be timed: one of so many is, and stands for the others. Hot. */
  samples(entry: CommandEntry): boolean {
    return ++entry.untimed >= entry.callsPerSample || this.watch.exact;
  }

  /** A call that was to be timed began at `from` (`performance.now()`) and is over. Its time is part of that of the script's command. */
  sampled(call: Call, from: number): void {
    const { entry } = call;
    const microseconds = (performance.now() - from) * 1000;
    entry.microseconds += microseconds * entry.untimed;
    this.record(entry, microseconds, entry.untimed);
    entry.untimed = 0;
    entry.callsPerSample = microseconds > LONG_CALL ? 1 : CALLS_PER_SAMPLE;
    if (microseconds >= this.watch.slowFrom) this.watch.slow(call, microseconds);
  }
}
