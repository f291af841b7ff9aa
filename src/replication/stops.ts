/**
 * Points of a synchronization at which the process stops itself until a signal has it go on, so that tests can look at what is between two
 * steps: DEBUG REPL-PAUSE of Redis 8, DEBUG PAUSE-AFTER-FORK of Valkey. A child that goes on with the image there has no counterpart
 * here: "after-fork" is when replicas have been sent all of an image that goes to their sockets.
 */

import type { Log } from "../log.ts";

export type StopPoint = "after-fork" | "before-rdb-channel" | "on-streaming-repl-buf" | "before-main-channel";

export class Stops {
  private readonly points = new Set<StopPoint>();
  private readonly log: Log;
  /** Whether this system can stop and continue a process. */
  readonly possible: boolean;

  constructor(log: Log, platform: NodeJS.Platform = process.platform) {
    this.log = log;
    this.possible = platform !== "win32";
  }

  add(...points: readonly StopPoint[]): void {
    for (const point of points) this.points.add(point);
  }

  clear(): void {
    this.points.clear();
  }

  /** Called at each of the points. */
  at(point: StopPoint): void {
    if (!this.points.has(point)) return;
    this.log.notice("Process is about to stop.");
    process.kill(process.pid, "SIGSTOP");
    this.log.notice("Process has been continued.");
  }
}
