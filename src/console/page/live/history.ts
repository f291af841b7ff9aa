/** The last hour in figures: the server is asked once a second, whatever view is shown, while the page can be seen. */

import { effect, signal, untracked } from "@preact/signals";
import { ReplyError } from "../resp.ts";
import { call, phase, wordsOf } from "../session.ts";
import { askInfo } from "./ask.ts";
import { type Figures, figuresOfInfo, figuresOfStats } from "./figures.ts";
import { type Line, NOTHING, type Point, pointBetween, thinned } from "./lines.ts";

const KEPT_SECONDS = 3600;
const PERIOD_MS = 1000;
/** A longer pause is a gap in every line: rates over it would be the means of what no one has seen. */
const GAP_SECONDS = 5;

/** What came last. */
export const latest = signal<Figures | null>(null);
/** Why nothing came last time. */
export const trouble = signal<string | null>(null);
/** REPLICANT.STATS is not to be had, and why: what INFO does not tell is missing. */
export const reduced = signal<string | null>(null);

const times: number[] = [];
const points: Point[] = [];

function keep(figures: Figures): void {
  const before = latest.value;
  latest.value = figures;
  if (before === null || figures.uptime < before.uptime - 2) return;
  const seconds = (figures.time - before.time) / 1000;
  if (seconds > GAP_SECONDS) {
    times.push(before.time / 1000 + 1);
    points.push(NOTHING);
  } else if (seconds > 0) {
    times.push(figures.time / 1000);
    points.push(pointBetween(before, figures));
  }
  const first = times.findIndex((time) => time >= figures.time / 1000 - KEPT_SECONDS);
  if (first > 0) {
    times.splice(0, first);
    points.splice(0, first);
  }
}

async function ask(): Promise<Figures> {
  if (reduced.value === null) {
    try {
      return figuresOfStats(await call("REPLICANT.STATS"));
    } catch (error) {
      if (!(error instanceof ReplyError) || !/^(?:ERR unknown command|NOPERM)/i.test(error.message)) throw error;
      reduced.value = wordsOf(error);
    }
  }
  return figuresOfInfo(await askInfo("server", "clients", "memory", "stats", "keyspace"), Date.now());
}

async function turn(): Promise<void> {
  if (!document.hidden && phase.value === "inside") {
    try {
      keep(await ask());
      trouble.value = null;
    } catch (error) {
      trouble.value = wordsOf(error);
    }
  }
}

/** Begins to ask, and forgets all when someone leaves. Called once. */
export function followFigures(): void {
  effect(() => {
    if (phase.value === "outside") {
      times.length = 0;
      points.length = 0;
      latest.value = null;
      trouble.value = null;
    }
    // Who comes back, or as another user, may be allowed more.
    if (phase.value === "inside") {
      untracked(() => {
        reduced.value = null;
        void turn();
      });
    }
  });
  let isAsking = false;
  setInterval(async () => {
    if (isAsking) return;
    isAsking = true;
    await turn();
    isAsking = false;
  }, PERIOD_MS);
}

/** The times and lines of the last `seconds`, in `most` points at most. */
export function linesOf(lines: readonly Line[], seconds: number, most: number): [times: number[], ...values: (number | null)[][]] {
  return thinned(times, points, lines, seconds, most);
}
