/** What a move does beside copying: it looks how far the target is behind, compares, and brings about the moment for the switch. */

import { setTimeout as sleep } from "node:timers/promises";
import { Comparison, type Report } from "../../compare/comparison.ts";
import { wordsOf } from "../../compare/comparisons.ts";
import { CompareError } from "../../compare/endpoint.ts";
import { ErrorReply } from "../../compare/reply-decoder.ts";
import type { SourceAddress } from "../../follow/address.ts";
import { endpointOf } from "../ends.ts";
import { ToolError } from "../error.ts";
import type { Copier } from "./mover.ts";
import type { Lag, Reporter } from "./reporter.ts";
import { POSITION_KEY } from "./target.ts";

/** How often the source is asked how far it is, in ms. */
const LOOK_MS = 200;
/** Behind by no more than so many seconds is caught up. */
const CAUGHT_UP_SECONDS = 1;
/** Looks at what was, kept to tell the lag in seconds. */
const MOST_LOOKS = 3000;
/** How many keys are compared while the source is paused, if not all were to be. */
const PAUSED_SAMPLE = 1000;
const SETTLE_MS = 10_000;
/** How often a comparison is begun whose connections break. */
const COMPARE_ATTEMPTS = 3;

export interface ConductorOptions {
  readonly from: SourceAddress;
  readonly to: SourceAddress;
  /** How many keys are compared, 0 for all; null: none. */
  readonly verify: number | null;
  /** How many that differ are named. */
  readonly differences: number;
  /** For how many seconds the source takes no writes at the switch; null: it is not paused. */
  readonly pauseSeconds: number | null;
  /** Whether it takes them again once that is done. */
  readonly unpauses: boolean;
  readonly untilCaughtUp: boolean;
}

/** How a move ended that was not given up. */
export type Ending = "same" | "different";

interface Look {
  readonly at: number;
  readonly offset: number;
}

export class Conductor {
  private readonly mover: Copier;
  private readonly report: Reporter;
  private readonly options: ConductorOptions;
  private looks: Look[] = [];
  private stopped = false;

  constructor(mover: Copier, report: Reporter, options: ConductorOptions) {
    this.mover = mover;
    this.report = report;
    this.options = options;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Leads the move to its end. Returns null when it was stopped before. Errors: ToolError, CompareError. */
  async run(): Promise<Ending | null> {
    const { options, report, mover } = this;
    if (!(await this.caughtUp())) return null;
    report.say("caught-up", { applied: mover.applied }, "caught up: the target has what the source has");
    let same = await this.verify(options.verify, "all");
    if (same === null) return null;
    if (options.pauseSeconds !== null) {
      if (!same) return "different";
      same = await this.pausedSwitch(options.pauseSeconds);
      return same === null ? null : same ? "same" : "different";
    }
    if (options.untilCaughtUp) return same ? "same" : "different";
    const hint = same ? "stop the writers, wait until it is behind by nothing, and switch" : "they differ: do not switch";
    report.say("ready", { same }, hint);
    while (!this.stopped) {
      await this.look();
      await sleep(LOOK_MS);
    }
    return null;
  }

  // ---- how far it is

  /** Waits until the target has nearly what the source has. Returns false when it was stopped. */
  private async caughtUp(): Promise<boolean> {
    while (!this.stopped) {
      const lag = await this.look();
      if (lag !== null && lag.seconds <= CAUGHT_UP_SECONDS && lag.pending === 0) return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** Returns how far the target is behind; null while that is not known. */
  private async look(): Promise<Lag | null> {
    const { mover, report } = this;
    if (!mover.streams) return null;
    const offset = await this.offsetThere("offset");
    if (offset === null || !mover.streams) return null;
    this.looks.push({ at: Date.now(), offset });
    const { applied } = mover;
    const last = this.looks[this.looks.length - 1];
    const first = this.looks.findIndex(({ offset }) => offset > applied);
    this.looks = first < 0 ? [] : this.looks.slice(Math.max(first, this.looks.length - MOST_LOOKS));
    const [oldest] = this.looks;
    const lag: Lag = {
      bytes: Math.max(0, last.offset - applied),
      seconds: oldest === undefined ? 0 : (last.at - oldest.at) / 1000,
      pending: mover.pending,
    };
    report.lag(lag);
    return lag;
  }

  /** How far the source is, or the target must get; null where it cannot be asked just now. */
  private async offsetThere(which: "offset" | "goal"): Promise<number | null> {
    try {
      return await this.mover[which]();
    } catch (error) {
      if (!(error instanceof CompareError)) throw error;
      return null;
    }
  }

  /** Waits until the target has all that the source had when this was asked. Returns whether it came about in time. */
  private async settled(within: number): Promise<boolean> {
    const { mover } = this;
    const end = Date.now() + within;
    let target: number | null = null;
    while (!this.stopped && Date.now() < end) {
      target ??= mover.streams ? await this.offsetThere("goal") : null;
      if (mover.streams && target !== null && mover.applied >= target && mover.pending === 0) return true;
      await sleep(LOOK_MS / 10);
    }
    return false;
  }

  // ---- comparing

  /** Compares `keys` keys, 0 for all. Returns whether they are the same; null when it was stopped. Errors: CompareError. */
  private async verify(keys: number | null, which: string): Promise<boolean | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        return keys === null ? true : await this.compare(keys, which);
      } catch (error) {
        if (!(error instanceof CompareError) || attempt === COMPARE_ATTEMPTS) throw error;
        this.report.detail(`the comparison broke off: ${error.message}`);
        await sleep(LOOK_MS);
      }
    }
  }

