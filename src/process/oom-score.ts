/** `oom-score-adj`: how readily the kernel ends this process when memory is short. Linux only. Source: setOOMScoreAdj. */

import { readFileSync, writeFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { failureWords } from "../config/error.ts";
import type { Log } from "../log.ts";

const FILE = "/proc/self/oom_score_adj";
const LIMIT = 1000;

export class OomScore {
  private readonly config: Config;
  private readonly log: Log;
  private readonly platform: NodeJS.Platform;
  /** What the process had before; null while it is left alone. */
  private base: number | null = null;
  private applied: number | null = null;
  /** Whether the log says that this system has no such score. */
  private told = false;

  constructor(config: Config, log: Log, platform: NodeJS.Platform = process.platform) {
    this.config = config;
    this.log = log;
    this.platform = platform;
    config.onChange(["oom-score-adj", "oom-score-adj-values"], () => {
      this.told = false;
      return this.apply() ? undefined : "Failed to set current oom_score_adj. Check server logs.";
    });
  }

  /** The role or a directive has changed. Returns whether what they ask for holds; if not the log says why. */
  apply(): boolean {
    const { values } = this.config;
    const mode = values["oom-score-adj"];
    if (mode === "no" && this.base === null) return true;
    if (this.platform !== "linux") {
      if (!this.told) this.log.warning("Unable to write oom_score_adj: only the kernel of Linux has one");
      this.told = true;
      return false;
    }
    try {
      const base = this.base ?? Number.parseInt(readFileSync(FILE, "latin1"), 10);
      const [master = 0, replica = 0] = values["oom-score-adj-values"];
      const own = values.replicaof === null ? master : replica;
      const score = mode === "no" ? base : (mode === "absolute" ? 0 : base) + own;
      const wanted = Math.max(-LIMIT, Math.min(LIMIT, score));
      if (wanted !== this.applied) writeFileSync(FILE, `${wanted}\n`);
      this.base = mode === "no" ? null : base;
      this.applied = mode === "no" ? null : wanted;
      return true;
    } catch (error) {
      this.log.warning(`Unable to write oom_score_adj: ${failureWords(error)}`);
      return false;
    }
  }
}
