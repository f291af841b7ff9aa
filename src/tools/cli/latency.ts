/** How long a PING takes: `--latency`, `--latency-history`, `--latency-dist`; and how long the system lets a process wait. */

import { toBytes } from "../../base/utf8.ts";
import type { OutputMode } from "./format.ts";
import { fixed } from "./numbers.ts";
import type { Session } from "./session.ts";

const PAUSE_MS = 10;
const INTERVAL_MS = 1000;
const HISTORY_INTERVAL_MS = 15_000;

class Samples {
  private min = 0;
  private max = 0;
  private total = 0;
  private count = 0;

  add(latency: number): void {
    this.min = this.count === 0 ? latency : Math.min(this.min, latency);
    this.max = Math.max(this.max, latency);
    this.total += latency;
    this.count++;
  }

  /** As each form of output has it. */
  line(output: OutputMode): string {
    const { min, max, count } = this;
    const average = fixed(this.total / count, 2);
    if (output === "csv") return `${min},${max},${average},${count}\n`;
    if (output === "raw") return `${min} ${max} ${average} ${count}\n`;
    if (output === "json") return `{"min": ${min}, "max": ${max}, "avg": ${average}, "count": ${count}}\n`;
    return output === "standard" ? `min: ${min}, max: ${max}, avg: ${average} (${count} samples)` : "";
  }
}

/** `history`: a new line after each interval. Where no person looks it is one line at the end of the first. */
export async function latencyMode(session: Session, history: boolean): Promise<number> {
  const { options, console } = session;
  const interval = options.intervalMs || INTERVAL_MS;
  const historyInterval = options.intervalMs || HISTORY_INTERVAL_MS;
  const chart = console.outputIsTerminal ? new Chart() : null;
  let samples = new Samples();
  let begin = performance.now();
  for (;;) {
    const [latency, exact] = await pingTime(session);
    samples.add(latency);
    chart?.add(exact);
    if (options.output === "standard") {
      const line = samples.line("standard");
      console.print(`\x1b[0G\x1b[2K${line}${chart?.draw(console.columns() - line.length - 1) ?? ""}`);
    } else if (history) {
      console.print(samples.line(options.output));
    } else if (performance.now() - begin > interval) {
      console.print(samples.line(options.output));
      return 0;
    }
    if (history && performance.now() - begin > historyInterval) {
      console.print(` -- ${fixed((performance.now() - begin) / 1000, 2)} seconds range\n`);
      begin = performance.now();
      samples = new Samples();
    }
    await Bun.sleep(PAUSE_MS);
  }
}

/** In whole ms, as the difference of two readings of such a clock, and in ms with fractions. */
async function pingTime(session: Session): Promise<[number, number]> {
  const begin = performance.timeOrigin + performance.now();
  await session.askPatiently(["PING"]);
  const end = performance.timeOrigin + performance.now();
  return [Math.floor(end) - Math.floor(begin), end - begin];
}

/** The last samples as bars, as high as the slowest of them asks for. */
class Chart {
  private static readonly BARS = "▁▂▃▄▅▆▇█";
  private static readonly MOST = 512;
  private samples: number[] = [];

  add(milliseconds: number): void {
    this.samples.push(milliseconds);
    if (this.samples.length > Chart.MOST) this.samples.shift();
  }

  /** Bytes for a line with so many columns left: the bars and what the highest stands for. */
  draw(columns: number): string {
    const scale = Math.max(...this.samples);
    const legend = ` ${scale.toFixed(2)} ms`;
    const width = Math.min(columns - legend.length - 1, this.samples.length);
    if (width < 1) return "";
    const last = Chart.BARS.length - 1;
    const bars = this.samples.slice(-width).map((sample) => Chart.BARS[Math.min(Math.floor((sample / scale) * Chart.BARS.length), last)]);
    return toBytes(` ${bars.join("")}${legend}`);
  }
}

