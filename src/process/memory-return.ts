/**
 * Memory comes back: pages of the arena that are free for a while are given back to the system, whatever the directives say, and sparse pages are
 * emptied, so that they come free too, where much is to be gained (`memory-compaction`) or as Redis's directives have it (`activedefrag`). All in
 * slices, so that no client waits.
 */

import { guard } from "../assert.ts";
import { releaseMemory } from "../blocks/page-release.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { isMemoryExhausted } from "../memory/arena.ts";

/** Longest slice of work, and the pause between two that give pages back, in ms. */
const SLICE_MS = 1;
const RELEASE_PAUSE_MS = 2;
/** Free pages that were not needed for so long go back. One that is needed again costs 16 page faults. */
const IDLE_MS = 2000;
/** So many stay all the same (1 MiB): a few come and go all the time. */
const KEPT_PAGES = 16;
/** How often it is asked whether the arena is fragmented. As in Redis. */
const DECIDE_MS = 1000;
/** When a walk begins, and which share of the time it takes: with fragmentation from `lower` to `upper` percent from `least` to `most` percent. */
interface Effort {
  readonly lower: number;
  readonly upper: number;
  /** Fewer bytes of fragmentation are not worth it. */
  readonly ignoreBytes: number;
  readonly least: number;
  readonly most: number;
}

/** Of `memory-compaction`: data that comes and goes evenly leaves less than `lower`. */
const COMPACTION: Effort = { lower: 25, upper: 200, ignoreBytes: 4 * 1024 * 1024, least: 1, most: 25 };
/** A walk that emptied less than this share of its pages is not repeated soon. */
const FRUITFUL = 0.25;
const FRUITLESS_PAUSE_MS = 60_000;
/** While a script runs a walk waits. */
const WAIT_MS = 10;

export class MemoryReturn {
  /** The share of the time, in percent, that the walk under way takes: active_defrag_running. 0: there is none. */
  running = 0;
  /** How long walks that ended have taken, in ms, and since when the one under way does (performance.now()). */
  private walkedMs = 0;
  private began = 0;
  private chosenPages = 0;
  private movedBefore = 0;
  /** Of the share of time that is not the walk's: how long it must pause, in ms. */
  private owed = 0;
  private nextDecision = 0;
  private nextIdleLook = 0;
  private restUntil = 0;
  private keep = Number.POSITIVE_INFINITY;
  private walkTimer: ReturnType<typeof setTimeout> | null = null;
  private releaseTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly server: ServerParts;

  constructor(server: ServerParts) {
    this.server = server;
    server.config.onChange(["activedefrag", "memory-compaction"], () => {
      const { activedefrag, "memory-compaction": compaction } = server.config.values;
      this.restUntil = 0;
      if (!activedefrag && !compaction && this.running > 0) this.endWalk();
      return undefined;
    });
  }

  stop(): void {
    if (this.walkTimer !== null) clearTimeout(this.walkTimer);
    if (this.releaseTimer !== null) clearTimeout(this.releaseTimer);
    this.walkTimer = null;
    this.releaseTimer = null;
    this.server.keyspace.space.arena.unused.stop();
  }

  /** Some times a second; `now` is performance.now(). */
  tick(now: number): void {
    if (now >= this.nextIdleLook) {
      this.nextIdleLook = now + IDLE_MS;
      this.lookAtIdlePages();
    }
    if (now >= this.nextDecision) {
      this.nextDecision = now + DECIDE_MS;
      this.decide(now);
    }
  }

  /** MEMORY PURGE: free pages go back at once, and sparse ones are emptied in slices, whatever the thresholds. */
  purge(): void {
    const { arena } = this.server.keyspace.space;
    arena.release(releaseMemory);
    this.restUntil = 0;
    if (this.running === 0) this.beginWalk(this.server.config.values["active-defrag-cycle-max"]);
  }

  /** How long walks have taken since the start or CONFIG RESETSTAT, and the one under way, in ms. */
  get totalMs(): number {
    return this.walkedMs + this.currentMs;
  }

  get currentMs(): number {
    return this.running === 0 ? 0 : performance.now() - this.began;
  }

  resetStats(): void {
    this.walkedMs = 0;
    this.began = performance.now();
  }

  // ---- pages that are free

  private lookAtIdlePages(): void {
    const { arena } = this.server.keyspace.space;
    const unneeded = arena.takeLeastIdle();
    this.keep = Math.max(KEPT_PAGES, arena.idlePages - unneeded);
    this.releaseSlice();
  }

