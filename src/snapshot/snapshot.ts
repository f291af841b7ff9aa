/**
 * A point-in-time image of the whole keyspace without fork: written in slices between ticks while clients go on. It is the image of the
 * moment it was made: whatever is about to change before its turn is written first (table-walk.ts). One mechanism for files, replicas and
 * the append-only file's rewrite: they differ in their consumer.
 */

import { asFailure, assert, type Broken, guard } from "../assert.ts";
import type { Durations } from "../base/durations.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { type ByteSink, RdbWriter } from "../rdb/writer.ts";
import { DatabaseImage, Image } from "./image.ts";
import { type CommandImageOptions, CommandSink } from "./sinks/commands.ts";
import { type RdbImageOptions, RdbImageSink } from "./sinks/rdb.ts";

/**
 * Takes the bytes of an image. After the last `write` comes exactly one of `finished` and `failed`. `write` must use bytes[from, to) up or
 * copy them, and may throw: the snapshot ends then, with `failed`.
 */
export interface SnapshotConsumer extends ByteSink {
  /** Whether the walk may go on; `Snapshot.wake` is to be called when it may again. What changes force to be written comes all the same. */
  ready(): boolean;
  /** The image is complete. */
  finished(): void;
  /** There will be no image: it was cancelled, or it could not be written. */
  failed(error: Error): void;
}

export interface SnapshotOptions extends RdbImageOptions {
  /** Directive rdbcompression. */
  readonly compress: boolean;
  /** Directive rdbchecksum. */
  readonly checksum: boolean;
  /** Written as commands instead of in the RDB format; what concerns that is passed over then. */
  readonly commands?: CommandImageOptions;
  /** Whether the image has the keys (default yes) or its facts and libraries only. */
  readonly data?: boolean;
  /** The texts of function libraries that it has: bytes, one character each. */
  readonly libraries?: readonly string[];
  /** Mean pause after each key in µs, asked again and again: directive rdb-key-save-delay. */
  readonly keyDelay?: () => number;
  /** Longest slice in ms. */
  readonly sliceMs?: number;
  /** The clock that slices are measured by, in ms. */
  readonly clock?: () => number;
  /** Has the next slice run, after at least `delayMs`. */
  readonly defer?: (slice: () => void, delayMs: number) => void;
  /** Told how long each slice took. */
  readonly slices?: Durations;
  /** Told of an invariant that is broken in a slice; without it, the error leaves the slice. */
  readonly broken?: Broken;
  /** Called now and then while an image is made at one go (`runNow`). */
  readonly tick?: () => void;
}

/** After so many ms of a pause it is seen whether there is still to be one. */
const LONGEST_REST_MS = 100;
/** DESIGN: no slice of background work longer than about 1 ms. */
const SLICE_MS = 1;
/** Work between two looks at the clock, in about bytes: 50 to 100 µs. Less at first, while the code that does it has not been compiled yet. */
const STEP_COST = 16 * 1024;
const FIRST_STEP_COST = 512;
/** How long a step may take before the next one is smaller, in ms. */
const STEP_MS = 0.1;
/** So many steps (of the first size) of an image made at one go are between two ticks: far below a millisecond. */
const STEPS_PER_TICK = 64;

export class Snapshot {
  /** Keys that the image will have. */
  readonly keysTotal: number;
  /** Bytes of it so far. */
  bytesWritten = 0;
  private readonly consumer: SnapshotConsumer;
  private readonly image: Image;
  private readonly databases: DatabaseImage[] = [];
  private readonly keyDelay: () => number;
  private readonly sliceMs: number;
  private readonly clock: () => number;
  private readonly defer: (slice: () => void, delayMs: number) => void;
  private readonly slice: () => void;
  private readonly slices: Durations | null;
  private readonly tick: () => void;
  private state: "new" | "scheduled" | "waiting" | "over" = "new";
  /** The database whose table is being walked. */
  private current = 0;
  private stepCost = FIRST_STEP_COST;
  /** Keys whose pause has been made, or has begun: what is left of it, in ms. */
  private delayed = 0;
  private restMs = 0;

  /** Takes the image of this moment; nothing is written before `start` or `runNow` but its head, with the libraries, and what changes force. */
  constructor(keyspace: Keyspace, consumer: SnapshotConsumer, options: SnapshotOptions, mode: "sliced" | "whole" = "sliced") {
    this.consumer = consumer;
    this.keyDelay = options.keyDelay ?? (() => 0);
    this.sliceMs = options.sliceMs ?? SLICE_MS;
    this.clock = options.clock ?? (() => performance.now());
    this.defer = options.defer ?? deferToLoop;
    this.slices = options.slices ?? null;
    this.tick = options.tick ?? (() => {});
    const { broken } = options;
    this.slice = broken === undefined ? () => this.runSlice() : () => guard(() => this.runSlice(), broken);
    this.image = this.openImage(keyspace, options, mode === "sliced");
    for (const database of options.data === false ? [] : keyspace.databases) {
      if (database.table.size > 0) this.databases.push(new DatabaseImage(this.image, database));
    }
    this.keysTotal = this.databases.reduce((sum, { keys }) => sum + keys, 0);
    for (const text of options.libraries ?? []) this.image.library(Buffer.from(text, "latin1"));
  }