/** Up to how many µs a sample belongs to a character of the spectrum. */
const BUCKETS: readonly (readonly [number, string])[] = [
  [10, "."],
  [125, "-"],
  [250, "*"],
  [500, "#"],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((ms) => [ms * 1000, String(ms)] as const),
  ...[..."ABCDE"].map((letter, index) => [(index + 1) * 10_000, letter] as const),
  ...[..."FGHIJ"].map((letter, index) => [(index + 1) * 100_000, letter] as const),
  ...[..."KLMNO"].map((letter, index) => [2 ** index * 1_000_000, letter] as const),
  [30_000_000, "P"],
  [60_000_000, "Q"],
  [Number.POSITIVE_INFINITY, "?"],
];
/** Colours of a terminal with 256: from few samples to all of them. */
const COLOURS = [0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 144, 143, 142, 184, 226, 214, 208, 202, 196];
const GREYS = [0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 249, 251, 253];
const LINES_PER_LEGEND = 20;

export async function latencyDistMode(session: Session): Promise<number> {
  const { options, console } = session;
  const palette = options.monochrome ? GREYS : COLOURS;
  const interval = options.intervalMs || INTERVAL_MS;
  for (let line = 0; ; line++) {
    const counts = BUCKETS.map(() => 0);
    let total = 0;
    const begin = performance.now();
    do {
      const start = Bun.nanoseconds();
      await session.askPatiently(["PING"]);
      const microseconds = (Bun.nanoseconds() - start) / 1000;
      counts[BUCKETS.findIndex(([most]) => microseconds <= most)]++;
      total++;
      await Bun.sleep(PAUSE_MS);
    } while (performance.now() - begin <= interval);
    const cells = BUCKETS.map(([, character], index) => {
      return `\x1b[48;5;${palette[Math.ceil((counts[index] / total) * (palette.length - 1))]}m${character}`;
    });
    console.print(`${line % LINES_PER_LEGEND === 0 ? legend(palette) : ""}\x1b[38;5;0m${cells.join("")}\x1b[0m\n`);
  }
}

function legend(palette: readonly number[]): string {
  const rule = "---------------------------------------------\n";
  return (
    `${rule}. - * #          .01 .125 .25 .5 milliseconds\n` +
    "1,2,3,...,9      from 1 to 9     milliseconds\n" +
    "A,B,C,D,E        10,20,30,40,50  milliseconds\n" +
    "F,G,H,I,J        .1,.2,.3,.4,.5       seconds\n" +
    "K,L,M,N,O,P,Q,?  1,2,4,8,16,30,60,>60 seconds\n" +
    `From 0 to 100%: ${palette.map((colour) => `\x1b[48;5;${colour}m `).join("")}\x1b[0m\n${rule}`
  );
}

const RUN_STEPS = 1000;
/** How long it is busy before an interrupt can be noticed. */
const SLICE_US = 50_000;

/** Does the same short work again and again: what takes longer was the system. No server is needed. */
export async function intrinsicLatencyMode(session: Session): Promise<number> {
  const { options, console } = session;
  const runTime = options.intrinsicSeconds * 1_000_000;
  let interrupted = false;
  const forget = console.onInterrupt(() => {
    interrupted = true;
  });
  const testEnd = microseconds() + runTime;
  let worst = 0;
  let runs = 0;
  let sliceEnd = microseconds() + SLICE_US;
  let sink = 0;
  for (;;) {
    const start = microseconds();
    sink ^= work();
    const end = microseconds();
    const latency = end - start;
    runs++;
    if (latency > worst) {
      worst = latency;
      console.print(`Max latency so far: ${worst} microseconds.\n`);
    }
    if (interrupted || end > testEnd) break;
    if (end < sliceEnd) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEnd = microseconds() + SLICE_US;
  }
  forget();
  const average = runTime / runs + sink * 0; // so that the work cannot be left out
  console.print(
    `\n${runs} total runs (avg latency: ${fixed(average, 4)} microseconds / ${fixed(average * 1000, 2)} nanoseconds per run).\n` +
      `Worst run took ${fixed(worst / average, 0)}x longer than the average latency.\n`,
  );
  return 0;
}

function microseconds(): number {
  return Math.floor(Bun.nanoseconds() / 1000);
}

const STATE = new Uint8Array(256);

/** Some µs of arithmetic. */
function work(): number {
  for (let index = 0; index < STATE.length; index++) STATE[index] = index;
  let sum = 0;
  let other = 0;
  for (let step = 1; step <= RUN_STEPS; step++) {
    const index = step & 255;
    const value = STATE[index];
    other = (other + value) & 255;
    STATE[index] = STATE[other];
    STATE[other] = value;
    sum = (sum + STATE[(STATE[index] + value) & 255]) | 0;
  }
  return sum;
}