  private async compare(keys: number, which: string): Promise<boolean | null> {
    const { report, options } = this;
    const [here, there] = [endpointOf(options.from), endpointOf(options.to)];
    try {
      await here.open();
      await there.open();
      const found = await new Comparison(here, there, {
        sample: keys,
        differences: options.differences,
        wanted: () => !this.stopped,
        progress: (counts) => report.detail(`${wordsOf(counts)} so far`),
        ignores: (database, key) => key === POSITION_KEY && database >= 0,
        settled: async () => ((await this.settled(SETTLE_MS)) ? "equal" : "apart"),
      }).run();
      return found === null ? null : this.tellFound(found, which);
    } finally {
      here.close();
      there.close();
    }
  }

  private tellFound(found: Report, which: string): boolean {
    const { report } = this;
    for (const { database, key, kind } of found.differences) {
      const name = Buffer.from(key, "latin1").toString();
      const where = kind === "missing-here" ? "missing at the source" : kind === "missing-there" ? "missing at the target" : kind;
      report.say("difference", { kind, db: database, key: name }, `${where}: db${database} ${JSON.stringify(name)}`);
    }
    const { compared, same, different, missingHere, missingThere, changing } = found;
    const counts = { compared, same, different, missingHere, missingThere, changing };
    report.say(
      "compared",
      { which, ...counts },
      wordsOf(found).replace("missing here", "missing at the source").replace("missing there", "missing at the target"),
    );
    return compared === same + changing;
  }

  // ---- the switch

  private async pausedSwitch(seconds: number): Promise<boolean | null> {
    const { mover, report, options } = this;
    const pausedAt = Date.now();
    const [paused] = await mover.asker.ask([["CLIENT", "PAUSE", seconds * 1000, "WRITE"]]);
    if (paused instanceof ErrorReply) throw new ToolError(`the source cannot be paused: ${paused.message}`);
    report.say("paused", { seconds }, `the source takes no writes for ${seconds} seconds`);
    let same: boolean | null = false;
    try {
      const left = (): number => pausedAt + seconds * 1000 - Date.now();
      if (!(await this.settled(left()))) {
        if (this.stopped) return null;
        report.complain("the target did not catch up while the source was paused\n");
        return false;
      }
      same = await this.verify(options.verify === null ? null : PAUSED_SAMPLE, "sample");
      if (same === true && (left() <= 0 || !(await this.settled(left())))) {
        report.complain("the pause was over before all was compared\n");
        same = false;
      }
      if (same === true) {
        const rest = Math.max(0, Math.floor(left() / 1000));
        report.say("switch", { offset: mover.applied, secondsLeft: rest }, `switch now: ${rest} seconds are left of the pause`);
      } else if (same === false) report.complain("do not switch\n");
      return same;
    } finally {
      // Where there is no switch, clients are to go on.
      if (same !== true || options.unpauses) {
        await mover.asker.ask([["CLIENT", "UNPAUSE"]]);
        report.say("unpaused", {}, "the source takes writes again");
      }
    }
  }
}
