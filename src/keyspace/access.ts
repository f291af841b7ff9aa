/**
 * The 24 access bits of a record: with an LRU (or no) policy the second of the last access, with an LFU policy 16 bits of minutes and an 8-bit
 * logarithmic counter. Sources: Redis's lru-clock and LFU descriptions (antirez, "Random notes on improving the Redis LRU algorithm").
 */

import { ACCESS_MASK } from "./record-meta.ts";

const LFU_INITIAL = 5;
const LFU_MINUTES = 0xffff;

export interface LfuSettings {
  logFactor: number;
  decayMinutes: number;
}

export function lruClock(now: number): number {
  return Math.floor(now / 1000) & ACCESS_MASK;
}

/** Seconds since the access that `access` notes. */
export function idleSeconds(access: number, now: number): number {
  return (lruClock(now) - access) & ACCESS_MASK;
}

export function lfuInitial(now: number): number {
  return (lfuMinutes(now) << 8) | LFU_INITIAL;
}

/**
 * The access bits of a key of which a file, or RESTORE, states the idle time in seconds or the LFU counter; -1 for what is not stated, the
 * policy taking one.
 */
export function statedAccess(now: number, lfu: boolean, idle: number, freq: number): number {
  if (lfu) return freq === -1 ? lfuInitial(now) : (lfuMinutes(now) << 8) | freq;
  return idle === -1 ? lruClock(now) : (lruClock(now) - Math.min(idle, ACCESS_MASK)) & ACCESS_MASK;
}

/** The counter after the decay for the minutes since it was last touched. */
export function lfuCounter(access: number, now: number, settings: LfuSettings): number {
  const elapsed = (lfuMinutes(now) - (access >>> 8)) & LFU_MINUTES;
  const periods = settings.decayMinutes === 0 ? 0 : Math.floor(elapsed / settings.decayMinutes);
  return Math.max(0, (access & 0xff) - periods);
}

/** The access bits after one more access: the counter grows with falling probability. */
export function lfuTouched(access: number, now: number, settings: LfuSettings): number {
  const counter = lfuCounter(access, now, settings);
  const grows = counter < 255 && Math.random() < 1 / (Math.max(0, counter - LFU_INITIAL) * settings.logFactor + 1);
  return (lfuMinutes(now) << 8) | (grows ? counter + 1 : counter);
}

function lfuMinutes(now: number): number {
  return Math.floor(now / 60000) & LFU_MINUTES;
}