  private openImage(keyspace: Keyspace, options: SnapshotOptions, inSteps: boolean): Image {
    const target = { write: (bytes: Buffer, from: number, to: number) => this.pass(bytes, from, to) };
    const { commands } = options;
    const compress = options.compress && commands === undefined;
    const out = new RdbWriter(target, { compress, checksum: options.checksum && commands === undefined });
    const sink = commands === undefined ? new RdbImageSink(out, keyspace, options) : CommandSink.image(out, commands);
    return new Image(sink, { compress, inSteps });
  }

  /** Keys written so far. */
  get keysWritten(): number {
    return this.image.keys;
  }

  get over(): boolean {
    return this.state === "over";
  }

  /** Has the image written in the background. Does nothing when it has been cancelled already. */
  start(): void {
    if (this.state === "new") this.schedule(0);
  }

  /** The consumer is ready again. */
  wake(): void {
    if (this.state === "waiting") this.schedule(0);
  }

  /** Writes all that is left at once, whether the consumer is ready or not. */
  runNow(): void {
    if (this.state === "over") return;
    this.guarded(() => {
      for (let steps = 1; !this.over && !this.advance(); steps++) {
        const owedMs = this.keyDelay() > 0 ? this.delayOwed() / 1000 : 0;
        if (owedMs > 0) Bun.sleepSync(owedMs);
        if (owedMs > 0 || steps % STEPS_PER_TICK === 0) this.tick();
      }
      this.end();
    });
  }

  /** Gives up: the consumer is told, and the keyspace is free. Does nothing when the snapshot is over. */
  cancel(reason: Error): void {
    if (this.state === "over") return;
    this.state = "over";
    this.release();
    this.consumer.failed(reason);
  }

  private schedule(delayMs: number): void {
    assert(this.state !== "over", "a snapshot that is over does no more work");
    this.state = "scheduled";
    this.defer(this.slice, delayMs);
  }

  private runSlice(): void {
    if (this.state !== "scheduled") return;
    if (this.restMs > 0 && this.keyDelay() > 0) return this.rest();
    const began = this.clock();
    let stepBegan = began;
    this.guarded(() => {
      for (;;) {
        if (!this.consumer.ready()) {
          this.state = "waiting";
          break;
        }
        if (this.advance()) {
          this.end();
          break;
        }
        if (this.over) break;
        this.restMs = this.keyDelay() > 0 ? this.delayOwed() / 1000 : 0;
        const now = this.clock();
        if (this.restMs > 0 || now - began >= this.sliceMs) {
          this.rest();
          break;
        }
        this.stepCost = now - stepBegan < STEP_MS ? Math.min(STEP_COST, this.stepCost * 2) : Math.max(FIRST_STEP_COST, this.stepCost / 2);
        assert(this.stepCost >= FIRST_STEP_COST && this.stepCost <= STEP_COST, "a step stays within its bounds, so that a slice does");
        stepBegan = now;
      }
    });
    this.slices?.note((this.clock() - began) / 1000);
  }

  /** Has the next slice run when the pause for keys is over; whether there is one at all may change meanwhile. */
  private rest(): void {
    const ms = Math.min(LONGEST_REST_MS, this.restMs);
    this.restMs -= ms;
    this.schedule(ms);
  }

  /** Runs `work`; what it throws ends the snapshot. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** Cancels because of what was thrown. A broken invariant goes on to the caller that ends the server. */
  private giveUp(error: unknown): void {
    this.cancel(error instanceof Error ? error : new Error(String(error)));
    asFailure(error);
  }

  /** Does a step of work. Returns whether none is left. */
  private advance(): boolean {
    if (this.image.blocked) {
      this.image.drain(this.stepCost);
      return false;
    }
    const database = this.databases[this.current];
    if (database === undefined) return true;
    const { walk } = database;
    walk.step(this.keyDelay() > 0 ? 1 : this.stepCost);
    // Values in the image's queue must stay guarded until they are written.
    if (walk.through && !this.image.blocked) {
      walk.release();
      this.current++;
    }
    return false;
  }

  private end(): void {
    if (this.over) return;
    assert(this.keysWritten === this.keysTotal, "an image ends with each key that there was at its start");
    this.image.end();
    if (this.over) return;
    this.state = "over";
    this.release();
    this.consumer.finished();
  }

  private release(): void {
    for (const { walk } of this.databases) walk.release();
    this.image.release();
  }

  /** The image's way to the consumer. A change that forces bytes out must not fail because of them. */
  private pass(bytes: Buffer, from: number, to: number): void {
    if (this.state === "over") return;
    this.bytesWritten += to - from;
    try {
      this.consumer.write(bytes, from, to);
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** Returns the pause in µs for the keys written since this was last asked. */
  private delayOwed(): number {
    const keys = this.image.keys - this.delayed;
    const owed = keys * this.keyDelay();
    if (owed < 1000) return 0;
    this.delayed = this.image.keys;
    return owed;
  }
}

/** Has `slice` run after at least `delayMs`: once clients have had a turn, where that is less than 1. */
export function deferToLoop(slice: () => void, delayMs: number): void {
  if (delayMs >= 1) setTimeout(slice, delayMs);
  else setImmediate(slice);
}
