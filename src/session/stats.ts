/** The server's own counters: what INFO stats, commandstats and errorstats show. CONFIG RESETSTAT makes them new. */

import { Durations } from "../base/durations.ts";
import type { InfoText } from "./info-text.ts";

const SAMPLES = 16;
/** So many kinds of errors are counted; of others only that there was one. Commands and scripts can invent kinds without end. */
const MAX_ERROR_CODES = 128;
const MAX_CODE_LENGTH = 31;
/** As often as Redis's cron looks. */
const RESIDENT_MS = 100;

/** How fast a counter grows against another, over their last samples. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private readonly scale: number;
  private index = 0;
  private lastCount = 0;
  private lastBase = 0;

  /** `scale` 1000 for a rate per second against a clock in ms. */
  constructor(scale: number) {
    this.scale = scale;
  }

  /** Notes that the counter stands at `count` while the other, a clock or a number of events, stands at `base`. */
  sample(count: number, base: number): void {
    const elapsed = base - this.lastBase;
    if (this.lastBase !== 0) {
      this.samples[this.index] = elapsed > 0 ? ((count - this.lastCount) * this.scale) / elapsed : 0;
      this.index = (this.index + 1) % SAMPLES;
    }
    this.lastCount = count;
    this.lastBase = base;
  }

  get value(): number {
    let sum = 0;
    for (const sample of this.samples) sum += sample;
    return sum / SAMPLES;
  }
}

/** What the process takes of the machine. Asking the system takes longer than all else that INFO tells, so that answers are kept for a moment. */
class SystemUsage {
  private resident = 0;
  private residentAt = 0;
  private heap = 0;
  private heapAt = 0;
  private processor: { readonly all: NodeJS.CpuUsage; readonly thread: NodeJS.CpuUsage } | null = null;
  private processorAt = 0;

  /** Resident memory in bytes, as it was less than a tenth of a second before `now` (ms). */
  residentMemory(now: number): number {
    if (now - this.residentAt >= RESIDENT_MS || now < this.residentAt) {
      this.resident = process.memoryUsage.rss();
      this.residentAt = now;
    }
    return this.resident;
  }

  /** Bytes in use in the runtime's heap, as they were less than a tenth of a second before `now` (ms). */
  heapBytes(now: number): number {
    if (now - this.heapAt >= RESIDENT_MS || now < this.heapAt) {
      this.heap = process.memoryUsage().heapUsed;
      this.heapAt = now;
    }
    return this.heap;
  }

  /** Processor time in microseconds, of all threads and of the serving one; read once for all requests of a batch, which have the same `now`. */
  processorTime(now: number): { readonly all: NodeJS.CpuUsage; readonly thread: NodeJS.CpuUsage } {
    if (this.processor === null || now !== this.processorAt) {
      this.processor = { all: process.cpuUsage(), thread: process.threadCpuUsage() };
      this.processorAt = now;
    }
    return this.processor;
  }
}

/** Microseconds from which a turn of the event loop is a stall. */
const STALL_MICROSECONDS = 1000;

export class ServerStats {
  commands = 0;
  connections = 0;
  rejectedConnections = 0;
  /** To and from clients, replicas among them. */
  bytesIn = 0;
  bytesOut = 0;
  /** From our master, and of the stream to replicas. */
  replicationBytesIn = 0;
  replicationBytesOut = 0;
  fullSyncs = 0;
  partialSyncsAccepted = 0;
  partialSyncsRefused = 0;
  errorReplies = 0;
  unexpectedErrors = 0;
  /** Clients that were disconnected because of a limit. */
  outputLimitDisconnects = 0;
  queryLimitDisconnects = 0;
  evictedClients = 0;
  readEvents = 0;
  writeEvents = 0;
  peakMemory = 0;
  /** Bytes in use before there was anything to hold. */
  startupMemory = 0;
  /** Turns of the event loop that did something: batches of requests, and runs of the cron. */
  cycles = 0;
  cycleMicroseconds = 0;
  longestCycle = 0;
  /** Most commands served in one batch. */
  mostCommandsPerCycle = 0;
  commandMicroseconds = 0;
  cronMicroseconds = 0;
  /** Those turns that took a millisecond or more. */
  stalls = new Durations();
  /** How late the cron's timer was: what held up the event loop, whatever it was. */
  delays = new Durations();
  /** A turn that takes longer than this many microseconds is looked at: it is a stall, or the longest yet. */
  private notable = 0;
  /** Not counters, so they are kept when those begin again. */
  readonly system = new SystemUsage();
  /** The sections of INFO as they were written last, by title. */
  readonly infoTexts = new Map<string, InfoText>();
  /** Error replies by code. */
  readonly errors = new Map<string, number>();
  readonly commandRate = new Rate(1000);
  readonly inputRate = new Rate(1000);
  readonly outputRate = new Rate(1000);
  readonly replicationInputRate = new Rate(1000);
  readonly replicationOutputRate = new Rate(1000);
  readonly cycleRate = new Rate(1000);
  /** Microseconds per cycle. */
  readonly cycleDuration = new Rate(1);

  countError(message: string): void {
    this.errorReplies++;
    const space = message.indexOf(" ");
    const code = space > 0 && space <= MAX_CODE_LENGTH ? message.slice(0, space) : "ERR";
    const count = this.errors.get(code);
    if (count === undefined && this.errors.size >= MAX_ERROR_CODES) return;
    this.errors.set(code, (count ?? 0) + 1);
  }

  /** A batch of requests has been served. */
  countCycle(microseconds: number, commands: number): void {
    this.cycles++;
    this.cycleMicroseconds += microseconds;
    if (microseconds > this.notable) this.noteCycle(microseconds);
    if (commands > this.mostCommandsPerCycle) this.mostCommandsPerCycle = commands;
  }

  private noteCycle(microseconds: number): void {
    if (microseconds > this.longestCycle) this.longestCycle = microseconds;
    if (microseconds >= STALL_MICROSECONDS) this.stalls.note(microseconds / 1e6);
    this.notable = Math.min(this.longestCycle, STALL_MICROSECONDS - 1);
  }

  /** The cron has run, so many ms later than it should have. */
  countCron(microseconds: number, lateMs: number): void {
    this.cronMicroseconds += microseconds;
    this.delays.note(Math.max(0, lateMs) / 1000);
    this.countCycle(microseconds, 0);
  }

  /** Takes a sample of every rate, at `now` (ms). */
  sample(now: number): void {
    this.commandRate.sample(this.commands, now);
    this.inputRate.sample(this.bytesIn, now);
    this.outputRate.sample(this.bytesOut - this.replicationBytesOut, now);
    this.replicationInputRate.sample(this.replicationBytesIn, now);
    this.replicationOutputRate.sample(this.replicationBytesOut, now);
    this.cycleRate.sample(this.cycles, now);
    this.cycleDuration.sample(this.cycleMicroseconds, this.cycles);
  }

  reset(): void {
    const fresh = new ServerStats();
    this.errors.clear();
    const { errors, system, infoTexts, peakMemory, startupMemory } = this;
    Object.assign(this, { ...fresh, errors, system, infoTexts, peakMemory, startupMemory });
  }
}