  private releaseSlice(): void {
    if (this.releaseTimer !== null) return;
    const { arena } = this.server.keyspace.space;
    const end = performance.now() + SLICE_MS;
    if (arena.release(releaseMemory, this.keep, () => performance.now() >= end)) {
      if (arena.idlePages > this.keep && arena.dropSegments() > 0) Bun.gc(true);
      return;
    }
    this.releaseTimer = setTimeout(() => {
      this.releaseTimer = null;
      guard(() => this.releaseSlice(), this.server.broken);
    }, RELEASE_PAUSE_MS);
  }

  // ---- pages that are sparse

  /** Whether to begin a walk, or to take more of the time for the one under way: never less. */
  private decide(now: number): void {
    if (now < this.restUntil || this.mustWait) return;
    const { values } = this.server.config;
    const share = Math.max(
      values.activedefrag ? this.shareFor(this.directed) : 0,
      values["memory-compaction"] ? this.shareFor(COMPACTION) : 0,
    );
    if (share <= this.running) return;
    if (this.running > 0) this.running = share;
    else this.beginWalk(share);
  }

  /** The effort that `activedefrag` asks for. */
  private get directed(): Effort {
    const { values } = this.server.config;
    return {
      lower: values["active-defrag-threshold-lower"],
      upper: values["active-defrag-threshold-upper"],
      ignoreBytes: values["active-defrag-ignore-bytes"],
      least: values["active-defrag-cycle-min"],
      most: values["active-defrag-cycle-max"],
    };
  }

  /** As Redis's computeDefragCycles. Returns a share of the time in percent, or 0. */
  private shareFor({ lower, upper, ignoreBytes, least, most }: Effort): number {
    const { percent, bytes } = this.fragmentation();
    if (this.running === 0 && (percent < lower || bytes < ignoreBytes)) return 0;
    const effort = upper === lower ? most : least + ((percent - lower) * (most - least)) / (upper - lower);
    return Math.max(least, Math.min(most, Math.trunc(effort)));
  }

  private get mustWait(): boolean {
    return this.server.executor.busy || this.server.housekeeping.paused;
  }

  private fragmentation(): { readonly percent: number; readonly bytes: number } {
    const { arena, objects } = this.server.keyspace.space;
    const bytes = arena.pageBytes - arena.usedBytes;
    return { percent: (bytes * 100) / Math.max(1, arena.usedBytes + objects.usedBytes), bytes };
  }

  private beginWalk(share: number): void {
    const { keyspace, log } = this.server;
    const { percent, bytes } = this.fragmentation();
    this.chosenPages = keyspace.defragmentation.begin();
    if (this.chosenPages === 0) return;
    log.verbose(`Starting active defrag, frag=${percent.toFixed(0)}%, frag_bytes=${bytes}, cpu=${share}%`);
    this.running = share;
    this.began = performance.now();
    this.movedBefore = keyspace.defragmentation.mover.moved;
    this.owed = 0;
    this.walkSoon(0);
  }

  private walkSoon(ms: number): void {
    this.walkTimer ??= setTimeout(() => {
      this.walkTimer = null;
      if (this.running > 0) guard(() => this.walk(), this.server.broken);
    }, ms);
  }

  private walk(): void {
    if (this.mustWait) return this.walkSoon(WAIT_MS);
    const { keyspace, config } = this.server;
    const from = performance.now();
    try {
      keyspace.defragmentation.step(from + SLICE_MS, config.values["active-defrag-max-scan-fields"]);
    } catch (error) {
      if (!isMemoryExhausted(error)) throw error;
      return this.endWalk();
    }
    const spent = performance.now() - from;
    keyspace.latency.note("active-defrag-cycle", Math.floor(spent));
    if (!keyspace.defragmentation.underWay) return this.endWalk();
    this.owed += spent * (100 / this.running - 1);
    // A timer takes a millisecond at least; shorter pauses are summed up.
    const pause = Math.floor(this.owed);
    this.owed -= pause;
    this.walkSoon(pause);
  }

  private endWalk(): void {
    const { keyspace, log } = this.server;
    const { defragmentation } = keyspace;
    if (defragmentation.underWay) defragmentation.end();
    const now = performance.now();
    const { percent, bytes } = this.fragmentation();
    const moved = defragmentation.mover.moved - this.movedBefore;
    const milliseconds = Math.round(now - this.began);
    log.verbose(`Active defrag done in ${milliseconds}ms, reallocated=${moved}, frag=${percent.toFixed(0)}%, frag_bytes=${bytes}`);
    this.walkedMs += now - this.began;
    this.running = 0;
    if (this.chosenPages - defragmentation.left < this.chosenPages * FRUITFUL) this.restUntil = now + FRUITLESS_PAUSE_MS;
  }
}
